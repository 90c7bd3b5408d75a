"""Rows crafted to collide under the fixed hash against random rows: the ratio of the fits.

    python benches/crafted.py [ROWS]

Both have 8 columns of 65,536 bins and are all distinct; the crafted ones share one 64-bit hash. At
most 3 is the aim: no input is ever much slower than any other.
"""

from __future__ import annotations

import pathlib
import statistics
import sys
import time

import numpy as np

import zbins

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "python"))
from colliding import BOUNDS, colliding_rows, random_rows

PAIRS = 9
MOST = 3.0


def fit(X: np.ndarray) -> tuple[float, zbins.PMFSampler]:
    """Seconds, and what was fitted."""
    sampler = zbins.PMFSampler(65536, bounds=BOUNDS)
    begin = time.perf_counter()
    sampler.fit(X)
    return time.perf_counter() - begin, sampler


def check(X: np.ndarray, sampler: zbins.PMFSampler, hashes: int) -> None:
    """Every row is a bin of its own, found again, and of so many hashes (in the first thousand)."""
    assert len(sampler.counts_) == sampler.n_samples_seen_ == len(X)
    assert sampler.contains(X).all()
    assert (sampler.counts_ == 1).all()
    keys = sampler._model.ordered().pmf.keys[:1000]
    found = {zbins._core.fixed_hash([int(word) for word in key]) for key in keys}
    assert len(found) == min(hashes, len(keys))


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    crafted, plain = colliding_rows(n), random_rows(n)
    check(crafted, fit(crafted)[1], 1)
    check(plain, fit(plain)[1], n)
    pairs = [(fit(crafted)[0], fit(plain)[0]) for _ in range(PAIRS)]
    ratios = sorted(a / b for a, b in pairs)
    ratio = statistics.median(ratios)
    print(
        f"{n:,} rows, 8 columns, {PAIRS} pairs: crafted "
        f"{statistics.median(a for a, _ in pairs) * 1e3:.0f} ms, random "
        f"{statistics.median(b for _, b in pairs) * 1e3:.0f} ms, ratio {ratio:.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}); at most {MOST}: {'yes' if ratio <= MOST else 'no'}"
    )


if __name__ == "__main__":
    main()
