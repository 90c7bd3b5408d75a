"""Frameworks whose device is the emulator of tests/cuda: so all but the hardware is tested.

The tensors and arrays here are ordinary ones in memory of the emulator's, which is poisoned when
fresh and watched at its end. `Torch` and `NumPyLike` do for them what they do on a device.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import weakref

import numpy as np
import torch

import zbins
from zbins._device import _frameworks

VARIABLE = "ZBINS_EMULATED_CUDA"  # the folder of the module that tests/cuda builds


class Emulator:
    """The emulated module, in the place of `zbins._cuda`."""

    def __init__(self, folder):
        files = [name for name in os.listdir(folder) if name.startswith("_cuda")]
        path = os.path.join(folder, files[0])
        spec = importlib.util.spec_from_file_location("zbins._cuda", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)
        sys.modules["zbins._cuda"] = zbins._cuda = self.module
        self.library = ctypes.CDLL(path)
        self.library.emulator_malloc.restype = ctypes.c_void_p
        self.library.emulator_malloc.argtypes = [ctypes.c_size_t]
        self.library.emulator_free.argtypes = [ctypes.c_void_p]
        self.library.emulator_allocated_bytes.restype = ctypes.c_size_t
        self.used = 0  # how often a block was said to be in use on another stream
        self.stream = 0

    def block(self, nbytes):
        """A buffer of device memory; None if there is none."""
        address = self.library.emulator_malloc(max(1, nbytes))
        if not address:
            return None
        buffer = (ctypes.c_char * max(1, nbytes)).from_address(address)
        weakref.finalize(buffer, self.library.emulator_free, address)
        return buffer

    def fail_allocation(self, number):
        """Make the allocation with this number, from 1, fail; -1: none."""
        self.library.emulator_allocations_until_failure(ctypes.c_long(number))

    def fail_kernel(self, number):
        self.library.emulator_kernels_until_failure(ctypes.c_long(number))

    def allocated(self):
        """Bytes of device memory in use."""
        return self.library.emulator_allocated_bytes()

    def fail_driver(self, code):
        self.library.emulator_fail_driver(ctypes.c_int(code))


class DeviceTensor(torch.Tensor):
    """A tensor that says it is on a device."""


class EmulatedTorch(_frameworks.Torch):
    name = "torch_emulated"

    def __init__(self, emulator):
        self.emulator = emulator

    def owns(self, x):
        return isinstance(x, DeviceTensor)

    def ordinal(self, x):
        return getattr(x, "on", 0)

    def empty(self, shape, dtype, ordinal):
        dtype = getattr(torch, dtype)
        count = int(np.prod(shape, dtype=np.int64))
        block = self.emulator.block(count * dtype.itemsize)
        if block is None:
            name = str(dtype).removeprefix("torch.")
            raise _frameworks._no_memory(self, shape, name, ordinal)
        flat = torch.frombuffer(block, dtype=torch.uint8)[: count * dtype.itemsize]
        return flat.view(dtype).view(shape).as_subclass(DeviceTensor)

    def stream(self, ordinal):
        return self.emulator.stream

    def use(self, owner, ordinal):
        self.emulator.used += 1

    def free_bytes(self, ordinal):
        return 12345


class DeviceArray(np.ndarray):
    """An array that says it is on a device."""


class EmulatedCupy(_frameworks.NumPyLike):
    name = "cupy_emulated"
    xp = np

    def __init__(self, emulator):
        self.emulator = emulator

    def owns(self, x):
        return isinstance(x, DeviceArray)

    def ordinal(self, x):
        return 0

    def address(self, x):
        return x.ctypes.data

    def empty(self, shape, dtype, ordinal):
        dtype = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        block = self.emulator.block(count * dtype.itemsize)
        if block is None:
            raise _frameworks._no_memory(self, shape, dtype.name, ordinal)
        flat = np.frombuffer(block, np.uint8)[: count * dtype.itemsize]
        return flat.view(dtype).reshape(shape).view(DeviceArray)

    def upload(self, values, ordinal):
        x = self.empty(values.shape, values.dtype.name, ordinal)
        x[...] = values
        return x

    def download(self, x):
        return np.array(x)

    def cast(self, x, dtype):
        with np.errstate(over="ignore"):  # which a device says nothing of
            return super().cast(x, dtype)

    def stream(self, ordinal):
        return self.emulator.stream

    def use(self, owner, ordinal):
        self.emulator.used += 1

    def free_bytes(self, ordinal):
        return 12345
