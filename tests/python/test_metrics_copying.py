"""Copies among samples: each by its fitted row, and cell by cell; by all pairs and by SciPy."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from helpers import refused
from metric_rows import three_sets, with_copies
from zbins.metrics import authenticity, data_copying


def distances(X, Y):
    return np.linalg.norm(X[:, None] - Y, axis=2)


def authentic_by_all_pairs(samples, fitted):
    between = distances(samples, fitted)
    among = distances(fitted, fitted)
    among[among == 0] = np.inf  # the row itself, and its copies
    return np.mean(between.min(1) > among.min(1)[between.argmin(1)])


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 15, 16]),
    st.tuples(st.integers(1, 40), st.integers(2, 40)),
    st.sampled_from([0.0, 1e8]),
    st.booleans(),
)
def test_authenticity_by_all_pairs(seed, d, sizes, offset, twice):
    rng = np.random.default_rng(seed)
    samples, fitted = (rng.normal(size=(n, d)) + offset for n in sizes)
    samples[: len(fitted) // 2] = fitted[: len(samples[: len(fitted) // 2])]
    if twice:
        fitted = np.concatenate([fitted, fitted])
    found = authenticity(samples, fitted)
    assert found == pytest.approx(authentic_by_all_pairs(samples, fitted))
    assert found.expected is None
    swapped = authenticity(fitted[:1] + 1, fitted, samples)
    assert swapped.expected == found


def test_what_counts_is_the_neighbour_of_the_fitted_row():
    fitted = np.array([[0.0], [1.0], [10.0]])
    assert authenticity([[-0.9]], fitted) == 0  # 0.9 from 0, whose neighbour is 1 away
    assert authenticity([[-1.1]], fitted) == 1
    assert authenticity([[2.5]], fitted) == 1  # 1.5 from 1
    assert authenticity([[18.9]], fitted) == 0  # 8.9 from 10, whose neighbour is 9 away
    assert authenticity([[1.0], [2.0], [2.5], [19.1]], fitted) == 0.5  # as far is not further


@pytest.mark.parametrize(
    ("d", "mutual"),
    [(1, 2 / 3), (2, np.pi / (4 * np.pi / 3 + np.sqrt(3) / 2)), (3, 16 / 27)],
)
def test_unseen_rows_have_a_known_share(d, mutual):
    """Of rows that fill a torus: that two are each other's nearest is a ratio of two volumes."""
    fitted, fresh = np.random.default_rng(0).random((2, 3_000, d))
    around = np.stack(np.meshgrid(*[[-1, 0, 1]] * d), axis=-1).reshape(-1, 1, d)
    tiled = (fitted + around).reshape(-1, d)
    tiled = tiled[(np.abs(tiled - 0.5) < 0.8).all(1)]
    assert authenticity(fresh, tiled) == pytest.approx(1 - mutual, abs=0.03)


@pytest.mark.parametrize("d", [2, 30])
def test_more_copies_are_less_authentic(d):
    samples, fitted, _ = three_sets(0, d, 500)
    found = [
        authenticity(with_copies(samples, fitted, share, 1e-4), fitted)
        for share in (0, 0.1, 0.5, 1)
    ]
    assert found == sorted(found, reverse=True)
    assert found[1] == pytest.approx(0.9 * found[0], abs=0.03)
    assert found[2] == pytest.approx(0.5 * found[0], abs=0.05)
    assert found[3] == 0
    assert authenticity(samples + 100, fitted) == 1


def by_scipy(x, unseen):
    """The z-score of SciPy's test, from its p-value."""
    u, p = scipy.stats.mannwhitneyu(
        x, unseen, method="asymptotic", use_continuity=False, alternative="less"
    )
    assert 0 <= u <= len(x) * len(unseen)
    return scipy.stats.norm.ppf(p)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 15, 16]),
    st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30)),
    st.sampled_from([0.0, 1e8]),
    st.booleans(),
)
def test_one_cell_is_scipys_test(seed, d, sizes, offset, ties):
    rng = np.random.default_rng(seed)
    samples, fitted, held_out = (rng.normal(size=(n, d)) + offset for n in sizes)
    if ties:
        samples, fitted, held_out = (np.round(rows) for rows in (samples, fitted, held_out))
    found = data_copying(samples, fitted, held_out, n_cells=1, min_share=0.01)
    x, unseen = (distances(rows, fitted).min(1) for rows in (samples, held_out))
    if len(np.unique(np.concatenate([x, unseen]))) == 1:
        assert found == 0
    else:
        assert found == pytest.approx(by_scipy(x, unseen), rel=1e-6, abs=1e-6)
    assert found.null_deviation == 1


def islands(sizes, seed, centres=((0, 0), (100, 0), (0, 100))):
    """So many rows around each centre."""
    rng = np.random.default_rng(seed)
    parts = [rng.normal(centre, size=(n, 2)) for n, centre in zip(sizes, centres, strict=True)]
    return np.concatenate(parts)


def test_cells_are_compared_each_by_itself():
    fitted, held_out = islands([100, 80, 60], 0), islands([60, 90, 30], 1)
    samples = islands([50, 40, 10], 2)
    found = data_copying(samples, fitted, held_out, n_cells=3)
    wanted = {}
    for centre in ((0, 0), (100, 0), (0, 100)):
        x, rows, unseen = (
            part[np.linalg.norm(part - centre, axis=1) < 20] for part in (samples, fitted, held_out)
        )
        wanted[len(unseen)] = len(x), len(rows), [distances(a, rows).min(1) for a in (x, unseen)]
    for cell, n in enumerate(found.n_held_out):
        n_samples, n_fitted, pair = wanted[n]
        assert (found.n_samples[cell], found.n_fitted[cell]) == (n_samples, n_fitted)
        if n_samples == 10:
            assert found.left_out == (cell,)
            assert np.isnan(found.z[cell])
            assert found.weights[cell] == 0
        else:
            assert found.z[cell] == pytest.approx(by_scipy(*pair), rel=1e-6)
            assert found.weights[cell] == pytest.approx(n / 150)
    assert found == pytest.approx(np.nansum(found.z * found.weights), rel=1e-12)
    assert found.null_deviation == pytest.approx(np.hypot(60, 90) / 150)
    all_cells = data_copying(samples, fitted, held_out, n_cells=3, min_share=0.01)
    assert all_cells.left_out == ()
    assert not np.isnan(all_cells.z).any()
    assert data_copying(samples, fitted, held_out, n_cells=3, min_share=0.4).left_out != ()


def test_only_fitted_rows_of_the_cell_count():
    fitted = np.array([[-3.0], [0], [3], [10], [10]])  # centres at 0 and 10
    samples, held_out = [[5.5], [10.5]], [[7.0], [9]]
    found = data_copying(samples, fitted, held_out, n_cells=2, min_share=1)
    assert found == 0  # 4.5 and 0.5 from 10, beside 3 and 1; 5.5 is only 2.5 from 3
    assert sorted(found.n_fitted) == [2, 3]


def test_copies_that_stray_elsewhere_are_found_by_cells():
    """Half of the samples copy, half are too far: the whole looks as if neither were so."""
    fitted, held_out, fresh = (islands([300, 300], seed, [(0, 0), (50, 0)]) for seed in range(3))
    left = fresh[:, 0] < 25
    samples = np.where(left[:, None], fitted[np.argmin(distances(fresh, fitted), 1)], 3 * fresh)
    samples[~left] -= (100, 0)
    found = data_copying(samples, fitted, held_out, n_cells=2)
    assert found.z.min() < -10
    assert found.z.max() > 5


@pytest.mark.parametrize("d", [2, 30])
def test_more_copies_move_it_down(d):
    samples, fitted, held_out = three_sets(0, d, 500)
    found = [
        data_copying(with_copies(samples, fitted, share, 1e-3), fitted, held_out, n_cells=2)
        for share in (0, 0.1, 0.5, 1)
    ]
    assert found == sorted(found, reverse=True)
    assert abs(found[0] / found[0].null_deviation) < 3
    assert found[1] / found[1].null_deviation < -1
    assert found[2] < -5
    assert found[3] < -15
    assert data_copying(3 * samples, fitted, held_out, n_cells=1) > 10


def test_a_perfect_sampler_reads_as_a_standard_normal():
    found = [data_copying(*three_sets(seed, 3, 400), n_cells=3) for seed in range(30)]
    scaled = np.array([one / one.null_deviation for one in found])
    assert abs(scaled.mean()) < 0.6
    assert 0.6 < scaled.std() < 1.4


def test_how_many_cells():
    def cells(*given, **settings):
        return data_copying(*given, **settings).settings["n_cells"]

    samples, fitted, held_out = three_sets(0, 2, 500)
    assert cells(samples, fitted, held_out) == 2
    assert cells(samples, fitted, held_out[:150]) == 1
    assert cells(samples, np.repeat(fitted[:1], 500, 0), held_out) == 1  # no more than differ
    assert cells(samples, fitted, held_out, n_cells=np.int64(4)) == 4
    assert cells(*three_sets(0, 1, 10_400)) == 50


def every(seed=0, d=3, n=400):
    samples, fitted, held_out = three_sets(seed, d, n)
    samples[:40] = fitted[:40]
    held_out[:3] = fitted[5:8]
    fitted[100:120] = fitted[120:140]
    return samples, fitted, held_out


def test_order_changes_nothing():
    """With two cells, which k-means finds: 160 rows have one."""
    rows = every()
    found = data_copying(*rows)
    assert len(found.z) == 2
    assert data_copying(*(r[::-1] for r in rows)) == found
    assert data_copying(*(r[np.argsort(r[:, 0])] for r in rows)) == found


@pytest.mark.parametrize(
    "measure",
    [
        lambda samples, fitted, _: authenticity(samples, fitted),
        lambda *rows: data_copying(*rows, n_cells=1),
    ],
)  # the bits of rows are where k-means starts
def test_constant_columns_and_offsets_change_nothing(measure):
    rows = [np.round(r * 1024) / 1024 for r in every()]  # exact with the offset added
    found = measure(*rows)
    assert measure(*(np.insert(r, 1, 7.0, axis=1) for r in rows)) == pytest.approx(found)
    assert measure(*(r + 2.0**27 for r in rows)) == pytest.approx(found, rel=1e-9)


def test_the_seed_places_the_cells():
    rows = every(n=600)
    found = data_copying(*rows, n_cells=5)
    assert data_copying(*rows, n_cells=5, random_state=0) == found
    assert found.seed == 0
    other = data_copying(*rows, n_cells=5, random_state=1)
    assert other != found
    assert other.seed == 1
    assert np.sum(other.n_fitted) == 600
    assert authenticity(*rows[:2]).seed is None


def test_what_is_in_the_results():
    samples, fitted, held_out = every()
    assert authenticity(samples, fitted).rows == {"samples": 400, "fitted": 400}
    found = data_copying(samples, fitted, held_out, min_share=0.2)
    assert found.rows == {"samples": 400, "fitted": 400, "held_out": 400}
    assert found.settings == {"n_cells": 2, "min_share": 0.2}
    again = copy.deepcopy(found)
    assert again == found
    np.testing.assert_array_equal(again.z, found.z)


def test_the_fewest_rows():
    assert authenticity([[0.0]], [[0.0], [1.0]]) == 0
    assert data_copying([[0.0]], [[0.0]], [[1.0]], min_share=1) == -1
    assert data_copying([[1.0]], [[0.0]], [[-1.0]], min_share=1) == 0  # both are equally far


ROWS = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("fitted", "said"),
    [
        (ROWS[:1], ["fitted has 1 row(s)", "at least two that differ"]),
        (ROWS[[1, 1, 1]], ["fitted has 3 row(s), all the same"]),
    ],
)
def test_bad_input_of_authenticity(fitted, said):
    refused(ValueError, said, lambda: authenticity(ROWS, fitted))


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"n_cells": 0}, ValueError, ["n_cells is 0", "at least 1"]),
        ({"n_cells": 5}, ValueError, ["n_cells is 5 and fitted has 4 different row(s)"]),
        ({"n_cells": 2.0}, TypeError, ["n_cells is 2.0", "int"]),
        ({"n_cells": True}, TypeError, ["n_cells is True"]),
        ({"min_share": 0}, ValueError, ["min_share is 0", "above 0 and at most 1"]),
        ({"min_share": 1.5}, ValueError, ["min_share is 1.5"]),
        ({"min_share": np.nan}, ValueError, ["min_share is nan"]),
        ({"min_share": "5%"}, TypeError, ["min_share is '5%' of type str"]),
        ({"min_share": True}, TypeError, ["min_share is True"]),
        (
            {},
            ValueError,
            ["no cell has enough rows: [4] of samples", "20 of held_out are needed", "min_share"],
        ),
    ],
)
def test_bad_input_of_data_copying(settings, error, said):
    rows = {"samples": ROWS, "fitted": ROWS, "held_out": ROWS + 1}
    refused(error, said, lambda: data_copying(**rows | settings))
