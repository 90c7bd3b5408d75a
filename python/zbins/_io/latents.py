"""Files of latents as one stream of chunks that can be read again: memory O(chunk)."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from .._errors import ChunkError, ChunkTypeError, InputError, RowError, RowTypeError
from .._types import Array
from .arrays import StoredArray, Take, format_of, open_array, open_npy
from .parquet import ParquetLatents, pyarrow

CHUNK_BYTES = 16 << 20


class Source(Protocol):
    """One file of latents."""

    name: str
    n_rows: int
    n_features: int
    dtype: np.dtype[Any]
    names: tuple[str, ...] | None
    mixed: bool

    def chunks(self, rows: int) -> Iterator[tuple[Any, Array | None]]:
        """Yield (X, y) of at most `rows` rows each."""

    def label_dtypes(self) -> set[np.dtype[Any]]:
        """Return the dtypes of the labels of the file; none without."""


class ArrayLatents:
    """The latents, and perhaps labels, of a file of arrays."""

    names: tuple[str, ...] | None = None
    mixed = False

    def __init__(self, path: str, key: str | None, label_key: str | None) -> None:
        self._X = open_array(path, key, label_key)
        self.name, self.dtype, shape = self._X.name, self._X.dtype, self._X.shape
        if len(shape) != 2 or shape[1] == 0:
            raise InputError(
                f"{self.name} has the shape {shape}; latents have two dimensions, "
                "(rows, columns), and at least one column"
            )
        if self.dtype.kind not in "fiub":
            raise InputError(f"{self.name} has the dtype {self.dtype}; accepted are real numbers")
        self.n_rows, self.n_features = shape
        self._y = None if label_key is None else open_array(path, label_key)
        if self._y is not None:
            _check_labels(self._y, self.n_rows, f"rows of {self.name}")

    def chunks(self, rows: int) -> Iterator[tuple[Any, Array | None]]:
        """See `Source.chunks`."""
        with contextlib.ExitStack() as stack:
            take = stack.enter_context(self._X.reader())
            labels = None if self._y is None else stack.enter_context(self._y.reader())
            for begin in range(0, self.n_rows, rows):
                n = min(rows, self.n_rows - begin)
                yield take(n), None if labels is None else labels(n)

    def label_dtypes(self) -> set[np.dtype[Any]]:
        """See `Source.label_dtypes`."""
        return set() if self._y is None else {self._y.dtype}


class LatentFiles:
    """Files of latents that go together, one after the other.

    Parameters
    ----------
    patterns : sequence of str
        Files and globs.
    key : str or None
        Array to read in .npz and .safetensors files.
    columns : sequence of str or None
        Columns to read in Parquet files.
    label_column : str or None
        Column (Parquet) or key (.npz, .safetensors) of labels.
    labels : sequence of str
        .npy files of labels: one for all rows, or one for each file.
    chunk_rows : int or None
        Rows of a chunk; None: as many as take about 16 MiB.

    Attributes
    ----------
    n_rows, n_features : int
        Of all files together.
    dtype : dtype
        Of all of them.
    names : tuple of str or None
        Of the columns.
    paths : list of str
        The files of latents, globs expanded.
    inputs : list of str
        Those and the files of labels.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        *,
        key: str | None = None,
        columns: Sequence[str] | None = None,
        label_column: str | None = None,
        labels: Sequence[str] = (),
        chunk_rows: int | None = None,
    ) -> None:
        self.paths = expanded(patterns)
        self.sources = [_open(path, key, columns, label_column) for path in self.paths]
        # A Parquet file of lists and no rows does not say how long its lists are.
        known = [source for source in self.sources if source.n_features]
        first = (known or self.sources)[0]
        for other in known:
            _check_agree(first, other)
        self.n_features, self.dtype, self.names = first.n_features, first.dtype, first.names
        self.n_rows = sum(source.n_rows for source in self.sources)
        self.labelled = bool(labels) or label_column is not None
        if labels and label_column is not None:
            raise InputError("labels come from --labels or from --label-column, not from both")
        label_paths = expanded(labels)
        self.inputs = [*self.paths, *label_paths]
        self._labels = self._open_labels(label_paths)
        row_bytes = self.n_features * self.dtype.itemsize
        self.chunk_rows = chunk_rows or max(1, CHUNK_BYTES // max(1, row_bytes))
        self.on_rows: Callable[[int], None] = lambda n: None
        self._here: tuple[Source, int] = first, 0

    def _open_labels(self, paths: list[str]) -> list[StoredArray]:
        arrays: list[StoredArray] = []
        for path in paths:
            if format_of(path) != "npy":
                raise InputError(f"{path!r} is no .npy file; labels come as .npy")
            arrays.append(open_npy(path))
        if len(arrays) == 1:
            _check_labels(arrays[0], self.n_rows, "rows")
        elif arrays and len(arrays) != len(self.sources):
            raise InputError(
                f"{len(arrays)} files of labels for {len(self.sources)} files of latents; accepted "
                "are one for all rows, or one for each"
            )
        else:
            for array, source in zip(arrays, self.sources, strict=False):
                _check_labels(array, source.n_rows, f"rows of {source.name}")
        return arrays

    def __iter__(self) -> Iterator[Any]:
        """Yield X, or (X, y) where there are labels."""
        with contextlib.ExitStack() as stack:
            takes = iter([stack.enter_context(array.reader()) for array in self._labels])
            take: Take | None = None
            for source in self.sources:
                if self._labels and (take is None or len(self._labels) > 1):
                    take = next(takes)
                row = 0
                for X, y in source.chunks(self.chunk_rows):
                    self._here = source, row
                    if take is not None:
                        y = take(len(X))
                    yield X if y is None else (X, y)
                    row += len(X)
                    self.on_rows(len(X))

    def label_dtypes(self) -> set[np.dtype[Any]]:
        """Return the dtypes of all labels; files without rows have none."""
        if self._labels:
            return {y.dtype for y in self._labels if y.shape[0]}
        known = [source for source in self.sources if source.n_rows]
        return set().union(*(source.label_dtypes() for source in known))

    def everything(self) -> tuple[Any, Array | None]:
        """Return X and y, all rows in memory."""
        chunks = list(self)
        if self.labelled:
            y = np.concatenate([y for _, y in chunks]) if chunks else None
            chunks = [X for X, _ in chunks]
        else:
            y = None
        if not chunks:
            return np.empty((0, self.n_features), self.dtype), y
        if len(chunks) == 1:
            return chunks[0], y
        if self.names is not None:
            return pyarrow()[0].concat_tables(chunks), y
        return np.concatenate(chunks), y

    @contextlib.contextmanager
    def naming_rows(self, what: Literal["stream", "chunk", "all"]) -> Iterator[None]:
        """Make errors about rows name the file, and the row in it.

        Parameters
        ----------
        what : {"stream", "chunk", "all"}
            What was passed on: the files themselves (errors about a chunk know it), chunk by chunk
            (all errors are about the last), or all rows at once.
        """
        try:
            yield
        except InputError:
            raise
        except (RowError, RowTypeError) as error:
            if what == "all":
                source, row = self._of(error.row)
            else:
                source, begin = self._here
                row = begin + error.row
            raise InputError(f"{source.name}: {error.moved(row)}") from error
        except (ChunkError, ChunkTypeError) as error:
            raise InputError(f"{self._here[0].name}: {error.text}") from error
        except (ValueError, TypeError) as error:
            if what == "chunk":
                raise InputError(f"{self._here[0].name}: {error}") from error
            raise  # about no chunk

    def _of(self, row: int) -> tuple[Source, int]:
        """Return the file that a row of all lies in, and its number there."""
        for source in self.sources:
            if row < source.n_rows:
                break
            row -= source.n_rows
        return source, row


def expanded(patterns: Sequence[str]) -> list[str]:
    """Return the files that names and globs stand for; those of a glob sorted by name."""
    paths: list[str] = []
    for pattern in patterns:
        if glob.has_magic(pattern) and not os.path.lexists(pattern):
            found = sorted(glob.glob(pattern, recursive=True))
            if not found:
                raise InputError(f"no file matches {pattern!r}")
            paths += found
        else:
            paths.append(pattern)
    seen: dict[str, str] = {}
    for path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise InputError(f"{path!r} is given twice; its rows would count twice")
        seen[real] = path
    return paths


def _open(
    path: str, key: str | None, columns: Sequence[str] | None, label_column: str | None
) -> Source:
    if format_of(path) == "parquet":
        if key is not None:
            raise InputError(f"{path!r} is a Parquet file: --columns names what to read, not --key")
        return ParquetLatents(path, columns, label_column)
    if columns is not None:
        raise InputError(f"{path!r} is no Parquet file: --columns does not go with it")
    return ArrayLatents(path, key, label_column)


def _check_agree(first: Source, other: Source) -> None:
    for what, mine, theirs in (
        ("columns", first.n_features, other.n_features),
        ("dtype", first.dtype.newbyteorder("="), other.dtype.newbyteorder("=")),
        ("column names", first.names, other.names),
    ):
        if mine != theirs:
            raise InputError(
                f"{other.name} disagrees with {first.name}: {what} {theirs} and {mine}"
            )


def _check_labels(y: StoredArray, n: int, what: str) -> None:
    if len(y.shape) != 1:
        raise InputError(f"{y.name} has the shape {y.shape}; labels have one dimension")
    if y.shape[0] != n:
        raise InputError(f"{y.name} has {y.shape[0]:,} labels for {n:,} {what}")
