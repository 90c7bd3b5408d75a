"""X of a wrong shape or kind is refused, in the words of scikit-learn or ours; nothing is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

import zbins
from helpers import (
    FITS,
    READS,
    all_ignored,
    refused,
    refused_at,
    refused_by_every_fit,
    rows,
    table,
    with_value,
)

X = rows()
V, T = ValueError, TypeError
ONE_D = ["Expected 2D array, got 1D array instead", "Reshape"]
SCALAR = "Expected 2D array, got scalar array instead"
STRINGS = "dtype='numeric' is not compatible with arrays of bytes/strings"
SPARSE = ["Sparse data was passed", "dense data is required"]
MASKED = ["X is a masked array with masked values", "fill or drop them"]
FLOAT8 = torch.float8_e4m3fn

# Functions, for some of what they make is used up by one call.
ROWS = [
    ("1-D", V, lambda: X[0], *ONE_D),
    ("1-D tensor", V, lambda: torch.zeros(3), *ONE_D),
    ("empty list", V, lambda: [*()], *ONE_D),
    ("scalar", V, lambda: 3.5, SCALAR, "3.5"),
    ("None", V, lambda: None, SCALAR, "None"),
    ("set", V, lambda: {1, 2}, SCALAR),
    ("generator", V, lambda: (row for row in X), SCALAR),
    ("3-D", V, lambda: X[None], "dim 3", "dim <= 2", "PMFSampler"),
    ("4-D tensor", V, lambda: torch.zeros(2, 2, 2, 2), "dim 4", "PMFSampler"),
    ("no columns", V, lambda: X[:, :0], "0 feature(s) (shape=(20, 0))", "PMFSampler"),
    ("ragged", V, lambda: [[1, 2], [3]], "inhomogeneous"),
    ("Series", V, lambda: pd.Series([1.0, 2.0]), "2-dimensional", "Series"),
    ("str", V, lambda: np.array([["a", "b"]]), STRINGS),
    ("digits as str", V, lambda: np.array([["1", "2"]]), STRINGS),
    ("bytes", V, lambda: np.array([[b"a", b"b"]]), STRINGS),
    ("void", V, lambda: np.zeros((2, 2), "V8"), STRINGS),
    ("objects", V, lambda: np.array([[1, "a"], [2, 3]], object), "string to float: 'a'"),
    ("None inside", T, lambda: [[1.0, None]], "X has the dtype object", "real numbers"),
    ("complex", V, lambda: X + 1j, "Complex data not supported"),
    ("complex tensor", V, lambda: torch.eye(2) + 1j, "Complex data not supported"),
    ("datetime", T, lambda: np.zeros((3, 2), "M8[D]"), "datetime64[D]", "real numbers"),
    ("timedelta", T, lambda: np.zeros((3, 2), "m8[s]"), "timedelta64[s]", "real numbers"),
    ("masked", T, lambda: np.ma.masked_array(X, mask=X > 1), *MASKED),
    ("csr_matrix", T, lambda: scipy.sparse.csr_matrix(X), *SPARSE),
    ("coo_array", T, lambda: scipy.sparse.coo_array(X), *SPARSE),
    ("sparse tensor", T, lambda: torch.eye(2).to_sparse(), "X is a torch.sparse_coo"),
    ("meta tensor", V, lambda: torch.empty(3, 2, device="meta"), "X is on meta", "CPU"),
    ("float8", T, lambda: torch.eye(2).to(FLOAT8), "X", "float8_e4m3fn", "accepted"),
]
FRAMES = [
    ({"a": ["x", "y"]}, V, "could not convert string to float: 'x'"),
    ({"a": pd.Categorical(["x", "y"])}, T, "dtype object"),
    ({"a": pd.array([1.0, None], dtype="Float64")}, V, "NaN at row 1, column 0"),
    ({"a": pd.to_datetime(["2020-01-01"])}, T, "datetime64"),
]


@table(ROWS)
def test_rows(row):
    _, kind, make, *texts = row
    refused_by_every_fit(kind, texts, make)
    sampler = zbins.PMFSampler(3)
    refused(kind, ["chunk 0", *texts], lambda: sampler.fit_batches([make()]), sampler)
    refused(kind, ["chunk 1", *texts], lambda: sampler.fit_batches([X, make()]), sampler)
    refused_at((*FITS, *READS), kind, texts, sampler.fit(X), make)


@table(FRAMES)
def test_frames(row):
    columns, kind, *texts = row
    refused_by_every_fit(kind, texts, pd.DataFrame(columns))


def test_no_rows_cannot_be_fitted():
    sampler, fixed = zbins.PMFSampler(3), zbins.PMFSampler(3, bounds=(0, 1))
    texts = ["0 sample(s) (shape=(0, 2))", "minimum of 1", "PMFSampler"]
    for none in (X[:0], torch.zeros(0, 2)):
        refused_at(["fit"], ValueError, texts, sampler, none)
    text = "the batches hold no rows; at least one row is needed"
    for batches in ([], [X[:0]], [X[:0], X[:0]], lambda: iter([])):
        for one in (sampler, fixed):
            refused(ValueError, text, lambda s=one, batches=batches: s.fit_batches(batches), one)


# -- another number of columns, or other names ---------------------------------------------------


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 20])
def test_another_number_of_columns(n, columns, dtype, kind):
    other = rows(n, columns, dtype)
    if kind == "torch":
        other = torch.from_numpy(other)
    texts = [f"X has {columns} features", "PMFSampler is expecting 2 features"]
    refused_at(("partial_fit", *READS), ValueError, texts, zbins.PMFSampler(3).fit(X), other)


@pytest.mark.parametrize("bounds", [None, (-9, 9)], ids=["two passes", "one pass"])
@pytest.mark.parametrize("convert", [np.asarray, np.ndarray.tolist, torch.from_numpy])
@pytest.mark.parametrize("columns", [1, 3])
def test_batches_with_another_number_of_columns(columns, convert, bounds):
    sampler, chunks = zbins.PMFSampler(3, bounds=bounds), [X, convert(rows(20, columns))]
    texts = ["chunk 1", f"X has {columns} features", "2 features"]
    refused(ValueError, texts, lambda: sampler.fit_batches(chunks), sampler)


def test_a_fit_that_fails_leaves_columns_names_and_dtype_as_they_were():
    sampler = zbins.PMFSampler(3).fit(pd.DataFrame(X, columns=["u", "v"]))
    worse = pd.DataFrame({"a": [1.0], "b": [np.inf], "c": [2.0]})
    refused_at(["fit"], ValueError, "infinity at row 0, column 1", sampler, worse)
    assert list(sampler.feature_names_in_) == ["u", "v"]
    assert sampler.n_features_in_ == 2
    assert sampler.lower_.dtype == np.float64


def test_score():
    for bad, *texts in (
        (rows(d=3), "X has 3 features"),
        (with_value(X, np.nan, (3, 1)), "NaN at row 3, column 1"),
        (X[:0], "no rows", "at least one"),
    ):
        refused_at(["score"], ValueError, texts, zbins.PMFSampler(3).fit(X), bad)


def test_feature_names_that_changed():
    frame = pd.DataFrame(X, columns=["u", "v"])
    sampler, text = zbins.PMFSampler(3).fit(frame), "feature names should match"
    for other in (frame.rename(columns={"u": "w"}), frame[["v", "u"]]):
        refused_at(("partial_fit", *READS), ValueError, text, sampler, other)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        sampler.contains(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        zbins.PMFSampler(3).fit(X).contains(frame)


# -- bounds with nothing inside ------------------------------------------------------------------


def test_nothing_inside_the_bounds():
    parameters = {"bounds": (100, 101), "out_of_range": "ignore"}
    for sampler in (zbins.PMFSampler(**parameters), all_ignored(), all_ignored().fit([[100, 101]])):
        texts = ["all 20 rows lie outside the bounds", "nothing to fit"]
        refused_at(["fit", "fit_batches"], ValueError, texts, sampler, X)


def test_reading_where_nothing_was_inside(tmp_path):
    sampler, path = all_ignored(), tmp_path / "none.zbins"
    text = "no row so far lies inside the bounds"
    for door, given in (("sample", 3), ("sample_batches", 3), ("save", path)):
        refused_at([door], ValueError, text, sampler, given)
    assert not path.exists()
    assert sampler.sample(0).shape == (0, 2)
    assert not sampler.contains(X).any()
    assert (sampler.score_samples(X) == -np.inf).all()
    assert sampler.codes_.shape == (0, 2)
    assert sampler.counts_.shape == (0,)
    assert "ignored" in str(sampler.summary())
    assert (sampler.n_samples_seen_, sampler.n_samples_ignored_) == (0, 20)
    sampler.partial_fit([[100.5, 100.5]])
    assert sampler.contains([[100.5, 100.5]]).all()


# -- rows beside labels --------------------------------------------------------------------------


def test_bad_rows_with_good_labels_and_the_reverse():
    y = np.arange(20) % 2
    refused_by_every_fit(ValueError, ["y has 19 labels for 20 rows"], X, y[:19])
    refused_by_every_fit(ValueError, ["NaN at row 3"], with_value(X, np.nan, (3, 1)), y)


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize(
    ("bad", "texts"), [(X[None], ["dim 3"]), (X[:, 0], ONE_D)], ids=["3-D", "1-D"]
)
def test_a_pair_is_always_rows_and_labels(bad, texts, convert):
    pair = convert(bad), convert(np.zeros(len(bad), int))
    refused_at(["fit_batches"], ValueError, ["chunk 0", *texts], zbins.PMFSampler(3), *pair)
