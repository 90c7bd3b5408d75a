"""`LatentGenerator`: an encoder, a sampler and a decoder as one generative model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._common.arrays import from_tensor
from .._common.checks import check_count
from .._common.labels import as_labels
from .._common.progress import check_progress
from .._common.seeds import check_random_state, draw_seed
from .._types import Array
from ._decoding import Decoding
from ._encoding import Encoding, encoded
from ._fitted import Fit
from ._modules import check_autocast, check_call, device_of, modules_of
from ._outputs import check_posterior
from ._samplers import check_conditional, check_sampler, fitted
from ._storing import Storing


class LatentGenerator(Decoding, Storing):
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
    posterior : {"mean", "sample"}, default="mean"
        Of a stochastic encoder: fit the means, or one draw for each input.
    device : device, str or None, default=None
        Where inputs and latents go. None: where the networks are.
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

    def __init__(
        self,
        encode: Any = None,
        decode: Any = None,
        sampler: Any = None,
        *,
        posterior: str = "mean",
        device: Any = None,
        autocast: Any = False,
        random_state: Any = None,
    ) -> None:
        self.encode = check_call("encode", encode)
        self.decode = check_call("decode", decode)
        self.sampler = check_sampler(sampler)
        self.posterior = check_posterior(posterior)
        self.device = None if device is None else device_of(device)
        check_autocast(autocast)
        self.autocast = autocast
        check_random_state(random_state)
        self.random_state = random_state

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
            and what the sampler refuses.
        OSError
            If the temporary file cannot be written.
        """
        if self.encode is None:
            raise ValueError("encode is None; fit needs it, or pass latents to fit_latents")
        if not isinstance(with_labels, (bool, np.bool_)):
            raise TypeError(f"with_labels is {with_labels!r}; accepted are True and False")
        if with_labels:
            check_conditional(self.sampler)
        size = None if batch_size is None else check_count("batch_size", batch_size, least=1)
        how = Encoding(
            self.encode,
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
            latents = from_tensor(latents.cpu(), "latents")
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
            check_conditional(self.sampler)
            labels = as_labels(y.cpu() if isinstance(y, torch.Tensor) else y, len(rows))
        sampler = fitted(check_sampler(self.sampler), rows.reshape(len(rows), -1), labels)
        self._fit = Fit(sampler, rows.shape[1:], rows, labels)
        return self

    def to(self, device: Any) -> LatentGenerator:
        """Move the networks, as far as they are modules, and what goes into them to a device.

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
        for module in modules_of(self.encode, self.decode):
            module.to(place)
        self.device = place
        return self

    def __repr__(self) -> str:
        """Return the parts, and whether they are fitted."""
        names = {"encode": self.encode, "decode": self.decode}
        parts = [f"{key}={_name(value)}" for key, value in names.items()]
        parts += [f"sampler={self.sampler!r}", f"posterior={self.posterior!r}"]
        state = "unfitted" if self._fit is None else f"latents of shape {self._fit.shape}"
        return f"{type(self).__name__}({', '.join(parts)}): {state}"


def _name(call: Any) -> str:
    return "None" if call is None else str(getattr(call, "__qualname__", type(call).__name__))
