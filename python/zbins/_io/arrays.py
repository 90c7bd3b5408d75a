"""Arrays in .npy, .npz and .safetensors files, read a few rows at a time; errors name the file.

Files are read, not mapped: one that is cut short meanwhile is an error rather than a bus error.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import stat
import tokenize
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError, safe_open

from .._errors import InputError
from .._types import Array
from .tensor_file import BFLOAT16, DTYPES

_NPY_MAGIC = b"\x93NUMPY"
Take = Callable[[int], Array]
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_HEADER_ERRORS = (tokenize.TokenError, SyntaxError)


class StoredArray(ABC):
    """An array in a file: shape and dtype now, rows later.

    Parameters
    ----------
    name : str
        For messages: the file, and the key inside it.
    shape : tuple of int
        The first is the number of rows.
    dtype : dtype
        Of what `reader` gives.
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype

    @abstractmethod
    def reader(self) -> contextlib.AbstractContextManager[Take]:
        """Open the array at its first row; the function it gives takes that many rows onward."""


class NpyArray(StoredArray):
    """An array in .npy layout: a file, or a member of an .npz."""

    def __init__(self, name: str, open_stream: Callable[[], IO[bytes]], nbytes: int) -> None:
        self._open = open_stream
        with naming(name), open_stream() as file:
            shape, fortran, dtype, offset = _header(name, file)
            if dtype.hasobject:
                raise InputError(
                    f"{name} holds Python objects, which only pickle can read; save an array of "
                    "numbers"
                )
            if any(length < 0 for length in shape):
                raise InputError(f"{name} cannot be read: its header has the shape {shape}")
            needed = math.prod(shape) * dtype.itemsize
            if nbytes - offset < needed:
                raise InputError(
                    f"{name} is cut short: its header promises {needed:,} bytes (shape {shape}, "
                    f"{dtype}), but {max(0, nbytes - offset):,} follow"
                )
        super().__init__(name, shape, dtype)
        self._offset = offset
        self._fortran = fortran and len(shape) > 1 and math.prod(shape) > 0

    @contextlib.contextmanager
    def reader(self) -> Iterator[Take]:
        """See `StoredArray.reader`."""
        with self._open() as file:
            file.read(self._offset)
            if not self._fortran:
                yield lambda n: self._rows(file, n)
            elif isinstance(file, zipfile.ZipExtFile):  # columns in a compressed stream: all of it
                whole = _fill(file, np.empty(self.shape[::-1], self.dtype), self.name).T
                at = 0

                def next_rows(n: int) -> Array:
                    nonlocal at
                    at += n
                    return whole[at - n : at]

                yield next_rows
            else:
                yield self._by_columns(file)

    def _rows(self, file: IO[bytes], n: int) -> Array:
        return _fill(file, np.empty((n, *self.shape[1:]), self.dtype), self.name)

    def _by_columns(self, file: IO[bytes]) -> Take:
        at = 0

        def take(n: int) -> Array:
            nonlocal at
            columns = np.empty((math.prod(self.shape[1:]), n), self.dtype)
            for j, column in enumerate(columns):
                file.seek(self._offset + (j * self.shape[0] + at) * self.dtype.itemsize)
                _fill(file, column, self.name)
            at += n
            return columns.T.reshape((n, *self.shape[1:]), order="F")

        return take


class TensorArray(StoredArray):
    """A tensor of a .safetensors file; bfloat16 is read as float32."""

    def __init__(self, path: str, key: str) -> None:
        self._path, self._key = path, key
        with naming(repr(path)), safe_open(path, "np") as file:
            view = file.get_slice(key)
            shape, kind = tuple(view.get_shape()), view.get_dtype()
        dtype = DTYPES.get(kind)
        self._half = kind == BFLOAT16
        if self._half:
            dtype = np.dtype(np.float32)
        if dtype is None:
            accepted = f"{', '.join(DTYPES)} and {BFLOAT16}"
            raise InputError(f"{path!r}: tensor {key!r} is {kind}; accepted are {accepted}")
        super().__init__(f"{path!r}, tensor {key!r},", shape, dtype)

    @contextlib.contextmanager
    def reader(self) -> Iterator[Take]:
        """See `StoredArray.reader`."""
        with open(self._path, "rb", buffering=0) as file:
            with naming(repr(self._path)):
                length = int.from_bytes(_fill(file, np.empty(8, np.uint8), self.name), "little")
                header = json.loads(_fill(file, np.empty(length, np.uint8), self.name).tobytes())
            file.seek(8 + length + header[self._key]["data_offsets"][0])

            def take(n: int) -> Array:
                shape = (n, *self.shape[1:])
                if not self._half:
                    return _fill(file, np.empty(shape, self.dtype), self.name)
                # NumPy has no bfloat16: its 16 bits are the upper half of a float32.
                bits = _fill(file, np.empty(shape, "<u2"), self.name)
                return (bits.astype(np.uint32) << 16).view(np.float32)

            yield take


def open_array(path: str, key: str | None = None, besides: str | None = None) -> StoredArray:
    """Open the array that a file holds, whichever of the formats it is in."""
    kind = format_of(path)
    if kind == "npy":
        if key is not None:
            raise InputError(f"{path!r} is an .npy file, which has no array {key!r}, only one")
        return open_npy(path)
    if kind == "npz":
        return _open_npz(path, key, besides)
    if kind == "safetensors":
        return _open_tensor(path, key, besides)
    raise InputError(f"{path!r} is a Parquet file; accepted here are .npy, .npz and .safetensors")


def format_of(path: str) -> str:
    """Return "npy", "npz", "safetensors" or "parquet", by how the file begins."""
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path!r} is a folder; give its files, or a glob such as '*.npy'")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path!r} is no regular file, and latents are read more than once")
    with open(path, "rb") as file:
        head = file.read(9)
    if head.startswith(_NPY_MAGIC):
        return "npy"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if head.startswith(b"PAR1"):
        return "parquet"
    if len(head) == 9 and head.endswith(b"{"):
        return "safetensors"
    what = "is empty" if not head else "is none of these"
    raise InputError(f"{path!r} {what}; accepted are .npy, .npz, .safetensors and Parquet files")


def open_npy(path: str) -> NpyArray:
    """Open an .npy file."""

    def open_stream() -> IO[bytes]:
        return open(path, "rb", buffering=0)

    return NpyArray(repr(path), open_stream, os.stat(path).st_size)


def _open_npz(path: str, key: str | None, besides: str | None = None) -> NpyArray:
    """Open one array of an .npz file; `besides` is a key that is not meant where `key` is None."""
    with naming(repr(path)), zipfile.ZipFile(path) as archive:
        sizes = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
    key = _chosen(path, key, list(sizes), besides)
    info = sizes[key]

    def open_stream() -> IO[bytes]:
        # The archive closes its file once the last member is closed.
        with zipfile.ZipFile(path) as archive:
            return archive.open(info.filename)

    return NpyArray(f"{path!r}, array {key!r},", open_stream, info.file_size)


def is_model(path: str) -> bool:
    """Tell whether a .safetensors file is a model of zbins."""
    with naming(repr(path)), safe_open(path, "np") as file:
        return "zbins" in (file.metadata() or {})


def _open_tensor(path: str, key: str | None, besides: str | None = None) -> TensorArray:
    """Open one tensor of a .safetensors file, as `_open_npz` does."""
    with naming(repr(path)), safe_open(path, "np") as file:
        keys = list(file.keys())
    if is_model(path):
        raise InputError(f"{path!r} is a model of zbins; latents are expected")
    return TensorArray(path, _chosen(path, key, keys, besides))


def _fill(file: IO[bytes], array: Array, name: str) -> Array:
    """Fill a contiguous array from a file."""
    wanted = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(wanted):
        with naming(name):
            got = file.readinto(wanted[done : done + (1 << 30)])  # type: ignore[attr-defined]
            if not got:
                raise InputError(f"{name} became shorter while it was being read")
        done += got
    return array


def _chosen(path: str, key: str | None, keys: list[str], besides: str | None) -> str:
    shown = ", ".join(repr(name) for name in keys[:20]) + (", ..." if len(keys) > 20 else "")
    if key is not None:
        if key not in keys:
            raise InputError(f"{path!r} has no array {key!r}; it has {shown or 'none'}")
        return key
    meant = [name for name in keys if name != besides]
    if len(meant) != 1:
        have = f"has {len(keys)} arrays: {shown}; say which with --key" if keys else "has no array"
        raise InputError(f"{path!r} {have}")
    return meant[0]


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Make errors about the content of a file name it."""
    try:
        yield
    except InputError:
        raise  # which names it
    except (ValueError, SafetensorError, *_ZIP_ERRORS, *_HEADER_ERRORS) as error:
        raise InputError(f"{name} cannot be read: {error}") from error


def _header(name: str, file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, whether by columns, dtype, and where the values begin."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise InputError(f"{name} has .npy version {version}; accepted are arrays of plain numbers")
    shape, fortran, dtype = readers[version](file)
    return shape, fortran, dtype, file.tell()
