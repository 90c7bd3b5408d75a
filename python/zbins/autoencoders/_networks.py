"""What the five models share: their networks, encoding, decoding, the loss of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from .._common.seeds import check_random_state, draw_seed
from ..torch.networks import seeded
from ._architectures import Architecture, Shape, architecture_of, decoder_of, encoder_of
from ._images import as_tensor, as_unit, can_look, check_images
from ._seeds import generator_on


class Networks(torch.nn.Module):  # type: ignore[misc]
    """An encoder and a decoder, built from a seed; see `AE` for parameters and attributes.

    Parameters
    ----------
    factors : dict of float, default={}
        Weights of the terms of the loss, by the names of the constructor's parameters.
    """

    _stochastic: ClassVar[bool] = False  # whether `encode` gives a mean and a log variance
    _at_least: ClassVar[int] = 1  # images that a loss needs

    architecture: str
    input_shape: Shape
    latent_dim: int
    history_: list[dict[str, float]]

    def __init__(
        self,
        architecture: str,
        input_shape: Sequence[int] | None,
        latent_dim: int | None,
        random_state: Any,
        factors: dict[str, float] | None = None,
    ) -> None:
        network = architecture_of(architecture, input_shape, latent_dim)
        check_random_state(random_state)
        super().__init__()
        self.architecture = architecture
        self.random_state = random_state
        self.history_ = []
        self._factors = dict(factors or {})
        for name, factor in self._factors.items():
            setattr(self, name, factor)
        self._latent_dim_given = latent_dim
        self._any_shape = architecture == "small" and input_shape is None
        self._seed = draw_seed(random_state)
        self._build(network)

    def _build(self, network: Architecture) -> None:
        """Make the networks, with weights that the seed alone decides, on any device."""
        self.input_shape = network.input_shape
        self.latent_dim = network.latent_dim
        device = torch.get_default_device()
        with seeded(self._seed), torch.device("meta" if device.type == "meta" else "cpu"):
            self.encoder, size = encoder_of(network)
            self.to_latent = torch.nn.Linear(size, self.latent_dim)
            if self._stochastic:
                self.to_log_var = torch.nn.Linear(size, self.latent_dim)
            self.decoder = decoder_of(network)
        self.to(device)

    def _adapt(self, shape: Shape) -> None:
        """Build the networks for the images of the first fit, if no shape was asked for."""
        if self._any_shape and shape != self.input_shape:
            place, kind = self._place(), self._kind()
            self._build(architecture_of("small", shape, self._latent_dim_given))
            self.to(place, kind)

    def load_state_dict(self, *arguments: Any, **more: Any) -> Any:
        """Load weights, as any module does; they fix the shape of the images."""
        done = super().load_state_dict(*arguments, **more)
        self._any_shape = False
        return done

    def extra_repr(self) -> str:
        """Return what `print(model)` shows first."""
        shown = {
            "architecture": self.architecture,
            "input_shape": self.input_shape,
            "latent_dim": self.latent_dim,
            **self._factors,
        }
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())

    def _architecture(self) -> Architecture:
        return architecture_of(self.architecture, self.input_shape, self.latent_dim)

    def _arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments that belong to the model, as JSON values."""
        return {
            "architecture": self.architecture,
            "input_shape": list(self.input_shape),
            "latent_dim": self.latent_dim,
            **self._factors,
        }

    def _place(self) -> torch.device:
        return self.to_latent.weight.device

    def _kind(self) -> torch.dtype:
        return self.to_latent.weight.dtype

    def _encode(self, images: torch.Tensor) -> Any:
        features = self.encoder(images)
        mean = self.to_latent(features)
        return (mean, self.to_log_var(features)) if self._stochastic else mean

    def _terms(self, images: torch.Tensor, noise: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the loss under "loss", then its terms; noise has the shape (2, n, latent_dim)."""
        raise NotImplementedError

    def _images(self, images: Any) -> torch.Tensor:
        tensor = as_tensor(images, "images")
        check_images(tensor, self.input_shape, "images")
        return as_unit(tensor, self._place(), self._kind())

    def encode(self, images: Any) -> Any:
        """Return the latents of images.

        Gradients flow. In train mode (`model.train()`) batch normalization uses the batch, and
        updates its running statistics; `fit` and `load` leave the model in eval mode.

        Parameters
        ----------
        images : Tensor or array of shape (n, channels, height, width)
            float in [0, 1], or uint8; moved to the model's device and dtype.

        Returns
        -------
        latents : Tensor of shape (n, latent_dim)
            For `AE` and `WAE`. The others return a pair of such tensors: the mean, and the natural
            logarithm of the variance, of each image's normal distribution.

        Raises
        ------
        ValueError
            For another shape, NaN, or values outside [0, 1].
        TypeError
            For no array, or another dtype.
        """
        return self._encode(self._images(images))

    def decode(self, latents: Any) -> torch.Tensor:
        """Return the images of latents.

        Parameters
        ----------
        latents : Tensor or array of shape (n, latent_dim)
            float; moved to the model's device and dtype.

        Returns
        -------
        images : Tensor of shape (n, channels, height, width)
            In [0, 1].

        Raises
        ------
        ValueError
            For another shape, NaN, or infinity.
        TypeError
            For no array, or another dtype.
        """
        tensor = as_tensor(latents, "latents")
        if not tensor.is_floating_point():
            raise TypeError(f"latents is of {tensor.dtype}; accepted is float")
        if tensor.ndim != 2 or tensor.shape[1] != self.latent_dim:
            raise ValueError(
                f"latents has the shape {tuple(tensor.shape)}; accepted is (n, {self.latent_dim})"
            )
        if can_look(tensor) and not tensor.detach().isfinite().all():
            row, column = (~tensor.isfinite()).nonzero()[0].tolist()
            raise ValueError(
                f"latents has the value {tensor[row, column].item()} in row {row}, column "
                f"{column}; accepted are finite values"
            )
        return self.decoder(tensor.to(self._place(), self._kind()))

    def forward(self, images: Any) -> torch.Tensor:
        """Return the reconstructions of images: those of the means, in the stochastic models."""
        latents = self.encode(images)
        return self.decoder(latents[0] if self._stochastic else latents)

    def loss(self, images: Any, *, random_state: Any = None) -> dict[str, torch.Tensor]:
        """Return what `fit` minimizes, for a loop of your own.

        Parameters
        ----------
        images : Tensor or array of shape (n, channels, height, width)
            As in `encode`.
        random_state : int, RandomState, Generator, torch.Generator or None, default=None
            Of the draws of latents and of the prior.

        Returns
        -------
        terms : dict of Tensor
            Means over the batch: "loss", and what it is made of ("reconstruction", "kl", "mmd").
            Gradients flow.

        Raises
        ------
        ValueError, TypeError
            As `encode`; also for fewer images than the loss needs (two, if it has an MMD).
        """
        batch = self._images(images)
        if len(batch) < self._at_least:
            raise ValueError(
                f"images has {len(batch)} images; the loss of {type(self).__name__} needs at least "
                f"{self._at_least}"
            )
        generator = generator_on(self._place(), draw_seed(random_state))
        return self._terms(batch, self._noise(len(batch), generator))

    def _noise(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Return standard normal draws: for the latents of n images, and n of the prior."""
        shape = (2, n, self.latent_dim)
        return torch.randn(shape, generator=generator, device=self._place(), dtype=self._kind())
