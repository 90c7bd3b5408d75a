"""`LatentGenerator`: an encoder, a sampler and a decoder as one generative model."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import sklearn.base
import torch
from sklearn.exceptions import NotFittedError

from .._common.arrays import check_finite, to_host
from .._common.checks import check_count
from .._common.labels import as_labels
from .._common.progress import Progress, check_progress
from .._common.seeds import check_random_state, draw_seed
from .._device.border import as_latents
from .._types import Array
from ..pmf.sampler import PMFSampler
from ..protocol import check_conditional, check_sampler
from .data import DEFAULT_BATCH
from .decode import decoder, draw_batches
from .encode import Encoding, encoded, shown
from .networks import check_autocast, check_call, check_modules, device_of, networks_of
from .outputs import check_posterior
from .state import Tensors, from_state, read_state, state_of, write_state


class Fit(NamedTuple):
    """What a fit leaves: published by one assignment, so that a failed one changes nothing."""

    sampler: Any
    shape: tuple[int, ...]  # of one latent
    latents: Array | None
    labels: Array | None


class LatentGenerator:
    r"""Any autoencoder as a generative model: encode, fit a density to the latents, draw, decode.

    Parameters
    ----------
    encode : Module, callable or None
        A batch of inputs to latents. Recognized are a tensor of shape (n, ...), a pair (mean,
        log variance), a torch.distributions object, what has ``latent_dist`` (diffusers) or
        ``embedding`` (pythae), and dictionaries with one of these. None: `fit_latents` only.
    decode : Module, callable or None
        Latents of the shape that `encode` gave to images, or whatever it makes: a tensor, or what
        has ``sample`` (diffusers) or ``reconstruction`` (pythae). None: `sample_latents` only.
    sampler : object or None, default=None
        With ``fit(X)`` and ``sample(n)``: a PMFSampler, scikit-learn's GaussianMixture,
        KernelDensity. It is not changed. None: ``PMFSampler()``.
    modules : iterable of Module, default=()
        Networks that `encode` and `decode` run besides those that they are, that they are methods
        of, or that are in a `functools.partial`: of a function, a lambda or another object pass
        all. Networks that are known run in eval mode and move with `to`; a module that is not
        known and runs in training mode is refused, since its dropout and batch norm would change
        the latents, and be changed. Of a function that `torch.compile` made they must be given.
    posterior : {"mean", "sample"}, default="mean"
        Of a stochastic encoder: fit the means, or one draw for each input.
    device : device, str or None, default=None
        Where inputs and latents go. None: where the networks are that are known.
    autocast : bool, torch.float16 or torch.bfloat16, default=False
        Run the networks under torch.autocast, in that dtype or in the device's usual one.
    random_state : int, RandomState, Generator, torch.Generator or None, default=None
        Of draws from the posterior, and of `sample` where that is given none. None: the sampler's.

    Attributes
    ----------
    sampler_ : object
        The fitted sampler.
    latent_shape_ : tuple of int
        Of one latent; the sampler sees it flattened.
    latents_ : ndarray of shape (n, \*latent_shape)
        What the sampler was fitted on; memory-mapped if large (copies and pickles of the
        generator take them into memory). Not after `load`.
    labels_ : ndarray of shape (n,) or None
        Their labels.

    Raises
    ------
    TypeError, ValueError
        For parameters other than these, naming what is accepted.

    References
    ----------
    A. M. Bouayed, A. Iaccovelli, D. Naccache: Sampling From Autoencoders' Latent Space via
    Quantization And Probability Mass Function Concepts. Section 4.

    Examples
    --------
    >>> import torch, zbins
    >>> from zbins.torch import LatentGenerator
    >>> encoder, decoder = torch.nn.Linear(64, 4), torch.nn.Linear(4, 64)  # yours, trained
    >>> loader = torch.utils.data.DataLoader(torch.rand(100, 64), batch_size=32)
    >>> generator = LatentGenerator(encoder, decoder, zbins.PMFSampler(8)).fit(loader)
    >>> generator.sample(5, random_state=0).shape
    torch.Size([5, 64])
    """

    _fit: Fit | None = None

    def __init__(
        self,
        encode: Any = None,
        decode: Any = None,
        sampler: Any = None,
        *,
        modules: Any = (),
        posterior: str = "mean",
        device: Any = None,
        autocast: Any = False,
        random_state: Any = None,
    ) -> None:
        self.encode = check_call("encode", encode)
        self.decode = check_call("decode", decode)
        self.sampler = _as_sampler(sampler)
        self.modules = check_modules(modules)
        self.posterior = check_posterior(posterior)
        self.device = None if device is None else device_of(device)
        check_autocast(autocast)
        self.autocast = autocast
        check_random_state(random_state)
        self.random_state = random_state

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

    def fit(
        self,
        data: Any,
        *,
        with_labels: bool = False,
        batch_size: int | None = None,
        memory_limit: int = 1 << 30,
        progress: bool | None = None,
    ) -> LatentGenerator:
        """Encode all of the data once, in eval mode, and fit the sampler to the latents.

        Parameters
        ----------
        data : DataLoader, iterable of batches, Dataset, Tensor or array of shape (n, ...)
            A batch is a tensor or an array of inputs, or a tuple that begins with one, then
            labels; or a dictionary, with inputs under "pixel_values", "images", "image", "data",
            "inputs", "input" or "x", and labels under "labels", "label", "targets", "target" or
            "y". Inputs and labels in memory may be a pair. Floating-point inputs are moved to the
            encoder's device and dtype. The paper fits on images that were not trained on.
        with_labels : bool, default=False
            Give the labels to the sampler, so that `sample` can be conditioned on them.
        batch_size : int or None, default=None
            Of a Dataset, a tensor or an array; None: 256. A loader has its own.
        memory_limit : int, default=2**30
            Bytes of latents to keep in memory; more lie in a temporary file, in the folder that
            the `tempfile` module finds (TMPDIR, where it can be written). Samplers other than
            PMFSampler are given a copy of them all, in memory, as float64.
        progress : bool or None, default=None
            A bar on stderr; None: if that is a terminal and the work takes long.

        Returns
        -------
        self : LatentGenerator
            Fitted. If anything is raised, it is as it was; the networks are in the mode they were.

        Raises
        ------
        TypeError
            For data, or an output of `encode`, that is not recognized; for labels and a sampler
            that cannot draw by them.
        ValueError
            For NaN or infinite latents (naming the batch), latents of changing shape or of the
            inputs' shape from a whole autoencoder, batches without labels where those are wanted,
            a network that is not known and runs in training mode, and what the sampler refuses.
        OSError
            If the temporary file cannot be written.
        """
        if self.encode is None:
            raise ValueError("encode is None; fit needs it, or pass latents to fit_latents")
        if not isinstance(with_labels, (bool, np.bool_)):
            raise TypeError(f"with_labels is {with_labels!r}; accepted are True and False")
        if with_labels:
            check_conditional(self.sampler, "the sampler")
        size = None if batch_size is None else check_count("batch_size", batch_size, least=1)
        how = Encoding(
            self.encode,
            self.modules,
            self.posterior,
            self.device,
            self.autocast,
            seed=draw_seed(self.random_state) if self.posterior == "sample" else 0,
            memory_limit=check_count("memory_limit", memory_limit),
        )
        check_progress(progress)
        found = encoded(
            how, data, with_labels=bool(with_labels), batch_size=size, progress=progress
        )
        return self._fit_rows(found.latents, found.labels)

    def fit_latents(self, latents: Any, y: Any = None) -> LatentGenerator:
        """Fit the sampler to latents that are there, as to `latents_` with another `sampler`.

        Parameters
        ----------
        latents : array or Tensor of shape (n, ...)
            Copied, unless they are this generator's own or memory-mapped.
        y : array-like of shape (n,), default=None
            Labels.

        Returns
        -------
        self : LatentGenerator
            Fitted. If anything is raised, it is as it was.

        Raises
        ------
        TypeError, ValueError
            For latents without rows, and what the sampler refuses.
        """
        if isinstance(latents, torch.Tensor):
            latents = to_host(latents, "latents")
        if isinstance(latents, (list, tuple)) and any(isinstance(z, torch.Tensor) for z in latents):
            raise TypeError(
                f"latents is a {type(latents).__name__} of tensors; accepted are an array and a "
                "tensor, as torch.cat(latents)"
            )
        rows = latents if isinstance(latents, np.ndarray) else np.asarray(latents)
        own = self._fit is not None and rows is self._fit.latents
        return self._fit_rows(rows if own or isinstance(rows, np.memmap) else rows.copy(), y)

    def _fit_rows(self, rows: Array, y: Any) -> LatentGenerator:
        if rows.ndim == 0 or not rows.size:
            raise ValueError(
                f"latents has the shape {rows.shape}; accepted is (n, ...) with at least one value"
            )
        labels: Any = None
        if y is not None:
            check_conditional(self.sampler, "the sampler")
            labels = as_labels(to_host(y, "y") if isinstance(y, torch.Tensor) else y, len(rows))
        sampler = _fitted_copy(_as_sampler(self.sampler), rows.reshape(len(rows), -1), labels)
        self._fit = Fit(sampler, rows.shape[1:], rows, labels)
        return self

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
            For arguments other than these, an output of `decode` that is not recognized, or a
            network that is not known and runs in training mode.
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
        decoded = decoder(self.decode, self.modules, fit.shape, self.device, self.autocast)

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

    def load_state_dict(self, state: Tensors) -> LatentGenerator:
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
        sampler, shape = from_state(state, _as_sampler(self.sampler))
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
        write_state(path, self.state_dict(), self.posterior)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        encode: Any = None,
        decode: Any = None,
        sampler: Any = None,
        **parameters: Any,
    ) -> LatentGenerator:
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
        state, posterior = read_state(path)
        parameters.setdefault("posterior", posterior)
        generator = cls(encode, decode, sampler, **parameters)
        try:
            generator.load_state_dict(state)
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)!r}: {error}") from error
        if sampler is None:  # so that another fit makes the same model
            generator.sampler = sklearn.base.clone(generator.sampler_)
        return generator

    def to(self, device: Any) -> LatentGenerator:
        """Move the networks that are known, and what goes into them, to a device.

        Parameters
        ----------
        device : device or str

        Returns
        -------
        self : LatentGenerator

        Raises
        ------
        ValueError
            If PyTorch has no such device.
        """
        place = device_of(device)
        for module in (*networks_of(self.encode), *networks_of(self.decode), *self.modules):
            module.to(place)
        self.device = place
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Return parameters and fit as plain values, for pickles and copies."""
        return {**vars(self), "_fit": None if self._fit is None else tuple(self._fit)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        fit = state.get("_fit")
        state = {"modules": ()} | state  # not there in older pickles
        vars(self).update(state, _fit=None if fit is None else Fit(*fit))

    def __repr__(self) -> str:
        """Return the parts, and whether they are fitted."""
        names = {"encode": self.encode, "decode": self.decode}
        parts = [f"{key}={_name(value)}" for key, value in names.items()]
        parts += [f"sampler={self.sampler!r}", f"posterior={self.posterior!r}"]
        state = "unfitted" if self._fit is None else f"latents of shape {self._fit.shape}"
        return f"{type(self).__name__}({', '.join(parts)}): {state}"


def _name(call: Any) -> str:
    return "None" if call is None else str(getattr(call, "__qualname__", type(call).__name__))


def _as_sampler(sampler: Any) -> Any:
    """Return a sampler, PMFSampler for None, or refuse what is none."""
    return PMFSampler() if sampler is None else check_sampler(sampler)


def _fitted_copy(sampler: Any, rows: Array, labels: Array | None) -> Any:
    """Return a fitted copy of a sampler.

    Parameters
    ----------
    sampler : object with fit and sample
        Not changed.
    rows : ndarray of shape (n, d)
    labels : ndarray of shape (n,) or None

    Raises
    ------
    TypeError, ValueError
        What the sampler refuses, and for any of them what is not real and finite.
    """
    if hasattr(sampler, "get_params"):
        fresh = sklearn.base.clone(sampler)
    else:
        fresh = copy.deepcopy(sampler)
    if not isinstance(fresh, PMFSampler):
        # In float32, EM leaves covariances that are not symmetric in their last bits.
        rows = as_latents(rows, type(fresh).__name__).host().astype(np.float64, copy=False)
        check_finite(rows, "latents")
    done = fresh.fit(rows) if labels is None else fresh.fit(rows, labels)
    return fresh if done is None else done
