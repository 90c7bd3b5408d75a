"""Rows written a chunk at a time, as .npy, .npz, .safetensors or Parquet."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from .._errors import InputError
from .._types import Array
from .atomic import atomic_file
from .parquet import pyarrow
from .tensor_file import KINDS, blocks_of, tensors_header

FORMATS = (".npy", ".npz", ".safetensors", ".parquet")


@dataclass(frozen=True)
class Table:
    """What will be written.

    Attributes
    ----------
    n_rows, n_features : int
        Shape of X.
    dtype : dtype
        Of X, in native byte order.
    names : tuple of str or None
        Of the columns: used in Parquet.
    label_dtype : dtype or None
        Of y; None without labels. Strings have their greatest length.
    """

    n_rows: int
    n_features: int
    dtype: np.dtype[Any]
    names: tuple[str, ...] | None = None
    label_dtype: np.dtype[Any] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of X and y."""
        label = 0 if self.label_dtype is None else self.label_dtype.itemsize
        return self.n_rows * (self.n_features * self.dtype.itemsize + label)


class Writer(ABC):
    """Takes chunks of rows, and their labels, in order."""

    def __init__(self, file: IO[bytes], table: Table) -> None:
        self.file, self.table = file, table

    @abstractmethod
    def write(self, X: Any, y: Array | None) -> None:
        """Write the next rows."""

    def finish(self) -> None:  # noqa: B027
        """Write what comes after the last row."""

    def close(self) -> None:  # noqa: B027
        """Let go of what is held, also where something was raised."""


class NpyWriter(Writer):
    """X, as `numpy.save` writes it."""

    def __init__(self, file: IO[bytes], table: Table) -> None:
        super().__init__(file, table)
        _npy_header(file, (table.n_rows, table.n_features), table.dtype)

    def write(self, X: Any, y: Array | None) -> None:
        """See `Writer.write`."""
        _put(self.file, X, self.table.dtype)


class NpzWriter(Writer):
    """Arrays X and y, as `numpy.savez` writes them; y waits in an unnamed file meanwhile."""

    def __init__(self, file: IO[bytes], table: Table) -> None:
        super().__init__(file, table)
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._member = self._begin("X.npy")
        _npy_header(self._member, (table.n_rows, table.n_features), table.dtype)
        self._labels: IO[bytes] | None = None
        if table.label_dtype is not None:
            self._labels = tempfile.TemporaryFile(  # noqa: SIM115
                dir=os.path.dirname(file.name)
            )

    def _begin(self, name: str) -> IO[bytes]:
        # A fixed date: the same rows give the same bytes.
        return self._archive.open(zipfile.ZipInfo(name), "w", force_zip64=True)

    def write(self, X: Any, y: Array | None) -> None:
        """See `Writer.write`."""
        _put(self._member, X, self.table.dtype)
        if self._labels is not None and y is not None:
            assert self.table.label_dtype is not None
            _put(self._labels, y, self.table.label_dtype)

    def finish(self) -> None:
        """See `Writer.finish`."""
        self._member.close()
        if self._labels is not None:
            assert self.table.label_dtype is not None
            self._labels.seek(0)
            with self._begin("y.npy") as member:
                _npy_header(member, (self.table.n_rows,), self.table.label_dtype)
                shutil.copyfileobj(self._labels, member, 1 << 20)
        self._archive.close()

    def close(self) -> None:
        """See `Writer.close`."""
        if self._labels is not None:
            self._labels.close()
        self._archive.fp = None  # or it would write its directory when it is collected
        with contextlib.suppress(Exception):
            self._member.close()


class SafetensorsWriter(Writer):
    """Tensors X and y; the format has none of strings."""

    def __init__(self, file: IO[bytes], table: Table) -> None:
        super().__init__(file, table)
        tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
        tensors["X"] = (self._kind(table.dtype), (table.n_rows, table.n_features))
        if table.label_dtype is not None:
            tensors["y"] = self._kind(table.label_dtype), (table.n_rows,)
        head, self._at = tensors_header(tensors)
        file.write(head)

    def write(self, X: Any, y: Array | None) -> None:
        """See `Writer.write`."""
        self._put("X", X, self.table.dtype)
        if self.table.label_dtype is not None and y is not None:
            self._put("y", y, self.table.label_dtype)

    def _kind(self, dtype: np.dtype[Any]) -> str:
        if dtype not in KINDS:
            word = "strings" if dtype.kind in "UO" else str(dtype)
            raise InputError(f".safetensors holds no {word}; write .npz or .parquet instead")
        return KINDS[dtype]

    def _put(self, key: str, rows: Any, dtype: np.dtype[Any]) -> None:
        self.file.seek(self._at[key])
        self._at[key] += _put(self.file, rows, dtype)


class ParquetWriter(Writer):
    """Columns under their names (z0, z1, ... without), and a column `y` of labels."""

    def __init__(self, file: IO[bytes], table: Table) -> None:
        super().__init__(file, table)
        pa, pq = pyarrow()
        names = table.names or tuple(f"z{j}" for j in range(table.n_features))
        try:
            kind = pa.from_numpy_dtype(table.dtype)
        except pa.ArrowNotImplementedError as error:
            raise InputError(f"Parquet has no type for {table.dtype}") from error
        fields = [(name, kind) for name in names]
        if table.label_dtype is not None:
            if "y" in names:
                raise InputError("a column is named 'y', as that of the labels would be")
            of_labels = table.label_dtype
            is_text = of_labels.kind in "UO"
            fields.append(("y", pa.string() if is_text else pa.from_numpy_dtype(of_labels)))
        self._schema = pa.schema(fields)
        self._writer = pq.ParquetWriter(file, self._schema)

    def write(self, X: Any, y: Array | None) -> None:
        """See `Writer.write`."""
        pa, _ = pyarrow()
        X = np.asarray(X).astype(self.table.dtype, copy=False)
        columns = [pa.array(np.ascontiguousarray(column)) for column in X.T]
        if self.table.label_dtype is not None:
            columns.append(pa.array(y, type=self._schema.field("y").type))
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))

    def finish(self) -> None:
        """See `Writer.finish`."""
        self._writer.close()

    def close(self) -> None:
        """See `Writer.close`."""
        with contextlib.suppress(Exception):
            self._writer.close()
        self._writer.is_open = False  # or it would try again when it is collected


_WRITERS: dict[str, type[Writer]] = {
    ".npy": NpyWriter,
    ".npz": NpzWriter,
    ".safetensors": SafetensorsWriter,
    ".parquet": ParquetWriter,
}


def extension_of(path: str) -> str:
    """Return one of FORMATS, or "" for any other name."""
    extension = os.path.splitext(path)[1].lower()
    return extension if extension in FORMATS else ""


@contextlib.contextmanager
def writing(path: str, table: Table) -> Iterator[Writer]:
    """Give the writer of a file that appears, whole, at the end.

    Raises
    ------
    OSError, InputError
        Naming the path, or what its format cannot hold.
    """
    extension = extension_of(path)
    if extension != ".parquet":  # which is compressed
        _check_space(path, table.nbytes)
    with atomic_file(path) as file:
        writer = _WRITERS[extension](file, table)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()


def _check_space(path: str, nbytes: int) -> None:
    folder = os.path.dirname(os.path.realpath(path))
    free = shutil.disk_usage(folder).free
    if nbytes > free:
        raise InputError(f"{path!r} would take {nbytes:,} bytes, but {free:,} are free")


def _npy_header(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    np.lib.format.write_array_header_1_0(file, header)


def _put(file: IO[bytes], rows: Any, dtype: np.dtype[Any]) -> int:
    """Write rows as plain bytes; return how many."""
    array = np.ascontiguousarray(rows, dtype)
    for block in blocks_of(array):
        file.write(block)
    return array.nbytes
