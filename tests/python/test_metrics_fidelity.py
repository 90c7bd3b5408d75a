"""The Fréchet distance: closed forms, laws, a slow oracle, and covariances that are singular."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers import refused
from zbins.metrics import frechet_distance


def exactly(mean, deviations, n=400):
    """Rows whose mean and covariance are these exactly: of independent columns."""
    rows = np.random.default_rng(0).normal(size=(n, len(mean)))
    rows -= rows.mean(0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False))).T
    return rows * deviations + mean


def by_the_definition(X, Y):
    """As FID's first code has it, by the square root of a matrix."""
    A, B = np.atleast_2d(np.cov(X, rowvar=False)), np.atleast_2d(np.cov(Y, rowvar=False))
    root = scipy.linalg.sqrtm(A @ B).real
    return np.square(X.mean(0) - Y.mean(0)).sum() + np.trace(A + B - 2 * root)


def samples(seed, n, d):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + rng.normal(size=d)


def test_two_gaussians():
    a, b = exactly([0, 1, 2], [1, 2, 0.5]), exactly([3, 1, 2], [2, 1, 0.5])
    assert frechet_distance(a, b) == pytest.approx(9 + 1 + 1)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    assert frechet_distance(a @ turn, b @ turn) == pytest.approx(11)  # covariances not diagonal
    a[:, 2] = b[:, 2] = 7  # a feature that is constant
    assert frechet_distance(a, b) == pytest.approx(11)
    assert frechet_distance(a, np.ones((5, 3))) == pytest.approx(1 + 0 + 36 + 1 + 4)  # a point


@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(2, 40), st.integers(2, 40))
def test_against_the_definition(seed, d, more_x, more_y):
    X, Y = samples(seed, d + more_x, d), samples(seed + 1, d + more_y, d)
    wanted = by_the_definition(X, Y)
    scale = np.trace(np.atleast_2d(np.cov(X, rowvar=False) + np.cov(Y, rowvar=False)))
    assert frechet_distance(X, Y) == pytest.approx(wanted, abs=1e-6 * (1 + scale))


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 20),
    st.integers(2, 30),
    st.floats(1e-3, 1e3),
    st.floats(-1e6, 1e6),
)
def test_laws(seed, d, n, scale, offset):
    """Zero of itself in any order, symmetric, not moved by offsets, and of squared units."""
    X, Y = samples(seed, n, d), samples(seed + 1, n + 3, d)
    found = frechet_distance(X, Y)
    size = 1 + np.square(X).sum() + np.square(Y).sum()
    assert found >= 0
    assert frechet_distance(X, X[::-1]) <= 1e-12 * size  # fewer rows than columns too
    assert frechet_distance(Y, X) == pytest.approx(found, abs=1e-12 * size)
    assert frechet_distance(scale * X, scale * Y) == pytest.approx(scale**2 * found, rel=1e-6)
    assert frechet_distance(X + offset, Y + offset) == pytest.approx(found, abs=1e-6 * size)


def test_shifted_copies():
    X = samples(0, 50, 100)  # a covariance of rank 49
    shift = np.linspace(-1, 1, 100)
    assert frechet_distance(X, X + shift) == pytest.approx(np.square(shift).sum(), rel=1e-9)


@pytest.mark.parametrize(
    "convert",
    [
        np.ndarray.tolist,
        torch.tensor,
        lambda a: torch.tensor(a, requires_grad=True).reshape(-1, 2, 2),
        lambda a: list(torch.tensor(a)),
        np.asfortranarray,
    ],
)
def test_any_kind_of_array(convert):
    X, Y = samples(0, 30, 4), samples(1, 20, 4)
    found = frechet_distance(convert(X), convert(Y))
    assert isinstance(found, float)
    assert found == pytest.approx(frechet_distance(X, Y), rel=1e-12)


ZEROS = np.zeros((4, 2))


@pytest.mark.parametrize(
    ("X", "Y", "error", "said"),
    [
        (np.zeros((1, 3)), ZEROS, ValueError, ["X has the shape (1, 3)", "at least 2"]),
        (ZEROS, np.zeros(3), ValueError, ["Y has the shape (3,)"]),
        (np.zeros((4, 0)), np.zeros((4, 0)), ValueError, ["X has the shape (4, 0)"]),
        (np.zeros((4, 3)), ZEROS, ValueError, ["X has 3 columns and Y has 2"]),
        ([[0, 1], [np.nan, 2]], ZEROS, ValueError, ["X contains nan at row 1, column 0"]),
        (ZEROS, [[0, 1], [2, -np.inf]], ValueError, ["Y contains -inf at row 1, column"]),
        (np.full((4, 2), 1e200), ZEROS, ValueError, ["X has a value of size 1e+200"]),
        ("features", ZEROS, TypeError, ["X is a str"]),
        (np.zeros((4, 2), complex), ZEROS, TypeError, ["complex128"]),
        ([[0, 1], [2]], ZEROS, ValueError, ["X is ragged"]),
        (np.ma.masked_less([[0, 1], [2, 3]], 1), ZEROS, TypeError, ["masked"]),
    ],
)
def test_bad_input(X, Y, error, said):
    refused(error, said, lambda: frechet_distance(X, Y))


def test_an_error_knows_its_place():
    bad = np.zeros((5, 2, 3))
    bad[3, 1, 2] = np.inf
    with pytest.raises(ValueError, match="row 3, column 5") as caught:
        frechet_distance(bad, bad)
    assert (caught.value.row, caught.value.column, caught.value.value) == (3, 5, np.inf)
