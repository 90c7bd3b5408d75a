"""From what the caller passes to arrays the core can read; everything is checked here, once."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .. import _core
from .._common.arrays import FLOAT32, FLOAT64, from_tensor, is_tensor, model_dtype
from .._types import Array
from .counting import device_bounds
from .frameworks import adopted
from .place import HOST_KINDS, Place, place_of, where
from .rows import DeviceRows, as_device_rows


@dataclass(frozen=True)
class Latents:
    """Rows as the core reads them.

    Attributes
    ----------
    array : ndarray or DeviceRows of shape (n_samples, n_features)
        float32 or float64, native byte order, any strides; on a device also what is widened to
        float32 as it is loaded.
    kind : str
        What the caller passed, and so what samples are returned as: "numpy", "torch", or the kind
        of a `Place`.
    feature_names : ndarray of str or None
        Column names, where the input had them (a data frame).
    """

    array: Any
    kind: str
    feature_names: Array | None


@dataclass(frozen=True)
class Known:
    """What later rows must agree with.

    Attributes
    ----------
    dtype : dtype
        float32 or float64: the first rows fixed it.
    n_features : int
        Columns.
    feature_names : ndarray of str or None
        Names of the columns, if the first rows had them.
    kind : str or None
        As in `Latents`: rows of a model on a device must lie there, others on the host. None:
        they may lie anywhere.
    """

    dtype: np.dtype[Any]
    n_features: int
    feature_names: Array | None
    kind: str | None = "numpy"


def as_latents(
    X: Any, name: str, known: Known | None = None, *, min_rows: int = 1, clip: bool = False
) -> Latents:
    """Check X and return it as native float32 or float64 rows.

    Parameters
    ----------
    X : array-like or torch tensor of shape (n_samples, n_features)
        Values may still be NaN or infinite: the core finds those in its first pass.
    name : str
        The estimator's, for messages.
    known : Known or None
        None for the first rows.
    min_rows : int
        Fewer rows are an error.
    clip : bool
        A value beyond the range of float32 is moved to its end rather than refused (for reading
        a model, where it lies outside the grid either way).

    Raises
    ------
    ValueError
        For a wrong shape, number of features, or value.
    TypeError
        For sparse, masked or non-numeric input.
    """
    kind = "numpy"
    X = adopted(X, "X")
    place = place_of(X)
    if place is not None:
        return _on_device(X, place, known, min_rows, clip=clip)
    if known is not None and known.kind not in (None, *HOST_KINDS):
        raise ValueError(
            f"X is on {X.device if is_tensor(X) else 'the CPU'} and the model on "
            f"{where(known.kind)}; pass X there, or move the model with .to(None)"
        )
    if is_tensor(X):
        X, kind = from_tensor(X), "torch"
    elif type(X).__name__ == "RecordBatch" and type(X).__module__.startswith("pyarrow"):
        X = sys.modules["pyarrow"].Table.from_batches([X])  # the columns' names count, as a table's
    names: Array | None = None
    if not (
        type(X) is np.ndarray
        and X.dtype in (FLOAT32, FLOAT64)
        and X.ndim == 2
        and X.shape[0] >= min_rows
        and X.shape[1] > 0
        and (known is None or (known.feature_names is None and known.n_features == X.shape[1]))
    ):
        X, names = _check_with_sklearn(X, name, known, min_rows)
    wanted = model_dtype(X.dtype) if known is None else known.dtype
    if X.dtype != wanted:
        X = _convert(X, wanted, clip=clip)
    return Latents(X, kind, names)


def _on_device(X: Any, place: Place, known: Known | None, min_rows: int, *, clip: bool) -> Latents:
    """Check an array on a device as scikit-learn checks those of the host."""
    if known is not None and known.kind not in (None, place.kind):
        raise ValueError(
            f"X is on {place} and the model on {where(known.kind)}; pass X there, or move the "
            "model with .to(device), a device of X's framework"
        )
    shape = tuple(int(size) for size in X.shape)
    if len(shape) != 2:
        raise ValueError(f"Expected 2D array, got {len(shape)}D array instead: shape {shape}")
    if shape[0] < min_rows:
        raise ValueError(
            f"Found array with {shape[0]} sample(s) (shape={shape}) while a minimum of {min_rows} "
            "is required"
        )
    if shape[1] == 0:
        raise ValueError(f"Found array with 0 feature(s) (shape={shape}) while 1 is required")
    if known is not None and shape[1] != known.n_features:
        raise ValueError(
            f"X has {shape[1]} features, but the sampler is expecting {known.n_features} features "
            "as input"
        )
    rows = as_device_rows(X, place, None if known is None else known.dtype, clip=clip)
    return Latents(rows, place.kind, None)


def bounds_of_rows(X: Array | DeviceRows, threads: int) -> tuple[Array, Array]:
    """Return the minimum and maximum of every column.

    Raises
    ------
    ValueError
        With the row and column of the first value that is not finite.
    """
    if isinstance(X, DeviceRows):
        return device_bounds(X)
    low, high = _core.bounds(X, threads)
    return low, high


def on_host(X: Array | DeviceRows) -> Array:
    """Return rows as the host has them: for what is rare, an error's row above all."""
    return X.host() if isinstance(X, DeviceRows) else X


def _check_with_sklearn(
    X: Any, name: str, known: Known | None, min_rows: int
) -> tuple[Array, Array | None]:
    if isinstance(X, np.ma.MaskedArray) and np.ma.is_masked(X):
        raise TypeError("X is a masked array with masked values; fill or drop them first")
    # A stand-in of the same name: on the first rows scikit-learn writes n_features_in_ at once,
    # before anything is known to be good.
    stand_in = type(name, (BaseEstimator,), {})()
    if known is not None:
        stand_in.n_features_in_ = known.n_features
        if known.feature_names is not None:
            stand_in.feature_names_in_ = known.feature_names
    X = validate_data(
        stand_in,
        X,
        reset=known is None,
        dtype="numeric",
        ensure_all_finite=False,
        ensure_min_samples=min_rows,
    )
    if X.dtype.kind not in "fiub":
        raise TypeError(f"X has the dtype {X.dtype}; accepted are real numbers")
    return X, getattr(stand_in, "feature_names_in_", None)


def _convert(X: Array, dtype: np.dtype[Any], *, clip: bool) -> Array:
    with np.errstate(over="ignore"):
        converted = X.astype(dtype)
    if X.dtype.kind == "f" and X.dtype.itemsize > dtype.itemsize:
        too_large = np.isinf(converted) & np.isfinite(X)
        if too_large.any():
            if not clip:
                row, column = (int(i) for i in np.argwhere(too_large)[0])
                raise ValueError(
                    f"X contains {X[row, column]!s} at row {row}, column {column}, which is beyond "
                    f"the range of {dtype}, the dtype of the model"
                )
            largest = np.finfo(dtype).max
            converted[too_large] = np.where(X[too_large] > 0, largest, -largest)
    return converted
