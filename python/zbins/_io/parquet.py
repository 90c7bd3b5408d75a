"""Parquet files by pyarrow: columns of numbers, or one column of lists of equal length."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._common.extras import pip_install
from .._errors import InputError
from .._types import Array


def pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet module, or say what is missing."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(
            f"Parquet files need pyarrow ({error}); install it with: {pip_install('parquet')}"
        ) from error
    return pa, pq


class ParquetLatents:
    """The latents of a Parquet file.

    Parameters
    ----------
    path : str
        The file.
    columns : sequence of str or None
        None: all columns of numbers; where there are none, the only column of lists.
    label_column : str or None
        Holds the labels, and is no column of the latents.

    Attributes
    ----------
    n_rows, n_features : int
        Shape.
    dtype : dtype
        Common to the columns.
    names : tuple of str or None
        Of the columns; None where the latents are lists.
    mixed : bool
        Whether the columns are of several types.
    """

    def __init__(self, path: str, columns: Sequence[str] | None, label_column: str | None) -> None:
        self.name = repr(path)
        self._path = path
        self._label_column = label_column
        self.mixed = False
        with self._opened() as file:
            schema, self.n_rows = file.schema_arrow, file.metadata.num_rows
            if label_column is not None:
                self._known(label_column, schema)
            self._columns = self._chosen(columns, schema)
            types = [schema.field(name).type for name in self._columns]
            self._lists = len(types) == 1 and _is_list(types[0])
            if self._lists:
                self.dtype = np.dtype(types[0].value_type.to_pandas_dtype())
                first = next(iter(file.iter_batches(1, columns=self._columns)), None)
                self.n_features = getattr(types[0], "list_size", 0)
                if first is not None:
                    self.n_features = len(first.column(0)[0].as_py() or ())
                self.names = None
            else:
                self.dtype = np.result_type(*[t.to_pandas_dtype() for t in types])
                self.mixed = len(set(types)) > 1
                self.n_features = len(types)
                self.names = tuple(self._columns)

    def chunks(self, rows: int) -> Iterator[tuple[Any, Array | None]]:
        """Yield (X, y): X a pyarrow table, which carries the names of its columns, or an array."""
        pa, _ = pyarrow()
        labels = [] if self._label_column is None else [self._label_column]
        row = 0
        with self._opened() as file:
            for batch in file.iter_batches(rows, columns=[*self._columns, *labels]):
                table = pa.Table.from_batches([batch])
                self._refuse_nulls(table, row)
                X = table.select(self._columns)
                if self._lists:
                    X = self._flattened(X.column(0), row)
                yield X, self._labels(table)
                row += len(table)

    def label_dtypes(self) -> set[np.dtype[Any]]:
        """Return the dtypes that labels have once they are taken for such."""
        if self._label_column is None:
            return set()
        from .._common.labels import as_labels  # late: scikit-learn takes a second

        dtypes, row = set(), 0
        with self._opened() as file:
            for batch in file.iter_batches(columns=[self._label_column]):
                table = pyarrow()[0].Table.from_batches([batch])
                self._refuse_nulls(table, row)
                if len(table):
                    dtypes.add(as_labels(self._labels(table)).dtype)
                row += len(table)
        return dtypes

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        pa, pq = pyarrow()
        with open(self._path, "rb") as raw:  # pyarrow would not open every name
            try:
                file = pq.ParquetFile(raw)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{self.name} cannot be read: {error}") from error
            with file:
                yield file

    def _known(self, column: str, schema: Any) -> None:
        if column not in schema.names:
            raise InputError(f"{self.name} has no column {column!r}; it has {_shown(schema.names)}")

    def _chosen(self, columns: Sequence[str] | None, schema: Any) -> list[str]:
        others = [name for name in schema.names if name != self._label_column]
        for name in others if columns is None else columns:
            if schema.names.count(name) > 1:
                raise InputError(f"{self.name} has several columns {name!r}")
        if columns is None:
            chosen = [name for name in others if _is_number(schema.field(name).type)]
            chosen = chosen or [name for name in others if _is_list(schema.field(name).type)]
            if not chosen:
                raise InputError(
                    f"{self.name} has no column of numbers; it has {_shown(schema.names)}"
                )
        else:
            chosen = list(columns)
        for column in chosen:
            self._known(column, schema)
            kind = schema.field(column).type
            if not _is_number(kind) and not (_is_list(kind) and len(chosen) == 1):
                raise InputError(
                    f"{self.name}: column {column!r} is {kind}; accepted are columns of numbers, "
                    "or one column of lists of numbers (--columns)"
                )
        return chosen

    def _refuse_nulls(self, table: Any, row: int) -> None:
        for name in table.column_names:
            column = table.column(name)
            if column.null_count:
                first = int(np.flatnonzero(column.is_null().to_numpy())[0])
                raise InputError(f"{self.name}: no value at row {row + first}, column {name!r}")

    def _flattened(self, lists: Any, row: int) -> Array:
        lengths = lists.combine_chunks().value_lengths()
        lengths = np.asarray(lengths) if lengths is not None else np.empty(0, int)
        wrong = np.flatnonzero(lengths != self.n_features)
        if wrong.size:
            raise InputError(
                f"{self.name}: {lengths[wrong[0]]} numbers at row {row + int(wrong[0])}, "
                f"{self.n_features} in the first row"
            )
        values: Array = np.asarray(lists.combine_chunks().flatten())
        return values.reshape(-1, self.n_features)

    def _labels(self, table: Any) -> Array | None:
        if self._label_column is None:
            return None
        column = table.column(self._label_column).combine_chunks()
        if hasattr(column, "dictionary_decode"):
            column = column.dictionary_decode()
        labels: Array = column.to_numpy(zero_copy_only=False)
        return labels


def _is_number(kind: Any) -> bool:
    pa, _ = pyarrow()
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind))


def _is_list(kind: Any) -> bool:
    types = pyarrow()[0].types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists and _is_number(kind.value_type))


def _shown(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return (shown + (", ..." if len(names) > 20 else "")) or "none"
