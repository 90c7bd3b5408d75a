"""Fits side by side: every shape of axes.FITS, the mixture's time against n, and the bare call."""

from __future__ import annotations

from typing import Any

import numpy as np
from answers import check_fit, check_samples, count, oracle_of, quantized
from axes import FITS, GMM_N, SCALE_D, SCALE_K, TINY, Shape, latents, rows_of
from peers_fit import fit_peers
from peers_gmm import LIMIT, gmm_limited
from timing import Pace, measure, race, spread

import zbins

CALLS = 200  # calls that a figure of the bare call is a mean of
REPEATS = 15


def fit_races(limit: float, pace: Pace, quick: bool) -> dict[str, Any]:
    """Race every shape; `limit` is the read bandwidth of all threads, in bytes a second."""
    return {name: fit_race(name, shape, limit, pace, quick) for name, shape in FITS.items()}


def fit_race(name: str, shape: Shape, limit: float, pace: Pace, quick: bool) -> dict[str, Any]:
    """Race one shape: our counts against the oracle's first, then the clock."""
    z = rows_of(shape)
    expected = count(quantized(z, shape.k))
    sampler = zbins.PMFSampler(shape.k)
    check_fit(sampler.fit(z), expected)
    peers = fit_peers(name, z, shape.k, expected, quick)
    result = race(lambda: sampler.fit(z), peers, pace, f"fit, {shape.name}")
    # The two passes that the paper's method needs: bounds, then codes.
    at_limit = 2 * z.nbytes / limit
    result |= {
        "title": f"fit, {shape.title}",
        "n": shape.n,
        "d": shape.d,
        "k": shape.k,
        "occupied": len(expected[1]),
        "bytes": 2 * z.nbytes,
        "limit_seconds": at_limit,
        "times_limit": result["ours"]["seconds"]["median"] / at_limit,
    }
    return result


def gmm_curve(pace: Pace) -> dict[str, Any]:
    """GaussianMixture(20) against n, each fit limited, with ours beside it."""
    rows = []
    for n in GMM_N:
        z = latents(n, SCALE_D)
        sampler = zbins.PMFSampler(SCALE_K)
        check_fit(sampler.fit(z), count(quantized(z, SCALE_K)))
        notes: list[str] = []
        label = "GaussianMixture(20)"
        result = race(
            lambda sampler=sampler, z=z: sampler.fit(z),
            {label: gmm_limited(z, notes)},
            pace,
            f"fit, n = {n:,}",
        )
        result["peers"][label]["note"] = notes[0]
        rows.append({"n": n} | result)
    return {"limit": LIMIT, "d": SCALE_D, "k": SCALE_K, "rows": rows}


def overhead() -> dict[str, Any]:
    """Seconds that fit and sample take when there is all but nothing to do."""
    z = rows_of(TINY)
    sampler = zbins.PMFSampler(TINY.k, random_state=0).fit(z)
    check_fit(sampler, count(quantized(z, TINY.k)))
    check_samples(sampler, sampler.sample(TINY.n), oracle_of(sampler, z, TINY.k), 0)
    other = zbins.PMFSampler(TINY.k)
    calls = {"fit": lambda: other.fit(z), "sample": lambda: sampler.sample(TINY.n)}
    result: dict[str, Any] = {"n": TINY.n, "d": TINY.d}
    for name, call in calls.items():
        measure(call, CALLS)
        times = [measure(call, CALLS)[0] for _ in range(REPEATS)]
        result[name] = {"times": times, "seconds": spread(times)}
        print(f"  {name} of {TINY.n} rows: {np.median(times) * 1e6:.1f} µs", flush=True)
    return result
