"""`zbins.dask.fit`: partial models of the chunks, added in a tree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

import dask
import dask.array as da
import numpy as np

from .._common.arrays import model_dtype
from .._common.checks import check_count
from .._common.exclusive import exclusive
from .._common.seeds import check_random_state, draw_seed
from .._common.threads import n_threads, strictly
from .._device.backend import Grid, Known
from .._device.host import HOSTS
from .._errors import RowError
from .._types import Array
from ..pmf.draw import check_condition, check_rows, draw
from ..pmf.grid import Settings, check_n_bins
from ..pmf.model import Model, check_something_fitted
from ..pmf.sampler import PMFSampler, check_pmf, ordered_model_of, publish
from .partial import AGAIN, Partial, Plan, merged, of_chunk

# Partial models that one task adds. A wider tree sends fewer models; a narrower one keeps fewer in
# the memory of a worker at once (docs/scaling.md).
FAN_IN = 4


def fit(sampler: PMFSampler, X: Any, y: Any = None) -> PMFSampler:
    """Fit a sampler to a Dask array, on whatever scheduler Dask uses.

    The result is that of ``sampler.fit(X.compute())``, bit for bit, for any chunks and workers. X
    is computed twice, for the bounds and for the counts (once if `bounds` are numbers): persist it
    if the workers can hold it. Partial models are added in a tree, and only they travel.

    Parameters
    ----------
    sampler : PMFSampler
        As constructed; what it was fitted on before is forgotten.
    X : dask.array.Array of shape (n_samples, n_features)
        Latents, in chunks of whole rows; lengths of chunks may be unknown.
    y : dask.array.Array of shape (n_samples,), default=None
        Labels, int, bool or str.

    Returns
    -------
    sampler : PMFSampler
        The same, fitted. If anything is raised, it is as it was.

    Raises
    ------
    ValueError
        As `PMFSampler.fit`, naming the row of X; for columns in several chunks; if X differs
        between the passes; for bounds that are quantiles, which need all rows at once.
    TypeError
        If `sampler` is no PMFSampler, or X or y is no Dask array.
    RuntimeError
        If another thread is fitting this sampler.
    """
    check_pmf(sampler)
    _fit(sampler, X, y)
    return sampler


@exclusive
def _fit(sampler: PMFSampler, X: Any, y: Any) -> None:
    settings = Settings.of(sampler)
    if settings.bounds is not None and not settings.fixed:
        raise ValueError(
            f"bounds is {settings.bounds!r}, but quantiles need all rows at once; give "
            "bounds=(lower, upper)"
        )
    _check_latents(X)
    if y is not None:
        y = _labels_like(y, X)
    d = X.shape[1]
    check_n_bins(settings.n_bins, d)  # before anything is computed
    dtype = model_dtype(X.dtype)
    chunks = _Chunks(X, y)
    plan = Plan(type(sampler).__name__, Known(dtype, d, None), replace(settings, n_jobs=None))

    grid = before = None
    if settings.fixed:
        shape_of = np.zeros(d, dtype)
        grid = settings.grid(None, shape_of, shape_of)
    # A column whose bounds are equal gets its width from all rows at once, if it may grow.
    grows = settings.out_of_range == "grow"
    if grid is None or (grows and _any_constant(grid)):
        before = chunks.reduced(plan)
        assert before.range is not None
        low, high = before.range
        grid = settings.grid(None, low, high) if grid is None else grid.grown(low, high)
        plan = replace(plan, range=before.range)
    nothing = Model(grid, (), 0, y is not None, HOSTS["numpy"], None)
    whole = chunks.reduced(replace(plan, model=nothing))
    if before is not None:
        _check_same(before, whole)
    model = whole.model
    if model is None:
        assert whole.range is not None
        _refuse_growth(grid, *whole.range, X)
    check_something_fitted(model)
    publish(sampler, model.finished(n_threads(sampler.n_jobs, 1 << 40)))


class _Chunks:
    """The chunks of X, with their labels, in the order of rows."""

    def __init__(self, X: Any, y: Any) -> None:
        self._arrays = (X, "ij") if y is None else (X, "ij", y, "i")

    def reduced(self, plan: Plan) -> Partial:
        """Compute the partial of all chunks in a tree; raise what is wrong with X."""
        partials = da.blockwise(
            of_chunk,
            "ij",
            *self._arrays,
            plan=dask.delayed(plan, traverse=False, pure=False),
            align_arrays=False,
            dtype=object,
            meta=np.empty((0, 0), object),
        )
        whole: Partial = da.reduction(
            partials,
            chunk=_as_it_is,
            combine=_merged,
            aggregate=_merged,
            axis=(0, 1),
            concatenate=False,
            split_every={0: FAN_IN, 1: 2},
            dtype=object,
            meta=np.empty((), object),
            name="zbins-merged",
        ).compute()
        if whole.error is not None:
            raise whole.error
        if not whole.rows:
            raise ValueError("X has no rows; at least one row is needed")
        return whole


def _as_it_is(partial: Partial, axis: Any, keepdims: bool) -> Partial:
    return partial


def _merged(parts: Any, axis: Any, keepdims: bool) -> Partial:
    """Add what Dask gives: partials in a list for the rows, each in one for the columns."""
    if isinstance(parts, Partial):
        return parts
    return merged([_merged(part, axis, keepdims) for part in parts])


@strictly
def _any_constant(grid: Grid) -> bool:
    return bool((grid.origin == grid.top).any())


def _refuse_growth(grid: Grid, low: Array, high: Array, X: Any) -> NoReturn:
    """Say, as `PMFSampler.fit` does, which row the grid cannot grow to."""
    try:
        grid.grown(low, high, np.stack([low, high]))
    except RowError as error:
        extreme, j = error.row, error.column
        assert j is not None
        row = _row_of(X[:, j], (low, high)[extreme][j])
        raise error.moved(row) from None
    raise AssertionError("the grid grows after all")


def _row_of(column: Any, value: Any) -> int:
    """Return the first row of a Dask array that has this value; its chunks may be of any length."""

    def of_chunk(values: Array) -> tuple[int, int]:
        places = np.flatnonzero(np.asarray(values).astype(value.dtype) == value)
        return len(values), int(places[0]) if places.size else -1

    chunks = [dask.delayed(of_chunk)(chunk) for chunk in column.to_delayed().ravel()]
    before: int = 0
    for length, place in dask.compute(*chunks):
        if place >= 0:
            return before + int(place)
        before += int(length)
    raise ValueError(f"no row holds {value!r} any more; {AGAIN}")


def _check_same(before: Partial, now: Partial) -> None:
    """Refuse an X that was another one in the second pass."""
    if before.rows != now.rows:
        raise ValueError(
            f"X has {before.rows} rows in the first pass and {now.rows} in the second; {AGAIN}"
        )
    assert before.range is not None
    assert now.range is not None
    for one, other in zip(before.range, now.range, strict=True):
        differs = np.flatnonzero(one != other)
        if differs.size:
            j = int(differs[0])
            raise ValueError(
                f"column {j} reaches {one[j]} in the first pass and {other[j]} in the second; "
                f"{AGAIN}"
            )


def _check_latents(X: Any) -> None:
    if not isinstance(X, da.Array):
        raise TypeError(
            f"X is a {type(X).__name__}; accepted is a dask.array.Array (from a data frame: "
            "df.to_dask_array(); for what lies in memory: sampler.fit)"
        )
    if X.ndim != 2:
        raise ValueError(f"X has the shape {X.shape}; it must be (n_samples, n_features)")
    if X.dtype.kind not in "fiubO":
        raise TypeError(f"X has the dtype {X.dtype}; accepted are real numbers")
    if X.numblocks[1] != 1 or np.isnan(X.shape[1]):
        raise ValueError(
            f"the columns of X are in the chunks {X.chunks[1]}; they must be in one: "
            "X.rechunk({1: -1})"
        )
    if X.shape[1] == 0:
        raise ValueError(f"X has the shape {X.shape}; at least one column is needed")


def _labels_like(y: Any, X: Any) -> Any:
    """Return y in the row chunks of X."""
    if not isinstance(y, da.Array):
        raise TypeError(
            f"y is a {type(y).__name__}; accepted is a dask.array.Array, as from "
            "dask.array.from_array(y, chunks=(X.chunks[0],))"
        )
    if y.ndim != 1:
        raise ValueError(f"y has the shape {y.shape}; it must be (n_samples,)")
    rows, labels = X.chunks[0], y.chunks[0]
    if np.isnan((*rows, *labels)).any():
        if len(rows) != len(labels):
            raise ValueError(
                f"y has {len(labels)} chunks and X {len(rows)} chunks of rows, some of unknown "
                "length; they must be the same"
            )
        return y  # each chunk is compared when it is computed
    if sum(rows) != sum(labels):
        raise ValueError(f"y has {sum(labels)} labels for {sum(rows)} rows of X")
    return y if rows == labels else y.rechunk((rows,))


def sample(
    sampler: PMFSampler,
    n_samples: int = 1,
    *,
    chunks: Any = "auto",
    random_state: Any = None,
    y: Any = None,
) -> Any:
    """Draw samples as a lazy Dask array: the bits of ``sampler.sample``, however it is chunked.

    The model, as it is at this call, is one value of the graph: it goes to each worker once. The
    seed is fixed at this call too, so the array is the same each time it is computed.

    Parameters
    ----------
    sampler : PMFSampler
        Fitted.
    n_samples : int, default=1
        How many; 0 gives an empty array.
    chunks : int, tuple of int or "auto", default="auto"
        Rows of a chunk; "auto" takes Dask's ``array.chunk-size``.
    random_state : None, int, RandomState, Generator or torch.Generator, default=None
        Overrides the constructor's.
    y : label, or array-like of shape (n_samples,), default=None
        Draw from the rows with this label only; an array gives each draw its own.

    Returns
    -------
    X : dask.array.Array of shape (n_samples, n_features)
        Of NumPy arrays, also if the sampler was fitted on tensors.

    Raises
    ------
    NotFittedError
        Before a fit.
    ValueError, TypeError
        For arguments that are not accepted, naming them.
    """
    model = ordered_model_of(sampler)
    model = model.returning(model.backend.host_kind)  # workers may have no such device
    n = check_count("n_samples", n_samples)
    random_state = sampler.random_state if random_state is None else random_state
    check_random_state(random_state)
    check_rows(model, n)
    condition = check_condition(model, y, n)
    rows, columns = _row_chunks(chunks, (n, model.grid.d), model.dtype)
    conditions = []
    if condition is not None and len(condition) == n:
        conditions = [da.from_array(condition[:, None], chunks=(rows, (1,)))]
        condition = None
    return da.map_blocks(
        _draw_chunk,
        *conditions,
        model=dask.delayed(model, traverse=False, pure=False),
        seed=draw_seed(random_state),
        condition=condition,
        chunks=(rows, columns),
        dtype=model.dtype,
        meta=np.empty((0, 0), model.dtype),
        token="zbins-sample",
    )


def _row_chunks(chunks: Any, shape: tuple[int, int], dtype: Any) -> Any:
    try:
        return da.core.normalize_chunks((chunks, shape[1]), shape=shape, dtype=dtype)
    except (ValueError, TypeError, ArithmeticError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"chunks is {chunks!r}; accepted are the rows of a chunk, a tuple of them that adds up "
            f"to {shape[0]}, and 'auto' ({error})"
        ) from error


def _draw_chunk(
    conditions: Array | None = None,
    *,
    model: Model,
    seed: int,
    condition: Array | None,
    block_info: Any = None,
) -> Array:
    """Draw one chunk, which begins where Dask says."""
    (start, stop), _ = block_info[None]["array-location"]
    X: Array = model.backend.empty((stop - start, model.grid.d), model.dtype)
    here = condition if conditions is None else np.ascontiguousarray(conditions[:, 0])
    draw(model, seed, start, X, here, False, n_threads(None, 0))
    return X
