"""A progress bar on stderr, or in the notebook: tqdm's, imported once one may be shown."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

_WAIT = 1.0  # seconds of work before an automatic bar appears


def check_progress(progress: object) -> bool | None:
    """Refuse anything but None, True and False."""
    if progress is not None and not isinstance(progress, bool):
        raise TypeError(f"progress is {progress!r}; accepted are None, True and False")
    return progress


class Progress:
    """Shows how far a call is: done, time left, rows and their rate.

    Parameters
    ----------
    show : bool or None
        None: only on a terminal or in a notebook, and where the work takes more than a second.
    total : int or None
        Units in all, where known.
    title, unit : str
        What is done, and to what.
    """

    def __init__(self, show: bool | None, total: int | None, title: str, unit: str) -> None:
        self._rows = 0
        self._bar = _bar(check_progress(show), total, title, unit)

    def advance(self, units: int, rows: int | None = None) -> None:
        """Count work done, and its rows where these are not the units; draw now and then."""
        self._rows += units if rows is None else rows
        if self._bar is None:
            return
        if self._rows != self._bar.n + units:
            seconds = self._bar.format_dict["elapsed"]
            rate = f", {self._rows / seconds:,.0f} rows/s" if seconds else ""
            self._bar.set_postfix_str(f"{self._rows:,} rows{rate}", refresh=False)
        self._bar.update(units)

    def describe(self, title: str) -> None:
        """Change what is said to be done, from the next drawing on."""
        if self._bar is not None:
            self._bar.set_description_str(title, refresh=False)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()  # ends the line, also after Ctrl-C


def _bar(show: bool | None, total: int | None, title: str, unit: str) -> Any:
    """Return tqdm's bar, or None where it is sure that none is shown."""
    if show is False or sys.stderr is None:
        return None
    # A notebook, where stderr is no terminal either, has IPython; there tqdm decides.
    if show is None and not sys.stderr.isatty() and "IPython" not in sys.modules:
        return None
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        monitor_interval = 0  # no thread of its own, which a fork would not survive

    return Bar(
        total=total,
        desc=title,
        unit=f" {unit}" + ("es" if unit.endswith("ch") else "s"),
        unit_scale=unit == "row",
        delay=_WAIT if show is None else 0,
        disable=None if show is None else False,
        miniters=1,
        dynamic_ncols=True,
    )
