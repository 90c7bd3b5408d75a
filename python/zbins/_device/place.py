"""A device and the framework whose memory is used on it: where a model can be."""

from __future__ import annotations

import sys
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np

from .. import _core
from .._common.extras import pip_install
from .._types import Array
from .framework import Framework, bytes_of, no_memory
from .frameworks import FRAMEWORKS, framework_of
from .module import cuda_module

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
        self._handle: Any = None
        self._lock = Lock()

    def __str__(self) -> str:
        return f"cuda:{self.ordinal} ({self.framework.name})"

    @property
    def handle(self) -> Any:
        """What the module's functions take for the device: one object, made at the first use."""
        with self._lock:
            if self._handle is None:
                self._handle = self._new_handle()
        return self._handle

    def _new_handle(self) -> Any:
        framework, ordinal = self.framework, self.ordinal

        def allocate(nbytes: int) -> tuple[int, Any]:
            block = framework.empty((nbytes,), "uint8", ordinal)
            return framework.address(block), block

        return cuda_module().Device(
            ordinal,
            allocate,
            lambda: framework.stream(ordinal),
            lambda owners: framework.use(owners, ordinal),
        )

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """Return a new array of the framework."""
        name = np.dtype(dtype).name
        if (nbytes := bytes_of(shape, name)) > sys.maxsize:  # which frameworks trip over
            raise no_memory(self.framework, self.ordinal, nbytes)
        return self.framework.empty(shape, name, self.ordinal)

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


def host_pmf(pmf: Any, grid: Any) -> _core.Pmf:
    """Return the counts of a grid as the host has them."""
    host: _core.Pmf = pmf.to_host(grid) if is_on_device(pmf) else pmf
    return host


def beside(pmf: Any, other: _core.Pmf) -> Any:
    """Return counts of the host where those of `pmf` are."""
    if not is_on_device(pmf):
        return other
    return cuda_module().Pmf.from_host(pmf.device, other)


def where(kind: str | None) -> str:
    """Return in words where a model of this kind is."""
    place = None if kind is None else place_of_kind(kind)
    return "the CPU" if place is None else str(place)


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
    try:
        if type(device).__module__.startswith("cupy") and hasattr(device, "id"):
            return _checked(_place("cupy", int(device.id)))
        return _kind_of_torch_device(device)
    except (RuntimeError, AssertionError) as error:  # what the driver or a framework lacks
        raise ValueError(f"device is {device!r}, but {error}") from None


def _kind_of_torch_device(device: Any) -> str:
    try:
        import torch
    except ImportError as error:
        raise ValueError(
            f"device is {device!r}, which needs PyTorch ({error}); accepted without it are None "
            f"and a device of CuPy; install it with: {pip_install('torch')}"
        ) from None
    wanted = None
    if isinstance(device, (str, torch.device)):
        try:
            wanted = torch.device(device)
        except RuntimeError:
            wanted = None
    if wanted is None or wanted.type not in ("cpu", "cuda"):
        shown = repr(device) if isinstance(device, (str, int)) else f"a {type(device).__name__}"
        raise ValueError(
            f"device is {shown}; accepted are None, 'cpu', 'cuda', 'cuda:1', ... and a device of "
            "CuPy"
        )
    if wanted.type == "cpu":
        return "torch"
    cuda_module().device_count()  # says what is wrong, more exactly than PyTorch
    if not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} sees no CUDA device")
    return _checked(
        _place("torch", torch.cuda.current_device() if wanted.index is None else wanted.index)
    )


def _checked(place: Place) -> str:
    try:
        place.handle  # noqa: B018 - raises where the device cannot be used
    except ValueError as error:  # no device with that number
        raise RuntimeError(str(error)) from None
    return place.kind
