"""A stream larger than memory: 40 GB of latents made on the fly, at most 100,000 occupied bins.

    .venv/bin/python benches/stream.py               # 40 GB, some minutes
    .venv/bin/python benches/stream.py --gigabytes 4

Every chunk is a function of its number, so that a second pass sees the same rows. The time within
the generator is taken off; what is left is compared with `fit` on rows of the same stream that lie
in memory, timed in a process beside it before every tenth of the stream, with its clock stopped.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator

import numpy as np
from answers import check_fit, quantized
from scaling_case import in_fork

import zbins

D, K, BINS = 32, 8, 100_000
CHUNK = 1_000_000
ALLOWED = 1.5  # times the in-memory fit, at most


class Rows:
    """Chunks drawn from 100,000 different rows; their counts are known without a fit."""

    def __init__(self, chunks: int) -> None:
        self.different = np.random.default_rng(0).normal(size=(BINS, D)).astype(np.float32)
        self._chunks = chunks
        self.early_peak = 0  # bytes, when a tenth of the last pass has been read
        self.generating = self.beside = 0.0  # seconds
        self.fits: list[float] = []  # seconds a row

    def numbers(self, chunk: int) -> np.ndarray:
        """Which of the different rows the rows of a chunk are."""
        if chunk == 0:  # all of them, so that the bounds are those of the first chunk
            return np.arange(CHUNK) % BINS
        return np.random.default_rng(chunk).integers(0, BINS, CHUNK)

    def __len__(self) -> int:
        return self._chunks

    def __iter__(self) -> Iterator[np.ndarray]:
        rows = np.empty((CHUNK, D), np.float32)  # one buffer for all chunks: the sampler keeps none
        tenth = self._chunks // 10
        for chunk in range(self._chunks):
            if chunk == tenth:
                self.early_peak = peak()
            if chunk % tenth == 0:
                begin = time.perf_counter()
                self.fits.append(in_fork(fit_in_memory))
                self.beside += time.perf_counter() - begin
            begin = time.perf_counter()
            np.take(self.different, self.numbers(chunk), axis=0, out=rows, mode="clip")
            self.generating += time.perf_counter() - begin
            yield rows


def peak() -> int:
    """Bytes this process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def seconds(call) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def check(sampler: zbins.PMFSampler, rows: Rows, chunks: int) -> None:
    """All codes and counts against NumPy's, which needs only how often each row occurred."""
    times = sum(np.bincount(rows.numbers(chunk), minlength=BINS) for chunk in range(chunks))
    codes = quantized(rows.different, K)
    bins, first = np.unique(codes.view(f"V{D}").ravel(), return_inverse=True)
    counts = np.bincount(first, weights=times, minlength=len(bins)).astype(np.int64)
    check_fit(sampler, (bins, counts))


def fit_in_memory() -> float:
    """Seconds a row of `fit`, on rows like those of the stream; run it in a fork."""
    rows = Rows(4)
    in_memory = np.concatenate([rows.different[rows.numbers(chunk)] for chunk in range(4)])
    sampler = zbins.PMFSampler(K).fit(in_memory)
    check(sampler, rows, 4)
    return float(np.median([seconds(lambda: sampler.fit(in_memory)) for _ in range(7)])) / len(
        in_memory
    )


def fit_stream(chunks: int, bounded: bool) -> tuple[float, float, list[float], int, int]:
    """Seconds a row of ours, of the generator, of `fit`; early and last peak. Run it in a fork."""
    rows, n = Rows(chunks), chunks * CHUNK
    low, high = rows.different.min(axis=0), rows.different.max(axis=0)
    sampler = zbins.PMFSampler(K, bounds=(low, high) if bounded else None)
    whole = seconds(lambda: sampler.fit_batches(rows, progress=False))
    last_peak = peak()
    check(sampler, rows, chunks)
    ours = (whole - rows.generating - rows.beside) / n
    return ours, rows.generating / n, rows.fits, rows.early_peak, last_peak


def main() -> None:
    """Print time per row and peak, in memory and streamed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=40.0)
    chunks = max(10, round(parser.parse_args().gigabytes * 1e9 / (CHUNK * D * 4)))
    n = chunks * CHUNK
    print(f"{n:,} rows, {n * D * 4 / 1e9:.1f} GB, at most {BINS:,} bins; ns a row", flush=True)
    for bounded in (False, True):
        ours, generator, fits, early, last = in_fork(fit_stream, chunks, bounded)
        fit = float(np.median(fits))
        print(
            f"{'one pass, bounds given' if bounded else 'two passes'}: {ours * 1e9:.1f}; `fit` "
            f"in memory {fit * 1e9:.1f} ({min(fits) * 1e9:.1f} to {max(fits) * 1e9:.1f}): "
            f"{ours / fit:.2f} times (at most {ALLOWED}); the generator {generator * 1e9:.1f}; "
            f"peak of the process {early >> 20} MiB after a tenth, {last >> 20} MiB in the end",
            flush=True,
        )


if __name__ == "__main__":
    main()
