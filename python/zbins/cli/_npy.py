"""Arrays in .npy and .npz files, read a few rows at a time."""

from __future__ import annotations

import contextlib
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np

from .._types import Array
from ._exits import InputError
from ._stored import StoredArray, Take, chosen, fill, naming


class NpyArray(StoredArray):
    """An array in .npy layout: a file, or a member of an .npz.

    Rows are read, not mapped: a file cut short meanwhile is an error rather than a bus error.
    """

    def __init__(self, name: str, open_stream: Callable[[], IO[bytes]], nbytes: int) -> None:
        self._open = open_stream
        with naming(name), open_stream() as file:
            shape, fortran, dtype, offset = _header(file)
            if dtype.hasobject:
                raise InputError(
                    "holds Python objects, which only pickle can read; save an array of numbers"
                )
            if any(length < 0 for length in shape):
                raise InputError(f"its header has the shape {shape}")
            needed = math.prod(shape) * dtype.itemsize
            if nbytes - offset < needed:
                raise InputError(
                    f"is cut short: its header promises {needed:,} bytes (shape {shape}, "
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
                whole = fill(file, np.empty(self.shape[::-1], self.dtype), self.name).T
                at = 0

                def next_rows(n: int) -> Array:
                    nonlocal at
                    at += n
                    return whole[at - n : at]

                yield next_rows
            else:
                yield self._by_columns(file)

    def _rows(self, file: IO[bytes], n: int) -> Array:
        return fill(file, np.empty((n, *self.shape[1:]), self.dtype), self.name)

    def _by_columns(self, file: IO[bytes]) -> Take:
        at = 0

        def take(n: int) -> Array:
            nonlocal at
            columns = np.empty((math.prod(self.shape[1:]), n), self.dtype)
            for j, column in enumerate(columns):
                file.seek(self._offset + (j * self.shape[0] + at) * self.dtype.itemsize)
                fill(file, column, self.name)
            at += n
            return columns.T.reshape((n, *self.shape[1:]), order="F")

        return take


def open_npy(path: str) -> NpyArray:
    """Open an .npy file."""

    def open_stream() -> IO[bytes]:
        return open(path, "rb", buffering=0)

    return NpyArray(repr(path), open_stream, os.stat(path).st_size)


def open_npz(path: str, key: str | None, besides: str | None = None) -> NpyArray:
    """Open one array of an .npz file; `besides` is a key that is not meant where `key` is None."""
    with naming(repr(path)), zipfile.ZipFile(path) as archive:
        sizes = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
    key = chosen(path, key, list(sizes), besides)
    info = sizes[key]

    def open_stream() -> IO[bytes]:
        # The archive closes its file once the last member is closed.
        with zipfile.ZipFile(path) as archive:
            return archive.open(info.filename)

    return NpyArray(f"{path!r}, array {key!r},", open_stream, info.file_size)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, whether by columns, dtype, and where the values begin."""
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise InputError(f"has .npy version {version}; accepted are arrays of plain numbers")
    shape, fortran, dtype = readers[version](file)
    return shape, fortran, dtype, file.tell()
