"""Which format a file is in, and the array it holds."""

from __future__ import annotations

import os
import stat

from ._exits import InputError
from ._npy import open_npy, open_npz
from ._stored import StoredArray
from ._tensors import open_tensor

NPY_MAGIC = b"\x93NUMPY"


def open_array(path: str, key: str | None = None, besides: str | None = None) -> StoredArray:
    """Open the array that a file holds, whichever of the formats it is in."""
    kind = format_of(path)
    if kind == "npy":
        if key is not None:
            raise InputError(f"{path!r} is an .npy file, which has no array {key!r}, only one")
        return open_npy(path)
    if kind == "npz":
        return open_npz(path, key, besides)
    if kind == "safetensors":
        return open_tensor(path, key, besides)
    raise InputError(f"{path!r} is a Parquet file; accepted here are .npy, .npz and .safetensors")


def format_of(path: str) -> str:
    """Return "npy", "npz", "safetensors" or "parquet", by how the file begins."""
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path!r} is a folder; give its files, or a glob such as '*.npy'")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path!r} is no regular file, and latents are read more than once")
    with open(path, "rb") as file:
        head = file.read(9)
    if head.startswith(NPY_MAGIC):
        return "npy"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "npz"
    if head.startswith(b"PAR1"):
        return "parquet"
    if len(head) == 9 and head.endswith(b"{"):
        return "safetensors"
    what = "is empty" if not head else "is none of these"
    raise InputError(f"{path!r} {what}; accepted are .npy, .npz, .safetensors and Parquet files")
