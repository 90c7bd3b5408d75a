"""Tensors of the host as arrays, and the dtypes that models have."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._errors import RowError
from .._types import Array

FLOAT32 = np.dtype(np.float32)
FLOAT64 = np.dtype(np.float64)


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
