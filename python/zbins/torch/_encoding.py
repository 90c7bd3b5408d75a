"""One pass of an encoder over data: latents and labels, on the host."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from .._common.labels import check_same_kind
from .._common.progress import Progress
from .._types import Array
from ._data import batches_of
from ._latents import Latents
from ._modes import Evaluating
from ._modules import autocasting, modules_of, seeded, weight_of
from ._outputs import latents_of


@dataclass(frozen=True)
class Encoding:
    """How an encoder is run.

    Attributes
    ----------
    encode : callable
        Inputs to what `latents_of` recognizes.
    posterior : {"mean", "sample"}
        Which latent of a stochastic encoder.
    device : torch.device or None
        Where inputs go. None: where the encoder's parameters are.
    autocast : bool, dtype or None
        As in `autocasting`.
    seed : int
        Of draws from the posterior; torch's global generators get their state back.
    memory_limit : int
        Bytes of latents that are kept in memory.
    """

    encode: Any
    posterior: str = "mean"
    device: torch.device | None = None
    autocast: Any = None
    seed: int = 0
    memory_limit: int = 1 << 30


class Encoded(NamedTuple):
    """Latents of shape (n, ...), and what was given as labels, of shape (n,), or None."""

    latents: Array
    labels: Array | None


def encoded(
    how: Encoding,
    data: Any,
    *,
    with_labels: bool = False,
    batch_size: int | None = None,
    progress: bool | None = None,
) -> Encoded:
    """Run the encoder over all data once, in eval mode and without gradients.

    Raises
    ------
    TypeError, ValueError
        For data, labels or outputs that are not recognized, and for latents that are NaN or
        infinite, naming batch and input.
    OSError
        If the temporary file of large latents cannot be written.
    """
    batches = batches_of(data, batch_size, with_labels)
    modules = modules_of(how.encode)
    weight = weight_of(modules)
    device = how.device if how.device is not None or weight is None else weight.device
    labels: list[Array] = []
    try:
        total = len(batches)  # type: ignore[arg-type]
    except Exception:  # it is for the bar only
        total = None
    draws = nullcontext()
    if how.posterior == "sample":
        draws = seeded(how.seed, _devices(device))  # type: ignore[assignment]
    bar = Progress(progress, total, "encode", "batch")
    evaluating = Evaluating(modules, how.encode)
    with closing(Latents(how.memory_limit)) as latents, draws, bar:
        for number, batch in enumerate(batches):
            if batch.n:
                inputs = placed(batch.inputs, device, weight)
                with evaluating(), autocasting(how.autocast, inputs.device):
                    output = _output(how.encode, inputs)
                found = latents_of(output, how.posterior, batch.n)
                _check_encodes(how.encode, inputs, found)
                latents.append(_finite(found, number))
                if with_labels:
                    check_same_kind(labels[0] if labels else batch.labels, batch.labels)
                    labels.append(batch.labels)
            bar.advance(1, batch.n)
        every = latents.array()
    if not with_labels:
        return Encoded(every, None)
    return Encoded(every, np.concatenate(labels))


def _devices(device: torch.device | None) -> list[torch.device]:
    """Return where the encoder may draw, if nothing says where it runs: the current device too."""
    if device is not None:
        return [device]
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    return [torch.device("cuda", torch.cuda.current_device())] if cuda else []


def placed(
    tensor: torch.Tensor, device: torch.device | None, like: torch.Tensor | None
) -> torch.Tensor:
    """Return a tensor on a device; floating-point numbers in the dtype of the networks."""
    dtype = like.dtype if like is not None and tensor.is_floating_point() else tensor.dtype
    return tensor.to(device or tensor.device, dtype, non_blocking=True)


def _output(encode: Any, inputs: torch.Tensor) -> Any:
    try:
        return encode(inputs)
    except RuntimeError as error:
        if inputs.dtype != torch.uint8:
            raise
        raise TypeError(
            f"encode cannot take a batch of torch.uint8 ({error}); scale it as the network was "
            "trained, as encode=lambda x: encoder(x / 255)"
        ) from error


def _check_encodes(encode: Any, inputs: torch.Tensor, latents: torch.Tensor) -> None:
    """Refuse a whole autoencoder, whose output is as large as its input."""
    if not isinstance(encode, torch.nn.Module) or latents.shape != inputs.shape:
        return
    for name in ("encode", "encoder"):
        if callable(getattr(encode, name, None)):
            raise ValueError(
                f"encode is the {type(encode).__name__} itself, which returned latents of the "
                f"shape {tuple(inputs.shape[1:])} of its inputs, as a whole autoencoder does; pass "
                f"its {name}"
            )


def _finite(latents: torch.Tensor, number: int) -> Array:
    """Return latents on the host, or name the first that is NaN or infinite."""
    rows: Array = latents.cpu().resolve_neg().numpy()
    if np.isfinite(rows).all():
        return rows
    place = np.argwhere(~np.isfinite(rows))[0].tolist()
    raise ValueError(
        f"encode returned {rows[tuple(place)]} for input {place[0]} of batch {number} (place "
        f"{place[1:]} of its latent); accepted are finite numbers"
    )
