"""From one image file to the pixels that are trained on: sizes, crops and channels, by Pillow."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from .._common.checks import is_int
from .._common.extras import pip_install
from .._errors import RowError
from .._types import Array

Size = tuple[int, int]  # height, width
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


def checked_channels(channels: object) -> int:
    """Return 1 (grey) or 3 (colour)."""
    if not is_int(channels):
        raise TypeError(f"channels is {channels!r}; accepted are 3 (colour) and 1 (grey)")
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; accepted are 3 (colour) and 1 (grey)")
    return int(channels)


def need_pillow() -> None:
    """Raise ImportError, saying how to install it, if Pillow is not there."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"images are decoded by Pillow ({error}); install it with: {pip_install('data')}"
        ) from error


def decode(name: str, number: int, shape: tuple[int, int, int], crop: Size | None) -> Array:
    """Decode, crop and resize an image.

    It is turned upright as its EXIF data say and put over white where it is transparent; 16 bits
    become 8. Then the middle is cut out, and resized by Pillow's bilinear filter, which averages
    over all pixels when it shrinks (as torchvision's `Resize` does).

    Parameters
    ----------
    name : str
        The file.
    number : int
        Of the image in its data set, for the message.
    shape : tuple of int
        (c, h, w) to return.
    crop : tuple of int or None
        Height and width of the middle that is used; None for the largest one with the proportions
        of h and w.

    Returns
    -------
    pixels : ndarray of uint8, shape (c, h, w)

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no image, damaged, or smaller than the crop, naming it and its number.
    """
    need_pillow()
    from PIL import Image, ImageOps

    try:
        with Image.open(name) as opened:
            opened.load()
            image: Any = opened
            # A damaged EXIF block says nothing of the pixels.
            with contextlib.suppress(Exception):
                image = ImageOps.exif_transpose(opened)
            image = _plain(image, "L" if shape[0] == 1 else "RGB")
            box = _middle(image.size, shape[1:], crop)
            image = image.resize((shape[2], shape[1]), Image.Resampling.BILINEAR, box=box)
    except MemoryError:
        raise
    except Exception as error:  # of a damaged file Pillow raises a dozen kinds
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's: not there, no permission
        raise RowError(f"image {{row}}, {name!r}, cannot be decoded: {error}", number) from error
    pixels = np.asarray(image)
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(pixels)


def _plain(image: Any, mode: str) -> Any:
    """Return the image in mode L or RGB."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("it holds floating-point pixels; expected 8 or 16 bits a channel")
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        if deep.size and (deep.min() < 0 or deep.max() > 65_535):
            raise ValueError(
                f"it holds pixels from {deep.min()} to {deep.max()}; expected 8 or 16 bits"
            )
        image = Image.fromarray(((deep * 255 + 32_767) // 65_535).astype(np.uint8))
    elif image.has_transparency_data:
        above = image.convert("RGBA")
        image = Image.new("RGBA", above.size, "white")
        image.alpha_composite(above)
    return image.convert(mode)


def _middle(
    size: tuple[int, int], target: tuple[int, int], crop: Size | None
) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the middle of an image of (width, height)."""
    width, height = size
    if crop is not None:
        h, w = crop
        if h > height or w > width:
            raise ValueError(f"it is {height} x {width} (height, width), less than the crop {crop}")
    elif width * target[0] >= height * target[1]:
        h, w = height, max(1, _divide(height * target[1], target[0]))
    else:
        h, w = max(1, _divide(width * target[0], target[1])), width
    left, top = (width - w) // 2, (height - h) // 2
    return left, top, left + w, top + h


def _divide(a: int, b: int) -> int:
    """Divide and round to the nearest whole number."""
    return (2 * a + b) // (2 * b)
