"""Labels of rows: int, bool or str, encoded as places among the sorted classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import column_or_1d

from .._errors import RowError, RowTypeError
from .._types import Array
from .arrays import from_tensor, is_tensor
from .threads import strictly

_ROWS_AT_ONCE = 1 << 18
KINDS = {"i": "int", "u": "int", "b": "bool", "U": "str"}
DTYPES: dict[str, type] = {"int": np.int64, "bool": np.bool_, "str": np.str_}


def kind_of(labels: Any) -> str:
    """Return "int", "bool" or "str" for labels, of the host or of a device."""
    return KINDS[labels.dtype.kind]


def classes_of(values: list[Any], kind: str) -> Array:
    """Return labels of this kind as the array that classes are."""
    return np.array(values, DTYPES[kind])


def check_classes(classes: Any) -> None:
    """Refuse what no list of classes is: int64, bool or str, each once, in order."""
    if not isinstance(classes, np.ndarray) or classes.ndim != 1 or classes.dtype.kind not in "ibU":
        raise ValueError(f"the classes are {classes!r}, which are no labels")
    if (classes[1:] <= classes[:-1]).any():
        raise ValueError("the classes are not in order, or one stands there twice")


def as_labels(y: Any, n: int | None = None, what: str = "rows of X") -> Array:
    """Return y as a 1-D array of int64 (whole floats included), bool or str.

    Raises
    ------
    TypeError
        For any other type of label, naming it.
    ValueError
        If y is not 1-D, or has not `n` entries, one for each of `what`.
    """
    if is_tensor(y):
        y = from_tensor(y, "y")
    elif isinstance(y, (list, tuple)) and len({type(label) for label in y}) > 1:
        # NumPy would turn a mixture into strings or numbers without a word.
        y, plain = np.empty(len(y), object), y
        y[:] = plain
    labels: Array = column_or_1d(np.asarray(y), warn=True)
    if labels.dtype == object:
        labels = _from_objects(labels)
    elif labels.dtype.kind == "T":  # NumPy's variable-width strings
        labels = labels.astype(str)
    if labels.dtype.kind == "f":
        labels = _from_floats(labels)
    if labels.dtype.kind not in KINDS and labels.size:
        raise not_accepted(0, labels[0], labels.dtype)
    check_length(len(labels), n, what)
    check_int64(labels)
    if labels.dtype.kind in "iu" or (not labels.size and labels.dtype.kind not in KINDS):
        return labels.astype(np.int64)
    return labels


def check_length(labels: int, n: int | None, what: str) -> None:
    """Refuse labels that are not one for each of `what`."""
    if n is not None and labels != n:
        raise ValueError(f"y has {labels} labels for {n} {what}; one per row is needed")


def check_int64(labels: Array) -> None:
    """Refuse unsigned labels past those of int64."""
    if labels.dtype.kind == "u" and labels.size and labels.max() > np.iinfo(np.int64).max:
        raise ValueError(f"y has the label {labels.max()}; an int label must be below 2**63")


def not_accepted(row: int, label: Any, dtype: Any) -> RowTypeError:
    """Return the error about a label whose dtype is none of ours."""
    return RowTypeError(
        f"y has the label {label!s} of dtype {dtype} at row {{row}}; accepted are int, bool and "
        "str",
        row,
        value=label,
    )


@strictly
def _from_floats(labels: Array) -> Array:
    """Return whole numbers that passed through a table of floats."""
    fractional = np.flatnonzero(labels != np.trunc(labels))
    if fractional.size:
        row = int(fractional[0])
        raise not_accepted(row, labels[row], labels.dtype)
    check_below(labels)
    return labels.astype(np.int64)


def check_below(labels: Array) -> None:
    """Refuse floats past the labels of int64."""
    if labels.size and np.abs(labels).max() >= 2.0**63:
        raise ValueError(f"y has the label {np.abs(labels).max()}; it must be below 2**63")


def _from_objects(labels: Array) -> Array:
    for row, label in enumerate(labels):
        if not isinstance(label, (str, int, np.integer, np.bool_)):
            raise RowTypeError(
                f"y has the label {label!r} of type {type(label).__name__} at row {{row}}; "
                "accepted are int, bool and str",
                row,
                value=label,
            )
    kinds = {
        "bool" if isinstance(v, (bool, np.bool_)) else "str" if isinstance(v, str) else "int"
        for v in labels
    }
    if len(kinds) > 1:
        raise TypeError(f"y mixes labels of type {' and '.join(sorted(kinds))}; one type is needed")
    if kinds == {"int"}:
        for row, label in enumerate(labels):
            if not -(1 << 63) <= label < 1 << 63:
                raise RowError(
                    f"y has the label {label} at row {{row}}; an int label must be at least "
                    "-2**63 and below 2**63",
                    row,
                    value=label,
                )
        return np.array(labels.tolist(), np.int64)
    return np.array(labels.tolist())


def check_same_kind(known: Any, new: Any) -> None:
    """Refuse labels of another type than those seen before."""
    if kind_of(known) != kind_of(new):
        raise TypeError(
            f"y has labels of type {kind_of(new)}, but labels seen before are {kind_of(known)}"
        )


def union(a: Array, b: Array) -> tuple[Array, list[int], list[int]]:
    """Return the sorted union of two lists of classes, and the place of each entry in it."""
    check_same_kind(a, b)
    both = np.union1d(a, b)
    return both, np.searchsorted(both, a).tolist(), np.searchsorted(both, b).tolist()


def encode(labels: Array, classes: Array) -> Array:
    """Return the place of every label among the sorted classes (int32).

    Raises
    ------
    TypeError
        For labels of another type than the classes.
    ValueError
        For a label that is no class, naming it.
    """
    if not labels.size:
        return np.empty(0, np.int32)
    check_same_kind(classes, labels)
    places = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    unknown = classes[places] != labels
    if unknown.any():
        shown = ", ".join(repr(c) for c in classes[:20].tolist())
        more = ", ..." if len(classes) > 20 else ""
        raise ValueError(
            f"y has the label {labels[unknown][0].item()!r}, which was not among the labels "
            f"fitted: {shown}{more}"
        )
    return np.ascontiguousarray(places, np.int32)


class LabelNumbers:
    """Numbers labels in the order they are met, over several chunks."""

    def __init__(self) -> None:
        self._classes: Array | None = None  # sorted
        self._numbers: Array = np.empty(0, np.int32)  # of the sorted classes

    def encode(self, labels: Array) -> Array:
        """Return the numbers of the labels (int32), new ones numbered onward."""
        if len(labels) <= _ROWS_AT_ONCE:
            return self._encode(labels)
        numbers = np.empty(len(labels), np.int32)
        for begin in range(0, len(labels), _ROWS_AT_ONCE):  # in between, Ctrl-C is obeyed
            end = begin + _ROWS_AT_ONCE
            numbers[begin:end] = self._encode(labels[begin:end])
        return numbers

    def _encode(self, labels: Array) -> Array:
        fresh, inverse = np.unique(labels, return_inverse=True)
        if self._classes is None:
            self._classes = fresh
            self._numbers = np.arange(len(fresh), dtype=np.int32)
        else:
            both, old, new = union(self._classes, fresh)
            numbers = np.full(len(both), -1, np.int32)
            numbers[old] = self._numbers
            unseen = np.flatnonzero(numbers < 0)
            numbers[unseen] = np.arange(len(old), len(both), dtype=np.int32)
            self._classes, self._numbers = both, numbers
            return np.ascontiguousarray(numbers[new][inverse], np.int32)
        return np.ascontiguousarray(self._numbers[inverse], np.int32)

    def finish(self) -> tuple[Array, Array]:
        """Return the sorted classes, and for every number the place of its label among them."""
        if self._classes is None:
            return np.empty(0, np.int64), np.empty(0, np.int32)
        rank = np.empty(len(self._classes), np.int32)
        rank[self._numbers] = np.arange(len(rank), dtype=np.int32)
        return self._classes, rank
