"""The nearest rows of each of many, and how far away they are."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from .._types import Array
from .chunks import at_once
from .progress import Progress

CLOSE = 1e-9  # a row counts as the nearest where its squared distance is larger by that share
_QUERIES = 1024  # between two advances of a bar
_FEW_COLUMNS = 15  # up to so many, a tree is faster than all pairs


def nearest_rows(
    queries: Array,
    rows: Array,
    k: int = 1,
    *,
    different: bool = False,
    progress: Progress | None = None,
) -> tuple[Array, Array]:
    """Return which of the rows are the k nearest of each query, and their Euclidean distances.

    (Where all pairs within some distance are wanted, see ``metrics.neighbours``.)

    Parameters
    ----------
    queries, rows : ndarray of float32 or float64, shape (m, d) and (n, d)
        Finite; at least k rows.
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
    search, distinct = _Search(rows), None
    index = np.empty((len(queries), k), np.intp)
    distance = np.empty((len(queries), k))
    for begin in range(0, len(queries), _QUERIES):
        part = slice(begin, begin + _QUERIES)
        index[part], distance[part] = search(queries[part], k)
        copies = begin + np.flatnonzero(distance[part, 0] == 0) if different else ()
        if len(copies):
            # Of rows that are all different, the second nearest of a copy is a different one.
            if distinct is None:
                _, first = np.unique(rows, axis=0, return_index=True)
                distinct = _Search(rows[first])
            if len(distinct.rows) > 1:
                found, far = distinct(queries[copies], 2)
                index[copies, 0], distance[copies, 0] = first[found[:, 1]], far[:, 1]
            else:
                distance[copies] = np.inf
        if progress is not None:
            progress.advance(len(queries[part]))
    return (index[:, 0], distance[:, 0]) if k == 1 else (index, distance)


def squared_distances(a: Array, b: Array, of_a: Array, of_b: Array) -> Array:
    """Return squared distances of pairs, by the indices of their rows, from differences."""
    squares = np.empty(len(of_a))
    step = at_once(24 * a.shape[1])
    for begin in range(0, len(of_a), step):
        part = slice(begin, begin + step)
        between = np.subtract(a[of_a[part]], b[of_b[part]], dtype=np.float64)
        # einsum would add up long rows in pieces that depend on how many rows there are.
        squares[part] = np.square(between, out=between).sum(axis=1)
    return squares


class _Search:
    """A search among rows."""

    def __init__(self, rows: Array) -> None:
        self.rows = rows
        self._centre = rows.mean(axis=0, dtype=np.float64)
        self._subtracts = rows.shape[1] <= _FEW_COLUMNS
        algorithm = "kd_tree" if self._subtracts else "brute"
        self._neighbours = NearestNeighbors(algorithm=algorithm).fit(rows - self._centre)

    def __call__(self, queries: Array, k: int) -> tuple[Array, Array]:
        """Return the indices of the k nearest rows of each query, and their distances."""
        near = queries - self._centre
        index = self._neighbours.kneighbors(near, k, return_distance=False)
        index, distance = self._again(queries, index)
        # The rows were moved to their mean, for of many columns scikit-learn computes |x|^2 - 2xy +
        # |y|^2, which cancels; and distances are computed again, from differences. Where rows lie
        # in heaps far from their mean, or very close together, others may still be nearer.
        size, farthest = np.sqrt(np.square(near).sum(axis=1)), distance[:, -1]
        eps = np.finfo(float).eps
        if self._subtracts:  # only the move has rounded
            error = 4 * eps * farthest * (2 * size + farthest)
        else:
            error = (queries.shape[1] + 4) * eps * (np.square(size) + np.square(size + farthest))
        unsure = np.flatnonzero((error > CLOSE * np.square(farthest)) & (farthest > 0))
        step = at_once(8 * len(self.rows))
        for begin in range(0, len(unsure), step):
            part = unsure[begin : begin + step]
            far = cdist(queries[part], self.rows)
            found = np.argpartition(far, k - 1, axis=1)[:, :k]
            index[part], distance[part] = self._again(queries[part], found)
        return index, distance

    def _again(self, queries: Array, index: Array) -> tuple[Array, Array]:
        """Return the rows in order of their distances, as computed from differences."""
        of_queries = np.repeat(np.arange(len(queries)), index.shape[1])
        squares = squared_distances(queries, self.rows, of_queries, index.ravel())
        distance = np.sqrt(squares).reshape(index.shape)
        order = np.argsort(distance, axis=1, kind="stable")
        return np.take_along_axis(index, order, 1), np.take_along_axis(distance, order, 1)
