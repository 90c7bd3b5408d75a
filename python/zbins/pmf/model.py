"""The fitted state: a grid and one or more ordered runs of counts. Immutable but for caches.

Every operation makes a new `Model`, so an estimator publishes it by one assignment, and a call
that fails or is interrupted leaves the old one (law 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from .. import _core
from .._common.checks import is_int
from .._common.labels import check_classes, union
from .._common.threads import n_threads
from .._device.backend import Backend, Counts, Grid, Known
from .._device.border import backend_of
from .._types import Array
from .grid import make_grid


class Run(NamedTuple):
    """Counts of some rows, in canonical order for the grid they were counted on."""

    pmf: Counts  # of the backend
    grid: Grid
    classes: Array | None  # sorted


def _join(a: Run, b: Run, grid: Grid, backend: Backend, threads: int) -> Run:
    """Return both runs as one on `grid`, which their own grids have grown into."""
    classes: Array | None = None
    a_places: list[int] = []
    b_places: list[int] = []
    if a.classes is not None and b.classes is not None:
        classes, a_places, b_places = union(a.classes, b.classes)
    n_classes = 0 if classes is None else len(classes)
    pmf = backend.merged(
        (a.pmf, a.grid), (b.pmf, b.grid), grid, a_places, b_places, n_classes, threads
    )
    return Run(pmf, grid, classes)


def stack(runs: Iterable[Run], grid: Grid, backend: Backend, threads: int) -> tuple[Run, ...]:
    """Merge runs until each is more than twice as large as the next.

    A row then takes part in O(log n) linear merges: a chunk costs O(chunk) amortized, whatever the
    size of the model (the log-structured merge of O'Neil et al. 1996).
    """
    stacked: list[Run] = []
    for run in runs:
        stacked.append(run)
        while len(stacked) > 1 and len(stacked[-2].pmf) <= 2 * len(stacked[-1].pmf):
            last = stacked.pop()
            stacked[-1] = _join(stacked[-1], last, grid, backend, threads)
    return tuple(stacked)


class Model:
    """A fitted model.

    Parameters
    ----------
    grid : Grid
        Covers the grids of all runs.
    runs : tuple of Run
        All labelled or none; empty if every row so far was ignored.
    n_ignored : int
        Rows skipped under ``out_of_range="ignore"``.
    labelled : bool
        Whether rows came with labels.
    backend : Backend
        Where all runs are, and whose arrays samples are.
    feature_names : ndarray of str or None
        Column names, where the first rows had them.
    """

    def __init__(
        self,
        grid: Grid,
        runs: tuple[Run, ...],
        n_ignored: int,
        labelled: bool,
        backend: Backend,
        feature_names: Array | None,
    ) -> None:
        self.grid = grid
        self._runs = runs
        self.n_ignored = n_ignored
        self.labelled = labelled
        self.backend = backend
        self.feature_names = feature_names

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.grid.origin.dtype

    @property
    def kind(self) -> str:
        """What samples are returned as, and where the model is, as one word."""
        return self.backend.kind

    @property
    def known(self) -> Known:
        """What later rows must agree with."""
        return Known(self.dtype, self.grid.d, self.feature_names, self.kind)

    @property
    def n_seen(self) -> int:
        """Rows counted."""
        return sum(run.pmf.total for run in self._runs)

    @property
    def code_dtype(self) -> np.dtype[Any]:
        """The dtype of codes: uint8 if every dimension has at most 256 bins, else uint16."""
        return np.dtype(np.uint8 if self.grid.widest <= 256 else np.uint16)

    def ordered(self, threads: int = 1) -> Run:
        """Return everything as one run on the grid as it is now (made once, then kept)."""
        runs = self._runs or (self._no_rows(),)
        run = runs[0]
        backend = self.backend
        for other in runs[1:]:
            run = _join(run, other, self.grid, backend, threads)
        if run.grid is not self.grid:
            pmf = backend.rebased(run.pmf, run.grid, self.grid, threads)
            run = Run(pmf, self.grid, run.classes)
        if self._runs:  # without rows the next chunk begins the runs, and the type of labels
            self._runs = (run,)
        return run

    def _no_rows(self) -> Run:
        labels = (np.zeros(1, np.uint64), np.empty(0, np.int32), np.empty(0, np.uint64))
        pmf = _core.Pmf.from_arrays(
            grid=self.grid,
            keys=np.empty(0, np.uint64),
            counts=np.empty(0, np.int64),
            classes=0,
            labels=labels if self.labelled else None,
            threads=1,
        )
        classes = np.empty(0, np.int64) if self.labelled else None
        return Run(self.backend.uploaded(pmf), self.grid, classes)

    @property
    def is_ordered(self) -> bool:
        """Whether the ordered view is there already."""
        return len(self._runs) == 1 and self._runs[0].grid is self.grid

    def finished(self, threads: int) -> Model:
        """Return self with the ordered view made, so that nothing is left to the first draw."""
        if self._runs:
            run = self.ordered(threads)
            self.backend.prepare(run.pmf, run.grid)
        return self

    def extended(self, other: Model, threads: int) -> Model:
        """Return this model with the runs of another (on the same lattice) stacked upon it.

        Columns have names if either has, so that the order of merging does not show.

        Raises
        ------
        ValueError
            If the rows together exceed 2**63 - 1.
        """
        rows = self.n_seen + other.n_seen
        if rows >= 1 << 63:
            raise ValueError(f"{rows} rows together; a model counts at most 2**63 - 1")
        runs = stack((*self._runs, *other._runs), other.grid, self.backend, threads)
        return Model(
            other.grid,
            runs,
            self.n_ignored + other.n_ignored,
            self.labelled,
            self.backend,
            other.feature_names if self.feature_names is None else self.feature_names,
        )

    def on_grid(self, grid: Grid) -> Model:
        """Return this model as seen on a grid that its own has grown into."""
        return Model(
            grid, self._runs, self.n_ignored, self.labelled, self.backend, self.feature_names
        )

    def returning(self, kind: str) -> Model:
        """Return this model with samples of another kind, moved to where those are."""
        here, there = self.backend, backend_of(kind)
        runs = self._runs
        if there.place != here.place:
            runs = tuple(
                run._replace(pmf=there.uploaded(here.host_pmf(run.pmf, run.grid))) for run in runs
            )
        return Model(self.grid, runs, self.n_ignored, self.labelled, there, self.feature_names)

    @property
    def classes(self) -> Array | None:
        """Sorted labels, or None without labels."""
        if not self.labelled:
            return None
        return self.ordered().classes if self._runs else np.empty(0, np.int64)

    @property
    def some_classes(self) -> Array | None:
        """Labels of one run, at no cost: enough to know their type."""
        return self._runs[0].classes if self._runs else None

    def host_pmf(self) -> _core.Pmf:
        """Return the ordered counts on the host: a copy of them if they are on a device."""
        run = self.ordered()
        return self.backend.host_pmf(run.pmf, run.grid)

    @cached_property
    def codes(self) -> Array:
        """Codes of the occupied bins, shape (n_occupied, n_features), read-only."""
        return _read_only(self.host_pmf().codes(self.code_dtype))

    @cached_property
    def counts(self) -> Array:
        """Rows in each occupied bin (int64), read-only."""
        return _read_only(self.host_pmf().counts)

    def to_arrays(self) -> dict[str, Array]:
        """Return all that defines the model but labels' names and counters, by name."""
        pmf, grid = self.host_pmf(), self.grid
        arrays = {
            "codes": pmf.keys,
            "counts": pmf.counts,
            "first_bin": grid.first_bin,
            "k": grid.k,
            "n_bins": grid.n_bins,
            "origin": grid.origin,
            "top": grid.top,
        }
        if pmf.label_counts is not None:
            for name, array in zip(LABEL_ARRAYS, pmf.label_counts, strict=True):
                arrays[name] = array
        return arrays

    @classmethod
    def from_arrays(
        cls,
        arrays: dict[str, Array],
        classes: Array | None,
        n_ignored: int,
        kind: str,
        feature_names: Array | None,
    ) -> Model:
        """Make a model of what `to_arrays` gave, checking everything a file could have wrong.

        Raises
        ------
        ValueError
            Saying what is wrong.
        """
        grid = make_grid(arrays["origin"], arrays["top"], arrays["k"]).with_extents(
            arrays["first_bin"], arrays["n_bins"]
        )
        labels = None
        if classes is not None:
            labels = tuple(arrays[name] for name in LABEL_ARRAYS)
        if len(arrays["counts"]) == 0:
            raise ValueError("the model has no occupied bin")
        pmf = _core.Pmf.from_arrays(
            grid=grid,
            keys=np.ascontiguousarray(arrays["codes"]).reshape(-1),
            counts=arrays["counts"],
            classes=0 if classes is None else len(classes),
            labels=labels,
            threads=n_threads(-1, arrays["codes"].nbytes),
        )
        if classes is not None:
            for place, name in enumerate(classes.tolist()):
                if pmf.label_total(place) == 0:
                    raise ValueError(f"the label {name!r} has no rows")
        return cls.from_pmf(grid, pmf, classes, n_ignored, kind, feature_names)

    @classmethod
    def from_pmf(
        cls,
        grid: Grid,
        pmf: Any,
        classes: Array | None,
        n_ignored: int,
        kind: str,
        feature_names: Array | None,
    ) -> Model:
        """Make a model of a PMF on the host, moved to where the kind wants it."""
        backend = backend_of(kind)
        try:
            run = Run(backend.uploaded(pmf), grid, classes)
        except (RuntimeError, ImportError) as error:
            raise RuntimeError(
                f"the model was on {backend.place}, which cannot be used here: {error}; move it "
                "with .to(None) before it is pickled, or save it and load it with device="
            ) from error
        return cls(grid, (run,), n_ignored, classes is not None, backend, feature_names)

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + sum(int(run.pmf.nbytes) for run in self._runs)

    def state(self) -> dict[str, Any]:
        """Return all of the model as plain values and arrays, on the host."""
        if self._runs:
            arrays = self.to_arrays()
        else:
            arrays = {name: getattr(self.grid, name) for name in _GRID_ARRAYS}
        return {
            "arrays": arrays,
            "classes": self.classes if self._runs else None,
            "n_ignored": self.n_ignored,
            "labelled": self.labelled,
            "kind": self.kind,
            "feature_names": self.feature_names,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Model:
        """Return the model of what `state` gave, checked as a file is.

        Raises
        ------
        ValueError
            Saying what is wrong.
        """
        try:
            arrays, classes, names = state["arrays"], state["classes"], state["feature_names"]
            n_ignored, labelled, kind = state["n_ignored"], state["labelled"], state["kind"]
            d = len(arrays["origin"])
            if not is_int(n_ignored) or n_ignored < 0:
                raise ValueError(f"n_ignored is {n_ignored!r}")
            if names is not None and np.shape(names) != (d,):
                raise ValueError(f"there are {np.shape(names)} feature names for {d} columns")
            if classes is not None:
                check_classes(classes)
            if "codes" in arrays:
                return cls.from_arrays(arrays, classes, n_ignored, kind, names)
            origin, top, k, first_bin, n_bins = (arrays[name] for name in _GRID_ARRAYS)
            grid = make_grid(origin, top, k).with_extents(first_bin, n_bins)
            return cls(grid, (), n_ignored, bool(labelled), backend_of(kind), names)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"the state of a model is damaged: {what}") from error

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to other processes as plain arrays."""
        return Model.from_state, (self.state(),)


def check_something_fitted(model: Model) -> None:
    """Refuse the model of a whole fit all of whose rows were ignored."""
    if model.n_seen == 0:
        raise ValueError(
            f"all {model.n_ignored} rows lie outside the bounds, and out_of_range='ignore'; there "
            "is nothing to fit"
        )


LABEL_ARRAYS = ("label_start", "label", "label_count")
_GRID_ARRAYS = ("origin", "top", "k", "first_bin", "n_bins")


def _read_only(array: Array) -> Array:
    array.setflags(write=False)
    return array
