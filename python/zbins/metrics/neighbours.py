"""Which rows lie within which balls, of all pairs: in bounded memory, and decided exactly.

(Where only the nearest rows are wanted, `_common.nearest` is quicker, and leaves ties open.)

Squared distances of many pairs come from |x|^2 - 2xy + |y|^2, which is fast and rounds. So each
comes with a bound on its error, and whatever the bound leaves open is decided by the sum of squared
differences. That is one number for a pair, whichever way round and however rows are cut into
chunks: a copy of a row's k-th neighbour lies in its ball.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn import get_config
from sklearn.metrics import pairwise_distances_chunked

from .._common.nearest import squared_distances
from .._common.progress import Progress
from .._types import Array

_MEBIBYTES = 32  # of distances at once, if scikit-learn's working_memory is not less
_BLOCKS = 256  # of which the minima bound a k-th distance


@dataclass(frozen=True)
class Rows:
    """Different rows, and how often each is there: a thousand copies are searched as one."""

    values: Array
    times: Array

    @classmethod
    def of(cls, rows: Array) -> Rows:
        """Take rows of which equal ones lie side by side, as those of Given."""
        first = np.r_[True, np.any(rows[1:] != rows[:-1], axis=1)]
        times = np.diff(np.append(np.flatnonzero(first), len(rows)))
        return cls(rows[first], times)

    def __len__(self) -> int:
        return len(self.values)

    def mean(self, per_row: Array) -> float:
        """Return the mean over all rows, as often as each is there."""
        return float(per_row @ self.times) / int(self.times.sum())


def neighbour_squares(rows: Rows, k: int, progress: Progress) -> Array:
    """Return the squared distance from each of the different rows to its k-th nearest other row.

    Parameters
    ----------
    rows : Rows
        More than k, with copies.
    k : int
        Copies of a row are other rows, at 0.
    progress : Progress
        Advanced by the different rows.

    Returns
    -------
    squares : ndarray of float64, shape (n,)
    """
    squares = np.empty(len(rows))
    blocks = min(len(rows), max(_BLOCKS, 4 * (k + 1)))
    last = min(k, blocks - 1)  # where no more than k rows are different, all are candidates
    whole = len(rows) // blocks * blocks
    for part, square, above, below in _chunks(rows.values, rows.values):
        # Those that are nearest of their block bound the k-th from above: no row is sorted whole.
        _add(square, *above)
        nearest = square[:, :whole].reshape(len(square), -1, blocks).min(axis=1)
        bound = np.partition(nearest, last, axis=1)[:, last, None]
        _add(square, *below)
        query, found = _pairs(square <= bound)
        exact = squared_distances(rows.values[part], rows.values, query, found)
        order = np.lexsort((exact, query))
        query, exact, times = query[order], exact[order], rows.times[found[order]]
        # The row itself is one, at 0: the k-th other is the first by which more than k are there.
        so_far = np.cumsum(times)
        starts = np.searchsorted(query, np.arange(len(square)))
        before = so_far[starts] - times[starts]
        squares[part] = exact[np.searchsorted(so_far, before + k, side="right")]
        progress.advance(len(square))
    return squares


def count_within(
    queries: Rows, rows: Rows, limits: Sequence[Array], progress: Progress
) -> list[tuple[Array, Array]]:
    """Return how many rows lie within a limit of each query, and how many queries of each row.

    Parameters
    ----------
    queries, rows : Rows, of m and n different rows
    limits : sequence of ndarray, of shape (m, 1) or (1, n)
        Squared radii about each query or each row. A pair at the limit lies within it.
    progress : Progress
        Advanced by the different queries.

    Returns
    -------
    counts : list of (ndarray of float64 of shape (m,), and of shape (n,))
        For each limit, whole numbers; copies count as often as they are there.
    """
    per_query = [np.empty(len(queries)) for _ in limits]
    per_row = [np.zeros(len(rows)) for _ in limits]
    whole = [np.broadcast_to(limit, (len(queries), len(rows))) for limit in limits]
    times, of_queries = rows.times.astype(np.float64), queries.times.astype(np.float64)
    for part, square, above, below in _chunks(queries.values, rows.values):
        _add(square, *above)
        within = [square <= limit[part] for limit in whole]
        _add(square, *below)
        for i, (sure, limit) in enumerate(zip(within, whole, strict=True)):
            query, row = _pairs((square <= limit[part]) ^ sure)
            exact = squared_distances(queries.values[part], rows.values, query, row)
            sure[query, row] = exact <= limit[part][query, row]
            counted = sure.astype(np.float64)  # BLAS sums it, exactly
            per_query[i][part] = counted @ times
            per_row[i] += of_queries[part] @ counted
        progress.advance(len(square))
    return list(zip(per_query, per_row, strict=True))


def _chunks(
    queries: Array, rows: Array
) -> Iterator[tuple[slice, Array, tuple[Array, Array], tuple[Array, Array]]]:
    """Yield queries and their squared distances to all rows, and what these may be wrong by.

    Added to the distances, the first pair of errors makes them upper bounds; then the second pair
    makes them lower ones.
    """
    centre = rows.mean(axis=0)
    a, b = queries - centre, rows - centre
    # In units of (|a| + |b|)^2 <= 2 |a|^2 + 2 |b|^2, half an epsilon is lost at each of: d terms of
    # dot products and norms, d terms of the squared differences that are compared with, and twelve
    # sums, products and moves to the centre at most.
    factor, tiny = 2 * (a.shape[1] + 8) * np.finfo(np.float64).eps, np.finfo(np.float64).tiny
    of_a, of_b = (factor * np.square(x).sum(axis=1) + tiny for x in (a, b))
    memory = min(get_config()["working_memory"], _MEBIBYTES)
    begin = 0
    for square in pairwise_distances_chunked(
        a, b, metric="euclidean", squared=True, working_memory=memory
    ):
        part = slice(begin, begin + len(square))
        errors = of_a[part, None], of_b
        yield part, square, errors, (-2 * errors[0], -2 * errors[1])
        begin = part.stop


def _add(square: Array, of_queries: Array, of_rows: Array) -> None:
    square += of_queries
    square += of_rows


def _pairs(which: Array) -> tuple[Array, Array]:
    """Return the two indices of what is true, in order."""
    query, row = np.divmod(np.flatnonzero(which), which.shape[1])
    return query, row
