"""What callers give, as arrays of the host; and the dtypes that models have."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._errors import RowError
from .._types import Array

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)
_LARGE = 1e100  # the squares of larger values may overflow
_WHOLE = 2**53  # from here on whole numbers are rounded


def is_tensor(value: object) -> bool:
    """Tell whether `value` is a torch.Tensor, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def from_tensor(tensor: Any, name: str = "X") -> Array:
    """Return a CPU tensor as an array that shares its memory (bfloat16: a float32 copy)."""
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized:
        raise TypeError(f"{name} is a {tensor.layout} tensor; accepted are dense tensors")
    if tensor.device.type != "cpu":
        raise ValueError(
            f"{name} is on {tensor.device}; accepted are the CPU and, for a model on one, a CUDA "
            f"device: pass {name}.cpu()"
        )
    tensor = tensor.detach().resolve_conj().resolve_neg()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    try:
        array: Array = tensor.numpy()
    except TypeError:
        raise TypeError(
            f"{name} is a tensor of {tensor.dtype}; accepted are real numbers that NumPy knows"
        ) from None
    return array


def to_host(value: Any, name: str = "X") -> Array:
    """Return an array-like or tensor of any device as an ndarray (bfloat16 as float32).

    Memory of the host is shared where that can be.

    Raises
    ------
    TypeError
        For masked values, and tensors that are not dense.
    ValueError
        If nested sequences differ in length.
    """
    if is_tensor(value):
        return from_tensor(value.detach().cpu(), name)
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} is a masked array with masked values; fill or drop them first")
    if hasattr(value, "__cuda_array_interface__") and hasattr(value, "get"):
        value = value.get()  # CuPy
    if isinstance(value, (list, tuple)):
        value = [to_host(item, name) if is_tensor(item) else item for item in value]
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is ragged: all its rows must have one shape ({error})") from None


def real_numbers(value: Any, name: str) -> Array:
    """Return `to_host`, of real numbers.

    Raises
    ------
    TypeError
        For another dtype.
    """
    array = to_host(value, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} is a {type(value).__name__} of dtype {array.dtype}; accepted are arrays and "
            "tensors of real numbers"
        )
    return array


def check_finite(array: Array, name: str) -> None:
    """Refuse NaN and infinity.

    Raises
    ------
    RowError
        With the place of the first one.
    """
    if array.dtype.kind != "f":
        return
    finite = np.isfinite(array)
    if finite.all():
        return
    row, *within = (int(i) for i in np.argwhere(~finite)[0])
    value = array[(row, *within)]
    column = within[0] if len(within) == 1 else None
    where = f"index {tuple(within)}" if column is None else f"column {column}"
    raise RowError(
        f"{name} contains {value!s} at row {{row}}, {where}; accepted are finite numbers",
        row,
        column,
        value,
    )


def as_rows(value: Any, name: str, least: int = 1) -> Array:
    """Return latents or features as finite float64 of shape (n, d), each flattened.

    Parameters
    ----------
    value : array-like or tensor of shape (n, d) or (n, *shape), on any device
    name : str
        For messages.
    least : int
        Rows that are needed.

    Raises
    ------
    TypeError
        If they are no real numbers.
    ValueError
        If there are fewer, or they have no columns.
    RowError
        If one is not finite.
    """
    array = real_numbers(value, name)
    if array.ndim < 2 or 0 in array.shape or len(array) < least:
        raise ValueError(
            f"{name} has the shape {array.shape}; accepted are rows of shape (n, d) or "
            f"(n, *shape), at least {least}"
        )
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8:
        largest = max(abs(int(array.min())), abs(int(array.max())))
        if largest > _WHOLE:
            raise ValueError(
                f"{name} has a whole number of size {largest}, which float64 does not tell from "
                f"its neighbours; accepted are up to {_WHOLE}"
            )
    rows: Array = array.reshape(len(array), -1).astype(np.float64)
    check_finite(rows, name)
    return rows


def check_squares(rows: Array, name: str) -> None:
    """Refuse values whose squares may overflow.

    Raises
    ------
    ValueError
        Naming the largest.
    """
    if (largest := np.abs(rows).max()) > _LARGE:
        raise ValueError(f"{name} has a value of size {largest}; accepted are up to {_LARGE}")


def model_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return float32 for half and single precision, float64 for all else."""
    return FLOAT32 if dtype.kind == "f" and dtype.itemsize <= 4 else FLOAT64


def beyond_range(value: object, row: int, column: int, dtype: np.dtype[Any]) -> RowError:
    """Return the error about a value that the model's dtype does not hold."""
    return RowError(
        f"X contains {value!s} at row {{row}}, column {column}, which is beyond the range of "
        f"{dtype}, the dtype of the model",
        row,
        column,
        value,
    )
