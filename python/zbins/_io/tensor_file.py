"""How a file of tensors is written: whole or not at all, with a checksum of itself."""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
from collections.abc import Callable
from typing import Any

from safetensors import SafetensorError

from .atomic import sync_folder, temporary_folder

_MAX_HEADER = 100_000_000  # what safetensors accepts too
_DIGEST_BYTES = 32
_BLOCK_BYTES = 16 << 20
BLANK = "0" * (2 * _DIGEST_BYTES)  # stands for the checksum while it is computed


def header_of(content: bytes | mmap.mmap) -> bytes:
    """Return the safetensors header; the size it declares is checked against the file's."""
    size = len(content)
    length = int.from_bytes(content[:8], "little")
    if size < 8 or length > min(size - 8, _MAX_HEADER):
        raise ValueError(
            f"its {size} bytes are too few for the header, which says it takes {length}"
        )
    return content[8 : 8 + length]


def check_version(version: object, readable: int) -> None:
    """Refuse files of another version than this release reads."""
    if type(version) is not int or version != readable:
        raise ValueError(f"its format version is {version!r}; this release reads {readable}")


# Names that only one kind of file has, and what reads it.
_READERS = {
    "out_of_range": "zbins.load",
    "posterior": "zbins.torch.LatentGenerator.load",
    "autoencoder": "the load of a class of zbins.autoencoders",
}


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice in the header")
    return dict(pairs)


def checked_metadata(content: bytes, keys: frozenset[str], readable: int) -> dict[str, Any]:
    """Return our entry of a file's header, with the right names in it and a known version.

    Parameters
    ----------
    content : bytes
        The file; its checksum is compared.
    keys : frozenset of str
        The names that there must be.
    readable : int
        The version of this kind of file that this release reads.

    Raises
    ------
    ValueError, RecursionError
        Saying what is wrong.
    """
    header = header_of(content)
    entries = json.loads(header, object_pairs_hook=_no_duplicates)
    outer = entries.get("__metadata__") if isinstance(entries, dict) else None
    if (
        not isinstance(outer, dict)
        or set(outer) != {"zbins"}
        or not isinstance(outer["zbins"], str)
    ):
        raise ValueError("it has no entry 'zbins'")
    metadata = json.loads(outer["zbins"], object_pairs_hook=_no_duplicates)
    if not isinstance(metadata, dict):
        raise ValueError("its entry 'zbins' is no object")
    if set(metadata) != keys:
        for name, reader in _READERS.items():
            if name in metadata and name not in keys:
                raise ValueError(f"it is for {reader} to read")
        if "format_version" in metadata:
            check_version(metadata["format_version"], readable)
        raise ValueError("its entry 'zbins' has other names than expected")
    check_version(metadata["format_version"], readable)
    if not isinstance(metadata["checksum"], str) or len(metadata["checksum"]) != len(BLANK):
        raise ValueError("it has no checksum")
    if checksum_of(content, header, metadata["checksum"]) != metadata["checksum"]:
        raise ValueError("the checksum does not match the content")
    return metadata


def checksum_position(header: bytes, digits: str) -> int:
    """Return where in the header the checksum stands."""
    key = b'\\"checksum\\":\\"'
    at = header.find(key + digits.encode("utf-8", "replace"))
    if at < 0 or header.find(key, at + 1) >= 0:
        raise ValueError("the checksum is not where it should be")
    return at + len(key)


def checksum_of(content: bytes | mmap.mmap, header: bytes, digits: str = BLANK) -> str:
    """Return the BLAKE2b digest of the content with the digits of the checksum blanked."""
    at = checksum_position(header, digits)
    blanked = header[:at] + BLANK.encode() + header[at + len(BLANK) :]
    digest = hashlib.blake2b(content[:8] + blanked, digest_size=_DIGEST_BYTES)
    with memoryview(content) as view:
        for begin in range(8 + len(header), len(content), _BLOCK_BYTES):  # in between, Ctrl-C
            digest.update(view[begin : begin + _BLOCK_BYTES])
    return digest.hexdigest()


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
