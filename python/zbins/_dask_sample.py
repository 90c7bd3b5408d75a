"""`zbins.dask.sample`: every chunk is a share of one draw, told apart by where it begins."""

from __future__ import annotations

from typing import Any

import dask
import dask.array as da
import numpy as np

from ._config import n_threads
from ._device._place import host_kind
from ._model import Model
from ._random import draw_seed
from ._sampling import check_condition, check_count, check_rows, check_start, draw, new_array
from ._types import Array
from .pmf import PMFSampler, check_sampler


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
    check_sampler(sampler)
    model = sampler._fitted()
    model = model.returning(host_kind(model.kind))  # workers may have no such device
    n = check_count("n_samples", n_samples)
    random_state = sampler._random_state(random_state)
    sampler._ordered(model)
    check_rows(model, n)
    check_start(0, n, random_state, model.kind)
    place = check_condition(model, y, n)
    rows, columns = _row_chunks(chunks, (n, model.grid.d), model.dtype)
    places = []
    if place is not None and len(place) == n:
        places, place = [da.from_array(place[:, None], chunks=(rows, (1,)))], None
    return da.map_blocks(
        _draw_chunk,
        *places,
        model=dask.delayed(model, traverse=False, pure=False),
        seed=draw_seed(random_state),
        place=place,
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
    places: Array | None = None,
    *,
    model: Model,
    seed: int,
    place: Array | None,
    block_info: Any = None,
) -> Array:
    """Draw one chunk, which begins where Dask says."""
    (start, stop), _ = block_info[None]["array-location"]
    X: Array = new_array(stop - start, model)
    where = place if places is None else np.ascontiguousarray(places[:, 0])
    draw(model, seed, start, X, n_threads(None, 0), where, False)
    return X
