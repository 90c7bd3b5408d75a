"""idx files, the format of MNIST: a magic number, the lengths, the values.

The magic number is two zero bytes, a byte for the type, and one for the number of dimensions; then
every length as four bytes; then the values. Everything is big-endian. (Y. LeCun, C. Cortes,
C. J. C. Burges: "The MNIST database of handwritten digits", "The IDX file format".)
"""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import numpy as np

from .._types import Array
from ._paths import as_path

_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
DEFLATES_TO = 1032  # deflate makes at most so many bytes of one (zlib.net/zlib_tech.html)
_AT_ONCE = 1 << 20


class IdxHeader(NamedTuple):
    """What an idx file says it holds.

    Attributes
    ----------
    shape : tuple of int
        Lengths of the dimensions.
    dtype : dtype
        As in the file: big-endian.
    offset : int
        Bytes before the values.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def load_idx(path: str | os.PathLike[str]) -> Array:
    """Read an idx file, plain or packed by gzip (which is seen from its content, not its name).

    Parameters
    ----------
    path : path-like
        For instance ``train-images-idx3-ubyte.gz``.

    Returns
    -------
    array : ndarray
        Of the shape and type in the header, in native byte order; the caller's own.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no idx file, is cut short or too long, or promises more than it can hold: all
        but the end of a packed file is checked before memory is asked for.

    Examples
    --------
    >>> from zbins.data import load_idx
    >>> load_idx("t10k-labels-idx1-ubyte.gz").shape  # doctest: +SKIP
    (10000,)
    """
    name = as_path(path)
    header = idx_header(name)
    with _opened(name) as file:
        file.read(header.offset)
        try:
            array = np.empty(header.shape, header.dtype)
        except ValueError as error:  # 255 dimensions, or a length of 0 beside huge ones
            raise ValueError(f"{name!r} is damaged: shape {header.shape}: {error}") from error
        room = array.reshape(-1).view(np.uint8).data
        at = 0
        while at < len(room):
            read = file.read(min(_AT_ONCE, len(room) - at))
            if not read:
                raise _cut(name, header, at)
            room[at : at + len(read)] = read
            at += len(read)
        if file.read(1):
            raise ValueError(
                f"{name!r} is damaged: more follows the {header.nbytes:,} bytes of values that "
                f"its header promises (shape {header.shape})"
            )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def idx_header(name: str) -> IdxHeader:
    """Read the header of an idx file and compare it with the size of the file.

    Raises
    ------
    OSError, ValueError
        As `load_idx`.
    """
    size = os.stat(name).st_size
    with _opened(name) as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
            raise ValueError(
                f"{name!r} is no idx file: it begins with the bytes {magic.hex(' ') or '(none)'}; "
                "expected 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and the number of dimensions"
            )
        lengths = file.read(4 * magic[3])
        packed = isinstance(file, gzip.GzipFile)
    if len(lengths) < 4 * magic[3]:
        raise ValueError(
            f"{name!r} is damaged: cut short within the lengths of its {magic[3]} dimensions"
        )
    shape = tuple(int(n) for n in np.frombuffer(lengths, ">u4"))
    header = IdxHeader(shape, np.dtype(_TYPES[magic[2]]), 4 + len(lengths))
    follow = size - header.offset
    if packed:
        if header.nbytes > DEFLATES_TO * size:
            raise ValueError(
                f"{name!r} is damaged: its header promises {header.nbytes:,} bytes (shape "
                f"{shape}), more than a packed file of {size:,} bytes can hold"
            )
    elif follow < header.nbytes:
        raise _cut(name, header, follow)
    elif follow > header.nbytes:
        raise ValueError(
            f"{name!r} is damaged: its header promises {header.nbytes:,} bytes of values (shape "
            f"{shape}), but {follow:,} follow"
        )
    return header


def _cut(name: str, header: IdxHeader, found: int) -> ValueError:
    return ValueError(
        f"{name!r} is cut short: its header promises {header.nbytes:,} bytes of values (shape "
        f"{header.shape}), but {found:,} follow"
    )


@contextlib.contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    """Open a file, unpacking it if need be; damage to the packing is a ValueError."""
    with open(name, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file, mode="rb") as unpacked:
                yield unpacked  # type: ignore[misc]
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{name!r} is damaged as a gzip file: {error}") from error
