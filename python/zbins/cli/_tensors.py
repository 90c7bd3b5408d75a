"""Tensors in .safetensors files, read a few rows at a time."""

from __future__ import annotations

import contextlib
import json
import math
import struct
from collections.abc import Iterator

import numpy as np
from safetensors import safe_open

from .._types import Array
from ._exits import InputError
from ._stored import StoredArray, Take, chosen, naming

DTYPES = {
    kind: np.dtype(name)
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
        if self._half:
            with self._bfloat16() as take:
                yield take
            return
        with naming(repr(self._path)):
            opened = safe_open(self._path, "np")
        with opened as file:
            view = file.get_slice(self._key)
            at = 0

            def take_rows(n: int) -> Array:
                nonlocal at
                at += n
                rows: Array = view[at - n : at]
                return rows

            yield take_rows

    @contextlib.contextmanager
    def _bfloat16(self) -> Iterator[Take]:
        """NumPy has no bfloat16: its 16 bits are the upper half of a float32."""
        with open(self._path, "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            header = json.loads(file.read(length))
            file.seek(8 + length + header[self._key]["data_offsets"][0])

            def take(n: int) -> Array:
                count = n * math.prod(self.shape[1:])
                bits = np.frombuffer(file.read(2 * count), "<u2").astype(np.uint32) << 16
                if len(bits) != count:
                    raise InputError(f"{self.name} became shorter while it was being read")
                return bits.view(np.float32).reshape((n, *self.shape[1:]))

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
