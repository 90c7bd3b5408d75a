"""From the parameters `n_bins`, `bounds` and `out_of_range` and the first rows to a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import _core
from .._common.arrays import FLOAT32
from .._common.checks import is_int
from .._common.seeds import check_random_state
from .._common.threads import check_n_jobs, strictly
from .._device.backend import Grid, Rows
from .._types import Array

POLICIES = ("grow", "error", "ignore")


@dataclass(frozen=True)
class Settings:
    """The constructor's parameters, checked."""

    n_bins: Any
    bounds: Any
    out_of_range: str
    n_jobs: Any

    @classmethod
    def of(cls, sampler: Any) -> Settings:
        """Return those of a sampler, or refuse what is not accepted, naming it."""
        check_n_bins(sampler.n_bins)
        check_bounds(sampler.bounds)
        policy = check_out_of_range(sampler.out_of_range)
        if sampler.random_state is not None:
            check_random_state(sampler.random_state)
        return cls(sampler.n_bins, sampler.bounds, policy, check_n_jobs(sampler.n_jobs))

    @property
    def fixed(self) -> bool:
        """Whether the bounds are numbers."""
        return has_fixed_bounds(self.bounds)

    def grid(self, X: Rows | None, low: Array, high: Array) -> Grid:
        """Return the grid for rows X with the given minimum and maximum."""
        k = check_n_bins(self.n_bins, len(low))
        return make_grid(*bounds_of(self.bounds, X, low, high), k)


def check_n_bins(n_bins: object, d: int | None = None) -> Array:
    """Return the wanted bins, one entry or `d` entries (int32).

    Raises
    ------
    TypeError
        If they are not whole numbers.
    ValueError
        If one is outside 1 to 65,536, or there is not one per column.
    """
    if type(n_bins) is int and 1 <= n_bins <= _core.max_bins:  # the usual case, fast
        return np.full(1 if d is None else d, n_bins, np.int32)
    wanted = _plain_array(n_bins)
    if is_int(n_bins) and wanted.dtype == object:  # beyond 64 bits
        raise ValueError(
            f"n_bins is {n_bins}; accepted are whole numbers from 1 to {_core.max_bins}"
        )
    if wanted.dtype.kind not in "iu" or wanted.ndim > 1:
        raise TypeError(
            f"n_bins is {n_bins!r}; accepted are a whole number from 1 to {_core.max_bins}, or "
            "a 1-D array of one per column"
        )
    flat = np.atleast_1d(wanted)
    bad = np.flatnonzero((flat < 1) | (flat > _core.max_bins))
    if bad.size:
        where = "" if wanted.ndim == 0 else f" for column {bad[0]}"
        raise ValueError(
            f"n_bins is {flat[bad[0]]}{where}; accepted are whole numbers from 1 to "
            f"{_core.max_bins}"
        )
    if d is not None and wanted.ndim == 1 and len(flat) != d:
        raise ValueError(
            f"n_bins has {len(flat)} entries for {d} columns; one per column is needed"
        )
    flat = flat.astype(np.int32)
    return flat if d is None else np.ascontiguousarray(np.broadcast_to(flat, (d,)))


def _plain_array(value: object) -> Array:
    """Return the value as an array; of objects where NumPy makes none of numbers of it."""
    try:
        return np.asarray(value)
    except ValueError:  # ragged
        return np.empty((), object)


def check_out_of_range(policy: object) -> str:
    """Return the policy, or refuse it."""
    if not isinstance(policy, str) or policy not in POLICIES:
        raise ValueError(
            f"out_of_range is {policy!r}; accepted are {', '.join(map(repr, POLICIES))}"
        )
    return policy


def check_bounds(bounds: Any) -> None:
    """Refuse bounds that can mean nothing, whatever the rows."""
    if bounds is None:
        return
    accepted = (
        "None, a pair (lower, upper) of numbers or arrays of one per column, or "
        "('quantile', q) with 0 <= q < 0.5"
    )
    try:
        if not hasattr(bounds, "__getitem__") or isinstance(bounds, (dict, str)):
            raise TypeError
        first, second = bounds
    except (TypeError, ValueError):
        raise ValueError(f"bounds is {bounds!r}; accepted are {accepted}") from None
    if isinstance(first, str):
        number = is_int(second) or isinstance(second, (float, np.floating))
        if first != "quantile" or not number or not 0 <= second < 0.5:
            raise ValueError(f"bounds is {bounds!r}; accepted are {accepted}")
        return
    for name, side in (("lower", first), ("upper", second)):
        values = _plain_array(side)
        if values.dtype.kind not in "iuf" or values.ndim > 1:
            raise TypeError(f"the {name} bounds are {side!r}; accepted are {accepted}")
        if not np.isfinite(values).all():
            raise ValueError(f"the {name} bounds are {side!r}; every bound must be finite")


def has_fixed_bounds(bounds: Any) -> bool:
    """Tell whether the bounds are numbers, known before any row is seen."""
    if bounds is None:
        return False
    first, _ = bounds
    return not isinstance(first, str)


def bounds_of(bounds: Any, X: Rows | None, low: Array, high: Array) -> tuple[Array, Array]:
    """Return what the parameter `bounds` makes of rows X with the given minimum and maximum."""
    return (low, high) if bounds is None else _bounds_asked_for(bounds, X, low, high)


@strictly
def _bounds_asked_for(bounds: Any, X: Rows | None, low: Array, high: Array) -> tuple[Array, Array]:
    dtype, d = low.dtype, len(low)
    if not has_fixed_bounds(bounds):
        assert X is not None
        q = float(bounds[1])
        lower, upper = X.quantiles(q)
        crossed = lower > upper  # two or three rows and a large q
        lower, upper = np.where(crossed, [upper, lower], [lower, upper])
        for j in np.flatnonzero((lower == upper) & (low < high)).tolist():
            # Mostly one value, as after a ReLU: the others decide how far the column reaches.
            column = X.host()[:, j]
            others = column[column != lower[j]]
            lower[j] = min(lower[j], np.quantile(others, q, method="higher"))
            upper[j] = max(upper[j], np.quantile(others, 1 - q, method="lower"))
        return np.ascontiguousarray(lower, dtype), np.ascontiguousarray(upper, dtype)
    sides = []
    for name, side in zip(("lower", "upper"), bounds, strict=True):
        values = np.asarray(side)
        if values.ndim == 1 and len(values) != d:
            raise ValueError(
                f"the {name} bounds have {len(values)} entries for {d} columns; a number or one "
                "entry per column is needed"
            )
        values = np.broadcast_to(values, (d,))
        with np.errstate(over="ignore"):
            sides.append(np.ascontiguousarray(values, dtype))
        if not np.isfinite(sides[-1]).all():
            j = int(np.flatnonzero(~np.isfinite(sides[-1]))[0])
            raise ValueError(
                f"the {name} bound of column {j} is {values[j]!s}, beyond the range of {dtype}, "
                "the dtype of the rows"
            )
    return sides[0], sides[1]


def make_grid(lower: Array, upper: Array, k: Array) -> Grid:
    """Return the grid of law 1 in the dtype of the bounds."""
    grid_type = _core.Grid32 if lower.dtype == FLOAT32 else _core.Grid64
    return grid_type(lower, upper, k)


def _widened(grid: Grid, X: Rows, low: Array, high: Array, policy: str) -> Grid:
    """Give columns that were constant so far a width, if they vary in rows that will be counted."""
    constant = grid.origin == grid.top
    if not ((low != grid.origin) | (high != grid.top))[constant].any():
        return grid
    rows = None
    if policy == "ignore":
        rows = X.host()
        others = rows[:, ~constant]
        inside = (others >= grid.lower[~constant]) & (others <= grid.upper[~constant])
        rows = rows[inside.all(axis=1)]
        if not len(rows):
            return grid
        low, high = rows.min(axis=0), rows.max(axis=0)
    low, high = (np.where(constant, a, b) for a, b in ((low, grid.origin), (high, grid.top)))
    wider: Grid = X.grown(grid, low, high) if rows is None else grid.grown(low, high, rows)
    return wider


def admit(
    settings: Settings, grid: Grid, X: Rows, low: Array, high: Array, threads: int
) -> tuple[Grid, bool]:
    """Make room for rows X, or refuse them, as the policy says.

    Parameters
    ----------
    settings : Settings
        Their policy says what to do with rows outside the grid. Where the bounds are numbers, a
        dimension that is constant so far keeps its one bin under "error" and "ignore".
    grid : Grid
        The grid so far.
    X : Rows
        At least one.
    low, high : ndarray of shape (n_features,)
        Minimum and maximum of X.
    threads : int
        Threads for looking for a row outside.

    Returns
    -------
    grid : Grid
        Covers X under "grow"; has a width in every dimension that varies in X, or keeps its bin.
    inside : bool
        True if all of X lies within the bounds the lattice was made of (the fast path).

    Raises
    ------
    ValueError
        Naming row, column and value: past 65,536 bins, or a row outside under "error".
    """
    if grid.spans(low, high):
        return grid, True
    policy = settings.out_of_range
    with _core.StrictFloats():
        if policy == "grow":
            grid = X.grown(grid, low, high)
        else:
            if not settings.fixed:
                grid = _widened(grid, X, low, high, policy)
            if policy == "error":
                X.check_inside(grid, threads)
    return grid, grid.spans(low, high)
