"""The five models: what each adds to the error of reconstruction."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import torch

from . import _losses
from ._base import Autoencoder


class AE(Autoencoder):
    """A plain autoencoder: minimizes the squared error summed over pixels.

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

    def __init__(
        self,
        architecture: str,
        *,
        input_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(architecture, input_shape, latent_dim, random_state)

    def _terms(self, images: torch.Tensor, noise: torch.Tensor) -> dict[str, torch.Tensor]:
        error = _losses.squared_error(images, self.decoder(self._encode(images)))
        return {"loss": error, "reconstruction": error}


class WAE(Autoencoder):
    """A Wasserstein autoencoder (Tolstikhin et al. 2018), of the kind with MMD.

    Minimizes error + beta * MMD^2(latents, draws of N(0, I)), with the inverse multiquadratic
    kernel C / (C + r^2), C = 2 latent_dim, and the unbiased estimate over a batch. The encoder is
    deterministic.

    Parameters
    ----------
    architecture, input_shape, latent_dim, random_state
        As in `AE`.
    beta : float, default=100.0
        At least 0; their lambda. The PMFS paper's value.

    Attributes
    ----------
    beta : float
    architecture, input_shape, latent_dim, history_
        As in `AE`.
    """

    _at_least = 2  # the unbiased estimate has pairs of different latents
    beta: float

    def __init__(
        self,
        architecture: str,
        *,
        input_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        beta: float = 100.0,
        random_state: Any = None,
    ) -> None:
        factors = {"beta": _factor("beta", beta)}
        super().__init__(architecture, input_shape, latent_dim, random_state, factors)

    def _terms(self, images: torch.Tensor, noise: torch.Tensor) -> dict[str, torch.Tensor]:
        latents = self._encode(images)
        error = _losses.squared_error(images, self.decoder(latents))
        kernel = _losses.inverse_multiquadratic(self.latent_dim)
        distance = _losses.mmd(latents, noise[1], kernel)
        return {"loss": error + self.beta * distance, "reconstruction": error, "mmd": distance}


class _Variational(Autoencoder):
    """What the three models with a normal distribution per image share: one draw from it."""

    _stochastic = True

    def _terms(self, images: torch.Tensor, noise: torch.Tensor) -> dict[str, torch.Tensor]:
        mean, log_var = self._encode(images)
        latents = _losses.reparameterize(mean, log_var, noise[0])
        error = _losses.squared_error(images, self.decoder(latents))
        divergence = _losses.kl_to_standard_normal(mean, log_var)
        return self._weighed(error, divergence, latents, noise[1])

    def _weighed(
        self,
        error: torch.Tensor,
        divergence: torch.Tensor,
        latents: torch.Tensor,
        prior: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Return the loss and its terms, from latents and as many draws of N(0, I)."""
        raise NotImplementedError


class VAE(_Variational):
    """A variational autoencoder (Kingma and Welling 2014).

    Minimizes error + KL(N(mean, var) || N(0, I)), with one draw of the latent per image. The error
    is the squared one summed over pixels: a normal likelihood of variance 1/2.

    Parameters
    ----------
    architecture, input_shape, latent_dim, random_state
        As in `AE`.

    Attributes
    ----------
    architecture, input_shape, latent_dim, history_
        As in `AE`.
    """

    def __init__(
        self,
        architecture: str,
        *,
        input_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        random_state: Any = None,
    ) -> None:
        super().__init__(architecture, input_shape, latent_dim, random_state)

    def _weighed(
        self,
        error: torch.Tensor,
        divergence: torch.Tensor,
        latents: torch.Tensor,
        prior: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        return {"loss": error + divergence, "reconstruction": error, "kl": divergence}


class BetaVAE(_Variational):
    """A variational autoencoder whose divergence weighs more (Higgins et al. 2017).

    Minimizes error + beta * KL(N(mean, var) || N(0, I)); the rest is as in `VAE`.

    Parameters
    ----------
    architecture, input_shape, latent_dim, random_state
        As in `AE`.
    beta : float, default=2.0
        At least 0. The PMFS paper's value.

    Attributes
    ----------
    beta : float
    architecture, input_shape, latent_dim, history_
        As in `AE`.
    """

    beta: float

    def __init__(
        self,
        architecture: str,
        *,
        input_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        beta: float = 2.0,
        random_state: Any = None,
    ) -> None:
        factors = {"beta": _factor("beta", beta)}
        super().__init__(architecture, input_shape, latent_dim, random_state, factors)

    def _weighed(
        self,
        error: torch.Tensor,
        divergence: torch.Tensor,
        latents: torch.Tensor,
        prior: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        loss = error + self.beta * divergence
        return {"loss": loss, "reconstruction": error, "kl": divergence}


class InfoVAE(_Variational):
    """A variational autoencoder that matches all latents together to N(0, I) (Zhao et al. 2019).

    Minimizes error + (1 - alpha) * KL(N(mean, var) || N(0, I)) + (alpha + lambda - 1) *
    MMD^2(latents, draws of N(0, I)), with a Gaussian kernel of variance latent_dim and the
    unbiased estimate over a batch.

    Parameters
    ----------
    architecture, input_shape, latent_dim, random_state
        As in `AE`.
    alpha : float, default=0.0
        At most 1. The PMFS paper's value.
    lambda_ : float, default=1000.0
        At least 1 - alpha. The PMFS paper's value, so that the KL divergence weighs 1 and MMD^2
        999.

    Attributes
    ----------
    alpha, lambda_ : float
    architecture, input_shape, latent_dim, history_
        As in `AE`.
    """

    _at_least = 2
    alpha: float
    lambda_: float

    def __init__(
        self,
        architecture: str,
        *,
        input_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        alpha: float = 0.0,
        lambda_: float = 1000.0,
        random_state: Any = None,
    ) -> None:
        factors = {
            "alpha": _factor("alpha", alpha, -math.inf, 1.0),
            "lambda_": _factor("lambda_", lambda_, 1.0 - float(alpha)),
        }
        super().__init__(architecture, input_shape, latent_dim, random_state, factors)

    def _weighed(
        self,
        error: torch.Tensor,
        divergence: torch.Tensor,
        latents: torch.Tensor,
        prior: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        distance = _losses.mmd(latents, prior, _losses.gaussian(self.latent_dim))
        loss = error + (1 - self.alpha) * divergence + (self.alpha + self.lambda_ - 1) * distance
        return {"loss": loss, "reconstruction": error, "kl": divergence, "mmd": distance}


def _factor(name: str, value: object, least: float = 0.0, most: float = math.inf) -> float:
    """Return a weight of the loss as a float, or refuse it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} is {value!r}; accepted is a finite number")
    number = float(value)
    if not math.isfinite(number) or not least <= number <= most:
        ends = [f"at least {least:g}"] * (least > -math.inf) + [f"at most {most:g}"] * (
            most < math.inf
        )
        raise ValueError(f"{name} is {number:g}; accepted is a finite number of {', '.join(ends)}")
    return number
