"""What cannot be merged, and reading before a fit: refused, and both samplers are as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import zbins
from helpers import all_ignored, fingerprint, refused, refused_at, rows, several_runs, table

X = rows()
BOUNDS = (-9, 9)
SAME = "same bounds="


def fitted(X=X, y=None, **parameters):
    return zbins.PMFSampler(**{"n_bins": 3, "bounds": BOUNDS, **parameters}).fit(X, y)


def frame(*names):
    return pd.DataFrame(X, columns=list(names))


def wide(far):
    return zbins.PMFSampler(2, bounds=(0, 2)).fit([[far], [1.0]])


def beside(constant):
    return zbins.PMFSampler(3).fit([[0.0, constant], [1.0, constant]])


LATTICES = [
    ("bounds", fitted(bounds=([-9, -8], 9)), "column 1", "[-9.0, 9.0]", "[-8.0, 9.0]", SAME),
    ("upper", fitted(bounds=(-9, [8, 9])), "column 0", "[-9.0, 9.0]", "[-9.0, 8.0]"),
    ("n_bins", fitted(n_bins=[3, 4]), "column 1", "3 bins", "and 4", "n_bins="),
    ("minimum and maximum", fitted(bounds=None), "column 0", "[-9.0, 9.0]", SAME),
    ("constant", fitted(X * [1, 0], bounds=([-9, 0], [9, 0])), "column 1", "[0.0, 0.0]"),
    ("dtype", fitted(X.astype(np.float32)), "float64", "float32"),
    ("columns", fitted(rows(d=3)), "2", "3 columns"),
    ("labels", fitted(y=np.zeros(20, int)), "with labels", "without labels", "do not mix"),
]
# Each with its own partner.
PAIRS = [
    ("names", fitted(frame("u", "v")), fitted(frame("u", "w")), "column 1", "'v'", "'w'"),
    ("bins", wide(-40_000.0), wide(40_000.0), "column 0", "80001 bins", "65536"),
    ("constants", beside(1.0), beside(2.0), "column 1", "[1.0, 1.0]", "[2.0, 2.0]"),
]
NO_SAMPLERS = [None, 3, X, "m.zbins", zbins.PMFSampler]


@table([*((name, fitted(), *rest) for name, *rest in LATTICES), *PAIRS])
def test_samplers_that_do_not_go_together(row):
    name, sampler, other, *texts = row
    told = [] if name == "labels" else ["cannot merge"]
    refused(ValueError, [*told, *texts], lambda: sampler.merge(other), sampler, other)
    refused(ValueError, told, lambda: other.merge(sampler), sampler, other)


@pytest.mark.parametrize("other", NO_SAMPLERS, ids=lambda value: type(value).__name__)
def test_what_is_no_sampler(other):
    texts = [f"cannot merge a {type(other).__name__}", "a PMFSampler is needed"]
    refused_at(["merge"], TypeError, texts, fitted(), other)


def test_unfitted_on_either_side():
    pair = fitted(), zbins.PMFSampler(3, bounds=BOUNDS)
    for one, other in (pair, pair[::-1]):
        call = lambda one=one, other=other: one.merge(other)  # noqa: E731
        refused(NotFittedError, "not fitted yet", call, *pair)


def test_names_come_from_either_side(tmp_path):
    """Law 3: the file does not depend on the order of merging."""
    for name, parts in (("a", (X, frame("u", "v"))), ("b", (frame("u", "v"), X))):
        first, second = map(fitted, parts)
        merged = first.merge(second)
        assert merged.feature_names_in_.tolist() == ["u", "v"]
        merged.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


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
    power, all_but = fitted(np.zeros((1, 2))), fitted(np.zeros((1, 2)))
    for _ in range(62):  # 1 + 2 + 4 + ... + 2**62 rows
        power.merge(power)
        all_but.merge(power)
    assert all_but.n_samples_seen_ == 2**63 - 1
    texts = [str(2**63), "2**63 - 1"]
    refused_at(["partial_fit"], ValueError, texts, all_but, [[0.0, 0.0]])
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

BEFORE = [  # what is read, and what it is given
    *((name, (), {}) for name in ("sample", "summary")),
    ("sample", (0,), {}),
    ("sample", ("x",), {"y": 3, "random_state": "x"}),
    ("sample_batches", (3,), {}),
    *((name, (X,), {}) for name in ("score", "score_samples", "quantize", "contains")),
    ("contains", ("x",), {}),
    ("save", ("none.zbins",), {}),
]
ATTRIBUTES = ("lower_", "upper_", "n_bins_", "codes_", "counts_", "classes_", "feature_names_in_")
ATTRIBUTES += ("n_samples_seen_", "n_samples_ignored_", "n_features_in_")


def never_fitted():
    yield zbins.PMFSampler(3)
    yield zbins.PMFSampler(3).partial_fit(X[:0])  # an empty chunk is fine, and no fit
    sampler = zbins.PMFSampler(3)
    refused_at(["fit"], ValueError, [], sampler, X[:0])
    yield sampler


TEXTS = ["This PMFSampler instance is not fitted yet", "fit"]


@table(BEFORE)
def test_reading_before_a_fit(row, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name, arguments, keywords = row
    for sampler in never_fitted():
        refused_at([name], NotFittedError, TEXTS, sampler, *arguments, **keywords)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_before_a_fit(name):
    for sampler in never_fitted():
        refused(NotFittedError, TEXTS, lambda s=sampler: getattr(s, name), sampler)


def test_check_is_fitted_before_a_fit():
    for sampler in never_fitted():
        refused(NotFittedError, TEXTS, lambda s=sampler: check_is_fitted(s), sampler)


FIRST = [
    ("NaN", "partial_fit", torch.full((2, 2), torch.nan)),
    ("infinity", "partial_fit", frame("u", "v") * np.inf),
    ("labels", "partial_fit", X, ["a"]),
    ("a second chunk", "fit_batches", [frame("u", "v"), frame("u", "v") * np.inf]),
]


@table(FIRST)
def test_what_fails_first_leaves_it_unfitted(row):
    _, door, *given = row
    sampler = zbins.PMFSampler(3)
    refused(ValueError, [], lambda: getattr(sampler, door)(*given), sampler)
    assert not hasattr(sampler, "feature_names_in_")
