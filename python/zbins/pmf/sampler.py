"""`PMFSampler`: the estimator. It checks, delegates, and publishes by one assignment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, DensityMixin
from sklearn.exceptions import NotFittedError

from .._common.checks import check_count, is_int
from .._common.exclusive import exclusive
from .._common.labels import check_same_kind
from .._common.progress import Progress, check_progress
from .._common.seeds import check_random_state, draw_seed
from .._common.threads import n_threads, strictly
from .._device.backend import Rows
from .._device.border import as_labels, as_latents, backend_of_device
from .._types import Array
from . import reduce
from .count import fit_more, fit_rows
from .draw import check_condition, check_rows, draw
from .file import check_parameters, plain_parameters, read_model, write_model
from .grid import Settings
from .merge import check_labelling, check_place, united_grid
from .model import Model, Run, check_something_fitted
from .stream import Chunk, fit_stream, re_iterable, split
from .summary import Summary, summarize


class PMFSampler(DensityMixin, BaseEstimator):  # type: ignore[misc]
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

    _model: Model | None = None  # published by one assignment (law 7)

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
        settings = Settings.of(self)
        rows = as_latents(X, type(self).__name__)
        labels = None if y is None else as_labels(y, len(rows))
        threads = n_threads(settings.n_jobs, rows.nbytes)
        model = fit_rows(settings, rows, labels, threads)
        check_something_fitted(model)
        self._model = model.finished(threads)
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
        settings = Settings.of(self)
        known = self._model
        if known is None:
            rows = as_latents(X, type(self).__name__, min_rows=0)
            labels = None if y is None else as_labels(y, len(rows))
            if len(rows):
                threads = n_threads(settings.n_jobs, rows.nbytes)
                self._model = fit_rows(settings, rows, labels, threads)
            return self
        rows = as_latents(X, type(self).__name__, known.known, min_rows=0)
        labels = None if y is None else as_labels(y, len(rows))
        if len(rows):
            check_labelling(known.labelled, labels is not None)
            if labels is not None and known.some_classes is not None:
                check_same_kind(known.some_classes, labels)
            threads = n_threads(settings.n_jobs, rows.nbytes)
            self._model = fit_more(settings, known, rows, labels, threads)
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
        settings = Settings.of(self)
        check_progress(progress)
        if settings.bounds is not None and not settings.fixed:
            raise ValueError(
                f"bounds is {self.bounds!r}, but quantiles need all rows at once; use fit, or give "
                "bounds=(lower, upper)"
            )
        chunks, length = re_iterable(batches)
        model = fit_stream(settings, chunks, self._chunk, length, progress, device)
        check_something_fitted(model)
        self._model = model.finished(n_threads(self.n_jobs, 1 << 40))
        return self

    @exclusive
    def merge(self, other: PMFSampler) -> PMFSampler:
        """Add the rows of another fitted sampler to this one, exactly.

        Parameters
        ----------
        other : PMFSampler
            Fitted on the same lattice: the same columns, bounds and bins (give both the same
            `bounds`). Their grids may have grown differently.

        Returns
        -------
        self : PMFSampler
            With the rows of both.

        Raises
        ------
        ValueError
            If the lattices differ (naming the column), one is labelled and the other not, the
            two are on different devices, or the rows together exceed 2**63 - 1.
        TypeError
            If `other` is no PMFSampler, or its labels are of another type.
        RuntimeError
            If another thread is fitting this sampler.
        """
        if not isinstance(other, PMFSampler):
            raise TypeError(f"cannot merge a {type(other).__name__}; a PMFSampler is needed")
        mine, theirs = self._fitted(), other._fitted()
        check_place(mine, theirs)
        grid = united_grid(mine, theirs)
        check_labelling(mine.labelled, theirs.labelled)
        threads = n_threads(self.n_jobs, 1 << 40)
        merged = mine.on_grid(grid).extended(theirs.on_grid(grid), threads)
        self._model = merged.finished(threads)
        return self

    def all_reduce(self, group: Any = None) -> PMFSampler:
        """Merge the models of all processes of a torch.distributed group, exactly.

        Every process calls it, as any collective, and ends with the same model: that of all rows.
        Give all the same `n_bins` and numbers as `bounds`, so that they have one lattice.

        Parameters
        ----------
        group : torch.distributed.ProcessGroup, default=None
            None: all processes.

        Returns
        -------
        self : PMFSampler
            With the rows of all. A process that is not fitted (it got no rows) takes part and is
            fitted then. If anything is raised, every process raises and is as it was.

        Raises
        ------
        RuntimeError
            If torch.distributed is not initialised, or another process failed (naming its rank).
        NotFittedError
            If no process is fitted.
        ValueError, TypeError
            As `merge`, naming the ranks, the same in every process.
        """
        reduce.all_reduce(self, group)
        return self

    def sample(
        self,
        n_samples: int = 1,
        *,
        y: Any = None,
        random_state: Any = None,
        start: int = 0,
        out: Any = None,
        return_y: bool = False,
    ) -> Any:
        """Draw samples.

        Sample number i under a seed is a pure function of the model, the seed and i: it does not
        depend on batches, threads or machines.

        Parameters
        ----------
        n_samples : int, default=1
            How many; 0 gives an empty array.
        y : label, or array-like of shape (n_samples,), default=None
            Draw from the rows with this label only; an array gives each draw its own.
        random_state : None, int, RandomState, Generator or torch.Generator, default=None
            Overrides the constructor's.
        start : int or array on a device, default=0
            Number of the first sample; needs an int seed. A machine of a cluster draws its share
            with it. For a model on a CUDA device it may be one int64 there, which every draw moves
            on by n_samples (past 2**64 - 1 it begins at 0 again): so a CUDA graph that captures a
            draw into `out` gives other samples at every replay.
        out : ndarray or tensor of shape (n_samples, n_features), default=None
            Written to and returned; C-contiguous, of the model's dtype, where the model is.
        return_y : bool, default=False
            Return the labels too.

        Returns
        -------
        X : ndarray or torch.Tensor of shape (n_samples, n_features)
            Of the kind the sampler was fitted on, and on its device, in random order.
        y : ndarray or torch.Tensor of shape (n_samples,)
            If `return_y`.

        Raises
        ------
        NotFittedError
            Before a fit.
        ValueError, TypeError
            For arguments that are not accepted, naming them.
        MemoryError
            If the samples do not fit into memory.
        """
        model = self._fitted()
        n = check_count("n_samples", n_samples)
        random_state = self._random_state(random_state)
        self._ordered(model)
        check_rows(model, n)
        condition = self._condition(model, y, n, return_y)
        backend, shape = model.backend, (n, model.grid.d)
        # From the first sample on, memory ends long before the sample numbers do.
        last = n if is_int(start) and start else 0
        first = backend.checked_start(start, last, random_state)
        if out is None:
            X = backend.empty(shape, model.dtype)
        else:
            X = backend.checked_out(out, shape, model.dtype)
        threads = n_threads(self.n_jobs, n * model.grid.d * model.dtype.itemsize)
        # The seed comes last: a call that is refused takes nothing from a generator.
        labels = draw(model, draw_seed(random_state), first, X, condition, return_y, threads)
        samples = backend.returned(X) if out is None else out
        return (samples, backend.returned(labels)) if return_y else samples

    def sample_batches(
        self,
        n_samples: int,
        batch_size: int = 65536,
        *,
        y: Any = None,
        random_state: Any = None,
        start: int = 0,
        return_y: bool = False,
        progress: bool | None = None,
    ) -> Iterator[Any]:
        """Draw samples in batches: the same bits as one call of `sample`, in little memory.

        Parameters
        ----------
        n_samples : int
            How many in all.
        batch_size : int, default=65536
            How many at a time, at least 1; the last batch may be smaller.
        y, random_state, start, return_y
            As in `sample`; a number on a device is read when a batch is drawn.
        progress : bool or None, default=None
            A bar on stderr; None: if that is a terminal and the work takes long.

        Returns
        -------
        batches : iterator
            Of what `sample` returns. Arguments are checked, and the seed is drawn, at the call.

        Raises
        ------
        NotFittedError, ValueError, TypeError
            As `sample`.
        """
        model = self._fitted()
        n = check_count("n_samples", n_samples)
        size = check_count("batch_size", batch_size, least=1)
        random_state = self._random_state(random_state)
        backend = model.backend
        first = backend.checked_start(start, n, random_state)
        self._ordered(model)
        check_rows(model, n)
        condition = self._condition(model, y, n, return_y)
        threads = n_threads(self.n_jobs, min(size, n) * model.grid.d * model.dtype.itemsize)
        check_progress(progress)
        seed = draw_seed(random_state)

        def batches() -> Iterator[Any]:
            with Progress(progress, -(-n // size), "sample", "batch") as bar:
                for begin in range(0, n, size):
                    X = backend.empty((min(size, n - begin), model.grid.d), model.dtype)
                    here = condition
                    if condition is not None and len(condition) > 1:
                        here = condition[begin : begin + len(X)]
                    # A number on the device is moved on by every draw.
                    at = first + begin if isinstance(first, int) else first
                    labels = draw(model, seed, at, X, here, return_y, threads)
                    samples = backend.returned(X)
                    yield (samples, backend.returned(labels)) if return_y else samples
                    bar.advance(1, len(X))

        return batches()

    def score_samples(self, X: Any) -> Any:
        """Return the log density of every row.

        The density is count / (n * volume of the bin), zero outside the occupied bins. Columns
        that are constant so far have no volume and are left out of it.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_density : ndarray or torch.Tensor of shape (n_samples,)
            Natural logarithm, float64; -inf where no bin is occupied.
        """
        model, rows, threads = self._rows(X)
        run = self._ordered(model)
        return model.backend.log_densities(run.pmf, run.grid, rows, threads)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log density of the rows, as GaussianMixture.score does.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.
        y : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        score : float
            -inf as soon as one row lies in no occupied bin.
        """
        log_density = self.score_samples(X)
        if not len(log_density):
            raise ValueError("X has no rows; a mean needs at least one")
        return _mean(log_density)

    def quantize(self, X: Any) -> Any:
        """Return the codes of the rows: law 1, clipped into the grid as KBinsDiscretizer does.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        codes : ndarray or torch.Tensor of shape (n_samples, n_features)
            uint8 if every column has at most 256 bins, else uint16 (tensors: int32).
        """
        model, rows, threads = self._rows(X)
        # The host needs no counts for it: after a partial_fit none are put in order.
        return model.backend.codes(lambda: self._ordered(model).pmf, model.grid, rows, threads)

    def contains(self, X: Any) -> Any:
        """Tell for every row whether it lies in an occupied bin.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        occupied : ndarray or torch.Tensor of bool, shape (n_samples,)
            False outside the grid.
        """
        model, rows, threads = self._rows(X)
        run = self._ordered(model)
        return model.backend.occupied(run.pmf, run.grid, rows, threads)

    def summary(self) -> Summary:
        """Return what the model is like, with warnings in words; ``print`` it."""
        return summarize(self._fitted())

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
        backend = backend_of_device(device)
        self._model = model.returning(backend.kind).finished(n_threads(self.n_jobs, 1 << 40))
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
        write_model(path, *content_of(self))

    def __copy__(self) -> PMFSampler:
        """Return a sampler with the same model, which never changes."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """Return parameters and model as plain values, for pickles and copies."""
        model = self._model
        return {**vars(self), "_model": None if model is None else model.state()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        model = state.get("_model")
        if model is not None and not isinstance(model, Model):  # which older pickles hold
            model = Model.from_state(model)
        self.__dict__.update(state, _model=model)

    def __sklearn_is_fitted__(self) -> bool:
        return self._model is not None

    @property
    def lower_(self) -> Array:
        """Smallest value inside the grid, per column."""
        return self._fitted().grid.lower

    @property
    def upper_(self) -> Array:
        """Largest value inside the grid, per column."""
        return self._fitted().grid.upper

    @property
    def n_bins_(self) -> Array:
        """Bins per column."""
        return self._fitted().grid.n_bins

    @property
    def codes_(self) -> Array:
        """Codes of the occupied bins, in canonical order."""
        return self._fitted().codes

    @property
    def counts_(self) -> Array:
        """Rows in each occupied bin."""
        return self._fitted().counts

    @property
    def n_samples_seen_(self) -> int:
        """Rows counted."""
        return self._fitted().n_seen

    @property
    def n_samples_ignored_(self) -> int:
        """Rows skipped under ``out_of_range="ignore"``."""
        return self._fitted().n_ignored

    @property
    def n_features_in_(self) -> int:
        """Columns."""
        return self._fitted().grid.d

    @property
    def feature_names_in_(self) -> Array:
        """Names of the columns, if the first rows had them."""
        names: Array | None = self._fitted().feature_names
        if names is None:
            raise AttributeError("the sampler was fitted on data without feature names")
        return names

    @property
    def classes_(self) -> Array:
        """Sorted labels, if fitted with y."""
        classes = self._fitted().classes
        if classes is None:
            raise AttributeError("the sampler was fitted without labels")
        return classes

    def _fitted(self) -> Model:
        if self._model is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet; call fit, partial_fit or "
                "fit_batches first, or zbins.load"
            )
        return self._model

    def _ordered(self, model: Model) -> Run:
        """Return the model as one run, on several threads if that is still to be made."""
        return model.ordered(1 if model.is_ordered else n_threads(self.n_jobs, 1 << 40))

    def _rows(self, X: Any) -> tuple[Model, Rows, int]:
        """Return the model, X as rows where they are, and threads for them."""
        model = self._fitted()
        rows = as_latents(X, type(self).__name__, model.known, min_rows=0, clip=True)
        return model, rows, n_threads(self.n_jobs, rows.nbytes)

    def _random_state(self, random_state: Any) -> Any:
        chosen = self.random_state if random_state is None else random_state
        check_random_state(chosen)
        return chosen

    def _condition(self, model: Model, y: Any, n: int, return_y: bool) -> Any:
        if not isinstance(return_y, (bool, np.bool_)):
            raise TypeError(f"return_y is {return_y!r}; accepted are True and False")
        if return_y and not model.labelled:
            raise ValueError("return_y is True, but the sampler was fitted without labels")
        return check_condition(model, y, n)

    def _chunk(self, raw: Any, first: Chunk | None) -> Chunk:
        """Check one chunk of a stream: X, or X and y."""
        X, y = split(raw)
        known = None if first is None else first.known
        rows = as_latents(X, type(self).__name__, known, min_rows=0)
        labels = None if y is None else as_labels(y, len(rows))
        if first is not None and len(rows):
            check_labelling(first.labels is not None, labels is not None)
        return Chunk(rows, labels)


@strictly
def _mean(log_density: Any) -> float:
    return float(log_density.mean())


def model_of(sampler: object) -> Model:
    """Return the model of a fitted PMFSampler, or refuse what is none or not fitted."""
    return check_pmf(sampler)._fitted()


def ordered_model_of(sampler: object) -> Model:
    """Return the same with its ordered view made, on the sampler's threads."""
    model = model_of(sampler)
    check_pmf(sampler)._ordered(model)
    return model


def publish(sampler: PMFSampler, model: Model) -> None:
    """Make a model that was fitted elsewhere the sampler's, by one assignment (law 7)."""
    sampler._model = model


def content_of(sampler: PMFSampler) -> tuple[Model, dict[str, Any]]:
    """Return what is stored of a sampler: the model, and the parameters that belong to it.

    Raises
    ------
    NotFittedError
        Before a fit.
    ValueError, TypeError
        If the parameters were set to what does not go with the model, or all rows were ignored.
    """
    model = model_of(sampler)
    check_parameters(sampler, model)
    if not model.n_seen:
        raise ValueError("no row so far lies inside the bounds: there is no model to save")
    return ordered_model_of(sampler), plain_parameters(sampler)


def check_pmf(sampler: object) -> PMFSampler:
    """Return a PMFSampler, or refuse what is none."""
    if isinstance(sampler, PMFSampler):
        return sampler
    is_class = isinstance(sampler, type)
    what = f"the class {sampler.__name__}" if is_class else f"a {type(sampler).__name__}"  # type: ignore[attr-defined]
    raise TypeError(f"sampler is {what}; a PMFSampler is needed")


def load(path: str | os.PathLike[str], device: Any = None) -> PMFSampler:
    """Load a model file written by `PMFSampler.save`.

    Parameters
    ----------
    path : path-like
        The file.
    device : None, str, torch.device or cupy.cuda.Device, default=None
        As in `PMFSampler.to`: None for NumPy arrays, "cpu" for torch tensors, "cuda" or "cuda:1"
        for tensors on that device, where the model then is.

    Returns
    -------
    sampler : PMFSampler
        Fitted, with the constructor's n_bins, bounds and out_of_range; random_state and n_jobs are
        not part of a model.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a whole and undamaged model file (naming it), or the device is not
        available.
    """
    model, parameters = read_model(path, backend_of_device(device).kind)
    try:
        return sampler_of(model, parameters)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{os.fspath(path)!r} is damaged: {error}") from error


def sampler_of(model: Model, parameters: dict[str, Any]) -> PMFSampler:
    """Return the fitted estimator of what `content_of` gave.

    Raises
    ------
    ValueError, TypeError
        If the parameters are not accepted, or do not go with the model.
    """
    bounds = parameters["bounds"]
    if isinstance(bounds, list):
        parameters = {**parameters, "bounds": tuple(bounds)}
    sampler = PMFSampler(**parameters)
    check_parameters(sampler, model)
    sampler._model = model.finished(n_threads(None, 0))
    return sampler
