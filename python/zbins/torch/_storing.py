"""The state of a `LatentGenerator`, in memory and in files."""

from __future__ import annotations

import os
from typing import Any, TypeVar

from sklearn.base import clone

from . import _files
from ._fitted import Fit, Fitted
from ._samplers import check_sampler
from ._state import Tensors, from_state, state_of

Self = TypeVar("Self", bound="Storing")


class Storing(Fitted):
    """The methods that give the state and take it."""

    sampler: Any
    posterior: str

    def state_dict(self) -> Tensors:
        """Return the fitted sampler as tensors; the networks have checkpoints of their own.

        Returns
        -------
        state : dict of Tensor
            On the CPU: for torch.save, safetensors, or a checkpoint.

        Raises
        ------
        NotFittedError
            Before a fit.
        TypeError
            If the sampler holds what is neither an array nor a number, naming it, as
            KernelDensity its tree.
        """
        fit = self._fitted()
        return state_of(fit.sampler, fit.shape)

    def load_state_dict(self: Self, state: Tensors) -> Self:
        """Take the sampler from a state, of any size; `latents_` is then not there.

        Parameters
        ----------
        state : dict of Tensor
            From `state_dict` of a generator whose sampler is of the same class.

        Returns
        -------
        self : LatentGenerator
            Fitted. If anything is raised, it is as it was.

        Raises
        ------
        ValueError
            If the state is damaged, or of another class of samplers.
        """
        sampler, shape = from_state(state, check_sampler(self.sampler))
        self._fit = Fit(sampler, shape, None, None)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted sampler to a safetensors file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Overwritten if it exists.

        Raises
        ------
        NotFittedError, TypeError
            As `state_dict`.
        OSError
            Naming the path.
        """
        _files.write(path, self.state_dict(), self.posterior)

    @classmethod
    def load(
        cls: type[Self],
        path: str | os.PathLike[str],
        encode: Any = None,
        decode: Any = None,
        sampler: Any = None,
        **parameters: Any,
    ) -> Self:
        """Read what `save` wrote; nothing in the file is ever run.

        Parameters
        ----------
        path : path-like
        encode, decode : Module, callable or None
            The networks, which are not in the file; `sample` needs `decode` only.
        sampler : object or None, default=None
            Of the class that was saved. None: a PMFSampler with the n_bins, bounds and
            out_of_range that were saved; its random_state and n_jobs are not in the file.
        **parameters
            Further ones of the constructor; `posterior` is the file's unless given.

        Returns
        -------
        generator : LatentGenerator
            Fitted.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is damaged, naming it, or holds a sampler of another class.
        """
        state, posterior = _files.read(path)
        parameters.setdefault("posterior", posterior)
        make: Any = cls  # whose constructor this class does not know
        generator: Self = make(encode, decode, sampler, **parameters)
        try:
            generator.load_state_dict(state)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)!r}: {error}") from error
        if sampler is None:  # so that another fit makes the same model
            generator.sampler = clone(generator.sampler_)
        return generator
