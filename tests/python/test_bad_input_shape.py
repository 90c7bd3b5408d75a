"""X of a wrong shape or kind is refused, in the words of scikit-learn or ours; nothing is lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

import zbins
from helpers import all_ignored, refused, refused_by_every_fit, rows, with_value

X = rows()
ONE_D = ["Expected 2D array, got 1D array instead", "Reshape"]
SCALAR = ["Expected 2D array, got scalar array instead"]
STRINGS = ["dtype='numeric' is not compatible with arrays of bytes/strings"]
SPARSE = ["Sparse data was passed", "dense data is required"]
MASKED = ["X is a masked array with masked values", "fill or drop them"]

# name: (X, type of the error, what it says); built lazily, for some are used up by one call.
CASES = {
    "1-D": (lambda: X[0], ValueError, ONE_D),
    "1-D tensor": (lambda: torch.zeros(3), ValueError, ONE_D),
    "empty list": (list, ValueError, ONE_D),
    "scalar": (lambda: 3.5, ValueError, [*SCALAR, "3.5"]),
    "None": (lambda: None, ValueError, [*SCALAR, "None"]),
    "set": (lambda: {1, 2}, ValueError, SCALAR),
    "generator": (lambda: (row for row in X), ValueError, SCALAR),
    "3-D": (lambda: X[None], ValueError, ["dim 3", "dim <= 2", "PMFSampler"]),
    "4-D tensor": (lambda: torch.zeros(2, 2, 2, 2), ValueError, ["dim 4", "PMFSampler"]),
    "no columns": (lambda: X[:, :0], ValueError, ["0 feature(s) (shape=(20, 0))", "PMFSampler"]),
    "ragged": (lambda: [[1, 2], [3]], ValueError, ["inhomogeneous"]),
    "Series": (lambda: pd.Series([1.0, 2.0]), ValueError, ["2-dimensional", "Series"]),
    "str": (lambda: np.array([["a", "b"]]), ValueError, STRINGS),
    "digits as str": (lambda: np.array([["1", "2"]]), ValueError, STRINGS),
    "bytes": (lambda: np.array([[b"a", b"b"]]), ValueError, STRINGS),
    "void": (lambda: np.zeros((2, 2), "V8"), ValueError, STRINGS),
    "objects": (
        lambda: np.array([[1, "a"], [2, 3]], object),
        ValueError,
        ["could not convert string to float: 'a'"],
    ),
    "None inside": (lambda: [[1.0, None]], TypeError, ["X has the dtype object", "real numbers"]),
    "complex": (lambda: X + 1j, ValueError, ["Complex data not supported"]),
    "complex tensor": (lambda: torch.eye(2) + 1j, ValueError, ["Complex data not supported"]),
    "datetime": (lambda: np.zeros((3, 2), "M8[D]"), TypeError, ["datetime64[D]", "real numbers"]),
    "timedelta": (lambda: np.zeros((3, 2), "m8[s]"), TypeError, ["timedelta64[s]", "real numbers"]),
    "masked": (lambda: np.ma.masked_array(X, mask=X > 1), TypeError, MASKED),
    "csr_matrix": (lambda: scipy.sparse.csr_matrix(X), TypeError, SPARSE),
    "coo_array": (lambda: scipy.sparse.coo_array(X), TypeError, SPARSE),
    "sparse tensor": (lambda: torch.eye(2).to_sparse(), TypeError, ["X is a torch.sparse_coo"]),
    "meta tensor": (lambda: torch.empty(3, 2, device="meta"), ValueError, ["X is on meta", "CPU"]),
}
FRAMES = {
    "str": ({"a": ["x", "y"]}, ValueError, "could not convert string to float: 'x'"),
    "categories": ({"a": pd.Categorical(["x", "y"])}, TypeError, "dtype object"),
    "NA": ({"a": pd.array([1.0, None], dtype="Float64")}, ValueError, "NaN at row 1, column 0"),
    "dates": ({"a": pd.to_datetime(["2020-01-01"])}, TypeError, "datetime64"),
}


@pytest.mark.parametrize("case", CASES)
def test_fits_refuse(case):
    make, kind, texts = CASES[case]
    sampler = zbins.PMFSampler(3)
    refused(kind, texts, lambda: sampler.fit(make()), sampler)
    refused(kind, texts, lambda: sampler.partial_fit(make()), sampler)
    refused(kind, ["chunk 0", *texts], lambda: sampler.fit_batches([make()]), sampler)
    refused(kind, ["chunk 1", *texts], lambda: sampler.fit_batches([X, make()]), sampler)


def test_a_dtype_of_torch_that_numpy_lacks():
    X = torch.eye(2).to(torch.float8_e4m3fn)
    refused_by_every_fit(TypeError, ["X", "float8_e4m3fn", "accepted"], X)


@pytest.mark.parametrize("case", FRAMES)
def test_fits_refuse_frames(case):
    columns, kind, texts = FRAMES[case]
    refused_by_every_fit(kind, texts, pd.DataFrame(columns))


@pytest.mark.parametrize("method", ["fit", "partial_fit", "quantize", "contains", "score_samples"])
@pytest.mark.parametrize("case", CASES)
def test_a_fitted_sampler_refuses_and_stays(method, case):
    make, kind, texts = CASES[case]
    sampler = zbins.PMFSampler(3).fit(X)
    refused(kind, texts, lambda: getattr(sampler, method)(make()), sampler)


def test_no_rows_cannot_be_fitted():
    sampler = zbins.PMFSampler(3)
    texts = ["0 sample(s) (shape=(0, 2))", "minimum of 1", "PMFSampler"]
    refused(ValueError, texts, lambda: sampler.fit(X[:0]), sampler)
    refused(ValueError, texts, lambda: sampler.fit(torch.zeros(0, 2)), sampler)
    fixed = zbins.PMFSampler(3, bounds=(0, 1))
    for batches in ([], [X[:0]], [X[:0], X[:0]], lambda: iter([])):
        text = "the batches hold no rows; at least one row is needed"
        refused(ValueError, text, lambda batches=batches: sampler.fit_batches(batches), sampler)
        refused(ValueError, text, lambda batches=batches: fixed.fit_batches(batches), fixed)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 20])
@pytest.mark.parametrize("method", ["partial_fit", "quantize", "contains", "score_samples"])
def test_another_number_of_columns(method, n, columns, dtype, kind):
    sampler = zbins.PMFSampler(3).fit(X)
    other = rows(n, columns, dtype)
    if kind == "torch":
        other = torch.from_numpy(other)
    texts = [f"X has {columns} features", "PMFSampler is expecting 2 features"]
    refused(ValueError, texts, lambda: getattr(sampler, method)(other), sampler)


@pytest.mark.parametrize("bounds", [None, (-9, 9)], ids=["two passes", "one pass"])
@pytest.mark.parametrize("kind", ["numpy", "list", "torch"])
@pytest.mark.parametrize("columns", [1, 3])
def test_batches_with_another_number_of_columns(columns, kind, bounds):
    convert = {"numpy": np.asarray, "list": np.ndarray.tolist, "torch": torch.from_numpy}[kind]
    sampler = zbins.PMFSampler(3, bounds=bounds)
    chunks = [X, convert(rows(20, columns))]
    texts = ["chunk 1", f"X has {columns} features", "2 features"]
    refused(ValueError, texts, lambda: sampler.fit_batches(chunks), sampler)


def test_a_fit_that_fails_leaves_columns_names_and_dtype_as_they_were():
    sampler = zbins.PMFSampler(3).fit(pd.DataFrame(X, columns=["u", "v"]))
    worse = pd.DataFrame({"a": [1.0], "b": [np.inf], "c": [2.0]})
    refused(ValueError, "infinity at row 0, column 1", lambda: sampler.fit(worse), sampler)
    assert list(sampler.feature_names_in_) == ["u", "v"]
    assert sampler.n_features_in_ == 2
    assert sampler.lower_.dtype == np.float64


def test_score_checks_its_rows():
    sampler = zbins.PMFSampler(3).fit(X)
    refused(ValueError, "X has 3 features", lambda: sampler.score(rows(d=3)), sampler)
    bad = with_value(X, np.nan, (3, 1))
    refused(ValueError, "NaN at row 3, column 1", lambda: sampler.score(bad), sampler)


def test_the_mean_of_no_rows_is_refused():
    sampler = zbins.PMFSampler(3).fit(X)
    refused(ValueError, ["no rows", "at least one"], lambda: sampler.score(X[:0]), sampler)


def test_feature_names_that_changed():
    frame = pd.DataFrame(X, columns=["u", "v"])
    sampler = zbins.PMFSampler(3).fit(frame)
    for other in (frame.rename(columns={"u": "w"}), frame[["v", "u"]]):
        for method in ("partial_fit", "quantize", "contains", "score_samples"):
            texts = ["feature names should match"]
            refused(ValueError, texts, lambda m=method, X=other: getattr(sampler, m)(X), sampler)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        sampler.contains(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        zbins.PMFSampler(3).fit(X).contains(frame)


def test_nothing_inside_the_bounds():
    texts = ["all 20 rows lie outside the bounds", "nothing to fit"]
    parameters = {"bounds": (100, 101), "out_of_range": "ignore"}
    for sampler in (zbins.PMFSampler(**parameters), all_ignored(), all_ignored().fit([[100, 101]])):
        refused(ValueError, texts, lambda s=sampler: s.fit(X), sampler)
        refused(ValueError, texts, lambda s=sampler: s.fit_batches([X]), sampler)


def test_reading_where_nothing_was_inside(tmp_path):
    sampler = all_ignored()
    text = "no row so far lies inside the bounds"
    path = tmp_path / "none.zbins"
    calls = {
        "sample": lambda: sampler.sample(3),
        "sample_batches": lambda: sampler.sample_batches(3),
        "save": lambda: sampler.save(path),
    }
    for call in calls.values():
        refused(ValueError, text, call, sampler)
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


def test_bad_rows_with_good_labels_and_the_reverse():
    y = np.arange(20) % 2
    refused_by_every_fit(ValueError, ["y has 19 labels for 20 rows"], X, y[:19])
    refused_by_every_fit(ValueError, ["NaN at row 3"], with_value(X, np.nan, (3, 1)), y)


@pytest.mark.parametrize(
    ("bad", "texts"), [(X[None], ["dim 3"]), (X[:, 0], ONE_D)], ids=["3-D", "1-D"]
)
def test_a_pair_is_always_rows_and_labels(bad, texts):
    sampler = zbins.PMFSampler(3)
    y = np.zeros(len(bad), int)
    for pair in ((bad, y), (torch.from_numpy(bad), torch.from_numpy(y))):
        refused(ValueError, ["chunk 0", *texts], lambda p=pair: sampler.fit_batches([p]), sampler)
