"""The command line: `zbins fit`, `sample`, `info`, `merge`, `convert`, `bench`.

typer and rich are imported when `main` runs, not before, and scikit-learn not before a command
needs it: help and completion in a shell answer at once.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from typing import NoReturn

from .._common.extras import pip_install
from ._exits import USAGE, check_streams, obeying_signals, reporting

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str or None, default=None
        Without the program's name; None: those of the process.

    Raises
    ------
    SystemExit
        Always. 0: fine, 1: an error in the input or a file, 2: wrong usage, or typer and rich are
        missing, 129: SIGHUP, 130: Ctrl-C, 141: the reader of the output went away, 143: SIGTERM.
    """
    with reporting(False), obeying_signals():
        check_streams()
        missing = [name for name in ("typer", "rich") if importlib.util.find_spec(name) is None]
        if missing:
            sys.stderr.write(
                f"zbins: the command line needs typer and rich (no {' and no '.join(missing)} "
                f"here); install them with: {pip_install('cli')}\n"
            )
            raise SystemExit(USAGE)
        from ._app import command

        command()(args=None if arguments is None else list(arguments), prog_name="zbins")
    raise SystemExit(0)
