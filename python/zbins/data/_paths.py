"""Where files are looked for, and what is said where they are not."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence

_SHOWN = 10  # names of a folder that a message lists


def as_path(path: str | os.PathLike[str], name: str = "path") -> str:
    """Return a path as text.

    Raises
    ------
    TypeError
        If it is neither str nor a path-like object of text.
    """
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise TypeError(
            f"{name} is {path!r} of type {type(path).__name__}; accepted are str and pathlib.Path"
        )
    return text


def as_folder(path: str | os.PathLike[str], expected: str) -> str:
    """Return the path of a folder that is there.

    Parameters
    ----------
    path : path-like
        The caller's.
    expected : str
        What it should hold, for the message.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        Saying what was expected there.
    """
    folder = as_path(path)
    if not os.path.exists(folder):
        raise FileNotFoundError(
            errno.ENOENT, f"there is no such folder; expected one that holds {expected}", folder
        )
    if not os.path.isdir(folder):
        raise NotADirectoryError(
            errno.ENOTDIR, f"this is a file; expected a folder that holds {expected}", folder
        )
    return folder


def missing(folder: str, what: str, looked_for: Sequence[str]) -> FileNotFoundError:
    """Return the error that says what was looked for in a folder, and what it holds instead."""
    names = sorted(os.listdir(folder))
    shown = ", ".join(
        name + "/" if os.path.isdir(os.path.join(folder, name)) else name for name in names[:_SHOWN]
    )
    if len(names) > _SHOWN:
        shown += f" and {len(names) - _SHOWN:,} more"
    message = f"{what}: looked for {' or '.join(looked_for)}; the folder holds {shown or 'nothing'}"
    return FileNotFoundError(errno.ENOENT, message, folder)


def find(folder: str, what: str, names: Sequence[str], *, directory: bool = False) -> str:
    """Return the first of the names (they may lie in subfolders) that is there.

    Raises
    ------
    FileNotFoundError
        See `missing`.
    """
    there = os.path.isdir if directory else os.path.isfile
    for name in names:
        path = os.path.join(folder, *name.split("/"))
        if there(path):
            return path
    raise missing(folder, what, [name + "/" if directory else name for name in names])
