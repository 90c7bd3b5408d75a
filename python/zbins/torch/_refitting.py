"""What `SamplerCallback` does at a refit, in one process or in each of several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load, save
from sklearn.base import clone

from .._distributed import Link
from ..pmf import PMFSampler
from ._encoding import Encoding, encoded
from ._loaders import Share
from ._modules import check_call
from ._ranks import Alone, fit_linked, gathered_values


class Refit(NamedTuple):
    """What a refit leaves, published by one assignment."""

    sampler: PMFSampler
    shape: tuple[int, ...]  # of one latent
    epoch: int


def refitted(
    sampler: PMFSampler,
    how: Encoding,
    share: Share,
    with_labels: bool,
    link: Link | Alone,
    epoch: int,
) -> Refit:
    """Encode this process' share, and fit a copy of the sampler to the latents of all.

    What fails in one process is raised in all.
    """
    found, error = None, None
    try:
        found = encoded(how, share, with_labels=with_labels, progress=False)
    except BaseException as problem:
        if not share.empty or link.size == 1:  # one of several may get nothing
            error = problem
    link.agree(error)
    shape = _common_shape(gathered_values(link, found and found.latents.shape[1:]))
    rows = np.empty((0, 0)) if found is None else found.latents.reshape(len(found.latents), -1)
    fitted = clone(sampler)
    fit_linked(fitted, rows, None if found is None else found.labels, link)
    return Refit(fitted, shape, epoch)


def _common_shape(shapes: list[Any]) -> tuple[int, ...]:
    """Return the shape of one latent in all processes; None is of one without latents."""
    known = {rank: tuple(shape) for rank, shape in enumerate(shapes) if shape is not None}
    if not known:
        raise ValueError("the loader gives no batches; at least one is needed")
    first = next(iter(known))
    for rank, shape in known.items():
        if shape != known[first]:
            raise ValueError(
                f"encode returned latents of shape {known[first]} in rank {first} and {shape} in "
                f"rank {rank}; they must be the same"
            )
    return known[first]


@contextlib.contextmanager
def with_buffers_of_rank_zero(module: torch.nn.Module, link: Link | Alone) -> Iterator[None]:
    """Let all processes run one network, for the length of a block.

    DDP keeps their parameters alike, but a batch norm has gathered statistics of its own in each;
    those of rank zero are the ones that a checkpoint holds.
    """
    buffers = {str(number): buffer for number, buffer in enumerate(module.buffers())}
    if link.size == 1 or not buffers:
        yield
        return
    assert isinstance(link, Link)
    own = {name: buffer.detach().clone() for name, buffer in buffers.items()}
    payload, error = bytearray(), None
    try:
        if link.rank == 0:
            payload = bytearray(save({name: one.cpu().contiguous() for name, one in own.items()}))
    except BaseException as found:
        error = found
    link.agree(error)
    view = link.buffer(gathered_values(link, len(payload))[0])
    link.broadcast(view, 0, payload)
    try:
        try:
            if link.rank:
                _copy(load(view.cpu().numpy().tobytes()), buffers)
        except BaseException as found:
            error = found
        link.agree(error)
        yield
    finally:
        _copy(own, buffers)


def _copy(values: dict[str, torch.Tensor], buffers: dict[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, buffer in buffers.items():
            buffer.copy_(values[name])


def network_of(pl_module: Any, role: str, network: Any) -> Any:
    """Return a network, by name from the module if it was not given itself."""
    if network is not None and not isinstance(network, str):
        return network
    name = role if network is None else network
    found = pl_module
    for part in name.split("."):
        if not hasattr(found, part):
            raise ValueError(
                f"{type(pl_module).__name__} has no attribute {name!r}; pass {role}= a callable or "
                f"the name of one of its attributes, as {role}='model.{role}'"
            )
        found = getattr(found, part)
    return check_call(name, found)


def check_sampler(sampler: object) -> PMFSampler:
    """Return a PMFSampler, also for None, or refuse what is none."""
    if sampler is None:
        return PMFSampler()
    if not isinstance(sampler, PMFSampler):
        what = (
            f"the class {sampler.__name__}"
            if isinstance(sampler, type)
            else (f"a {type(sampler).__name__}")
        )
        raise TypeError(
            f"sampler is {what}; accepted is a PMFSampler: the models that the processes of a "
            "training make can be merged of no other"
        )
    return sampler
