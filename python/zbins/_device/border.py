"""The border of every door: what callers pass, as rows, labels and backends, checked once."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._common import labels as _labels
from .._common.arrays import FLOAT32, FLOAT64, beyond_range, from_tensor, is_tensor, model_dtype
from .._common.extras import pip_install
from .._types import Array
from .backend import Backend, Known, Labels, Rows
from .cuda import Cuda, cuda
from .cuda_rows import as_device_labels, as_device_rows
from .frameworks import adopted, framework_of
from .host import HOSTS, HostLabels, HostRows
from .module import cuda_module

_OF_THE_HOST = (np.ndarray, list, tuple)  # what is on no device, at a glance


def as_latents(
    X: Any, name: str, known: Known | None = None, *, min_rows: int = 1, clip: bool = False
) -> Rows:
    """Check X and return it as rows of float32 or float64, where they are.

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
    kind, plain = "numpy", type(X) in _OF_THE_HOST
    if not plain:
        X = adopted(X, "X")
        there = _device_of(X)
        if there is not None:
            return _on_device(X, there, known, min_rows, clip=clip)
    if known is not None and known.kind is not None and known.kind not in HOSTS:
        raise ValueError(
            f"X is on {X.device if is_tensor(X) else 'the CPU'} and the model on "
            f"{backend_of(known.kind).place}; pass X there, or move the model with .to(None)"
        )
    if plain:
        pass
    elif is_tensor(X):
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
    if known is not None:
        wanted = known.dtype
    else:
        wanted = X.dtype if X.dtype in (FLOAT32, FLOAT64) else model_dtype(X.dtype)
    if X.dtype != wanted:
        X = _convert(X, wanted, clip=clip)
    return HostRows(X, HOSTS[kind], names)


def as_labels(y: Any, n: int | None = None, what: str = "rows of X") -> Labels:
    """Check y and return it as labels, where they are.

    Labels on a device stay there, as places among those that occur.

    Raises
    ------
    TypeError
        For any type of label but int, bool and str, naming it.
    ValueError
        If y is not 1-D, or has not `n` entries, one for each of `what`.
    """
    if type(y) in _OF_THE_HOST:
        return HostLabels(_labels.as_labels(y, n, what))
    y = adopted(y, "y")
    there = _device_of(y)
    if there is None:
        return HostLabels(_labels.as_labels(y, n, what))
    on_device = as_device_labels(y, there)
    _labels.check_length(len(on_device), n, what)
    return on_device


def backend_of(kind: str) -> Backend:
    """Return the backend of a model's kind."""
    if kind in HOSTS:
        return HOSTS[kind]
    name, _, ordinal = kind.partition(":cuda:")
    if not ordinal.isdecimal():
        raise ValueError(f"{kind!r} is no kind of arrays; accepted are as 'numpy', 'torch:cuda:0'")
    return cuda(name, int(ordinal))


def _device_of(x: Any) -> Cuda | None:
    """Return the backend of an array on a device, or None if it is on the host."""
    framework = framework_of(x)
    return None if framework is None else cuda(framework.name, framework.ordinal(x))


def backend_of_device(device: Any) -> Backend:
    """Return the backend that the user's `device` names.

    Parameters
    ----------
    device : None, str, torch.device or cupy.cuda.Device
        None: NumPy arrays; "cpu": tensors; "cuda" or "cuda:1": tensors on that device; a device of
        CuPy: its arrays.

    Raises
    ------
    ValueError
        If it is none of these, or not there.
    """
    if device is None:
        return HOSTS["numpy"]
    try:
        if type(device).__module__.startswith("cupy") and hasattr(device, "id"):
            return _checked(cuda("cupy", int(device.id)))
        return _of_torch_device(device)
    except (RuntimeError, AssertionError) as error:  # what the driver or a framework lacks
        raise ValueError(f"device is {device!r}, but {error}") from None


def _of_torch_device(device: Any) -> Backend:
    try:
        import torch
    except ImportError as error:
        raise ValueError(
            f"device is {device!r}, which needs PyTorch ({error}); accepted without it are None "
            f"and a device of CuPy; install it with: {pip_install('torch')}"
        ) from None
    wanted = None
    if isinstance(device, (str, torch.device)):
        try:
            wanted = torch.device(device)
        except RuntimeError:
            wanted = None
    if wanted is None or wanted.type not in ("cpu", "cuda"):
        shown = repr(device) if isinstance(device, (str, int)) else f"a {type(device).__name__}"
        raise ValueError(
            f"device is {shown}; accepted are None, 'cpu', 'cuda', 'cuda:1', ... and a device of "
            "CuPy"
        )
    if wanted.type == "cpu":
        return HOSTS["torch"]
    cuda_module().device_count()  # says what is wrong, more exactly than PyTorch
    if not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} sees no CUDA device")
    return _checked(
        cuda("torch", torch.cuda.current_device() if wanted.index is None else wanted.index)
    )


def _checked(backend: Cuda) -> Cuda:
    try:
        backend.handle  # noqa: B018 - raises where the device cannot be used
    except ValueError as error:  # no device with that number
        raise RuntimeError(str(error)) from None
    return backend


def _on_device(X: Any, there: Cuda, known: Known | None, min_rows: int, *, clip: bool) -> Rows:
    """Check an array on a device as scikit-learn checks those of the host."""
    if known is not None and known.kind is not None and known.kind != there.kind:
        raise ValueError(
            f"X is on {there.place} and the model on {backend_of(known.kind).place}; pass X there, "
            "or move the model with .to(device), a device of X's framework"
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
    return as_device_rows(X, there, None if known is None else known.dtype, clip=clip)


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
                raise beyond_range(X[row, column], row, column, dtype)
            largest = np.finfo(dtype).max
            converted[too_large] = np.where(X[too_large] > 0, largest, -largest)
    return converted
