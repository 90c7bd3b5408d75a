"""One point of the scaling curves: seconds per row, and the memory peak beyond the input.

Every point is measured in a process of its own: `ru_maxrss` is a high-water mark that never goes
down. The process that makes the rows forks one child for each number of threads, so that rows are
made once; a child sees them without copying and starts with a mark of its own.
"""

from __future__ import annotations

import ctypes
import gc
import math
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from answers import check_fit, count, lattice, quantized
from axes import Shape, Stream, rows_of
from timing import touch

import zbins

SMALL = 4_000_000  # values up to which the whole answer is compared with the oracle's
SECONDS = 1.0  # for the runs of one point
SLACK = 64 << 20  # of the memory target


@dataclass(frozen=True)
class Case:
    """A shape, the ways it is read, and the threads."""

    shape: Shape
    how: str  # "memory" (fit) or "stream" (fit_batches, one pass)
    threads: tuple[int, ...]


def in_fork(job: Callable[..., Any], *arguments: Any) -> Any:
    """Run a job in a forked child and return its answer."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def work() -> None:
        sender.send(job(*arguments))
        sender.close()

    child = context.Process(target=work)
    child.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        child.join()
        raise RuntimeError(f"{job.__name__} ended with exit code {child.exitcode}") from None
    child.join()
    return answer


def run_case(case: Case) -> list[dict[str, Any]]:
    """Make the rows and measure with every number of threads; call it in a fork."""
    rows: Any = rows_of(case.shape) if case.how == "memory" else Stream(case.shape)
    expected = _expected(case, rows)
    # What making the rows left in the heap must not hide what the fit takes.
    gc.collect()
    _trim()
    return [in_fork(_measure, case, rows, expected, threads) for threads in case.threads]


def _trim() -> None:
    """Give freed heap memory back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _expected(case: Case, rows: Any) -> dict[str, Any]:
    """What the fit must find: everything if small, else the occupied bins and a checksum."""
    shape = case.shape
    if case.how == "stream":
        if shape.occupancy == "distinct":
            return {"occupied": shape.n}
        return {"occupied": len(count(quantized(rows.pool, shape.k))[0])}
    if rows.size <= SMALL:
        return {"all": count(quantized(rows, shape.k))}
    # The sums of all codes per column, in parts; at few bins the sampler's must be the same.
    low, scale = lattice(rows, shape.k)
    sums = np.zeros(shape.d, np.int64)
    for begin in range(0, shape.n, 100_000):
        part = rows[begin : begin + 100_000]
        sums += (
            np.minimum((part - low) * scale, shape.k - 1)
            .astype(np.uint8)
            .sum(axis=0, dtype=np.int64)
        )
    return {"sums": sums}


def _check(sampler: Any, shape: Shape, expected: dict[str, Any]) -> None:
    """Compare what was fitted; any difference is an error."""
    if "all" in expected:
        check_fit(sampler, expected["all"])
        return
    counts = sampler.counts_
    assert counts.sum() == shape.n, f"{counts.sum():,} rows were counted, not {shape.n:,}"
    if "occupied" in expected:
        # A pool of few rows: with 10 million draws and more, each is drawn.
        assert len(counts) == expected["occupied"], f"{len(counts):,} occupied bins"
    if "sums" in expected:
        codes, sums = sampler.codes_, np.zeros(shape.d, np.int64)
        for begin in range(0, len(codes), 100_000):
            part = slice(begin, begin + 100_000)
            sums += counts[part] @ codes[part].astype(np.int64)
        assert np.array_equal(sums, expected["sums"]), "other codes than NumPy's"


def _rss() -> int:
    """Bytes of this process in memory now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    """The most bytes of this process that were in memory at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _measure(case: Case, rows: Any, expected: dict[str, Any], threads: int) -> dict[str, Any]:
    """Fit once for the peak and the check, then for the time; runs in a fork of its own."""
    shape = case.shape
    bounds = rows.bounds if case.how == "stream" else None
    sampler = zbins.PMFSampler(shape.k, bounds=bounds, n_jobs=threads)

    def seconds() -> float:
        """One fit; a stream's time for making its rows is taken off."""
        begin = time.perf_counter()
        if case.how == "memory":
            sampler.fit(rows)
            return time.perf_counter() - begin
        sampler.fit_batches(rows, progress=False)
        return time.perf_counter() - begin - rows.seconds

    at_hand = 3 * shape.n * (key_bytes(shape.d, shape.k) + 8)
    if shape.occupancy != "distinct":
        at_hand = 0
    before = _rss()
    in_fork(touch, SLACK + at_hand)  # in a fork: this process's peak must not know of it
    first = seconds()
    beyond = max(0, _peak() - before)
    _check(sampler, shape, expected)
    times = [first]
    runs = int(min(25, max(1 if first > 4 else 2 if first > 1 else 3, SECONDS / first)))
    if runs > 1:
        times = [seconds() for _ in range(runs)]
    occupied = len(sampler.counts_)
    packed = occupied * key_bytes(shape.d, int(sampler.n_bins_.max()))
    model = packed + 8 * occupied
    return {
        "n": shape.n,
        "d": shape.d,
        "k": shape.k,
        "occupancy": shape.occupancy,
        "how": case.how,
        "threads": threads,
        "times": [round(t, 10) for t in times],
        "seconds": float(np.median(times)),
        "ns_per_row": float(np.median(times)) / shape.n * 1e9,
        "occupied": occupied,
        "model_bytes": model,
        "peak_bytes": beyond,
        "target_bytes": int(2.5 * model) + SLACK,
    }


def key_bytes(d: int, widest: int) -> int:
    """Bytes of a packed code: 64-bit words of 1, 2, 4, 8 or 16 bits a dimension."""
    bits = next(bits for bits in (1, 2, 4, 8, 16) if 1 << bits >= widest)
    return 8 * math.ceil(d / (64 // bits))
