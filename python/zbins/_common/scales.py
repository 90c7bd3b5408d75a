"""The scales of columns, which a few rows far away do not make."""

from __future__ import annotations

import numpy as np

from .._types import Array

_INNER = (0.05, 0.95)  # quantiles


def robust_scales(rows: Array) -> Array:
    """Return a scale of each column: its standard deviation, if it is normal; 0 for a constant.

    The interquartile range / 1.349. Where half of the rows or more are one value, it says nothing
    of the others: there it is the standard deviation, of values clipped to the middle 90 % of those
    others.

    Parameters
    ----------
    rows : ndarray of float64, shape (n, d)

    Returns
    -------
    scale : ndarray of float64, shape (d,)
    """
    first, middle, third = np.quantile(rows, [0.25, 0.5, 0.75], axis=0, method="nearest")
    scale: Array = (third - first) / 1.349
    same = rows == middle
    for column in np.flatnonzero(2 * same.sum(axis=0) >= len(rows)):
        others = rows[~same[:, column], column]
        scale[column] = 0.0
        if len(others):
            low, high = np.quantile(others, _INNER)
            inner = (min(low, middle[column]), max(high, middle[column]))
            scale[column] = np.clip(rows[:, column], *inner).std()
    return scale
