"""Random generators that give the same numbers after a block as if it had not been."""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch


@contextlib.contextmanager
def undisturbed(*loaders: Any) -> Iterator[None]:
    """Give back the state of random generators in the end: of the global ones, and the loaders'.

    A loader's are found as attributes of it, its samplers, its data set, and the data sets that
    this one wraps as `dataset` or `datasets`; not within other objects (a transform), nor in
    functions. In worker processes there are only copies.
    """
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    plain = random.getstate()
    on_cuda = torch.cuda.get_rng_state_all() if cuda else []
    shared = [torch.default_generator, np.random.mtrand._rand]
    states = [(one, _state(one)) for one in (*shared, *_generators(loaders))]
    try:
        yield
    finally:
        random.setstate(plain)
        torch.cuda.set_rng_state_all(on_cuda)
        for generator, state in states:
            _set_state(generator, state)


_WITHIN = ("dataset", "sampler", "batch_sampler")
_KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def _generators(loaders: Iterable[Any]) -> list[Any]:
    """Return the generators that loaders hold, and what they read from, however it is wrapped."""
    found: dict[int, Any] = {}
    seen: dict[int, Any] = {}
    left = list(loaders)
    while left:
        part = left.pop()
        if part is None or id(part) in seen:
            continue
        seen[id(part)] = part
        for value in getattr(part, "__dict__", {}).values():
            if isinstance(value, _KINDS):
                found[id(value)] = value
        left += [getattr(part, name, None) for name in _WITHIN]
        several = getattr(part, "datasets", None)  # of ConcatDataset, StackDataset
        if isinstance(several, Mapping):
            left += several.values()
        elif isinstance(several, (list, tuple)):
            left += several
    return list(found.values())


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return copy.deepcopy(generator.bit_generator.state)
    if isinstance(generator, random.Random):
        return generator.getstate()
    return generator.get_state()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.set_state(state)
