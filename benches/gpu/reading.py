"""What a model says of rows on the device: score_samples and contains.

python benches/gpu/reading.py [--quick] [--json FILE]
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `timing` findable
import numpy as np
import torch
from ceilings import reading
from clock import against_ceiling, at_rate, pace_of, race, say
from data import distinct, few
from harness import cpu_twin, rows_that_fit, to_host, zbins
from timing import Pace

K = 8
PART = 100_000
READ = "reading the rows once"

# Rows of the model, rows asked for, columns, how rows share bins.
CASES = (
    (2_000_000, 100_000_000, 32, "few"),
    (10_000_000, 10_000_000, 32, "distinct"),
    (2_000_000, 10_000_000, 256, "few"),
)


def check(sampler: Any, z: torch.Tensor) -> None:
    """Rows inside and outside get what the CPU says of them."""
    part = torch.cat([z[:PART], z[-PART:], z[:PART] + 0.37, z[:100] + 1000])
    twin = cpu_twin(sampler)
    rows = to_host(part)
    found = to_host(sampler.contains(part))
    assert np.array_equal(found, to_host(twin.contains(rows))), "contains: not the CPU's"
    assert found[: 2 * PART].mean() > 0.5, "data of which hardly a row is found"
    assert not found[-100:].any()
    score, expected = to_host(sampler.score_samples(part)), to_host(twin.score_samples(rows))
    assert np.array_equal(np.isinf(score), ~found), "minus infinity elsewhere than outside"
    assert np.allclose(score[found], expected[found], rtol=1e-12, atol=1e-12), "other densities"


def one(fitted: int, n: int, d: int, spread: str, pace: Pace, quick: bool) -> list[dict[str, Any]]:
    """Both calls on one model."""
    if quick:
        fitted, n = fitted // 10, n // 10
    n = rows_that_fit(n, 4 * d + 64)
    if spread == "few":
        z = few(n, d, K, 100_000)[0]
    else:
        z = distinct(n, d)
    sampler = zbins.PMFSampler(n_bins=K).fit(z[: min(n, fitted)])
    check(sampler, z)
    rows = []
    for name, wide in (("score_samples", 8), ("contains", 1)):
        call = getattr(sampler, name)
        title = f"{name}, {spread}, n = {n:,}, d = {d}"
        row = race(lambda call=call: call(z), {READ: reading(z)}, pace, title)
        row = against_ceiling(at_rate(row, z.nbytes + n * wide), READ, z.nbytes)
        say(row)
        rows.append(row | {"job": title, "n": n, "d": d, "k": K})
    return rows


def main() -> None:
    """All models."""
    bench = harness.Bench("reading", __doc__)
    for case in CASES:
        step = f"fitted {case[0]:,}, n = {case[1]:,}, d = {case[2]}, {case[3]}"
        bench.run(step, one, *case, pace_of(bench), bench.quick)
    bench.end()


if __name__ == "__main__":
    main()
