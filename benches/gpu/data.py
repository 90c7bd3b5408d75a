"""Rows on a device whose bins and counts are known beforehand, so that every fit can be checked.

Bins have the width 1 and begin at 0: `few` takes a centre's code and adds 0.1 to 0.9, and two
corner rows make the minimum 0 and the maximum k in every column exactly.
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `answers` findable
import numpy as np
import torch
from answers import as_bytes

CHUNK_VALUES = 1 << 26
MANY = 300_000  # more bins than that are compared by sums of hashes


def few(
    n: int,
    d: int,
    k: int,
    bins: int,
    *,
    device: Any = "cuda",
    dtype: torch.dtype = torch.float32,
    crowd: float = 0.0,
    seed: int = 0,
) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Rows in at most `bins` bins.

    Parameters
    ----------
    n, d, k : int
        Rows, columns, and bins of every column: n > 1, and k a float16 can count to.
    bins : int
        Bins that rows are drawn from; all distinct where k**d is far above bins**2.
    crowd : float
        Share of the rows, beside the drawn ones, that lie in a single bin.

    Returns
    -------
    z : tensor of shape (n, d)
    codes : ndarray of uint8
        The occupied bins, in no particular order.
    counts : ndarray of int64
        Rows in each.
    """
    pick = torch.Generator().manual_seed(seed)
    drawn = torch.randint(0, k, (max(bins - 2, 1), d), dtype=torch.uint8, generator=pick)
    corners = torch.tensor([0, k - 1], dtype=torch.uint8)[:, None].expand(2, d)
    centres = torch.unique(torch.cat([corners, drawn]), dim=0)  # sorted: the corners are its ends
    last, crowded = len(centres) - 1, len(centres) // 2
    there = centres.to(device)
    dice = torch.Generator(device=device).manual_seed(seed)
    z = torch.empty((n, d), dtype=dtype, device=device)
    counts = torch.zeros(len(centres), dtype=torch.int64, device=device)
    step = max(2, CHUNK_VALUES // d)
    for begin in range(0, n, step):
        part = z[begin : begin + step]
        index = torch.randint(0, len(centres), (len(part),), device=device, generator=dice)
        if crowd:
            chance = torch.rand(len(part), device=device, generator=dice)
            index[chance < crowd] = crowded
        if begin == 0:
            index[0], index[1] = 0, last
        counts += torch.bincount(index, minlength=len(centres))
        jitter = torch.rand(part.shape, device=device, generator=dice)
        part.copy_(jitter.mul_(0.8).add_(0.1).add_(there[index]))
    z[0], z[1] = 0, k
    known = harness.to_host(counts)
    return z, harness.to_host(centres)[known > 0], known[known > 0]


def distinct(
    n: int,
    d: int,
    *,
    device: Any = "cuda",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> torch.Tensor:
    """Uniform rows between 0 and 1: each in a bin of its own where k**d is far above n**2."""
    dice = torch.Generator(device=device).manual_seed(seed)
    z = torch.empty((n, d), dtype=dtype, device=device)
    step = max(1, CHUNK_VALUES // d)
    for begin in range(0, n, step):
        part = z[begin : begin + step]
        part.copy_(torch.rand(part.shape, device=device, generator=dice))
    return z


def sorted_bins(codes: Any, counts: Any) -> tuple[np.ndarray, np.ndarray]:
    """Codes as bytes in ascending order, with their counts: to compare models in any order."""
    rows = as_bytes(harness.to_host(codes).astype(np.uint8))
    order = np.argsort(rows)
    return rows[order], harness.to_host(counts)[order]


def fingerprint(codes: Any, counts: Any, device: Any) -> tuple[int, int, int]:
    """The number of bins, and two sums over hashes of all, which their order does not change."""
    # Copied, because an array of a model is not to be written to, which PyTorch warns of.
    rows, weights = (
        torch.tensor(part) if isinstance(part, np.ndarray) else part for part in (codes, counts)
    )
    rows, weights = rows.to(device), weights.to(device, torch.int64)
    sums = []
    for factor in (0x27D4EB2F165667C5, 0x165667B19E3779F9):
        hashes = torch.full((len(rows),), 0x2545F491, dtype=torch.int64, device=device)
        for column in rows.unbind(1):
            hashes.mul_(factor).add_(column.to(torch.int64) + 1)
            hashes.bitwise_xor_(hashes >> 29)
        sums.append(int((hashes * weights).sum()))
    return len(rows), sums[0], sums[1]


def check_bins(codes: Any, counts: Any, expected: tuple[Any, Any]) -> None:
    """The same bins with the same counts as expected, in any order."""
    assert len(codes) == len(expected[0]), f"{len(codes)} bins, not {len(expected[0])}"
    if len(codes) > MANY:
        device = getattr(expected[0], "device", "cpu")
        found, wanted = (fingerprint(*of, device) for of in ((codes, counts), expected))
        assert found == wanted, "other bins or counts than those made"
        return
    found, wanted = sorted_bins(codes, counts), sorted_bins(*expected)
    assert np.array_equal(found[0], wanted[0]), "other bins than those made"
    assert np.array_equal(found[1], wanted[1]), "other counts than those made"


def check_fit(sampler: Any, expected: tuple[Any, Any]) -> None:
    """The sampler has exactly those bins and counts."""
    check_bins(sampler.codes_, sampler.counts_, expected)
    assert sampler.n_samples_seen_ == int(expected[1].sum()), "rows are missing"
