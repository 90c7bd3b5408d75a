"""Outputs that are whole or not there: written beside the target, then renamed over it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from typing import IO

from .._io.atomic import sync_folder, temporary_folder
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


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """Give a file that takes the place of `path` at the end, unless something is raised.

    A symbolic link is followed, and the permissions of an old file stay. What a killed writer left
    in the folder is removed.

    Raises
    ------
    OSError
        Naming the path.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = ""
    try:
        with temporary_folder(folder) as own:
            temporary = os.path.join(own, "output")
            with open(temporary, "xb") as file:
                if os.path.exists(target):
                    os.chmod(temporary, os.stat(target).st_mode & 0o777)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
    except OSError as error:
        if temporary and error.filename not in (None, temporary):
            raise  # about another file: an input
        text = error.strerror or str(error)
        raise type(error)(error.errno, f"cannot write: {text}", path) from error
    sync_folder(folder)
