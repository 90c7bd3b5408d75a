"""Streams of chunks as callers give them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


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
