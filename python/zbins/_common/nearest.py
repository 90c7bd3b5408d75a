"""The nearest rows of each of many, and how far away they are."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from .._types import Array
from .progress import Progress

_AT_ONCE = 1 << 20  # values of differences
_QUERIES = 1024  # between two advances of a bar


def nearest_rows(
    queries: Array,
    rows: Array,
    k: int = 1,
    *,
    different: bool = False,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Return which of the rows are the k nearest of each query, and their Euclidean distances.

    Parameters
    ----------
    queries, rows : ndarray of float32 or float64, shape (m, d) and (n, d)
        Finite, of one dtype; at least k rows.
    k : int, default=1
    different : bool, default=False
        Only with k = 1: pass over the rows that are equal to the query.
    progress : Progress, optional
        Advanced by the queries that are done.

    Returns
    -------
    index : ndarray of intp, shape (m,) for k = 1, else (m, k)
        Nearest first; of several at the same distance, any.
    distance : ndarray of float64, of the same shape
        0 for copies, to the last bit; infinity where every row is equal to the query and a
        different one is wanted.
    """
    centre = rows.mean(axis=0, dtype=np.float64).astype(rows.dtype)
    search = NearestNeighbors().fit(rows - centre)
    index = np.empty((len(queries), k), np.intp)
    distance = np.empty((len(queries), k))
    for begin in range(0, len(queries), _QUERIES):
        part = slice(begin, begin + _QUERIES)
        index[part], distance[part] = _search(search, queries[part], rows, centre, k)
        if different:
            _pass_over(search, queries[part], rows, centre, index[part], distance[part])
        if progress is not None:
            progress.advance(len(queries[part]))
    return (index[:, 0], distance[:, 0]) if k == 1 else (index, distance)


def neighbour_distances(rows: Array, k: int, progress: Progress | None = None) -> Array:
    """Return how far the k-th nearest other row of each row is.

    Parameters
    ----------
    rows : ndarray of float32 or float64, shape (n, d)
        Finite, more than k.
    k : int
    progress : Progress, optional
        Advanced by the rows that are done.

    Returns
    -------
    distance : ndarray of float64, shape (n,)
    """
    # Whichever of several equal rows the search takes for the row itself, one 0 is that row.
    _, distance = nearest_rows(rows, rows, k + 1, progress=progress)
    return distance[:, k]


def _search(
    search: NearestNeighbors, queries: Array, rows: Array, centre: Array, k: int
) -> tuple[Array, Array]:
    # With many columns scikit-learn computes |x|^2 - 2xy + |y|^2, which cancels far from the
    # origin. So the rows are moved to it, and the distances computed again, from differences.
    found = search.kneighbors(queries - centre, k, return_distance=False)
    distance = np.empty(found.shape)
    step = max(1, _AT_ONCE // (k * rows.shape[1]))
    for begin in range(0, len(queries), step):
        part = slice(begin, begin + step)
        between = np.subtract(queries[part, None], rows[found[part]], dtype=np.float64)
        distance[part] = np.sqrt(np.einsum("ijk,ijk->ij", between, between))
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(found, order, 1), np.take_along_axis(distance, order, 1)


def _pass_over(
    search: NearestNeighbors,
    queries: Array,
    rows: Array,
    centre: Array,
    index: Array,
    distance: Array,
) -> None:
    """Put the nearest different row in the place of rows that are equal to their query."""
    k, copies = 2, np.flatnonzero(distance[:, 0] == 0)
    while len(copies) and k <= len(rows):
        found, far = _search(search, queries[copies], rows, centre, k)
        nearest = np.argmax(far > 0, axis=1)[:, None]
        index[copies] = np.take_along_axis(found, nearest, 1)
        distance[copies] = np.take_along_axis(far, nearest, 1)
        copies = copies[distance[copies, 0] == 0]
        k = len(rows) if k < len(rows) < 4 * k else 4 * k
    distance[copies] = np.inf
