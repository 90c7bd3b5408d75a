"""What `SamplerCallback` has after a refit, and how it goes through a checkpoint."""

from __future__ import annotations

from typing import Any

from sklearn.exceptions import NotFittedError

from ..pmf.sampler import PMFSampler
from ._fitted import Fit
from ._generator import LatentGenerator
from ._refitting import Refit
from ._state import Tensors, from_state, state_of


class Refitted:
    """Holds the last refit, published by one assignment."""

    sampler: PMFSampler
    posterior: str
    every_n_epochs: int
    _networks: tuple[Any, Any]  # encode and decode
    _fit: Refit | None = None

    @property
    def sampler_(self) -> PMFSampler:
        """The fitted sampler."""
        return self._fitted().sampler

    @property
    def epoch_(self) -> int:
        """The epoch after which it was fitted."""
        return self._fitted().epoch

    @property
    def generator_(self) -> LatentGenerator:
        """The fitted sampler with the networks."""
        fit = self._fitted()
        encode, decode = self._networks
        generator = LatentGenerator(encode, decode, self.sampler, posterior=self.posterior)
        generator._fit = Fit(fit.sampler, fit.shape, None, None)
        return generator

    def _fitted(self) -> Refit:
        if self._fit is None:
            raise NotFittedError(
                f"This {type(self).__name__} has no sampler yet: it comes at the end of the first "
                f"of every {self.every_n_epochs} epochs, or from a checkpoint"
            )
        return self._fit

    def state_dict(self) -> dict[str, Any]:
        """Return the sampler as plain tensors and numbers; nothing before the first refit."""
        if self._fit is None:
            return {}
        fit = self._fit
        return {"epoch": fit.epoch, "sampler": state_of(fit.sampler, fit.shape)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the sampler from a checkpoint, of any size.

        Raises
        ------
        ValueError
            If the state is damaged; the callback is as it was.
        """
        if not state_dict:
            self._fit = None
            return
        if set(state_dict) != {"epoch", "sampler"} or type(state_dict["epoch"]) is not int:
            raise ValueError(
                f"this is no state of a {type(self).__name__}: accepted are an int under 'epoch' "
                f"and tensors under 'sampler', got the keys {', '.join(map(repr, state_dict))}"
            )
        tensors: Tensors = state_dict["sampler"]
        sampler, shape = from_state(tensors, self.sampler)
        sampler.set_params(random_state=self.sampler.random_state, n_jobs=self.sampler.n_jobs)
        self._fit = Refit(sampler, shape, state_dict["epoch"])
