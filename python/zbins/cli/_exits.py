"""How a run ends: exit codes, one line instead of a traceback, signals."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

ERROR = 1  # in the input or a file
USAGE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count
BROKEN_PIPE = 141  # 128 + SIGPIPE

TRACEBACK_VARIABLE = "ZBINS_TRACEBACK"
# What bad input and failing systems raise; anything else is a mistake of ours and is named.
_EXPECTED = (OSError, ValueError, TypeError, MemoryError, OverflowError, ImportError)


@contextlib.contextmanager
def obeying_signals() -> Iterator[None]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into exits that clean up on their way."""

    def terminate(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)  # as shells count

    before: dict[int, Any] = {}
    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # no SIGHUP on Windows
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                with contextlib.suppress(ValueError):  # not in the main thread
                    before[number] = signal.signal(number, terminate)
        yield
    except KeyboardInterrupt:
        _interrupted()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_streams() -> None:
    """See to it that something can be printed: to a closed stream, or with any file's name."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def reporting(show_traceback: bool) -> Iterator[None]:
    """Turn exceptions into one line on stderr and an exit code; let typer's own pass."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            yield
            sys.stdout.flush()
    except KeyboardInterrupt:
        _interrupted()
    except BrokenPipeError:
        _drop_stdout()
        raise SystemExit(BROKEN_PIPE) from None
    except Exception as error:
        if hasattr(error, "exit_code") or type(error).__name__ == "Abort":
            raise  # typer's: usage errors, exits
        if show_traceback or os.environ.get(TRACEBACK_VARIABLE):
            traceback.print_exc()
        sys.stderr.write(f"zbins: error: {message_of(error)}\n")
        raise SystemExit(ERROR) from None


def warn(text: str) -> None:
    """Write a warning to stderr."""
    sys.stderr.write(f"zbins: warning: {text}\n")


def message_of(error: Exception) -> str:
    """Return what went wrong, in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.strerror:
        named = "" if error.filename is None else f": {os.fspath(error.filename)!r}"
        return error.strerror + named
    if isinstance(error, MemoryError):
        return text or "not enough memory"
    if isinstance(error, _EXPECTED):
        return text or type(error).__name__
    return f"unexpected {type(error).__name__}: {text} ({TRACEBACK_VARIABLE}=1 shows where)"


def _warn(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    warn(" ".join(str(message).split()))


def _interrupted() -> NoReturn:
    with contextlib.suppress(ValueError):  # a second Ctrl-C has nothing left to stop
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.stderr.write("zbins: interrupted\n")
    raise SystemExit(INTERRUPTED)


def _drop_stdout() -> None:
    """Send what is left of the output nowhere: the interpreter flushes it once more at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
