"""Whose arrays lie on a device: PyTorch's and CuPy's, by one set of methods.

Memory is always the framework's own, and kernels run on its current stream, so that they are in
order with all else it does. What only exports its memory (DLPack, ``__cuda_array_interface__``) is
taken over without a copy.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any, Protocol

import numpy as np

from .._types import Array

# By name, as in cpp/cuda/rows.hpp: what kernels widen as they load it.
LOADED = {"float16": 0, "bfloat16": 1, "float32": 2, "float64": 3}


class Framework(Protocol):
    """What `Place` and `DeviceRows` need of a framework; arrays are its own."""

    name: str

    def owns(self, x: object) -> bool:
        """Tell whether x is an array of this framework on a CUDA device."""

    def ordinal(self, x: Any) -> int:
        """Return the number of the device x is on."""

    def plain(self, x: Any, name: str) -> Any:
        """Return x as dense real numbers, detached from any graph, or refuse it by `name`."""

    def dtype(self, x: Any) -> str:
        """Return the name of the dtype, as NumPy's where it has it."""

    def address(self, x: Any) -> int:
        """Return where the first element lies."""

    def strides(self, x: Any) -> tuple[int, ...]:
        """Return the strides in elements."""

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

    def use(self, owner: Any, ordinal: int) -> None:
        """Keep memory until what the current stream does with it is done."""

    def free_bytes(self, ordinal: int) -> int:
        """Return the memory that is left."""


class Torch:
    """CUDA tensors."""

    name = "torch"

    def owns(self, x: object) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(x, torch.Tensor) and bool(x.is_cuda)

    def device(self, ordinal: int) -> Any:
        import torch

        return torch.device("cuda", ordinal)

    def ordinal(self, x: Any) -> int:
        return int(x.device.index)

    def plain(self, x: Any, name: str) -> Any:
        import torch

        if x.layout != torch.strided or x.is_quantized:
            raise TypeError(f"{name} is a {x.layout} tensor; accepted are dense tensors")
        if x.is_complex():
            raise TypeError(f"{name} is a tensor of {x.dtype}; accepted are real numbers")
        return x.detach().resolve_neg()

    def dtype(self, x: Any) -> str:
        return str(x.dtype).removeprefix("torch.")

    def address(self, x: Any) -> int:
        return int(x.data_ptr())

    def strides(self, x: Any) -> tuple[int, ...]:
        return tuple(x.stride())

    def empty(self, shape: tuple[int, ...], dtype: str, ordinal: int) -> Any:
        import torch

        try:
            return torch.empty(shape, dtype=getattr(torch, dtype), device=self.device(ordinal))
        except torch.OutOfMemoryError as error:
            raise _no_memory(self, shape, dtype, ordinal) from error

    def upload(self, values: Array, ordinal: int) -> Any:
        import torch

        values = np.ascontiguousarray(values)
        x = self.empty(values.shape, values.dtype.name, ordinal)
        return x.copy_(torch.from_numpy(values if values.flags.writeable else values.copy()))

    def download(self, x: Any) -> Array:
        import torch

        values: Array = (x.float() if x.dtype == torch.bfloat16 else x).cpu().numpy()
        return values

    def cast(self, x: Any, dtype: str) -> Any:
        import torch

        return x.to(getattr(torch, dtype))

    def finite(self, x: Any) -> Any:
        return x.isfinite()

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return x.where(condition, y)

    def clip(self, x: Any, low: float, high: float) -> Any:
        return x.clamp(low, high)

    def sort(self, x: Any) -> Any:
        return x.sort().values

    def unique(self, x: Any) -> tuple[Array, Any]:
        import torch

        values, places = x.unique(sorted=True, return_inverse=True)
        return self.download(values), places.to(torch.int32)

    def stream(self, ordinal: int) -> int:
        import torch

        return int(torch.cuda.current_stream(ordinal).cuda_stream)

    def use(self, owner: Any, ordinal: int) -> None:
        import torch

        owner.record_stream(torch.cuda.current_stream(ordinal))

    def free_bytes(self, ordinal: int) -> int:
        import torch

        return int(torch.cuda.mem_get_info(ordinal)[0])


class NumPyLike:
    """Arrays of a namespace with NumPy's functions; CuPy is the one on a device."""

    name = "cupy"

    @property
    def xp(self) -> Any:
        import cupy

        return cupy

    def owns(self, x: object) -> bool:
        cupy = sys.modules.get("cupy")
        return cupy is not None and isinstance(x, cupy.ndarray)

    def ordinal(self, x: Any) -> int:
        return int(x.device.id)

    def plain(self, x: Any, name: str) -> Any:
        if x.dtype.kind not in "fiub" and x.dtype.name != "bfloat16":
            raise TypeError(f"{name} has the dtype {x.dtype}; accepted are real numbers")
        return x

    def dtype(self, x: Any) -> str:
        return str(x.dtype.name)

    def address(self, x: Any) -> int:
        return int(x.data.ptr)

    def strides(self, x: Any) -> tuple[int, ...]:
        if any(stride % x.itemsize for stride in x.strides):
            x = self.xp.ascontiguousarray(x)
        return tuple(stride // x.itemsize for stride in x.strides)

    def empty(self, shape: tuple[int, ...], dtype: str, ordinal: int) -> Any:
        try:
            with self.xp.cuda.Device(ordinal):
                return self.xp.empty(shape, dtype)
        except self.xp.cuda.memory.OutOfMemoryError as error:
            raise _no_memory(self, shape, dtype, ordinal) from error

    def upload(self, values: Array, ordinal: int) -> Any:
        x = self.empty(values.shape, values.dtype.name, ordinal)
        x.set(np.ascontiguousarray(values))
        return x

    def download(self, x: Any) -> Array:
        values: Array = x.get()
        return values.astype(np.float32) if values.dtype.name == "bfloat16" else values

    def cast(self, x: Any, dtype: str) -> Any:
        return x.astype(dtype)

    def finite(self, x: Any) -> Any:
        return self.xp.isfinite(x)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return self.xp.where(condition, x, y)

    def clip(self, x: Any, low: float, high: float) -> Any:
        return self.xp.clip(x, low, high)

    def sort(self, x: Any) -> Any:
        return self.xp.sort(x)

    def unique(self, x: Any) -> tuple[Array, Any]:
        values, places = self.xp.unique(x, return_inverse=True)
        return self.download(values), places.astype(np.int32)

    def stream(self, ordinal: int) -> int:
        return int(self.xp.cuda.get_current_stream().ptr)

    def use(self, owner: Any, ordinal: int) -> None:
        # CuPy's pool gives memory out again in the order of one stream: wait for this one.
        self.xp.cuda.get_current_stream().synchronize()

    def free_bytes(self, ordinal: int) -> int:
        with self.xp.cuda.Device(ordinal):
            return int(self.xp.cuda.runtime.memGetInfo()[0])


# In the order of asking.
FRAMEWORKS: list[Framework] = [Torch(), NumPyLike()]


def _no_memory(
    framework: Framework, shape: tuple[int, ...], dtype: str, ordinal: int
) -> MemoryError:
    size = 2 if "16" in dtype else np.dtype(dtype).itemsize
    nbytes = int(np.prod(shape, dtype=object)) * size
    return MemoryError(
        f"cuda:{ordinal} has {framework.free_bytes(ordinal):,} bytes left, and {nbytes:,} more are "
        "needed; fewer rows at a time (partial_fit, fit_batches, sample_batches) or fewer n_bins "
        "take less"
    )


def framework_of(x: object) -> Framework | None:
    """Return the framework whose array x is, or None if it does not lie on a device."""
    if isinstance(x, np.ndarray) and type(x) is np.ndarray:
        return None
    for framework in FRAMEWORKS:
        if framework.owns(x):
            return framework
    return None


def adopted(x: Any) -> Any:
    """Return x, or an array over the same memory where x is on a CUDA device and nobody's here."""
    if type(x) is np.ndarray or framework_of(x) is not None:
        return x
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):  # on no device of CUDA
        return x
    if hasattr(x, "__dlpack_device__") and hasattr(x, "__dlpack__"):
        if int(x.__dlpack_device__()[0]) not in (2, 13):  # kDLCUDA, kDLCUDAManaged
            return x
        how = "from_dlpack"
    elif hasattr(x, "__cuda_array_interface__"):
        how = "asarray"
    else:
        return x
    for name in ("torch", "cupy"):
        if name in sys.modules or importlib.util.find_spec(name) is not None:
            return getattr(importlib.import_module(name), how)(x)
    raise TypeError(
        f"X is a {type(x).__name__} on a CUDA device; PyTorch or CuPy must be installed, for "
        "samples and working memory"
    )
