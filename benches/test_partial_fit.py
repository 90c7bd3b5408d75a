"""Micro benches of `partial_fit`: a chunk on top of what was seen before."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from answers import check_fit

import zbins


@pytest.mark.parametrize("chunk", [100, 2_000])
def test_partial_fit(benchmark: Any, shape: Any, z: Any, expected: Any, chunk: int) -> None:
    """One more chunk, for a sampler that has seen all rows but that chunk."""
    # With the bounds of all rows, the stream must end at the model of one fit.
    bounds = (z.min(axis=0), z.max(axis=0))
    before = zbins.PMFSampler(shape.k, bounds=bounds).partial_fit(z[:-chunk])
    last = np.ascontiguousarray(z[-chunk:])
    check_fit(copy.copy(before).partial_fit(last), expected)
    benchmark.extra_info["n"] = chunk

    def fresh() -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The sampler as it was; its state is never changed in place, so a shallow copy will do."""
        return (copy.copy(before), last), {}

    benchmark.pedantic(zbins.PMFSampler.partial_fit, setup=fresh, rounds=30, warmup_rounds=2)
    assert before.n_samples_seen_ == len(z) - chunk
