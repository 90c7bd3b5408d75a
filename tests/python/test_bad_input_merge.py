"""What cannot be merged, and reading before a fit: refused, and both samplers are as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import zbins
from helpers import all_ignored, fingerprint, refused, rows, several_runs

X = rows()
BOUNDS = (-9, 9)


def fitted(X=X, y=None, **parameters):
    return zbins.PMFSampler(**{"n_bins": 3, "bounds": BOUNDS, **parameters}).fit(X, y)


def frame(*names):
    return pd.DataFrame(X, columns=list(names))


CASES = {
    "bounds": (
        fitted(bounds=([-9, -8], 9)),
        ["column 1", "[-9.0, 9.0]", "[-8.0, 9.0]", "same bounds="],
    ),
    "upper": (fitted(bounds=(-9, [8, 9])), ["column 0", "[-9.0, 9.0]", "[-9.0, 8.0]"]),
    "n_bins": (fitted(n_bins=[3, 4]), ["column 1", "3 bins", "and 4", "n_bins="]),
    "minimum and maximum": (fitted(bounds=None), ["column 0", "[-9.0, 9.0]", "same bounds="]),
    "constant so far": (fitted(X * [1, 0], bounds=([-9, 0], [9, 0])), ["column 1", "[0.0, 0.0]"]),
    "dtype": (fitted(X.astype(np.float32)), ["float64", "float32"]),
    "columns": (fitted(rows(d=3)), ["2", "3 columns"]),
    "labels": (fitted(y=np.zeros(20, int)), ["with labels", "without labels", "do not mix"]),
}


@pytest.mark.parametrize("case", CASES)
def test_samplers_that_do_not_go_together(case):
    other, texts = CASES[case]
    sampler = fitted()
    refused(ValueError, texts, lambda: sampler.merge(other), sampler, other)
    refused(ValueError, [], lambda: other.merge(sampler), sampler, other)


@pytest.mark.parametrize(
    "other", [None, 3, X, "m.zbins", zbins.PMFSampler], ids=lambda value: type(value).__name__
)
def test_what_is_no_sampler(other):
    sampler = fitted()
    texts = [f"cannot merge a {type(other).__name__}", "a PMFSampler is needed"]
    refused(TypeError, texts, lambda: sampler.merge(other), sampler)


def test_names_that_differ_are_named():
    sampler, other = fitted(frame("u", "v")), fitted(frame("u", "w"))
    texts = ["cannot merge", "feature names", "column 1", "'v'", "'w'"]
    refused(ValueError, texts, lambda: sampler.merge(other), sampler, other)


def test_names_come_from_either_side(tmp_path):
    """Law 3: the file does not depend on the order of merging."""
    for name, parts in (("a", (X, frame("u", "v"))), ("b", (frame("u", "v"), X))):
        first, second = map(fitted, parts)
        merged = first.merge(second)
        assert merged.feature_names_in_.tolist() == ["u", "v"]
        merged.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_unfitted_on_either_side():
    sampler, unfitted = fitted(), zbins.PMFSampler(3, bounds=BOUNDS)
    refused(NotFittedError, "not fitted yet", lambda: sampler.merge(unfitted), sampler, unfitted)
    refused(NotFittedError, "not fitted yet", lambda: unfitted.merge(sampler), sampler, unfitted)


def test_grids_that_together_have_too_many_bins():
    low = zbins.PMFSampler(2, bounds=(0, 2)).fit([[-40_000.0], [1.0]])
    high = zbins.PMFSampler(2, bounds=(0, 2)).fit([[1.0], [40_000.0]])
    texts = ["cannot merge", "column 0", "80001 bins", "65536"]
    refused(ValueError, texts, lambda: low.merge(high), low, high)


def test_constant_columns_that_differ_are_no_lattice():
    a = zbins.PMFSampler(3).fit([[0.0, 1.0], [1.0, 1.0]])
    b = zbins.PMFSampler(3).fit([[0.0, 2.0], [1.0, 2.0]])
    refused(ValueError, ["column 1", "[1.0, 1.0]", "[2.0, 2.0]"], lambda: a.merge(b), a, b)


def test_counts_never_wrap(tmp_path):
    """Merged with itself until the sum passes 2**63 - 1: refused, not wrapped."""
    sampler = fitted(y=np.arange(20) % 2)
    merges = 0
    while sampler.n_samples_seen_ <= (2**63 - 1) // 2:
        sampler.merge(sampler)
        merges += 1
    total = 20 * 2**merges
    assert sampler.n_samples_seen_ == total
    assert sampler.counts_.sum() == total
    refused(ValueError, ["2**63 - 1"], lambda: sampler.merge(sampler), sampler)
    draws, labels = sampler.sample(1000, random_state=0, return_y=True)
    assert sampler.contains(draws).all()
    expected, expected_labels = fitted(y=np.arange(20) % 2).sample(
        1000, random_state=0, return_y=True
    )
    assert np.array_equal(draws, expected)
    assert np.array_equal(labels, expected_labels)
    sampler.save(tmp_path / "many.zbins")
    assert fingerprint(zbins.load(tmp_path / "many.zbins"))[2:] == fingerprint(sampler)[2:]


def test_a_small_chunk_past_the_end_of_counts_is_refused():
    """Chunks are stacked before they are merged: the sum is checked when they are added."""
    one, all_but = fitted(np.zeros((1, 2))), fitted(np.zeros((1, 2)))
    power = one
    for _ in range(62):  # 1 + 2 + 4 + ...: 2**63 - 1 rows
        power = fitted(np.zeros((1, 2))).merge(power).merge(all_but)
        all_but = power
        if all_but.n_samples_seen_ > 2**62:
            break
    rest = 2**63 - 1 - all_but.n_samples_seen_
    add = fitted(np.zeros((1, 2)))
    while rest:
        if rest & 1:
            all_but.merge(add)
        rest >>= 1
        if rest:
            add.merge(add)
    assert all_but.n_samples_seen_ == 2**63 - 1
    texts = [str(2**63), "2**63 - 1"]
    refused(ValueError, texts, lambda: all_but.partial_fit([[0.0, 0.0]]), all_but)
    assert all_but.counts_.sum() == 2**63 - 1


def test_merging_with_itself_doubles():
    sampler = several_runs()
    codes, counts = sampler.codes_, sampler.counts_
    assert sampler.merge(sampler) is sampler
    assert np.array_equal(sampler.codes_, codes)
    assert np.array_equal(sampler.counts_, 2 * counts)


def test_merging_with_one_in_which_nothing_was_inside():
    full = zbins.PMFSampler(bounds=(100, 101), out_of_range="ignore").fit([[100, 101], [0, 0]])
    counts = full.counts_
    full.merge(all_ignored())
    assert np.array_equal(full.counts_, counts)
    assert (full.n_samples_seen_, full.n_samples_ignored_) == (1, 21)
    none = all_ignored().merge(full)
    assert (none.n_samples_seen_, none.n_samples_ignored_) == (1, 41)
    both = all_ignored().merge(all_ignored())
    assert (both.n_samples_seen_, both.n_samples_ignored_) == (0, 40)


# -- before a fit ------------------------------------------------------------------------------

READS = {
    "sample": lambda s, path: s.sample(),
    "sample nothing": lambda s, path: s.sample(0),
    "sample badly": lambda s, path: s.sample("x", y=3, random_state="x"),
    "sample_batches": lambda s, path: s.sample_batches(3),
    "score_samples": lambda s, path: s.score_samples(X),
    "score": lambda s, path: s.score(X),
    "quantize": lambda s, path: s.quantize(X),
    "contains": lambda s, path: s.contains(X),
    "contains rubbish": lambda s, path: s.contains("x"),
    "summary": lambda s, path: s.summary(),
    "save": lambda s, path: s.save(path),
    "check_is_fitted": lambda s, path: check_is_fitted(s),
    **{
        name: lambda s, path, name=name: getattr(s, name)
        for name in (
            "lower_",
            "upper_",
            "n_bins_",
            "codes_",
            "counts_",
            "n_samples_seen_",
            "n_samples_ignored_",
            "n_features_in_",
            "feature_names_in_",
            "classes_",
        )
    },
}


@pytest.mark.parametrize("read", READS)
def test_before_a_fit(read, tmp_path):
    path = tmp_path / "none.zbins"
    sampler = zbins.PMFSampler(3)
    call = READS[read]
    texts = ["This PMFSampler instance is not fitted yet", "fit"]
    refused(NotFittedError, texts, lambda: call(sampler, path), sampler)
    sampler.partial_fit(X[:0])  # an empty chunk is fine, and no fit
    refused(NotFittedError, texts, lambda: call(sampler, path), sampler)
    refused(ValueError, [], lambda: sampler.fit(X[:0]), sampler)
    refused(NotFittedError, texts, lambda: call(sampler, path), sampler)
    assert not list(tmp_path.iterdir())
    assert not hasattr(sampler, "n_features_in_")


def test_what_fails_first_chunk_or_none_leaves_it_unfitted():
    for call in (
        lambda s: s.partial_fit(torch.full((2, 2), torch.nan)),
        lambda s: s.partial_fit(frame("u", "v") * np.inf),
        lambda s: s.partial_fit(X, ["a"]),
        lambda s: s.fit_batches([frame("u", "v"), frame("u", "v") * np.inf]),
    ):
        sampler = zbins.PMFSampler(3)
        refused(ValueError, [], lambda s=sampler, call=call: call(s), sampler)
        assert not hasattr(sampler, "feature_names_in_")
