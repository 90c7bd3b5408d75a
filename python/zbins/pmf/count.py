"""From rows to a model: one matrix, or one more chunk."""

from __future__ import annotations

import numpy as np

from .. import _core
from .._device.backend import Backend, Counted, Grid, Labels, Rows
from .._types import Array
from .grid import Settings, admit
from .model import Model, Run, stack


def run_of(counted: Counted, grid: Grid, backend: Backend) -> Run:
    """Return counts on a grid as a run, without labels that only ignored rows had."""
    pmf, classes = counted
    if classes is None:
        return Run(pmf, grid, None)
    used = [place for place in range(len(classes)) if pmf.label_total(place) > 0]
    if len(used) == len(classes):
        return Run(pmf, grid, classes)
    here = backend.host_pmf(pmf, grid)
    assert here.label_counts is not None
    start, label, count = here.label_counts
    without = _core.Pmf.from_arrays(
        grid=grid,
        keys=here.keys.reshape(-1),
        counts=here.counts,
        classes=len(used),
        labels=(start, np.searchsorted(used, label).astype(np.int32), count),
        threads=1,
    )
    return Run(backend.uploaded(without), grid, classes[used])


def counted(
    settings: Settings,
    grid: Grid,
    X: Rows,
    y: Labels | None,
    low: Array,
    high: Array,
    threads: int,
    feature_names: Array | None = None,
) -> Model:
    """Return the model of rows X, with the given minimum and maximum, on a grid.

    Parameters
    ----------
    settings : Settings
        Their policy says what happens to rows outside the grid.
    X : Rows
        At least one row, every value finite.
    feature_names : ndarray of str or None
        Of the model: those of the first rows.
    """
    grid, inside = admit(settings, grid, X, low, high, threads)
    backend = X.backend
    counter = backend.counter(grid, threads, y is not None)
    ignored, runs = counter.add(X, y, inside)
    runs += counter.finish()
    stacked = tuple(run_of(run, grid, backend) for run in runs)
    if len(stacked) > 1:
        stacked = stack(stacked, grid, backend, threads)
    return Model(grid, stacked, ignored, y is not None, backend, feature_names)


def fit_rows(settings: Settings, X: Rows, y: Labels | None, threads: int) -> Model:
    """Return the model of one matrix (or of the first chunk of a stream)."""
    low, high = X.bounds(threads)
    grid = settings.grid(X, low, high)
    return counted(settings, grid, X, y, low, high, threads, X.feature_names)


def fit_more(settings: Settings, model: Model, X: Rows, y: Labels | None, threads: int) -> Model:
    """Return the model with one more chunk of rows, at least one."""
    low, high = X.bounds(threads)
    return model.extended(counted(settings, model.grid, X, y, low, high, threads), threads)
