"""The networks behind a callable: what is put into eval mode, and where inputs go."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch


def modules_of(*calls: Any) -> list[torch.nn.Module]:
    """Return the modules that callables run: themselves, what they are bound to or close over.

    A function's modules are those among the variables that it names outside itself.
    """
    found: dict[int, torch.nn.Module] = {}
    for call in calls:
        for module in _behind(call):
            found.setdefault(id(module), module)
    return list(found.values())


def _behind(call: Any) -> Iterator[torch.nn.Module]:
    if isinstance(call, torch.nn.Module):
        yield call
    elif isinstance(call, functools.partial):
        for value in (call.func, *call.args, *call.keywords.values()):
            yield from _behind(value)
    elif inspect.ismethod(call):
        yield from _owned(call.__self__)
    elif inspect.isfunction(call):
        try:
            outside = inspect.getclosurevars(inspect.unwrap(call))
        except ValueError:  # a variable outside it has no value yet
            return
        for value in (*outside.nonlocals.values(), *outside.globals.values()):
            yield from _owned(value)
    elif call is not None:
        yield from _owned(call)


def _owned(value: Any) -> Iterator[torch.nn.Module]:
    """Give a module, or those that an object of another kind holds as attributes."""
    if isinstance(value, torch.nn.Module):
        yield value
    elif not isinstance(value, type) and not inspect.ismodule(value):
        for held in getattr(value, "__dict__", {}).values():
            if isinstance(held, torch.nn.Module):
                yield held


def first_parameter(modules: Iterable[torch.nn.Module]) -> torch.Tensor | None:
    """Return a floating-point parameter or buffer: its device and dtype are the networks'."""
    for module in modules:
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.is_floating_point():
                return tensor
    return None


@contextlib.contextmanager
def evaluating(modules: Iterable[torch.nn.Module]) -> Iterator[None]:
    """Put networks into eval mode without gradients; give every part its own mode back."""
    were = [(part, part.training) for module in modules for part in module.modules()]
    try:
        for part, _ in were:
            part.training = False
        with torch.no_grad():
            yield
    finally:
        for part, training in were:
            part.training = training


@contextlib.contextmanager
def seeded(seed: int, devices: Iterable[torch.device] = ()) -> Iterator[None]:
    """Seed torch's global generators, of the CPU and of CUDA devices, for the length of a block."""
    cuda = [device for device in devices if device.type == "cuda"]
    with torch.random.fork_rng(devices=cuda):
        # torch.manual_seed would seed all devices.
        torch.default_generator.manual_seed(seed)
        for device in cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def autocasting(autocast: Any, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Return the context of `autocast`: nothing, the device's usual dtype, or the one named."""
    if autocast is None or autocast is False:
        return contextlib.nullcontext()
    dtype = autocast if isinstance(autocast, torch.dtype) else None
    chosen: contextlib.AbstractContextManager[Any] = torch.autocast(device.type, dtype=dtype)
    return chosen


def check_autocast(autocast: object) -> None:
    """Refuse what is neither a switch nor a dtype of half precision."""
    if autocast is None or isinstance(autocast, bool):
        return
    if autocast not in (torch.float16, torch.bfloat16):
        kind = ValueError if isinstance(autocast, torch.dtype) else TypeError
        raise kind(
            f"autocast is {autocast!r}; accepted are False, True, torch.float16 and torch.bfloat16"
        )


def check_call(name: str, call: object) -> Callable[..., Any] | None:
    """Return an encoder or decoder, or refuse it."""
    if call is None or (callable(call) and not isinstance(call, type)):
        return call
    what = f"the class {call.__name__}" if isinstance(call, type) else f"a {type(call).__name__}"
    raise TypeError(f"{name} is {what}; accepted are a module or another callable, as model.{name}")


def device_of(device: Any) -> torch.device:
    """Return a device that is there.

    Raises
    ------
    ValueError
        For a device that torch does not know, or has not.
    """
    try:
        place = torch.device(device)
        torch.empty(0, device=place)
    except (RuntimeError, TypeError, AssertionError) as error:
        raise ValueError(f"device is {device!r}, which PyTorch cannot use: {error}") from error
    return place
