"""What a `LatentGenerator` has once it is fitted; its methods come in the modules beside this."""

from __future__ import annotations

from typing import Any, NamedTuple

from sklearn.exceptions import NotFittedError

from .._types import Array


class Fit(NamedTuple):
    """What a fit leaves: published by one assignment, so that a failed one changes nothing."""

    sampler: Any
    shape: tuple[int, ...]  # of one latent
    latents: Array | None
    labels: Array | None


class Fitted:
    """Holds the fit, published by one assignment."""

    _fit: Fit | None = None

    @property
    def sampler_(self) -> Any:
        """The fitted sampler."""
        return self._fitted().sampler

    @property
    def latent_shape_(self) -> tuple[int, ...]:
        """Shape of one latent."""
        return self._fitted().shape

    @property
    def latents_(self) -> Array:
        r"""Latents that the sampler was fitted on, shape (n, \*latent_shape)."""
        latents = self._fitted().latents
        if latents is None:
            raise AttributeError("this generator was loaded: the latents are not part of its state")
        return latents

    @property
    def labels_(self) -> Array | None:
        """Labels of the latents, or None."""
        return self._fitted().labels

    def _fitted(self) -> Fit:
        if self._fit is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet; call fit, fit_latents or "
                "load_state_dict first"
            )
        return self._fit
