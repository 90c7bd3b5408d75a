"""Whose arrays lie on a device: PyTorch's and CuPy's, and what either takes over from others."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import numpy as np

from .cupy import CuPy
from .framework import Framework
from .torch import Torch

# In the order of asking.
FRAMEWORKS: list[Framework] = [Torch(), CuPy()]


def framework_of(x: object) -> Framework | None:
    """Return the framework whose array x is, or None if it does not lie on a device."""
    if type(x) is np.ndarray:
        return None
    for framework in FRAMEWORKS:
        if framework.owns(x):
            return framework
    return None


def place_of(x: object) -> str | None:
    """Return where an array is, for messages, or None if it is on the host."""
    framework = framework_of(x)
    return None if framework is None else place_name(framework, framework.ordinal(x))


def place_name(framework: Framework, ordinal: int) -> str:
    """Return a device of a framework, for messages: "cuda:0 (torch)"."""
    return f"cuda:{ordinal} ({framework.name})"


def adopted(x: Any, name: str) -> Any:
    """Return x, or an array over the same memory where x is on a CUDA device and nobody's here.

    Raises
    ------
    TypeError
        If no framework is there that could take it over, or none wants to.
    """
    if type(x) is np.ndarray or framework_of(x) is not None or not _exports_device_memory(x):
        return x
    reasons = []
    for framework in FRAMEWORKS:
        if framework.name in sys.modules or importlib.util.find_spec(framework.name) is not None:
            try:
                return framework.adopt(x)
            except (RuntimeError, AssertionError, TypeError, ValueError, BufferError) as error:
                reasons.append(f"{framework.name}: {error}")
    raise TypeError(
        f"{name} is a {type(x).__name__} on a CUDA device; PyTorch or CuPy must be installed, and "
        f"take it over without a copy ({'; '.join(reasons) or 'neither is there'})"
    )


def _exports_device_memory(x: Any) -> bool:
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, torch.Tensor):  # on no device of CUDA
        return False
    if hasattr(x, "__dlpack_device__") and hasattr(x, "__dlpack__"):
        return int(x.__dlpack_device__()[0]) in (2, 13)  # kDLCUDA, kDLCUDAManaged
    return hasattr(x, "__cuda_array_interface__")
