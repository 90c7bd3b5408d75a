"""The scales of columns, which a few rows far away do not make."""

from __future__ import annotations

import numpy as np

from .._types import Array

_INNER = (0.005, 0.995)  # quantiles: what lies beyond them makes no scale


def robust_scales(rows: Array) -> Array:
    """Return a scale of each column: its standard deviation, if it is normal; 0 for a constant.

    The interquartile range / 1.349; where that is 0, the standard deviation of values clipped to
    the middle 99 %; where that is 0 too, the standard deviation.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, d)

    Returns
    -------
    scale : ndarray of float64, shape (d,)
    """
    low, first, third, high = np.quantile(rows, [_INNER[0], 0.25, 0.75, _INNER[1]], axis=0)
    scale = (third - first) / 1.349
    scale = np.where(scale > 0, scale, np.clip(rows, low, high).std(axis=0))
    constant = rows.min(axis=0) == rows.max(axis=0)  # a mean of equal values may round
    found: Array = np.where(constant, 0.0, np.where(scale > 0, scale, rows.std(axis=0)))
    return found
