"""Micro benches of `quantize`: codes of rows that were fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from answers import quantized


def test_quantize(benchmark: Any, shape: Any, z: Any, fitted: Any) -> None:
    """Codes of all rows, compared with NumPy's first."""
    assert np.array_equal(fitted.quantize(z), quantized(z, shape.k))
    benchmark.extra_info["n"] = shape.n
    benchmark(fitted.quantize, z)
