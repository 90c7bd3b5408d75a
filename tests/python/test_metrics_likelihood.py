"""Feature likelihood divergence: by an optimizer, by closed forms, and by known directions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from helpers import refused
from metric_rows import three_sets, with_copies
from zbins.metrics import feature_likelihood_divergence


def normalized(samples, fitted, held_out):
    real = np.concatenate([fitted, held_out])
    deviation = np.where(np.ptp(real, axis=0) > 0, real.std(0), 1)
    return [(rows - real.mean(0)) / deviation for rows in (samples, fitted, held_out)]


def densities(rows, centres, variance):
    """Log densities of all rows for all centres, by SciPy."""
    d = rows.shape[1]
    return np.stack(
        [
            np.reshape(multivariate_normal(c, v * np.eye(d)).logpdf(rows), len(rows))
            for c, v in zip(centres, variance, strict=True)
        ],
        axis=1,
    )


def mixture(rows, centres, variance):
    """Mean log likelihood of rows per column."""
    of_rows = logsumexp(densities(rows, centres, variance), axis=1) - np.log(len(centres))
    return of_rows.mean() / rows.shape[1]


def by_an_optimizer(rows, centres, floor=1e-6):
    """Squared widths by L-BFGS on their logarithms, and what was maximized."""
    n, d = rows.shape
    squares = np.square(rows[:, None] - centres).sum(2)
    broad = np.square(rows).sum(1, keepdims=True)

    def loss(logs):
        parts = np.hstack([-0.5 * squares / np.exp(logs) - 0.5 * d * logs, -0.5 * broad])
        total = logsumexp(parts, axis=1)
        share = np.exp(parts - total[:, None])[:, :-1]
        slope = (share * (0.5 * squares / np.exp(logs) - 0.5 * d)).sum(0)
        return -total.mean(), -slope / n

    found = scipy.optimize.minimize(
        loss,
        np.zeros(len(centres)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(floor), None)] * len(centres),
        options={"maxiter": 2_000, "ftol": 1e-14},
    )
    constant = np.log(len(centres) + 1) / d + 0.5 * np.log(2 * np.pi)
    return np.exp(found.x), -found.fun / d - constant


def less_likely(seed, d, n, copies):
    """By how much an optimizer's widths are likelier, per row and column."""
    rng = np.random.default_rng(seed)
    samples, fitted, held_out = rng.normal(size=(n, d)), *rng.normal(size=(2, 40, d))
    samples[:copies] = fitted[:copies] + 0.1
    found = feature_likelihood_divergence(samples, fitted, held_out, tol=1e-9, max_iter=2_000)
    x, rows, _ = normalized(samples, fitted, held_out)
    return by_an_optimizer(rows, x)[1] - found.log_likelihood


@pytest.mark.parametrize("d", [1, 2, 6])
@pytest.mark.parametrize(("n", "copies", "same"), [(2, 0, 0.7), (12, 0, 0.4), (12, 6, 0.2)])
def test_widths_are_as_likely_as_those_of_an_optimizer(d, n, copies, same):
    """There are several maxima: one is a little better here, the other there."""
    more = np.array([less_likely(seed, d, n, copies) for seed in range(12)])
    assert more.max() < 0.1
    assert more.mean() < 0.03
    assert (more < 1e-3).mean() >= same


def isles(sizes, seed, d=3, width=1.0):
    """So many rows on each of three islands, which see nothing of each other."""
    rng = np.random.default_rng(seed)
    places = 40 * np.eye(3, d)
    return np.concatenate(
        [rng.normal(place, width, size=(n, d)) for n, place in zip(sizes, places, strict=True)]
    )


def test_one_centre_for_each_island_has_one_best_width():
    fitted, held_out = isles([30, 20, 40], 0, width=2.0), isles([25, 35, 15], 1)
    samples = isles([1, 1, 1], 2)
    found = feature_likelihood_divergence(samples, fitted, held_out, tol=1e-12, max_iter=5_000)
    x, rows, unseen = normalized(samples, fitted, held_out)
    variance, likelihood = by_an_optimizer(rows, x)
    assert found.log_likelihood == pytest.approx(likelihood, rel=1e-6)
    assert found.held_out_nll == pytest.approx(-mixture(unseen, x, variance), rel=1e-4)
    assert found.fitted_nll == pytest.approx(-mixture(rows, x, variance), rel=1e-4)


def test_exact_copies_have_the_least_width():
    """One copy of one of two rows: what is left is a closed form."""
    fitted, held_out = np.array([[1.0, 1.0], [-1.0, -1.0]]), np.array([[1.0, -1.0], [-1.0, 1.0]])
    found = feature_likelihood_divergence(fitted[:1], fitted, held_out, min_width=0.1)
    assert found.n_centres == 1
    assert found.held_out_nll == pytest.approx(
        0.5 * np.log(2 * np.pi * 0.01) + 4 / (2 * 2 * 0.01), rel=1e-6
    )
    narrower = feature_likelihood_divergence(fitted[:1], fitted, held_out, min_width=1e-4)
    assert narrower.held_out_nll == pytest.approx(1e8, rel=1e-3)


def test_exact_copies_are_finite():
    fitted, held_out, _ = three_sets(0, 20, 100)
    found = [
        feature_likelihood_divergence(fitted, fitted, held_out, min_width=width)
        for width in (1e-1, 1e-3, 1e-6)
    ]
    assert all(20 < one < np.inf for one in found)
    assert -np.inf < found[2].gap < found[1].gap < found[0].gap < -50


def test_the_differences_are_those_of_the_parts():
    found = feature_likelihood_divergence(*three_sets(0, 4))
    assert found == pytest.approx(100 * (found.held_out_nll - found.baseline_nll))
    assert found.gap == pytest.approx(100 * (found.fitted_nll - found.held_out_nll))
    samples, fitted, held_out = three_sets(0, 4)
    other = feature_likelihood_divergence(samples + 1, fitted, held_out)
    assert other.baseline_nll == found.baseline_nll  # is of real rows alone


def test_each_step_is_more_likely():
    samples, fitted, held_out = three_sets(3, 3, 100)
    samples[:20] = fitted[:20]
    found = [
        feature_likelihood_divergence(samples, fitted, held_out, tol=1e-300, max_iter=steps)
        for steps in (1, 2, 3, 5, 10, 20, 50)
    ]
    path = [one.log_likelihood for one in found]
    assert path == sorted(path)
    assert path[0] < path[-1]
    assert [one.n_steps[0] for one in found] == [1, 2, 3, 5, 10, 20, 50]
    assert not any(one.converged for one in found)
    done = feature_likelihood_divergence(samples, fitted, held_out)
    assert done.converged
    assert max(done.n_steps) < 200


@pytest.mark.parametrize("d", [2, 8, 40])
def test_more_copies_are_worse(d):
    samples, fitted, held_out = three_sets(0, d)
    found = [
        feature_likelihood_divergence(with_copies(samples, fitted, share), fitted, held_out)
        for share in (0, 0.1, 0.5, 1)
    ]
    gaps = [one.gap for one in found]
    assert abs(found[0]) < 5
    assert found[3] > found[2] > found[0]
    assert found[3] > found[0] + 5
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[3] < gaps[0] - 20


def test_worse_samples_are_worse():
    samples, fitted, held_out = three_sets(0, 6)

    def measure(changed):
        return feature_likelihood_divergence(changed, fitted, held_out)

    shifted = [measure(samples + shift) for shift in (0, 0.5, 1, 2)]
    assert shifted == sorted(shifted)
    noisy = [measure(samples * factor) for factor in (1, 1.3, 2, 4)]
    assert noisy == sorted(noisy)
    assert measure(samples[samples[:, 0] > 0]) > shifted[0] + 3  # half of the data is left out


def test_a_perfect_sampler_is_about_as_good_as_data():
    found = [
        feature_likelihood_divergence(*three_sets(seed, 5, 200), random_state=seed)
        for seed in range(15)
    ]
    assert -2.5 < np.mean(found) < 1
    assert np.std(found) < 3


def test_rows_beyond_one_chunk():
    """Centres, and rows, of more pairs than are looked at once."""
    samples, fitted, held_out = three_sets(0, 2, 1_500)
    x, rows, unseen = normalized(samples[:700], fitted, held_out)
    found = feature_likelihood_divergence(
        samples[:700], fitted, held_out, tol=1e-300, max_iter=1, min_width=1.0
    )
    # one step from width 1
    share = np.exp(densities(rows, x, np.ones(700)))
    broad = np.exp(densities(rows, np.zeros((1, 2)), [1.0]))
    share /= share.sum(1, keepdims=True) + broad
    squares = np.square(rows[:, None] - x).sum(2)
    variance = np.maximum((share * squares).sum(0) / (2 * share.sum(0)), 1.0)
    assert found.held_out_nll == pytest.approx(-mixture(unseen, x, variance), rel=1e-9)
    assert found.fitted_nll == pytest.approx(-mixture(rows, x, variance), rel=1e-9)


def test_units_and_offsets_change_nothing():
    """Bits of rows are what is drawn by: so there is one sample, and both halves are the same."""
    samples, fitted, held_out = (np.round(1024 * r) / 1024 for r in three_sets(0, 3, 40))
    rows = samples[:1], fitted[[0, 0]], held_out
    found = feature_likelihood_divergence(*rows)
    assert found != 0
    for changed in (
        [r + 2.0**27 for r in rows],  # exact
        [r * [1e-3, 1, 1e5] for r in rows],
        [r * 1e-120 for r in rows],
        [r * 1e90 for r in rows],
    ):
        assert feature_likelihood_divergence(*changed) == pytest.approx(found, rel=1e-6)


def test_columns_that_are_constant():
    samples, fitted, held_out = three_sets(0, 3)
    fitted[:, 1] = held_out[:, 1] = samples[:, 1] = 0.1  # whose mean is not exactly itself
    alike = feature_likelihood_divergence(samples, fitted, held_out)
    assert abs(alike) < 10
    samples[:, 1] = 5
    assert feature_likelihood_divergence(samples, fitted, held_out) > alike + 50
    ones = np.ones((4, 2))
    assert feature_likelihood_divergence(ones, ones, ones) == 0
    assert 0 < feature_likelihood_divergence(ones + 1, ones, ones) < np.inf


def test_samples_far_beyond_all_data():
    samples, fitted, held_out = three_sets(0, 3)
    for far in (1e8, 1e99):
        assert 1e4 < feature_likelihood_divergence(samples + far, fitted, held_out) < np.inf
    tiny = 1e-250
    assert feature_likelihood_divergence(samples + 1e90, tiny * fitted, tiny * held_out) < np.inf
    half = np.concatenate([samples, samples + 1e8])
    assert feature_likelihood_divergence(half, fitted, held_out) < 100


def test_what_is_drawn():
    samples, fitted, held_out = three_sets(0, 3)
    found = feature_likelihood_divergence(samples, fitted, held_out, max_rows=100)
    assert found.rows == {"samples": 50, "fitted": 100, "held_out": 300}
    assert found.settings == {"min_width": 1e-3, "tol": 1e-4, "max_iter": 200, "max_rows": 100}
    assert found.n_centres == 50
    assert feature_likelihood_divergence(samples[:20], fitted, held_out).rows["samples"] == 20
    other = feature_likelihood_divergence(samples, fitted, held_out, max_rows=100, random_state=1)
    assert other != found
    assert (found.seed, other.seed) == (0, 1)


def test_the_fewest_rows():
    found = feature_likelihood_divergence([[0.0]], [[0.0], [1.0]], [[2.0]])
    assert np.isfinite(found)
    assert found.rows == {"samples": 1, "fitted": 2, "held_out": 1}


ROWS = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"fitted": ROWS[:1]}, ValueError, ["fitted has 1 row(s)", "at least 2"]),
        ({"min_width": 0}, ValueError, ["min_width is 0", "above 0"]),
        ({"min_width": np.inf}, ValueError, ["min_width is inf", "finite"]),
        ({"min_width": "thin"}, TypeError, ["min_width is 'thin' of type str"]),
        ({"tol": -1e-3}, ValueError, ["tol is -0.001"]),
        ({"tol": np.nan}, ValueError, ["tol is nan"]),
        ({"tol": True}, TypeError, ["tol is True"]),
        ({"max_iter": 0}, ValueError, ["max_iter is 0", "at least 1"]),
        ({"max_iter": 1e3}, TypeError, ["max_iter is 1000.0"]),
        ({"max_rows": 1}, ValueError, ["max_rows is 1", "at least 2"]),
        ({"max_rows": None}, TypeError, ["max_rows is None"]),
    ],
)
def test_bad_input(settings, error, said):
    rows = {"samples": ROWS, "fitted": ROWS, "held_out": ROWS + 1}
    refused(error, said, lambda: feature_likelihood_divergence(**rows | settings))
