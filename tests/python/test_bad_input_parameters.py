"""Parameters of the constructor that are not accepted, and threads: refused at the first use."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import zbins
from helpers import (
    DRAWS,
    READS,
    fingerprint,
    refused,
    refused_at,
    refused_by_every_fit,
    rows,
    table,
)

X = rows()
V, T = ValueError, TypeError
MOST = "from 1 to 65536"
FORMS = [
    "None, a pair (lower, upper) of numbers or arrays of one per column",
    "('quantile', q) with 0 <= q < 0.5",
]
NO_FORM = [
    *(5, "ab", "quantile", (1,), (1, 2, 3), ("quantile",), ("quantile", 0.5), ("quantile", -0.1)),
    *(("quantile", np.nan), ("quantile", "x"), ("quantile", None), ("quantile", True)),
    *(("quantile", [0.1]), ("quantil", 0.1), ("quantile", 0.1, 0.9), ("a", 1), {0: -9, 1: 9}),
]
SEEDS = ["random_state is ", "accepted are None, an int", "RandomState", "numpy.random.Generator"]
SEEDS += ["torch.Generator", "of type "]
BAD_JOBS = [
    ({"n_jobs": 0}, V, "n_jobs is 0", "-1 for all cores"),
    ({"n_jobs": 1.5}, T, "n_jobs", "1.5 of type float", "None or a whole number"),
    ({"n_jobs": "2"}, T, "n_jobs", "'2' of type str", "None or a whole number"),
    ({"n_jobs": True}, T, "n_jobs", "True of type bool", "None or a whole number"),
]
PARAMETERS = [
    ({"n_bins": 0}, V, "n_bins is 0", MOST),
    ({"n_bins": -1}, V, "n_bins is -1", MOST),
    ({"n_bins": 65_537}, V, "n_bins is 65537", MOST),
    ({"n_bins": 2**63}, V, "n_bins is 9223372036854775808", MOST),
    ({"n_bins": 2**70}, V, "n_bins is 1180591620717411303424", MOST),
    ({"n_bins": 10.0}, T, "n_bins is 10.0", "whole number", MOST),
    ({"n_bins": np.float32(2)}, T, "n_bins is ", "2.0", MOST),
    ({"n_bins": np.nan}, T, "n_bins is nan", MOST),
    ({"n_bins": True}, T, "n_bins is True", MOST),
    ({"n_bins": None}, T, "n_bins is None", MOST),
    ({"n_bins": "10"}, T, "n_bins is '10'", MOST),
    ({"n_bins": {3: 4}}, T, "n_bins is {3: 4}", MOST),
    ({"n_bins": [3]}, V, "n_bins has 1 entries for 2 columns", "one per column"),
    ({"n_bins": [3, 3, 3]}, V, "n_bins has 3 entries for 2 columns", "one per column"),
    ({"n_bins": np.array([], int)}, V, "n_bins has 0 entries for 2 columns"),
    ({"n_bins": [3, 0]}, V, "n_bins is 0 for column 1", MOST),
    ({"n_bins": [-5, 3]}, V, "n_bins is -5 for column 0", MOST),
    ({"n_bins": [3, 65_537]}, V, "n_bins is 65537 for column 1", MOST),
    ({"n_bins": [3, 2.5]}, T, "n_bins is [3, 2.5]", MOST),
    ({"n_bins": [True, False]}, T, "n_bins is [True, False]", MOST),
    ({"n_bins": [[3, 3]]}, T, "n_bins is [[3, 3]]", "1-D", MOST),
    ({"n_bins": [[3], [3, 4]]}, T, "n_bins is [[3], [3, 4]]", "1-D", MOST),
    *(({"bounds": bad}, V, f"bounds is {bad!r}", *FORMS) for bad in NO_FORM),
    ({"bounds": {-9, 9}}, V, "bounds is {", *FORMS),
    ({"bounds": (None, 1)}, T, "the lower bounds are None", *FORMS),
    ({"bounds": (0, "a")}, T, "the upper bounds are 'a'", *FORMS),
    ({"bounds": (0, 1j)}, T, "the upper bounds are 1j", *FORMS),
    ({"bounds": (False, True)}, T, "the lower bounds are False", *FORMS),
    ({"bounds": ([[0]], 1)}, T, "the lower bounds are [[0]]", *FORMS),
    ({"bounds": ([[0], [0, 1]], 1)}, T, "the lower bounds are [[0], [0, 1]]", *FORMS),
    ({"bounds": (np.nan, 1)}, V, "the lower bounds are nan", "finite"),
    ({"bounds": (0, np.inf)}, V, "the upper bounds are inf", "finite"),
    ({"bounds": ([0, -np.inf], 1)}, V, "the lower bounds are [0, -inf]", "finite"),
    ({"bounds": (1, -1)}, V, "column 0", "[1, -1]", "the lower at most the upper"),
    ({"bounds": ([0, 3], [1, 1])}, V, "column 1", "[3, 1]", "the lower at most the upper"),
    ({"bounds": ([0, 0, 0], 1)}, V, "lower bounds have 3 entries for 2 columns", "one entry"),
    ({"bounds": (0, [1])}, V, "upper bounds have 1 entries for 2 columns", "one entry"),
    *(
        ({"out_of_range": bad}, V, f"out_of_range is {bad!r}", "'grow', 'error', 'ignore'")
        for bad in ("x", "GROW", "", None, 0, True, ["grow"])
    ),
    *BAD_JOBS,
    *(
        ({"random_state": bad}, T, *SEEDS, type(bad).__name__)
        for bad in (1.0, True, "0", [1], np.random.SeedSequence(1))
    ),
    *(
        ({"random_state": bad}, V, f"random_state is {bad}", "at least 0 and below 2**64")
        for bad in (-1, 2**64, np.int8(-3), 10**30)
    ),
]


@table(PARAMETERS)
def test_a_parameter(row):
    parameters, kind, *texts = row
    refused_by_every_fit(kind, texts, X, **parameters)
    sampler = zbins.PMFSampler(3).fit(X).set_params(**parameters)
    refused_at(["fit", "dask"], kind, texts, sampler, X)


def test_nothing_is_checked_in_the_constructor_or_clone():
    sampler = zbins.PMFSampler(n_bins="x", bounds=5, out_of_range=0, random_state=1.5, n_jobs=0)
    assert clone(sampler).get_params() == sampler.get_params()
    assert "n_bins='x'" in repr(sampler)


def test_parameters_set_after_a_fit_are_checked_before_the_next_chunk():
    for name, bad in (("n_bins", 0), ("bounds", 5), ("out_of_range", "x"), ("random_state", -1)):
        sampler = zbins.PMFSampler(3).fit(X).set_params(**{name: bad})
        refused_at(["partial_fit"], ValueError, f"{name} is {bad!r}", sampler, X)
    with pytest.raises(ValueError, match="Invalid parameter 'n_bin' for estimator"):
        zbins.PMFSampler().set_params(n_bin=3)


# -- bounds that depend on the rows ------------------------------------------------------------


@pytest.mark.parametrize("door", ["fit", "partial_fit"])
def test_bounds_that_can_be_read_only_once(door):
    sampler = zbins.PMFSampler(bounds=iter([-9, 9]))
    refused_at([door], ValueError, ["bounds is <list_iterator", *FORMS], sampler, X)


@pytest.mark.parametrize("bounds", [(0, 1e300), (-1e39, 0)])
def test_bounds_beyond_float32_are_named_as_they_were_given(bounds):
    texts = ["column 0", f"{next(b for b in bounds if b):g}", "float32"]
    refused_by_every_fit(ValueError, texts, rows(dtype=np.float32), bounds=bounds)


def test_quantiles_need_all_rows_at_once():
    sampler = zbins.PMFSampler(bounds=("quantile", 0.01))
    texts = ["bounds is ('quantile', 0.01)", "use fit", "bounds=(lower, upper)"]
    refused_at(["fit_batches"], ValueError, texts, sampler, X)


# -- threads -----------------------------------------------------------------------------------


def calls_on_threads(sampler, other):
    none = X[:0]  # however little there is to do
    return [
        *(lambda door=door: getattr(sampler, door)(X) for door in ("fit", "partial_fit", *READS)),
        *(lambda door=door: getattr(sampler, door)(none) for door in READS),
        *(lambda door=door: getattr(sampler, door)(3) for door in DRAWS),
        lambda: sampler.fit_batches([X]),
        lambda: sampler.merge(other),
    ]


@table(BAD_JOBS)
def test_n_jobs(row):
    parameters, kind, *texts = row
    sampler = zbins.PMFSampler(3, random_state=0).fit(X).set_params(**parameters)
    other = zbins.PMFSampler(3).fit(X)
    for call in calls_on_threads(sampler, other):
        refused(kind, texts, call, sampler, other)
    refused_at(["partial_fit"], kind, texts, sampler, X[:0])


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "1e3", "²", "0x2", "None"])
def test_threads_variable(monkeypatch, value):
    sampler, unfitted = zbins.PMFSampler(3, random_state=0).fit(X), zbins.PMFSampler(3)
    calls = [*calls_on_threads(sampler, sampler), zbins.show_config]
    calls += [lambda: unfitted.fit(X), lambda: unfitted.partial_fit(X)]
    before = fingerprint(sampler), fingerprint(unfitted)
    monkeypatch.setenv("ZBINS_NUM_THREADS", value)
    for call in calls:
        with pytest.raises(ValueError, match="whole numbers from 1") as caught:
            call()
        assert f"ZBINS_NUM_THREADS is {value!r}" in str(caught.value)
    monkeypatch.undo()
    assert (fingerprint(sampler), fingerprint(unfitted)) == before
