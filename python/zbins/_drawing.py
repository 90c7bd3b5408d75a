"""Draws: `sample` and `sample_batches`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ._base import Fitted
from ._config import n_threads
from ._model import Model
from ._progress import Progress, check_progress
from ._random import check_random_state, draw_seed, is_int
from ._sampling import (
    check_condition,
    check_count,
    check_out,
    check_rows,
    check_start,
    draw,
    new_array,
    to_kind,
)


class Drawing(Fitted):
    """The methods that draw."""

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
        places = self._places(model, y, n, return_y)
        # From the first sample on, memory ends long before the sample numbers do.
        last = n if is_int(start) and start else 0
        first = check_start(start, last, random_state, model.kind)
        X = new_array(n, model) if out is None else check_out(out, n, model)
        threads = n_threads(self.n_jobs, n * model.grid.d * model.dtype.itemsize)
        # The seed comes last: a call that is refused takes nothing from a generator.
        labels = draw(model, draw_seed(random_state), first, X, threads, places, return_y)
        samples = to_kind(X, model.kind) if out is None else out
        return samples if labels is None else (samples, to_kind(labels, model.kind))

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
        first = check_start(start, n, random_state, model.kind)
        self._ordered(model)
        check_rows(model, n)
        places = self._places(model, y, n, return_y)
        threads = n_threads(self.n_jobs, min(size, n) * model.grid.d * model.dtype.itemsize)
        check_progress(progress)
        seed = draw_seed(random_state)

        def batches() -> Iterator[Any]:
            with Progress(progress, -(-n // size), "sample", "batch") as bar:
                for begin in range(0, n, size):
                    X = new_array(min(size, n - begin), model)
                    here = places
                    if places is not None and len(places) > 1:
                        here = places[begin : begin + len(X)]
                    # A number on the device is moved on by every draw.
                    at = first + begin if isinstance(first, int) else first
                    labels = draw(model, seed, at, X, threads, here, return_y)
                    samples = to_kind(X, model.kind)
                    yield samples if labels is None else (samples, to_kind(labels, model.kind))
                    bar.advance(1, len(X))

        return batches()

    def _random_state(self, random_state: Any) -> Any:
        chosen = self.random_state if random_state is None else random_state
        check_random_state(chosen)
        return chosen

    def _places(self, model: Model, y: Any, n: int, return_y: bool) -> Any:
        if not isinstance(return_y, (bool, np.bool_)):
            raise TypeError(f"return_y is {return_y!r}; accepted are True and False")
        if return_y and not model.labelled:
            raise ValueError("return_y is True, but the sampler was fitted without labels")
        return check_condition(model, y, n)
