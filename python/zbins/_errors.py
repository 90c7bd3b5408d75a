"""Errors about files, chunks and rows, which know them: elsewhere a row may have another number."""

from __future__ import annotations

from typing import Any, TypeVar

_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_Self = TypeVar("_Self", bound="_AboutRowError")


def _of_chunk(chunk: int, text: str) -> str:
    return f"chunk {chunk} (the first is 0): {text}"


def _is_numpy_scalar(value: object) -> bool:
    import numpy as np  # only where an error is pickled

    return isinstance(value, np.generic) and not value.dtype.hasobject


class _AboutRowError(Exception):
    """Made with a text in which "{row}" stands for the number of the row.

    Attributes
    ----------
    text : str
        What is wrong, with "{row}" in it, after whatever the user gave.
    row : int
        The row, counted from 0.
    column : int or None
        The column; None where the row as a whole is meant, or its label.
    value : object
        What is not accepted there. In another process, its repr if it is no number or text.
    chunk : int or None
        The chunk of a stream in which the row is counted, from 0; None where there is no stream.
    """

    def __init__(
        self,
        text: str,
        row: int,
        column: int | None = None,
        value: Any = None,
        chunk: int | None = None,
    ) -> None:
        super().__init__(text, row, column, value, chunk)
        self.text, self.row, self.column, self.value, self.chunk = text, row, column, value, chunk

    def __str__(self) -> str:
        before, _, after = self.text.rpartition("{row}")  # the last: a label may read so too
        text = f"{before}{self.row}{after}"
        return text if self.chunk is None else _of_chunk(self.chunk, text)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel with all of them, a value that is no number or text as its repr.

        Labels may be of any class, which another process may not have, or not be able to make.
        """
        value = self.value
        if type(value) not in _PLAIN and not _is_numpy_scalar(value):
            value = repr(value)
        return type(self), (self.text, self.row, self.column, value, self.chunk)

    def moved(self: _Self, row: int, prefix: str = "") -> _Self:
        """Return the same error about the row as it is numbered elsewhere, with words before it.

        The row is one of the whole then, not of a chunk.
        """
        return type(self)(prefix + self.text, row, self.column, self.value)

    def in_chunk(self: _Self, n: int) -> _Self:
        """Return the same error about a row of the n-th chunk of a stream."""
        return type(self)(self.text, self.row, self.column, self.value, n)


class InputError(ValueError):
    """Something wrong with a file; the message names it."""


class RowError(_AboutRowError, ValueError):
    """A row with a value that is not accepted."""


class RowTypeError(_AboutRowError, TypeError):
    """A row with something of a type that is not accepted: a label, as a rule."""


class _AboutChunkError(Exception):
    """Made with what is wrong with a chunk as a whole.

    Attributes
    ----------
    text : str
        What is wrong.
    chunk : int
        The chunk of the stream, from 0.
    """

    def __init__(self, text: str, chunk: int) -> None:
        super().__init__(text, chunk)
        self.text, self.chunk = text, chunk

    def __str__(self) -> str:
        return _of_chunk(self.chunk, self.text)


class ChunkError(_AboutChunkError, ValueError):
    """A chunk that does not go with the others."""


class ChunkTypeError(_AboutChunkError, TypeError):
    """A chunk of a type that is not accepted, or with labels of another."""


def public_kind(error: BaseException) -> str:
    """Return the name of an error's class; of those here, that of the public one they are."""
    return next(kind for kind in type(error).__mro__ if kind.__module__ != __name__).__name__
