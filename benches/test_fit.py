"""Micro benches of `fit`: every shape, one thread and two."""

from __future__ import annotations

from typing import Any

from answers import check_fit

import zbins


def test_fit(benchmark: Any, shape: Any, z: Any, expected: Any, threads: int) -> None:
    """A whole fit, from rows to the ordered model."""
    sampler = zbins.PMFSampler(shape.k, n_jobs=threads)
    check_fit(sampler.fit(z), expected)
    benchmark.extra_info["n"] = shape.n
    benchmark(sampler.fit, z)
