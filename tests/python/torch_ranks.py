"""What each process of a group does for test_torch_ranks: every scenario in turn."""

from __future__ import annotations

import json
import multiprocessing
import sys
from datetime import timedelta

import numpy as np
import torch
import torch.distributed as dist

import zbins
from helpers import fingerprint, public_kind, rows
from zbins.torch import fit_across

N, D = 500, 3


def every_row(dtype=np.float64):
    X = rows(N, D, dtype)
    X[:, 1] *= 1e-3
    X[7], X[-3] = 9, -7  # the extremes lie in different processes
    return X


def part(rank, size):
    """Uneven shares: the first process has a fifth of the rows, and of three the last has none."""
    cuts = [0, N // 5, N] if size == 2 else [0, N // 5, *[N] * (size - 1)]
    return slice(cuts[rank], cuts[rank + 1])


class Fit:
    """Rows and labels of all processes, and a sampler for them."""

    def __init__(self, X, y=None, **parameters):
        self.X, self.y, self.parameters = X, y, parameters

    def sampler(self):
        return zbins.PMFSampler(**self.parameters)

    def share(self, rank, size):
        at = part(rank, size)
        return self.X[at], None if self.y is None else self.y[at]


def _constant(*, on_one_rank):
    X = every_row()
    X[:, 0] = 2.5
    if on_one_rank:
        X[N // 5 :, 0] = rows(N - N // 5, 1)[:, 0]
    return X


_labels = np.arange(N) % 7
FITS = {
    "minmax": Fit(every_row(), n_bins=6),
    "float32": Fit(every_row(np.float32), n_bins=[6, 70, 300]),
    "half": Fit(every_row().astype(np.float16), n_bins=6),
    "ints": Fit((10 * every_row()).astype(np.int64), n_bins=6),
    "labels": Fit(every_row(), _labels, n_bins=6),
    "words": Fit(every_row(), np.array([f"label {'x' * label}" for label in _labels]), n_bins=6),
    "seldom": Fit(every_row(), np.arange(N) < 3, n_bins=6),
    "minmax_error": Fit(every_row(), n_bins=6, out_of_range="error"),
    "minmax_ignore": Fit(every_row(), n_bins=6, out_of_range="ignore"),
    "fixed": Fit(every_row(), n_bins=6, bounds=(-10, 10)),
    "grown": Fit(every_row(), _labels, n_bins=6, bounds=(-0.1, 0.1)),
    "ignored": Fit(every_row(), _labels, n_bins=6, bounds=(-1, 1), out_of_range="ignore"),
    "fixed_error": Fit(every_row(), n_bins=6, bounds=(-10, 10), out_of_range="error"),
    "constant": Fit(_constant(on_one_rank=False), n_bins=6),
    "constant_once": Fit(_constant(on_one_rank=True), n_bins=6),
    "constant_ignore": Fit(_constant(on_one_rank=True), n_bins=6, out_of_range="ignore"),
    "constant_bounds": Fit(every_row(), n_bins=6, bounds=(0, [5, 0, 5])),
    "constant_bounds_ignore": Fit(
        _constant(on_one_rank=False), n_bins=6, bounds=([2.5, -9, -9], [2.5, 9, 9]),
        out_of_range="ignore",
    ),
    "negative_zero": Fit(np.where(every_row() > 0, -0.0, 0.0), n_bins=6),
    "tensors": Fit(torch.from_numpy(every_row(np.float32)), torch.from_numpy(_labels), n_bins=6),
    "one_row": Fit(every_row()[:1], n_bins=6),
}  # fmt: skip


def _with_nan(rank, size):
    X, y = FITS["labels"].share(rank, size)
    X = X.copy()
    if rank == 1:
        X[3, 2] = np.nan
    return {"n_bins": 6}, X, y


def _other(column):
    def scenario(rank, size):
        X = FITS["minmax"].share(rank, size)[0]
        return {"n_bins": 6}, column(X) if rank == 1 else X, None

    return scenario


def _labels_of(change):
    def scenario(rank, size):
        X, y = FITS["labels"].share(rank, size)
        return {"n_bins": 6}, X, change(y) if rank == 1 else y

    return scenario


def _parameters(**by_rank):
    def scenario(rank, size):
        chosen = {name: values[rank == 1] for name, values in by_rank.items()}
        return {"n_bins": 6} | chosen, FITS["minmax"].share(rank, size)[0], None

    return scenario


def _outside(rank, size):
    bounds = {"bounds": (-8, 8), "out_of_range": "error"}
    return bounds, FITS["minmax"].share(rank, size)[0], None


def _too_wide(rank, size):
    X = FITS["minmax"].share(rank, size)[0].copy()
    if rank == 1:
        X[5, 2] = 1e7
    return {"n_bins": 6, "bounds": (-1, 1)}, X, None


def _too_large(rank, size):
    X = FITS["float32"].share(rank, size)[0].copy()
    X[:1, 1] = 3e38 if rank else -3e38
    return {"n_bins": 6}, X, None


REFUSALS = {
    "nan": _with_nan,
    "columns": _other(lambda X: X[:, :2]),
    "dtype": _other(lambda X: X.astype(np.float32)),
    "one_dimension": _other(lambda X: X[:, 0]),
    "some_labelled": _labels_of(lambda y: None),
    "other_labels": _labels_of(lambda y: y.astype(str)),
    "few_labels": _labels_of(lambda y: y[:4]),
    "n_bins": _parameters(n_bins=(6, 7)),
    "policy": _parameters(out_of_range=("grow", "ignore")),
    "bad_n_bins": _parameters(n_bins=(6, 0)),
    "quantile": _parameters(bounds=(("quantile", 0.1),) * 2),
    "outside": _outside,
    "too_wide": _too_wide,
    "too_large": _too_large,
    "all_ignored": _parameters(bounds=((50, 60),) * 2, out_of_range=("ignore",) * 2),
    "no_rows": _other(lambda X: X[:0]),  # of rank 0 as well, see below
}


def main(rank, size, folder):
    dist.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meeting",
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=60),
    )
    for name, fit in FITS.items():
        sampler = fit.sampler()
        X, y = fit.share(rank, size)
        if name == "words" and not len(X):
            X = np.empty((0, 0))
        assert fit_across(sampler, X, y) is sampler
        sampler.save(folder / f"{name}-{rank}.zbins")
        assert fingerprint(sampler)[1] == fingerprint(fit.sampler())[1]
        assert type(sampler.sample(2, random_state=0)) is type(X)
    said = {}
    for name, scenario in REFUSALS.items():
        parameters, X, y = scenario(rank, size)
        sampler = zbins.PMFSampler(**parameters)
        if rank == 0 and name in ("nan", "too_wide"):  # fitted before
            sampler.fit(rows())
        before = fingerprint(sampler)
        try:
            fit_across(sampler, X[:0] if name == "no_rows" else X, y)
        except Exception as error:
            said[name] = [public_kind(error).__name__, str(error)]
        assert fingerprint(sampler) == before
    X = FITS["minmax"].X
    try:
        fit_across(object(), X) if rank == 1 else fit_across(zbins.PMFSampler(), X)
    except Exception as error:
        said["no_sampler"] = [type(error).__name__, str(error)]
    group = dist.new_group([size - 1])
    try:
        inner = zbins.PMFSampler(bounds=("quantile", 0.1), out_of_range="ignore")
        fit_across(inner, X, group=group)
        said["group"] = inner.n_samples_seen_ + inner.n_samples_ignored_
    except RuntimeError as error:
        said["group"] = str(error)
    (folder / f"said-{rank}.json").write_text(json.dumps(said))
    dist.destroy_process_group()


def run(size, folder):
    """Run `main` in a group of processes; return their exit codes."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # torch is imported once
    processes = [context.Process(target=main, args=(rank, size, folder)) for rank in range(size)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
        process.kill()
        process.join()
    sys.stdout.flush()
    return [process.exitcode for process in processes]
