"""The axes that all benches share (n, d, k, occupancy, dtype, threads), and the data on them.

Data are made chunk by chunk into one array, from a seed, so that the same shape always has the same
rows and nothing larger than a chunk lies beside it while memory is measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

CHUNK_VALUES = 3_200_000  # values made at a time
THREADS = (1, 2)


@dataclass(frozen=True)
class Shape:
    """One point on the axes.

    `occupancy` says how rows share bins: "mixture" (ten Gaussians, as an encoder's latents roughly
    are), "distinct" (uniform: all alone where k**d is large), or a number m (m rows of the mixture,
    indexed at random: at most m occupied bins).
    """

    name: str
    n: int
    d: int
    k: int
    occupancy: str | int = "mixture"
    dtype: str = "float32"

    @property
    def title(self) -> str:
        """The shape in words, for a table's heading."""
        spread = {"mixture": "", "distinct": ", all rows distinct"}.get(str(self.occupancy))
        if spread is None:
            spread = f", {int(self.occupancy):,} distinct rows"
        return f"{self.name}: n = {self.n:,}, d = {self.d}, k = {self.k}{spread}"

    @property
    def nbytes(self) -> int:
        """Size of the rows."""
        return self.n * self.d * np.dtype(self.dtype).itemsize


# What head_to_head.py fits. The first three are the shapes that targets are set for.
FITS = {
    "mnist": Shape("MNIST shape", 10_000, 32, 8),
    "celeba": Shape("CelebA shape", 20_000, 256, 20),
    "million": Shape("a million rows", 1_000_000, 32, 8),
    "columns": Shape("a million rows, few columns", 1_000_000, 4, 8),
    "repeated": Shape("a million rows, few bins", 1_000_000, 32, 8, 100_000),
}
# What it samples: the rows and bins it is fitted on, and the number of draws.
SAMPLE = Shape("sample", 100_000, 64, 16)
DRAWS = 1_000_000
TINY = Shape("tiny", 10, 2, 10)  # where the call itself is the cost

# Scaling in n (at d = 32, k = 8) and in d (at a constant number of values).
SCALE_D, SCALE_K = 32, 8
MEMORY_N = (10_000, 100_000, 1_000_000, 10_000_000, 30_000_000)
STREAM_N = (10_000_000, 100_000_000)
STREAM_CHUNK = 1_000_000
COLUMNS = (2, 8, 32, 128, 512, 4_096)
COLUMN_VALUES = 32_000_000
FEW = 100_000  # rows that "few bins" draws from
GMM_N = (1_000, 10_000, 100_000, 1_000_000)

# What the micro benches run through.
MICRO = (
    Shape("few columns", 100_000, 4, 8),
    Shape("distinct", 100_000, 32, 8, "distinct"),
    Shape("duplicates", 100_000, 32, 8, 1_000),
    Shape("wide", 5_000, 256, 20),
    Shape("float64", 50_000, 16, 16, dtype="float64"),
)


def latents(n: int, d: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Rows of a mixture of ten Gaussians, as an encoder's latents roughly are."""
    rng = np.random.Generator(np.random.SFC64(seed))
    centres = rng.normal(scale=2, size=(10, d)).astype(dtype)
    z = np.empty((n, d), dtype)
    for part in _parts(z):
        rng.standard_normal(dtype=dtype, out=part)
        part += centres[rng.integers(0, 10, len(part))]
    return z


def distinct(n: int, d: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Uniform rows: each in a bin of its own where k**d is far above n**2."""
    rng = np.random.Generator(np.random.SFC64(seed))
    z = np.empty((n, d), dtype)
    for part in _parts(z):
        rng.random(dtype=dtype, out=part)
    return z


def repeated(n: int, d: int, rows: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Rows of the mixture, indexed at random: many rows, at most `rows` bins."""
    rng = np.random.Generator(np.random.SFC64(seed + 1))
    pool = latents(rows, d, dtype, seed)
    z = np.empty((n, d), dtype)
    for part in _parts(z):
        np.take(pool, rng.integers(0, rows, len(part)), axis=0, out=part, mode="clip")
    return z


def rows_of(shape: Shape, seed: int = 0) -> np.ndarray:
    """The rows of a shape."""
    if shape.occupancy == "mixture":
        return latents(shape.n, shape.d, shape.dtype, seed)
    if shape.occupancy == "distinct":
        return distinct(shape.n, shape.d, shape.dtype, seed)
    return repeated(shape.n, shape.d, int(shape.occupancy), shape.dtype, seed)


def _parts(z: np.ndarray) -> Iterator[np.ndarray]:
    """Views of consecutive rows, of about CHUNK_VALUES values each."""
    step = max(1, CHUNK_VALUES // z.shape[1])
    for begin in range(0, len(z), step):
        yield z[begin : begin + step]


class Stream:
    """A shape's rows, chunk by chunk, as `fit_batches` reads them: more rows than memory.

    All chunks come from little memory. Few bins: views into a pool, from random rows on. Distinct
    rows: made anew in one buffer. `seconds` is the time spent making them in the last pass.

    Parameters
    ----------
    shape : Shape
        Whose occupancy is "distinct" or a number.
    chunk : int
        Rows a chunk.
    """

    def __init__(self, shape: Shape, chunk: int = STREAM_CHUNK) -> None:
        self.shape, self.chunk = shape, chunk
        self.seconds = 0.0
        if shape.occupancy == "distinct":
            self._pool = np.zeros((chunk, shape.d), shape.dtype)
        else:
            rows = int(shape.occupancy)
            self._pool = repeated(4 * chunk, shape.d, rows, shape.dtype)

    @property
    def bounds(self) -> Any:
        """Lower and upper bounds of all chunks, as the sampler takes them: one pass is enough."""
        if self.shape.occupancy == "distinct":
            return (0.0, 1.0)
        return self._pool.min(axis=0), self._pool.max(axis=0)

    @property
    def pool(self) -> np.ndarray:
        """The memory that chunks lie in."""
        return self._pool

    def __len__(self) -> int:
        return -(-self.shape.n // self.chunk)

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield the chunks, the same at every pass."""
        rng = np.random.Generator(np.random.SFC64(2))
        self.seconds = 0.0
        for begin in range(0, self.shape.n, self.chunk):
            start = time.perf_counter()
            rows = min(self.chunk, self.shape.n - begin)
            if self.shape.occupancy == "distinct":
                first = 0
                rng.random(dtype=self.shape.dtype, out=self._pool)
            else:
                first = int(rng.integers(0, len(self._pool) - rows + 1))
            self.seconds += time.perf_counter() - start
            yield self._pool[first : first + rows]
