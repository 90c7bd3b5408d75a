"""WAE, VAE, BetaVAE, InfoVAE: latents that are regularized, and what each adds to the loss."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import torch

from ._ae import AE, Terms
from ._losses import gaussian, inverse_multiquadratic, kl_to_standard_normal, mmd, reparameterize


class WAE(AE):
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
    _own = ("beta",)
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
        beta = _factor("beta", beta)
        super().__init__(
            architecture, input_shape=input_shape, latent_dim=latent_dim, random_state=random_state
        )
        self.beta = beta

    def _regularized(self, images: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, Terms]:
        latents = self._encode(images)
        return latents, {"mmd": mmd(latents, noise[1], inverse_multiquadratic(self.latent_dim))}

    def _weights(self) -> dict[str, float]:
        return {"mmd": self.beta}


class VAE(AE):
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

    _stochastic = True

    def _regularized(self, images: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, Terms]:
        mean, log_var = self._encode(images)
        latents = reparameterize(mean, log_var, noise[0])
        return latents, {"kl": kl_to_standard_normal(mean, log_var)}

    def _weights(self) -> dict[str, float]:
        return {"kl": 1.0}


class BetaVAE(VAE):
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

    _own = ("beta",)
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
        beta = _factor("beta", beta)
        super().__init__(
            architecture, input_shape=input_shape, latent_dim=latent_dim, random_state=random_state
        )
        self.beta = beta

    def _weights(self) -> dict[str, float]:
        return {"kl": self.beta}


class InfoVAE(VAE):
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
    _own = ("alpha", "lambda_")
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
        alpha = _factor("alpha", alpha, -math.inf, 1.0)
        lambda_ = _factor("lambda_", lambda_, 1.0 - alpha)
        super().__init__(
            architecture, input_shape=input_shape, latent_dim=latent_dim, random_state=random_state
        )
        self.alpha, self.lambda_ = alpha, lambda_

    def _regularized(self, images: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, Terms]:
        latents, terms = super()._regularized(images, noise)
        return latents, {**terms, "mmd": mmd(latents, noise[1], gaussian(self.latent_dim))}

    def _weights(self) -> dict[str, float]:
        return {"kl": 1 - self.alpha, "mmd": self.alpha + self.lambda_ - 1}


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
