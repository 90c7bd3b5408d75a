"""Generators and seeds of their own for every purpose."""

from __future__ import annotations

import numpy as np
import torch


def generator_on(device: torch.device, seed: int) -> torch.Generator:
    """Return a generator of its own on a device."""
    return torch.Generator(device).manual_seed(seed)


def seed_of(seed: int, *path: int) -> int:
    """Return one of the independent seeds that a seed stands for, as (epoch, purpose)."""
    return int(np.random.SeedSequence([seed, *path]).generate_state(1, np.uint64)[0])
