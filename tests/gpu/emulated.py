"""Frameworks whose device is the emulator of tests/cuda: so all but the hardware is tested.

The tensors and arrays here are ordinary ones in memory of the emulator's, which is poisoned when
fresh and watched at its end. `Torch` and `NumPyLike` do for them what they do on a device.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import sys
import weakref

import numpy as np
import torch

import zbins
from zbins._device.cupy import CuPy, PlainSender
from zbins._device.framework import bytes_of, no_memory
from zbins._device.torch import Torch

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
        self.library.emulator_malloc.argtypes = [ctypes.c_size_t, ctypes.c_int]
        self.library.emulator_free.argtypes = [ctypes.c_void_p]
        self.library.emulator_device_of.argtypes = [ctypes.c_void_p]
        self.library.emulator_allocated_bytes.restype = ctypes.c_size_t
        self.used = 0  # how often a block was said to be in use on another stream
        self.stream = 0

    def block(self, nbytes, ordinal):
        """A buffer of memory of a device; None if there is none."""
        address = self.library.emulator_malloc(max(1, nbytes), ordinal)
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

    def ordinal(self, address):
        """The device that memory is on; of what only says that it is on one, the first."""
        return max(0, self.library.emulator_device_of(address))

    def fail_driver(self, code):
        self.library.emulator_fail_driver(ctypes.c_int(code))

    def contexts(self):
        """The devices that have a context."""
        return [i for i in range(2) if self.library.emulator_has_context(i)]

    def forget_contexts(self):
        self.library.emulator_forget_contexts()

    def set_device(self, ordinal):
        """What cudaSetDevice does to this thread."""
        self.library.emulator_set_device(ordinal)

    def current_context(self):
        """The device whose context is current in this thread, or None."""
        found = self.library.emulator_current_context()
        return None if found < 0 else found


class DeviceTensor(torch.Tensor):
    """A tensor that says it is on a device, and that NumPy cannot read, as one that is."""

    def __array__(self, *args, **kwargs):
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


class EmulatedTorch(Torch):
    name = "torch_emulated"

    def __init__(self, emulator):
        self.emulator = emulator

    def owns(self, x):
        return isinstance(x, DeviceTensor)

    def ordinal(self, x):
        return self.emulator.ordinal(x.data_ptr())

    def empty(self, shape, dtype, ordinal):
        dtype = getattr(torch, dtype)
        count = int(np.prod(shape, dtype=np.int64))
        block = self.emulator.block(count * dtype.itemsize, ordinal)
        if block is None:
            raise no_memory(self, ordinal, count * dtype.itemsize)
        flat = torch.frombuffer(block, dtype=torch.uint8)[: count * dtype.itemsize]
        return flat.view(dtype).view(shape).as_subclass(DeviceTensor)

    def download(self, x):
        return super().download(x.as_subclass(torch.Tensor))

    def stream(self, ordinal):
        return self.emulator.stream

    def use(self, owners, ordinal):
        self.emulator.used += len(owners)

    def sender(self, ordinal):
        return PlainSender(self, ordinal)

    def free_bytes(self, ordinal):
        return 12345


class DeviceArray(np.ndarray):
    """An array that says it is on a device."""


class EmulatedCuPy(CuPy):
    name = "cupy_emulated"
    xp = np

    def __init__(self, emulator):
        self.emulator = emulator

    def owns(self, x):
        return isinstance(x, DeviceArray)

    def ordinal(self, x):
        return self.emulator.ordinal(x.ctypes.data)

    def address(self, x):
        return x.ctypes.data

    def empty(self, shape, dtype, ordinal):
        dtype = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        block = self.emulator.block(count * dtype.itemsize, ordinal)
        if block is None:
            raise no_memory(self, ordinal, bytes_of(shape, dtype.name))
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

    def use(self, owners, ordinal):
        self.emulator.used += len(owners)

    def on(self, ordinal):
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def memory(self, ordinal):  # NumPy has no error of its own for the device's memory
        yield

    def free_bytes(self, ordinal):
        return 12345
