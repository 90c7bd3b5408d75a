"""Draws from a fitted model: arguments checked, memory claimed, the core called."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from . import _core
from ._labels import as_labels, encode
from ._model import Model
from ._random import is_int
from ._types import Array
from ._validate import from_tensor, is_tensor

_INDICES = 1 << 64  # sample numbers are 64 bits


def check_count(name: str, value: object, least: int = 0) -> int:
    """Return a whole number, or refuse it by name."""
    if not is_int(value):
        raise TypeError(f"{name} is {value!r} of type {type(value).__name__}; it must be an int")
    number = int(value)  # type: ignore[call-overload]
    if number < least:
        raise ValueError(f"{name} is {number}; it must be at least {least}")
    return int(number)


def check_rows(model: Model, n: int) -> None:
    """Refuse draws from a model all of whose rows were ignored."""
    if n and not model.n_seen:
        raise ValueError("no row so far lies inside the bounds: there is nothing to draw from")


def check_start(start: object, n: int, random_state: object) -> int:
    """Return the number of the first sample, or refuse it."""
    first = check_count("start", start)
    if first and not is_int(random_state):
        raise ValueError(
            f"start is {first}, which needs an int random_state (the same for every share), got "
            f"{random_state!r}"
        )
    if first + n > _INDICES:
        raise ValueError(f"start + n_samples is {first + n}; sample numbers end below 2**64")
    return first


def check_condition(model: Model, y: Any, n: int) -> Array | None:
    """Return the wanted labels as places among the classes: None, one entry, or `n`."""
    if y is None:
        return None
    classes = model.classes
    if classes is None:
        raise ValueError("y is given, but the sampler was fitted without labels")
    if y.ndim == 0 if is_tensor(y) else np.ndim(y) == 0:
        return encode(as_labels([y.item() if hasattr(y, "item") else y]), classes)
    return encode(as_labels(y, n, "samples"), classes)


def check_out(out: Any, n: int, model: Model) -> Array:
    """Return the array that `out` is, or refuse it."""
    shape = (n, model.grid.d)
    if is_tensor(out) and (out.is_neg() or str(out.dtype) == "torch.bfloat16"):
        # Reading these as an array makes a copy, and a draw into it would be lost.
        if out.is_neg():
            raise ValueError("out is a negated view; pass out.resolve_neg()")
        raise TypeError(f"out has the dtype bfloat16; samples are {model.dtype}")
    array = from_tensor(out, "out") if is_tensor(out) else out
    if not isinstance(array, np.ndarray):
        raise TypeError(f"out is a {type(out).__name__}; accepted are a NumPy array or a tensor")
    if is_tensor(out) and out.requires_grad:
        raise ValueError("out requires grad and cannot be written in place; pass out.detach()")
    if array.dtype != model.dtype or not array.dtype.isnative:
        raise TypeError(f"out has the dtype {array.dtype}; samples are {model.dtype}")
    if array.shape != shape:
        raise ValueError(f"out has the shape {array.shape}; samples have the shape {shape}")
    if not array.flags.writeable:
        raise ValueError("out is read-only; it must be writeable")
    if not array.flags.aligned:
        raise ValueError("out is not aligned in memory; pass an array of NumPy's own making")
    if not array.flags.c_contiguous:
        raise ValueError(f"out has the strides {array.strides}; it must be C-contiguous")
    return array


def new_array(n: int, model: Model) -> Array:
    """Return memory for n samples, or say plainly that there is not enough."""
    shape = (n, model.grid.d)
    nbytes = n * model.grid.d * model.dtype.itemsize
    too_much = f"{n:,} samples take {nbytes:,} bytes, more than there is; use sample_batches"
    # Linux grants memory it does not have and kills the process later; refuse what cannot fit.
    if nbytes > min(sys.maxsize, _physical_memory()):
        raise MemoryError(too_much)
    try:
        return np.empty(shape, model.dtype)
    except MemoryError:
        raise MemoryError(too_much) from None


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def draw(
    model: Model,
    seed: int,
    start: int,
    X: Array,
    threads: int,
    places: Array | None,
    return_y: bool,
) -> Array | None:
    """Write samples start, start + 1, ... under the seed to X; return their labels if wanted.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        C-contiguous, of the model's dtype.
    places : ndarray of shape (1,) or (n,), or None
        Labels to draw from, as places among the classes.
    """
    run, n = model.ordered(), len(X)
    labels = np.empty(n, np.int32) if return_y and places is None else None
    if n:
        _core.draw(run.grid, run.pmf, seed, start, X, places, labels, threads)
    if not return_y:
        return None
    assert run.classes is not None
    if labels is None:
        assert places is not None
        labels = np.broadcast_to(places, (n,))
    drawn: Array = run.classes[labels]
    return drawn


def to_kind(array: Array, kind: str) -> Any:
    """Return the array as what the caller works with; labels of str stay NumPy."""
    if kind == "numpy" or array.dtype.kind == "U":
        return array
    import torch

    return torch.from_numpy(array)
