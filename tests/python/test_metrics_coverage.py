"""Precision and recall of three kinds: by all pairs, by other people's code, and where they tie."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, comb

import fidelity_oracle
from helpers import refused
from zbins.metrics import density_coverage, prd, precision_recall

BALLS = [precision_recall, density_coverage]
ALL = [*BALLS, prd]


def distances(a, b):
    return np.sqrt(np.square(a[:, None] - b).sum(axis=2))


def radii(rows, k):
    """To the k-th nearest other row: each is its own nearest, at 0."""
    return np.sort(distances(rows, rows), axis=1)[:, k]


def precision_recall_slowly(X, Y, k):
    between = distances(X, Y)
    in_real, in_samples = between <= radii(Y, k), between <= radii(X, k)[:, None]
    return in_real.any(1).mean(), in_samples.any(0).mean()


def expected_fill(n, n_real, k):
    """Of 0 to n good samples, by the beta-binomial distribution as it is written."""
    good, j = np.arange(n + 1)[:, None], np.arange(n + 1)
    among = np.maximum(good - j, 0)
    p = comb(good, j) * np.exp(betaln(j + k, among + n_real - k) - betaln(k, n_real - k))
    return p @ np.minimum(j, k) / k


def share_of_good(filled, n, n_real, k):
    """The share of n samples that is expected to fill the balls so far."""
    known = expected_fill(n, n_real, k)
    for good in range(1, n + 1):
        if known[good] >= filled - 1e-12:
            step = (filled - known[good - 1]) / (known[good] - known[good - 1])
            return min(1, (good - 1 + step) / n)
    return 1


def density_coverage_slowly(X, Y, k):
    between, radius = distances(X, Y), radii(Y, k)
    held = between <= radius
    small = np.where(radius > np.median(radius), np.median(radius), radius)
    of_real = (distances(Y, Y) <= small) & ~np.eye(len(Y), dtype=bool)
    ideal = np.minimum(of_real.sum(1), k).mean()
    clipped = np.minimum((between <= small).sum(1), k).mean() / ideal
    filled = np.minimum(held.sum(0), k).mean() / k
    return (
        held.sum(1).mean() / k,
        held.any(0).mean(),
        min(1, clipped),
        share_of_good(filled, len(X), len(Y), k),
    )


def curve_slowly(p, q, n_angles):
    """Of shares p of real rows and q of samples; and the two largest F."""
    points = []
    for i in range(1, n_angles + 1):
        slope = np.tan(i / (n_angles + 1) * np.pi / 2)
        points.append(
            (
                sum(min(slope * a, b) for a, b in zip(p, q, strict=True)),
                sum(min(a, b / slope) for a, b in zip(p, q, strict=True)),
            )
        )

    def largest(beta):
        return max((1 + beta**2) * a * b / (beta**2 * a + b) if a * b else 0 for a, b in points)

    return points, largest(8), largest(1 / 8)


def normal(seed, n, d, shift=0.0):
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


SEED = st.integers(0, 2**32 - 1)
COLUMNS = st.sampled_from([1, 2, 5, 20])


fewer = settings(max_examples=settings.default.max_examples // 4)


# Whole numbers, and so many equal rows and distances: there is no rounding to hide behind.
@fewer
@given(
    SEED,
    COLUMNS,
    st.integers(1, 6),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([2, 4, 50]),
    st.sampled_from([0.0, -3e8]),
)
def test_against_all_pairs_with_ties(seed, d, k, more_x, more_y, levels, offset):
    rng = np.random.default_rng(seed)
    X = rng.integers(levels, size=(k + more_x, d)) + offset
    Y = rng.integers(levels, size=((k + more_y) | 1, d)) + offset  # the median radius is a row's
    assert precision_recall(X, Y, k=k).value == pytest.approx(
        precision_recall_slowly(X, Y, k), rel=1e-12
    )
    found = density_coverage(X[k:], Y, k=k)
    assert found.value == pytest.approx(density_coverage_slowly(X[k:], Y, k), rel=1e-9, abs=1e-12)


@fewer
@given(SEED, COLUMNS, st.integers(1, 6), st.integers(1, 50), st.floats(0, 4), st.booleans())
def test_against_all_pairs(seed, d, k, more, shift, copies):
    X, Y = normal(seed, k + more, d, shift / np.sqrt(d)), normal(seed + 1, k + 20, d)
    if copies:
        X[::2] = Y[np.arange(len(X[::2])) % len(Y)]
    assert precision_recall(X, Y, k=k).value == pytest.approx(
        precision_recall_slowly(X, Y, k), rel=1e-12
    )
    wanted = density_coverage_slowly(X, Y, k)
    assert density_coverage(X, Y, k=k).value == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 4, 1 << 20])
@pytest.mark.parametrize(("d", "k"), [(1, 2), (6, 5), (3, 100)])
def test_more_rows(d, k, steps):
    """So many that the k-th is looked for among the nearest of blocks."""
    X, Y = normal(0, 520, d, 0.1), normal(1, 900, d)
    X, Y = ((steps * a).round() / steps for a in (X, Y))
    assert precision_recall(X, Y, k=k).value == pytest.approx(
        precision_recall_slowly(X, Y, k), rel=1e-12
    )
    wanted = density_coverage_slowly(X, Y, k)
    assert density_coverage(X, Y, k=k).value == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1e-140, 1e90])
@pytest.mark.parametrize("d", [1, 3, 40])
def test_far_apart(d, scale):
    """Two heaps of rows, far from their common mean: |x|^2 - 2xy + |y|^2 knows nothing there."""
    X, Y = normal(0, 90, d), normal(1, 80, d)
    X[::2] += 1e8
    Y[::2] += 1e8
    X, Y = scale * X, scale * Y
    wanted = precision_recall_slowly(X, Y, 3)
    assert 0.3 < min(wanted) < 1
    assert precision_recall(X, Y).value == pytest.approx(wanted, rel=1e-12)
    wanted = density_coverage_slowly(X, Y, 5)
    assert density_coverage(X, Y).value == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_against_prdc(seed, capsys):
    prdc = pytest.importorskip("prdc")
    X, Y = normal(seed, 150 + 40 * seed, 3 + seed, 0.3), normal(seed + 9, 200, 3 + seed)
    for k in (1, 3, 5):
        wanted = prdc.compute_prdc(real_features=Y, fake_features=X, nearest_k=k)
        pair, four = precision_recall(X, Y, k=k), density_coverage(X, Y, k=k)
        assert 0.1 < min(pair) < 1
        assert pair.value == pytest.approx((wanted["precision"], wanted["recall"]), rel=1e-12)
        assert (four.density, four.coverage) == pytest.approx(
            (wanted["density"], wanted["coverage"]), rel=1e-12
        )
    capsys.readouterr()  # it prints


@pytest.mark.parametrize("k", [1, 3, 10])
def test_against_torch_fidelity(k):
    X, Y = normal(0, 300, 6, 0.4), normal(1, 240, 6)
    wanted = fidelity_oracle.prc(X, Y, k)
    assert precision_recall(X, Y, k=k).value == pytest.approx(wanted, rel=1e-6)


def test_by_hand():
    """Balls of real rows are [-1, 1], [0, 2], [1, 3], [2, 18]; of samples [0, 3], [1.5, 4.5]..."""
    X, Y = np.array([[1.5], [3], [-1], [30]]), np.array([[0], [1], [2], [10]])
    found = precision_recall(X, Y, k=1)
    assert found.value == (0.75, 1.0)
    four = density_coverage(X, Y, k=1)
    assert four.value == (1.25, 1, 1, 1)  # of real rows, 10 lies in no other's ball: 3/4 is all
    assert density_coverage(X[1:], Y, k=1).clipped_density == pytest.approx(2 / 3 / 0.75)
    # One ball of four holds one sample of one. Balls of four rows hold it with 1/4: as expected.
    assert density_coverage([[-0.5]], Y, k=1).value == pytest.approx((1, 0.25, 1, 1))
    assert density_coverage([[50]], Y, k=1).value == (0, 0, 0, 0)


def test_what_is_as_far_as_the_median_is_within_it():
    """The square root of 3, squared, is less than 3."""
    Y = np.array([[0], [1], [50]]) * np.ones(3)
    X = np.array([[2], [-1], [-20], [-30]]) * np.ones(3)
    found = density_coverage(X, Y, k=1)
    assert found.clipped_density == pytest.approx((2 / 4) / (2 / 3), rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize(("d", "offset"), [(1, 0.0), (5, 1e8), (64, 1e4), (9_000, 10.0)])
def test_copies(d, offset, k):
    """Each lies on the borders of k balls: one bit, and density is less than this."""
    X = normal(0, 60, d, offset)
    assert precision_recall(X, X[::-1], k=k).value == (1, 1)
    found = density_coverage(X, X[::-1], k=k)
    assert found.value == pytest.approx((1 + 1 / k, 1, 1, 1), rel=1e-14)
    assert precision_recall(X[[3] * (k + 1)], X, k=k).value == pytest.approx((1, 1 / 60))
    if d < 100:
        assert prd(X, X[::-1], n_runs=2).value == pytest.approx((1, 1), rel=1e-12)


@pytest.mark.parametrize("k", [1, 4, 60])
@pytest.mark.parametrize("d", [1, 6])
def test_duplicates(k, d):
    same = np.full((k + 1, d), 7.0)
    for found in (precision_recall(same, same, k=k), density_coverage(same, same, k=k)):
        assert found.value[1] == 1
        assert min(found.value) == 1
    assert precision_recall(same + 1, same, k=k).value == (0, 0)
    assert density_coverage(same + 1, same, k=k).value == (0, 0, 0, 0)
    spread = normal(0, 100, d)
    often = np.concatenate([spread, np.repeat(spread[:4], k + 1, axis=0)])
    found = precision_recall(often, np.repeat(same, 2, axis=0), k=k)
    assert found.value == pytest.approx(
        precision_recall_slowly(often, np.repeat(same, 2, axis=0), k), rel=1e-12
    )
    other = normal(1, 100, d)
    assert precision_recall(other, often, k=k).value == pytest.approx(
        precision_recall_slowly(other, often, k), rel=1e-12
    )
    held = distances(other, often) <= radii(often, k)
    found = density_coverage(other, often, k=k)
    assert found.density == pytest.approx(held.sum(1).mean() / k, rel=1e-12)
    assert found.coverage == pytest.approx(held.any(0).mean(), rel=1e-12)


@pytest.mark.parametrize(
    ("n", "n_real", "k"), [(1, 2, 1), (7, 301, 300), (700, 40, 5), (90, 21, 20)]
)
def test_clipped_coverage_at_its_ends(n, n_real, k):
    X, Y = normal(0, n, 3), normal(1, n_real, 3)
    wanted = density_coverage_slowly(X, Y, k)
    assert density_coverage(X, Y, k=k).value == pytest.approx(wanted, rel=1e-7)


@pytest.mark.parametrize("n", [100, 300, 900])
@pytest.mark.parametrize("share", [0, 0.2, 0.5, 0.8, 1])
def test_the_clipped_pair_is_the_share_of_good_samples(n, share):
    """Whatever the numbers of rows, though density and coverage are not."""
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, Y = rng.normal(size=(n, 5)), rng.normal(size=(300, 5))
        X[round(share * n) :] += 100
        found.append(density_coverage(X, Y)[2:])
    assert np.mean(found, axis=0) == pytest.approx([share, share], abs=0.06)


def test_clipped_density_is_not_moved_by_a_far_row():
    Y, good = normal(0, 300, 4), normal(1, 200, 4)
    bad = normal(2, 200, 4) * 4 + 30
    X = np.concatenate([good, bad])
    Y[:4] = 25  # fewer than k: their balls hold all that is between, and beyond
    found = density_coverage(X, Y)
    assert found.density > 0.8
    assert found.clipped_density == pytest.approx(0.5, abs=0.05)
    assert precision_recall(X, Y, k=4).precision > 0.9


MODES = 6 * np.eye(8)


def of_modes(seed, n, modes):
    rng = np.random.default_rng(seed)
    return MODES[rng.integers(modes, size=n)] + rng.normal(size=(n, 8))


def directions(X, Y):
    """Fidelity and diversity, by each of them."""
    four = density_coverage(X, Y)
    f8, f1_8 = prd(X, Y, n_runs=3).value
    pairs = [precision_recall(X, Y).value, four.value[:2], four.value[2:], (f1_8, f8)]
    return np.array(pairs).T


def test_known_directions():
    Y = of_modes(0, 400, 8)
    fidelity, diversity = directions(of_modes(1, 400, 8), Y)
    assert min(fidelity.min(), diversity.min()) > 0.8
    fewer, fewest = (directions(of_modes(1, 400, modes), Y) for modes in (4, 1))
    assert np.all(fewer[0] > 0.8)
    assert np.all(fewest[0] > 0.8)
    assert np.all(fewer[1] < diversity - 0.1)
    assert np.all(fewest[1] < fewer[1] - 0.1)
    noise = np.random.default_rng(2).normal(size=(400, 8))
    noisy = directions(of_modes(1, 400, 8) + noise, Y)[0]
    noisier = directions(of_modes(1, 400, 8) + 4 * noise, Y)[0]
    assert np.all(noisy < fidelity)
    assert np.all(noisier < noisy)
    for values in directions(Y + 1000, Y):
        assert not values.any()
    # More copies: none of the four likes them less.
    copied = of_modes(1, 400, 8)
    copied[:200] = Y[:200]
    assert np.all(directions(copied, Y) >= [fidelity - 1e-9, diversity - 1e-9])


@fewer
@given(SEED, st.integers(1, 4), st.integers(2, 6), st.integers(3, 60))
def test_prd_against_the_definition(seed, d, values, n_angles):
    """Rows of a few far values, each of which is a cluster: so the shares are known."""
    rng = np.random.default_rng(seed)
    places = 10.0 * np.arange(values)[:, None] + np.ones(d)
    counts = rng.multinomial(100 - 10 * values, np.full(values, 1 / values), size=2) + 10
    counts[0, 0] += counts[0, 1]  # one that has no samples
    counts[0, 1] = 0
    X, Y = (rng.permutation(np.repeat(places, often, axis=0)) for often in counts)
    found = prd(X, Y, n_clusters=values, n_runs=2, n_angles=n_angles)
    points, f8, f1_8 = curve_slowly(counts[1] / 100, counts[0] / 100, n_angles)
    assert found.precision == pytest.approx([a for a, _ in points], rel=1e-9)
    assert found.recall == pytest.approx([b for _, b in points], rel=1e-9)
    assert found.value == pytest.approx((f8, f1_8), rel=1e-9)


def test_prd_of_half_the_modes():
    """Precision 1 and recall 1/2 at a slope of 2."""
    Y = np.repeat(10.0 * np.eye(4), 50, axis=0)
    X = np.repeat(10.0 * np.eye(4)[:2], 100, axis=0)
    found = prd(X, Y, n_clusters=4, n_angles=20_001)
    assert found.f8 == pytest.approx(65 * 0.5 / 64.5, rel=1e-3)
    assert found.f1_8 == pytest.approx(65 / 64 * 0.5 / (1 / 64 + 0.5), rel=1e-3)
    assert np.all(np.diff(found.precision) >= 0)
    assert np.all(np.diff(found.recall) <= 0)
    other = prd(Y, X, n_clusters=4, n_angles=20_001)
    assert other.value == pytest.approx(found.value[::-1], rel=1e-9)


def test_prd_takes_as_many_of_each():
    X, Y = normal(0, 500, 3), normal(1, 120, 3)
    found = prd(X, Y, n_runs=2)
    for number in (found.f8, found.f1_8):
        assert number.rows == {"X": 120, "Y": 120}
        assert number.settings == {"n_clusters": 20, "n_runs": 2, "n_angles": 1001}
        assert number.seed == 0
    assert prd(Y, X, n_runs=2).f8.rows == {"X": 120, "Y": 120}
    # All of one place first: what is drawn is of both, or else one of the two numbers is near 0.
    places = np.repeat([[0.0], [100.0]], 1000, axis=0)
    assert min(prd(places, places[::10], n_clusters=2).value) > 0.85


def test_prd_draws_by_its_seed():
    X, Y = normal(0, 300, 4), normal(1, 200, 4, 0.3)
    found = prd(X, Y, n_runs=3)
    same = prd(X, Y, n_runs=3, random_state=0)
    assert same.value == found.value
    assert np.array_equal(same.precision, found.precision)
    assert prd(X, Y, n_runs=3, random_state=1).value != found.value


def test_more_clusters_than_different_rows():
    X, Y = np.zeros((30, 2)), np.ones((30, 2))
    assert prd(X, Y).value == (0, 0)
    assert prd(X, X).value == pytest.approx((1, 1))
    assert prd(X[:1], Y[:1], n_clusters=2).value == (0, 0)


@pytest.mark.parametrize("measure", BALLS)
def test_any_order_of_rows(measure):
    """Copies are searched as one row, distances tie, and more than 256 rows are taken by blocks."""
    X, Y = normal(0, 400, 6).round(1), normal(1, 300, 6, 0.2).round(1)
    X[100:200] = X[0]
    found = measure(X, Y).value
    by_column = X[np.argsort(X[:, 0], kind="stable")], Y[np.argsort(Y[:, 1])]
    assert measure(*by_column).value == found
    assert measure(X[::-1], np.random.default_rng(0).permutation(Y)).value == found
    assert measure(X + 0.0, -(0.0 - Y)).value == found  # zeros of both signs


@pytest.mark.parametrize("measure", BALLS)
def test_any_working_memory(measure):
    """Chunks of rows that are taken by blocks, which 256 or fewer are not."""
    X, Y = normal(0, 700, 6).round(1), normal(1, 600, 6, 0.2).round(1)
    with sklearn.config_context(working_memory=1024):
        found = measure(X, Y).value
    for memory in (1, 0.02):  # in chunks of 187 to 218 rows; of 3 or 4
        with sklearn.config_context(working_memory=memory):
            assert measure(X, Y).value == found


@pytest.mark.parametrize("measure", ALL)
def test_offsets_and_constant_columns(measure):
    X, Y = normal(0, 90, 5, 0.5).round(4), normal(1, 80, 5).round(4)
    X, Y = (np.ldexp(np.round(np.ldexp(a, 10)), -10) for a in (X, Y))  # exact at 1e8 too
    found = measure(X, Y).value
    assert 0 < min(found) < 1
    # Other bits are other starts of k-means; the balls are the same.
    near = {"abs": 0.12} if measure is prd else {"rel": 1e-12}
    assert measure(X + 1e8, Y + 1e8).value == pytest.approx(found, **near)
    wider = [np.insert(a, 2, -3e7, axis=1) for a in (X, Y)]
    assert measure(*wider).value == pytest.approx(found, **near)
    one = [a[:, :1] for a in (X, Y)]
    assert min(measure(*one).value) > 0


@pytest.mark.parametrize("measure", BALLS)
def test_what_was_measured(measure):
    for number in measure(normal(0, 9, 6), normal(1, 7, 6), k=6):
        assert number.rows == {"X": 9, "Y": 7}
        assert number.settings == {"k": 6}


ROWS = np.arange(24.0).reshape(8, 3)


def never(rows):
    raise AssertionError("features were asked for before the parameters were looked at")


@pytest.mark.parametrize(
    ("measure", "parameters", "error", "said"),
    [
        *((m, {"k": 0}, ValueError, ["k is 0", "at least 1"]) for m in BALLS),
        *((m, {"k": 2.0}, TypeError, ["k is 2.0", "an int"]) for m in BALLS),
        *((m, {"k": True}, TypeError, ["k is True", "an int"]) for m in BALLS),
        *((m, {"progress": 1}, TypeError, ["progress is 1"]) for m in ALL),
        (prd, {"n_clusters": 1}, ValueError, ["n_clusters is 1", "at least 2"]),
        (prd, {"n_clusters": "20"}, TypeError, ["n_clusters is '20'"]),
        (prd, {"n_runs": 0}, ValueError, ["n_runs is 0", "at least 1"]),
        (prd, {"n_runs": None}, TypeError, ["n_runs is None"]),
        (prd, {"n_angles": 2}, ValueError, ["n_angles is 2", "at least 3"]),
    ],
)
def test_bad_parameters(measure, parameters, error, said):
    refused(error, said, lambda: measure(ROWS, ROWS, features=never, **parameters))


@pytest.mark.parametrize(
    ("measure", "X", "Y", "parameters", "said"),
    [
        (precision_recall, ROWS[:3], ROWS, {}, ["k is 3 and X has 3 row(s)", "more than k"]),
        (precision_recall, ROWS, ROWS, {"k": 8}, ["k is 8 and X has 8 row(s)"]),
        (precision_recall, ROWS, ROWS[:7], {"k": 7}, ["k is 7 and Y has 7 row(s)"]),
        (density_coverage, ROWS, ROWS[:5], {}, ["k is 5 and Y has 5 row(s)", "more than k"]),
        (prd, ROWS, ROWS, {}, ["n_clusters is 20 for 8 rows of X and 8 of Y", "from 2 to 16"]),
        (prd, ROWS, ROWS[:1], {"n_clusters": 3}, ["n_clusters is 3 for 1", "from 2 to 2"]),
    ],
)
def test_too_few_rows(measure, X, Y, parameters, said):
    refused(ValueError, said, lambda: measure(X, Y, **parameters))
