"""What each process of a group does for test_distributed: every scenario in turn."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import safetensors.numpy
import torch.distributed as dist

import zbins
from helpers import fingerprint, rows


def share(rank, size, n=400, d=3):
    """Rows and labels of one rank."""
    part = np.array_split(np.arange(n), size)[rank]
    return rows(n, d)[part], np.arange(n)[part] % 5


def plain(rank, size):
    return zbins.PMFSampler(6, bounds=(-4, 4)).fit(share(rank, size)[0])


def labelled(rank, size):
    return zbins.PMFSampler(6, bounds=(-4, 4)).fit(*share(rank, size))


def grown(rank, size):
    """Every rank's grid has grown differently, and has several runs."""
    sampler = zbins.PMFSampler(6, bounds=(-0.1, 0.1))
    X, y = share(rank, size)
    for part in np.array_split(np.arange(len(X)), 3):
        sampler.partial_fit(X[part], np.array([f"label {label}" for label in y[part]]))
    return sampler


def ignored(rank, size):
    """Some rows are ignored; on the last rank, all."""
    X, y = share(rank, size)
    sampler = zbins.PMFSampler(6, bounds=(-1, 1), out_of_range="ignore")
    return sampler.partial_fit(X + 100 if rank == size - 1 else X, y == 0)


def some_unfitted(rank, size):
    return zbins.PMFSampler(6, bounds=(-4, 4)) if rank == 0 else plain(rank, size)


def none_fitted(rank, size):
    return zbins.PMFSampler()


def other_lattice(rank, size):
    bounds = (-4, 5) if rank == size - 1 else (-4, 4)
    return zbins.PMFSampler(6, bounds=bounds).fit(share(rank, size)[0])


def other_columns(rank, size):
    return zbins.PMFSampler(6, bounds=(-4, 4)).fit(share(rank, size, d=3 + rank % 2)[0])


def other_dtype(rank, size):
    X = share(rank, size)[0]
    return zbins.PMFSampler(6, bounds=(-4, 4)).fit(X.astype(np.float32) if rank == 1 else X)


def some_labelled(rank, size):
    return labelled(rank, size) if rank == 1 else plain(rank, size)


def other_labels(rank, size):
    X, y = share(rank, size)
    return zbins.PMFSampler(6, bounds=(-4, 4)).fit(X, y.astype(str) if rank == 1 else y)


def too_wide(rank, size):
    X = share(rank, size)[0].copy()
    X[0] = 30_000 if rank else -40_000
    return zbins.PMFSampler(1, bounds=(-0.5, 0.5)).fit(X)


def fails_before(rank, size):
    """One rank cannot even say what it has."""
    sampler = plain(rank, size)
    if rank == 1:
        sampler.n_jobs = 0
    return sampler


def fails_between(rank, size):
    """One rank cannot add what it received."""
    return plain(rank, size)


def some_named(rank, size):
    """Only the last rank knows what the columns are called."""
    X = share(rank, size)[0]
    if rank == size - 1:
        X = pd.DataFrame(X, columns=["u", "v", "w"])
    return zbins.PMFSampler(6, bounds=(-4, 4)).fit(X)


MERGES = (plain, labelled, grown, ignored, some_unfitted, some_named)
REFUSALS = (
    none_fitted,
    other_lattice,
    other_columns,
    other_dtype,
    some_labelled,
    other_labels,
    too_wide,
    fails_before,
    fails_between,
)


def broken(*arguments):
    raise MemoryError("no room")


def main(rank, size, folder):
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=240),
    )
    for scenario in MERGES:
        sampler = scenario(rank, size)
        assert sampler.all_reduce() is sampler
        sampler.save(folder / f"{scenario.__name__}-{rank}.zbins")
    said = {}
    for scenario in REFUSALS:
        sampler = scenario(rank, size)
        before = fingerprint(sampler)
        whole = safetensors.numpy.deserialize
        if scenario is fails_between and rank == 0:
            safetensors.numpy.deserialize = broken  # by which it takes what it received apart
        try:
            sampler.all_reduce()
        except Exception as error:
            said[scenario.__name__] = [type(error).__name__, str(error)]
        safetensors.numpy.deserialize = whole
        assert fingerprint(sampler) == before
    # A group of some: the last two ranks.
    group = dist.new_group([size - 2, size - 1])
    sampler = plain(rank, size)
    try:
        sampler.all_reduce(group)
        said["group"] = sampler.n_samples_seen_
    except RuntimeError as error:
        said["group"] = str(error)
    (folder / f"said-{rank}.json").write_text(json.dumps(said))
    dist.destroy_process_group()
