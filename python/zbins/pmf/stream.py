"""From a stream of chunks to a model: read twice, or once if the bounds are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .._common.progress import Progress
from .._common.threads import n_threads, strictly
from .._device.backend import Backend, Counted, Grid, Known, Labels, Rows
from .._device.border import backend_of_device
from .._errors import ChunkError, ChunkTypeError, RowError, RowTypeError
from .._types import Array
from .count import run_of
from .grid import Settings, admit
from .model import Model, Run, stack

_AGAIN = (
    "the batches must give the same rows each time (no shuffling, no random encoder), or give "
    "bounds=(lower, upper), for which one pass is enough"
)


def re_iterable(batches: Any) -> tuple[Callable[[], Iterable[Any]], int | None]:
    """Return a function that starts the stream anew, and the number of chunks if known."""
    if callable(batches) and not isinstance(batches, Iterable):
        return batches, None
    if isinstance(batches, (str, bytes, Mapping)) or _is_one_chunk(batches):
        raise TypeError(
            f"batches is a {type(batches).__name__}; accepted are an iterable of X or (X, y), as "
            "[X] for a single X, or a function that returns one"
        )
    if not isinstance(batches, Iterable) and not hasattr(batches, "__getitem__"):
        raise TypeError(
            f"batches is a {type(batches).__name__}; accepted are an iterable of X or (X, y), or a "
            "function that returns one"
        )
    if hasattr(batches, "__next__"):  # iter(batches) would start a DataLoader's workers
        raise TypeError(
            f"batches is a {type(batches).__name__}, which can be iterated only once; pass a list, "
            "a DataLoader, or a function that returns a fresh generator"
        )
    try:
        length = len(batches)
    except TypeError:
        length = None
    return lambda: iter(batches), length


def _is_one_chunk(batches: Any) -> bool:
    """Tell whether this is a matrix or a table; of three dimensions, it is a stack of chunks."""
    if not hasattr(batches, "__array__"):  # an iterable of chunks may have a shape as well
        return False
    of_objects = getattr(getattr(batches, "dtype", None), "hasobject", False)  # each may be a chunk
    return 0 < len(getattr(batches, "shape", ())) < 3 and not of_objects


def split(raw: Any) -> tuple[Any, Any]:
    """Take X, (X,) or (X, y) apart; a plain list of rows is X."""
    if isinstance(raw, tuple) and len(raw) == 2:
        return raw[0], raw[1]
    if not isinstance(raw, (tuple, list)) or not raw or not hasattr(raw[0], "ndim"):
        return raw, None
    # A tuple of arrays is (X, y) whatever their shapes, so that a wrong one is named as such; a
    # list of 1-D arrays is a list of rows, and a list that begins with a matrix is [X, y].
    if isinstance(raw, list) and raw[0].ndim < 2:
        return raw, None
    if len(raw) > 2:
        raise ValueError(f"a chunk has {len(raw)} parts; accepted are X and (X, y)")
    return raw[0], raw[1] if len(raw) == 2 else None


class Chunk(NamedTuple):
    """Checked rows and labels."""

    rows: Rows
    labels: Labels | None
    anywhere: bool = False  # whether later chunks may lie elsewhere

    @property
    def known(self) -> Known:
        """What later chunks must agree with."""
        X = self.rows
        kind = None if self.anywhere else X.backend.kind
        return Known(X.dtype, X.shape[1], X.feature_names, kind)


class Stream:
    """A source of raw chunks that can be read again.

    Parameters
    ----------
    source : callable
        Returns an iterable over the raw chunks, from the first, each time.
    check : callable
        Turns a raw chunk into a `Chunk`; gets the first chunk with rows, or None.
    bar : Progress
        Told of every chunk.
    backend : Backend or None
        Of the model, where chunks are brought to; None: they stay where they are.
    """

    def __init__(
        self,
        source: Callable[[], Any],
        check: Callable[[Any, Chunk | None], Chunk],
        bar: Progress,
        backend: Backend | None = None,
    ) -> None:
        self._source, self._check, self._bar = source, check, bar
        self._backend = backend
        self._first: Chunk | None = None  # kept over both passes

    @property
    def first(self) -> Chunk:
        """The first chunk with rows."""
        if self._first is None:
            raise ValueError("the batches hold no rows; at least one row is needed")
        return self._first

    @property
    def backend(self) -> Backend:
        """Where the chunks are counted."""
        return self.first.rows.backend if self._backend is None else self._backend

    def chunks(self) -> Iterator[tuple[int, Chunk]]:
        """Yield the chunks with rows and their numbers; errors name the chunk."""
        if self._backend is None:
            yield from self._as_they_are()
            return
        pairs = ((_with_own_labels(*pair), pair[1].rows) for pair in self._as_they_are())
        for (number, chunk), rows in self._backend.chunks(pairs):
            yield number, Chunk(rows, chunk.labels)

    def _as_they_are(self) -> Iterator[tuple[int, Chunk]]:
        raw_chunks = self._source()
        if not isinstance(raw_chunks, Iterable):
            raise TypeError(
                f"batches is a function that returned a {type(raw_chunks).__name__}; it must "
                "return an iterable of X or (X, y)"
            )
        for number, raw in enumerate(raw_chunks):
            with ChunkNamed(number):
                chunk = self._check(raw, self._first)
                if self._backend is not None:
                    rows = chunk.rows.sent_to(self._backend)
                    chunk = Chunk(rows, chunk.labels, anywhere=True)
            if len(chunk.rows):
                if self._first is None:
                    self._first = chunk
                yield number, chunk
            self._bar.advance(1, len(chunk.rows))


def _with_own_labels(number: int, chunk: Chunk) -> tuple[int, Chunk]:
    """Return the chunk with labels that the source cannot overwrite."""
    if chunk.labels is not None:
        chunk = chunk._replace(labels=chunk.labels.copy())
    return number, chunk


class ChunkNamed:
    """Adds the chunk's number to an error about its rows."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        if isinstance(error, RowError | RowTypeError):
            raise error.in_chunk(self._number) from error
        if kind in (ValueError, TypeError):
            about_chunk = ChunkError if kind is ValueError else ChunkTypeError
            raise about_chunk(str(error), self._number) from error


class _Tally:
    """Counts chunks into runs, starting a new run only when the grid has grown.

    Parameters
    ----------
    settings : Settings
        Their policy says what happens to rows outside the grid.
    grid : Grid
        To begin with.
    backend : Backend
        Where all the rows are.
    threads : int
        For each chunk; the core takes fewer where the rows are few.
    labelled : bool
        Whether rows come with labels.
    """

    def __init__(
        self, settings: Settings, grid: Grid, backend: Backend, threads: int, labelled: bool
    ) -> None:
        self.grid = grid
        self.n_ignored = 0
        self._settings = settings
        self._backend = backend
        self._threads = threads
        self._labelled = labelled
        self._runs: tuple[Run, ...] = ()
        self._counter = backend.counter(grid, threads, labelled)

    def add(self, X: Rows, y: Labels | None, low: Array, high: Array) -> None:
        """Count the rows of X, with the given minimum and maximum, by the settings' policy."""
        grid, inside = admit(self._settings, self.grid, X, low, high, self._threads)
        if grid is not self.grid and grid != self.grid:
            self._keep(self._counter.finish())
            self.grid = grid
            self._counter = self._backend.counter(grid, self._threads, self._labelled)
        ignored, finished = self._counter.add(X, y, inside)
        self.n_ignored += ignored
        self._keep(finished)

    def _keep(self, counted: list[Counted]) -> None:
        for one in counted:
            run = run_of(one, self.grid, self._backend)
            self._runs = stack((*self._runs, run), self.grid, self._backend, self._threads)

    def model(self, feature_names: Array | None) -> Model:
        """Return what was counted; the tally is used up."""
        self._keep(self._counter.finish())
        return Model(
            self.grid, self._runs, self.n_ignored, self._labelled, self._backend, feature_names
        )


def fit_stream(
    settings: Settings,
    source: Callable[[], Any],
    check: Callable[[Any, Chunk | None], Chunk],
    length: int | None,
    progress: bool | None,
    device: Any = None,
) -> Model:
    """Return the model of a stream: memory O(model).

    Parameters
    ----------
    settings : Settings
        With bounds that are numbers, one pass is enough.
    source, check
        As in `Stream`.
    length : int or None
        Number of chunks, for the progress bar.
    progress : bool or None
        As in the public methods.
    device
        As in `PMFSampler.fit_batches`.
    """
    backend = None if device is None else backend_of_device(device)
    passes = 1 if settings.fixed else 2
    with Progress(progress, None if length is None else passes * length, "fit", "chunk") as bar:
        stream = Stream(source, check, bar, backend)
        tally = (_one_pass if settings.fixed else _two_passes)(settings, stream)
        feature_names = stream.first.rows.feature_names  # raises where there were no rows
        assert tally is not None
        return tally.model(feature_names)


def _tally(settings: Settings, stream: Stream, low: Array, high: Array) -> _Tally:
    """Return the tally for a stream, its grid over the bounds."""
    chunk = stream.first
    grid = settings.grid(None, low, high)
    threads = n_threads(settings.n_jobs, 1 << 40)  # later chunks may be of any size
    return _Tally(settings, grid, stream.backend, threads, chunk.labels is not None)


def _one_pass(settings: Settings, stream: Stream) -> _Tally | None:
    tally: _Tally | None = None
    for number, chunk in stream.chunks():
        X = chunk.rows
        with ChunkNamed(number):
            low, high = X.bounds(n_threads(settings.n_jobs, X.nbytes))
            if tally is None:
                tally = _tally(settings, stream, low, high)
            tally.add(X, chunk.labels, low, high)
    return tally


class _Range:
    """Minimum, maximum and number of rows, chunk by chunk."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.low: Array | None = None
        self.high: Array | None = None

    @strictly
    def add(self, number: int, X: Rows, low: Array, high: Array) -> None:
        self.rows[number] = len(X)
        self.low = low if self.low is None else np.minimum(self.low, low)
        self.high = high if self.high is None else np.maximum(self.high, high)


def _two_passes(settings: Settings, stream: Stream) -> _Tally:
    before = _Range()
    for number, chunk in stream.chunks():
        X = chunk.rows
        with ChunkNamed(number):
            before.add(number, X, *X.bounds(n_threads(settings.n_jobs, X.nbytes)))
    stream.first  # noqa: B018 - raises where there were no rows
    assert before.low is not None
    assert before.high is not None
    tally = _tally(settings, stream, before.low, before.high)

    now = _Range()
    for number, chunk in stream.chunks():
        X = chunk.rows
        with ChunkNamed(number):
            if before.rows.get(number) != len(X):
                raise ValueError(
                    f"{len(X)} rows in the second pass, {before.rows.get(number, 0)} in the "
                    f"first; {_AGAIN}"
                )
            low, high = X.bounds(n_threads(settings.n_jobs, X.nbytes))
            _check_range(X, low, high, before.low, before.high)
            now.add(number, X, low, high)
            tally.add(X, chunk.labels, low, high)
    if now.rows != before.rows:
        missing = min(set(before.rows) - set(now.rows))
        raise ValueError(f"chunk {missing} of the first pass is missing in the second; {_AGAIN}")
    assert now.low is not None
    assert now.high is not None
    _check_same_range((before.low, before.high), (now.low, now.high))
    return tally


@strictly
def _check_same_range(before: tuple[Array, Array], now: tuple[Array, Array]) -> None:
    differs = np.flatnonzero((now[0] != before[0]) | (now[1] != before[1]))
    if differs.size:
        j = int(differs[0])
        raise ValueError(
            f"column {j} spans [{before[0][j]}, {before[1][j]}] in the first pass, but "
            f"[{now[0][j]}, {now[1][j]}] in the second pass; {_AGAIN}"
        )


@strictly
def _check_range(X: Rows, low: Array, high: Array, least: Array, most: Array) -> None:
    """Refuse a row outside the range that the first pass found, naming it."""
    beyond = np.flatnonzero((low < least) | (high > most))
    if not beyond.size:
        return
    j = int(beyond[0])
    value = low[j] if low[j] < least[j] else high[j]
    row = int(np.flatnonzero(X.host()[:, j] == value)[0])
    raise RowError(
        f"{value} at row {{row}}, column {j} lies outside the range [{least[j]}, {most[j]}] that "
        f"the first pass found; {_AGAIN}",
        row,
        j,
        value,
    )
