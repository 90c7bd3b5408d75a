"""`all_reduce`: every process ends with the model of all rows, or every one raises; none waits."""

from __future__ import annotations

import json
import multiprocessing

import numpy as np
import pytest

import ranks
import zbins
from helpers import refused, rows


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)])
def met(request, tmp_path_factory):
    """The folder that a group of processes wrote to, and their number."""
    size, folder = request.param, tmp_path_factory.mktemp("ranks")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ranks"])  # torch is imported once
    processes = [
        context.Process(target=ranks.main, args=(rank, size, folder)) for rank in range(size)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=300)
        process.kill()
        process.join()
    assert [process.exitcode for process in processes] == [0] * size, "see what they printed"
    return folder, size


@pytest.mark.parametrize("scenario", ranks.MERGES, ids=lambda scenario: scenario.__name__)
def test_every_rank_has_the_file_of_one_merge(met, scenario, tmp_path):
    folder, size = met
    name = scenario.__name__
    files = [folder / f"{name}-{rank}.zbins" for rank in range(size)]
    first, *others = (
        scenario(rank, size) for rank in range(size) if name != "some_unfitted" or rank
    )
    for other in others:
        first.merge(other)
    first.save(tmp_path / "merged.zbins")
    assert {file.read_bytes() for file in files} == {(tmp_path / "merged.zbins").read_bytes()}
    sampler = zbins.load(files[0])
    assert sampler.n_samples_seen_ + sampler.n_samples_ignored_ == sum(
        len(ranks.share(rank, size)[0]) for rank in range(size) if name != "some_unfitted" or rank
    )


def test_it_is_the_fit_of_all_rows(met, tmp_path):
    folder, size = met
    shares = [ranks.share(rank, size) for rank in range(size)]
    X, y = (np.concatenate(parts) for parts in zip(*shares, strict=True))
    zbins.PMFSampler(6, bounds=(-4, 4)).fit(X, y).save(tmp_path / "one.zbins")
    assert (folder / "labelled-0.zbins").read_bytes() == (tmp_path / "one.zbins").read_bytes()


@pytest.mark.parametrize(
    ("scenario", "kind", "texts"),
    [
        ("none_fitted", "NotFittedError", ["none of the", "is fitted"]),
        ("other_lattice", "ValueError", ["ranks 0 and {last}", "column 0", "bounds="]),
        ("other_columns", "ValueError", ["ranks 0 and 1", "3 and 4 columns"]),
        ("other_dtype", "ValueError", ["ranks 0 and 1", "float64 and float32"]),
        ("some_labelled", "ValueError", ["ranks 0 and 1", "with labels"]),
        ("other_labels", "TypeError", ["ranks 0 and 1", "int and str"]),
        ("too_wide", "ValueError", ["ranks 0 and 1", "column 0", "65536"]),
    ],
)
def test_every_rank_is_refused_alike(met, scenario, kind, texts):
    folder, size = met
    said = [json.loads((folder / f"said-{rank}.json").read_text()) for rank in range(size)]
    assert [one[scenario] for one in said] == [said[0][scenario]] * size
    assert said[0][scenario][0] == kind
    for text in texts:
        assert text.format(last=size - 1) in said[0][scenario][1]


@pytest.mark.parametrize(
    ("scenario", "where", "what"),
    [
        ("fails_before", 1, ["ValueError", "n_jobs is 0"]),
        ("fails_between", 0, ["MemoryError", "no room"]),
    ],
)
def test_what_fails_in_one_rank_is_told_in_all(met, scenario, where, what):
    folder, size = met
    for rank in range(size):
        said = json.loads((folder / f"said-{rank}.json").read_text())[scenario]
        assert said[0] == (what[0] if rank == where else "RuntimeError")
        assert what[1] in said[1]
        if rank != where:
            assert f"rank {where}: {what[0]}" in said[1]


def test_a_group_of_some_ranks(met):
    folder, size = met
    said = [json.loads((folder / f"said-{rank}.json").read_text())["group"] for rank in range(size)]
    both = sum(len(ranks.share(rank, size)[0]) for rank in (size - 2, size - 1))
    assert said[-2:] == [both, both]
    assert all("no member of the group" in text for text in said[:-2])


def test_without_a_group():
    for sampler in (zbins.PMFSampler(), zbins.PMFSampler().fit(rows())):
        refused(RuntimeError, "init_process_group", sampler.all_reduce, sampler)
