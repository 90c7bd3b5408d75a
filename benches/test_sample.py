"""Micro benches of `sample`: into a new array and into `out=`, one thread and two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from answers import check_samples, oracle_of

VALUES = 6_400_000  # values a draw writes, whatever the number of columns


@pytest.mark.parametrize("where", ["new", "out"])
def test_sample(benchmark: Any, shape: Any, z: Any, fitted: Any, threads: int, where: str) -> None:
    """Draws, some of them compared with the oracle's bit for bit first."""
    n = VALUES // shape.d
    out = np.zeros((n, shape.d), shape.dtype) if where == "out" else None
    fitted.set_params(n_jobs=threads)
    check_samples(fitted, fitted.sample(n, out=out), oracle_of(fitted, z, shape.k), 0)
    benchmark.extra_info["n"] = n
    benchmark(fitted.sample, n, out=out)
