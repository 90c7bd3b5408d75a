"""From what callers and samplers give to arrays on the host, checked once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._common.arrays import from_tensor, is_tensor
from .._types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def on_host(value: Any, name: str) -> Array:
    """Return an array-like or tensor of any device as an ndarray (bfloat16 as float32).

    Raises
    ------
    TypeError
        For masked values, and what is no array of real numbers.
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
        value = [on_host(item, name) if is_tensor(item) else item for item in value]
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is ragged: all its rows must have one shape ({error})") from None


def real_numbers(value: Any, name: str) -> Array:
    """Return `on_host`, all of it finite real numbers.

    Raises
    ------
    TypeError
        For another dtype.
    ValueError
        Naming the place of the first NaN or infinity.
    """
    array = on_host(value, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{name} is a {type(value).__name__} of dtype {array.dtype}; accepted are arrays and "
            "tensors of real numbers"
        )
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(
            f"{name} contains {array[place]!s} at {place}; accepted are finite numbers"
        )
    return array


def latent_rows(value: Any, name: str) -> Array:
    """Return latents as float64 of shape (n, d), each flattened.

    Raises
    ------
    TypeError
        If they are no real numbers.
    ValueError
        If there are none, they have no columns, or one is not finite.
    """
    array = real_numbers(value, name)
    if array.ndim < 2 or 0 in array.shape:
        raise ValueError(
            f"{name} has the shape {array.shape}; accepted are latents of shape (n, d) or "
            "(n, *latent_shape), at least one"
        )
    return array.reshape(len(array), -1).astype(np.float64)


def check_axes(ax: object) -> None:
    """Refuse what Matplotlib could not draw into."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax is a {type(ax).__name__}; accepted are None and a Matplotlib Axes")


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """Return `ax`, or the axes of a new figure of so many inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    # "compressed" leaves room for titles beside axes of fixed aspect too; "constrained" cuts them.
    return plt.subplots(figsize=(width, height), layout="compressed")[1]
