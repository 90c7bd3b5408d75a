"""Samples side by side: into a new array, and into memory that is there."""

from __future__ import annotations

from typing import Any

import numpy as np
from answers import check_fit, check_samples, count, oracle_of, quantized
from axes import DRAWS, SAMPLE, rows_of
from peers_sample import sample_peers, sample_peers_into
from timing import Pace, race

import zbins

SEED = 0


def sample_races(limits: dict[str, Any], pace: Pace, quick: bool) -> dict[str, Any]:
    """Race both; our draws are compared with the oracle's first."""
    z = rows_of(SAMPLE)
    sampler = zbins.PMFSampler(SAMPLE.k, random_state=SEED)
    check_fit(sampler.fit(z), count(quantized(z, SAMPLE.k)))
    model = oracle_of(sampler, z, SAMPLE.k)
    check_samples(sampler, sampler.sample(DRAWS), model, SEED)
    out = np.zeros((DRAWS, SAMPLE.d), np.float32)
    sampler.sample(DRAWS, out=out)
    check_samples(sampler, out, model, SEED)

    def described(result: dict[str, Any], where: str, limit: float) -> dict[str, Any]:
        """Add the shape and the limit."""
        bins = len(sampler.counts_)
        title = f"sample{where}: n = {DRAWS:,}, d = {SAMPLE.d}, {bins:,} bins"
        at_limit = out.nbytes / limit
        times = result["ours"]["seconds"]["median"] / at_limit
        size = {"n": DRAWS, "d": SAMPLE.d, "k": SAMPLE.k, "occupied": bins, "bytes": out.nbytes}
        return result | size | {"title": title, "limit_seconds": at_limit, "times_limit": times}

    peers = sample_peers(sampler, z, SAMPLE.k, DRAWS, quick)
    at_once = 3 * out.nbytes  # a peer's intermediate arrays too
    fresh = race(lambda: sampler.sample(DRAWS), peers, pace, "sample", at_once)
    into = sample_peers_into(sampler, SAMPLE.k, DRAWS)
    warm = race(lambda: sampler.sample(DRAWS, out=out), into, pace, "sample into out=")
    return {
        "new": described(fresh, "", limits["fresh"]),
        "out": described(warm, " into memory that is there", limits["warm"]),
    }
