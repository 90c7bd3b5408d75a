"""The nearest rows of each of many, and how far away they are."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from .._types import Array
from .progress import Progress

_AT_ONCE = 1 << 22  # values of differences, or distances
_QUERIES = 1024  # between two advances of a bar
_CLOSE = 1e-9  # a row counts as the nearest if its squared distance is larger by that share


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
    search = _Search(rows)
    index = np.empty((len(queries), k), np.intp)
    distance = np.empty((len(queries), k))
    for begin in range(0, len(queries), _QUERIES):
        part = slice(begin, begin + _QUERIES)
        index[part], distance[part] = search(queries[part], k)
        if different:
            _pass_over(search, queries[part], index[part], distance[part])
        if progress is not None:
            progress.advance(len(queries[part]))
    return (index[:, 0], distance[:, 0]) if k == 1 else (index, distance)


class _Search:
    """A search among rows."""

    def __init__(self, rows: Array) -> None:
        self.rows = rows
        self._centre = rows.mean(axis=0, dtype=np.float64)
        near = rows - self._centre
        self._squares = np.square(near).sum(axis=1).max()
        self._neighbours = NearestNeighbors().fit(near)

    def __call__(self, queries: Array, k: int) -> tuple[Array, Array]:
        """Return the indices of the k nearest rows of each query, and their distances."""
        # In many columns scikit-learn computes |x|^2 - 2xy + |y|^2, which cancels. So the rows are
        # moved to their mean, and the distances computed again, from differences. Where rows lie in
        # heaps far from their mean, it may still have taken others for the nearest.
        near = queries - self._centre
        index = self._neighbours.kneighbors(near, k, return_distance=False)
        index, distance = self._again(queries, index)
        d = queries.shape[1]
        error = (d + 4) * np.finfo(float).eps * (np.square(near).sum(axis=1) + self._squares)
        farthest = np.square(distance[:, -1])
        unsure = np.flatnonzero((error > _CLOSE * farthest) & (farthest > 0))
        step = max(1, _AT_ONCE // len(self.rows))
        for begin in range(0, len(unsure), step):
            part = unsure[begin : begin + step]
            far = cdist(queries[part], self.rows)
            found = np.argpartition(far, k - 1, axis=1)[:, :k]
            index[part], distance[part] = self._again(queries[part], found)
        return index, distance

    def _again(self, queries: Array, index: Array) -> tuple[Array, Array]:
        """Return the rows in order of their distances, as computed from differences."""
        distance = np.empty(index.shape)
        step = max(1, _AT_ONCE // (index.shape[1] * self.rows.shape[1]))
        for begin in range(0, len(queries), step):
            part = slice(begin, begin + step)
            between = np.subtract(queries[part, None], self.rows[index[part]], dtype=np.float64)
            # einsum would add up long rows in pieces that depend on how many rows there are.
            distance[part] = np.sqrt(np.square(between, out=between).sum(axis=2))
        order = np.argsort(distance, axis=1, kind="stable")
        return np.take_along_axis(index, order, 1), np.take_along_axis(distance, order, 1)


def _pass_over(search: _Search, queries: Array, index: Array, distance: Array) -> None:
    """Put the nearest different row in the place of rows that are equal to their query."""
    n, k = len(search.rows), 2
    copies = np.flatnonzero(distance[:, 0] == 0)
    while len(copies) and k <= n:
        found, far = search(queries[copies], k)
        nearest = np.argmax(far > 0, axis=1)[:, None]
        index[copies] = np.take_along_axis(found, nearest, 1)
        distance[copies] = np.take_along_axis(far, nearest, 1)
        copies = copies[distance[copies, 0] == 0]
        k = n if k < n < 4 * k else 4 * k
    distance[copies] = np.inf
