"""The networks behind a callable: what is put into eval mode, and where inputs go."""

from __future__ import annotations

import contextlib
import dis
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch

_CALLS = (torch.nn.Module, functools.partial, FunctionType, MethodType)


def modules_of(*calls: Any) -> list[torch.nn.Module]:
    """Return the modules that callables run: themselves, what they are bound to or close over.

    A function's modules are those among its defaults and the variables that it names outside
    itself, also in a list or a dictionary, or behind another function, a method or an object.
    """
    found: dict[int, torch.nn.Module] = {}
    seen: set[int] = set()
    for call in calls:
        for module in _behind(call, seen):
            found.setdefault(id(module), module)
    return list(found.values())


def _behind(value: Any, seen: set[int]) -> Iterator[torch.nn.Module]:
    if id(value) in seen or isinstance(value, (type, ModuleType)):
        return
    seen.add(id(value))
    if isinstance(value, torch.nn.Module):
        yield value
        return
    for part in _parts(value):
        yield from _behind(part, seen)


def _parts(value: Any) -> Iterable[Any]:
    """Return what a callable or another object may run."""
    if isinstance(value, functools.partial):
        return (value.func, *value.args, *value.keywords.values())
    if isinstance(value, MethodType):
        owner = value.__self__
        return (owner,) if isinstance(owner, torch.nn.Module) else (owner, value.__func__)
    if isinstance(value, FunctionType):
        return _variables(inspect.unwrap(value))
    if isinstance(value, (list, tuple)):
        return (entry for entry in value if isinstance(entry, _CALLS))
    if isinstance(value, Mapping):
        return (entry for entry in value.values() if isinstance(entry, _CALLS))
    held = (*_attributes(value), getattr(type(value), "__call__", None))  # noqa: B004 - a function
    return (entry for entry in held if isinstance(entry, (*_CALLS, list, tuple, dict)))


def _attributes(value: Any) -> Iterable[Any]:
    attributes: dict[str, Any] = getattr(value, "__dict__", {})
    return attributes.values()


def _variables(function: Any) -> Iterator[Any]:
    """Give the defaults of a function, and the values of what it names outside itself."""
    if not isinstance(function, FunctionType):
        yield function
        return
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # no value yet
            yield cell.cell_contents
    for name in sorted(set(_global_names(function.__code__))):
        value = function.__globals__.get(name)
        # Functions of libraries are not followed: their networks are not the user's.
        if not isinstance(value, FunctionType) or value.__globals__ is function.__globals__:
            yield value


def _global_names(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
        elif isinstance(instruction.argval, CodeType):  # a function or comprehension inside it
            yield from _global_names(instruction.argval)


def weight_of(modules: Iterable[torch.nn.Module]) -> torch.Tensor | None:
    """Return a floating-point parameter or buffer, whose device and dtype inputs should have.

    None if there is none, or the modules differ: which of them reads the inputs is then not known.
    """
    found: list[torch.Tensor] = []
    for module in modules:
        tensors = itertools.chain(module.parameters(), module.buffers())
        found += itertools.islice((t for t in tensors if t.is_floating_point()), 1)
    kinds = {(tensor.device, tensor.dtype) for tensor in found}
    return found[0] if len(kinds) == 1 else None


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
    except (RuntimeError, TypeError, AssertionError, ImportError) as error:
        raise ValueError(f"device is {device!r}, which PyTorch cannot use: {error}") from error
    return place
