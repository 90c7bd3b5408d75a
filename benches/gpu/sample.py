"""Samples into memory that is there: bytes written a second, plainly and replayed from a graph.

python benches/gpu/sample.py [--quick] [--json FILE]
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `timing` findable
import numpy as np
import torch
from ceilings import filling
from clock import against_ceiling, at_rate, pace_of, race, say
from data import few
from harness import cpu_twin, occupied, rows_that_fit, target, to_host, zbins
from timing import Pace

RATE = 1.5e12  # bytes a second: the target
BINS = 100_000
K = 16
PART = 50_000  # samples compared with the CPU's bit for bit, at both ends
FITTED = 2_000_000

# Samples, columns, type. The targets are for float32.
CASES = (
    (100_000_000, 32, "float32"),
    (10_000_000, 64, "float32"),
    (1_000_000, 64, "float32"),
    (10_000_000, 64, "float64"),
)
FILL = "writing by fill"


def fitted(d: int, dtype: torch.dtype) -> Any:
    """A sampler with about 100,000 occupied bins."""
    z, _, counts = few(FITTED, d, K, BINS, dtype=dtype)
    sampler = zbins.PMFSampler(n_bins=K).fit(z)
    assert occupied(sampler) == len(counts), "other bins than those made"
    assert 0.99 * BINS < len(counts) <= BINS, f"{len(counts)} occupied bins, not about {BINS}"
    return sampler


def same_bits(a: Any, b: Any) -> bool:
    """Bit for bit: the sign of a zero too."""
    a, b = to_host(a), to_host(b)
    word = np.uint32 if a.dtype == np.float32 else np.uint64
    return a.dtype == b.dtype and np.array_equal(a.view(word), b.view(word))


def check(sampler: Any, twin: Any, out: torch.Tensor, first: int = 0) -> None:
    """Every value was written, every sample lies in an occupied bin, both ends are the CPU's."""
    n = len(out)
    step = max(1, (1 << 28) // out.shape[1])
    for begin in range(0, n, step):
        part = out[begin : begin + step]
        assert bool(torch.isfinite(part).all()), f"a value not written, from sample {begin} on"
        assert bool(sampler.contains(part).all()), f"outside the bins, from sample {begin} on"
    m = min(PART, n)
    for begin in (0, n - m):
        expected = twin.sample(m, random_state=0, start=first + begin)
        assert same_bits(out[begin : begin + m], expected), f"not the CPU's bits from {begin} on"


def poisoned(n: int, d: int, dtype: torch.dtype) -> torch.Tensor:
    """Memory in which a value that was not written shows."""
    return torch.full((n, d), float("nan"), dtype=dtype, device="cuda")


def described(row: dict[str, Any], how: str, out: torch.Tensor, wanted: int) -> dict[str, Any]:
    """Add rates, the share of the ceiling and the target."""
    n, d = out.shape
    row = against_ceiling(at_rate(row, out.nbytes), FILL, out.nbytes)
    dtype = str(out.dtype).removeprefix("torch.")
    row |= {"n": n, "d": d, "k": K, "dtype": dtype, "how": how}
    row["job"] = f"sample {how}, {dtype}, n = {n:,}, d = {d}"
    if n == wanted and dtype == "float32":
        row["target"] = target("rate", RATE, row["rate"])
    say(row)
    return row


def prepared(n: int, d: int, dtype: str, quick: bool) -> tuple[Any, Any, torch.Tensor]:
    """A sampler, the same on the CPU, and memory for n samples, or as many as fit."""
    kind = getattr(torch, dtype)
    sampler = fitted(d, kind)
    twin = cpu_twin(sampler)
    n = rows_that_fit(n // 10 if quick and n > 1_000_000 else n, d * kind.itemsize + 32, 0.7)
    return sampler, twin, poisoned(n, d, kind)


def plain(wanted: int, d: int, dtype: str, pace: Pace, quick: bool) -> dict[str, Any]:
    """sample(n, out=out), checked and timed in turns with a fill of the same memory."""
    sampler, twin, out = prepared(wanted, d, dtype, quick)
    n = len(out)
    got = sampler.sample(n, random_state=0, out=out)
    assert got is out or got.data_ptr() == out.data_ptr(), "samples in other memory than out"
    check(sampler, twin, out)
    row = race(
        lambda: sampler.sample(n, random_state=0, out=out),
        {FILL: filling(out)},
        pace,
        f"sample {dtype}, n = {n:,}, d = {d}",
    )
    return described(row, "into out=", out, wanted)


def graph_of(sampler: Any, out: torch.Tensor, start: torch.Tensor) -> torch.cuda.CUDAGraph:
    """The call captured; warmed up on a stream of its own before, as PyTorch asks for."""
    n = len(out)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        sampler.sample(n, random_state=0, start=start, out=out)
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        sampler.sample(n, random_state=0, start=start, out=out)
    torch.cuda.synchronize()
    start.zero_()  # the warm-up moved it
    return graph


def replayed(wanted: int, d: int, dtype: str, pace: Pace, quick: bool) -> dict[str, Any]:
    """The same inside a CUDA graph: every replay draws the next n."""
    sampler, twin, out = prepared(wanted, d, dtype, quick)
    n = len(out)
    start = torch.zeros((), dtype=torch.int64, device="cuda")
    graph = graph_of(sampler, out, start)
    for turn in range(3):
        out.fill_(float("nan"))
        graph.replay()
        torch.cuda.synchronize()
        assert int(start) == (turn + 1) * n, f"start is {int(start)} after replay {turn}"
        check(sampler, twin, out, first=turn * n)
    row = race(graph.replay, {FILL: filling(out)}, pace, f"replay {dtype}, n = {n:,}, d = {d}")
    return described(row, "in a graph", out, wanted)


def main() -> None:
    """All shapes, plainly and from a graph."""
    bench = harness.Bench("sample", __doc__)
    for n, d, dtype in CASES:
        for call in (plain, replayed):
            step = f"{call.__name__}, {dtype}, n = {n:,}, d = {d}"
            bench.run(step, call, n, d, dtype, pace_of(bench), bench.quick)
    bench.end()


if __name__ == "__main__":
    main()
