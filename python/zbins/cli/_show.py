"""What a run shows: its result on stdout, how far it is on stderr."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text


def started() -> float:
    """Return when a command begins: once what is imported late (scikit-learn) is there."""
    importlib.import_module("zbins.pmf")
    return time.perf_counter()


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


@contextlib.contextmanager
def progress(show: bool, title: str, rows: int) -> Iterator[Callable[[int], None]]:
    """Show a bar with rate and time left; the function it gives counts rows that are done."""
    if not show:
        yield lambda n: None
        return
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("left"),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=sys.stderr.isatty()) as bar:
        task = bar.add_task(title, total=rows)
        yield lambda n: bar.advance(task, n)


def waiting(title: str) -> contextlib.AbstractContextManager[Any]:
    """Show that something of unknown length goes on, if stderr is a terminal."""
    if not sys.stderr.isatty():
        return contextlib.nullcontext()
    return Console(stderr=True).status(title)


class _Console(Console):
    """Leaves it to `reporting` to say how a run ends whose reader went away."""

    def on_broken_pipe(self) -> None:
        """Raise what was raised."""
        raise BrokenPipeError


class _Rate(ProgressColumn):
    """Rows a second."""

    def render(self, task: Task) -> Text:
        """Return the text of the column."""
        speed = task.finished_speed or task.speed
        return Text("- rows/s" if speed is None else f"{speed:,.0f} rows/s")


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
