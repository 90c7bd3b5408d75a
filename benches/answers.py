"""What is right, before anything is timed: law 1 in NumPy, exact counts, the oracle's draws.

`tests/python/reference.py` is the slow oracle of all laws. Here stands what is needed of it at
sizes where it would take hours, written once more in NumPy and as independent of the package.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests" / "python"))

import reference


def lattice(z: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and scale of every column, rounded as law 1 wants it."""
    low, high = z.min(axis=0), z.max(axis=0)
    return low, (k / (high.astype(np.float64) - low.astype(np.float64))).astype(z.dtype)


def quantized(z: np.ndarray, k: int) -> np.ndarray:
    """Codes of all rows between minimum and maximum, as anyone would write it in NumPy."""
    low, scale = lattice(z, k)
    return np.minimum((z - low) * scale, k - 1).astype(np.uint8)


def as_bytes(codes: np.ndarray) -> np.ndarray:
    """Rows of uint8 as one value each: NumPy sorts and compares those fast."""
    return np.ascontiguousarray(codes).view(f"V{codes.shape[1]}").ravel()


def as_words(codes: np.ndarray, k: int) -> np.ndarray:
    """Rows of uint8 as 64-bit words, two codes a byte where they fit: what a careful user sorts."""
    if k <= 16:
        codes = np.pad(codes, ((0, 0), (0, codes.shape[1] % 2)))
        codes = codes[:, 0::2] << 4 | codes[:, 1::2]
    codes = np.pad(codes, ((0, 0), (0, -codes.shape[1] % 8)))
    return np.ascontiguousarray(codes).view(np.uint64)


def count(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows, as bytes in ascending order, and how often each occurs."""
    return np.unique(as_bytes(codes), return_counts=True)


def check_fit(sampler: Any, expected: tuple[np.ndarray, np.ndarray]) -> None:
    """The sampler's codes and counts are exactly those of `count`."""
    codes = as_bytes(sampler.codes_.astype(np.uint8))
    order = np.argsort(codes)
    assert np.array_equal(codes[order], expected[0]), "other bins than the oracle's"
    assert np.array_equal(sampler.counts_[order], expected[1]), "other counts than the oracle's"
    assert sampler.n_samples_seen_ == expected[1].sum(), "rows are missing"


def check_counts(counts: Any, expected: tuple[np.ndarray, np.ndarray]) -> None:
    """A peer's counts, in any order, are those of `count`."""
    counts = np.sort(np.asarray(counts))
    assert np.array_equal(counts, np.sort(expected[1])), "other counts than the oracle's"


def oracle_of(sampler: Any, z: np.ndarray, k: int) -> reference.Model:
    """The oracle's model with the sampler's bins, which `check_fit` has compared."""
    grid = reference.make_grid(z.min(axis=0), z.max(axis=0), k)
    return reference.Model(grid, sampler.codes_.astype(np.int64), sampler.counts_, [])


def check_samples(sampler: Any, samples: np.ndarray, model: reference.Model, seed: int) -> None:
    """The first and the last samples are the oracle's bit for bit, and all lie in occupied bins."""
    for i in (0, 1, 2, len(samples) - 1):
        expected, _, _ = reference.sample(model, seed, i)
        assert np.array_equal(samples[i], expected), f"sample {i} is not the oracle's"
    assert sampler.contains(samples).all(), "a sample outside the occupied bins"
