"""NaN, infinity and ranges without a width are refused, naming the first place (law 8, errata 6).

After every refusal the estimator is as it was (law 7).
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import zbins
from helpers import (
    FITS,
    READS,
    fingerprint,
    refused,
    refused_at,
    refused_by_every_fit,
    rows,
    several_runs,
    with_value,
)

BAD = {"NaN": np.nan, "infinity": np.inf, "-infinity": -np.inf}
FINITE = "every value must be finite"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", BAD)
def test_every_door_names_the_first(name, dtype):
    X = with_value(rows(dtype=dtype), BAD[name], (7, 1))
    texts = [f"X contains {name} at row 7, column 1;", FINITE]
    refused_by_every_fit(ValueError, texts, X)
    refused_at((*FITS, *READS, "dask"), ValueError, texts, zbins.PMFSampler(3).fit(rows()), X)


@pytest.mark.parametrize(
    ("places", "first"),
    [
        ([(3, 1), (3, 0)], "row 3, column 0"),
        ([(5, 0), (3, 1)], "row 3, column 1"),
        ([(0, 0), (19, 1)], "row 0, column 0"),
        ([(19, 1)], "row 19, column 1"),
    ],
)
def test_of_several_the_first_row_then_column(places, first):
    X, doors = with_value(rows(), np.nan, *places), ("fit", "partial_fit", "contains")
    refused_at(doors, ValueError, f"NaN at {first};", zbins.PMFSampler(3).fit(rows()), X)


def test_of_different_ones_the_first_is_named_as_what_it_is():
    X = with_value(with_value(rows(), np.nan, (9, 0)), -np.inf, (8, 1))
    refused_by_every_fit(ValueError, "-infinity at row 8, column 1", X)


@pytest.mark.parametrize("layout", ["C", "F", "strided", "reversed", "read-only"])
def test_late_in_a_big_matrix_on_two_threads(layout):
    big = with_value(rows(60_000, 4), np.nan, (59_999, 0), (41_234, 2), (41_234, 3))
    assert big.nbytes > 1 << 20
    X = {
        "C": lambda: big,
        "F": lambda: np.asfortranarray(big),
        "strided": lambda: np.repeat(big, 2, axis=1)[:, ::2],
        "reversed": lambda: np.ascontiguousarray(big[::-1])[::-1],
        "read-only": lambda: big,
    }[layout]()
    X.setflags(write=layout != "read-only")
    sampler = zbins.PMFSampler(3, n_jobs=2).fit(rows(d=4))
    doors = ("fit", "partial_fit", *READS)
    refused_at(doors, ValueError, "NaN at row 41234, column 2;", sampler, X)


@pytest.mark.parametrize("d", [1, 3, 17, 64, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_column_of_a_row_is_looked_at(d, dtype):
    for column in {0, d // 2, d - 1}:
        for row in (0, 2):
            X = with_value(rows(3, d, dtype), np.inf, (row, column))
            refused_by_every_fit(ValueError, f"infinity at row {row}, column {column};", X)


@pytest.mark.parametrize("bounds", [None, (-9, 9)], ids=["two passes", "one pass"])
def test_batches_name_the_chunk(bounds):
    sampler = zbins.PMFSampler(3, bounds=bounds)
    chunks = [rows(), rows()[:0], with_value(rows(), np.nan, (4, 0)), with_value(rows(), np.inf)]
    texts = ["chunk 2", "the first is 0", "NaN at row 4, column 0;", FINITE]
    refused(ValueError, texts, lambda: sampler.fit_batches(chunks), sampler)
    sampler.fit_batches([rows()])
    refused(ValueError, texts, lambda: sampler.fit_batches(chunks), sampler)


def test_tensors_too():
    X = torch.zeros(5, 3)
    X[4, 2] = torch.nan
    for tensor in (X, X.half(), X.bfloat16(), X.double(), X.requires_grad_()):
        refused_by_every_fit(ValueError, "NaN at row 4, column 2;", tensor)


def test_several_runs_survive_a_refusal():
    sampler = several_runs()
    X = with_value(rows(9, 3), np.nan, (8, 2))
    y = np.zeros(9, int)
    refused(ValueError, "NaN at row 8, column 2;", lambda: sampler.partial_fit(X, y), sampler)
    assert fingerprint(sampler) == fingerprint(several_runs())


# -- ranges ------------------------------------------------------------------------------------

LARGE, SMALL = "which is too large for 4 bins", "which is too small for 4 bins"


@pytest.mark.parametrize(
    ("dtype", "low", "high", "texts"),
    [
        ("f8", -1.7e308, 1.7e308, ["[-1.7e+308, 1.7e+308]", f"{LARGE} in float64"]),
        ("f4", -3e38, 3e38, ["[-3e+38, 3e+38]", f"{LARGE} in float32", "use float64"]),
        ("f8", 0.0, 5e-324, ["[0, 5e-324]", f"{SMALL} in float64"]),
        ("f8", 0.0, 1e-310, ["[0, 1e-310]", f"{SMALL} in float64"]),
        ("f4", 0.0, 1e-45, ["[0, 1e-45]", f"{SMALL} in float32", "use float64"]),
        ("f4", -1e-40, 0.0, ["[-1e-40, 0]", f"{SMALL} in float32", "use float64"]),
    ],
)
def test_ranges_without_a_finite_width_name_column_range_and_remedy(dtype, low, high, texts):
    X = np.array([[0, 0, low], [1, 0, high]], dtype)
    texts = ["column 2 has the range", *texts, "rescale the column", "or give bounds="]
    refused_by_every_fit(ValueError, texts, X, n_bins=4)
    refused_by_every_fit(ValueError, texts, torch.from_numpy(X), n_bins=4)
    bounds = (X.min(axis=0), X.max(axis=0))
    refused_by_every_fit(ValueError, texts, X, n_bins=4, bounds=bounds)


def test_a_constant_column_cannot_widen_past_the_dtype():
    sampler = zbins.PMFSampler(4).fit(np.array([[0, -3e38], [1, -3e38]], np.float32))
    X = np.array([[0, 3e38]], np.float32)
    texts = ["column 1 has the range [-3e+38, 3e+38]", LARGE]
    refused(ValueError, texts, lambda: sampler.partial_fit(X), sampler)


def test_float32_range_is_refused_though_its_values_were_halves():
    X = np.array([[-65504], [65504]], np.float16)  # overflows float16, not float32
    assert zbins.PMFSampler(4).fit(X).n_bins_ == [4]


# -- growing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "bins"),
    [
        (70_000.5, "70001 bins"),
        (-69_999.5, "70001 bins"),
        (1e300, "far more"),
        (-1e308, "far more"),
    ],
)
def test_growth_past_the_most_bins_names_row_column_and_value(value, bins):
    sampler = zbins.PMFSampler(1).fit([[0.0, 0.0], [1.0, 1.0]])
    X = with_value(np.zeros((5, 2)), value, (3, 1), (4, 1))
    texts = [
        f"X contains {value} at row 3, column 1",
        "growing the range [0, 1]",
        bins,
        "at most 65536",
        "bounds=",
        "n_bins",
        "out_of_range='ignore'",
    ]
    refused(ValueError, texts, lambda: sampler.partial_fit(X), sampler)
    fixed = zbins.PMFSampler(1, bounds=(0, 1))
    refused(ValueError, texts, lambda: fixed.fit(X), fixed)
    refused(ValueError, ["chunk 1", *texts], lambda: fixed.fit_batches([X[:1], X]), fixed)


def test_growth_to_exactly_the_most_bins_is_fine():
    sampler = zbins.PMFSampler(2).fit([[0.0], [2.0]])
    sampler.partial_fit([[65_535.5]])
    assert sampler.n_bins_ == [65_536]
    texts = ["-0.5 at row 1, column 0", "65537 bins"]
    refused(ValueError, texts, lambda: sampler.partial_fit([[1.0], [-0.5]]), sampler)


def test_error_policy_names_row_column_value_and_range():
    X = [[0.0, 0.0], [0.5, 1.5], [0.5, 9.0]]
    texts = ["1.5 at row 1, column 1", "[0, 1]", "out_of_range='error'", "'grow'", "'ignore'"]
    refused_by_every_fit(ValueError, texts, X, bounds=(0, 1), out_of_range="error")
    sampler = zbins.PMFSampler(out_of_range="error").fit([[0.0, 0.0], [1.0, 1.0]])
    refused(ValueError, texts, lambda: sampler.partial_fit(X), sampler)


def test_error_policy_finds_the_first_row_on_two_threads():
    X = with_value(np.zeros((60_000, 4)), 2.0, (59_999, 0), (51_234, 3))
    sampler = zbins.PMFSampler(bounds=(-1, 1), out_of_range="error", n_jobs=2)
    refused(ValueError, "2 at row 51234, column 3", lambda: sampler.fit(X), sampler)


@pytest.mark.parametrize("place", [(0, 0), (3, 1)])
@pytest.mark.parametrize("value", [1e39, -1e300])
def test_values_beyond_a_float32_model_are_refused_plainly(value, place):
    sampler = zbins.PMFSampler(3).fit(rows(dtype=np.float32))
    X = with_value(rows(), value, place)
    texts = [
        f"X contains {value!r} at row {place[0]}, column {place[1]}",
        "beyond the range of float32",
    ]
    refused(ValueError, texts, lambda: sampler.partial_fit(X), sampler)
    stream = [rows(dtype=np.float32), X]
    refused(ValueError, ["chunk 1", *texts], lambda: sampler.fit_batches(stream), sampler)


def test_long_doubles_beyond_float64_are_refused_plainly():
    if np.finfo(np.longdouble).max <= np.finfo(np.float64).max:
        pytest.skip("long double is double here")
    X = with_value(rows().astype(np.longdouble), np.longdouble("1e4000"), (3, 1))
    texts = ["X contains 1e+4000 at row 3, column 1", "beyond the range of float64"]
    refused_by_every_fit(ValueError, texts, X)
