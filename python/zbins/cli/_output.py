"""Outputs that could not be written are refused before any work is done."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence

from ._exits import InputError


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


def check_space(path: str, nbytes: int) -> None:
    """Refuse an output that is larger than what is free on its disk."""
    folder = os.path.dirname(os.path.realpath(path))
    free = shutil.disk_usage(folder).free
    if nbytes > free:
        raise InputError(f"{path!r} would take {nbytes:,} bytes, but {free:,} are free")
