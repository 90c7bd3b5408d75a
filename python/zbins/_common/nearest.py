"""The nearest row of each of many, and how far away it is."""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from .._types import Array

_AT_ONCE = 1 << 20  # values


def nearest_rows(queries: Array, rows: Array) -> tuple[Array, Array]:
    """Return which of the rows is the nearest of each query, and its Euclidean distance.

    Parameters
    ----------
    queries, rows : ndarray of float32 or float64, shape (m, d) and (n, d)
        Finite, of one dtype; at least one row.

    Returns
    -------
    index : ndarray of intp, shape (m,)
        Of several at the same distance, any.
    distance : ndarray of float64, shape (m,)
        0 for copies, to the last bit.
    """
    # With many columns scikit-learn computes |x|^2 - 2xy + |y|^2, which cancels far from the
    # origin. So the rows are moved to it, and the distances computed again, from differences.
    centre = rows.mean(axis=0, dtype=np.float64).astype(rows.dtype)
    neighbours = NearestNeighbors(n_neighbors=1).fit(rows - centre)
    distance = np.empty(len(queries))
    index = np.empty(len(queries), np.intp)
    if len(queries):
        index[:] = neighbours.kneighbors(queries - centre, return_distance=False)[:, 0]
    step = max(1, _AT_ONCE // rows.shape[1])
    for begin in range(0, len(queries), step):
        part = slice(begin, begin + step)
        between = np.subtract(queries[part], rows[index[part]], dtype=np.float64)
        distance[part] = np.sqrt(np.einsum("ij,ij->i", between, between))
    return index, distance
