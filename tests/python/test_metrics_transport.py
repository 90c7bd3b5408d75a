"""The Wasserstein distance: linear programs, POT, closed forms, and what must not change it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from helpers import refused
from zbins.metrics import wasserstein_distance

METHODS = ["exact", "sliced", "sinkhorn"]


def needs(method):
    if method == "sinkhorn":
        pytest.importorskip("geomloss")


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def by_linear_program(X, Y):
    """W2 of any two sets of rows, by the definition of transport."""
    n, m = len(X), len(Y)
    costs = np.square(X[:, None] - Y).sum(2)
    sums = [np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))]
    shares = np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
    found = linprog(costs.ravel(), A_eq=np.concatenate(sums), b_eq=shares)
    return np.sqrt(found.fun)


def along_columns(X, Y):
    """W2 in one column: both repeated to one number of rows, in order."""
    X, Y = np.sort(np.repeat(X, len(Y))), np.sort(np.repeat(Y, len(X)))
    return np.sqrt(np.square(X - Y).mean())


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from([0.0, 1e8]),
)
def test_exact_against_a_linear_program(seed, d, n, m, offset):
    X, Y = offset + normal(seed, n, d), offset + normal(seed + 1, m, d)
    found = wasserstein_distance(X, Y)
    assert found.rows == {"X": n, "Y": m}  # all, repeated up to a common multiple
    assert found.seed is None
    assert found == pytest.approx(by_linear_program(X, Y), rel=1e-6)


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.0, 1e8])
)
def test_one_column_in_order(seed, n, m, offset):
    X, Y = offset + normal(seed, n, 1), offset + normal(seed + 1, m, 1)
    wanted = along_columns(X, Y)
    assert wasserstein_distance(X, Y) == pytest.approx(wanted, rel=1e-9)
    sliced = wasserstein_distance(X, Y, method="sliced")
    assert sliced == pytest.approx(wanted, rel=1e-9)
    assert sliced.settings == {"method": "sliced", "n_projections": 1}
    assert sliced.seed is None


@pytest.mark.parametrize(("n", "m"), [(60, 60), (30, 21)])
def test_against_pot(n, m):
    ot = pytest.importorskip("ot")
    X, Y = normal(0, n, 5), 0.3 + 1.5 * normal(1, m, 5)
    wanted = np.sqrt(ot.emd2(np.full(n, 1 / n), np.full(m, 1 / m), ot.dist(X, Y)))
    assert wasserstein_distance(X, Y, max_rows=n * m) == pytest.approx(wanted, rel=1e-9)
    sliced = ot.sliced_wasserstein_distance(X, Y, n_projections=2_000, seed=0)
    found = wasserstein_distance(X, Y, method="sliced", n_projections=2_000)
    assert found == pytest.approx(sliced, rel=0.05)  # other directions
    assert found < wanted


@pytest.mark.parametrize("d", [1, 3, 40])
def test_a_shift_is_its_length(d):
    X, c = normal(0, 30, d), normal(1, d)
    length = np.linalg.norm(c)
    assert wasserstein_distance(X, X + c) == pytest.approx(length, rel=1e-9)
    sliced = wasserstein_distance(X, X + c, method="sliced", n_projections=5_000)
    assert sliced == pytest.approx(length / np.sqrt(d), rel=0.05 if d > 1 else 1e-9)
    assert sliced < length * (1 + 1e-9)


def test_sliced_finds_normal_distributions():
    """|mean|^2 / d + (s - t)^2 for N(0, s^2) and N(mean, t^2): no direction differs more."""
    X, Y = 2 * normal(0, 20_000, 4), 0.5 * normal(1, 20_000, 4) + [3, 0, 0, 0]
    found = wasserstein_distance(X, Y, method="sliced", n_projections=300)
    assert found == pytest.approx(np.sqrt(9 / 4 + 1.5**2), rel=0.03)


@pytest.mark.parametrize("d", [1, 2, 20])
def test_sinkhorn_is_near_exact(d):
    needs("sinkhorn")
    X, Y = normal(0, 100, d), 0.5 + 1.3 * normal(1, 80, d)
    exact = wasserstein_distance(X, Y)
    assert wasserstein_distance(X, Y, method="sinkhorn", blur=0.01) == pytest.approx(
        exact, rel=0.015
    )
    found = wasserstein_distance(X, Y, method="sinkhorn")
    assert found == pytest.approx(exact, rel=0.03)
    assert found.settings == {"method": "sinkhorn", "max_rows": 2_000, "blur": 0.05, "scaling": 0.9}
    blurred = wasserstein_distance(X, Y, method="sinkhorn", blur=5)
    between_means = np.linalg.norm(X.mean(0) - Y.mean(0))  # all that a large blur leaves
    assert blurred == pytest.approx(between_means, rel=0.05)
    moved = wasserstein_distance(X, X + 3, method="sinkhorn", blur=0.01)
    assert moved == pytest.approx(3 * np.sqrt(d), rel=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_known_directions(method):
    needs(method)

    def found(X, Y):
        return wasserstein_distance(X, Y, method=method, n_projections=200)

    Y = normal(0, 60, 3)
    Y[:30] += 6  # two modes
    same = normal(1, 60, 3)
    same[:30] += 6
    assert found(Y, Y[::-1]) == 0  # copies
    assert found(same, Y) < found(same + 1, Y) < found(same + 3, Y)  # shifts
    assert found(same, Y) < found(3 * normal(2, 60, 3) + same, Y)  # noise
    assert found(same, Y) < found(same[:30], Y)  # a mode less
    assert found(same, Y) == pytest.approx(found(Y, same), rel=1e-9)
    assert found(10 * same, 10 * Y) == pytest.approx(10 * found(same, Y), rel=1e-6)


@pytest.mark.parametrize("method", ["sliced", "sinkhorn"])
@pytest.mark.parametrize("sizes", [(31, 17), (1, 7)])
def test_order_changes_nothing(method, sizes):
    """By the two methods that are not the default."""
    needs(method)
    X, Y = normal(0, sizes[0], 3), 1 + normal(1, sizes[1], 3)
    X[: len(X) // 2] = X[0]  # duplicates
    options = {"method": method, "max_rows": 20, "n_projections": 300}
    wanted = wasserstein_distance(X, Y, **options)
    for rows in (X[::-1], X[np.argsort(X[:, 1])]):
        assert wasserstein_distance(rows, Y[::-1], **options).value == wanted.value


def test_directions_in_chunks():
    """More than fit in a MiB at once, of the method that has directions: the same ones."""
    X, Y = normal(0, 5_000, 3), normal(1, 4_000, 3)
    found = []
    for memory in (1, 1024):
        with sklearn.config_context(working_memory=memory):
            found.append(wasserstein_distance(X, Y, method="sliced", n_projections=30))
    assert found[0] == pytest.approx(found[1], rel=1e-9)


def test_what_is_drawn():
    X, Y = normal(0, 300, 2), normal(1, 130, 2)
    found = wasserstein_distance(X, Y, max_rows=100)
    assert found.rows == {"X": 100, "Y": 100}
    assert found.settings == {"method": "exact", "max_rows": 100}
    assert found.seed == 0
    assert found.value != wasserstein_distance(X, Y, max_rows=100, random_state=1).value
    assert wasserstein_distance(X, Y, max_rows=200).rows == {"X": 130, "Y": 130}
    assert wasserstein_distance(X, Y[:100], max_rows=300).rows == {"X": 300, "Y": 100}
    sliced = wasserstein_distance(X, Y, method="sliced", n_projections=50, max_rows=10)
    assert sliced.rows == {"X": 300, "Y": 130}
    assert sliced.seed == 0
    other = wasserstein_distance(X, Y, method="sliced", n_projections=50, random_state=1)
    assert sliced.value != other.value


def test_sinkhorn_takes_max_rows():
    needs("sinkhorn")
    found = wasserstein_distance(normal(0, 50, 2), normal(1, 30, 2), method="sinkhorn", max_rows=40)
    assert found.rows == {"X": 40, "Y": 30}
    assert found.seed == 0


@pytest.mark.parametrize("method", METHODS)
def test_rows_without_spread(method):
    needs(method)
    ones = np.ones((5, 3))
    assert wasserstein_distance(ones, ones[:2], method=method) == 0
    assert wasserstein_distance(1e8 + ones / 3, 1e8 + ones[:3] / 3, method=method) == 0
    X, Y = normal(0, 20, 3), normal(1, 20, 3)
    X[:, 1] = Y[:, 1] = 7
    found = wasserstein_distance(X, Y, method=method, n_projections=4_000)
    away = wasserstein_distance(X[:, [0, 2]], Y[:, [0, 2]], method=method, n_projections=4_000)
    if method == "sliced":  # the mean squared length of two of three columns of a direction
        assert found == pytest.approx(away * np.sqrt(2 / 3), rel=0.05)
    else:
        assert found == pytest.approx(away, rel=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_far_from_the_origin(method):
    needs(method)
    X, Y = normal(0, 20, 3), normal(1, 20, 3)
    wanted = wasserstein_distance(X, Y, method=method)
    assert wasserstein_distance(X + 1e8, Y + 1e8, method=method) == pytest.approx(wanted, rel=1e-6)


def test_without_geomloss(monkeypatch):
    monkeypatch.setitem(sys.modules, "geomloss", None)
    X = normal(0, 9, 2)
    refused(
        ImportError,
        ["the Sinkhorn divergence needs geomloss", "pip install"],
        lambda: wasserstein_distance(X, X, method="sinkhorn"),
    )
    assert wasserstein_distance(X, X) == 0


ROWS = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"method": "emd"}, ValueError, ["'emd'", "'exact', 'sliced', 'sinkhorn'"]),
        ({"method": 2}, ValueError, ["method is 2"]),
        ({"max_rows": 0}, ValueError, ["max_rows is 0", "at least 1"]),
        ({"max_rows": 1.5}, TypeError, ["max_rows is 1.5"]),
        ({"n_projections": 0}, ValueError, ["n_projections is 0", "at least 1"]),
        ({"n_projections": None}, TypeError, ["n_projections is None"]),
        ({"blur": 0}, ValueError, ["blur is 0", "above 0"]),
        ({"blur": np.inf}, ValueError, ["blur is inf", "finite"]),
        ({"blur": np.nan}, ValueError, ["blur is nan"]),
        ({"blur": "fine"}, TypeError, ["blur is 'fine'", "a number"]),
        ({"blur": True}, TypeError, ["blur is True"]),
    ],
)
def test_bad_input(options, error, said):
    refused(error, said, lambda: wasserstein_distance(ROWS, ROWS, **options))
