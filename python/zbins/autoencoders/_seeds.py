"""Draws of torch that leave its global state alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's CPU generator for the length of a block, and give its state back after."""
    with torch.random.fork_rng(devices=[]):
        # torch.manual_seed would seed the devices too.
        torch.default_generator.manual_seed(seed)
        yield


def generator_on(device: torch.device, seed: int) -> torch.Generator:
    """Return a generator of its own on a device."""
    return torch.Generator(device).manual_seed(seed)


def seed_of(seed: int, *path: int) -> int:
    """Return one of the independent seeds that a seed stands for, as (epoch, purpose)."""
    return int(np.random.SeedSequence([seed, *path]).generate_state(1, np.uint64)[0])
