"""Fit and sample against what people use today, side by side in one run.

    .venv/bin/python benches/head_to_head.py            # a table, about a minute
    .venv/bin/python benches/head_to_head.py --json out.json

Every answer is checked before it is timed. Runs are interleaved, and ratios are medians of the
ratios of neighbouring runs, so that a machine that slows down slows down both.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

import zbins

FIT_SHAPES = {  # name: rows, columns, bins, GMM components and iterations (None: not run)
    "MNIST shape": (10_000, 32, 8, 20, 100),
    "CelebA shape": (20_000, 256, 20, 8, 2),
    "a million rows": (1_000_000, 32, 8, None, None),
}
RUNS = 7


def latents(n: int, d: int) -> np.ndarray:
    """A mixture of ten Gaussians, as an encoder's latents roughly are."""
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=2, size=(10, d))
    return (centres[rng.integers(0, 10, n)] + rng.normal(size=(n, d))).astype(np.float32)


def paper(z: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Appendix B of the paper with only its bugs mended: uint8 codes, the maximum clamped."""
    low, high = z.min(axis=0, keepdims=True), z.max(axis=0, keepdims=True)
    codes = np.minimum((z - low) * (k / (high - low)), k - 1).astype(np.uint8)
    return np.unique(codes, axis=0, return_counts=True)


def bytes_view(z: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The same, the rows compared as bytes: the fastest np.unique."""
    low, high = z.min(axis=0), z.max(axis=0)
    codes = np.minimum((z - low) * (k / (high - low)), k - 1).astype(np.uint8)
    rows = np.ascontiguousarray(codes).view(f"V{codes.shape[1]}").ravel()
    return np.unique(rows, return_counts=True)


def seconds(call) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def compare(ours, peers: dict) -> dict:
    """Median times, and the median of the ratios of neighbouring runs."""
    pairs = {name: [] for name in peers}
    mine = []
    for run in range(RUNS):
        mine.append(seconds(ours))
        for name, call in peers.items():
            if run >= 3 and pairs[name][0][0] > 1:
                continue  # slow peers: a median of three
            peer = seconds(call)
            mine.append(seconds(ours))
            pairs[name].append((peer, mine[-1]))
    result = {"zbins": {"seconds": statistics.median(mine), "ratio": 1.0}}
    for name, measured in pairs.items():
        result[name] = {
            "seconds": statistics.median(peer for peer, _ in measured),
            "ratio": statistics.median(peer / own for peer, own in measured),
        }
    return result


def fits() -> dict:
    results = {}
    for name, (n, d, k, components, iterations) in FIT_SHAPES.items():
        z = latents(n, d)
        sampler = zbins.PMFSampler(k)
        _, counts = paper(z, k)
        fitted = sampler.fit(z)
        assert len(fitted.counts_) == len(counts), "another number of occupied bins"
        assert sorted(fitted.counts_) == sorted(counts), "other counts"
        assert fitted.contains(z).all()
        peers = {"paper's NumPy code": lambda z=z, k=k: paper(z, k)}
        peers["np.unique on bytes"] = lambda z=z, k=k: bytes_view(z, k)
        if components:
            label = f"GaussianMixture({components})" + (
                "" if iterations == 100 else f", {iterations} iterations"
            )
            gmm = GaussianMixture(components, max_iter=iterations, random_state=0)
            peers[label] = lambda z=z, gmm=gmm: gmm.fit(z)
        results[f"fit, {name}: n = {n:,}, d = {d}, k = {k}"] = compare(
            lambda z=z, sampler=sampler: sampler.fit(z), peers
        )
    return results


def samples() -> dict:
    n, d, bins = 1_000_000, 64, 100_000
    z = latents(bins, d)
    sampler = zbins.PMFSampler(16, random_state=0).fit(z)
    assert sampler.contains(sampler.sample(10_000)).all()
    codes, low = sampler.codes_.astype(np.float32), sampler.lower_
    width = (sampler.upper_ - low) / 16
    share = sampler.counts_ / sampler.counts_.sum()
    rng = np.random.default_rng(0)
    gmm = GaussianMixture(20, max_iter=1, random_state=0).fit(z[:10_000])

    def with_numpy():
        picked = codes[rng.choice(len(codes), n, p=share)]
        picked += rng.random((n, d), dtype=np.float32)
        return low + picked * width

    peers = {
        "NumPy choice + random": with_numpy,
        "GaussianMixture(20).sample": lambda: gmm.sample(n),
    }
    out = np.zeros((n, d), np.float32)
    name = f"sample, n = {n:,}, d = {d}, {len(codes):,} bins"
    return {
        name: compare(lambda: sampler.sample(n), peers),
        name + ", into memory that is there": compare(lambda: sampler.sample(n, out=out), {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="also write the results to this file")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # iterations are limited on purpose
    results = {**fits(), **samples()}
    machine = {
        "date": datetime.date.today().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "instruction set": zbins.show_config(as_dict=True)["instruction set"],
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    print(", ".join(f"{key}: {value}" for key, value in machine.items()))
    for name, rows in results.items():
        print(f"\n| {name} | median | against zbins |\n|---|---:|---:|")
        for peer, row in rows.items():
            print(f"| {peer} | {row['seconds'] * 1e3:,.2f} ms | {row['ratio']:,.1f}× |")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"machine": machine, "results": results}, file, indent=1)


if __name__ == "__main__":
    main()
