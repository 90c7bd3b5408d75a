"""What a model on a device says of rows, and its draws: memory claimed, kernels called.

A model all of whose rows were ignored has no counts there yet, so `Place.pmf` stands before them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .module import cuda_module
from .place import Place
from .rows import DeviceRows


def device_codes(grid: Any, pmf: Any, X: DeviceRows, dtype: np.dtype[Any]) -> Any:
    """Return the codes of rows, clipped into the grid, as an array of the framework."""
    codes = X.place.empty(X.shape, dtype)
    if len(X):
        cuda_module().quantize(
            grid, X.place.pmf(pmf), X.described, X.place.address(codes), dtype.itemsize
        )
    return codes


def device_bins(grid: Any, pmf: Any, X: DeviceRows) -> Any:
    """Return the number of every row's bin, or -1, as an array of the framework (int64)."""
    bins = X.place.empty((len(X),), np.int64)
    if len(X):
        cuda_module().find_bins(grid, X.place.pmf(pmf), X.described, X.place.address(bins))
    return bins


def device_densities(grid: Any, pmf: Any, X: DeviceRows) -> Any:
    """Return the log density of every row, as an array of the framework (float64)."""
    place = X.place
    bins = device_bins(grid, pmf, X)
    densities = place.empty((len(X),), np.float64)
    if len(X):
        cuda_module().log_densities(
            place.pmf(pmf),
            grid.log_bin_volume,
            place.address(bins),
            len(X),
            place.address(densities),
        )
    return densities


def device_draw(
    grid: Any,
    pmf: Any,
    place: Place,
    seed: int,
    start: Any,
    X: Any,
    labels: Any,
    labels_out: Any,
) -> None:
    """Queue the draw of samples start, start + 1, ... under the seed into X.

    Parameters
    ----------
    start : int or array
        An array of the framework, of one 64-bit number, is read and moved on by the kernels.
    X : array of shape (n, n_features)
        C-contiguous.
    labels : ndarray of shape (1,), array of int32 of shape (n,) or None
        Places among the classes: one for all (on the host), or one for each (on the device).
    labels_out : array of int32 of shape (n,) or None
        Receives the places of the labels drawn.
    """
    one = type(labels) is np.ndarray
    on_device = not isinstance(start, int)
    cuda_module().draw(
        grid,
        pmf,
        seed,
        0 if on_device else start,
        place.address(start) if on_device else 0,
        int(X.shape[0]),
        place.address(X),
        0 if one else place.address(labels),
        int(labels[0]) if one else -1,
        place.address(labels_out),
    )


def taken(classes: Array, places: Any, place: Place) -> Any:
    """Return the labels at these places: on the device, or on the host if they are str."""
    with place.framework.memory(place.ordinal):
        return _taken(classes, places, place)


def _taken(classes: Array, places: Any, place: Place) -> Any:
    if classes.dtype.kind == "U":
        labels: Array = classes[place.framework.download(places)]
        return labels
    return place.upload(classes)[places]
