"""Fits: 1e8 rows in few bins, all distinct, and half of them in one bin; wide rows; peak memory.

    python benches/gpu/fit.py [--quick] [--json FILE]

The rows are made so that every bin and count is known beforehand (data.py).
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `timing` findable
import torch
from ceilings import reading
from clock import against_ceiling, at_rate, pace_of, race
from data import check_fit, distinct, few
from harness import cpu_twin, model_bytes, occupied, rows_that_fit, target, to_host, zbins
from timing import Pace

BINS = 100_000
PART = 100_000  # rows looked up in the fitted model

# Name, rows, columns, bins of each, how rows share bins, target in seconds.
CASES = (
    ("few bins", 100_000_000, 32, 8, "few", 0.03),
    ("all distinct", 100_000_000, 32, 8, "distinct", 0.25),
    ("half in one bin", 100_000_000, 32, 8, "crowd", None),
    ("few bins", 10_000_000, 32, 8, "few", None),
    ("all distinct", 10_000_000, 32, 8, "distinct", None),
    ("few bins", 10_000_000, 256, 8, "few", None),
    ("all distinct", 10_000_000, 256, 8, "distinct", None),
    ("few bins", 10_000_000, 256, 20, "few", None),
    ("all distinct", 10_000_000, 256, 20, "distinct", None),
    ("few bins", 1_000_000, 32, 8, "few", None),
    ("few bins", 10_000, 32, 8, "few", None),  # the call itself is the cost
)
# Device memory a fit may want beside its rows, in bytes a row: generous.
BESIDE = 160


def rows_of(n: int, d: int, k: int, spread: str) -> tuple[torch.Tensor, Any]:
    """The rows, and the bins and counts they have (None: a bin each)."""
    if spread == "distinct":
        return distinct(n, d), None
    bins = min(BINS, n)
    z, codes, counts = few(n, d, k, bins, crowd=0.5 if spread == "crowd" else 0.0)
    if spread == "crowd":
        assert counts.max() > 0.45 * n, "data that are not crowded"
    return z, (codes, counts)


def check(sampler: Any, z: torch.Tensor, expected: Any) -> int:
    """Exactly the bins and counts that were made; returns the number of occupied bins."""
    n, bins = len(z), occupied(sampler)
    assert sampler.n_samples_seen_ == n, f"{sampler.n_samples_seen_} rows counted, not {n}"
    if expected is None:
        # n bins, and n rows in all: every count is 1.
        assert bins == n, f"{bins} occupied bins, not {n}"
        # A row found in the model where its codes say: by the model itself, then by NumPy.
        for part in (z[:PART], z[-PART:]):
            assert bool(sampler.contains(part).all()), "a fitted row in no occupied bin"
        return bins
    assert bins == len(expected[1]), f"{bins} occupied bins, not {len(expected[1])}"
    assert bins <= BINS
    check_fit(sampler, expected)
    twin = cpu_twin(sampler)
    assert to_host(twin.contains(to_host(z[:PART]))).all(), "the CPU does not find the rows"
    return bins


def peak_of_fit(z: torch.Tensor, k: int) -> tuple[Any, int]:
    """A first fit, and the most device memory it had beyond what was there."""
    harness.free_memory()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    sampler = zbins.PMFSampler(n_bins=k).fit(z)
    torch.cuda.synchronize()
    return sampler, torch.cuda.max_memory_allocated() - before


def one(
    name: str, n: int, d: int, k: int, spread: str, goal: float | None, pace: Pace
) -> dict[str, Any]:
    """One shape: made, fitted, checked, timed in turns with a read of its rows."""
    wanted = n
    n = rows_that_fit(n, 4 * d + BESIDE)
    if n < wanted:
        print(f"  {wanted:,} rows do not fit into the memory that is free: {n:,}", flush=True)
    z, expected = rows_of(n, d, k, spread)
    sampler, peak = peak_of_fit(z, k)
    bins = check(sampler, z, expected)
    kept = model_bytes(sampler)
    del sampler
    harness.free_memory()
    row = race(
        lambda: zbins.PMFSampler(n_bins=k).fit(z),
        {"reading the rows once": reading(z)},
        pace,
        f"fit {name}, n = {n:,}, d = {d}, k = {k}",
    )
    # The method's two passes: bounds, then codes.
    row = at_rate(row, 2 * z.nbytes)
    row = against_ceiling(row, "reading the rows once", z.nbytes)
    row |= {
        "job": f"fit, {name}, n = {n:,}, d = {d}, k = {k}",
        "n": n,
        "d": d,
        "k": k,
        "occupied": bins,
        "peak_bytes": peak,
        "model_bytes": kept,
        "input_bytes": z.nbytes,
    }
    if goal is not None and n == wanted and wanted == 100_000_000:
        row["target"] = target("seconds", goal, row["seconds"]["median"])
    print(f"  {bins:,} bins, peak {peak / 2**20:,.0f} MiB beyond the rows", flush=True)
    return row


def main() -> None:
    """All shapes."""
    bench = harness.Bench("fit", __doc__)
    for name, n, d, k, spread, goal in CASES:
        size = n // 20 if bench.quick and n > 1_000_000 else n
        step = f"{name}, n = {size:,}, d = {d}, k = {k}"
        bench.run(step, one, name, size, d, k, spread, goal, pace_of(bench))
    bench.end()


if __name__ == "__main__":
    main()
