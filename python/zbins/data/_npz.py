"""Images and labels in .npz archives, as `numpy.savez` writes them."""

from __future__ import annotations

import functools
import math
import os
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from .._types import Array
from ._paths import as_path
from ._split import Split
from ._stored import StoredImages, checked_labels

_CHANNELS = (1, 3)
# Ways to pack that NumPy writes, and how many bytes they make of one at most (see `_idx`).
_PACKINGS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}


def npz(
    path: str | os.PathLike[str],
    *,
    images: str = "x",
    labels: str | None = None,
    channels: str | None = None,
    classes: Sequence[str] = (),
) -> Split:
    """Open images that lie in an .npz file; nothing in it is unpickled.

    Parameters
    ----------
    path : path-like
        The file.
    images : str, default="x"
        Name of the array of shape (n, h, w), (n, h, w, c) or (n, c, h, w), with 1 or 3 channels:
        uint8, or floating-point numbers in [0, 1].
    labels : str or None, default=None
        Name of the array of whole numbers of shape (n,), if there is one.
    channels : "first", "last" or None, default=None
        Where the channels are. None: where the 1 or 3 is.
    classes : sequence of str, default=()
        What the labels mean.

    Returns
    -------
    split : Split
        All images in the order of the file; `partition` splits them. The array is read at the
        first access, by each process.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no .npz file or is damaged, has no such array (naming those it has), or one of
        another shape or type than above; at the first access if a value is not in [0, 1].
    TypeError
        If the path or a name is of another type.

    Examples
    --------
    >>> from zbins.data import npz, partition
    >>> faces = partition(npz("faces.npz", images="x", labels="y"))  # doctest: +SKIP
    """
    name = as_path(path)
    shape, dtype = _header(name, _checked_name(images, "images"))
    described = f"{images!r} of {name!r}"
    if dtype != np.uint8 and dtype.kind != "f":
        raise ValueError(
            f"{described} holds {dtype}; expected uint8, or floating-point numbers in [0, 1]"
        )
    axis = _channel_axis(shape, channels, described)
    n, *rest = shape
    c = 1 if axis is None else rest.pop(axis - 1)
    height, width = rest
    source = StoredImages(functools.partial(_load, name, images, axis), (n, c, height, width))
    numbers = None
    if labels is not None:
        _header(name, _checked_name(labels, "labels"))
        numbers = checked_labels(_array(name, labels), n, f"{labels!r} of {name!r}")
    return Split(source, numbers, tuple(classes))


def _checked_name(name: object, what: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{what} is {name!r}; accepted is the name of an array")
    return name


def _channel_axis(shape: tuple[int, ...], channels: str | None, described: str) -> int | None:
    """Return which axis has the channels, None if there is none."""
    if channels not in (None, "first", "last"):
        kind = ValueError if isinstance(channels, str) else TypeError
        raise kind(f"channels is {channels!r}; accepted are 'first', 'last' and None")
    if len(shape) == 3:
        return None
    if len(shape) == 4:
        asked = {None: (1, 3), "first": (1,), "last": (3,)}[channels]
        fitting = [axis for axis in asked if shape[axis] in _CHANNELS]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise ValueError(
                f"{described} has the shape {shape}, where the channels may be first or last; say "
                "which: channels='first' or channels='last'"
            )
    raise ValueError(
        f"{described} has the shape {shape}; expected (n, h, w), (n, h, w, c) or (n, c, h, w) "
        "with 1 or 3 channels"
    )


def _load(name: str, key: str, axis: int | None) -> Array:
    """Return images of shape (n, c, h, w), uint8 or float32."""
    images = _array(name, key)
    images = images[:, None] if axis is None else np.moveaxis(images, axis, 1)
    if images.dtype != np.uint8:
        for number, image in enumerate(images):
            if not ((image >= 0) & (image <= 1)).all():  # NaN neither
                value = image[~((image >= 0) & (image <= 1))][0]
                raise ValueError(
                    f"image {number:,} in {key!r} of {name!r} holds {value}; expected numbers in "
                    "[0, 1], or uint8 from 0 to 255"
                )
        images = images.astype(np.float32)
    return np.ascontiguousarray(images)


def _array(name: str, key: str) -> Array:
    try:
        with np.load(name, allow_pickle=False) as file:
            array: Array = file[key]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{key!r} of {name!r} is damaged: {error}") from error
    return array


def _header(name: str, key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and type of an array, compared with the size of what the archive has of it."""
    with open(name, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.namelist()
                if key + ".npy" not in members:
                    held = ", ".join(repr(m.removesuffix(".npy")) for m in members[:10])
                    raise ValueError(f"it has no array {key!r}, but {held or 'none at all'}")
                info = archive.getinfo(key + ".npy")
                if info.compress_type not in _PACKINGS:
                    raise ValueError("it is packed in a way that NumPy does not write")
                if info.file_size > info.compress_size * _PACKINGS[info.compress_type]:
                    raise ValueError(
                        f"its {info.compress_size:,} bytes cannot hold {info.file_size:,}"
                    )
                with archive.open(info) as member:
                    shape, dtype = _npy_header(member)
                    follow = info.file_size - member.tell()
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise ValueError(f"{name!r} is no .npz file, or is damaged: {error}") from error
        except ValueError as error:
            raise ValueError(f"cannot read {key!r} of {name!r}: {error}") from error
    needed = math.prod(shape) * dtype.itemsize
    if dtype.hasobject:
        raise ValueError(f"{key!r} of {name!r} holds Python objects; expected numbers")
    if follow != needed or min(shape, default=0) < 0:
        raise ValueError(
            f"{key!r} of {name!r} is damaged: its header promises {needed:,} bytes (shape {shape}, "
            f"{dtype}), but {follow:,} follow"
        )
    return shape, dtype


def _npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:  # only tables with named columns need it
        raise ValueError(f"its .npy version is {version}; expected (1, 0) or (2, 0)")
    return shape, dtype
