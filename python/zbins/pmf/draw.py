"""Draws from a fitted model: arguments checked, memory claimed, the core called."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from .. import _core
from .._common.arrays import from_tensor, is_tensor
from .._common.checks import check_count, is_int
from .._common.extras import pip_install
from .._device.frameworks import adopted, framework_of
from .._device.place import Place, place_of, place_of_kind, where
from .._device.reading import device_draw, taken
from .._device.rows import DeviceLabels
from .._types import Array
from .labels import as_labels, encode
from .model import Model, Run

_INDICES = 1 << 64  # sample numbers are 64 bits


def check_rows(model: Model, n: int) -> None:
    """Refuse draws from a model all of whose rows were ignored."""
    if n and not model.n_seen:
        raise ValueError("no row so far lies inside the bounds: there is nothing to draw from")


def check_start(start: Any, n: int, random_state: object, kind: str) -> Any:
    """Return the number of the first sample, or refuse it; on a device it may be an array."""
    start = adopted(start, "start")
    place = place_of(start)
    if place is not None:
        return _check_device_start(start, place, random_state, kind)
    first = check_count("start", start)
    if first and not is_int(random_state):
        raise ValueError(
            f"start is {first}, which needs an int random_state (the same for every share), got "
            f"{random_state!r}"
        )
    if first + n > _INDICES:
        raise ValueError(f"start + n_samples is {first + n}; sample numbers end below 2**64")
    return first


def _check_device_start(start: Any, place: Place, random_state: object, kind: str) -> Any:
    if kind != place.kind:
        raise ValueError(
            f"start is on {place} and the model on {where(kind)}; pass an int, or start there"
        )
    place.framework.plain(start, "start")
    dtype, size = place.framework.dtype(start), int(np.prod(start.shape, dtype=object))
    if dtype not in ("int64", "uint64") or size != 1:
        raise TypeError(
            f"start is an array of {dtype} with {size} entries; accepted on a device is one int64"
        )
    if not is_int(random_state):
        raise ValueError(
            f"start is on {place}, which needs an int random_state (the same for every share), got "
            f"{random_state!r}"
        )
    return start


def check_condition(model: Model, y: Any, n: int) -> Any:
    """Return the wanted labels as places among the classes.

    None, an ndarray of one entry, or `n` entries where the model is.
    """
    if y is None:
        return None
    classes = model.classes
    if classes is None:
        raise ValueError("y is given, but the sampler was fitted without labels")
    if len(y.shape) == 0 if hasattr(y, "shape") else np.ndim(y) == 0:
        labels = as_labels([y.item() if hasattr(y, "item") else y])
        assert isinstance(labels, np.ndarray)
        return encode(labels, classes)
    labels = as_labels(y, n, "samples")
    place = place_of_kind(model.kind)
    if isinstance(labels, DeviceLabels):
        if place is None or labels.place.kind != place.kind:
            raise ValueError(
                f"y is on {labels.place} and the model on {where(model.kind)}; pass y there, or on "
                "the CPU"
            )
        places = place.upload(encode(labels.classes, classes))
        return places[labels.places]
    places = encode(labels, classes)
    # One for all is known by its length, on the host.
    return places if place is None else place.upload(places)


def check_out(out: Any, n: int, model: Model) -> Any:
    """Return the array that `out` is, or refuse it."""
    shape = (n, model.grid.d)
    place = place_of_kind(model.kind)
    if place is not None or framework_of(out) is not None:
        return _check_device_out(adopted(out, "out"), shape, model, place)
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


def _check_device_out(out: Any, shape: tuple[int, int], model: Model, place: Place | None) -> Any:
    its = place_of(out)
    if its is None and not isinstance(out, np.ndarray) and not is_tensor(out):
        raise TypeError(f"out is a {type(out).__name__}; accepted is an array where the model is")
    if place is None or its is not place:
        raise ValueError(
            f"out is on {its or 'the CPU'} and the model on {where(model.kind)}; out must be where "
            "the model is"
        )
    framework = place.framework
    if framework.address(framework.plain(out, "out")) != framework.address(out):
        raise ValueError("out is not aligned in memory; pass an array of the framework's making")
    if getattr(out, "requires_grad", False):
        raise ValueError("out requires grad and cannot be written in place; pass out.detach()")
    if framework.dtype(out) != model.dtype.name:
        raise TypeError(f"out has the dtype {framework.dtype(out)}; samples are {model.dtype}")
    if tuple(out.shape) != shape:
        raise ValueError(f"out has the shape {tuple(out.shape)}; samples have the shape {shape}")
    strides = framework.strides(out)
    gaps = (shape[0] > 1 and strides[0] != shape[1]) or (shape[1] > 1 and strides[1] != 1)
    if gaps:
        raise ValueError(f"out has the strides {strides}; it must be C-contiguous")
    if hasattr(out, "is_neg") and out.is_neg():
        raise ValueError("out is a negated view; pass out.resolve_neg()")
    return out


def new_array(n: int, model: Model) -> Any:
    """Return memory for n samples, or say plainly that there is not enough."""
    shape = (n, model.grid.d)
    place = place_of_kind(model.kind)
    if place is not None:
        return place.empty(shape, model.dtype)
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
    start: Any,
    X: Any,
    threads: int,
    places: Any,
    return_y: bool,
) -> Any:
    """Write samples start, start + 1, ... under the seed to X; return their labels if wanted.

    Parameters
    ----------
    X : array of shape (n, n_features)
        C-contiguous, of the model's dtype, where the model is.
    places : array of shape (1,) or (n,), or None
        Labels to draw from, as `check_condition` gives them.
    """
    run, n = model.ordered(), int(X.shape[0])
    place = place_of_kind(model.kind)
    if place is not None:
        return _draw_on_device(run, place, seed, start, X, places, return_y)
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


def _draw_on_device(
    run: Run, place: Place, seed: int, start: Any, X: Any, places: Any, return_y: bool
) -> Any:
    n = int(X.shape[0])
    labels = place.empty((n,), np.int32) if return_y else None
    if n:
        device_draw(run.grid, run.pmf, place, seed, start, X, places, labels)
    if labels is None:
        return None
    assert run.classes is not None
    return taken(run.classes, labels, place)


def to_kind(array: Any, kind: str) -> Any:
    """Return the array as what the caller works with; labels of str stay NumPy.

    On a device it is that already.
    """
    if kind != "torch" or array.dtype.kind == "U":
        return array
    try:
        import torch
    except ImportError as error:  # a pickle from where it is
        raise ImportError(
            f"the model was fitted on tensors, so it returns tensors, which need PyTorch "
            f"({error}); call to(None) for NumPy arrays, or install it with: {pip_install('torch')}"
        ) from error

    return torch.from_numpy(array)
