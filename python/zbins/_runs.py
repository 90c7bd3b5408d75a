"""Runs of counts: what one pass over rows gives, and how several become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from . import _core
from ._grid import Grid
from ._labels import union
from ._types import Array


class Run(NamedTuple):
    """Counts of some rows, in canonical order for the grid they were counted on."""

    pmf: Any  # _core.Pmf, or the same on a device
    grid: Grid
    classes: Array | None  # sorted


def lift(run: Run, grid: Grid, threads: int) -> Run:
    """Return the run as counted on `grid`, which its own grid has grown into."""
    if run.grid is grid or run.grid == grid:
        return run
    shift = grid.shift_from(run.grid)
    pmf = run.pmf
    if shift.any() or _core.Pmf.bits_for(grid.widest) != pmf.bits:
        if isinstance(pmf, _core.Pmf):
            pmf = pmf.rebased(grid, threads)
        else:
            pmf = pmf.rebased(grid.widest, shift, threads)
    return Run(pmf, grid, run.classes)


def join(a: Run, b: Run, grid: Grid, threads: int) -> Run:
    """Return both runs as one on `grid`."""
    classes: Array | None = None
    a_places: list[int] = []
    b_places: list[int] = []
    if a.classes is not None and b.classes is not None:
        classes, a_places, b_places = union(a.classes, b.classes)
    n_classes = 0 if classes is None else len(classes)
    if isinstance(a.pmf, _core.Pmf):
        pmf = a.pmf.merged(b.pmf, grid, a_places, b_places, n_classes, threads)
    else:
        a, b = lift(a, grid, threads), lift(b, grid, threads)
        pmf = a.pmf.merged(b.pmf, a_places, b_places, n_classes, threads)
    return Run(pmf, grid, classes)


def stack(runs: Iterable[Run], grid: Grid, threads: int) -> tuple[Run, ...]:
    """Merge runs until each is more than twice as large as the next.

    A row then takes part in O(log n) linear merges: a chunk costs O(chunk) amortized, whatever the
    size of the model (the log-structured merge of O'Neil et al. 1996).
    """
    stacked: list[Run] = []
    for run in runs:
        stacked.append(run)
        while len(stacked) > 1 and len(stacked[-2].pmf) <= 2 * len(stacked[-1].pmf):
            last = stacked.pop()
            stacked[-1] = join(stacked[-1], last, grid, threads)
    return tuple(stacked)
