"""Parameters of the constructor that are not accepted, and threads: refused at the first use."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

import zbins
from helpers import refused, refused_by_every_fit, rows
from zbins._common import threads as _config

X = rows()
ONE_TO_MOST = "from 1 to 65536"
FORMS = [
    "None, a pair (lower, upper) of numbers or arrays of one per column",
    "('quantile', q) with 0 <= q < 0.5",
]


@pytest.mark.parametrize(
    ("n_bins", "kind", "texts"),
    [
        (0, ValueError, ["n_bins is 0", ONE_TO_MOST]),
        (-1, ValueError, ["n_bins is -1", ONE_TO_MOST]),
        (65_537, ValueError, ["n_bins is 65537", ONE_TO_MOST]),
        (2**63, ValueError, ["n_bins is 9223372036854775808", ONE_TO_MOST]),
        (2**70, ValueError, ["n_bins is 1180591620717411303424", ONE_TO_MOST]),
        (10.0, TypeError, ["n_bins is 10.0", "whole number", ONE_TO_MOST]),
        (np.float32(2), TypeError, ["n_bins is ", "2.0", ONE_TO_MOST]),
        (np.nan, TypeError, ["n_bins is nan", ONE_TO_MOST]),
        (True, TypeError, ["n_bins is True", ONE_TO_MOST]),
        (None, TypeError, ["n_bins is None", ONE_TO_MOST]),
        ("10", TypeError, ["n_bins is '10'", ONE_TO_MOST]),
        ({3: 4}, TypeError, ["n_bins is {3: 4}", ONE_TO_MOST]),
        ([3], ValueError, ["n_bins has 1 entries for 2 columns", "one per column"]),
        ([3, 3, 3], ValueError, ["n_bins has 3 entries for 2 columns", "one per column"]),
        (np.array([], int), ValueError, ["n_bins has 0 entries for 2 columns"]),
        ([3, 0], ValueError, ["n_bins is 0 for column 1", ONE_TO_MOST]),
        ([-5, 3], ValueError, ["n_bins is -5 for column 0", ONE_TO_MOST]),
        ([3, 65_537], ValueError, ["n_bins is 65537 for column 1", ONE_TO_MOST]),
        ([3, 2.5], TypeError, ["n_bins is [3, 2.5]", ONE_TO_MOST]),
        ([True, False], TypeError, ["n_bins is [True, False]", ONE_TO_MOST]),
        ([[3, 3]], TypeError, ["n_bins is [[3, 3]]", "1-D", ONE_TO_MOST]),
        ([[3], [3, 4]], TypeError, ["n_bins is [[3], [3, 4]]", "1-D", ONE_TO_MOST]),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_n_bins(n_bins, kind, texts):
    refused_by_every_fit(kind, texts, X, n_bins=n_bins)


@pytest.mark.parametrize(
    ("bounds", "kind", "texts"),
    [
        *(
            (bad, ValueError, [f"bounds is {bad!r}", *FORMS])
            for bad in (
                5,
                "ab",
                "quantile",
                (1,),
                (1, 2, 3),
                ("quantile",),
                ("quantile", 0.5),
                ("quantile", -0.1),
                ("quantile", np.nan),
                ("quantile", "x"),
                ("quantile", None),
                ("quantile", True),
                ("quantile", [0.1]),
                ("quantil", 0.1),
                ("quantile", 0.1, 0.9),
                ("a", 1),
                {0: -9, 1: 9},
            )
        ),
        ({-9, 9}, ValueError, ["bounds is {", *FORMS]),
        ((None, 1), TypeError, ["the lower bounds are None", *FORMS]),
        ((0, "a"), TypeError, ["the upper bounds are 'a'", *FORMS]),
        ((0, 1j), TypeError, ["the upper bounds are 1j", *FORMS]),
        ((False, True), TypeError, ["the lower bounds are False", *FORMS]),
        (([[0]], 1), TypeError, ["the lower bounds are [[0]]", *FORMS]),
        (([[0], [0, 1]], 1), TypeError, ["the lower bounds are [[0], [0, 1]]", *FORMS]),
        ((np.nan, 1), ValueError, ["the lower bounds are nan", "finite"]),
        ((0, np.inf), ValueError, ["the upper bounds are inf", "finite"]),
        (([0, -np.inf], 1), ValueError, ["the lower bounds are [0, -inf]", "finite"]),
        ((1, -1), ValueError, ["column 0", "[1, -1]", "the lower at most the upper"]),
        (([0, 3], [1, 1]), ValueError, ["column 1", "[3, 1]", "the lower at most the upper"]),
        (([0, 0, 0], 1), ValueError, ["lower bounds have 3 entries for 2 columns", "one entry"]),
        ((0, [1]), ValueError, ["upper bounds have 1 entries for 2 columns", "one entry"]),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bounds(bounds, kind, texts):
    refused_by_every_fit(kind, texts, X, bounds=bounds)


def test_bounds_that_can_be_read_only_once():
    for method in ("fit", "partial_fit"):
        sampler = zbins.PMFSampler(bounds=iter([-9, 9]))
        call = getattr(sampler, method)
        refused(ValueError, ["bounds is <list_iterator", *FORMS], lambda call=call: call(X))


@pytest.mark.parametrize("bounds", [(0, 1e300), (-1e39, 0)])
def test_bounds_beyond_float32_are_named_as_they_were_given(bounds):
    bad = next(b for b in bounds if b)
    sampler = zbins.PMFSampler(bounds=bounds)
    texts = ["column 0", f"{bad:g}", "float32"]
    refused(ValueError, texts, lambda: sampler.fit(rows(dtype=np.float32)), sampler)


def test_quantiles_need_all_rows_at_once():
    sampler = zbins.PMFSampler(bounds=("quantile", 0.01))
    texts = ["bounds is ('quantile', 0.01)", "use fit", "bounds=(lower, upper)"]
    refused(ValueError, texts, lambda: sampler.fit_batches([X]), sampler)


@pytest.mark.parametrize("policy", ["x", "GROW", "", None, 0, True, ["grow"]], ids=repr)
def test_out_of_range(policy):
    texts = [f"out_of_range is {policy!r}", "'grow', 'error', 'ignore'"]
    refused_by_every_fit(ValueError, texts, X, out_of_range=policy)


BAD_JOBS = [
    (0, ValueError, ["n_jobs is 0", "-1 for all cores"]),
    (1.5, TypeError, ["n_jobs", "1.5 of type float", "None or a whole number"]),
    ("2", TypeError, ["n_jobs", "'2' of type str", "None or a whole number"]),
    (True, TypeError, ["n_jobs", "True of type bool", "None or a whole number"]),
]


@pytest.mark.parametrize(("n_jobs", "kind", "texts"), BAD_JOBS, ids=repr)
def test_n_jobs(n_jobs, kind, texts):
    refused_by_every_fit(kind, texts, X, n_jobs=n_jobs)
    sampler = zbins.PMFSampler(3, random_state=0).fit(X).set_params(n_jobs=n_jobs)
    other = zbins.PMFSampler(3).fit(X)
    for call in _calls(sampler, other):
        refused(kind, texts, call, sampler, other)


def _calls(sampler, other):
    return [
        lambda: sampler.fit(X),
        lambda: sampler.partial_fit(X),
        lambda: sampler.fit_batches([X]),
        lambda: sampler.merge(other),
        lambda: sampler.sample(3),
        lambda: next(sampler.sample_batches(3)),
        lambda: sampler.quantize(X),
        lambda: sampler.contains(X),
        lambda: sampler.score_samples(X),
    ]


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "1e3", "²", "0x2", "None"])
def test_threads_variable(monkeypatch, value):
    sampler = zbins.PMFSampler(3, random_state=0).fit(X)
    other = zbins.PMFSampler(3).fit(X)
    monkeypatch.setenv("ZBINS_NUM_THREADS", value)
    texts = [f"ZBINS_NUM_THREADS is {value!r}", "whole numbers from 1"]
    for call in [*_calls(sampler, other), zbins.show_config]:
        refused(ValueError, texts, call, sampler, other)
    refused_by_every_fit(ValueError, texts, X)


@pytest.mark.parametrize("random_state", [1.0, True, "0", [1], np.random.SeedSequence(1)], ids=repr)
def test_random_state_of_a_wrong_type(random_state):
    texts = ["random_state is ", f"of type {type(random_state).__name__}", "accepted are None, an"]
    texts += ["int", "RandomState", "numpy.random.Generator", "torch.Generator"]
    refused_by_every_fit(TypeError, texts, X, random_state=random_state)


@pytest.mark.parametrize("random_state", [-1, 2**64, np.int8(-3), 10**30])
def test_random_state_out_of_range(random_state):
    texts = [f"random_state is {random_state}", "at least 0 and below 2**64"]
    refused_by_every_fit(ValueError, texts, X, random_state=random_state)


def test_nothing_is_checked_in_the_constructor_or_clone():
    sampler = zbins.PMFSampler(n_bins="x", bounds=5, out_of_range=0, random_state=1.5, n_jobs=0)
    assert clone(sampler).get_params() == sampler.get_params()
    assert "n_bins='x'" in repr(sampler)


def test_parameters_set_after_a_fit_are_checked_before_the_next():
    for name, bad in (("n_bins", 0), ("bounds", 5), ("out_of_range", "x"), ("random_state", -1)):
        sampler = zbins.PMFSampler(3).fit(X).set_params(**{name: bad})
        for method in ("fit", "partial_fit"):
            call = getattr(sampler, method)
            refused(ValueError, f"{name} is {bad!r}", lambda call=call: call(X), sampler)
    text = "Invalid parameter 'n_bin' for estimator"
    with pytest.raises(ValueError, match=text):
        zbins.PMFSampler().set_params(n_bin=3)


def test_threads_are_checked_whatever_the_size_of_the_input():
    for n_jobs, kind, texts in BAD_JOBS:
        refused(kind, texts, lambda n_jobs=n_jobs: _config.n_threads(n_jobs, 0))
