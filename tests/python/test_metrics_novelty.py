"""Novelty: copies are 0, unseen rows 1, whatever the scale; by a search of all pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import zbins
from helpers import refused
from zbins.metrics import novelty


def by_all_pairs(samples, fitted, held_out):
    def distance(rows):
        return np.linalg.norm(rows[:, None] - fitted, axis=2).min(1).mean()

    return distance(samples) / distance(held_out)


def three_sets(seed, d, sizes=(20, 30, 25)):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, d)) for n in sizes]


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 5, 15, 16, 40]),  # scikit-learn searches from 16 on otherwise
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([0.0, 1e4, 1e8]),
    st.sampled_from([1e-3, 1.0, 1e3]),
)
def test_against_all_pairs(seed, d, sizes, offset, scale):
    samples, fitted, held_out = (scale * rows + offset for rows in three_sets(seed, d, sizes))
    wanted = by_all_pairs(samples, fitted, held_out)
    assert novelty(samples, fitted, held_out) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("d", [2, 50])
def test_known_answers(d):
    _, fitted, held_out = three_sets(0, d)
    assert novelty(fitted[[3, 3, 0]], fitted, held_out) == 0
    assert novelty(fitted + 1e8, fitted, held_out) > 1e6
    assert novelty(1e8 + fitted, 1e8 + fitted, 1e8 + held_out) == 0  # copies far from the origin
    assert novelty(held_out[::-1], fitted, held_out) == pytest.approx(1, rel=1e-14)
    away = np.zeros((1, d))
    away[0, 0] = 3
    assert novelty(7 * away, away, 2 * away) == pytest.approx(6)


@pytest.mark.parametrize("n_bins", [2, 64])
def test_of_a_sampler(n_bins):
    """Coarse bins make what is new; as fine as rows are apart, they copy."""
    fitted, held_out = np.random.default_rng(0).normal(size=(2, 500, 6))
    drawn = zbins.PMFSampler(n_bins).fit(fitted).sample(500, random_state=0)
    found = novelty(drawn, fitted, held_out)
    assert found > 1 if n_bins == 2 else found < 0.3


class OnDevice:
    """As CuPy's arrays, which NumPy cannot take."""

    __cuda_array_interface__ = None

    def __init__(self, rows):
        self._rows = rows

    def get(self):
        return self._rows


@pytest.mark.parametrize(
    "convert",
    [
        np.ndarray.tolist,
        torch.tensor,
        lambda a: torch.tensor(a, requires_grad=True).reshape(-1, 2, 2),
        lambda a: np.ma.masked_array(a)[::1],
        OnDevice,
    ],
)
def test_any_kind_of_array(convert):
    given = three_sets(0, 4)
    found = novelty(*map(convert, given))
    assert isinstance(found, float)
    assert found == pytest.approx(novelty(*given), rel=1e-12)


ROWS = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("samples", "fitted", "held_out", "error", "said"),
    [
        (ROWS[:0], ROWS, ROWS + 1, ValueError, ["samples has the shape (0, 3)", "at least 1"]),
        (ROWS, ROWS[:0], ROWS + 1, ValueError, ["fitted has the shape (0, 3)"]),
        (ROWS, ROWS, ROWS[:0], ValueError, ["held_out has the shape (0, 3)"]),
        (ROWS, ROWS[0], ROWS, ValueError, ["fitted has the shape (3,)"]),
        (ROWS[:, :2], ROWS, ROWS + 1, ValueError, ["samples has 2 columns and fitted has 3"]),
        (ROWS, ROWS, ROWS[:, :1], ValueError, ["held_out has 1 columns and fitted has 3"]),
        (ROWS, ROWS, ROWS[2:], ValueError, ["held_out has 2 row(s)", "has not seen"]),
        (ROWS + np.nan, ROWS, ROWS, ValueError, ["samples contains nan at row 0, column 0"]),
        (ROWS, ROWS, ROWS - np.inf, ValueError, ["held_out contains -inf at row 0, column 0"]),
        (ROWS, 1e101 * ROWS, ROWS, ValueError, ["fitted has a value of size 1.09", "up to 1e+100"]),
        (None, ROWS, ROWS, TypeError, ["samples is a NoneType"]),
        (ROWS, ROWS.astype(str), ROWS, TypeError, ["fitted is a ndarray of dtype <U32"]),
    ],
)
def test_bad_input(samples, fitted, held_out, error, said):
    refused(error, said, lambda: novelty(samples, fitted, held_out))
