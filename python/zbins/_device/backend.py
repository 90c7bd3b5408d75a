"""What is asked of a place where rows and counts lie: the host, or a device and a framework on it.

A model is counted, kept, read and drawn from by these calls alone, so that nothing above this room
asks where anything is. To the backend itself its `Counts` are more, so that here they are Any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from .. import _core
from .._types import Array

Grid: TypeAlias = "_core.Grid32 | _core.Grid64"


class Counts(Protocol):
    """Rows in the occupied bins, in canonical order, where the backend that made them has them.

    Attributes
    ----------
    total : int
        Rows.
    bits : int
        Of a packed code, for each dimension.
    nbytes : int
        Memory they take.
    """

    @property
    def total(self) -> int: ...
    @property
    def bits(self) -> int: ...
    @property
    def nbytes(self) -> int: ...

    def __len__(self) -> int:
        """Return the number of occupied bins."""

    def label_total(self, label: int) -> int:
        """Return the rows with the label at this place among the classes."""


# Counts of some rows, and the sorted labels they have.
Counted: TypeAlias = tuple[Counts, Array | None]


def same_codes(pmf: Counts, older: Grid, grid: Grid) -> bool:
    """Tell whether counts of an older grid have the same keys on the one it has grown into."""
    if older is grid or older == grid:
        return True
    return bool(_core.Pmf.bits_for(grid.widest) == pmf.bits and not grid.shift_from(older).any())


@dataclass(frozen=True)
class Known:
    """What later rows must agree with.

    Attributes
    ----------
    dtype : dtype
        float32 or float64: the first rows fixed it.
    n_features : int
        Columns.
    feature_names : ndarray of str or None
        Names of the columns, if the first rows had them.
    kind : str or None
        Of the model's `Backend`: rows of a model on a device must lie there, others on the host.
        None: they may lie anywhere.
    """

    dtype: np.dtype[Any]
    n_features: int
    feature_names: Array | None
    kind: str | None = "numpy"


class Rows(Protocol):
    """Checked rows, of float32 or float64 as the model has them.

    Attributes
    ----------
    shape : pair of int
        (n_samples, n_features).
    dtype : dtype
        float32 or float64.
    nbytes : int
        Bytes of the values in this dtype.
    backend : Backend
        Where they are; its kind is what samples are returned as.
    feature_names : ndarray of str or None
        Names of the columns, where the input had them (a data frame).
    """

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def backend(self) -> Backend: ...
    @property
    def feature_names(self) -> Array | None: ...

    def __len__(self) -> int: ...

    def host(self) -> Array:
        """Return the values as the host has them: for what is rare, an error's row above all."""

    def bounds(self, threads: int) -> tuple[Array, Array]:
        """Return the minimum and maximum of every column.

        Raises
        ------
        RowError
            With the first value that is not finite.
        """

    def quantiles(self, q: float) -> tuple[Array, Array]:
        """Return the q-th and (1 - q)-th quantile of every column, rounded inward.

        Values that occur, so that the grid does not depend on how quantiles interpolate; inward, so
        that any q > 0 leaves the extremes out, however few the rows.
        """

    def check_inside(self, grid: Grid, threads: int) -> None:
        """Raise RowError with the first value outside the grid."""

    def grown(self, grid: Grid, low: Array, high: Array) -> Grid:
        """Return the grid grown to cover the rows, or raise RowError: which of them is too far."""

    def sent_to(self, backend: Backend) -> Rows:
        """Return the rows on the host's side of a backend, or where they are if that is it.

        Raises
        ------
        ValueError
            If they are on one device and the backend is another.
        """


class Labels(Protocol):
    """Labels of rows: int64, bool or str, in the order of the rows.

    Attributes
    ----------
    place : str
        Where they are, as the `place` of a `Backend`.
    """

    @property
    def place(self) -> str: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def host(self) -> Array:
        """Return the labels themselves on the host."""

    def copy(self) -> Labels:
        """Return labels that whoever gave them cannot overwrite."""


class Counter(Protocol):
    """Counts rows, chunk by chunk, on one grid."""

    def add(self, X: Rows, y: Labels | None, inside: bool) -> tuple[int, list[Counted]]:
        """Count rows; return how many lay outside and were skipped, and runs that are finished.

        Parameters
        ----------
        X : Rows
            At least one row, every value finite.
        y : Labels or None
            Their labels.
        inside : bool
            Whether all of X lies within the bounds the lattice was made of.
        """

    def finish(self) -> list[Counted]:
        """Return the runs that `add` did not return; the counter is used up."""


class Backend(Protocol):
    """The host, or one device of one framework.

    Attributes
    ----------
    kind : str
        What arrays are returned as, and where counts are, as one word that models keep: "numpy",
        "torch" (both on the host), "torch:cuda:0", "cupy:cuda:1".
    host_kind : str
        The kind of the same arrays on the host.
    place : str
        Where counts are, for messages: "the CPU", "cuda:0 (torch)".
    """

    kind: str
    host_kind: str
    place: str

    def counter(self, grid: Grid, threads: int, labelled: bool) -> Counter:
        """Return a counter of rows that are here."""

    def chunks(self, chunks: Iterator[tuple[Any, Rows]]) -> Iterator[tuple[Any, Rows]]:
        """Yield what goes with each chunk, and its rows here."""

    # Counts

    def host_pmf(self, pmf: Any, grid: Grid) -> _core.Pmf:
        """Return counts that are here as the host has them."""

    def uploaded(self, pmf: _core.Pmf) -> Any:
        """Return counts of the host here."""

    def merged(
        self,
        a: tuple[Any, Grid],
        b: tuple[Any, Grid],
        grid: Grid,
        labels: list[int],
        other_labels: list[int],
        classes: int,
        threads: int,
    ) -> Any:
        """Return the sum of two counts on a grid that both grids have grown into."""

    def rebased(self, pmf: Any, older: Grid, grid: Grid, threads: int) -> Any:
        """Return counts of an older grid as counted on the one it has grown into.

        The same counts, where their keys are.
        """

    def prepare(self, pmf: Any, grid: Grid) -> None:
        """Make what the first draw would have to make."""

    # Reading: arrays of the kind, one entry for each row

    def codes(self, pmf: Callable[[], Any], grid: Grid, X: Rows, threads: int) -> Any:
        """Return the codes of rows, clipped into the grid.

        uint8 if every column has at most 256 bins; else uint16, or int32 in a tensor. The counts,
        which may have to be put in order first, are asked for where codes need them.
        """

    def occupied(self, pmf: Any, grid: Grid, X: Rows, threads: int) -> Any:
        """Tell which rows lie in an occupied bin."""

    def log_densities(self, pmf: Any, grid: Grid, X: Rows, threads: int) -> Any:
        """Return log(count / (n * volume)) of every row's bin; -inf where it has none."""

    # Draws

    def empty(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
        """Return memory for samples, or raise MemoryError if there is not enough."""

    def checked_out(self, out: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
        """Return the array that `out` is, or refuse it."""

    def checked_start(self, start: Any, n: int, random_state: object) -> Any:
        """Return the number of the first sample, or refuse it; on a device it may be an array."""

    def condition(self, labels: Labels, classes: Array) -> Any:
        """Return the wanted labels of the draws as places among the classes.

        Raises
        ------
        ValueError
            If they are on another device, or one is no class.
        """

    def draw(
        self,
        pmf: Any,
        grid: Grid,
        seed: int,
        start: Any,
        out: Any,
        condition: Any,
        classes: Array | None,
        threads: int,
    ) -> Any:
        """Write samples start, start + 1, ... under the seed to `out`; return their labels.

        Parameters
        ----------
        out : array of shape (n, n_features)
            C-contiguous, of the model's dtype, here.
        condition : ndarray of shape (1,), array of shape (n,) or None
            The place among the classes of the label to draw from: of all, or of each.
        classes : ndarray or None
            The sorted labels, if those of the draws are wanted; else None is returned.
        """

    def returned(self, array: Any) -> Any:
        """Return an array as what the caller works with; labels of str stay NumPy."""
