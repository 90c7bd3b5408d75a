"""How a file of tensors is written: whole or not at all, with a checksum of itself."""

from __future__ import annotations

import errno
import json
import mmap
import os
from collections.abc import Callable
from typing import Any

from safetensors import SafetensorError

from ._file_checks import BLANK, checksum_of, checksum_position, header_of
from ._temporary import sync_folder, temporary_folder


def write_tensors(
    path: str | os.PathLike[str],
    noun: str,
    save: Callable[[str, dict[str, str]], None],
    described: dict[str, Any],
) -> None:
    """Write the file: the old one or the new one is there, whole, whatever happens meanwhile.

    Parameters
    ----------
    path : path-like
        Of the file.
    noun : str
        What it holds, for messages: "model".
    save : callable
        Writes the tensors to a path, with metadata of safetensors.
    described : dict
        JSON values: all but the tensors.

    Raises
    ------
    OSError
        Naming the path: no such folder, no permission, a directory, a full disk.
    """
    target = os.path.realpath(os.fspath(path))
    article = "an" if noun[0] in "aeiou" else "a"
    if os.path.isdir(target):
        message = f"cannot save {article} {noun} over a directory"
        raise IsADirectoryError(errno.EISDIR, message, target)
    if os.path.exists(target) and not os.path.isfile(target):
        message = f"cannot save {article} {noun} over what is no regular file"
        raise OSError(errno.EINVAL, message, target)
    metadata = json.dumps(
        {**described, "checksum": BLANK}, sort_keys=True, allow_nan=False, separators=(",", ":")
    )
    folder = os.path.dirname(target)
    try:
        with temporary_folder(folder) as own:
            temporary = os.path.join(own, noun)
            _write(temporary, target, save, metadata)
            os.replace(temporary, target)
    except OSError as error:
        message = f"cannot save the {noun}: {error.strerror}"
        raise type(error)(error.errno, message, target) from error
    sync_folder(folder)


def _write(
    temporary: str, target: str, save: Callable[[str, dict[str, str]], None], metadata: str
) -> None:
    """Write the new file beside the target, its checksum and permissions in place, on disk."""
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    # The library puts a file of its own, readable by its owner only, in this one's place; what
    # the umask, or the old file, allows is kept.
    allowed = os.stat(target if os.path.exists(target) else temporary).st_mode & 0o777
    try:
        save(temporary, {"zbins": metadata})
    except SafetensorError as error:
        raise _os_error(error, target) from error
    with open(temporary, "r+b") as file:
        content = mmap.mmap(file.fileno(), 0)
        with content:
            header = header_of(content)
            checksum = checksum_of(content, header)
            at = 8 + checksum_position(header, BLANK)
            content[at : at + len(checksum)] = checksum.encode()
            content.flush()
        os.chmod(temporary, allowed)
        os.fsync(file.fileno())


def _os_error(error: SafetensorError, target: str) -> OSError:
    """Return the system's error that safetensors reports as text."""
    text = str(error)
    for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.ENOENT):
        if f"os error {code}" in text:
            return OSError(code, os.strerror(code), target)
    return OSError(errno.EIO, text, target)
