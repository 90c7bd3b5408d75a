"""Micro benches of `score_samples`: rows that were seen, and rows that mostly were not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers import oracle_of
from axes import rows_of

import reference

SEED = 7  # of rows that were not fitted


@pytest.mark.parametrize("rows", ["seen", "unseen"])
def test_score_samples(benchmark: Any, shape: Any, z: Any, fitted: Any, rows: str) -> None:
    """Log densities, the first fifty compared with the oracle's."""
    X = z if rows == "seen" else rows_of(shape, seed=SEED)
    model = oracle_of(fitted, z, shape.k)
    expected = reference.log_density(model, X[:50])
    np.testing.assert_allclose(fitted.score_samples(X[:50]), expected, rtol=1e-12)
    benchmark.extra_info["n"] = len(X)
    benchmark(fitted.score_samples, X)
