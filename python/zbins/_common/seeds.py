"""One 64-bit seed per call, from whatever the caller gives as `random_state`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .checks import is_int

_SEEDS = 1 << 64


def is_torch_generator(value: object) -> bool:
    """Tell whether `value` is a torch.Generator, without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Generator)


def check_random_state(random_state: object) -> None:
    """Refuse what `draw_seed` could not use, without drawing anything."""
    if random_state is None or is_torch_generator(random_state):
        return
    if isinstance(random_state, (np.random.RandomState, np.random.Generator)):
        return
    if not is_int(random_state):
        raise TypeError(
            f"random_state is {random_state!r} of type {type(random_state).__name__}; accepted are "
            "None, an int, numpy.random.RandomState, numpy.random.Generator and torch.Generator"
        )
    if not 0 <= int(random_state) < _SEEDS:  # type: ignore[call-overload]
        raise ValueError(
            f"random_state is {random_state}; an int must be at least 0 and below 2**64"
        )


def draw_seed(random_state: Any) -> int:
    """Return the seed of one call: the int itself, or one draw from the generator.

    None takes the seed from NumPy's global state, so ``np.random.seed`` governs it as it does
    throughout scikit-learn.
    """
    check_random_state(random_state)
    if random_state is None:
        random_state = np.random.mtrand._rand
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(0, _SEEDS, dtype=np.uint64))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(0, _SEEDS, dtype=np.uint64))
    if is_int(random_state):
        return int(random_state)
    import torch

    signed = torch.empty((), dtype=torch.int64, device=random_state.device)
    # random_ without bounds leaves the sign bit out: two halves give all 64 bits.
    halves = [int(signed.random_(0, 1 << 32, generator=random_state)) for _ in range(2)]
    return halves[0] | halves[1] << 32
