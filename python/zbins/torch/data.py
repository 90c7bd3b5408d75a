"""What `fit` is given, as batches of inputs with their labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from .._common.arrays import to_host
from .._common.labels import as_labels
from .._errors import RowError, RowTypeError
from ..data import Split

DEFAULT_BATCH = 256
# Keys of batches that are dictionaries: of Hugging Face data sets, pythae, and the usual ones.
_INPUTS = ("pixel_values", "images", "image", "data", "inputs", "input", "x")
_LABELS = ("labels", "label", "targets", "target", "y")


class Batch(NamedTuple):
    """Inputs, how many, and their labels if those are wanted."""

    inputs: Any
    n: int
    labels: Any


def batches_of(data: Any, batch_size: int | None, with_labels: bool) -> Iterable[Batch]:
    """Return the batches of a loader, a data set, or tensors.

    Raises
    ------
    TypeError
        If `data` is none of these, or a batch is not recognized.
    ValueError
        If a batch has no labels where they are wanted, or not one for each input; or a batch size
        is given for a loader, which has its own.
    """
    return _Batches(_loader_of(data, batch_size), with_labels)


class _Batches:
    """A loader whose batches are taken apart; its length is the loader's."""

    def __init__(self, loader: Any, with_labels: bool) -> None:
        self._loader, self._with_labels = loader, with_labels

    def __len__(self) -> int:
        return len(self._loader)

    def __iter__(self) -> Iterator[Batch]:
        for number, raw in enumerate(self._loader):
            yield _batch_of(raw, number, self._with_labels)


class _Tensors:
    """Inputs in memory, and their labels or None, in batches."""

    def __init__(self, inputs: Any, labels: Any, size: int) -> None:
        self._inputs, self._labels, self._size = inputs, labels, size

    def __len__(self) -> int:
        return -(-len(self._inputs) // self._size)

    def __iter__(self) -> Iterator[Any]:
        for begin in range(0, len(self._inputs), self._size):
            part = slice(begin, begin + self._size)
            inputs = self._inputs[part]
            if isinstance(inputs, torch.Tensor):  # a view, and encoders may write to their input
                inputs = inputs.clone()
            yield inputs if self._labels is None else (inputs, self._labels[part])


def _loader_of(data: Any, batch_size: int | None) -> Any:
    size = DEFAULT_BATCH if batch_size is None else batch_size
    if _is_array(data):
        if not data.ndim:
            raise ValueError("data is a single number; accepted are inputs of shape (n, ...)")
        return _Tensors(data, None, size)
    if isinstance(data, tuple) and len(data) == 2 and _is_array(data[0]) and _is_labels(data[1]):
        inputs, labels = data
        labels = labels if _is_array(labels) else np.asarray(as_labels(labels))
        if not inputs.ndim or labels.ndim != 1 or len(inputs) != len(labels):
            raise ValueError(
                f"data is a pair of arrays of shapes {tuple(inputs.shape)} and "
                f"{tuple(labels.shape)}; accepted are inputs and as many labels, (n, ...) and (n,)"
            )
        return _Tensors(inputs, labels, size)
    if isinstance(data, (torch.utils.data.Dataset, Split)):
        # With a generator of its own, it leaves torch's global one alone.
        return torch.utils.data.DataLoader(data, batch_size=size, generator=torch.Generator())
    if isinstance(data, (str, bytes, Mapping)) or not (
        isinstance(data, Iterable) or hasattr(data, "__getitem__")
    ):
        raise TypeError(
            f"data is a {type(data).__name__}; accepted are a DataLoader or another iterable of "
            "batches, a Dataset, and an array or a tensor of inputs, alone or in a pair with labels"
        )
    if batch_size is not None:
        raise ValueError(
            f"batch_size is {batch_size}, but data is a {type(data).__name__}, whose batches have "
            "their size; leave it out"
        )
    return data


def _is_array(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, np.ndarray))


def _is_labels(value: Any) -> bool:
    plain = isinstance(value, (list, tuple)) and len(value) > 0
    return _is_array(value) or (plain and all(isinstance(v, (int, str, np.generic)) for v in value))


def _batch_of(raw: Any, number: int, with_labels: bool) -> Batch:
    inputs, labels = _parts(raw, number)
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind in "biuf":
        inputs = torch.from_numpy(np.array(inputs, dtype=inputs.dtype.newbyteorder("=")))
    if not isinstance(inputs, torch.Tensor):
        what = (
            f"array of {inputs.dtype}" if isinstance(inputs, np.ndarray) else type(inputs).__name__
        )
        raise TypeError(
            f"batch {number} holds a {what}; accepted are tensors and arrays, "
            "alone or first of a tuple, or in a dictionary"
        )
    if not inputs.ndim:
        raise ValueError(
            f"batch {number} is a single number; accepted are inputs of shape (n, ...)"
        )
    n = len(inputs)
    if not with_labels:
        return Batch(inputs, n, None)
    if labels is None:
        raise ValueError(
            f"with_labels is True, but batch {number} has no labels; accepted are pairs (inputs, "
            f"labels), and dictionaries with one of {', '.join(_LABELS)}"
        )
    labels = to_host(labels, "labels") if isinstance(labels, torch.Tensor) else labels
    shape = tuple(np.shape(labels))
    if shape != (n,):
        raise ValueError(
            f"batch {number} has labels of shape {shape} for {n} inputs; accepted is ({n},), one "
            "for each"
        )
    try:
        return Batch(inputs, n, as_labels(labels, n))
    except (RowError, RowTypeError) as error:
        raise error.moved(error.row, f"batch {number}: ") from error
    except (TypeError, ValueError) as error:
        raise type(error)(f"batch {number}: {error}") from error


def _parts(raw: Any, number: int) -> tuple[Any, Any]:
    """Return inputs and labels (None if there are none)."""
    if isinstance(raw, Mapping):
        keys = [key for key in _INPUTS if key in raw]
        if not keys:
            raise TypeError(
                f"batch {number} is a {type(raw).__name__} with the keys "
                f"{', '.join(map(repr, raw)) or 'none'}; inputs are looked for under "
                f"{', '.join(_INPUTS)}"
            )
        labels = [raw[key] for key in _LABELS if key in raw]
        return raw[keys[0]], labels[0] if labels else None
    if isinstance(raw, (tuple, list)) and raw:
        return raw[0], raw[1] if len(raw) > 1 else None
    return raw, None
