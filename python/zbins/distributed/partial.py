"""Models of parts of the rows, and how they are added: what a cluster passes around."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from .._common.threads import n_threads, strictly
from .._device.backend import Known
from .._device.border import as_labels, as_latents
from .._device.host import HOSTS
from .._errors import RowError, RowTypeError
from .._types import Array
from ..pmf.count import counted
from ..pmf.grid import Settings
from ..pmf.model import Model

Range: TypeAlias = tuple[Array, Array]
AGAIN = (
    "X must be the same each time it is computed: persist it, seed what makes it, or give "
    "bounds=(lower, upper), for which one pass is enough"
)


@dataclass(frozen=True)
class Partial:
    """What is known of some consecutive chunks.

    An error is a value here: of several, the one of the first row wins, and its row is counted
    from the first row of all, though chunks run in any order and none knows where it begins.

    Attributes
    ----------
    rows : int
        Rows of these chunks, ignored ones too.
    range : pair of ndarray of shape (n_features,) or None
        Their minimum and maximum; None without rows.
    model : Model or None
        Their model; None without rows, in a pass for the bounds, and where a grid that grows would
        have to be wider than any may be.
    error : ValueError, TypeError or None
        What is wrong with the first row that is; the other fields then mean nothing.
    """

    rows: int
    range: Range | None = None
    model: Model | None = None
    error: Exception | None = None

    def __sizeof__(self) -> int:
        """Bytes, by which Dask decides where to add models and when to spill them to disk."""
        return object.__sizeof__(self) + (0 if self.model is None else sys.getsizeof(self.model))


@dataclass(frozen=True)
class Plan:
    """What every chunk is counted with.

    Attributes
    ----------
    name : str
        The estimator's, for messages.
    known : Known
        What the chunks must agree with.
    settings : Settings
        With the threads of one task.
    model : Model or None
        Without rows, on the grid to count on; None in a pass for the bounds.
    range : pair of ndarray of shape (n_features,) or None
        The minimum and maximum that an earlier pass found.
    """

    name: str
    known: Known
    settings: Settings
    model: Model | None = None
    range: Range | None = None


def of_chunk(X: Any, y: Any = None, *, plan: Plan) -> Partial:
    """Return the partial of one chunk: its bounds, and its model if the plan has a grid.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        May have no rows.
    y : array-like of shape (n_samples,) or None
        Labels.
    """
    try:
        rows = as_latents(X, plan.name, replace(plan.known, kind=None), min_rows=0)
        rows = rows.sent_to(HOSTS["numpy"])
        labels = None if y is None else as_labels(y, len(rows))
        if not len(rows):
            return Partial(0)
        threads = n_threads(plan.settings.n_jobs, rows.nbytes)
        low, high = rows.bounds(threads)
        if plan.range is not None:
            _check_within(plan.range, low, high)
        model = None
        if plan.model is not None:
            model = counted(plan.settings, plan.model.grid, rows, labels, low, high, threads)
        return Partial(len(rows), (low, high), model)
    except (RowError, RowTypeError) as error:
        return Partial(0, error=error)
    except (ValueError, TypeError) as error:
        # Classes of the user's own may not come through a pickle: a cluster would wait for ever.
        kind = ValueError if isinstance(error, ValueError) else TypeError
        return Partial(0, error=kind(str(error)))


@strictly
def _check_within(before: Range, low: Array, high: Array) -> None:
    """Refuse rows outside the range that an earlier pass found."""
    beyond = np.flatnonzero((low < before[0]) | (high > before[1]))
    if beyond.size:
        j = int(beyond[0])
        raise ValueError(
            f"column {j} reaches from {low[j]} to {high[j]} in the second pass, but from "
            f"{before[0][j]} to {before[1][j]} in the first; {AGAIN}"
        )


def merged(parts: Sequence[Partial]) -> Partial:
    """Return partials of neighbouring chunks, in the order of their rows, as one."""
    whole = Partial(0)
    for part in parts:
        whole = _joined(whole, part)
        if whole.error is not None:
            return whole
    if whole.model is not None:
        whole.model.finished(n_threads(None, 0))  # one run: the least to keep and to send
    return whole


@strictly
def _joined(a: Partial, b: Partial) -> Partial:
    if b.error is not None:
        return replace(b, error=_shifted(b.error, a.rows))
    if a.range is None or b.range is None:
        return b if a.range is None else a
    low, high = np.minimum(a.range[0], b.range[0]), np.maximum(a.range[1], b.range[1])
    model = None
    if a.model is not None and b.model is not None:
        try:
            model = _added(a.model, b.model, low, high)
        except (ValueError, TypeError) as error:
            return Partial(0, error=error)
    return Partial(a.rows + b.rows, (low, high), model)


def _added(a: Model, b: Model, low: Array, high: Array) -> Model | None:
    """Return the sum of two models of one lattice, whose rows lie between low and high.

    None if no grid holds both: what to say of it, and of which row, is known where all rows are.
    """
    grid = a.grid
    if grid != b.grid:  # only under "grow", where every row is inside
        try:
            grid = grid.grown(low, high, None)
        except ValueError:
            return None
    return a.on_grid(grid).extended(b.on_grid(grid), n_threads(None, 0))


def _shifted(error: Exception, rows: int) -> Exception:
    """Return an error about a row of a chunk as one about a row of X."""
    if isinstance(error, RowError | RowTypeError):
        return error.moved(error.row + rows)
    return error
