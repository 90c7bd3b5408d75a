"""From rows to a model: one matrix, or one more chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _core
from .._common.arrays import FLOAT32
from .._common.threads import n_threads
from .._device.counting import counted
from .._device.latents import Latents, bounds_of_rows
from .._device.place import beside, host_pmf
from .._device.rows import DeviceLabels, DeviceRows
from .._types import Array
from .grid import Grid, admit, bounds_of, check_n_bins, has_fixed_bounds, make_grid
from .labels import LabelNumbers
from .model import Model, Run, stack


@dataclass(frozen=True)
class Settings:
    """The constructor's parameters, checked."""

    n_bins: Any
    bounds: Any
    out_of_range: str
    n_jobs: Any

    def threads(self, X: Array | DeviceRows) -> int:
        """Return the threads for one call over X."""
        return n_threads(self.n_jobs, X.nbytes)

    @property
    def fixed(self) -> bool:
        """Whether the bounds are numbers."""
        return has_fixed_bounds(self.bounds)


class Tally:
    """Counts chunks into runs, starting a new run only when the grid has grown."""

    def __init__(self, settings: Settings, grid: Grid, threads: int, labelled: bool) -> None:
        self.grid = grid
        self.n_ignored = 0
        self._settings = settings
        self._threads = threads
        self._labelled = labelled
        self._runs: tuple[Run, ...] = ()
        self._open()

    def _open(self) -> None:
        self._counter = _counter_for(self.grid, self._threads, self._labelled)
        self._numbers = LabelNumbers()
        self._rows = 0

    def _close(self) -> None:
        """Turn what is counted into a run."""
        if self._rows == 0:
            return
        classes, rank = self._numbers.finish()
        pmf = self._counter.finish(rank, self._threads)
        run = Run(pmf, self.grid, classes if self._labelled else None)
        self._runs = stack((*self._runs, _without_unused(run)), self.grid, self._threads)

    def add(
        self, X: Array | DeviceRows, y: Array | DeviceLabels | None, low: Array, high: Array
    ) -> None:
        """Count the rows of X, with the given minimum and maximum, by the settings' policy."""
        settings = self._settings
        threads = self._threads  # the core takes fewer where the rows are few
        grid, inside = admit(
            self.grid, X, low, high, settings.out_of_range, settings.fixed, threads
        )
        if grid is not self.grid and grid != self.grid:
            self._close()
            self.grid = grid
            self._open()
        if isinstance(X, DeviceRows):
            self._add_on_device(X, y, inside)
            return
        if isinstance(y, DeviceLabels):
            y = y.host()
        numbers = None if y is None else self._numbers.encode(y)
        ignored = self._counter.add(X, inside, numbers, threads)
        self.n_ignored += ignored
        self._rows += len(X) - ignored

    def _add_on_device(self, X: DeviceRows, y: Any, inside: bool) -> None:
        """Count rows where they are: every table makes a run of its own."""
        rows = 0
        for pmf, classes in counted(self.grid, X, y, inside):
            rows += pmf.total
            if len(pmf):
                run = _without_unused(Run(pmf, self.grid, classes))
                self._runs = stack((*self._runs, run), self.grid, self._threads)
        self.n_ignored += len(X) - rows

    def model(self, kind: str, feature_names: Array | None) -> Model:
        """Return what was counted; the tally is used up."""
        self._close()
        return Model(self.grid, self._runs, self.n_ignored, self._labelled, kind, feature_names)


def _counter_for(grid: Grid, threads: int, labelled: bool) -> _core.Counter32 | _core.Counter64:
    """Return a counter of the grid's dtype."""
    if grid.origin.dtype == FLOAT32:
        return _core.Counter32(grid, threads, labelled)  # type: ignore[arg-type]
    return _core.Counter64(grid, threads, labelled)  # type: ignore[arg-type]


def _without_unused(run: Run) -> Run:
    """Drop labels that only ignored rows had."""
    if run.classes is None:
        return run
    used = [place for place in range(len(run.classes)) if run.pmf.label_total(place) > 0]
    if len(used) == len(run.classes):
        return run
    here = host_pmf(run.pmf, run.grid)
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
    return Run(beside(run.pmf, pmf), run.grid, run.classes[used])


def fit_rows(settings: Settings, latents: Latents, y: Array | DeviceLabels | None) -> Model:
    """Return the model of one matrix (or of the first chunk of a stream)."""
    X = latents.array
    threads = settings.threads(X)
    k = check_n_bins(settings.n_bins, X.shape[1])
    low, high = bounds_of_rows(X, threads)
    grid = make_grid(*bounds_of(settings.bounds, X, low, high), k)
    tally = Tally(settings, grid, threads, y is not None)
    tally.add(X, y, low, high)
    return tally.model(latents.kind, latents.feature_names)


def fit_more(
    settings: Settings,
    model: Model,
    X: Array | DeviceRows,
    y: Array | DeviceLabels | None,
) -> Model:
    """Return the model with one more chunk of rows."""
    if len(X) == 0:
        return model
    threads = settings.threads(X)
    low, high = bounds_of_rows(X, threads)
    tally = Tally(settings, model.grid, threads, y is not None)
    tally.add(X, y, low, high)
    return model.extended(tally.model(model.kind, None), threads)
