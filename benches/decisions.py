"""The measurements behind docs/decisions: `decisions.py runs` and `decisions.py clamp`."""

from __future__ import annotations

import sys
import time

import numpy as np

import zbins


def runs() -> None:
    """What a chunk costs when a million rows are in the model already (0001)."""
    rng = np.random.default_rng(0)
    print("| rows a chunk | per chunk | per row | ordered view afterwards |\n|---:|---:|---:|---:|")
    for rows in (100, 1_000, 10_000):
        sampler = zbins.PMFSampler(16, bounds=(-5, 5))
        sampler.partial_fit(rng.normal(size=(1_000_000, 8)).clip(-5, 5))
        chunks = [rng.normal(size=(rows, 8)).clip(-5, 5) for _ in range(50)]
        begin = time.perf_counter()
        for chunk in chunks:
            sampler.partial_fit(chunk)
        each = (time.perf_counter() - begin) / len(chunks)
        begin = time.perf_counter()
        occupied = len(sampler.counts_)
        view = time.perf_counter() - begin
        assert sampler.n_samples_seen_ == 1_000_000 + 50 * rows
        print(
            f"| {rows:,} | {each * 1e3:.2f} ms | {each / rows * 1e6:.1f} µs | {view * 1e3:.0f} ms, "
            f"{occupied:,} bins |"
        )


def clamp() -> None:
    """How many values a draw rounds out of their bin before the clamp, and the cost (0002)."""
    rng = np.random.default_rng(0)
    normal, far = rng.normal(size=(5_000, 32)), 1e8 + rng.integers(0, 400, size=(5_000, 32))
    print(
        "| latents | k | dtype | outside before the clamp | ns a value |\n|---|---:|---|---:|---:|"
    )
    cases = [("normal", normal, 8), ("normal", normal, 256), ("normal", normal, 65_536)]
    cases += [("1e8 + integers below 400", far, 8)]
    for name, X, k in cases:
        for dtype in (np.float32, np.float64):
            sampler = zbins.PMFSampler(k).fit(X.astype(dtype))
            low = sampler.lower_
            width = ((sampler.upper_.astype(float) - low) / k).astype(dtype)
            codes = sampler.codes_[rng.integers(0, len(sampler.codes_), 20_000)]
            u = rng.integers(0, 2**24, codes.shape).astype(dtype) * dtype(2.0**-24)
            drawn = low + (codes.astype(dtype) + u) * width
            outside = (sampler.quantize(drawn) != codes).mean()
            out = np.empty((200_000, 32), dtype)
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                sampler.sample(len(out), random_state=0, out=out)
                times.append(time.perf_counter() - begin)
            assert sampler.contains(out).all()
            ns = np.median(times) / out.size * 1e9
            print(f"| {name} | {k:,} | {np.dtype(dtype)} | {outside:.0e} | {ns:.1f} |")


if __name__ == "__main__":
    {"runs": runs, "clamp": clamp}[sys.argv[1] if len(sys.argv) > 1 else "runs"]()
