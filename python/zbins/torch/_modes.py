"""Eval mode for what runs, and its own mode back for every part of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from types import MethodType
from typing import Any, NamedTuple

import torch

_lock = threading.Lock()


class _Claim(NamedTuple):
    """How many blocks keep a part in eval mode, and the part that they will give its mode back."""

    part: Any
    blocks: int


_training: dict[int, _Claim] = {}  # parts that were in train mode, by id


class Evaluating:
    """Networks, and what else turns out to run, in eval mode and without gradients.

    Parameters
    ----------
    modules : iterable of Module
        Found beforehand. What a function runs besides is seen when it runs for the first time, and
        is put into eval mode before its forward.
    call : callable
        What is run.
    """

    def __init__(self, modules: Iterable[torch.nn.Module], call: Any = None) -> None:
        self._parts = [part for module in modules for part in module.modules()]
        owner = call.__self__ if isinstance(call, MethodType) else call
        # The parts of a module are known; and hooks would break the graph of a compiled function.
        known = isinstance(owner, torch.nn.Module) or hasattr(call, "_torchdynamo_orig_callable")
        self._look = call is not None and not known

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Enter: parts in train mode are in eval mode until the last block that needs it ends."""
        held: list[Any] = []
        seen = {id(part) for part in self._parts}

        def before(module: torch.nn.Module, _: Any) -> None:
            if module.training and id(module) not in seen and threading.get_ident() == thread:
                seen.add(id(module))
                self._parts.append(module)
                _take(module, held)

        thread = threading.get_ident()
        hook: Any = contextlib.nullcontext()
        if self._look:
            hook = _removing(torch.nn.modules.module.register_module_forward_pre_hook(before))
        try:
            for part in self._parts:
                _take(part, held)
            with torch.no_grad(), hook:
                yield
            self._look = False
        finally:
            for part in held:
                _give_back(part)


@contextlib.contextmanager
def _removing(handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        handle.remove()


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
