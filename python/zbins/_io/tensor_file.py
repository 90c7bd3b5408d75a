"""Files of tensors in the format of safetensors, with a checksum of all that is in them.

The library reads such files; it cannot write one in parts, stop for Ctrl-C, or say which error of
the system it met but in words. So the header is made here, as the library makes it, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .._common.arrays import is_tensor
from .._types import Array
from .atomic import atomic_file

DTYPES = {
    kind: np.dtype(f"<{name}")
    for kind, name in {
        "U64": "u8",
        "I64": "i8",
        "F64": "f8",
        "C64": "c8",
        "F32": "f4",
        "U32": "u4",
        "I32": "i4",
        "F16": "f2",
        "U16": "u2",
        "I16": "i2",
        "I8": "i1",
        "U8": "u1",
        "BOOL": "?",
    }.items()
}
KINDS = {dtype: kind for kind, dtype in DTYPES.items()}
BFLOAT16 = "BF16"  # which NumPy has not
# In which the library writes them.
_ORDER = [
    *("U64", "I64", "F64", "C64", "F32", "U32", "I32", "BF16", "F16", "U16", "I16", "I8", "U8"),
    "BOOL",
]

_MAX_HEADER = 100_000_000  # what safetensors accepts too
_BLOCK_BYTES = 1 << 20  # written or hashed between two looks for Ctrl-C
_DIGEST_BYTES = 32
BLANK = "0" * (2 * _DIGEST_BYTES)  # stands for the checksum while it is computed

# Names that only one kind of file has, and what reads it.
_READERS = {
    "out_of_range": "zbins.load",
    "posterior": "zbins.torch.LatentGenerator.load",
    "autoencoder": "the load of a class of zbins.autoencoders",
}


def tensors_header(
    tensors: Mapping[str, tuple[str, tuple[int, ...]]], metadata: Mapping[str, str] | None = None
) -> tuple[bytes, dict[str, int]]:
    """Return what a file begins with, and where its tensors begin.

    Parameters
    ----------
    tensors : mapping of str to (kind, shape)
        The kind is a key of DTYPES, or BFLOAT16.
    metadata : mapping of str to str or None

    Returns
    -------
    head : bytes
        The header's length and the header.
    places : dict of str to int
        In the order of the file.
    """
    header: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
    at, places = 0, {}
    for name in sorted(tensors, key=lambda name: (_ORDER.index(tensors[name][0]), name)):
        kind, shape = tensors[name]
        size = 2 if kind == BFLOAT16 else DTYPES[kind].itemsize
        for length in shape:
            size *= length
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + size]}
        places[name] = at
        at += size
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    return head, {name: len(head) + place for name, place in places.items()}


def write_tensors(
    path: str | os.PathLike[str],
    noun: str,
    tensors: Mapping[str, Any],
    described: Mapping[str, Any],
) -> None:
    """Write a file: the old one or the new one is there, whole, whatever happens meanwhile.

    Parameters
    ----------
    path : path-like
        Of the file.
    noun : str
        What it holds, for messages: "model".
    tensors : mapping of str to ndarray or Tensor
        Those of PyTorch may be on any device.
    described : mapping
        JSON values: all but the tensors.

    Raises
    ------
    OSError
        Naming the path: no such folder, no permission, a directory, a full disk.
    TypeError
        If a tensor is of a type that the format has not.
    """
    plain = {name: _plain(name, tensor) for name, tensor in tensors.items()}
    metadata = json.dumps(
        {**described, "checksum": BLANK}, sort_keys=True, allow_nan=False, separators=(",", ":")
    )
    shapes = {name: (kind, values.shape) for name, (kind, values) in plain.items()}
    head, places = tensors_header(shapes, {"zbins": metadata})
    with atomic_file(path, f"cannot save the {noun}") as file:
        digest = _digest(head)
        file.write(head)
        for name in places:
            for block in blocks_of(plain[name][1]):
                digest.update(block)
                file.write(block)
        file.seek(8 + checksum_position(head[8:], BLANK))
        file.write(digest.hexdigest().encode())


def blocks_of(array: Array) -> Iterator[memoryview]:
    """Yield the bytes of a contiguous array in parts, so that Ctrl-C is heard in between."""
    content = array.reshape(-1).view(np.uint8).data
    for begin in range(0, len(content), _BLOCK_BYTES):
        yield content[begin : begin + _BLOCK_BYTES]


def _plain(name: str, tensor: Any) -> tuple[str, Array]:
    """Return the kind of a tensor, and its values in the order of the file."""
    kind = None
    if is_tensor(tensor):
        import torch

        tensor = tensor.detach().cpu()
        if tensor.dtype == torch.bfloat16:
            kind, tensor = BFLOAT16, tensor.view(torch.int16)
        tensor = tensor.numpy()
    dtype = tensor.dtype.newbyteorder("<")
    if dtype not in KINDS:
        raise TypeError(f"{name!r} is of {tensor.dtype}; accepted are {', '.join(map(str, KINDS))}")
    return kind or KINDS[dtype], np.asarray(tensor, dtype, order="C")


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
    digits = metadata["checksum"]
    if not isinstance(digits, str) or len(digits) != len(BLANK):
        raise ValueError("it has no checksum")
    if checksum_of(content, header, digits) != digits:
        raise ValueError("the checksum does not match the content")
    return metadata


def header_of(content: bytes) -> bytes:
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


def checksum_of(content: bytes, header: bytes, digits: str = BLANK) -> str:
    """Return the checksum that a file should have, whose checksum is `digits`."""
    at = 8 + checksum_position(header, digits)
    digest = _digest(content[:at] + BLANK.encode() + content[at + len(BLANK) : 8 + len(header)])
    with memoryview(content) as view:
        for begin in range(8 + len(header), len(content), _BLOCK_BYTES):
            digest.update(view[begin : begin + _BLOCK_BYTES])
    return str(digest.hexdigest())


def _digest(head: bytes) -> Any:
    """Return the BLAKE2b digest so far of a file whose checksum is blank."""
    return hashlib.blake2b(head, digest_size=_DIGEST_BYTES)


def checksum_position(header: bytes, digits: str) -> int:
    """Return where in the header the checksum stands."""
    key = b'\\"checksum\\":\\"'
    at = header.find(key + digits.encode("utf-8", "replace"))
    if at < 0 or header.find(key, at + 1) >= 0:
        raise ValueError("the checksum is not where it should be")
    return at + len(key)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice in the header")
    return dict(pairs)
