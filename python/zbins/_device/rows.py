"""Rows and labels on a device, checked and described for the module's kernels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning

from .._types import Array
from .framework import LOADED
from .place import Place


class DeviceRows:
    """Rows that kernels can read: float16, bfloat16, float32 or float64, any strides.

    Parameters
    ----------
    values : array of shape (n_samples, n_features)
        The framework's, of a dtype that is widened to `dtype` as it is loaded.
    dtype : dtype
        float32 or float64: the model's.
    place : Place
        Where the values are.
    """

    ndim = 2

    def __init__(self, values: Any, dtype: np.dtype[Any], place: Place) -> None:
        self.values = values
        self.dtype = dtype
        self.place = place
        self.shape = (int(values.shape[0]), int(values.shape[1]))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> DeviceRows:
        return DeviceRows(self.values[rows], self.dtype, self.place)

    @property
    def nbytes(self) -> int:
        """Bytes of the values as the model has them."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    @property
    def described(self) -> tuple[int, int, int, int, int, int]:
        """Address, type, rows, columns and strides, as the module takes them."""
        framework = self.place.framework
        row_stride, col_stride = framework.strides(self.values)
        # Of a single row or column the stride means nothing, and may be anything.
        if self.shape[0] == 1:
            row_stride = self.shape[1] * col_stride
        return (
            framework.address(self.values) if len(self) else 0,
            LOADED[framework.dtype(self.values)],
            *self.shape,
            row_stride,
            col_stride,
        )

    def host(self) -> Array:
        """Return the values as the host has them, in the model's dtype."""
        values: Array = self.place.framework.download(self.values)
        return values.astype(self.dtype, copy=False)

    def sorted_column(self, j: int) -> Any:
        """Return the values of one column, ascending, as the framework's array."""
        return self.place.framework.sort(self.values[:, j])


def as_device_rows(X: Any, place: Place, dtype: np.dtype[Any] | None, *, clip: bool) -> DeviceRows:
    """Return an array on a device as rows, in a dtype that kernels load.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        The framework's.
    place : Place
        Where X is.
    dtype : dtype or None
        The model's; None for the first rows, which fix it.
    clip : bool
        As in `as_latents`.

    Raises
    ------
    TypeError
        For what is not real numbers, or not dense.
    ValueError
        For a value beyond the range of float32, where the model has that.
    """
    framework = place.framework
    with framework.memory(place.ordinal):
        X = framework.plain(X, "X")
        return _as_rows(X, place, dtype, clip=clip)


def _as_rows(X: Any, place: Place, dtype: np.dtype[Any] | None, *, clip: bool) -> DeviceRows:
    framework = place.framework
    name = framework.dtype(X)
    if name not in LOADED and not hasattr(np, name):
        raise TypeError(f"X has the dtype {name}; accepted are real numbers that NumPy knows")
    if dtype is None:
        dtype = np.dtype(np.float32 if name in LOADED and name != "float64" else np.float64)
    if dtype == np.float64:
        return DeviceRows(X if name == "float64" else framework.cast(X, "float64"), dtype, place)
    if name not in LOADED:
        return DeviceRows(framework.cast(X, "float32"), dtype, place)
    if name == "float64":
        X = _narrowed(X, place, clip=clip)
    return DeviceRows(X, dtype, place)


def _narrowed(X: Any, place: Place, *, clip: bool) -> Any:
    """Return float64 values as float32."""
    framework = place.framework
    largest = float(np.finfo(np.float32).max)
    if clip:
        kept = framework.where(framework.finite(X), framework.clip(X, -largest, largest), X)
        return framework.cast(kept, "float32")
    narrow = framework.cast(X, "float32")
    too_large = framework.finite(X) & ~framework.finite(narrow)
    if bool(too_large.any()):
        row, column = (int(i) for i in np.argwhere(framework.download(too_large))[0])
        raise ValueError(
            f"X contains {float(X[row, column])!s} at row {row}, column {column}, which is beyond "
            "the range of float32, the dtype of the model"
        )
    return narrow


@dataclass(frozen=True)
class DeviceLabels:
    """Labels of rows on a device.

    Attributes
    ----------
    classes : ndarray
        The sorted labels that occur, on the host.
    places : array of int32 of shape (n_samples,)
        The place of every row's label among them, on the device.
    place : Place
        Where they are.
    """

    classes: Array
    places: Any
    place: Place

    def __len__(self) -> int:
        return int(self.places.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the labels."""
        return self.classes.dtype

    def host(self) -> Array:
        """Return the labels themselves on the host."""
        labels: Array = self.classes[self.place.framework.download(self.places)]
        return labels


def as_device_labels(y: Any, place: Place) -> DeviceLabels:
    """Return the labels y, an array on a device, as places among those that occur.

    Raises
    ------
    TypeError
        For labels that are not int, bool or whole floats.
    ValueError
        If y is not 1-D, or a label not below 2**63.
    """
    framework = place.framework
    with framework.memory(place.ordinal):
        y = framework.plain(y, "y")
        if len(y.shape) == 2 and y.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected.",
                DataConversionWarning,
                stacklevel=2,
            )
            y = y[:, 0]
        if len(y.shape) != 1:
            raise ValueError(f"y has the shape {tuple(y.shape)}; one label per row is needed")
        name = framework.dtype(y)
        if name != "bfloat16" and not hasattr(np, name):
            raise TypeError(f"y has the dtype {name}; accepted are int, bool and str")
        classes, places = framework.unique(y)
    if classes.dtype.kind == "f":
        broken = np.flatnonzero(~(classes == np.trunc(classes)))
        if broken.size:
            wrong = framework.download(places)
            row = int(np.flatnonzero(np.isin(wrong, broken))[0])
            raise TypeError(
                f"y has the label {classes[wrong[row]]!s} of dtype {name} at row {row}; accepted "
                "are int, bool and str"
            )
        if classes.size and np.abs(classes).max() >= 2.0**63:
            raise ValueError(f"y has the label {np.abs(classes).max()}; it must be below 2**63")
    if classes.dtype.kind == "u" and classes.size and classes.max() > np.iinfo(np.int64).max:
        raise ValueError(f"y has the label {classes.max()}; an int label must be below 2**63")
    if classes.dtype.kind != "b":
        classes = classes.astype(np.int64)
    return DeviceLabels(classes, places, place)
