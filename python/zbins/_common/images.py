"""Images as arrays: what is black and white, and many of them as one picture."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._types import Array


def check_black_and_white(value_range: Any, accepted: str) -> tuple[float, float]:
    """Return two rising finite numbers, or refuse what is not, naming what is accepted."""
    try:
        low, high = (float(bound) for bound in value_range)
    except OverflowError:  # an int past all floats
        low = high = math.inf
    except (TypeError, ValueError):
        raise TypeError(f"value_range is {value_range!r}; {accepted}") from None
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"value_range is {value_range!r}; {accepted}, finite and rising")
    return low, high


def unit_values(images: Array, low: float, high: float) -> Array:
    """Return float64 values with low and high mapped to 0 and 1, and clipped; NaN stays NaN.

    Where low is high, it is 0.
    """
    # Halved: the largest floats have no difference.
    width = high / 2 - low / 2 or 1.0
    halves = np.clip(images.astype(np.float64), low, high) / 2
    unit: Array = (halves - low / 2) / width
    return unit


def mosaic(tiles: Array, columns: int, gap: int) -> Array:
    """Return images side by side, row by row, with zeros between.

    Parameters
    ----------
    tiles : ndarray of shape (n, h, w, c)
    columns, gap : int
        Images in a row, and pixels between two.

    Returns
    -------
    pixels : ndarray of shape (rows * (h + gap) - gap, columns * (w + gap) - gap, c)
        Places after the last image are zero too.
    """
    n, h, w, channels = tiles.shape
    rows = -(-n // columns)
    padded = np.zeros((rows * columns, h + gap, w + gap, channels), tiles.dtype)
    padded[:n, :h, :w] = tiles
    padded = padded.reshape(rows, columns, h + gap, w + gap, channels).transpose(0, 2, 1, 3, 4)
    pixels: Array = padded.reshape(rows * (h + gap), columns * (w + gap), channels)
    return pixels[: rows * (h + gap) - gap, : columns * (w + gap) - gap]
