"""CuPy's arrays."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._types import Array
from .framework import Framework, Sender, bytes_of, no_memory


class CuPy:
    """Arrays of CuPy; a test puts another namespace with NumPy's functions in its place."""

    name = "cupy"

    @property
    def xp(self) -> Any:
        import cupy

        return cupy

    def on(self, ordinal: int) -> Any:
        """Return a context in which the device is the current one."""
        return self.xp.cuda.Device(ordinal)

    def owns(self, x: object) -> bool:
        cupy = sys.modules.get("cupy")
        return cupy is not None and isinstance(x, cupy.ndarray)

    def adopt(self, x: Any) -> Any:
        if hasattr(x, "__dlpack__"):
            return self.xp.from_dlpack(x)
        return self.xp.asarray(x)

    def ordinal(self, x: Any) -> int:
        return int(x.device.id)

    def plain(self, x: Any, name: str) -> Any:
        if x.dtype.kind not in "fiub" and x.dtype.name != "bfloat16":
            raise TypeError(f"{name} has the dtype {x.dtype}; accepted are real numbers")
        size = x.dtype.itemsize
        if self.address(x) % size or any(stride % size for stride in x.strides):
            with self.on(self.ordinal(x)):  # kernels read whole values only
                return self.xp.array(x, copy=True, order="C")
        return x

    def dtype(self, x: Any) -> str:
        return str(x.dtype.name)

    def address(self, x: Any) -> int:
        return int(x.data.ptr)

    def strides(self, x: Any) -> tuple[int, ...]:
        return tuple(stride // x.dtype.itemsize for stride in x.strides)

    def empty(self, shape: tuple[int, ...], dtype: str, ordinal: int) -> Any:
        try:
            with self.on(ordinal):
                return self.xp.empty(shape, dtype)
        except self.xp.cuda.memory.OutOfMemoryError as error:
            raise no_memory(self, ordinal, bytes_of(shape, dtype)) from error

    def upload(self, values: Array, ordinal: int) -> Any:
        x = self.empty(values.shape, values.dtype.name, ordinal)
        with self.on(ordinal):
            x.set(np.ascontiguousarray(values).reshape(values.shape))
        return x

    def download(self, x: Any) -> Array:
        with self.on(self.ordinal(x)):
            values: Array = x.get()
        return values.astype(np.float32) if values.dtype.name == "bfloat16" else values

    def cast(self, x: Any, dtype: str) -> Any:
        with self.on(self.ordinal(x)):
            return x.astype(dtype)

    def finite(self, x: Any) -> Any:
        with self.on(self.ordinal(x)):
            return self.xp.isfinite(x)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        with self.on(self.ordinal(x)):
            return self.xp.where(condition, x, y)

    def clip(self, x: Any, low: float, high: float) -> Any:
        with self.on(self.ordinal(x)):
            return self.xp.clip(x, low, high)

    def sort(self, x: Any) -> Any:
        with self.on(self.ordinal(x)):
            return self.xp.sort(x)

    def unique(self, x: Any) -> tuple[Array, Any]:
        with self.on(self.ordinal(x)):
            values, places = self.xp.unique(x, return_inverse=True)
            return self.download(values), places.astype(np.int32)

    def stream(self, ordinal: int) -> int:
        with self.on(ordinal):
            return int(self.xp.cuda.get_current_stream().ptr)

    def use(self, owners: list[Any], ordinal: int) -> None:
        # CuPy's pool gives memory out again in the order of one stream: wait for this one. In a
        # graph nothing runs yet, and whoever keeps the graph keeps the sampler.
        with self.on(ordinal):
            stream = self.xp.cuda.get_current_stream()
            if not self.xp.cuda.runtime.streamIsCapturing(stream.ptr):
                stream.synchronize()

    @contextmanager
    def memory(self, ordinal: int) -> Iterator[None]:
        try:
            yield
        except self.xp.cuda.memory.OutOfMemoryError as error:
            raise no_memory(self, ordinal) from error

    def free_bytes(self, ordinal: int) -> int:
        with self.on(ordinal):
            return int(self.xp.cuda.runtime.memGetInfo()[0])

    def sender(self, ordinal: int) -> Sender:
        return PlainSender(self, ordinal)


class PlainSender:
    """Copies at once."""

    def __init__(self, framework: Framework, ordinal: int) -> None:
        self._framework, self._ordinal = framework, ordinal

    def send(self, rows: Array) -> Any:
        return self._framework.upload(rows, self._ordinal)

    def receive(self, sent: Any) -> Any:
        return sent
