"""Images as decoders give them, as arrays of values from black to white."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._common.arrays import check_finite, real_numbers
from .._common.images import check_black_and_white, unit_values
from .._types import Array

_CHANNELS = (1, 3)
_SHAPES = "(n, c, h, w), (n, h, w) or (n, h, w, c), with c of 1 or 3"


def as_images(value: Any, name: str = "images") -> Array:
    """Return images of shape (n, h, w, c), as float32, float64 or uint8.

    Raises
    ------
    TypeError
        For a dtype that is no float, uint8 or bool.
    ValueError
        For another shape, or no image.
    RowError
        For a value that is not finite.
    """
    array = real_numbers(value, name)
    if array.dtype.kind in "iu" and array.dtype != np.uint8:
        raise TypeError(
            f"{name} has the dtype {array.dtype}; accepted are floats, uint8 and bool: whole "
            "numbers of another type do not say what white is"
        )
    if array.dtype != np.uint8:
        array = array.astype(np.promote_types(array.dtype, np.float32))
    if array.ndim == 2 and 0 not in array.shape:
        raise ValueError(
            f"{name} has the shape {array.shape}; accepted are {_SHAPES}: flat samples are latents "
            "to be decoded, or images to be reshaped"
        )
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise ValueError(f"{name} has the shape {array.shape}; accepted are {_SHAPES}, none empty")
    check_finite(array, name)
    if array.ndim == 3:
        return array[..., None]
    if array.shape[1] in _CHANNELS:  # as PyTorch has them; it wins where both would do
        return array.transpose(0, 2, 3, 1)
    if array.shape[3] in _CHANNELS:
        return array
    raise ValueError(
        f"{name} has the shape {array.shape}, so neither {array.shape[1]} nor {array.shape[3]} "
        f"channels: accepted are {_SHAPES}"
    )


def check_value_range(value_range: Any) -> None:
    """Refuse what is neither None, "auto" nor two rising finite numbers."""
    accepted = 'accepted are None, "auto" and (lowest, highest)'
    if value_range is None or (isinstance(value_range, str) and value_range == "auto"):
        return
    if isinstance(value_range, str):
        raise ValueError(f"value_range is {value_range!r}; {accepted}")
    check_black_and_white(value_range, accepted)


def check_colours(cmap: object) -> None:
    """Refuse what is neither a Matplotlib Colormap nor the name of one."""
    import matplotlib as mpl
    from matplotlib.colors import Colormap

    accepted = "accepted are a Matplotlib Colormap and names of one, as 'gray', 'gray_r', 'viridis'"
    if isinstance(cmap, str):
        if cmap not in mpl.colormaps:
            raise ValueError(f"cmap is {cmap!r}; {accepted}")
    elif not isinstance(cmap, Colormap):
        raise TypeError(f"cmap is {cmap!r} of type {type(cmap).__name__}; {accepted}")


def unit_range(images: Array, value_range: Any) -> Array:
    """Return images with the range mapped to [0, 1], and clipped to it.

    Parameters
    ----------
    images : ndarray of float32, float64 or uint8
        As `as_images` gives them.
    value_range : None, "auto" or tuple of float
        None: [0, 1], or [0, 255] for uint8. "auto": from the smallest to the largest value.
    """
    if value_range is None:
        low, high = (0.0, 255.0) if images.dtype == np.uint8 else (0.0, 1.0)
    elif isinstance(value_range, str):
        low, high = float(images.min()), float(images.max())
    else:
        low, high = (float(bound) for bound in value_range)
    return unit_values(images, low, high)
