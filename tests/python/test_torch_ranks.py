"""`fit_across`: the fit of all processes' rows, bit for bit; or every one raises and none waits."""

from __future__ import annotations

import json

import numpy as np
import pytest

import torch_ranks
import zbins
from helpers import fingerprint, refused, rows
from zbins.torch import fit_across


@pytest.fixture(scope="module", params=[2, pytest.param(3, marks=pytest.mark.slow)])
def met(request, tmp_path_factory):
    """The folder that a group of processes wrote to, and their number."""
    size, folder = request.param, tmp_path_factory.mktemp("ranks")
    assert torch_ranks.run(size, folder) == [0] * size, "see what they printed"
    return folder, size


@pytest.mark.parametrize("name", torch_ranks.FITS)
def test_every_rank_has_the_file_of_one_fit(met, name, tmp_path):
    folder, size = met
    fit = torch_ranks.FITS[name]
    fit.sampler().fit(fit.X, fit.y).save(tmp_path / "one.zbins")
    files = {(folder / f"{name}-{rank}.zbins").read_bytes() for rank in range(size)}
    assert files == {(tmp_path / "one.zbins").read_bytes()}


def test_the_grid_is_that_of_no_rank_alone(met):
    """The scenarios would otherwise say little."""
    _, size = met
    fit = torch_ranks.FITS["minmax"]
    whole = fit.sampler().fit(fit.X)
    for rank in range(2):
        X, _ = fit.share(rank, size)
        one = fit.sampler().fit(X)
        assert not np.array_equal([one.lower_, one.upper_], [whole.lower_, whole.upper_])


ALIKE = [
    ("columns", "ValueError", ["ranks 0 and 1", "columns", "3", "2"]),
    ("dtype", "ValueError", ["ranks 0 and 1", "float64", "float32"]),
    ("some_labelled", "ValueError", ["ranks 0 and 1", "with labels"]),
    ("other_labels", "TypeError", ["ranks 0 and 1", "int and str"]),
    ("n_bins", "ValueError", ["ranks 0 and 1", "n_bins", "'n_bins': 6", "'n_bins': 7"]),
    ("policy", "ValueError", ["ranks 0 and 1", "grow", "ignore"]),
    ("quantile", "ValueError", ["('quantile', 0.1)", "all rows at once", "bounds=(lower, upper)"]),
    ("too_large", "ValueError", ["column 1", "too large"]),
    ("all_ignored", "ValueError", ["all 500 rows lie outside"]),
    ("no_rows", "ValueError", ["none of the", "has rows"]),
]


@pytest.mark.parametrize(("name", "kind", "texts"), ALIKE, ids=[name for name, *_ in ALIKE])
def test_every_rank_is_refused_alike(met, name, kind, texts):
    folder, size = met
    said = [json.loads((folder / f"said-{rank}.json").read_text()) for rank in range(size)]
    assert [one[name] for one in said] == [said[0][name]] * size
    assert said[0][name][0] == kind
    for text in texts:
        assert text in said[0][name][1]


IN_ONE = [
    ("nan", 1, "ValueError", "at row 3, column 2"),
    ("one_dimension", 1, "ValueError", "1D array"),
    ("few_labels", 1, "ValueError", "4 labels"),
    ("bad_n_bins", 1, "ValueError", "n_bins is 0"),
    ("outside", 0, "ValueError", "at row 7, column 0"),
    ("too_wide", 1, "ValueError", "at row 5, column 2"),
    ("no_sampler", 1, "TypeError", "a PMFSampler is needed"),
]


@pytest.mark.parametrize(
    ("name", "where", "kind", "text"), IN_ONE, ids=[name for name, *_ in IN_ONE]
)
def test_what_fails_in_one_rank_is_told_in_all(met, name, where, kind, text):
    folder, size = met
    for rank in range(size):
        said = json.loads((folder / f"said-{rank}.json").read_text())[name]
        assert said[0] == (kind if rank == where else "RuntimeError")
        assert text in said[1]
        if rank != where:
            assert f"fit_across failed in rank {where}: {kind}" in said[1]


def test_a_group_of_one(met):
    folder, size = met
    said = [json.loads((folder / f"said-{rank}.json").read_text())["group"] for rank in range(size)]
    assert said[-1] == torch_ranks.N
    assert all("no member of the group" in text for text in said[:-1])


@pytest.mark.parametrize("bounds", [None, ("quantile", 0.1), (-1, 1)])
def test_without_a_group_it_is_fit(bounds):
    X, y = rows(100), np.arange(100) % 3
    sampler = zbins.PMFSampler(bounds=bounds)
    assert fit_across(sampler, X, y) is sampler
    assert fingerprint(sampler) == fingerprint(zbins.PMFSampler(bounds=bounds).fit(X, y))


def test_bad_input_without_a_group():
    sampler = zbins.PMFSampler().fit(rows())
    refused(ValueError, "minimum of 1", lambda: fit_across(sampler, rows(0)), sampler)
    refused(TypeError, "sampler is a list; a PMFSampler", lambda: fit_across([], rows()))
