"""From rows on a device to counts on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._types import Array
from .module import cuda_module
from .place import Place
from .rows import DeviceLabels, DeviceRows

_ROWS_AT_ONCE = 1 << 30  # of one table: rows are numbered with 30 bits in it


def device_bounds(X: DeviceRows) -> tuple[Array, Array]:
    """Return minimum and maximum of every column; ValueError names what is not finite."""
    low, high = cuda_module().bounds(X.place.handle, X.described)
    return low, high


def device_check_inside(grid: Any, X: DeviceRows) -> None:
    """Raise ValueError naming the first value outside the grid."""
    cuda_module().check_inside(X.place.handle, grid, X.described)


def device_quantiles(X: DeviceRows, q: float) -> tuple[Array, Array]:
    """Return the q-th and (1 - q)-th quantile of every column, rounded inward to values that occur.

    As NumPy's methods "higher" and "lower" give them.
    """
    lower, upper = np.empty(X.shape[1], X.dtype), np.empty(X.shape[1], X.dtype)
    last = len(X) - 1
    with X.place.framework.memory(X.place.ordinal):
        for j in range(X.shape[1]):
            column = X.sorted_column(j)
            lower[j] = float(column[int(np.ceil(last * q))])
            upper[j] = float(column[int(np.floor(last * (1 - q)))])
    return lower, upper


def labels_on(place: Place, y: Any) -> DeviceLabels:
    """Return labels for rows at a place; those of the host are sorted there."""
    if isinstance(y, DeviceLabels):
        if y.place is not place:
            raise ValueError(f"X is on {place} and y on {y.place}; both must be in one place")
        return y
    classes, places = np.unique(y, return_inverse=True)
    return DeviceLabels(classes, place.upload(places.astype(np.int32)), place)


def counted(grid: Any, X: DeviceRows, y: Any, inside: bool) -> Iterator[tuple[Any, Array | None]]:
    """Yield counts and classes of the rows, a table at a time; rows outside are skipped.

    Parameters
    ----------
    grid : Grid
        To count on.
    X : DeviceRows
        At least one row, every value finite.
    y : DeviceLabels, ndarray or None
        Labels.
    inside : bool
        Whether all of X lies within the bounds the lattice was made of.
    """
    cuda, place = cuda_module(), X.place
    labels = None if y is None else labels_on(place, y)
    for begin in range(0, len(X), _ROWS_AT_ONCE):
        rows = X[begin : begin + _ROWS_AT_ONCE]
        if labels is None:
            yield cuda.count(place.handle, grid, rows.described, inside, 0, 0), None
            continue
        some = labels.places[begin : begin + _ROWS_AT_ONCE]
        pmf = cuda.count(
            place.handle, grid, rows.described, inside, place.address(some), len(labels.classes)
        )
        yield pmf, labels.classes
