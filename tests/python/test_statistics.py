"""Draws follow the counts and are uniform inside a bin; and the tests that say so have power.

The whole file shares one level of 1e-6 (Bonferroni over the tests below): seeds are fixed, so a
test either always passes or always fails.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import zbins

LEVEL = 1e-6
TESTS = 14  # p values computed in this file
ALPHA = LEVEL / TESTS
DRAWS = 10_000_000


def counts_of(n_bins, style):
    rng = np.random.default_rng(7)
    if style == "even":
        return np.full(n_bins, 40)
    if style == "uneven":
        return rng.zipf(1.3, n_bins).clip(max=100_000)
    return rng.integers(1, 100, n_bins)


def fitted(counts, dtype=np.float64):
    """A sampler with the given counts in the bins 0, 1, ... of one dimension."""
    X = np.repeat(np.arange(len(counts)) + 0.5, counts)[:, None].astype(dtype)
    return zbins.PMFSampler(len(counts), bounds=(0, len(counts))).fit(X)


def observed(sampler, seed, n=DRAWS, batch=1 << 20):
    total = np.zeros(int(sampler.n_bins_[0]), np.int64)
    for samples in sampler.sample_batches(n, batch, random_state=seed):
        total += np.bincount(sampler.quantize(samples)[:, 0], minlength=len(total))
    return total


def chi_square_p(seen, counts):
    expected = seen.sum() * (counts / counts.sum())
    return stats.chisquare(seen, expected).pvalue


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("style", "n_bins"), [("even", 1000), ("uneven", 1000), ("random", 997)])
def test_bins_are_picked_by_their_counts(style, n_bins, dtype):
    counts = counts_of(n_bins, style)
    seen = observed(fitted(counts, dtype), seed=11)
    assert seen.sum() == DRAWS
    large = counts / counts.sum() * DRAWS >= 10  # chi-square wants a few expected in each
    seen = np.append(seen[large], seen[~large].sum())
    counts = np.append(counts[large], counts[~large].sum())
    keep = counts > 0
    assert chi_square_p(seen[keep], counts[keep]) > ALPHA


@pytest.mark.parametrize("n_bins", [100, 1000])
def test_a_planted_bias_of_one_percent_is_caught(n_bins):
    """Power: the same test, given odd bins 1 % up and even bins 1 % down, must fail."""
    counts = np.full(n_bins, 100)
    biased = counts + np.where(np.arange(n_bins) % 2, 1, -1)
    seen = observed(fitted(biased), seed=13)
    assert chi_square_p(seen, counts) < ALPHA
    assert chi_square_p(seen, biased) > ALPHA


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_offsets_are_uniform_inside_a_bin(dtype):
    """A power-of-two width keeps every offset exact, so KS sees the offsets themselves."""
    sampler = fitted(np.array([3, 1, 0, 2]) * 10, dtype)
    samples = sampler.sample(1_000_000, random_state=17)[:, 0].astype(np.float64)
    for b in (0, 1, 3):
        inside = samples[np.floor(samples) == b] - b
        assert stats.kstest(inside, "uniform").pvalue > ALPHA


def test_dimensions_and_neighbouring_draws_are_independent():
    """Chi-square over pairs of 16 x 16 offset classes: dimensions, and samples i and i + 1."""
    sampler = zbins.PMFSampler(1, bounds=(0, 1)).fit(np.full((1, 6), 0.5, np.float32))
    u = np.minimum((sampler.sample(1_000_000, random_state=19) * 16).astype(int), 15)
    for a, b in ((u[:, 0], u[:, 1]), (u[:, 3], u[:, 4]), (u[:-1, 0], u[1:, 0])):
        table = np.bincount(a * 16 + b, minlength=256)
        assert stats.chisquare(table).pvalue > ALPHA


def test_labels_are_drawn_by_their_counts():
    """p(label | bin) is its share of the bin's rows; draws from one label follow its counts."""
    rng = np.random.default_rng(23)
    X = rng.integers(0, 8, (4000, 1)) + 0.5
    y = rng.choice(3, 4000, p=[0.7, 0.2, 0.1])
    sampler = zbins.PMFSampler(8, bounds=(0, 8)).fit(X, y)
    pairs = np.bincount(X[:, 0].astype(int) * 3 + y, minlength=24)
    samples, drawn = sampler.sample(2_000_000, random_state=29, return_y=True)
    assert (
        chi_square_p(np.bincount(samples[:, 0].astype(int) * 3 + drawn, minlength=24), pairs)
        > ALPHA
    )
    of_label = np.bincount(X[y == 2, 0].astype(int), minlength=8)
    samples = sampler.sample(2_000_000, y=2, random_state=31)
    assert chi_square_p(np.bincount(samples[:, 0].astype(int), minlength=8), of_label) > ALPHA
