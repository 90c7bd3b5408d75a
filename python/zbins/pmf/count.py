"""From rows to a model: one matrix, or one more chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _core
from .._common.threads import n_threads
from .._device.backend import Backend, Counted, Grid, Labels, Rows
from .._types import Array
from .grid import admit, bounds_of, check_n_bins, has_fixed_bounds, make_grid
from .model import Model, Run, stack


@dataclass(frozen=True)
class Settings:
    """The constructor's parameters, checked."""

    n_bins: Any
    bounds: Any
    out_of_range: str
    n_jobs: Any

    def threads(self, X: Rows) -> int:
        """Return the threads for one call over X."""
        return n_threads(self.n_jobs, X.nbytes)

    @property
    def fixed(self) -> bool:
        """Whether the bounds are numbers."""
        return has_fixed_bounds(self.bounds)


class Tally:
    """Counts chunks into runs, starting a new run only when the grid has grown.

    Parameters
    ----------
    settings : Settings
        Their policy says what happens to rows outside the grid.
    grid : Grid
        To begin with.
    backend : Backend
        Where all the rows are.
    threads : int
        For each chunk; the core takes fewer where the rows are few.
    labelled : bool
        Whether rows come with labels.
    """

    def __init__(
        self, settings: Settings, grid: Grid, backend: Backend, threads: int, labelled: bool
    ) -> None:
        self.grid = grid
        self.n_ignored = 0
        self._settings = settings
        self._backend = backend
        self._threads = threads
        self._labelled = labelled
        self._runs: tuple[Run, ...] = ()
        self._counter = backend.counter(grid, threads, labelled)

    def add(self, X: Rows, y: Labels | None, low: Array, high: Array) -> None:
        """Count the rows of X, with the given minimum and maximum, by the settings' policy."""
        settings = self._settings
        grid, inside = admit(
            self.grid, X, low, high, settings.out_of_range, settings.fixed, self._threads
        )
        if grid is not self.grid and grid != self.grid:
            self._keep(self._counter.finish())
            self.grid = grid
            self._counter = self._backend.counter(grid, self._threads, self._labelled)
        ignored, finished = self._counter.add(X, y, inside)
        self.n_ignored += ignored
        self._keep(finished)

    def _keep(self, counted: list[Counted]) -> None:
        for pmf, classes in counted:
            run = _without_unused(Run(pmf, self.grid, classes), self._backend)
            self._runs = stack((*self._runs, run), self.grid, self._backend, self._threads)

    def model(self, kind: str, feature_names: Array | None) -> Model:
        """Return what was counted; the tally is used up."""
        self._keep(self._counter.finish())
        return Model(self.grid, self._runs, self.n_ignored, self._labelled, kind, feature_names)


def _without_unused(run: Run, backend: Backend) -> Run:
    """Drop labels that only ignored rows had."""
    if run.classes is None:
        return run
    used = [place for place in range(len(run.classes)) if run.pmf.label_total(place) > 0]
    if len(used) == len(run.classes):
        return run
    here = backend.host_pmf(run.pmf, run.grid)
    assert here.label_counts is not None
    start, label, count = here.label_counts
    pmf = _core.Pmf.from_arrays(
        grid=run.grid,
        keys=here.keys.reshape(-1),
        counts=here.counts,
        classes=len(used),
        labels=(start, np.searchsorted(used, label).astype(np.int32), count),
        threads=1,
    )
    return Run(backend.uploaded(pmf), run.grid, run.classes[used])


def fit_rows(settings: Settings, X: Rows, y: Labels | None) -> Model:
    """Return the model of one matrix (or of the first chunk of a stream)."""
    threads = settings.threads(X)
    k = check_n_bins(settings.n_bins, X.shape[1])
    low, high = X.bounds(threads)
    grid = make_grid(*bounds_of(settings.bounds, X, low, high), k)
    tally = Tally(settings, grid, X.backend, threads, y is not None)
    tally.add(X, y, low, high)
    return tally.model(X.backend.kind, X.feature_names)


def fit_more(settings: Settings, model: Model, X: Rows, y: Labels | None) -> Model:
    """Return the model with one more chunk of rows."""
    if len(X) == 0:
        return model
    threads = settings.threads(X)
    low, high = X.bounds(threads)
    tally = Tally(settings, model.grid, X.backend, threads, y is not None)
    tally.add(X, y, low, high)
    return model.extended(tally.model(model.kind, None), threads)
