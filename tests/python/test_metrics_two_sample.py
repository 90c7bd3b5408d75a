"""MMD, 1-NN accuracy and C2ST: slow definitions, known powers, and what must not change them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import norm
from sklearn.metrics.pairwise import rbf_kernel

from helpers import refused
from zbins.metrics import c2st, mmd, one_nn_accuracy

ALL = [mmd, one_nn_accuracy, c2st]


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def mmd_by_all_pairs(X, Y, h):
    """Unbiased and biased, by scikit-learn's kernel."""
    xx, yy, xy = (rbf_kernel(a, b, 1 / (2 * h**2)) for a, b in ((X, X), (Y, Y), (X, Y)))
    n, m = len(X), len(Y)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return within - 2 * xy.mean(), xx.mean() + yy.mean() - 2 * xy.mean()


def nearest_kind_by_all_pairs(X, Y):
    """The shares of both, a row at a time."""
    both, kind = np.concatenate([X, Y]), np.r_[np.zeros(len(X)), np.ones(len(Y))]
    right = []
    for i, row in enumerate(both):
        away = np.square(both - row).sum(1)
        away[i] = np.inf
        right.append(np.mean(kind[away == away.min()] == kind[i]))
    return np.mean(right[: len(X)]), np.mean(right[len(X) :])


# MMD


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 20),
    st.integers(2, 30),
    st.integers(2, 30),
    st.sampled_from([0.1, 1.0, 30.0]),
)
def test_mmd_against_all_pairs(seed, d, n, m, h):
    X, Y = normal(seed, n, d), 0.5 + normal(seed + 1, m, d)
    found = mmd(X, Y, bandwidth=h)
    assert (found, found.biased) == pytest.approx(mmd_by_all_pairs(X, Y, h), abs=1e-12)
    assert (found.bandwidth, found.settings, found.seed) == (h, {"bandwidth": (h,)}, None)
    assert mmd(Y, X, bandwidth=h) == pytest.approx(found, abs=1e-12)
    several = mmd(X, Y, bandwidth=[h, 2 * h])
    wanted = (mmd_by_all_pairs(X, Y, h)[0] + mmd_by_all_pairs(X, Y, 2 * h)[0]) / 2
    assert several == pytest.approx(wanted, abs=1e-12)
    assert several.bandwidth == (h, 2 * h)


def test_mmd_of_few_points():
    found = mmd([[0.0], [1.0]], [[2.0], [2.0]], bandwidth=1)
    k = np.exp(-(np.arange(3) ** 2) / 2)
    assert found == pytest.approx(k[1] + k[0] - (k[2] + k[1]), rel=1e-12)
    assert found.biased == pytest.approx((1 + k[1]) / 2 + 1 - (k[2] + k[1]), rel=1e-12)


def test_mmd_of_normal_distributions():
    """E k(x, y) is (h^2 / (h^2 + 2))^(d/2) exp(-c^2 / (2 (h^2 + 2))) for a shift c."""
    X, Y = normal(0, 2_000, 3), normal(1, 2_000, 3) + np.eye(3)[0]
    h = 1.5
    wanted = 2 * (h**2 / (h**2 + 2)) ** 1.5 * (1 - np.exp(-1 / (2 * (h**2 + 2))))
    assert mmd(X, Y, bandwidth=h) == pytest.approx(wanted, rel=0.15)


def test_mmd_is_unbiased():
    """Its mean over many draws of one distribution is 0; the biased one's is not."""
    found = [mmd(*normal(seed, 2, 10, 2), bandwidth=1) for seed in range(300)]
    error = np.std(found) / np.sqrt(300)
    assert abs(np.mean(found)) < 4 * error
    assert np.mean([value.biased for value in found]) > 20 * error


def test_median_bandwidth():
    X, Y = normal(0, 40, 3), normal(1, 30, 3)
    found = mmd(X, Y)
    assert found.bandwidth == pytest.approx(np.median(pdist(np.concatenate([X, Y]))), rel=1e-12)
    assert found.settings == {"bandwidth": "median"}
    assert found.seed is None
    X, Y = normal(0, 1_500, 3), normal(1, 1_500, 3)  # more than it takes
    found, other = mmd(X, Y), mmd(X, Y, random_state=1)
    assert (found.seed, other.seed) == (0, 1)
    assert found.rows == {"X": 1_500, "Y": 1_500}
    assert found.bandwidth == pytest.approx(np.median(pdist(X)), rel=0.03)
    assert found.bandwidth != other.bandwidth
    assert found == pytest.approx(mmd(X, Y, bandwidth=found.bandwidth), abs=1e-14)


@pytest.mark.parametrize("apart", [1e3, 1e8])
def test_mmd_of_modes_that_lie_far_apart(apart):
    """Where products cancel, differences do not."""
    X, Y = normal(0, 40, 3), 0.5 + normal(1, 30, 3)
    X[:20] += apart
    Y[:15] += apart
    wanted = sum(
        [
            np.exp(-pdist(X, "sqeuclidean") / 2).sum() * 2 / (40 * 39),
            np.exp(-pdist(Y, "sqeuclidean") / 2).sum() * 2 / (30 * 29),
            -2 * np.exp(-np.square(X[:, None] - Y).sum(2) / 2).mean(),
        ]
    )
    assert mmd(X, Y, bandwidth=1) == pytest.approx(wanted, abs=1e-12)


def test_bandwidths_of_any_size():
    X, Y = normal(0, 9, 2), normal(1, 9, 2)
    assert mmd(X, Y, bandwidth=1e-300).value == 0
    assert mmd(X, Y, bandwidth=1e300) == pytest.approx(0, abs=1e-15)
    assert mmd(1e99 * X, 1e99 * Y) == pytest.approx(mmd(X, Y), rel=1e-9)
    assert mmd(X, Y, bandwidth=np.array([1, 2])).value == mmd(X, Y, bandwidth=(1, 2)).value


# 1-NN accuracy


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2, 3, 20]),
    st.integers(2, 25),
    st.sampled_from([0, 2, 100]),
)
def test_one_nn_against_all_pairs(seed, d, n, steps):
    """Also on grids, where rows are equal and neighbours tie."""
    X, Y = normal(seed, n, d), normal(seed + 1, n, d)
    if steps:
        X, Y = np.round(steps * X), np.round(steps * Y)
    found = one_nn_accuracy(X, Y)
    wanted = nearest_kind_by_all_pairs(X, Y)
    assert (found.on_samples, found.on_real) == pytest.approx(wanted, rel=1e-12)
    assert found == pytest.approx(np.mean(wanted), rel=1e-12)
    other = one_nn_accuracy(Y, X)
    assert (other.on_samples, other.on_real) == pytest.approx(wanted[::-1], rel=1e-12)


def test_one_nn_knows_copies_and_strangers():
    Y = normal(0, 50, 4)
    assert one_nn_accuracy(Y[::-1], Y).value == 0
    assert one_nn_accuracy(Y + 1e-9, Y) == 0
    assert one_nn_accuracy(Y + 100, Y).value == 1
    assert one_nn_accuracy(1e8 + Y, 1e8 + Y).value == 0
    ones = np.ones((5, 3))
    assert one_nn_accuracy(ones, ones) == pytest.approx(4 / 9, rel=1e-12)  # (n - 1) / (2 n - 1)


def test_one_nn_where_all_tie():
    """Rows of an identity: each is as far from all others."""
    eye = np.eye(40)
    found = one_nn_accuracy(eye[:20], eye[20:])
    assert (found.on_samples, found.on_real) == pytest.approx((19 / 39, 19 / 39), rel=1e-12)


def test_one_nn_of_one_distribution():
    found = [one_nn_accuracy(*normal(seed, 2, 20, 3)) for seed in range(200)]
    assert np.mean(found) == pytest.approx(19 / 39, abs=4 * np.std(found) / np.sqrt(200))


def test_one_nn_sees_lost_modes():
    Y = normal(0, 300, 4)
    Y[:150] += 20
    found = one_nn_accuracy(normal(1, 300, 4), Y)
    # Where they are, there are twice as many samples as real rows; where they are not, none.
    assert found.on_samples == pytest.approx(2 / 3, abs=0.06)
    assert found.on_real == pytest.approx((1 / 3 + 1) / 2, abs=0.06)
    more = [one_nn_accuracy(np.r_[Y[:k], normal(2, 300 - k, 4)], Y) for k in (0, 100, 200, 300)]
    assert more == sorted(more, reverse=True)  # copies


def test_one_nn_draws_the_larger_down():
    X, Y = normal(0, 80, 2), normal(1, 30, 2)
    found, other = one_nn_accuracy(X, Y), one_nn_accuracy(X, Y, random_state=5)
    assert found.rows == {"X": 30, "Y": 30}
    assert (found.seed, other.seed) == (0, 5)
    assert found.value != other.value
    assert one_nn_accuracy(X, normal(2, 80, 2)).seed is None


# C2ST


@pytest.mark.parametrize(("d", "shift"), [(2, 0.5), (2, 1.0), (20, 1.0), (64, 2.0)])
def test_c2st_has_the_power_that_there_is(d, shift):
    """The best AUC for a shift is Phi(shift / sqrt(2)), most of which few rows are enough for."""
    X, Y = normal(0, 1_500, d), normal(1, 1_500, d) + shift / np.sqrt(d)
    best = norm.cdf(shift / np.sqrt(2))
    found = c2st(X, Y)
    assert best - 0.06 < found < best + 0.03
    assert found.interval[0] < found < found.interval[1]
    assert found.accuracy == pytest.approx(norm.cdf(shift / 2), abs=0.06)


def test_c2st_of_a_mixture_that_comes_in_order():
    """Component after component, as GaussianMixture gives its samples: halves are still alike."""
    modes = np.repeat(10 * normal(2, 5, 3), 200, axis=0)
    X, Y = modes + normal(0, 1_000, 3), modes + normal(1, 1_000, 3)
    assert c2st(X, Y) == pytest.approx(0.5, abs=0.06)
    assert c2st(X + 1, Y) > 0.65


def test_c2st_of_one_distribution():
    found = [c2st(*normal(seed, 2, 300, 3)) for seed in range(8)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.04)


def test_c2st_knows_strangers_and_does_not_know_copies():
    fitted, Y = normal(0, 2, 500, 3)
    assert c2st(fitted, Y) == pytest.approx(0.5, abs=0.08)  # as good as any sampler can be
    told = c2st(Y + 50, Y)
    assert (told.value, told.accuracy) == (1, 1)
    assert 0.9 < told.interval[0] < told.interval[1] == 1  # of 250 and 250, none is sure


def test_interval_of_c2st():
    """Its ends are where Hanley and McNeil's deviation reaches back to the area."""
    found = c2st(normal(0, 200, 2), 0.8 + normal(1, 200, 2))
    for end in found.interval:
        q1, q2 = end / (2 - end), 2 * end**2 / (1 + end)
        var = (end * (1 - end) + 99 * (q1 - end**2 + q2 - end**2)) / 100**2
        assert abs(found - end) == pytest.approx(1.959964 * np.sqrt(var), rel=1e-4)


def test_what_c2st_draws():
    X, Y = normal(0, 120, 2), 0.5 + normal(1, 77, 2)
    found = c2st(X, Y)
    assert found.rows == {"X": 77, "Y": 77}
    assert found.settings == {"max_rows": 10_000, "trained_on": 76, "judged_on": 78}
    assert found.seed == 0
    assert found.value != c2st(X, Y, random_state=1).value
    assert c2st(X, Y, max_rows=50).rows == {"X": 50, "Y": 50}


def test_c2st_is_standardized_by_the_half_that_it_learns_from():
    """A row far out squeezes all others if it is learnt from, but not if it is only judged."""
    X, Y = normal(0, 60, 3) + 4, normal(1, 60, 3)
    X[0] = 1e6
    with pytest.warns(UserWarning, match="far away in column"):
        accuracy = [c2st(X, Y, random_state=seed).accuracy for seed in range(8)]
    assert max(accuracy) > 0.9
    assert min(accuracy) < 0.8  # it was learnt from as well


def test_c2st_obeys_an_interrupt():
    """Scikit-learn ends its training at Ctrl-C, and goes on with what was learnt."""
    script = (
        "import numpy as np; from zbins.metrics import c2st\n"
        "X = np.random.default_rng(0).normal(size=(8_000, 64))\n"
        "print('begun', flush=True)\n"
        "while True: c2st(X, X[::-1] + 0.01)\n"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(1)  # in the training, whatever the load: what comes before is short
        process.send_signal(signal.SIGINT)
        try:
            said = process.communicate(timeout=60)[1]
        finally:
            process.kill()
        assert "KeyboardInterrupt" in said
        assert process.returncode != 0


def test_c2st_of_values_that_training_never_saw():
    X, Y = normal(0, 40, 3), normal(1, 40, 3)
    X[:, 1] = Y[:, 1] = 1e-300
    X[0, 1], Y[0, 1] = 1e100, -1e100
    for seed in range(4):  # in either half
        assert 0 <= c2st(X, Y, random_state=seed) <= 1


# All of them


@pytest.mark.parametrize("metric", ALL)
def test_known_directions(metric):
    X, Y = normal(0, 400, 3), normal(1, 400, 3)
    assert metric(X, Y) < metric(X + 1, Y) < metric(X + 3, Y)
    assert metric(X, Y) < metric(3 * X, Y)
    assert metric(np.tile(X[:20], (20, 1)), Y) > metric(X, Y)  # twenty samples, again and again


def test_neither_order_nor_memory_change_ties():
    """Rows whose neighbours tie are searched again, among more of them, in chunks of their own."""
    X, Y = np.round(3 * normal(0, 300, 2)), np.round(3 * normal(1, 170, 2))
    wanted = one_nn_accuracy(X, Y)
    for rows in (X[::-1], X[np.argsort(X[:, 1])]):
        assert one_nn_accuracy(rows, Y[::-1]).value == wanted.value
    for memory in (0.001, 1024):
        with sklearn.config_context(working_memory=memory):
            assert one_nn_accuracy(X, Y) == wanted


@pytest.mark.parametrize("metric", ALL)
def test_plain_rows(metric):
    """Constant columns, one column, and offsets."""
    X, Y = normal(0, 40, 3), 0.5 + normal(1, 40, 3)
    wanted = metric(X, Y)
    if metric is c2st:  # whose halves are others
        assert c2st(X + 1e8, Y + 1e8 + 4) == 1
    else:
        assert metric(X + 1e8, Y + 1e8) == pytest.approx(wanted, abs=1e-5)
    wide = [np.c_[rows, np.full(40, 1 / 3)] for rows in (X, Y)]
    assert np.isfinite(metric(*wide))
    if metric is not c2st:  # whose weights are others
        assert metric(*wide) == pytest.approx(wanted, rel=1e-9)
    one = metric(X[:, :1], Y[:, :1])
    assert -1 < one < 1
    assert one.n_features == 1


@pytest.mark.parametrize(("metric", "least"), [(mmd, 2), (one_nn_accuracy, 2), (c2st, 20)])
def test_the_fewest_rows(metric, least):
    X, Y = normal(0, least, 2), 100 + normal(1, least, 2)
    assert metric(X, Y) > 0.3
    said = [f"X has the shape ({least - 1}, 2)", f"at least {least}"]
    refused(ValueError, said, lambda: metric(X[1:], Y))
    refused(ValueError, [f"Y has the shape ({least - 1}, 2)"], lambda: metric(X, Y[1:]))


def test_one_point():
    ones = np.ones((30, 2))
    assert mmd(ones, ones, bandwidth=1).value == 0
    assert (c2st(ones, ones).value, c2st(ones, ones).accuracy) == (0.5, 0.5)
    said = ["bandwidth='median' is 0", "above 0"]
    refused(ValueError, said, lambda: mmd(ones, ones))


ROWS = np.arange(60.0).reshape(20, 3)


@pytest.mark.parametrize(
    ("metric", "options", "error", "said"),
    [
        (mmd, {"bandwidth": "mean"}, ValueError, ["bandwidth is 'mean'", "'median'"]),
        (mmd, {"bandwidth": 0}, ValueError, ["bandwidth is 0", "above 0"]),
        (mmd, {"bandwidth": -1.5}, ValueError, ["bandwidth is -1.5"]),
        (mmd, {"bandwidth": []}, ValueError, ["bandwidth is empty"]),
        (mmd, {"bandwidth": [1, np.nan]}, ValueError, ["bandwidth[1] is nan"]),
        (mmd, {"bandwidth": [1, "2"]}, TypeError, ["bandwidth[1] is '2'"]),
        (mmd, {"bandwidth": None}, TypeError, ["bandwidth is None"]),
        (mmd, {"features": len}, ValueError, ["features gave int"]),
        (c2st, {"max_rows": 19}, ValueError, ["max_rows is 19", "at least 20"]),
        (c2st, {"max_rows": 1e4}, TypeError, ["max_rows is 10000.0"]),
    ],
)
def test_bad_parameters(metric, options, error, said):
    refused(error, said, lambda: metric(ROWS, ROWS, **options))
