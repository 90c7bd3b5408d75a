"""Streams: partial_fit of chunks on the device, and fit_batches of chunks in the host's memory.

    python benches/gpu/streams.py [--quick] [--json FILE]

A stream from the host cannot be faster than copies from it, which take turns with it.
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `timing` findable
import torch
from ceilings import reading
from clock import against_ceiling, at_rate, pace_of, race, say
from data import check_fit, few
from harness import occupied, zbins
from timing import Pace, Peer

D, K, BINS = 32, 8, 100_000
CHUNK = 1_000_000
POOL = 5  # chunks that differ
TIMES = 4  # how often each comes
COPY = "copying the chunks once"


def times(expected: Any, factor: int) -> Any:
    """The bins and counts of rows that come so often."""
    return expected[0], expected[1] * factor


def on_device(chunk: int, bounded: bool, pace: Pace) -> dict[str, Any]:
    """partial_fit of chunks that lie on the device, the ordered view included."""
    z, *expected = few(POOL * chunk, D, K, BINS)
    # The first chunk alone would fix the lattice: without bounds it must hold the corners, as the
    # first does.
    chunks = list(z.split(chunk)) * TIMES

    def call() -> Any:
        sampler = zbins.PMFSampler(n_bins=K, bounds=(0, K) if bounded else None)
        for part in chunks:
            sampler.partial_fit(part)
        assert occupied(sampler) <= BINS
        return sampler

    check_fit(call(), times(expected, TIMES))
    how = "bounds given" if bounded else "bounds from the first chunk"
    title = f"partial_fit, {len(chunks)} chunks of {chunk:,} rows, d = {D}, {how}"
    whole = Peer(
        lambda: zbins.PMFSampler(n_bins=K).fit(z),
        lambda sampler: check_fit(sampler, expected),
        "ours",
        note=f"of {len(z):,} rows",
    )
    row = race(
        call, {"reading the rows once": reading(z), "one fit of the pool": whole}, pace, title
    )
    row = at_rate(row, TIMES * z.nbytes)
    row = against_ceiling(row, "reading the rows once", z.nbytes)
    say(row)
    return row | {"job": title, "n": TIMES * len(z), "d": D, "k": K}


def from_host(chunk: int, memory: str, bounded: bool, pace: Pace) -> dict[str, Any]:
    """fit_batches(device="cuda") of chunks in pinned or pageable memory, or NumPy's."""
    z, *expected = few(POOL * chunk, D, K, BINS, device="cpu")
    if memory == "pinned":
        z = z.pin_memory()
    parts = list(z.split(chunk))
    chunks = [part.numpy() for part in parts] * TIMES if memory == "NumPy" else parts * TIMES

    def call() -> Any:
        sampler = zbins.PMFSampler(n_bins=K, bounds=(0, K) if bounded else None)
        return sampler.fit_batches(chunks, device="cuda", progress=False)

    check_fit(call(), times(expected, TIMES))
    there = torch.empty_like(parts[0], device="cuda")

    def copies() -> None:
        for part in parts * TIMES:
            there.copy_(part, non_blocking=True)

    passes = 1 if bounded else 2
    title = f"fit_batches from {memory} memory, {len(chunks)} chunks of {chunk:,}, {passes} pass"
    title += "" if bounded else "es"
    peer = Peer(copies, lambda _: None, "ceiling", note=f"from {memory} memory")
    row = race(call, {COPY: peer}, pace, title)
    nbytes = TIMES * z.nbytes
    row = against_ceiling(at_rate(row, passes * nbytes), COPY, nbytes)
    say(row)
    return row | {"job": title, "n": TIMES * len(z), "d": D, "k": K, "passes": passes}


def main() -> None:
    """All streams."""
    bench = harness.Bench("streams", __doc__)
    chunk = CHUNK // 10 if bench.quick else CHUNK
    pace = pace_of(bench)
    for bounded in (True, False):
        bench.run(f"partial_fit, bounds given: {bounded}", on_device, chunk, bounded, pace)
    for memory in ("pinned", "pageable", "NumPy"):
        for bounded in (True, False):
            step = f"fit_batches, {memory} memory, bounds given: {bounded}"
            bench.run(step, from_host, chunk, memory, bounded, pace)
    bench.end()


if __name__ == "__main__":
    main()
