"""Tensors in .safetensors files, read a few rows at a time."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Iterator

import numpy as np
from safetensors import safe_open

from .._types import Array
from ._exits import InputError
from ._stored import StoredArray, Take, chosen, fill, naming

DTYPES = {
    kind: np.dtype(f"<{name}")
    for kind, name in {
        "F64": "f8",
        "F32": "f4",
        "F16": "f2",
        "I64": "i8",
        "I32": "i4",
        "I16": "i2",
        "I8": "i1",
        "U64": "u8",
        "U32": "u4",
        "U16": "u2",
        "U8": "u1",
        "BOOL": "?",
    }.items()
}


class TensorArray(StoredArray):
    """A tensor of a .safetensors file; bfloat16 is read as float32."""

    def __init__(self, path: str, key: str) -> None:
        self._path, self._key = path, key
        with naming(repr(path)), safe_open(path, "np") as file:
            view = file.get_slice(key)
            shape, kind = tuple(view.get_shape()), view.get_dtype()
        dtype = DTYPES.get(kind)
        self._half = kind == "BF16"
        if self._half:
            dtype = np.dtype(np.float32)
        if dtype is None:
            raise InputError(
                f"{path!r}: tensor {key!r} is {kind}; accepted are {', '.join(DTYPES)} and BF16"
            )
        super().__init__(f"{path!r}, tensor {key!r},", shape, dtype)

    @contextlib.contextmanager
    def reader(self) -> Iterator[Take]:
        """See `StoredArray.reader`."""
        with open(self._path, "rb", buffering=0) as file:
            with naming(repr(self._path)):
                length = struct.unpack("<Q", file.read(8))[0]
                header = json.loads(fill(file, np.empty(length, np.uint8), self.name).tobytes())
            file.seek(8 + length + header[self._key]["data_offsets"][0])

            def take(n: int) -> Array:
                shape = (n, *self.shape[1:])
                if not self._half:
                    return fill(file, np.empty(shape, self.dtype), self.name)
                # NumPy has no bfloat16: its 16 bits are the upper half of a float32.
                bits = fill(file, np.empty(shape, "<u2"), self.name)
                return (bits.astype(np.uint32) << 16).view(np.float32)

            yield take


def is_model(path: str) -> bool:
    """Tell whether a .safetensors file is a model of zbins."""
    with naming(repr(path)), safe_open(path, "np") as file:
        return "zbins" in (file.metadata() or {})


def open_tensor(path: str, key: str | None, besides: str | None = None) -> TensorArray:
    """Open one tensor of a .safetensors file, as `open_npz` does."""
    with naming(repr(path)), safe_open(path, "np") as file:
        keys = list(file.keys())
    if is_model(path):
        raise InputError(f"{path!r} is a model of zbins; latents are expected")
    return TensorArray(path, chosen(path, key, keys, besides))
