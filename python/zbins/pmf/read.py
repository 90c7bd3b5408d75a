"""What a model says of rows: the log density of their bins."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._common.threads import strictly
from .._types import Array
from .model import Run

_ROWS_AT_ONCE = 1 << 18


@strictly
def log_density(run: Run, bins: Array) -> Array:
    """Return log(count / (n * volume)) of every bin, given by its place in the run; -1 is none."""
    cumulative, rows = run.pmf.cumulative, max(1, run.pmf.total)
    density = np.empty(len(bins))
    with np.errstate(divide="ignore"):
        for begin in range(0, len(bins), _ROWS_AT_ONCE):  # in between, Ctrl-C is obeyed
            some = bins[begin : begin + _ROWS_AT_ONCE]
            counts = np.where(some >= 0, cumulative[some + 1] - cumulative[some], 0)
            density[begin : begin + len(some)] = (
                np.log(counts) - np.log(rows) - run.grid.log_bin_volume
            )
    return density


@strictly
def mean_of(log_density: Any) -> float:
    """Return the mean log density."""
    return float(log_density.mean())
