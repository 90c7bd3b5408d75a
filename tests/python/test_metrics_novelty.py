"""Novelty, copied shares and closest records: by a search of all pairs, and planted copies."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import zbins
from helpers import refused
from zbins.metrics import (
    copied_share,
    distance_to_closest_record,
    memorization_score,
    novelty,
)


def all_pairs(rows, others):
    return np.linalg.norm(rows[:, None] - others, axis=2)


def to_nearest(rows, fitted):
    return all_pairs(rows, fitted).min(1)


def to_nearest_different(rows, fitted):
    distance = all_pairs(rows, fitted)
    return np.where(distance == 0, np.inf, distance).min(1)


def three_sets(seed, d, sizes=(20, 30, 25)):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, d)) for n in sizes]


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 5, 15, 16, 40]),  # scikit-learn searches from 16 on otherwise
    st.tuples(st.integers(1, 40), st.integers(2, 31), st.integers(1, 40)),
    st.sampled_from([0.0, 1e4, 1e8]),
    st.sampled_from([1e-3, 1.0, 1e3]),
    st.integers(0, 3),
)
def test_against_all_pairs(seed, d, sizes, offset, scale, shared):
    samples, fitted, held_out = (scale * rows + offset for rows in three_sets(seed, d, sizes))
    shared = min(shared, len(held_out) // 2, len(fitted) - 1)
    held_out[:shared] = fitted[:shared]
    near, unseen = to_nearest(samples, fitted), to_nearest_different(held_out, fitted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of repeated rows
        found = novelty(samples, fitted, held_out)
    assert found == pytest.approx(near.mean() / unseen.mean(), rel=1e-9)
    assert found.expected == pytest.approx(to_nearest(held_out, fitted).mean() / unseen.mean())
    assert found.median == pytest.approx(np.median(near) / np.median(unseen), rel=1e-9)
    assert (found.distance, found.unseen_distance) == pytest.approx((near.mean(), unseen.mean()))
    assert found.n_duplicates == shared
    score = memorization_score(samples, fitted, held_out)
    assert score == pytest.approx(near.mean())
    assert score.expected == pytest.approx(to_nearest(held_out, fitted).mean())
    assert memorization_score(samples, fitted).expected is None
    closest = distance_to_closest_record(samples, fitted)
    assert closest == pytest.approx(np.median(near), rel=1e-9)
    assert closest.quantile_5 == pytest.approx(np.quantile(near, 0.05), rel=1e-9)
    assert closest.closer_share is None


@pytest.mark.parametrize("d", [2, 50])
def test_known_answers(d):
    _, fitted, held_out = three_sets(0, d)
    assert novelty(fitted[[3, 3, 0]], fitted, held_out) == 0
    assert novelty(fitted + 1e8, fitted, held_out) > 1e6
    assert novelty(1e8 + fitted, 1e8 + fitted, 1e8 + held_out) == 0  # copies far from the origin
    assert novelty(held_out[::-1], fitted, held_out) == 1
    away = np.zeros((1, d))
    away[0, 0] = 3
    assert novelty(7 * away, away, 2 * away) == pytest.approx(6)


def by_rank(near, unseen, share):
    """Where the limit would be if the held-out rows were the quantiles of the law themselves."""
    place = share * (len(unseen) + 1)
    low = int(place)
    ordered = np.sort(unseen)
    upper = ordered[min(low, len(ordered) - 1)]
    limit = ordered[low - 1] + (place - low) * (upper - ordered[low - 1])
    return (near < limit).mean(), limit


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 20]), st.sampled_from([0.01, 0.05, 0.5]))
def test_copied_share_against_all_pairs(seed, d, share):
    samples, fitted, held_out = three_sets(seed, d, (50, 31, 150))
    samples[::7] = fitted[0]
    near, unseen = to_nearest(samples, fitted), to_nearest(held_out, fitted)
    wanted, limit = by_rank(near, unseen, share)
    found = copied_share(samples, fitted, held_out, share=share)
    assert found == pytest.approx(wanted)
    assert found.threshold == pytest.approx(limit)
    assert found.expected == share
    assert found.n_exact == len(samples[::7])


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("planted", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("d", [2, 16, 64])
def test_planted_copies(planted, noise, d):
    """Ten per cent of copies read 11: those, and one of a hundred of the others."""
    rng = np.random.default_rng(d)
    samples, fitted, held_out = rng.normal(size=(3, 4_000, d))
    if d == 2:  # where rows lie close together, slight noise is no copy
        noise /= 1_000
    copies = int(planted * len(samples))
    samples[:copies] = fitted[:copies] + noise * rng.normal(size=(copies, d))
    found = copied_share(samples, fitted, held_out)
    assert found == pytest.approx(planted + 0.01 * (1 - planted), abs=0.02)
    assert found.interval[0] <= planted + 0.01 * (1 - planted) + 0.005
    assert found.interval[0] <= found <= found.interval[1]
    of_novelty = novelty(samples, fitted, held_out)
    assert of_novelty.copied_share == found
    assert of_novelty == pytest.approx(1 - planted, abs=0.1)


def test_what_a_mean_hides():
    """Half of the samples are copies and the others too far away: the mean says 1."""
    rng = np.random.default_rng(0)
    samples, fitted, held_out = rng.normal(size=(3, 2_000, 16))
    samples[:1_000] = fitted[:1_000]
    samples[1_000:] *= 2.1
    found = novelty(samples, fitted, held_out)
    assert found == pytest.approx(1, abs=0.1)
    assert found.copied_share > 0.49
    assert found.median < 0.7


def test_unseen_rows_are_one():
    """One per cent is right on average, and the intervals hold what they say."""
    shares, held_one, held_share, means = [], 0, 0, []
    for seed in range(60):
        samples, fitted, held_out = three_sets(seed, 6, (400, 400, 199))
        found = novelty(samples, fitted, held_out, random_state=seed)
        means.append(found)
        shares.append(found.copied_share)
        held_one += found.interval[0] <= 1 <= found.interval[1]
        held_share += found.copied_share.interval[0] <= 0.01 <= found.copied_share.interval[1]
    assert np.mean(means) == pytest.approx(1, abs=0.01)
    assert np.mean(shares) == pytest.approx(0.01, abs=0.003)
    assert 48 <= held_one <= 60
    assert held_share >= 48


def test_more_copies_are_less_new():
    rng = np.random.default_rng(1)
    fresh, fitted, held_out = rng.normal(size=(3, 500, 8))
    before = (np.inf, -1.0)
    for copies in range(0, 501, 100):
        samples = np.concatenate([fitted[:copies], fresh[copies:]])
        found = novelty(samples, fitted, held_out)
        assert found < before[0]
        assert found.copied_share > before[1]
        before = (found, found.copied_share)


@pytest.mark.parametrize("factor", [1.1, 2.0, 10.0])
def test_noise_is_further_than_new(factor):
    samples, fitted, held_out = three_sets(3, 8, (500, 500, 500))
    assert novelty(factor * samples, fitted, held_out) > 1.02


def test_closer_to_what_was_fitted():
    rng = np.random.default_rng(0)
    samples, fitted, held_out = rng.normal(size=(3, 1_000, 8))
    assert distance_to_closest_record(samples, fitted, held_out).closer_share == pytest.approx(
        0.5, abs=0.05
    )
    assert distance_to_closest_record(fitted, fitted, held_out).closer_share == 1
    assert distance_to_closest_record(held_out, fitted, held_out).closer_share == 0
    assert distance_to_closest_record(fitted, fitted, fitted).closer_share == 0.5  # all ties
    # Three times as many fitted rows are closer by their number alone.
    found = distance_to_closest_record(samples, rng.normal(size=(3_000, 8)), held_out)
    assert found.closer_share == pytest.approx(0.5, abs=0.05)
    assert found.rows == {"samples": 1_000, "fitted": 3_000, "held_out": 1_000}
    assert found.settings["compared_with"] == 1_000
    assert found == pytest.approx(
        distance_to_closest_record(samples, rng.normal(size=(3_000, 8))), rel=0.05
    )


def test_heaps_far_apart():
    """In many columns, where squares that are subtracted tell nothing of what is near."""
    samples, fitted, held_out = three_sets(0, 40, (60, 80, 70))
    for rows in (samples, fitted, held_out):
        rows[::2] += 1e8
    wanted = to_nearest(samples, fitted).mean() / to_nearest(held_out, fitted).mean()
    assert novelty(samples, fitted, held_out) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("d", [1, 3, 15, 16, 40])
@pytest.mark.parametrize("kind", ["one far away", "heaps", "all sizes"])
def test_copies_among_rows_far_apart(d, kind):
    """Moved to their mean, rows may round away: a copy is found all the same."""
    rng = np.random.default_rng(d)
    fitted, held_out = rng.normal(size=(2, 300, d))
    if kind == "one far away":
        fitted[0] = 1e20
    elif kind == "heaps":
        fitted, held_out = 1e-9 * fitted, 1e-9 * held_out
        fitted[::2] += 1e6
    else:
        fitted = 10 ** rng.uniform(-9, 9, (300, d))
    found = novelty(fitted[1:], fitted, held_out)
    assert found == 0
    assert found.copied_share.n_exact == 299
    near = to_nearest(held_out, fitted).mean()
    assert memorization_score(held_out, fitted) == pytest.approx(near, rel=1e-9)


def test_a_sparse_column_does_not_supply_the_distance():
    """Where it is mostly 0, quartiles and quantiles say little of its scale."""
    for seed in range(8):
        samples, fitted, held_out = (
            np.c_[
                (rng := np.random.default_rng([seed, i])).normal(size=(2_000, 9)),
                np.where(rng.random(2_000) < 0.0055, rng.lognormal(8, 1, 2_000), 0),
            ]
            for i in range(3)
        )
        found = novelty(samples, fitted, held_out, standardize=True)
        assert found == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("n_bins", [2, 64])
def test_of_a_sampler(n_bins):
    """Coarse bins make what is new; as fine as rows are apart, they copy."""
    fitted, held_out = np.random.default_rng(0).normal(size=(2, 500, 6))
    drawn = zbins.PMFSampler(n_bins).fit(fitted).sample(500, random_state=0)
    found = novelty(drawn, fitted, held_out)
    assert found > 1 if n_bins == 2 else found < 0.3


def test_rows_that_come_twice():
    """Every held-out row has its twin among the fitted ones: copies are copies all the same."""
    samples, distinct, _ = three_sets(0, 8, (400, 400, 1))
    assert_warned = pytest.warns(UserWarning, match="400 of the 400 rows of held_out are rows of")
    with assert_warned:
        found = novelty(samples, distinct, distinct)
    assert found == pytest.approx(1, abs=0.05)
    assert found.n_duplicates == 400
    with pytest.warns(UserWarning, match="sure that the sampler has not seen them"):
        assert novelty(distinct, distinct, distinct) == 0
    with pytest.warns(UserWarning, match="400 of the 400"):
        found = copied_share(distinct, distinct, distinct)
    assert found == 1
    assert found.threshold > 0


def test_distances_whose_squares_are_nothing():
    rows = 1e-170 * np.random.default_rng(0).normal(size=(3, 50, 3))
    rows[1, 0] = 1
    refused(ValueError, ["the square of their distance is 0"], lambda: novelty(*rows))


def test_repeated_rows():
    """Some rows come a thousand times, fitted and held out: the number is that of all pairs."""
    rng = np.random.default_rng(0)
    distinct = rng.normal(size=(40, 3))
    fitted = np.concatenate([np.repeat(distinct[:2], 1_000, 0), distinct])
    held_out = np.concatenate([np.repeat(distinct[:1], 10, 0), rng.normal(size=(15, 3))])
    samples = rng.normal(size=(30, 3))
    wanted = to_nearest(samples, fitted).mean() / to_nearest_different(held_out, fitted).mean()
    with pytest.warns(UserWarning, match="10 of the 25 rows"):
        found = novelty(samples, fitted, held_out)
    assert found == pytest.approx(wanted)
    assert found.interval is found.median_interval is None  # 25 rows say nothing of their spread


@pytest.mark.parametrize("kind", ["repeated", "binary", "rounded"])
def test_a_perfect_sampler_of_repeated_rows(kind):
    """It repeats rows too: it reads what is expected, and a copycat far from it."""
    rng = np.random.default_rng(0)
    few = rng.normal(size=(50, 6))
    samples, fitted, held_out = (
        {
            "repeated": lambda: np.where(
                rng.random((2_000, 1)) < 0.3,
                few[rng.integers(0, 50, 2_000)],
                rng.normal(size=(2_000, 6)),
            ),
            "binary": lambda: (rng.random((2_000, 20)) < 0.15).astype(float),
            "rounded": lambda: rng.normal(size=(2_000, 2)).round(1),
        }[kind]()
        for _ in range(3)
    )
    with pytest.warns(UserWarning, match=r"of the 2000 rows of held_out .* `expected`"):
        found = novelty(samples, fitted, held_out)
    assert found.expected < 0.9
    assert found == pytest.approx(found.expected, abs=0.05)
    assert found.copied_share == pytest.approx(found.copied_share.expected, abs=0.03)
    assert found.copied_share.n_duplicates == found.n_duplicates > 200
    with pytest.warns(UserWarning, match="rows of held_out"):
        found = novelty(fitted, fitted, held_out)
    assert (found, found.copied_share) == (0, 1)


def test_ties_at_the_limit_are_no_copies():
    """On a grid many distances are the limit itself: what is as far as unseen rows is no copy."""
    fitted = np.arange(0, 2_000.0, 10)[:, None]
    held_out = fitted[:150] + 3
    assert copied_share(held_out, fitted, held_out) == 0
    assert copied_share(fitted + 2, fitted, held_out) == 1
    assert copied_share(held_out, fitted, held_out).expected == 0
    samples, fitted, held_out = np.random.default_rng(0).integers(0, 10, (3, 2_000, 4))
    with pytest.warns(UserWarning, match="rows of held_out"):
        found = copied_share(samples, fitted, held_out, share=0.3)
    assert found == pytest.approx(found.expected, abs=0.03)


def test_one_column_that_decides():
    """Copies in all other columns are not seen, which is said; scaled, they are."""
    rng = np.random.default_rng(0)
    samples, fitted, held_out = rng.normal(size=(3, 1_000, 16)) * np.r_[1_000, np.ones(15)]
    copies = fitted.copy()
    copies[:, 0] = samples[:, 0]
    for metric in (novelty, copied_share):
        with pytest.warns(UserWarning, match=r"column 0 has 100.0% .* standardize=True"):
            metric(copies, fitted, held_out)
    assert novelty(copies, fitted, held_out, standardize=True) < 0.5
    assert novelty(samples, fitted, held_out, standardize=True) == pytest.approx(1, abs=0.05)
    for rows in (samples, fitted, held_out):
        rows[:, 0] /= 1_000
    fitted[0, 3] = 1e6  # one row decides nothing, nor does it make a scale
    assert novelty(samples, fitted, held_out) == pytest.approx(1, abs=0.05)
    assert novelty(samples, fitted, held_out, standardize=True) == pytest.approx(1, abs=0.05)


def by_scales(rows, fitted):
    scales = []
    for column in fitted.T:
        first, middle, third = np.quantile(column, [0.25, 0.5, 0.75], method="nearest")
        others = column[column != middle]
        if len(others) > len(column) / 2:
            scales.append((third - first) / 1.349)
        elif len(others):
            low, high = np.quantile(others, [0.05, 0.95])
            scales.append(np.clip(column, min(low, middle), max(high, middle)).std())
        else:
            scales.append(1)
    return rows / scales


@pytest.mark.parametrize("kind", ["normal", "binary", "far", "constant", "rare", "heavy"])
def test_standardized(kind):
    rng = np.random.default_rng(0)
    samples, fitted, held_out = rng.normal(size=(3, 600, 4))
    column = {
        "normal": lambda n: 1e3 * rng.normal(size=n),
        "binary": lambda n: 1.0 * (rng.random(n) < 0.1),
        "far": lambda n: np.where(np.arange(n) == 5, 1e4, rng.random(n) < 0.1),
        "constant": lambda n: np.full(n, 7.0),
        "rare": lambda n: 100.0 * (np.arange(n) == 5),
        "heavy": lambda n: rng.standard_cauchy(n),
    }[kind]
    for rows in (samples, fitted, held_out):
        rows[:, 2] = column(len(rows))
    near, unseen = (
        to_nearest(by_scales(rows, fitted), by_scales(fitted, fitted))
        for rows in (samples, held_out)
    )
    found = novelty(samples, fitted, held_out, standardize=True)
    assert found == pytest.approx(near.mean() / unseen.mean())
    assert found.settings == {"standardize": True}
    closest = distance_to_closest_record(samples, fitted, standardize=True)
    assert closest == pytest.approx(np.median(near))
    # Units do not matter any more.
    units = np.array([1e-3, 1, 1e4, 1e9])
    again = novelty(samples * units, fitted * units, held_out * units, standardize=True)
    assert again == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("metric", [novelty, copied_share, distance_to_closest_record])
def test_any_order_and_seed(metric):
    """Not even the bootstrap depends on the order; samples of mixtures come sorted."""
    given = three_sets(0, 8, (150, 170, 120))
    found = metric(*given)
    again = metric(*(rows[np.argsort(rows[:, 0])] for rows in given))
    assert repr(again) == repr(found)
    assert repr(metric(*given, random_state=np.random.RandomState(0))) != repr(found)
    assert repr(metric(*given, random_state=1)) != repr(found)
    assert repr(pickle.loads(pickle.dumps(found))) == repr(found)


def test_what_is_told():
    found = novelty(*three_sets(0, 8, (150, 170, 120)), features="latents", random_state=3)
    assert found.rows == {"samples": 150, "held_out": 120, "fitted": 170}
    assert (found.n_features, found.features, found.seed) == (8, "latents", 3)
    assert found.interval[0] < found.value < found.interval[1]
    assert found.median_interval[0] <= found.median <= found.median_interval[1]
    assert f"{found:.3f}" == f"{found.value:.3f}"
    few = novelty(*three_sets(0, 8, (150, 170, 98)))
    assert few.copied_share is None


def never(rows):
    raise AssertionError("parameters are looked at first")


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
        (ROWS, ROWS[:1], ROWS[:1], ValueError, ["fitted has 1 row(s)", "two different rows"]),
        (ROWS + np.nan, ROWS, ROWS, ValueError, ["samples contains nan at row 0, column 0"]),
        (ROWS, ROWS, ROWS - np.inf, ValueError, ["held_out contains -inf at row 0, column 0"]),
        (ROWS, 1e101 * ROWS, ROWS, ValueError, ["fitted has a value of size 1.09", "up to 1e+100"]),
        (None, ROWS, ROWS, TypeError, ["samples is a NoneType"]),
        (ROWS, ROWS.astype(str), ROWS, TypeError, ["fitted is a ndarray of dtype <U32"]),
    ],
)
def test_bad_input(samples, fitted, held_out, error, said):
    refused(error, said, lambda: novelty(samples, fitted, held_out))


@pytest.mark.parametrize(
    ("metric", "options", "error", "said"),
    [
        (
            novelty,
            {"standardize": 1, "features": never},
            TypeError,
            ["standardize is 1", "True and False"],
        ),
        (copied_share, {"standardize": None, "share": 0.5}, TypeError, ["standardize is None"]),
        (distance_to_closest_record, {"standardize": "yes"}, TypeError, ["standardize is 'yes'"]),
        (copied_share, {}, ValueError, ["held_out has 25 rows", "at least 99"]),
        (copied_share, {"share": 0.03}, ValueError, ["held_out has 25 rows", "at least 33"]),
        (copied_share, {"share": 0.99}, ValueError, ["held_out has 25 rows", "or all"]),
        (copied_share, {"share": 0}, ValueError, ["share is 0", "above 0 and at most 1"]),
        (copied_share, {"share": 1}, ValueError, ["share is 1", "below 1"]),
        (copied_share, {"share": 1e-310}, ValueError, ["held_out has 25 rows", "at least inf"]),
        (copied_share, {"share": 10**400}, ValueError, ["share is 1000", "must be finite"]),
        (copied_share, {"share": 1.5}, ValueError, ["share is 1.5"]),
        (copied_share, {"share": "1 %"}, TypeError, ["share is '1 %'"]),
        (copied_share, {"share": np.nan}, ValueError, ["share is nan"]),
        (novelty, {"random_state": -1}, ValueError, ["random_state is -1"]),
        (novelty, {"random_state": "seed"}, TypeError, ["random_state is 'seed'"]),
        (novelty, {"features": 3}, TypeError, ["features is 3", "a name"]),
        (novelty, {"features": lambda rows: rows[:2]}, ValueError, ["features gave (2, 4)", "20"]),
        (novelty, {"features": lambda rows: None}, ValueError, ["features gave NoneType"]),
        (novelty, {"progress": "yes"}, TypeError, ["progress is 'yes'"]),
    ],
)
def test_bad_options(metric, options, error, said):
    refused(error, said, lambda: metric(*three_sets(0, 4), **options))


def test_features_of_all_three():
    """A callable is asked once for each, and its name is told."""

    def lengths(rows):
        seen.append(len(rows))
        return np.linalg.norm(rows, axis=1, keepdims=True)

    seen: list[int] = []
    given = three_sets(0, 4)
    found = novelty(*given, features=lengths)
    assert found.features == "test_features_of_all_three.<locals>.lengths"
    assert sorted(seen) == [20, 25, 30]
    assert found.n_features == 1
    assert found == novelty(*(np.linalg.norm(rows, axis=1, keepdims=True) for rows in given))
