"""Rows for the tests of metrics: of one law, and with copies among them."""

from __future__ import annotations

import numpy as np


def three_sets(seed, d, n=300):
    """Samples, fitted and held-out rows."""
    return np.random.default_rng(seed).normal(size=(3, n, d))


def with_copies(samples, fitted, share, noise=0.01):
    """Samples of which this share are fitted rows, moved a little."""
    mixed, n = samples.copy(), round(share * len(samples))
    mixed[:n] = fitted[:n] + noise * np.random.default_rng(1).normal(size=fitted[:n].shape)
    return mixed
