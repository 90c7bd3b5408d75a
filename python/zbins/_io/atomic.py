"""Files that are whole or not there: written in a folder beside the target, then renamed over it.

A writer that is killed cannot clean up. So it holds a lock on its folder, which the system takes
away with the process, and whoever writes there next removes the folders that nobody holds. Locks
may end at the machine (a cluster's file systems are often mounted so): what another machine left
goes after a day.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import socket
import time
from collections.abc import Iterator
from typing import IO

try:
    import fcntl
except ImportError:  # not POSIX: then nothing of the dead is removed
    fcntl = None  # type: ignore[assignment]

_NAME = re.compile(r"\.([0-9a-f]{8})[0-9a-f]{16}\.zbins\.tmp")
_OF_OTHERS = 86_400.0  # seconds


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str], failing: str = "cannot write") -> Iterator[IO[bytes]]:
    """Give a file that takes the place of `path` at the end, on disk, unless something is raised.

    Parameters
    ----------
    path : path-like
        Replaced if it exists; its permissions stay. A symbolic link is followed.
    failing : str
        What messages begin with.

    Yields
    ------
    file : binary file
        Empty, and seekable.

    Raises
    ------
    OSError
        Naming the path: no such folder, no permission, a directory, a full disk.
    """
    name = os.fspath(path)
    target = os.path.realpath(name)
    folder = os.path.dirname(target)
    temporary = None
    try:
        if os.path.isdir(target):
            raise IsADirectoryError(errno.EISDIR, "it is a directory")
        if os.path.exists(target) and not os.path.isfile(target):
            raise OSError(errno.EINVAL, "it is no regular file")
        with temporary_folder(folder) as own:
            temporary = os.path.join(own, "file")
            with open(temporary, "xb") as file:
                if os.path.exists(target):
                    os.chmod(temporary, os.stat(target).st_mode & 0o777)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
    except OSError as error:
        if temporary is not None and error.filename not in (None, temporary):
            raise  # about another file, which is read meanwhile
        text = f"{failing}: {error.strerror or error}"
        raise type(error)(error.errno, text, name) from error
    _sync_folder(folder)


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
        own = os.path.join(beside, f".{_machine()}{secrets.token_hex(8)}.zbins.tmp")
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


def _sync_folder(folder: str) -> None:
    """Make a rename in it durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _machine() -> str:
    """Return what the names of this machine's folders begin with."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _remove_abandoned(folder: str) -> None:
    """Remove what nobody holds: real folders of this user, never what a link points at."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        left = {entry.path: name for entry in entries if (name := _NAME.fullmatch(entry.name))}
        for path, name in left.items():
            lock = _lock(path, wait=False)
            if lock < 0:
                continue
            with contextlib.suppress(OSError):
                status = os.fstat(lock)
                here = name[1] == _machine() or time.time() - status.st_mtime > _OF_OTHERS
                if here and status.st_uid == os.geteuid():
                    for file in os.listdir(lock):
                        os.unlink(file, dir_fd=lock)
                    os.rmdir(path)
            _close(lock)


def _lock(folder: str, wait: bool) -> int:
    """Return a descriptor that holds the folder, or -1 if another does or it cannot be told."""
    if fcntl is None:
        return -1
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
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
