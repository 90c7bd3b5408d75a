"""What a run gives: its result on stdout, and a file that was checked before any work was done."""

from __future__ import annotations

import errno
import importlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .._errors import InputError
from ._exits import warn


def check_output(path: str, inputs: Sequence[str] = ()) -> None:
    """Refuse an output that could not be written, before any work is done.

    Parameters
    ----------
    path : str
        Replaced at the end if it exists.
    inputs : sequence of str
        Files that must not be replaced, because they are read until then.

    Raises
    ------
    OSError, InputError
        Naming the path.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise InputError(f"the output {path!r} is a folder; give the name of a file")
    if os.path.exists(target) and not os.path.isfile(target):
        raise InputError(f"the output {path!r} is no regular file")
    if not os.path.isdir(folder):
        raise InputError(f"the output's folder {folder!r} does not exist")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "no permission to write to the folder", folder)
    if target in map(os.path.realpath, inputs):
        raise InputError(f"{path!r} is both input and output")


class Result:
    """What a command says about the file that it wrote, and how long that took.

    Parameters
    ----------
    as_json, quiet : bool
        As the options say.
    """

    def __init__(self, as_json: bool, quiet: bool) -> None:
        importlib.import_module("zbins.pmf")  # scikit-learn: the time to import it is not counted
        self._as_json, self._quiet = as_json, quiet
        self._begin = time.perf_counter()

    def show(
        self,
        output: str,
        facts: Mapping[str, Any],
        words: Mapping[str, str],
        *,
        noun: str = "file",
        done: tuple[int, str] | None = None,
        warnings: Iterable[str] | None = None,
    ) -> None:
        """Write it as one line of JSON, as names and values, or not at all.

        Parameters
        ----------
        output : str
            The file.
        facts, words : mapping
            For JSON, and for people.
        noun : str
            What the file is.
        done : tuple of (int, str) or None
            How many of what, for the rate.
        warnings : iterable of str or None
            About what is in the file.
        """
        took = time.perf_counter() - self._begin
        size = os.path.getsize(output)
        if self._as_json:
            ending: dict[str, Any] = {"seconds": took, "file_bytes": size}
            if warnings is not None:
                ending["warnings"] = list(warnings)
            show_json({"path": output, **facts, **ending})
        elif not self._quiet:
            rate = "" if done is None else f" ({done[0] / took:,.0f} {done[1]}/s)"
            file = f"{output} ({nbytes(size)})"
            show_pairs({**words, "time": seconds(took) + rate, noun: file})
            for text in warnings or ():
                warn(text)


def show_json(result: Mapping[str, Any]) -> None:
    """Write the result as one line of JSON."""
    text = json.dumps(result, allow_nan=False, default=_plain)
    sys.stdout.write(text + "\n")


def show_pairs(result: Mapping[str, str]) -> None:
    """Write names and values under each other."""
    width = max(map(len, result)) + 2
    for name, value in result.items():
        line = Text.assemble((name.ljust(width), "bold"), value)
        console().print(line, soft_wrap=True)


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table, its first column to the left and the others to the right."""
    table = Table()
    for place, name in enumerate(head):
        table.add_column(Text(name), justify="right" if place else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def console() -> Console:
    """Return a console on stdout, which cuts no line where there is no terminal."""
    return _Console(width=None if sys.stdout.isatty() else 1000)


class _Console(Console):
    """Leaves it to `reporting` to say how a run ends whose reader went away."""

    def on_broken_pipe(self) -> None:
        """Raise what was raised."""
        raise BrokenPipeError


def seconds(value: float) -> str:
    """Return a time in words."""
    if value < 1e-3:
        return f"{value * 1e6:.0f} µs"
    return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"


def nbytes(value: int) -> str:
    """Return a size in words."""
    size = float(value)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.3g} {unit}" if unit != "bytes" else f"{value} bytes"
        size /= 1024
    return f"{size:,.3g} TiB"


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
