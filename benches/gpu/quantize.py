"""Quantizing: bytes read and written a second, as a share of a copy that takes turns with it.

python benches/gpu/quantize.py [--quick] [--json FILE]
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `timing` findable
import torch
from ceilings import GIB, copying
from clock import against_ceiling, at_rate, pace_of, race, say
from data import distinct
from harness import cpu_twin, rows_that_fit, target, to_host, zbins
from timing import Pace
from torch_pmfs import lattice

SHARE = 0.90  # of the copy: the target
PART = 100_000  # rows compared with the CPU
FITTED = 1_000_000  # rows the grid is fitted on; the others are clipped into it

# Type, columns, bins of each.
CASES = (
    ("float32", 32, 8),
    ("float32", 256, 20),
    ("float16", 32, 8),
    ("float16", 256, 20),
    ("bfloat16", 32, 8),
    ("bfloat16", 256, 20),
    ("float64", 32, 8),
    ("float64", 256, 20),
    ("float32", 32, 1000),
)


def check(codes: torch.Tensor, sampler: Any, z: torch.Tensor, k: int) -> None:
    """All codes are law 1's in plain PyTorch, the first and last ones those of the CPU."""
    wide = torch.float64 if z.dtype == torch.float64 else torch.float32
    low, scale = lattice(z[:FITTED].to(wide), k)
    step = max(1, (1 << 27) // z.shape[1])
    for begin in range(0, len(z), step):
        part = z[begin : begin + step].to(wide)
        expected = ((part - low) * scale).clamp_(0, k - 1).to(codes.dtype)
        assert torch.equal(codes[begin : begin + step], expected), f"codes from row {begin} on"
    twin = cpu_twin(sampler)
    for part in (slice(0, PART), slice(-PART, None)):
        rows = to_host(z[part].to(wide))
        on_cpu = to_host(twin.quantize(rows)).astype("int64")
        assert (to_host(codes[part]).astype("int64") == on_cpu).all(), "other codes than the CPU's"


def one(dtype: str, d: int, k: int, nbytes: int, pace: Pace) -> dict[str, Any]:
    """One type and shape, rows of about `nbytes`."""
    kind = getattr(torch, dtype)
    size = kind.itemsize
    wide = 1 if k <= 256 else 4
    # The rows, their codes (twice), the copy's two buffers, and what the check makes of a part.
    n = rows_that_fit(nbytes // (size * d), (2 * size + 3 * wide) * d + 64)
    z = distinct(n, d, dtype=kind)
    sampler = zbins.PMFSampler(n_bins=k).fit(z[:FITTED])
    codes = sampler.quantize(z)
    assert codes.is_cuda, "codes that are not on the device"
    assert codes.shape == z.shape
    assert codes.dtype == (torch.uint8 if k <= 256 else torch.int32), f"codes are {codes.dtype}"
    check(codes, sampler, z, k)
    del codes
    moved = n * d * (size + wide)
    moved -= moved % 8
    row = race(
        lambda: sampler.quantize(z),
        {"copy on the device": copying(moved)},
        pace,
        f"quantize {dtype}, d = {d}, k = {k}",
    )
    row = against_ceiling(at_rate(row, n * d * (size + wide)), "copy on the device", moved)
    row |= {"n": n, "d": d, "k": k, "dtype": dtype, "target": target("share", SHARE, row["share"])}
    row["job"] = f"quantize, {dtype}, n = {n:,}, d = {d}, k = {k}"
    say(row)
    return row


def main() -> None:
    """All types and shapes."""
    bench = harness.Bench("quantize", __doc__)
    nbytes = GIB // 2 if bench.quick else 4 * GIB
    for dtype, d, k in CASES:
        bench.run(f"{dtype}, d = {d}, k = {k}", one, dtype, d, k, nbytes, pace_of(bench))
    bench.end()


if __name__ == "__main__":
    main()
