"""Images and labels that lie together in arrays: read whole at the first access, .npz archives."""

from __future__ import annotations

import functools
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import IO, Any

import numpy as np

from .._errors import RowError
from .._types import Array
from ._idx import DEFLATES_TO
from ._paths import as_path
from ._split import Split

_CHANNELS = (1, 3)
# Ways to pack that NumPy writes, and how many bytes they make of one at most.
_PACKINGS = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: DEFLATES_TO}


class StoredImages:
    """A `Source` over one array.

    Parameters
    ----------
    load : callable
        Returns the array, of shape (n, c, h, w). It must be picklable (a `functools.partial` of a
        function of a module): only it travels to the workers of a DataLoader, not the array.
    shape : tuple of int
        Of that array, known from the file's header.
    """

    def __init__(self, load: Callable[[], Array], shape: tuple[int, int, int, int]) -> None:
        self._load = load
        self.shape = shape
        self._array: Array | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}

    def read(self, number: int) -> Array:
        """See `Source.read`."""
        image: Array = self.whole()[number]
        return image

    def whole(self) -> Array:
        """See `Source.whole`."""
        if self._array is None:
            array = self._load()
            array.flags.writeable = False  # splits share it
            self._array = array
        return self._array


def checked_labels(labels: Array, n_images: int, name: str) -> Array:
    """Return labels as int64, one per image.

    Parameters
    ----------
    labels : ndarray
        As the file has them.
    n_images : int
        How many there must be.
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        If they are not whole numbers in one column, or not as many as the images.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(
            f"{name} has the shape {labels.shape} and the dtype {labels.dtype}; expected one "
            "column of whole numbers, the labels"
        )
    if len(labels) != n_images:
        raise ValueError(f"{name} holds {len(labels):,} labels, but there are {n_images:,} images")
    if labels.dtype == np.uint64 and labels.size and int(labels.max()) >= 1 << 63:
        raise ValueError(f"{name} holds the label {labels.max()}, which int64 cannot")
    return labels.astype(np.int64)


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
            wrong = image[~((image >= 0) & (image <= 1))]  # NaN too
            if len(wrong):
                raise RowError(
                    f"image {{row}} in {key!r} of {name!r} holds {wrong[0]}; expected numbers in "
                    "[0, 1], or uint8 from 0 to 255",
                    number,
                    value=wrong[0],
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
