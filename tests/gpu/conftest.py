"""Where the tests of this folder run: on a CUDA device, else in the emulator, else not at all."""

from __future__ import annotations

import os
import pathlib
import sys

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", "python")]

import numpy as np
import pytest
import torch

import profiles  # noqa: F401 - loads what CI runs
from emulated import VARIABLE, EmulatedCuPy, EmulatedTorch, Emulator
from zbins._device.cuda import cuda
from zbins._device.frameworks import FRAMEWORKS
from zbins._device.torch import Torch


class Device:
    """One framework on one device, and what tests do with it."""

    def __init__(self, framework, emulator=None, ordinal=0):
        self.framework = framework
        self.emulator = emulator
        self.ordinal = ordinal
        self.place = cuda(framework.name, ordinal)
        self.kind = self.place.kind

    def array(self, x):
        """The values of x on the device (an array or a tensor of the host, or a list)."""
        if isinstance(x, torch.Tensor) and isinstance(self.framework, Torch):
            if x.dtype == torch.bfloat16:  # NumPy has none
                empty = self.framework.empty(tuple(x.shape), "bfloat16", self.ordinal)
                return empty.copy_(x)
            x = x.numpy()
        return self.framework.upload(np.asarray(x), self.ordinal)

    def host(self, x):
        return (
            x
            if isinstance(x, np.ndarray) and type(x) is np.ndarray
            else np.asarray(self.framework.download(x))
        )

    def second(self):
        """The same framework on the second device."""
        return Device(self.framework, self.emulator, 1)

    def moved(self, sampler):
        """The sampler on the device, whatever it was on."""
        sampler._model = sampler._model.returning(self.kind).finished(1)
        return sampler


def _devices():
    if torch.cuda.is_available():
        yield "torch", lambda: Device(FRAMEWORKS[0])
        try:
            import cupy  # noqa: F401
        except ImportError:
            return
        yield "cupy", lambda: Device(FRAMEWORKS[1])
        return
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    emulator = Emulator(folder)
    for name, kind in (("torch", EmulatedTorch), ("cupy", EmulatedCuPy)):
        framework = kind(emulator)
        FRAMEWORKS.insert(0, framework)
        yield f"emulated {name}", lambda framework=framework: Device(framework, emulator)


DEVICES = dict(_devices())
REASON = f"no CUDA device, and no emulator of one ({VARIABLE}: see make test-cuda)"


def pytest_collection_modifyitems(items):
    here = pathlib.Path(__file__).parent
    for item in items:
        if here not in item.path.parents:  # the hook sees the tests of other folders too
            continue
        item.add_marker(pytest.mark.gpu)
        if not DEVICES and "device" in item.fixturenames:  # here, so that a file is one line
            item.add_marker(pytest.mark.skip(reason=REASON))
        if "cuda_only" in item.keywords and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="no CUDA device: the emulator has no streams"))


@pytest.fixture(params=DEVICES or ["none"], scope="session")
def device(request):
    return DEVICES[request.param]()


@pytest.fixture
def emulator(device):
    if device.emulator is None:
        pytest.skip("a real device does not fail on demand")
    yield device.emulator
    device.emulator.fail_allocation(-1)
    device.emulator.fail_kernel(-1)
    device.emulator.fail_driver(0)
