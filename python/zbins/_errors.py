"""Errors about one row, which know it: whoever has the row under another number can say so."""

from __future__ import annotations

from typing import Any, TypeVar

_Self = TypeVar("_Self", bound="_AboutRowError")


class _AboutRowError(Exception):
    """Made with a text in which "{row}" stands for the number of the row.

    Attributes
    ----------
    text : str
        What is wrong, once with "{row}" in it.
    row : int
        The row, counted from 0.
    column : int or None
        The column; None where the row as a whole is meant, or its label.
    value : object
        What is not accepted there.
    """

    def __init__(self, text: str, row: int, column: int | None = None, value: Any = None) -> None:
        super().__init__(text, row, column, value)  # so that it is pickled with all of them
        self.text, self.row, self.column, self.value = text, row, column, value

    def __str__(self) -> str:
        return self.text.replace("{row}", str(self.row), 1)

    def moved(self: _Self, row: int, prefix: str = "") -> _Self:
        """Return the same error about the row as it is numbered elsewhere, with words before it."""
        return type(self)(prefix + self.text, row, self.column, self.value)


class RowError(_AboutRowError, ValueError):
    """A row with a value that is not accepted."""


class RowTypeError(_AboutRowError, TypeError):
    """A row with something of a type that is not accepted: a label, as a rule."""
