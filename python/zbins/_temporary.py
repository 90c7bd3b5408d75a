"""A folder of its own beside a file that is being written, which never stays for long.

A writer that is killed cannot clean up. So it holds a lock on its folder, which the system takes
away with the process, and whoever writes there next removes the folders that nobody holds.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # not POSIX: then nothing of the dead is removed
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"\.[0-9a-f]{16}\.zbins\.tmp")


@contextlib.contextmanager
def temporary_folder(beside: str) -> Iterator[str]:
    """Make a folder within the folder `beside`, and remove it with all it holds in the end.

    Parameters
    ----------
    beside : str
        A folder; what dead writers left in it goes too.

    Yields
    ------
    path : str
        An empty folder on the same file system, so that its files can be renamed out of it.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    _remove_abandoned(beside)
    lock = -1
    while True:
        own = os.path.join(beside, f".{secrets.token_hex(8)}.zbins.tmp")
        try:
            os.mkdir(own, 0o700)
            lock = _lock(own, wait=True)
            if os.path.isdir(own):  # else another writer took it for abandoned before it was held
                break
        except BaseException:
            _remove(own)
            raise
        _close(lock)
    try:
        yield own
    finally:
        _remove(own)
        _close(lock)


def _remove_abandoned(folder: str) -> None:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        left = [entry.path for entry in entries if _NAME.fullmatch(entry.name)]
        for path in left:
            lock = _lock(path, wait=False)
            if lock >= 0:
                _remove(path)
                _close(lock)


def _lock(folder: str, wait: bool) -> int:
    """Return a descriptor that holds the folder, or -1 if another does or it cannot be told."""
    if fcntl is None:
        return -1
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:  # held, or a file system without locks
        _close(descriptor)
        return -1
    return descriptor


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _remove(folder: str) -> None:
    """Remove a folder of files, as far as that is possible."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
    with contextlib.suppress(OSError):
        os.rmdir(folder)
