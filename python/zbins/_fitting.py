"""From rows to a model: one matrix, one more chunk, or a stream read twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _core
from ._config import n_threads
from ._grid import Grid, admit, bounds_of, check_n_bins, has_fixed_bounds, make_grid
from ._labels import LabelNumbers
from ._model import Model, Run, counter_for, stack
from ._progress import Progress
from ._validate import Array, Latents


@dataclass(frozen=True)
class Settings:
    """The constructor's parameters, checked."""

    n_bins: Any
    bounds: Any
    out_of_range: str
    n_jobs: Any

    def threads(self, X: Array) -> int:
        """Return the threads for one call over X."""
        return n_threads(self.n_jobs, X.nbytes)

    @property
    def fixed(self) -> bool:
        """Whether the bounds are numbers."""
        return has_fixed_bounds(self.bounds)


class Tally:
    """Counts chunks into runs, starting a new run only when the grid has grown."""

    def __init__(self, settings: Settings, grid: Grid, threads: int, labelled: bool) -> None:
        self.grid = grid
        self.n_ignored = 0
        self._settings = settings
        self._threads = threads
        self._labelled = labelled
        self._runs: tuple[Run, ...] = ()
        self._open()

    def _open(self) -> None:
        self._counter = counter_for(self.grid, self._threads, self._labelled)
        self._numbers = LabelNumbers()
        self._rows = 0

    def _close(self) -> None:
        """Turn what is counted into a run."""
        if self._rows == 0:
            return
        classes, rank = self._numbers.finish()
        pmf = self._counter.finish(rank, self._threads)
        run = Run(pmf, self.grid, classes if self._labelled else None)
        self._runs = stack((*self._runs, _without_unused(run)), self.grid, self._threads)

    def add(self, X: Array, y: Array | None, low: Array, high: Array) -> None:
        """Count the rows of X, with the given minimum and maximum, by the settings' policy."""
        settings = self._settings
        threads = settings.threads(X)
        grid, inside = admit(
            self.grid, X, low, high, settings.out_of_range, settings.fixed, threads
        )
        if grid is not self.grid and grid != self.grid:
            self._close()
            self.grid = grid
            self._open()
        numbers = None if y is None else self._numbers.encode(y)
        ignored = self._counter.add(X, inside, numbers, threads)
        self.n_ignored += ignored
        self._rows += len(X) - ignored

    def model(self, kind: str, feature_names: Array | None) -> Model:
        """Return what was counted; the tally is used up."""
        self._close()
        return Model(self.grid, self._runs, self.n_ignored, self._labelled, kind, feature_names)


def _without_unused(run: Run) -> Run:
    """Drop labels that only ignored rows had."""
    if run.classes is None:
        return run
    used = [place for place in range(len(run.classes)) if run.pmf.label_total(place) > 0]
    if len(used) == len(run.classes):
        return run
    assert run.pmf.label_counts is not None
    start, label, count = run.pmf.label_counts
    pmf = _core.Pmf.from_arrays(
        d=run.pmf.d,
        widest=run.grid.widest,
        keys=run.pmf.keys.reshape(-1),
        counts=run.pmf.counts.astype(np.uint64),
        classes=len(used),
        labels=(start, np.searchsorted(used, label).astype(np.int32), count),
    )
    return Run(pmf, run.grid, run.classes[used])


def fit_rows(settings: Settings, latents: Latents, y: Array | None) -> Model:
    """Return the model of one matrix (or of the first chunk of a stream)."""
    X = latents.array
    threads = settings.threads(X)
    k = check_n_bins(settings.n_bins, X.shape[1])
    low, high = _core.bounds(X, threads)
    grid = make_grid(*bounds_of(settings.bounds, X, low, high), k)
    tally = Tally(settings, grid, threads, y is not None)
    tally.add(X, y, low, high)
    return tally.model(latents.kind, latents.feature_names)


def fit_more(settings: Settings, model: Model, X: Array, y: Array | None) -> Model:
    """Return the model with one more chunk of rows."""
    if len(X) == 0:
        return model
    threads = settings.threads(X)
    low, high = _core.bounds(X, threads)
    tally = Tally(settings, model.grid, threads, y is not None)
    tally.add(X, y, low, high)
    return model.extended(tally.model(model.kind, None), threads)


Chunk = tuple[Latents, Array | None]


def fit_stream(
    settings: Settings,
    chunks: Callable[[], Iterable[Any]],
    check: Callable[[Any, Latents | None, bool | None], Chunk],
    length: int | None,
    progress: bool | None,
) -> Model:
    """Return the model of a stream that can be read again: memory O(model).

    Parameters
    ----------
    settings : Settings
        With bounds that are numbers, one pass is enough.
    chunks : callable
        Returns an iterator over the raw chunks, from the first, each time.
    check : callable
        Turns a raw chunk into rows and labels; gets the first chunk's rows and whether it had
        labels, or None.
    length : int or None
        Number of chunks, for the progress bar.
    progress : bool or None
        As in the public methods.
    """
    passes = 1 if settings.fixed else 2
    with Progress(progress, None if length is None else passes * length, "fit", "chunk") as bar:
        if settings.fixed:
            return _one_pass(settings, _checked(chunks, check, bar))
        return _two_passes(settings, lambda: _checked(chunks, check, bar))


def _checked(
    chunks: Callable[[], Iterable[Any]],
    check: Callable[[Any, Latents | None, bool | None], Chunk],
    bar: Progress,
) -> Iterator[tuple[int, Chunk]]:
    """Yield the non-empty chunks with their numbers; errors name the chunk."""
    first: Latents | None = None
    labelled: bool | None = None
    for number, raw in enumerate(chunks()):
        with _ChunkNamed(number):
            latents, y = check(raw, first, labelled)
        if len(latents.array):
            if first is None:
                first, labelled = latents, y is not None
            yield number, (latents, y)
        bar.advance(1, len(latents.array))


class _ChunkNamed:
    """Adds the chunk's number to an error about its rows."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if kind in (ValueError, TypeError):
            raise kind(f"chunk {self._number} (the first is 0): {error}") from error


def _no_rows() -> ValueError:
    return ValueError("the batches hold no rows; at least one row is needed")


def _one_pass(settings: Settings, chunks: Iterator[tuple[int, Chunk]]) -> Model:
    tally: Tally | None = None
    first: Latents | None = None
    for number, (latents, y) in chunks:
        X = latents.array
        with _ChunkNamed(number):
            low, high = _core.bounds(X, settings.threads(X))
            if tally is None or first is None:
                k = check_n_bins(settings.n_bins, X.shape[1])
                grid = make_grid(*bounds_of(settings.bounds, None, low, high), k)
                tally = Tally(settings, grid, _stream_threads(settings), y is not None)
                first = latents
            tally.add(X, y, low, high)
    if tally is None or first is None:
        raise _no_rows()
    return tally.model(first.kind, first.feature_names)


def _two_passes(settings: Settings, chunks: Callable[[], Iterator[tuple[int, Chunk]]]) -> Model:
    first: Latents | None = None
    sizes: dict[int, int] = {}
    for number, (latents, _) in chunks():
        X = latents.array
        with _ChunkNamed(number):
            low_here, high_here = _core.bounds(X, settings.threads(X))
        sizes[number] = len(X)
        if first is None:
            first, low, high = latents, low_here, high_here
        else:
            low, high = np.minimum(low, low_here), np.maximum(high, high_here)
    if first is None:
        raise _no_rows()
    k = check_n_bins(settings.n_bins, first.array.shape[1])
    grid = make_grid(low, high, k)

    tally: Tally | None = None
    seen: dict[int, int] = {}
    for number, (latents, y) in chunks():
        X = latents.array
        with _ChunkNamed(number):
            if tally is None:
                tally = Tally(settings, grid, _stream_threads(settings), y is not None)
            if sizes.get(number) != len(X):
                raise ValueError(
                    f"{len(X)} rows in the second pass, {sizes.get(number, 0)} in the first; "
                    f"{_AGAIN}"
                )
            low_here, high_here = _core.bounds(X, settings.threads(X))
            beyond = np.flatnonzero((low_here < low) | (high_here > high))
            if beyond.size:
                j = int(beyond[0])
                value = low_here[j] if low_here[j] < low[j] else high_here[j]
                row = int(np.flatnonzero(X[:, j] == value)[0])
                raise ValueError(
                    f"{value} at row {row}, column {j} lies outside the range [{low[j]}, "
                    f"{high[j]}] that the first pass found; {_AGAIN}"
                )
            tally.add(X, y, low_here, high_here)
        seen[number] = len(X)
    if seen != sizes:
        missing = min(set(sizes) - set(seen))
        raise ValueError(f"chunk {missing} of the first pass is missing in the second; {_AGAIN}")
    assert tally is not None
    return tally.model(first.kind, first.feature_names)


_AGAIN = (
    "the batches must give the same rows each time (no shuffling, no random encoder), or give "
    "bounds=(lower, upper), for which one pass is enough"
)


def _stream_threads(settings: Settings) -> int:
    """Return the threads that later chunks may use, whatever their size."""
    return n_threads(settings.n_jobs, 1 << 40)
