"""Draws of a `LatentGenerator`: from its sampler, through the decoder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch

from .._common.checks import check_count
from .._common.progress import Progress, check_progress
from .._common.seeds import check_random_state
from ._data import DEFAULT_BATCH
from ._encoding import placed
from ._fitted import Fit, Fitted
from ._latents import shown
from ._modes import Evaluating
from ._modules import autocasting, modules_of, weight_of
from ._outputs import images_of
from ._samplers import draw_batches


class Decoding(Fitted):
    """The methods that draw."""

    decode: Any
    device: torch.device | None
    autocast: Any
    random_state: Any

    def sample(
        self,
        n: int = 1,
        y: Any = None,
        *,
        batch_size: int = DEFAULT_BATCH,
        random_state: Any = None,
        progress: bool | None = None,
    ) -> torch.Tensor:
        """Draw latents and decode them, in eval mode and without gradients.

        Parameters
        ----------
        n : int, default=1
            How many.
        y : label, or array-like of shape (n,), default=None
            Draw from that label only; an array conditions draw i on ``y[i]``.
        batch_size : int, default=256
            How many are decoded at a time; the latents do not depend on it.
        random_state : int, RandomState, Generator, torch.Generator or None, default=None
            The same int gives the same latents at every call.
        progress : bool or None, default=None
            As in `fit`.

        Returns
        -------
        images : Tensor of shape (n, ...)
            What `decode` makes, on its device.

        Raises
        ------
        NotFittedError
            Before a fit.
        ValueError, TypeError
            For arguments other than these, or an output of `decode` that is not recognized.
        """
        size = check_count("batch_size", batch_size, least=1)
        n = check_count("n", n)
        images: torch.Tensor | None = None
        done = 0
        batches = self.sample_batches(
            n, y, batch_size=size, random_state=random_state, progress=progress
        )
        for batch in batches:
            if images is None:
                images = batch.new_empty((n, *batch.shape[1:]))
            if batch.shape[1:] != images.shape[1:] or batch.dtype != images.dtype:
                raise ValueError(
                    f"decode returned a tensor of shape {tuple(batch.shape)} and {batch.dtype}; "
                    f"those before were {shown(tuple(images.shape[1:]))} and {images.dtype}"
                )
            images[done : done + len(batch)] = batch
            done += len(batch)
        assert images is not None
        return images

    def sample_batches(
        self,
        n: int,
        y: Any = None,
        *,
        batch_size: int = DEFAULT_BATCH,
        random_state: Any = None,
        progress: bool | None = None,
    ) -> Iterator[torch.Tensor]:
        """Give what `sample` returns in batches, for more images than memory holds.

        Parameters
        ----------
        n, y, batch_size, random_state, progress
            As in `sample`.

        Returns
        -------
        batches : iterator of Tensor of shape (batch_size, ...)
            The last may be smaller; for n = 0 one of shape (0, ...). Arguments are checked at
            the call.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `sample`.
        """
        fit = self._fitted()
        if self.decode is None:
            raise ValueError("decode is None; it is needed here, or use sample_latents")
        n = check_count("n", n)
        size = check_count("batch_size", batch_size, least=1)
        check_progress(progress)
        drawn = self._drawn(fit, n, size, y, random_state)
        decoded = self._decoder(fit)

        def batches() -> Iterator[torch.Tensor]:
            with Progress(progress, -(-n // size), "decode", "batch") as bar:
                for latents in drawn:
                    if len(latents):
                        yield decoded(latents)
                    else:  # what one would be
                        yield decoded(latents.new_zeros(1, latents.shape[1]))[:0]
                    bar.advance(1, len(latents))

        return batches()

    def sample_latents(
        self, n: int = 1, y: Any = None, *, random_state: Any = None
    ) -> torch.Tensor:
        r"""Draw latents, in the shape that `encode` gave them.

        Parameters
        ----------
        n, y, random_state
            As in `sample`.

        Returns
        -------
        latents : Tensor of shape (n, \*latent_shape)
            On the CPU.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `sample`.
        """
        fit = self._fitted()
        n = check_count("n", n)
        (latents,) = self._drawn(fit, n, max(1, n), y, random_state)
        return latents.reshape(n, *fit.shape)

    def _drawn(
        self, fit: Fit, n: int, size: int, y: Any, random_state: Any
    ) -> Iterator[torch.Tensor]:
        chosen = self.random_state if random_state is None else random_state
        check_random_state(chosen)
        return draw_batches(fit.sampler, n, math.prod(fit.shape), size, y, chosen)

    def _decoder(self, fit: Fit) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return what decodes flat latents; its networks are looked for once."""
        decode = self.decode
        modules = modules_of(decode)
        weight = weight_of(modules)
        device = self.device if self.device is not None or weight is None else weight.device
        evaluating = Evaluating(modules, decode)

        def decoded(latents: torch.Tensor) -> torch.Tensor:
            z = placed(latents.reshape(len(latents), *fit.shape), device, weight)
            with evaluating(), autocasting(self.autocast, z.device):
                return images_of(decode(z), len(z))

        return decoded
