"""The extension module `zbins._cuda`, or why there is none."""

from __future__ import annotations

import importlib
from typing import Any


def cuda_module() -> Any:
    """Return the module, or raise RuntimeError saying why this build has none."""
    try:
        return importlib.import_module("zbins._cuda")
    except ModuleNotFoundError:
        raise RuntimeError(
            "this build of zbins has no CUDA module: when it was installed, ZBINS_CUDA was OFF, or "
            "no nvcc (12.8 or later) was there, or it would not do; install nvcc, then zbins again "
            "(ZBINS_CUDA=ON makes an error of what is amiss), or pass data on the CPU"
        ) from None
    except ImportError as error:
        raise RuntimeError(
            f"the CUDA module of zbins is there, but does not load: {error}"
        ) from error


def describe() -> str:
    """Return in words what `show_config` says of CUDA; never raises."""
    try:
        cuda = cuda_module()
    except RuntimeError as error:
        return f"not usable: {error}"
    built = f"built for {_version(cuda.runtime_version())}, sm {cuda.architectures}"
    try:
        names = ", ".join(cuda.device_names())
    except cuda.CudaError as error:
        return f"{built}; not usable: {error}"
    return f"{built}; driver for {_version(cuda.driver_version())}; {names or 'no device'}"


def _version(number: int) -> str:
    return f"CUDA {number // 1000}.{number % 1000 // 10}"
