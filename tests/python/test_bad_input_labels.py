"""Labels that are no labels, that change their type, or that come and go are refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import zbins
from helpers import (
    DRAWS,
    fingerprint,
    passes,
    refused,
    refused_at,
    refused_by_every_fit,
    rows,
    several_runs,
    table,
)

X = rows()
y = np.arange(20) % 3
V, T = ValueError, TypeError
ACCEPTED = "accepted are int, bool and str"


def with_label(label, dtype=float):
    labels = np.array(y, dtype)
    labels[5] = label
    return labels


LABELS = [
    (y[:7], V, "y has 7 labels for 20 rows", "one per row"),
    ([], V, "y has 0 labels for 20 rows"),
    (np.zeros((20, 2)), V, "y should be a 1d array", "(20, 2)"),
    (3, V, "y should be a 1d array", "()"),
    ("abc", V, "y should be a 1d array", "()"),
    (y + 1j, V, "Complex data not supported"),
    (with_label(2.5), T, "y has", "2.5", "row 5", ACCEPTED),
    (with_label(np.nan), T, "y has", "nan", "row 5", ACCEPTED),
    (with_label(np.inf), V, "y has the label inf", "below 2**63"),
    (with_label(2.5, np.float32), T, "y has", "2.5", "row 5", ACCEPTED),
    (with_label(None, object), T, "label None of type NoneType at row 5", ACCEPTED),
    (with_label(2.5, object), T, "label 2.5 of type float at row 5", ACCEPTED),
    (with_label("a", object), T, "y mixes labels of type int and str"),
    (with_label(True, object), T, "y mixes labels of type bool and int"),
    ([None, "a"] * 10, T, "label None of type NoneType at row 0", ACCEPTED),
    ([1, "a"] * 10, T, "y mixes labels of type int and str"),
    ([True, 2] * 10, T, "y mixes labels of type bool and int"),
    ([1.5, "a"] * 10, T, "label 1.5 of type float at row 0", ACCEPTED),
    (["a", np.nan] * 10, T, "nan", "row 1", ACCEPTED),
    (np.full(20, b"a"), T, "S1", "b'a'", ACCEPTED),
    (np.zeros(20, "M8[D]"), T, "datetime64[D]", ACCEPTED),
    (pd.Series(["a", None] * 10), T, "nan", "at row 1", ACCEPTED),
    (torch.full((20,), 0.5), T, "0.5", ACCEPTED),
    (torch.zeros(20).to_sparse(), T, "y is a torch.sparse_coo"),
    (np.full(20, 2**64 - 1, np.uint64), V, "18446744073709551615", "below 2**63"),
    ([2**63] * 20, V, "9223372036854775808", "below 2**63"),
    ([2**70] * 20, V, "1180591620717411303424", "below 2**63"),
    ([-(2**70)] * 20, V, "-1180591620717411303424", "2**63"),
    (np.full(20, 1e19), V, "1e+19", "below 2**63"),
]


@table(LABELS)
def test_labels_of_a_fit(row):
    labels, kind, *texts = row
    refused_by_every_fit(kind, texts, X, labels)
    sampler = zbins.PMFSampler(3).fit(X, y)
    refused_at(["fit", "partial_fit"], kind, texts, sampler, X, labels)
    if isinstance(labels, np.ndarray) and labels.shape == y.shape:
        refused_at(["dask"], kind, texts, sampler, X, labels)
    stream = [(X, y), (X, labels)]
    refused(kind, ["chunk 1", *texts], lambda: sampler.fit_batches(stream), sampler)


def test_the_ends_of_int64_are_labels():
    ends = [-(2**63), 2**63 - 1] * 10
    assert zbins.PMFSampler(3).fit(X, ends).classes_.tolist() == ends[:2]


def test_a_column_of_labels_is_taken_with_the_warning_of_scikit_learn():
    from sklearn.exceptions import DataConversionWarning

    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        sampler = zbins.PMFSampler(3).fit(X, y[:, None])
    assert fingerprint(sampler) == fingerprint(zbins.PMFSampler(3).fit(X, y))


KINDS = {"int": y, "bool": y > 1, "str": y.astype(str)}


@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("before", KINDS)
def test_labels_keep_their_type(before, after):
    sampler = zbins.PMFSampler(3).fit(X, KINDS[before])
    other = zbins.PMFSampler(3).fit(X, KINDS[after])
    if before == after:
        sampler.partial_fit(X, KINDS[after]).merge(other)
        return
    texts = [f"type {after}", before]
    refused(TypeError, texts, lambda: sampler.partial_fit(X, KINDS[after]), sampler)
    refused(TypeError, texts, lambda: sampler.merge(other), sampler, other)
    stream = [(X, KINDS[before]), (X[:0], KINDS[before][:0]), (X, KINDS[after])]
    refused(TypeError, ["chunk 2", *texts], lambda: sampler.fit_batches(stream), sampler)
    label = KINDS[after][0]
    refused(TypeError, texts, lambda: sampler.sample(3, y=label), sampler)


@pytest.mark.parametrize("bounds", [None, (-9, 9)], ids=["two passes", "one pass"])
@pytest.mark.parametrize("labelled", [True, False])
def test_labelled_and_unlabelled_do_not_mix(labelled, bounds):
    first, second = (y, None) if labelled else (None, y)
    sampler = zbins.PMFSampler(3, bounds=bounds).fit(X, first)
    other = zbins.PMFSampler(3, bounds=bounds).fit(X, second)
    words = {True: "with labels", False: "without labels"}
    texts = [words[labelled], words[not labelled], "do not mix"]
    refused(ValueError, texts, lambda: sampler.partial_fit(X, second), sampler)
    refused(ValueError, texts, lambda: sampler.merge(other), sampler, other)
    stream = [X if labels is None else (X, labels) for labels in (first, second)]
    refused(ValueError, ["chunk 1", *texts], lambda: sampler.fit_batches(stream), sampler)


def test_labels_that_come_or_go_in_the_second_pass():
    for first, second in ((X, (X, y)), ((X, y), X)):
        stream = passes([first], [second])
        sampler = zbins.PMFSampler(3)
        texts = ["chunk 0", "with labels", "without labels"]
        refused(ValueError, texts, lambda b=stream, s=sampler: s.fit_batches(b), sampler)


def test_several_runs_survive_refused_labels():
    sampler = several_runs()
    Z = rows(9, 3)
    for bad, kind in ((None, ValueError), (["a"] * 9, TypeError), ([1] * 8, ValueError)):
        refused(kind, [], lambda bad=bad: sampler.partial_fit(Z, bad), sampler)
    assert fingerprint(sampler) == fingerprint(several_runs())


# -- labels to draw from -----------------------------------------------------------------------

DRAWN = [
    (7, V, "label 7", "not among the labels", "0, 1, 2"),
    (-1, V, "label -1", "0, 1, 2"),
    (2**62, V, "label 4611686018427387904", "0, 1, 2"),
    (2**70, V, "1180591620717411303424"),
    ([0, 1, 9], V, "label 9", "0, 1, 2"),
    ([0, 1], V, "2 labels for 3 samples"),
    ([], V, "0 labels for 3 samples"),
    (np.zeros((3, 2), int), V, "y should be a 1d array", "(3, 2)"),
    (2.5, T, "2.5", ACCEPTED),
    (np.nan, T, "nan", ACCEPTED),
    ([0, 1, None], T, "None of type NoneType at row 2", ACCEPTED),
    (b"0", T, "b'0'", ACCEPTED),
    ("0", T, "labels of type str", "int"),
    (["0", "1", "2"], T, "labels of type str", "int"),
    (True, T, "labels of type bool", "int"),
    ({0: 1}, T, "{0: 1} of type dict", ACCEPTED),
    (torch.tensor(9), V, "label 9", "0, 1, 2"),
]


@table(DRAWN)
def test_labels_to_draw_from(row):
    labels, kind, *texts = row
    sampler = zbins.PMFSampler(3, random_state=0).fit(X, y)
    refused_at(DRAWS, kind, texts, sampler, 3, y=labels)


def test_unknown_labels_are_named_among_many():
    sampler = zbins.PMFSampler(3).fit(rows(100), [f"label {i:03}" for i in range(100)])
    texts = ["label 'label 100'", "'label 000'", "'label 019', ..."]
    message = refused(ValueError, texts, lambda: sampler.sample(y="label 100"), sampler)
    assert len(message) < 500


def test_labels_of_an_unlabelled_sampler():
    sampler, without = zbins.PMFSampler(3).fit(X), "but the sampler was fitted without labels"
    refused_at(DRAWS, ValueError, f"y is given, {without}", sampler, 3, y=1)
    refused_at(DRAWS, ValueError, f"return_y is True, {without}", sampler, 3, return_y=True)
    refused(AttributeError, "fitted without labels", lambda: sampler.classes_, sampler)
    assert not hasattr(sampler, "classes_")


@pytest.mark.parametrize("return_y", ["yes", None, 1, 0.0], ids=repr)
def test_return_y_is_true_or_false(return_y):
    texts = [f"return_y is {return_y!r}", "True and False"]
    refused_at(DRAWS, TypeError, texts, zbins.PMFSampler(3).fit(X, y), 3, return_y=return_y)


@pytest.mark.parametrize("label", [0, 3, "a", True], ids=repr)
def test_drawing_a_label_where_nothing_was_inside(label):
    sampler = zbins.PMFSampler(bounds=(100, 101), out_of_range="ignore").partial_fit(X, y)
    for given in ({"y": label}, {"return_y": True}):
        refused_at(["sample"], V, "no row so far lies inside the bounds", sampler, 3, **given)
    assert sampler.classes_.size == 0
