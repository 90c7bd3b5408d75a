"""The kernel distance and the inception score: means over parts of the rows, by slow oracles and by
torch-fidelity's code.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import polynomial_kernel

import fidelity_oracle
from helpers import refused
from zbins.metrics import inception_score, kernel_distance

SEEDS = st.integers(0, 2**32 - 1)


def pair(seed, n, m, d, scale=1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), scale * rng.normal(size=(m, d)) + rng.normal()


def by_all_pairs(X, Y, degree=3, gamma=None, coef0=1.0):
    def kernel(a, b):
        return polynomial_kernel(a, b, degree, gamma, coef0)

    def others(a):
        return (kernel(a, a).sum() - np.trace(kernel(a, a))) / (len(a) * (len(a) - 1))

    return others(X) + others(Y) - 2 * kernel(X, Y).mean()


@given(
    SEEDS,
    st.integers(1, 6),
    st.integers(2, 30),
    st.integers(1, 5),
    st.sampled_from([None, 0.3, 2]),
    st.sampled_from([0, 1, 2.5]),
)
def test_a_kernel_distance_against_all_pairs(seed, d, n, degree, gamma, coef0):
    X, Y = pair(seed, n, n, d)
    found = kernel_distance(X, Y, degree=degree, gamma=gamma, coef0=coef0)
    wanted = by_all_pairs(X, Y, degree, gamma, coef0)
    size = max(np.abs(polynomial_kernel(a, a, degree, gamma, coef0)).max() for a in (X, Y))
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-13 * size)


@pytest.mark.parametrize("d", [1, 7])
def test_more_pairs_than_are_looked_at_at_once(d):
    X, Y = pair(0, 700, 700, d)
    found = kernel_distance(X, Y)
    assert found == pytest.approx(by_all_pairs(X, Y), rel=1e-9)
    wanted = fidelity_oracle.kid(X, Y, kid_subsets=1, kid_subset_size=700)
    assert (found, found.std) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("degree", "size"), [(90, 1), (120, 0.1), (2, 1e60)])
def test_powers_that_do_not_overflow(degree, size):
    X, Y = (size * rows / np.abs(rows).max() for rows in pair(0, 20, 20, 3))
    keywords = {"degree": degree, "coef0": 0, "gamma": 3}
    wanted = by_all_pairs(X, Y, **keywords)
    assert kernel_distance(X, Y, **keywords) == pytest.approx(wanted, rel=1e-6, abs=0)


def test_two_points():
    """x x' = 1, y y' = 9, x y = 3."""
    found = kernel_distance(np.ones((2, 1)), np.full((2, 1), 3), degree=2, gamma=1, coef0=0.5)
    assert found == pytest.approx(1.5**2 + 9.5**2 - 2 * 3.5**2)


@settings(max_examples=50)
@given(SEEDS, st.integers(1, 3), st.integers(2, 6), st.integers(1, 4), st.sampled_from([0, 10**8]))
def test_a_kernel_distance_far_from_the_origin(seed, d, n, degree, offset):
    """In whole numbers, exactly; copies are among the rows."""
    X, Y = np.random.default_rng(seed).integers(-3, 4, size=(2, n, d)).tolist()
    X, Y = ([[value + offset for value in row] for row in rows] for rows in (X, Y))

    def total(a, b, same):
        values = [
            (sum(map(lambda x, y: x * y, p, q)) + 1) ** degree
            for i, p in enumerate(a)
            for j, q in enumerate(b)
            if not (same and i == j)
        ]
        return Fraction(sum(values), len(values))

    wanted = total(X, X, True) + total(Y, Y, True) - 2 * total(X, Y, False)
    # The result is of the size of gamma^degree times squares of the mean, where there is an offset.
    size = max(offset, 3) ** (2 * degree - 2) * d**degree
    found = kernel_distance(X, Y, degree=degree, gamma=1)
    assert found == pytest.approx(float(wanted), rel=1e-9, abs=1e-9 * size)


def test_subsets():
    X, Y = pair(0, 60, 50, 3)
    found = kernel_distance(X, Y, n_subsets=200, subset_size=20)
    assert found.settings == {
        "degree": 3,
        "gamma": 1 / 3,
        "coef0": 1.0,
        "n_subsets": 200,
        "subset_size": 20,
    }
    assert found.rows == {"X": 60, "Y": 50}
    assert found.seed == 0
    everything = by_all_pairs(X[:50], Y)
    assert found == pytest.approx(everything, abs=4 * found.std / np.sqrt(200) + 0.3 * found.std)
    small = kernel_distance(X, Y, n_subsets=200, subset_size=5)
    assert small.std > found.std > 0
    assert kernel_distance(X, Y, subset_size=20, n_subsets=1).std == 0
    assert kernel_distance(X, Y, n_subsets=200, subset_size=20, random_state=1) != found


def test_a_subset_is_no_larger_than_the_rows():
    X, Y = pair(0, 60, 50, 3)
    found = kernel_distance(X, Y, n_subsets=7)
    assert (found.settings["subset_size"], found.settings["n_subsets"]) == (50, 7)
    assert found.seed == 0
    assert found.std > 0
    whole = kernel_distance(X[:50], Y, n_subsets=7)
    assert (whole.settings["subset_size"], whole.settings["n_subsets"]) == (50, 1)
    assert (whole.seed, whole.std) == (None, 0)
    assert whole == kernel_distance(X[:50], Y, subset_size=50, random_state=3)


def test_directions_of_a_kernel_distance():
    X, Y = np.random.default_rng(0).normal(size=(2, 400, 4))
    fresh = kernel_distance(X, Y)
    assert abs(fresh) < 0.05
    assert fresh < kernel_distance(X + 0.3, Y) < kernel_distance(X + 0.6, Y)
    assert fresh < kernel_distance(1.3 * X, Y) < kernel_distance(1.6 * X, Y)
    assert fresh < kernel_distance(np.abs(X), Y)  # modes are missing
    assert kernel_distance(Y, Y) < 0, "copies are the closest"
    assert kernel_distance(np.r_[Y[:200], X[:200]], Y) < fresh


@pytest.mark.parametrize("order", [lambda a: a[::-1], lambda a: a[np.argsort(a[:, 0])]])
def test_no_order_changes_a_number(order):
    """Of all rows at once, which those of two lengths are not; and of logits."""
    X, Y = pair(0, 300, 300, 4)
    X[100:200] = X[0]
    X[:, 2] = 5
    assert kernel_distance(order(X), order(Y)) == kernel_distance(X, Y)
    assert inception_score(order(3 * X), logits=True) == inception_score(3 * X, logits=True)


def test_probabilities_of_any_dtype():
    classes = np.eye(3, dtype=np.int64)[[0, 1, 1, 2]]
    found = inception_score(classes, n_splits=2)
    assert inception_score(classes.astype(np.float32), n_splits=2) == found
    assert inception_score(classes.astype(float), n_splits=2) == found
    assert inception_score(list(torch.tensor(classes)), n_splits=2) == found


def test_it_is_features_that_are_measured():
    X, Y = pair(0, 20, 20, 4)
    wanted = kernel_distance(2 * X, 2 * Y)
    assert kernel_distance(X, Y, features=lambda rows: 2 * rows) == wanted
    wanted = inception_score(2 * X, logits=True)
    assert inception_score(X, logits=True, features=lambda rows: 2 * rows) == wanted


def probabilities(seed, n, classes, sharpness=3):
    logits = sharpness * np.random.default_rng(seed).normal(size=(n, classes))
    return logits, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


def by_the_definition(rows):
    """exp of the mean of KL(p(y|x) | p(y)), with loops."""
    mean = rows.mean(axis=0)
    divergences = [
        sum(p * np.log(p / q) for p, q in zip(row, mean, strict=True) if p > 0) for row in rows
    ]
    return np.exp(np.mean(divergences))


@settings(max_examples=100)
@given(SEEDS, st.integers(1, 30), st.integers(1, 6), st.sampled_from([0, 1, 30, 1000]))
def test_an_inception_score_against_the_definition(seed, n, classes, sharpness):
    logits = sharpness * np.random.default_rng(seed).normal(size=(n, classes))
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    rows /= rows.sum(axis=1, keepdims=True)
    wanted = by_the_definition(rows)
    for found in (
        inception_score(rows, n_splits=1),
        inception_score(logits, logits=True, n_splits=1),
        inception_score(logits + 1e6, logits=True, n_splits=1),
    ):
        assert 1 <= found <= classes * (1 + 1e-12)
        assert found == pytest.approx(wanted, rel=1e-6 if found.settings["logits"] else 1e-9)
        assert (found.std, found.seed) == (0, None)


@pytest.mark.parametrize("classes", [2, 10])
def test_known_scores(classes):
    sure = np.eye(classes)[np.arange(50) % classes]
    assert inception_score(sure, n_splits=1) == pytest.approx(classes)
    assert inception_score(sure[:1].repeat(50, axis=0)) == 1  # one class
    assert inception_score(np.full((50, classes), 1 / classes)) == pytest.approx(1)
    assert inception_score(sure, n_splits=50) == 1  # a row is its own mean
    half = np.eye(classes)[np.arange(50) % 2]
    assert inception_score(half, n_splits=1) == pytest.approx(2)


def test_against_torch_fidelity():
    logits, rows = probabilities(0, 300, 7)
    wanted, _ = fidelity_oracle.isc(logits, 1)
    assert inception_score(rows, n_splits=1) == pytest.approx(wanted, rel=1e-9)
    assert inception_score(logits, logits=True, n_splits=1) == pytest.approx(wanted, rel=1e-9)
    mean, std = fidelity_oracle.isc(logits, 10)
    found = inception_score(logits, logits=True)
    assert found == pytest.approx(mean, rel=0.05)  # the splits are others
    assert found.std == pytest.approx(std, rel=1)
    assert found.std > 0


def test_splits_are_random():
    """Rows that come sorted by class, as a conditional generator gives them."""
    rows = np.eye(5)[np.repeat(np.arange(5), 40)]
    found = inception_score(rows)
    assert found > 4
    assert found.seed == 0
    assert found.settings == {"logits": False, "n_splits": 10}
    _, rows = probabilities(0, 200, 5)
    assert inception_score(rows) != inception_score(rows, random_state=1)


def test_directions_of_an_inception_score():
    scores = [inception_score(probabilities(0, 200, 5, sharpness)[1]) for sharpness in (0.5, 2, 8)]
    assert scores == sorted(scores)
    _, rows = probabilities(0, 200, 5)
    few = rows[rows.argmax(axis=1) < 2]
    assert inception_score(few) < inception_score(rows)
    assert inception_score(rows, n_splits=1) > inception_score(rows, n_splits=50)


def test_rows_that_rounding_keeps_from_1():
    _, rows = probabilities(0, 200, 50)
    found = inception_score(rows.astype(np.float16))
    assert found == pytest.approx(inception_score(rows), rel=0.2)
    assert inception_score(rows.astype(np.float16), n_splits=1) == pytest.approx(
        inception_score(rows, n_splits=1), rel=1e-3
    )


X = np.ones((4, 2))


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "said"),
    [
        ((X[:1], X), {}, ValueError, ["X has the shape (1, 2)", "at least 2"]),
        ((X, X), {"degree": 0}, ValueError, ["degree is 0", "at least 1"]),
        ((X, X), {"degree": 2.5}, TypeError, ["degree is 2.5"]),
        ((X, X), {"gamma": 0}, ValueError, ["gamma is 0", "above 0"]),
        ((X, X), {"gamma": np.inf}, ValueError, ["gamma is inf", "finite"]),
        ((X, X), {"gamma": "scale"}, TypeError, ["gamma is 'scale'"]),
        ((X, X), {"coef0": -1}, ValueError, ["coef0 is -1", "from 0 on"]),
        ((X, X), {"coef0": None}, TypeError, ["coef0 is None"]),
        ((X, X), {"coef0": np.nan}, ValueError, ["coef0 is nan"]),
        ((X, X), {"n_subsets": 0}, ValueError, ["n_subsets is 0"]),
        ((X, X), {"subset_size": 1}, ValueError, ["subset_size is 1", "at least 2"]),
        ((X, X), {"subset_size": 10.0}, TypeError, ["subset_size is 10.0"]),
        ((X, 1e60 * X), {}, ValueError, ["degree is 3", "reaches 1e+120", "up to 2 for such rows"]),
        ((X, 10 * X), {"degree": 1000}, ValueError, ["degree is 1000", "up to 97"]),
        ((X, X), {"degree": 291, "coef0": 0, "gamma": 1e-3}, ValueError, ["up to 290"]),
    ],
)
def test_bad_input_of_a_kernel_distance(arguments, keywords, error, said):
    refused(error, said, lambda: kernel_distance(*arguments, **keywords))


@pytest.mark.parametrize(
    ("rows", "keywords", "error", "said"),
    [
        (X, {}, ValueError, ["X has a row that sums to 2.0", "logits=True"]),
        ([[0.5, 0.4]], {}, ValueError, ["X has a row that sums to 0.9"]),
        ([[1.5, -0.5]], {}, ValueError, ["X has a value of -0.5", "logits=True"]),
        (X / 2, {"n_splits": 10}, ValueError, ["n_splits is 10", "at most 4, the rows of X"]),
        (X / 2, {"n_splits": 0}, ValueError, ["n_splits is 0"]),
        (X / 2, {"n_splits": 2.0}, TypeError, ["n_splits is 2.0"]),
        (X / 2, {"logits": 1}, TypeError, ["logits is 1"]),
    ],
)
def test_bad_input_of_an_inception_score(rows, keywords, error, said):
    refused(error, said, lambda: inception_score(rows, **({"n_splits": 1} | keywords)))
