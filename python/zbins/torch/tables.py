"""A fitted model as a few plain tensors: made, checked, and drawn from in torch operations."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from .._common.threads import strictly
from .._core import max_bins
from .._types import Array
from ..pmf.draw import check_rows
from ..pmf.model import Model

Tensors = dict[str, torch.Tensor]

_INTEGERS = ("cumulative", "places", "starts")
_PER_CODE = ("raw", "first", "last")
_PER_COLUMN = ("origin", "width")
NAMES = (*_INTEGERS, *_PER_CODE, *_PER_COLUMN)
_WORD = 1 << 32
_LOW = _WORD - 1
_NARROW = 256  # occupied codes of a column up to which a place takes one byte


@strictly
def tables_of(model: Model) -> Tensors:
    """Return what a draw needs of a fitted model, on the CPU.

    Returns
    -------
    cumulative : int64 Tensor of shape (n_occupied,)
        Rows in the bins up to and including this one.
    places : uint8 or int32 Tensor of shape (n_occupied, n_features)
        Which of the occupied codes of its column each code is.
    starts : int64 Tensor of shape (n_features,)
        Where in the next three the codes of a column start; they ascend within it.
    raw, first, last : Tensor of shape (n_codes,)
        The raw bin, and the smallest and largest value in it, of every code that occurs in its
        column. float32 or float64, as the model; so are the last two.
    origin, width : Tensor of shape (n_features,)
        Of the grid.

    Raises
    ------
    ValueError
        If all its rows were ignored.
    """
    check_rows(model, 1)
    pmf, grid = model.host_pmf(), model.grid
    codes = pmf.codes(model.code_dtype)
    places, occupied = _places(codes, grid.n_bins)
    raw = [
        column.astype(np.int64) + int(first)
        for column, first in zip(occupied, grid.first_bin, strict=True)
    ]
    pairs = [(j, value) for j, column in enumerate(raw) for value in column.tolist()]
    arrays = {
        "cumulative": np.cumsum(pmf.counts, dtype=np.int64),
        "places": places,
        "starts": np.cumsum([0, *(len(column) for column in occupied[:-1])], dtype=np.int64),
        "raw": np.concatenate(raw).astype(model.dtype),
        "first": np.array([grid.first_value(*pair) for pair in pairs], model.dtype),
        "last": np.array([grid.last_value(*pair) for pair in pairs], model.dtype),
        "origin": grid.origin,
        "width": _width(grid),
    }
    return {name: torch.from_numpy(np.array(arrays[name])) for name in NAMES}


def _places(codes: Array, n_bins: Array) -> tuple[Array, list[Array]]:
    """Return every code's place among those that occur in its column, and those."""
    occupied, places = [], []
    for column, size in zip(np.ascontiguousarray(codes.T), n_bins, strict=True):
        occurs = np.zeros(size, np.bool_)
        occurs[column] = True
        occupied.append(np.flatnonzero(occurs))
        narrow = len(occupied[-1]) <= _NARROW
        place = (np.cumsum(occurs) - occurs).astype(np.uint8 if narrow else np.int32)
        places.append(place[column])
    return np.stack(places, axis=1), occupied


def _width(grid: Any) -> Array:
    """Return the widths of law 1: computed in float64 and rounded once."""
    span = grid.top.astype(np.float64) - grid.origin.astype(np.float64)
    width: Array = (span / grid.k).astype(grid.origin.dtype)
    return width


def no_tables() -> Tensors:
    """Return the tables of no model at all, on torch's default device."""
    tables = {name: torch.empty(0) for name in NAMES}
    tables |= {name: torch.empty(0, dtype=torch.int64) for name in _INTEGERS}
    return tables | {"places": torch.empty((0, 0), dtype=torch.uint8)}


def check_tables(tables: dict[str, Any]) -> None:
    """Refuse tensors that `tables_of` and `no_tables` cannot give.

    Values on the device "meta", where there are none, are not looked at.

    Raises
    ------
    ValueError, TypeError
        Naming the tensor and what is wrong with it.
    """
    for name in NAMES:
        _check_kind(name, tables[name], tables["raw"])
    _check_shapes(tables)
    if tables["raw"].device.type == "meta" or not tables["raw"].numel():
        return
    sizes = _sizes(tables["starts"], len(tables["raw"]))
    _check_values(tables, sizes)
    _check_order(tables, sizes)


def _check_kind(name: str, table: Any, raw: Any) -> None:
    if not isinstance(table, torch.Tensor):
        raise TypeError(f"{name} is a {type(table).__name__}; it must be a tensor")
    if table.layout != torch.strided:
        raise TypeError(f"{name} is a {table.layout} tensor; it must be dense")
    accepted = [torch.int64]
    if name == "places":
        accepted = [torch.uint8, torch.int32]
    elif name not in _INTEGERS:
        accepted = [torch.float32, torch.float64]
    if table.dtype not in accepted:
        raise TypeError(f"{name} is {table.dtype}; it must be {' or '.join(map(str, accepted))}")
    if name not in _INTEGERS and table.dtype != raw.dtype:
        raise TypeError(f"{name} is {table.dtype} and raw is {raw.dtype}; they must be alike")
    if table.device != raw.device:
        raise ValueError(f"{name} is on {table.device} and raw on {raw.device}")


def _check_shapes(tables: Tensors) -> None:
    if tables["places"].dim() != 2:
        raise ValueError(
            f"places has the shape {tuple(tables['places'].shape)}; it must have two dimensions"
        )
    m, d = tables["places"].shape
    codes = tables["raw"].numel()
    if not (m and codes >= d >= 1) and (m or d or codes):
        raise ValueError(f"there are {m} bins of {d} columns with {codes} codes")
    sizes = dict.fromkeys(_PER_CODE, codes) | dict.fromkeys((*_PER_COLUMN, "starts"), d)
    for name, size in (sizes | {"cumulative": m}).items():
        shape = tuple(tables[name].shape)
        if shape != (size,):
            raise ValueError(
                f"{name} has the shape {shape}; with {m} bins of {d} columns and {codes} codes it "
                f"must have ({size},)"
            )


def _sizes(starts: torch.Tensor, codes: int) -> torch.Tensor:
    """Return how many codes every column has."""
    sizes = torch.diff(starts, append=starts.new_full((1,), codes))
    inside = ((starts >= 0) & (starts < codes)).all()
    if int(starts[0]) != 0 or not bool(inside) or not bool((sizes > 0).all()):
        raise ValueError(f"starts must ascend from 0 and stay below {codes}, the number of codes")
    return sizes


def _check_values(tables: Tensors, sizes: torch.Tensor) -> None:
    for name in (*_PER_CODE, *_PER_COLUMN):
        at = _first_true(~torch.isfinite(tables[name]))
        if at is not None:
            raise ValueError(f"{name} has {tables[name][at].item()} at {at}; it must be finite")
    raw, width = tables["raw"], tables["width"]
    at = _first_true((raw != raw.floor()) | (raw.abs() > max_bins))
    if at is not None:
        raise ValueError(f"raw has {raw[at].item()} at {at}, which is no bin")
    at = _first_true(width < 0)
    if at is not None:
        raise ValueError(f"width has {width[at].item()} at {at}; it must be at least 0")
    smallest, largest = (edge.long() for edge in torch.aminmax(tables["places"], dim=0))
    at = _first_true((smallest < 0) | (largest >= sizes))
    if at is not None:
        raise ValueError(
            f"places has {int(smallest[at])} to {int(largest[at])} in column {at}, of which "
            f"{int(sizes[at])} codes occur"
        )


def _check_order(tables: Tensors, sizes: torch.Tensor) -> None:
    cumulative, raw = tables["cumulative"], tables["raw"]
    first, last = tables["first"], tables["last"]
    at = _first_true(cumulative <= torch.cat([cumulative.new_zeros(1), cumulative[:-1]]))
    if at is not None:
        raise ValueError(
            f"cumulative has {int(cumulative[at])} at {at}; it must ascend, from at least 1"
        )
    at = _first_true(first > last)
    if at is not None:
        raise ValueError(f"first is {first[at].item()} and last {last[at].item()} at {at}")
    columns = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes)
    together = columns[1:] == columns[:-1]
    at = _first_true(together & ((raw[1:] <= raw[:-1]) | (first[1:] <= last[:-1])))
    if at is not None:
        raise ValueError(f"the codes of column {int(columns[at])} do not ascend at {at + 1}")


def _first_true(wrong: torch.Tensor) -> int | None:
    return int(wrong.int().argmax()) if bool(wrong.any()) else None


def draw(tables: Tensors, n: Any, generator: torch.Generator | None) -> torch.Tensor:
    """Return n draws from the tables of a model, in operations that can be exported and compiled.

    Parameters
    ----------
    n : int or SymInt
        At least 0.
    generator : Generator or None
        On the device of the tables. None: torch's own.

    Returns
    -------
    x : Tensor of shape (n, n_features)
        In the dtype of the tables.
    """
    origin, cumulative = tables["origin"], tables["cumulative"]
    device, dtype = origin.device, origin.dtype
    # With generator=None, torch.randint refuses the symbolic n of torch.export.
    source = {} if generator is None else {"generator": generator}
    # Exact: the range is a power of two.
    words = torch.randint(0, _WORD, (2, n), dtype=torch.int64, device=device, **source)
    rank = multiply_high(words[0], words[1], cumulative[-1])
    bins = torch.searchsorted(cumulative, rank, right=True)
    place = tables["places"].index_select(0, bins).to(torch.int64) + tables["starts"]
    u = torch.rand((n, origin.shape[0]), dtype=dtype, device=device, **source)
    # take reads a table three times as fast as indexing does.
    x = origin + (tables["raw"].take(place) + u) * tables["width"]
    return torch.minimum(torch.maximum(x, tables["first"].take(place)), tables["last"].take(place))


def multiply_high(high: torch.Tensor, low: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
    """Scale 64-bit words to [0, n), exactly: floor((high * 2**32 + low) * n / 2**64).

    Torch multiplies signed 64-bit integers and drops what overflows, so the product is put
    together from those of 32-bit halves.

    Parameters
    ----------
    high, low : int64 Tensor
        Halves of the words, from 0 to 2**32 - 1.
    n : int64 Tensor
        From 0 to 2**63 - 1.

    Returns
    -------
    scaled : int64 Tensor
    """
    n_high, n_low = _upper(n), n & _LOW
    across, down = low * n_high, high * n_low
    middle = _upper(low * n_low) + (across & _LOW) + (down & _LOW)
    return high * n_high + _upper(across) + _upper(down) + _upper(middle)


def _upper(x: torch.Tensor) -> torch.Tensor:
    """Return the upper half of a 64-bit word, as if it were unsigned."""
    return (x >> 32) & _LOW
