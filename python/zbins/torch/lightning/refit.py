"""What `SamplerCallback` does at a refit, in one process or in each of several."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors.torch import load, save
from sklearn.base import clone

from ..._common.group import Link
from ...distributed.ranks import Alone, fit_linked, gathered_values, linked
from ...pmf.sampler import PMFSampler
from ..encode import Encoding, encoded
from .loaders import Share


class Refit(NamedTuple):
    """What a refit leaves, published by one assignment."""

    sampler: PMFSampler
    shape: tuple[int, ...]  # of one latent
    epoch: int


def link_of(trainer: Any, call: str) -> Link | Alone:
    """Return the link of this process to the others of a training.

    Raises
    ------
    RuntimeError
        If there are others, and no process group that joins them.
    """
    link = linked(call=call) if trainer.world_size > 1 else Alone()
    if link.size == 1 and trainer.world_size > 1:
        raise RuntimeError(
            f"the training runs in {trainer.world_size} processes "
            f"({type(trainer.strategy).__name__}) that no torch.distributed process group joins, "
            f"so {call} could only fit the rows of each apart; accepted are one process, and "
            "strategies with such a group, as 'ddp' and 'fsdp'"
        )
    return link


def train_data(trainer: Any) -> Any:
    """Return the train dataloader, or refuse what cannot be read beside the training."""
    data = trainer.train_dataloader
    if isinstance(data, (list, tuple, dict)):
        raise ValueError(
            f"the training has a {type(data).__name__} of dataloaders, and which of them to encode "
            "is not clear; pass loader="
        )
    if isinstance(data, Iterator):
        raise TypeError(
            f"the train dataloader is a {type(data).__name__}, which can be read only once, so "
            "that the training would lack what is encoded; pass loader="
        )
    return data


@contextlib.contextmanager
def as_validation(trainer: Any) -> Iterator[None]:
    """Let the trainer say that it validates, for the length of a block.

    Hooks of a LightningModule that change batches often ask (`trainer.training`) whether to
    augment them; at the end of an epoch the answer would depend on whether there is a validation.
    """
    stage = trainer.state.stage
    try:
        trainer.validating = True
        yield
    finally:
        trainer.state.stage = stage


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
    share.check_alike(link)
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
    own: dict[str, torch.Tensor] = {}
    payload, error = bytearray(), None
    try:
        own = {name: buffer.detach().clone() for name, buffer in buffers.items()}
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
