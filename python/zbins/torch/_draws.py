"""Draws in plain torch operations, which run on any device and can be exported and compiled."""

from __future__ import annotations

from typing import Any

import torch

from ._tables import Tensors

_WORD = 1 << 32
_LOW = _WORD - 1


def draw(tables: Tensors, n: Any, generator: torch.Generator | None) -> torch.Tensor:
    """Return n draws from the tables of a model.

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
