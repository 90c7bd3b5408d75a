"""What the loaders of image files accept: sizes, crops, channels, where to cache."""

from __future__ import annotations

import os

from .._common.checks import is_int
from ._paths import as_path

Size = tuple[int, int]  # height, width
MEMORY = "memory"
_LARGEST = 1 << 16  # pixels a side: more is a mistake, and what JPEG ends at


def checked_size(size: object, name: str = "size") -> Size:
    """Return (height, width) from one number or two.

    Raises
    ------
    TypeError
        If it is neither a whole number nor a pair of them.
    ValueError
        If one is not from 1 to 65,536.
    """
    both = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(both) != 2 or not all(is_int(side) for side in both):
        raise TypeError(
            f"{name} is {size!r}; accepted are a whole number of pixels and a pair of them "
            "(height, width)"
        )
    height, width = (int(side) for side in both)
    if not (1 <= height <= _LARGEST and 1 <= width <= _LARGEST):
        raise ValueError(f"{name} is {size!r}; accepted are from 1 to {_LARGEST:,} pixels")
    return height, width


def checked_crop(crop: object) -> Size | None:
    """Return None, or (height, width) as `checked_size` does."""
    return None if crop is None else checked_size(crop, "crop")


def checked_channels(channels: object) -> int:
    """Return 1 (grey) or 3 (colour)."""
    if not is_int(channels):
        raise TypeError(f"channels is {channels!r}; accepted are 3 (colour) and 1 (grey)")
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; accepted are 3 (colour) and 1 (grey)")
    return int(channels)


def checked_cache(cache: str | os.PathLike[str] | None) -> str | None:
    """Return None, "memory", or the path of a folder."""
    if cache is None or cache == MEMORY:
        return cache if cache is None else MEMORY
    folder = as_path(cache, "cache")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise ValueError(
            f"cache is {folder!r}, which is a file; accepted are None, 'memory' and a folder"
        )
    return folder
