"""`PMFSampler`: the estimator. It checks, delegates, and publishes by one assignment."""

from __future__ import annotations

import os
from typing import Any

from ._batches import re_iterable, split
from ._combining import Combining
from ._config import check_n_jobs, n_threads
from ._device._place import kind_of_device
from ._drawing import Drawing
from ._exclusive import exclusive
from ._fitting import Settings, fit_more, fit_rows
from ._grid import check_bounds, check_n_bins, check_out_of_range
from ._labels import as_labels, check_same_kind
from ._merging import check_labelling
from ._model import Model
from ._parameters import check_parameters, plain_parameters
from ._progress import check_progress
from ._random import check_random_state
from ._reading import Reading
from ._streaming import Chunk, fit_stream
from ._validate import as_latents
from .files import write_model


class PMFSampler(Combining, Drawing, Reading):
    """Probability mass function sampling of latents.

    Every column is cut into `n_bins` bins of equal width, the occupied bins are counted, and a draw
    takes a bin with probability count / n and a uniform point in it. Fitting costs O(n d).

    Parameters
    ----------
    n_bins : int or array-like of shape (n_features,), default=10
        Bins per column, each from 1 to 65,536.
    bounds : None, (lower, upper) or ("quantile", q), default=None
        What the bins divide. None: minimum and maximum of every column (the paper). `lower` and
        `upper` are each a number or of shape (n_features,). A quantile, with 0 <= q < 0.5, leaves
        outliers out, together with ``out_of_range="ignore"``.
    out_of_range : {"grow", "error", "ignore"}, default="grow"
        What happens to rows outside the bounds: the grid grows by whole bins of the same width,
        the call is refused, or the rows are skipped and counted in `n_samples_ignored_`.
    random_state : None, int, RandomState, Generator or torch.Generator, default=None
        Seed of `sample`. An int gives the same samples at every call.
    n_jobs : int or None, default=-1
        Threads: -1 for all cores this process may use, None for one. ZBINS_NUM_THREADS overrides.

    Attributes
    ----------
    lower_, upper_ : ndarray of shape (n_features,)
        Smallest and largest value inside the grid.
    n_bins_ : ndarray of shape (n_features,)
        Bins per column; 1 in a column that is constant so far.
    codes_ : ndarray of shape (n_occupied, n_features)
        Codes of the occupied bins in canonical order, uint8 or uint16.
    counts_ : ndarray of shape (n_occupied,)
        Rows in each of them.
    n_samples_seen_, n_samples_ignored_ : int
        Rows counted, and rows skipped.
    n_features_in_ : int
        Columns.
    feature_names_in_ : ndarray of str
        Names of the columns, if X was a data frame.
    classes_ : ndarray
        Sorted labels, if fitted with y.

    References
    ----------
    A. M. Bouayed, A. Iaccovelli, D. Naccache: Sampling From Autoencoders' Latent Space via
    Quantization And Probability Mass Function Concepts. Eq. 1, Eq. 2 and Algorithm 1.

    Examples
    --------
    >>> import numpy as np, zbins
    >>> z = np.random.default_rng(0).normal(size=(1000, 2))
    >>> sampler = zbins.PMFSampler(n_bins=8, random_state=0).fit(z)
    >>> sampler.sample(3).shape
    (3, 2)
    """

    def __init__(
        self,
        n_bins: Any = 10,
        bounds: Any = None,
        out_of_range: str = "grow",
        random_state: Any = None,
        n_jobs: int | None = -1,
    ) -> None:
        self.n_bins = n_bins
        self.bounds = bounds
        self.out_of_range = out_of_range
        self.random_state = random_state
        self.n_jobs = n_jobs

    @exclusive
    def fit(self, X: Any, y: Any = None) -> PMFSampler:
        """Fit the model to X: two passes over memory, O(n d).

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Latents. float16, bfloat16 and float32 make a float32 model, all else float64.
        y : array-like of shape (n_samples,), default=None
            Labels (int, bool or str): `sample` can then be conditioned on them.

        Returns
        -------
        self : PMFSampler
            Fitted. If anything is raised, the estimator is as it was.

        Raises
        ------
        ValueError
            For NaN or infinity (naming the first), a wrong shape, a range too large or too small
            for its bins, or a parameter that is not accepted.
        TypeError
            For input or labels of a type that is not accepted.
        RuntimeError
            If another thread is fitting this sampler.
        """
        settings = self._settings()
        latents = as_latents(X, type(self).__name__)
        labels = None if y is None else as_labels(y, len(latents.array))
        model = fit_rows(settings, latents, labels)
        if model.n_seen == 0:
            raise ValueError(
                f"all {model.n_ignored} rows lie outside the bounds, and out_of_range='ignore'; "
                "there is nothing to fit"
            )
        self._model = model.finished(settings.threads(latents.array))
        return self

    @exclusive
    def partial_fit(self, X: Any, y: Any = None) -> PMFSampler:
        """Add a chunk of rows; the first chunk, or `bounds`, fixes the lattice of bins.

        Costs O(chunk) amortized; the ordered view is made at the next read.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Latents; may have no rows.
        y : array-like of shape (n_samples,), default=None
            Labels, for every chunk or for none; new labels may come later.

        Returns
        -------
        self : PMFSampler
            With the rows added. If anything is raised, the estimator is as it was.

        Raises
        ------
        ValueError, TypeError
            As `fit`, and for rows that do not go with those seen before.
        RuntimeError
            If another thread is fitting this sampler.
        """
        settings = self._settings()
        known = self._model
        if known is None:
            latents = as_latents(X, type(self).__name__, min_rows=0)
            labels = None if y is None else as_labels(y, len(latents.array))
            if len(latents.array):
                self._model = fit_rows(settings, latents, labels)
            return self
        X = as_latents(X, type(self).__name__, known.known, min_rows=0).array
        labels = None if y is None else as_labels(y, len(X))
        if len(X):
            check_labelling(known.labelled, labels is not None)
            if labels is not None and known.some_classes is not None:
                check_same_kind(known.some_classes, labels)
            self._model = fit_more(settings, known, X, labels)
        return self

    @exclusive
    def fit_batches(
        self, batches: Any, *, device: Any = None, progress: bool | None = None
    ) -> PMFSampler:
        """Fit the model to a stream of chunks: memory O(model), whatever the number of rows.

        The chunks are read twice, first for the bounds; once if `bounds` are numbers. The result is
        that of `fit` on all rows together, bit for bit.

        Parameters
        ----------
        batches : iterable, or callable that returns one
            Yields X or (X, y), the same each time it is iterated: a list, a DataLoader, an object
            with ``__iter__``, or a function that returns a fresh generator.
        device : None, str, torch.device or cupy.cuda.Device, default=None
            Where to count chunks that lie on the host, as in `to`: on a CUDA device a chunk is
            copied while the one before it is counted. None: where they are.
        progress : bool or None, default=None
            A bar on stderr; None: if that is a terminal and the work takes long.

        Returns
        -------
        self : PMFSampler
            Fitted. If anything is raised, the estimator is as it was.

        Raises
        ------
        TypeError
            If `batches` can be iterated only once, or is a single X.
        ValueError
            As `fit`, naming the chunk; or if the second pass differs from the first in the rows of
            a chunk, or in the range of a column.
        RuntimeError
            If another thread is fitting this sampler.
        """
        settings = self._settings()
        check_progress(progress)
        if settings.bounds is not None and not settings.fixed:
            raise ValueError(
                f"bounds is {self.bounds!r}, but quantiles need all rows at once; use fit, or give "
                "bounds=(lower, upper)"
            )
        chunks, length = re_iterable(batches)
        model = fit_stream(settings, chunks, self._chunk, length, progress, device)
        if model.n_seen == 0:
            raise ValueError(f"all {model.n_ignored} rows lie outside the bounds; nothing to fit")
        self._model = model.finished(n_threads(self.n_jobs, 1 << 40))
        return self

    @exclusive
    def to(self, device: Any) -> PMFSampler:
        """Move the model to a device, or back.

        Parameters
        ----------
        device : None, str, torch.device or cupy.cuda.Device
            None: samples are NumPy arrays. "cpu": they are torch tensors. "cuda", "cuda:1": they
            are tensors on that device; the model is kept there, and further rows must lie there. A
            device of CuPy: they are its arrays.

        Returns
        -------
        self : PMFSampler
            The same model: all it gives are the same bits. If anything is raised, it is where it
            was.

        Raises
        ------
        NotFittedError
            Before a fit; fit it on data on the device.
        ValueError
            If the device is none of these, or cannot be used (saying why).
        MemoryError
            If the device has no room for the model.
        RuntimeError
            If another thread is fitting this sampler.
        """
        model = self._fitted()
        self._model = model.returning(kind_of_device(device)).finished(
            n_threads(self.n_jobs, 1 << 40)
        )
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted model to a file (usually ``.zbins``; safetensors inside).

        The file is either the old one or the new one, whole, whatever happens meanwhile.

        Parameters
        ----------
        path : path-like
            Overwritten if it exists.

        Raises
        ------
        NotFittedError
            Before a fit.
        OSError
            Naming the path.
        ValueError, TypeError
            If n_bins, bounds or out_of_range were set to what `load` would refuse, or every row so
            far was ignored.
        """
        write_model(path, *self._content())

    def _content(self) -> tuple[Model, dict[str, Any]]:
        """Return what is stored: the model, and the parameters that belong to it."""
        model = self._fitted()
        check_parameters(self, model)
        if not model.n_seen:
            raise ValueError("no row so far lies inside the bounds: there is no model to save")
        self._ordered(model)
        return model, plain_parameters(self)

    def _settings(self) -> Settings:
        check_n_bins(self.n_bins)
        check_bounds(self.bounds)
        check_random_state(self.random_state)
        check_n_jobs(self.n_jobs)
        return Settings(
            self.n_bins, self.bounds, check_out_of_range(self.out_of_range), self.n_jobs
        )

    def _chunk(self, raw: Any, first: Chunk | None) -> Chunk:
        """Check one chunk of a stream: X, or X and y."""
        X, y = split(raw)
        known = None if first is None else first.known
        latents = as_latents(X, type(self).__name__, known, min_rows=0)
        labels = None if y is None else as_labels(y, len(latents.array))
        if first is not None and len(latents.array):
            check_labelling(first.labels is not None, labels is not None)
        return Chunk(latents, labels)


def check_sampler(sampler: object) -> None:
    """Refuse what is no PMFSampler."""
    if not isinstance(sampler, PMFSampler):
        raise TypeError(f"sampler is a {type(sampler).__name__}; a PMFSampler is needed")
