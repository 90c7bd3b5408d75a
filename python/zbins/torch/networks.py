"""The networks behind a callable: which they are, where inputs go, and eval mode while they run.

A network is known where it is the callable itself, the owner of a bound method, or within a
`functools.partial` of these; `modules=` names others. What else runs in training mode is refused.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from types import MethodType
from typing import Any, NamedTuple

import torch


def check_call(name: str, call: object) -> Callable[..., Any] | None:
    """Return an encoder or decoder, or refuse it."""
    if call is None or (callable(call) and not isinstance(call, type)):
        return call
    what = f"the class {call.__name__}" if isinstance(call, type) else f"a {type(call).__name__}"
    raise TypeError(f"{name} is {what}; accepted are a module or another callable, as model.{name}")


def check_modules(modules: Any) -> tuple[torch.nn.Module, ...]:
    """Return the networks that a caller names, or refuse what are none."""
    accepted = "accepted is a list of torch.nn.Module, as [model]"
    if isinstance(modules, torch.nn.Module) or not isinstance(modules, Iterable):
        raise TypeError(f"modules is a {type(modules).__name__}; {accepted}")
    named = tuple(modules)
    for module in named:
        if not isinstance(module, torch.nn.Module):
            what = module.__name__ if isinstance(module, type) else type(module).__name__
            raise TypeError(f"modules has a {what}; {accepted}")
    return named


def check_autocast(autocast: object) -> None:
    """Refuse what is neither a switch nor a dtype of half precision."""
    if autocast is None or isinstance(autocast, bool):
        return
    if autocast not in (torch.float16, torch.bfloat16):
        kind = ValueError if isinstance(autocast, torch.dtype) else TypeError
        raise kind(
            f"autocast is {autocast!r}; accepted are False, True, torch.float16 and torch.bfloat16"
        )


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


def networks_of(call: Any) -> list[torch.nn.Module]:
    """Return the networks of a callable: itself, its owner, or those of a `functools.partial`."""
    if isinstance(call, torch.nn.Module):
        return [call]
    if isinstance(call, MethodType):
        return networks_of(call.__self__) if isinstance(call.__self__, torch.nn.Module) else []
    if isinstance(call, functools.partial):
        parts = (call.func, *call.args, *call.keywords.values())
        return list(itertools.chain.from_iterable(map(networks_of, parts)))
    return []


class Running:
    """How a callable runs: its networks in eval mode, all of it without gradients.

    Parameters
    ----------
    name : str
        Of the callable, for messages: "encode".
    call : callable
        What is run in the blocks.
    modules : iterable of Module
        Networks that it runs besides those of `networks_of`.

    Attributes
    ----------
    weight : Tensor or None
        A floating-point parameter or buffer, whose device and dtype inputs should have. None where
        the networks have none, or differ: which of them reads the inputs is then not known.

    Raises
    ------
    ValueError
        For a compiled function without `modules`: it cannot be watched.
    """

    def __init__(self, name: str, call: Any, modules: Iterable[torch.nn.Module] = ()) -> None:
        own, named = networks_of(call), list(modules)
        self.weight = _weight_of(own or named)
        self._name = name
        self._parts = [part for module in (*own, *named) for part in module.modules()]
        function = call
        while isinstance(function, functools.partial):
            function = function.func
        # The parts of a module are known. Within a compiled function, hooks would end its graph.
        compiled = hasattr(function, "_torchdynamo_orig_callable")
        self._watched = not networks_of(function) and not compiled
        if compiled and not self._parts:
            raise ValueError(
                f"{name} is a compiled function, whose networks are not known; pass them as "
                f"modules=[...], or compile the module: torch.compile(model)"
            )

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Enter: networks in train mode are in eval mode until the last block that needs it ends.

        Raises
        ------
        ValueError
            From within the callable, before another module runs in training mode.
        """
        held: list[Any] = []
        known = {id(part) for part in self._parts}
        thread = threading.get_ident()

        def before(module: torch.nn.Module, _: Any) -> None:
            if module.training and id(module) not in known and threading.get_ident() == thread:
                raise ValueError(
                    f"a {type(module).__name__} ran in training mode inside {self._name}, a "
                    "function whose networks are not known; pass modules=[...] with the network "
                    "that it is or belongs to, or call its .eval() before"
                )

        hook: Any = contextlib.nullcontext()
        if self._watched:
            hook = _removing(torch.nn.modules.module.register_module_forward_pre_hook(before))
        try:
            for part in self._parts:
                _take(part, held)
            with torch.no_grad(), hook:
                yield
            self._watched = False  # a call is like the first: hooks would slow down all of them
        finally:
            for part in held:
                _give_back(part)


def _weight_of(modules: Iterable[torch.nn.Module]) -> torch.Tensor | None:
    found: list[torch.Tensor] = []
    for module in modules:
        tensors = itertools.chain(module.parameters(), module.buffers())
        found += itertools.islice((t for t in tensors if t.is_floating_point()), 1)
    kinds = {(tensor.device, tensor.dtype) for tensor in found}
    return found[0] if len(kinds) == 1 else None


@contextlib.contextmanager
def _removing(handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()


class _Claim(NamedTuple):
    """How many blocks keep a part in eval mode, and the part that they will give its mode back."""

    part: Any
    blocks: int


_lock = threading.Lock()
_training: dict[int, _Claim] = {}  # parts that were in train mode, by id


def _take(part: Any, held: list[Any]) -> None:
    """Put a part into eval mode, unless it is; another thread may have done so for a while."""
    with _lock:
        claim = _training.get(id(part))
        if claim is None and not getattr(part, "training", False):  # frozen scripts have no mode
            return
        held.append(part)
        _training[id(part)] = _Claim(part, 1 if claim is None else claim.blocks + 1)
        part.training = False


def _give_back(part: Any) -> None:
    with _lock:
        claim = _training.get(id(part))
        if claim is None:  # Ctrl-C came before it was taken
            return
        if claim.blocks > 1:
            _training[id(part)] = claim._replace(blocks=claim.blocks - 1)
        else:
            del _training[id(part)]
            part.training = True


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
