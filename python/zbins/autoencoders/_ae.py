"""AE: the networks of an autoencoder, and all that is done with them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

import torch

from .._common.seeds import check_random_state, draw_seed
from .._errors import RowError
from ..torch.networks import device_of, seeded
from ._architectures import Architecture, Shape, architecture_of, decoder_of, encoder_of
from ._files import description, read_model, write
from ._images import as_tensor, as_unit, can_look, check_images
from ._losses import squared_error
from ._training import Plan, train

Self = TypeVar("Self", bound="AE")
Terms = dict[str, torch.Tensor]


class AE(torch.nn.Module):  # type: ignore[misc]
    """A plain autoencoder: minimizes the squared error summed over pixels.

    The other models add terms to that; all else they have from here.

    Parameters
    ----------
    architecture : {"mnist", "celeba", "mobius", "small"}
        Tables 3, 4 and 5 of Bouayed, Iaccovelli, Naccache (images of shape (1, 28, 28),
        (3, 218, 178) and (3, 1700, 3000), latents of 32, 256 and 256 dimensions), or a small
        network for CPUs (latents of 16).
    input_shape : (int, int, int) or None, default=None
        Channels, height and width, for "small": the last two divisible by 4. None there: (1, 28,
        28) until the first `fit`, which makes the network anew for the images it is given, if
        their shape is another and no weights were loaded.
    latent_dim : int or None, default=None
        None: the architecture's.
    random_state : int, RandomState, Generator, torch.Generator or None, default=None
        Of the first weights and, where `fit` is given none, of the training. None takes a seed
        from NumPy's global state. The global state of torch is never touched.

    Attributes
    ----------
    architecture : str
    input_shape : (int, int, int)
        Channels, height and width of an image.
    latent_dim : int
    encoder, to_latent, decoder : Module
        The convolutions, the linear layer from what they give to a latent, and the network from a
        latent to an image. `VAE`, `BetaVAE` and `InfoVAE` have the layer `to_log_var` as well.
    history_ : list of dict
        Of the last `fit`: per epoch its number and the mean of every term of the loss, with
        "validation_" before the name for those on the validation images.

    Raises
    ------
    ValueError, TypeError
        For parameters other than these, naming what is accepted.

    Examples
    --------
    >>> import torch
    >>> from zbins.autoencoders import AE
    >>> images = torch.rand(8, 3, 16, 12, generator=torch.Generator().manual_seed(0))
    >>> model = AE("small", input_shape=(3, 16, 12), random_state=0).fit(images, epochs=1)
    >>> model.encode(images).shape, model.decode(torch.zeros(2, 16)).shape
    (torch.Size([8, 16]), torch.Size([2, 3, 16, 12]))
    """

    _stochastic: ClassVar[bool] = False  # whether `encode` gives a mean and a log variance
    _at_least: ClassVar[int] = 1  # images that a loss needs
    _own: ClassVar[tuple[str, ...]] = ()  # parameters that only this class's constructor has

    architecture: str
    input_shape: Shape
    latent_dim: int
    history_: list[dict[str, float]]

    def __init__(
        self,
        architecture: str,
        *,
        input_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        random_state: Any = None,
    ) -> None:
        network = architecture_of(architecture, input_shape, latent_dim)
        check_random_state(random_state)
        super().__init__()
        self.architecture = architecture
        self.random_state = random_state
        self.history_ = []
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
        shown = {**self._arguments(), "input_shape": self.input_shape}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())

    def _architecture(self) -> Architecture:
        return architecture_of(self.architecture, self.input_shape, self.latent_dim)

    def _arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments that belong to the model, as JSON values."""
        return {
            "architecture": self.architecture,
            "input_shape": list(self.input_shape),
            "latent_dim": self.latent_dim,
            **{name: getattr(self, name) for name in self._own},
        }

    def _place(self) -> torch.device:
        return self.to_latent.weight.device

    def _kind(self) -> torch.dtype:
        return self.to_latent.weight.dtype

    def _encode(self, images: torch.Tensor) -> Any:
        features = self.encoder(images)
        mean = self.to_latent(features)
        return (mean, self.to_log_var(features)) if self._stochastic else mean

    def _regularized(self, images: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, Terms]:
        """Return the latents that are decoded, and the terms of the loss that are about latents.

        noise has the shape (2, n, latent_dim): for the latents, and draws of the prior.
        """
        return self._encode(images), {}

    def _weights(self) -> dict[str, float]:
        """Return what each term about latents counts in the loss."""
        return {}

    def _terms(self, images: torch.Tensor, noise: torch.Tensor) -> Terms:
        """Return the loss under "loss", then its terms."""
        latents, terms = self._regularized(images, noise)
        loss = error = squared_error(images, self.decoder(latents))
        for name, weight in self._weights().items():
            loss = loss + weight * terms[name]
        return {"loss": loss, "reconstruction": error, **terms}

    def _images(self, images: Any) -> torch.Tensor:
        tensor = as_tensor(images, "images")
        check_images(tensor, self.input_shape, "images")
        return as_unit(tensor, self._place(), self._kind())

    def _noise(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Return standard normal draws: for the latents of n images, and n of the prior."""
        shape = (2, n, self.latent_dim)
        return torch.randn(shape, generator=generator, device=self._place(), dtype=self._kind())

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
            value = tensor[row, column].item()
            raise RowError(
                f"latents has the value {value} in row {{row}}, column {column}; accepted are "
                "finite values",
                row,
                column,
                value,
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
        generator = torch.Generator(self._place()).manual_seed(draw_seed(random_state))
        return self._terms(batch, self._noise(len(batch), generator))

    def fit(
        self: Self,
        data: Any,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        validation: Any = None,
        patience: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        random_state: Any = None,
        device: Any = None,
        mixed_precision: bool = False,
        compile: bool = False,
        progress: bool | None = None,
    ) -> Self:
        """Train with Adam (beta_1 = 0.9, beta_2 = 0.999), from the weights that are there.

        On a CPU, with as many threads, the same call gives the same bits, also when it is
        interrupted and resumed. A call that fails, or is interrupted, leaves the weights as they
        were; the checkpoint keeps what was learned.

        Parameters
        ----------
        data : array, Tensor, (images, labels), Dataset, zbins.data.Split or DataLoader
            Images of shape (n, channels, height, width), float in [0, 1] or uint8; labels are
            left out. A Dataset gives an image or (image, label, ...), a DataLoader batches of
            those. At least 2 images; one that an epoch leaves over joins the batch before.
        epochs : int or None, default=None
            Times that all images are seen, at least 0, counting those before a checkpoint. None:
            the paper's, 50, and 100 for "celeba".
        batch_size : int or None, default=None
            At least 2. None: the paper's, 64. A DataLoader has its own.
        learning_rate : float or None, default=None
            Above 0. None: the paper's, 1e-3, and 1e-4 for "celeba".
        validation : float, images as `data`, or None, default=None
            What the loss is also computed for, after every epoch. A number between 0 and 1 is the
            share of the images that is held out (not of a DataLoader).
        patience : int or None, default=None
            At least 1: stop once the validation loss has not fallen for so many epochs, and take
            the weights of the best. None: never.
        checkpoint : path or None, default=None
            Written after every epoch, the old one or the new one, whole.
        resume : bool, default=False
            Go on from the checkpoint, if it is there; else start.
        random_state : int, RandomState, Generator, torch.Generator or None, default=None
            Of shuffling, noise, and what a Dataset draws from torch's CPU generator. None: the
            constructor's.
        device : device, str or None, default=None
            Where to train; the model stays there. None: where it is.
        mixed_precision : bool, default=False
            Run the networks in bfloat16 where that is safe; weights and losses stay as they are.
        compile : bool, default=False
            By torch.compile: a minute at first, faster steps on a GPU.
        progress : bool or None, default=None
            Show epochs, loss and terms on stderr. None: if it is a terminal and takes a while.

        Returns
        -------
        self : object of this class
            In eval mode, with `history_`.

        Raises
        ------
        ValueError, TypeError
            For images or parameters other than these, or a checkpoint that is damaged, of another
            model, or of other settings.
        FloatingPointError
            If the loss became NaN or infinite.
        OSError
            If the checkpoint cannot be read or written.
        """
        plan = Plan(
            self._architecture(),
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            validation=validation,
            patience=patience,
            checkpoint=checkpoint,
            resume=resume,
            random_state=self.random_state if random_state is None else random_state,
            device=device,
            mixed_precision=mixed_precision,
            compile=compile,
            progress=progress,
        )
        self.history_ = train(self, data, plan)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a safetensors file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Overwritten if it exists.

        Raises
        ------
        OSError
            Naming the path.
        """
        state = {name: value.detach() for name, value in self.state_dict().items()}
        write(path, state, description(self))

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str], *, device: Any = None) -> Self:
        """Read a model that `save` wrote; nothing in the file is ever run.

        Parameters
        ----------
        path : path-like
        device : device, str or None, default=None
            Where to put it. None: the CPU.

        Returns
        -------
        model : object of this class
            In eval mode, with the bits that were saved.

        Raises
        ------
        ValueError
            If the file is damaged, or of another class, naming it; for a device that is not there.
        OSError
            If it cannot be read.
        """
        place = None if device is None else device_of(device)
        model: Self = read_model(cls, path, place)
        return model
