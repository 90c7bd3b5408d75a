"""Rows and labels on a device, checked and described for the module's kernels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.exceptions import DataConversionWarning

from .._common.arrays import beyond_range
from .._common.labels import check_below, check_int64, not_accepted
from .._types import Array
from .backend import Backend, Grid
from .framework import LOADED
from .host import HOSTS, HostRows
from .module import cuda_module


class DeviceRows:
    """Rows that kernels can read: float16, bfloat16, float32 or float64, any strides.

    Parameters
    ----------
    values : array of shape (n_samples, n_features)
        The framework's, of a dtype that is widened to `dtype` as it is loaded.
    dtype : dtype
        float32 or float64: the model's.
    backend : Cuda
        Where the values are.
    feature_names : ndarray of str or None
        Names of the columns, for rows that came from the host.
    """

    def __init__(
        self,
        values: Any,
        dtype: np.dtype[Any],
        backend: Any,
        feature_names: Array | None = None,
    ) -> None:
        self.values = values
        self.dtype = dtype
        self.backend = backend
        self.feature_names = feature_names
        self.shape = (int(values.shape[0]), int(values.shape[1]))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> DeviceRows:
        return DeviceRows(self.values[rows], self.dtype, self.backend)

    @property
    def nbytes(self) -> int:
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    @property
    def described(self) -> tuple[int, int, int, int, int, int]:
        """Address, type, rows, columns and strides, as the module takes them."""
        framework = self.backend.framework
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
        values: Array = self.backend.framework.download(self.values)
        return values.astype(self.dtype, copy=False)

    def bounds(self, threads: int) -> tuple[Array, Array]:
        low, high = cuda_module().bounds(self.backend.handle, self.described)
        return low, high

    def quantiles(self, q: float) -> tuple[Array, Array]:
        lower, upper = np.empty(self.shape[1], self.dtype), np.empty(self.shape[1], self.dtype)
        last = len(self) - 1
        framework = self.backend.framework
        with framework.memory(self.backend.ordinal):
            for j in range(self.shape[1]):
                column = framework.sort(self.values[:, j])
                lower[j] = float(column[int(np.ceil(last * q))])
                upper[j] = float(column[int(np.floor(last * (1 - q)))])
        return lower, upper

    def check_inside(self, grid: Grid, threads: int) -> None:
        cuda_module().check_inside(self.backend.handle, grid, self.described)

    def grown(self, grid: Grid, low: Array, high: Array) -> Grid:
        try:
            wider: Grid = grid.grown(low, high, None)
        except ValueError:
            wider = grid.grown(low, high, self.host())  # raises again, and names the row
        return wider

    def sent_to(self, backend: Backend) -> DeviceRows | HostRows:
        if backend is self.backend:
            return self
        if backend.kind in HOSTS:
            return HostRows(self.host(), HOSTS[backend.kind], self.feature_names)
        raise ValueError(f"X is on {self.backend.place}, and device is {backend.place}")


def as_device_rows(X: Any, backend: Any, dtype: np.dtype[Any] | None, *, clip: bool) -> DeviceRows:
    """Return an array on a device as rows, in a dtype that kernels load.

    Parameters
    ----------
    X : array of shape (n_samples, n_features)
        The framework's.
    backend : Cuda
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
    framework = backend.framework
    with framework.memory(backend.ordinal):
        X = framework.plain(X, "X")
        return _as_rows(X, backend, dtype, clip=clip)


def _as_rows(X: Any, backend: Any, dtype: np.dtype[Any] | None, *, clip: bool) -> DeviceRows:
    framework = backend.framework
    name = framework.dtype(X)
    if name not in LOADED and not hasattr(np, name):
        raise TypeError(f"X has the dtype {name}; accepted are real numbers that NumPy knows")
    if dtype is None:
        dtype = np.dtype(np.float32 if name in LOADED and name != "float64" else np.float64)
    if dtype == np.float64:
        wide = X if name == "float64" else framework.cast(X, "float64")
        return DeviceRows(wide, dtype, backend)
    if name not in LOADED:
        return DeviceRows(framework.cast(X, "float32"), dtype, backend)
    if name == "float64":
        X = _narrowed(X, backend, clip=clip)
    return DeviceRows(X, dtype, backend)


def _narrowed(X: Any, backend: Any, *, clip: bool) -> Any:
    """Return float64 values as float32."""
    framework = backend.framework
    largest = float(np.finfo(np.float32).max)
    if clip:
        kept = framework.where(framework.finite(X), framework.clip(X, -largest, largest), X)
        return framework.cast(kept, "float32")
    narrow = framework.cast(X, "float32")
    too_large = framework.finite(X) & ~framework.finite(narrow)
    if bool(too_large.any()):
        row, column = (int(i) for i in np.argwhere(framework.download(too_large))[0])
        raise beyond_range(float(X[row, column]), row, column, np.dtype(np.float32))
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
    backend : Cuda
        Where they are.
    """

    classes: Array
    places: Any
    backend: Any

    @property
    def place(self) -> str:
        """Where the labels are, for messages."""
        return str(self.backend.place)

    def __len__(self) -> int:
        return int(self.places.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the labels."""
        return self.classes.dtype

    def host(self) -> Array:
        """Return the labels themselves on the host."""
        labels: Array = self.classes[self.backend.framework.download(self.places)]
        return labels

    def copy(self) -> DeviceLabels:
        return self  # made here, from what the caller gave


def as_device_labels(y: Any, backend: Any) -> DeviceLabels:
    """Return the labels y, an array on a device, as places among those that occur.

    Raises
    ------
    TypeError
        For labels that are not int, bool or whole floats.
    ValueError
        If y is not 1-D, or a label not below 2**63.
    """
    framework = backend.framework
    with framework.memory(backend.ordinal):
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
            raise not_accepted(row, classes[wrong[row]], name)
        check_below(classes)
    check_int64(classes)
    if classes.dtype.kind != "b":
        classes = classes.astype(np.int64)
    return DeviceLabels(classes, places, backend)
