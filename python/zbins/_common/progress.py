"""A progress line on stderr, and nothing anywhere else."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_WAIT = 1.0  # seconds of work before an automatic bar appears
_EVERY = 0.2  # seconds between two drawings
_WIDTH = 24


def check_progress(progress: object) -> bool | None:
    """Refuse anything but None, True and False."""
    if progress is not None and not isinstance(progress, bool):
        raise TypeError(f"progress is {progress!r}; accepted are None, True and False")
    return progress


class Progress:
    """Shows how far a call is: done, rate, time left.

    Parameters
    ----------
    show : bool or None
        None: only when stderr is a terminal and the work takes more than a second.
    total : int or None
        Units in all, where known.
    title, unit : str
        What is done, and to what.
    """

    def __init__(self, show: bool | None, total: int | None, title: str, unit: str) -> None:
        show = check_progress(show)
        self._forced = show is True
        self._on = sys.stderr is not None and (
            self._forced or (show is None and sys.stderr.isatty())
        )
        self._total, self._title = total, title
        self._plural = unit + ("es" if unit.endswith("ch") else "s")
        self._units = self._rows = 0
        self._begin = time.monotonic()
        self._drawn = self._begin + (0 if self._forced else _WAIT - _EVERY)
        self._visible = False

    def advance(self, units: int, rows: int) -> None:
        """Count work done; draw now and then."""
        self._units += units
        self._rows += rows
        if self._on and time.monotonic() - self._drawn >= _EVERY:
            self._draw()

    def _draw(self) -> None:
        self._drawn = time.monotonic()
        seconds = max(self._drawn - self._begin, 1e-9)
        text = f"{self._title}: {self._units:,} {self._plural}, {self._rows:,} rows"
        if self._total:
            done = min(1.0, self._units / self._total)
            filled = round(done * _WIDTH)
            left = seconds * (1 - done) / done if done else float("inf")
            bar = "#" * filled + "-" * (_WIDTH - filled)
            text = f"{self._title} [{bar}] {done:4.0%}, {self._rows:,} rows, {left:.0f} s left"
        text += f", {self._rows / seconds:,.0f} rows/s"
        sys.stderr.write("\r" + text.ljust(100))
        sys.stderr.flush()
        self._visible = True

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._on and (self._visible or self._forced):
            self._draw()
            sys.stderr.write("\n")
            sys.stderr.flush()
