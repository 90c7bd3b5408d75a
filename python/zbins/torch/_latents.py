"""Latents as they are encoded: in memory, and beyond a limit in a temporary file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._types import Array


class Latents:
    """Rows that come in batches, and are read as one array in the end.

    A second pass of the encoder would take far longer than any fit, so all of them are kept. The
    file has no name, in the folder that the `tempfile` module chooses (TMPDIR), and ends with the
    array or with the process.

    Parameters
    ----------
    limit : int
        Bytes from which on they lie in the file.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[Array] = []
        self._bytes = self._rows = 0
        self._file: Any = None
        self.shape: tuple[int, ...] | None = None
        self._dtype: np.dtype[Any] | None = None

    def append(self, rows: Array) -> None:
        """Add rows of shape (n, ...).

        Raises
        ------
        ValueError
            If they have another shape than those before.
        OSError
            If the file cannot be written.
        """
        if self.shape is None:
            self.shape, self._dtype = rows.shape[1:], rows.dtype
        if rows.shape[1:] != self.shape or rows.dtype != self._dtype:
            raise ValueError(
                f"encode returned latents of shape {shown(rows.shape[1:])} and {rows.dtype}; those "
                f"before were {shown(self.shape)} and {self._dtype}"
            )
        self._bytes += rows.nbytes
        self._rows += len(rows)
        if self._bytes <= self._limit:
            self._parts.append(np.array(rows))  # not a view of what the encoder writes to again
            return
        if self._file is None:
            with self._explained():
                self._file = tempfile.TemporaryFile(prefix="zbins-", buffering=0)  # noqa: SIM115
            for part in self._parts:
                self._write(part)
            self._parts = []
        self._write(rows)

    def _write(self, rows: Array) -> None:
        left = np.ascontiguousarray(rows).data.cast("B")
        with self._explained():
            while left:  # one write takes at most 2 GiB
                left = left[self._file.write(left) :]

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise type(error)(
                error.errno,
                f"cannot keep {self._bytes:,} bytes of latents: {error.strerror}; raise "
                "memory_limit, or set TMPDIR to a folder with room",
                tempfile.gettempdir(),
            ) from error

    def close(self) -> None:
        """Let go of the file; what `array` gave stays."""
        if self._file is not None:
            self._file.close()

    def array(self) -> Array:
        """Return all rows, shape (n, ...): an array, or a memory map of the file.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not self._rows or self.shape is None:
            raise ValueError("data has no inputs; at least one is needed")
        if self._file is None:
            whole = np.empty((self._rows, *self.shape), self._dtype)
            end = self._rows
            while self._parts:  # each is freed as it is copied
                part = self._parts.pop()
                whole[end - len(part) : end] = part
                end -= len(part)
            return whole
        shape = (self._rows, *self.shape)
        mapped: Array = np.memmap(self._file, self._dtype or float, "r+", shape=shape)
        return mapped


def shown(shape: tuple[int, ...]) -> str:
    """Return the shape of any number of rows of this shape, for messages."""
    return str(("n", *shape)).replace("'", "")
