"""What is asked of a framework whose arrays lie on a device.

Memory is always the framework's own, and kernels run on its current stream, so that they are in
order with all else it does.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from .._types import Array

# By name, as in cpp/cuda/rows.hpp: what kernels widen as they load it.
LOADED = {"float16": 0, "bfloat16": 1, "float32": 2, "float64": 3}


class Framework(Protocol):
    """What a backend on a device needs; arrays are the framework's own."""

    name: str

    def owns(self, x: object) -> bool:
        """Tell whether x is an array of this framework on a CUDA device."""

    def adopt(self, x: Any) -> Any:
        """Return an array over the memory of another's (DLPack, ``__cuda_array_interface__``)."""

    def ordinal(self, x: Any) -> int:
        """Return the number of the device x is on."""

    def plain(self, x: Any, name: str) -> Any:
        """Return x as dense, aligned real numbers, detached from any graph, or refuse it."""

    def dtype(self, x: Any) -> str:
        """Return the name of the dtype, as NumPy's where it has it."""

    def address(self, x: Any) -> int:
        """Return where the first element lies."""

    def strides(self, x: Any) -> tuple[int, ...]:
        """Return the strides of what `plain` gave, in elements."""

    def empty(self, shape: tuple[int, ...], dtype: str, ordinal: int) -> Any:
        """Return a new array; MemoryError if there is no memory."""

    def upload(self, values: Array, ordinal: int) -> Any:
        """Return a NumPy array's values on the device."""

    def download(self, x: Any) -> Array:
        """Return the values as a NumPy array (bfloat16 as float32)."""

    def cast(self, x: Any, dtype: str) -> Any:
        """Return x as another dtype."""

    def finite(self, x: Any) -> Any:
        """Return which values are finite."""

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """Return values of x where the condition holds, of y elsewhere."""

    def clip(self, x: Any, low: float, high: float) -> Any:
        """Return x with every value moved into [low, high]."""

    def sort(self, x: Any) -> Any:
        """Return a 1-D array sorted."""

    def unique(self, x: Any) -> tuple[Array, Any]:
        """Return the sorted values on the host, and the place of every element among them."""

    def stream(self, ordinal: int) -> int:
        """Return the address of the current stream."""

    def use(self, owners: list[Any], ordinal: int) -> None:
        """Keep memory until all that is queued on the current stream so far is done."""

    def memory(self, ordinal: int) -> AbstractContextManager[None]:
        """Turn the framework's own out-of-memory error into a MemoryError that says what helps."""

    def free_bytes(self, ordinal: int) -> int:
        """Return the memory that is left."""

    def sender(self, ordinal: int) -> Sender:
        """Return what copies chunks of the host to the device."""


class Sender(Protocol):
    """Copies chunks to a device, in order."""

    def send(self, rows: Array) -> Any:
        """Begin the copy of C-contiguous rows, which may be overwritten once this returns."""

    def receive(self, sent: Any) -> Any:
        """Return the array, which the current stream may read."""


def no_memory(framework: Framework, ordinal: int, nbytes: int | None = None) -> MemoryError:
    """Return the error that says how much is left, how much is missing, and what helps."""
    more = "more is" if nbytes is None else f"{nbytes:,} more are"
    return MemoryError(
        f"cuda:{ordinal} has {framework.free_bytes(ordinal):,} bytes left, and {more} needed; "
        "fewer rows at a time (partial_fit, fit_batches, sample_batches) or fewer n_bins take less"
    )


def bytes_of(shape: tuple[int, ...], dtype: str) -> int:
    """Return the bytes of an array."""
    size = 2 if "float16" in dtype else np.dtype(dtype).itemsize
    return int(np.prod(shape, dtype=object)) * size
