"""A device and the framework whose memory is used on it: where a model can be."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .. import _core
from .._types import Array
from ._frameworks import FRAMEWORKS, Framework, framework_of
from ._module import cuda_module

HOST_KINDS = ("numpy", "torch")


class Place:
    """One device of one framework.

    Attributes
    ----------
    framework : Framework
        Its arrays are taken and returned.
    ordinal : int
        The device's number.
    kind : str
        The same as one word, as models keep it: "torch:cuda:0".
    """

    def __init__(self, framework: Framework, ordinal: int) -> None:
        self.framework = framework
        self.ordinal = ordinal
        self.kind = f"{framework.name}:cuda:{ordinal}"

    def __str__(self) -> str:
        return f"cuda:{self.ordinal}"

    @cached_property
    def handle(self) -> Any:
        """What the module's functions take for the device."""
        framework, ordinal = self.framework, self.ordinal

        def allocate(nbytes: int) -> tuple[int, Any]:
            block = framework.empty((nbytes,), "uint8", ordinal)
            return framework.address(block), block

        return cuda_module().Device(
            ordinal,
            allocate,
            lambda: framework.stream(ordinal),
            lambda owner: framework.use(owner, ordinal),
        )

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return a new array of the framework."""
        return self.framework.empty(shape, np.dtype(dtype).name, self.ordinal)

    def upload(self, values: Array) -> Any:
        """Return a NumPy array's values on the device."""
        return self.framework.upload(values, self.ordinal)

    def address(self, x: Any) -> int:
        """Return where an array's first element lies; 0 for None."""
        return 0 if x is None else self.framework.address(x)

    def pmf(self, pmf: Any) -> Any:
        """Return a model's counts on this device, whether they are there already or not."""
        if is_on_device(pmf):
            if pmf.device is self.handle:
                return pmf
            pmf = pmf.to_host()
        return cuda_module().Pmf.from_host(self.handle, pmf)


def is_on_device(pmf: Any) -> bool:
    """Tell whether counts lie on a device."""
    return not isinstance(pmf, _core.Pmf)


def host_pmf(pmf: Any) -> _core.Pmf:
    """Return counts as the host has them."""
    host: _core.Pmf = pmf.to_host() if is_on_device(pmf) else pmf
    return host


def beside(pmf: Any, other: _core.Pmf) -> Any:
    """Return counts of the host where those of `pmf` are."""
    if not is_on_device(pmf):
        return other
    return cuda_module().Pmf.from_host(pmf.device, other)


@lru_cache(maxsize=64)
def _place(name: str, ordinal: int) -> Place:
    for framework in FRAMEWORKS:
        if framework.name == name:
            return Place(framework, ordinal)
    raise ValueError(f"{name!r} is no framework with CUDA arrays")


def host_kind(kind: str) -> str:
    """Return the kind of the same arrays on the host."""
    return "torch" if kind.startswith("torch") else "numpy"


def place_of(x: Any) -> Place | None:
    """Return the place of an array, or None if it is on the host."""
    framework = framework_of(x)
    return None if framework is None else _place(framework.name, framework.ordinal(x))


def place_of_kind(kind: str) -> Place | None:
    """Return the place that a model's kind names, or None for the host's."""
    if kind in HOST_KINDS:
        return None
    name, _, ordinal = kind.split(":")
    return _place(name, int(ordinal))


def kind_of_device(device: Any) -> str:
    """Return the kind of model that the user's `device` names.

    Parameters
    ----------
    device : None, str, torch.device or cupy.cuda.Device
        None: NumPy arrays; "cpu": tensors; "cuda" or "cuda:1": tensors on that device; a device of
        CuPy: its arrays.

    Raises
    ------
    ValueError
        If it is none of these, or not there.
    """
    if device is None:
        return "numpy"
    if type(device).__module__.startswith("cupy"):
        return _checked(_place("cupy", int(device.id)))
    try:
        import torch
    except ImportError:
        raise ValueError(
            f"device is {device!r}, which needs PyTorch, and that is not installed; accepted "
            "without it are None and a device of CuPy"
        ) from None
    try:
        wanted = torch.device(device)
    except (RuntimeError, TypeError):
        wanted = None
    if wanted is None or wanted.type not in ("cpu", "cuda"):
        raise ValueError(
            f"device is {device!r}; accepted are None, 'cpu', 'cuda', 'cuda:1', ... and a device "
            "of CuPy"
        )
    if wanted.type == "cpu":
        return "torch"
    try:
        ordinal = wanted.index
        if ordinal is None:
            cuda_module().device_count()  # says what is wrong, more exactly than PyTorch
            ordinal = torch.cuda.current_device()
        return _checked(_place("torch", ordinal))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise ValueError(f"device is {device!r}, but {error}") from None


def _checked(place: Place) -> str:
    place.handle  # noqa: B018 - raises where the device cannot be used
    return place.kind
