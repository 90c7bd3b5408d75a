"""Any folder of images."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .._types import Array
from ._checks import checked_cache, checked_channels, checked_crop, checked_size
from ._images import ENDINGS, ImageFiles, listed
from ._paths import as_folder, missing
from ._pixels import need_pillow
from ._split import Split


def image_folder(
    path: str | os.PathLike[str],
    size: Any,
    *,
    labels: str | None = None,
    channels: int = 3,
    crop: Any = None,
    cache: str | os.PathLike[str] | None = None,
) -> Split:
    """Open all images in a folder and the folders in it.

    Parameters
    ----------
    path : path-like
        The folder. Files with other endings than .jpg, .jpeg, .png, .bmp, .gif, .webp, .tif,
        .tiff, .pgm and .ppm are left out, and so are hidden ones and linked folders.
    size : int or (int, int)
        Height and width of the images as they are trained on, in pixels; one number for both.
    labels : "folder" or None, default=None
        "folder": the folder right below `path` is the class; classes are numbered in the order of
        their names. None: no labels.
    channels : {3, 1}, default=3
        Colour or grey.
    crop : int, (int, int) or None, default=None
        Height and width of the middle that is cut out before resizing; None for the largest with
        the proportions of `size`.
    cache : None, "memory" or path-like, default=None
        None: images are decoded at every access. "memory": each process keeps what it has decoded
        at this size. A folder: the first access decodes all images into a file there, which later
        runs and all workers of a DataLoader map; it is written anew when names, sizes or dates of
        the images change, or it is damaged.

    Returns
    -------
    split : Split
        In the order of the names; `partition` splits it. No image is decoded yet.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If there is no such folder or it has no images, saying what it holds.
    ValueError, TypeError
        For an argument out of range or of another type, and for labels="folder" with images that
        lie in no folder.
    """
    need_pillow()
    shape = (checked_channels(channels), *checked_size(size))
    crop, cache = checked_crop(crop), checked_cache(cache)
    if labels not in (None, "folder"):
        kind = ValueError if isinstance(labels, str) else TypeError
        raise kind(f"labels is {labels!r}; accepted are 'folder' and None")
    root = as_folder(path, "images")
    names = listed(root)
    if not names:
        raise missing(root, "there are no images", [f"files in *{ending}" for ending in ENDINGS])
    numbers: Array | None = None
    classes: tuple[str, ...] = ()
    if labels == "folder":
        for name in names:
            if os.sep not in name:
                raise ValueError(
                    f"{name!r} lies in no folder below {root!r}; expected one for every class, or "
                    "labels=None"
                )
        numbers, classes = numbered([name.split(os.sep)[0] for name in names])
    title = os.path.basename(os.path.realpath(root)) or "images"
    return Split(ImageFiles(title, root, names, shape, crop, cache), numbers, classes)


def numbered(words: list[str]) -> tuple[Array, tuple[str, ...]]:
    """Return the number of every word among the different ones, and those, in order.

    The order is that of the names, and of numbers where all of them are: 2 before 10.
    """
    different = set(words)
    if all(word.isascii() and word.isdecimal() for word in different):
        classes = tuple(sorted(different, key=lambda word: (int(word), word)))
    else:
        classes = tuple(sorted(different))
    number = {word: i for i, word in enumerate(classes)}
    return np.array([number[word] for word in words], np.int64), classes
