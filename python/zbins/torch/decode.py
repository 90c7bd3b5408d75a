"""Latents from any sampler, and through a decoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..pmf.sampler import PMFSampler
from ..protocol import check_conditional, draw
from .encode import placed
from .networks import Running, autocasting
from .outputs import images_of


def draw_batches(
    sampler: Any, n: int, d: int, size: int, y: Any, random_state: Any
) -> Iterator[torch.Tensor]:
    """Give n draws of shape (size, d), the same whatever the size; for none one of shape (0, d)."""
    if isinstance(sampler, PMFSampler):
        if n == 0:
            return iter([torch.as_tensor(sampler.sample(0, y=y, random_state=random_state))])
        batches = sampler.sample_batches(n, size, y=y, random_state=random_state, progress=False)
        return map(torch.as_tensor, batches)
    if n == 0:
        return iter([torch.empty(0, d, dtype=torch.float64)])
    return iter(_draws(sampler, n, d, y, random_state).split(size))


def _draws(sampler: Any, n: int, d: int, y: Any, random_state: Any) -> torch.Tensor:
    conditions = {} if y is None else {"y": y}
    if y is not None:
        check_conditional(sampler, "the sampler")
    drawn = draw(sampler, n, random_state, **conditions)
    found = torch.as_tensor(drawn)
    if tuple(found.shape) != (n, d):
        raise ValueError(
            f"the sampler, a {type(sampler).__name__}, returned samples of shape "
            f"{tuple(found.shape)}; accepted is ({n}, {d})"
        )
    return found


def decoder(
    decode: Any,
    modules: tuple[torch.nn.Module, ...],
    shape: tuple[int, ...],
    device: torch.device | None,
    autocast: Any,
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return what decodes latents of shape (n, d), in eval mode and without gradients.

    Parameters
    ----------
    decode : callable
        Latents of shape (n, *shape) to what `images_of` recognizes.
    modules : tuple of Module
        Networks that it runs besides those that it is or belongs to; see `Running`.
    shape : tuple of int
        Of one latent.
    device : torch.device or None
        Where latents go. None: where the networks are.
    autocast : bool, dtype or None
        As in `autocasting`.
    """
    running = Running("decode", decode, modules)
    weight = running.weight
    place = device if device is not None or weight is None else weight.device

    def decoded(latents: torch.Tensor) -> torch.Tensor:
        z = placed(latents.reshape(len(latents), *shape), place, weight)
        with running(), autocasting(autocast, z.device):
            return images_of(decode(z), len(z))

    return decoded
