"""Latents that try to break the laws: shapes, dtypes, and values where rounding bites."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

SIDES = (1, 2, 3, 5, 8, 16, 17, 31, 33, 64, 65, 100, 257, 300)
BINS = (1, 2, 3, 4, 5, 8, 10, 15, 16, 17, 100, 255, 256, 257, 1000, 4096, 65535, 65536)

dtypes = st.sampled_from([np.float32, np.float64])
seeds = st.integers(0, 2**64 - 1)


@st.composite
def n_bins(draw, d):
    """A number of bins, or one per column."""
    one = st.one_of(st.sampled_from(BINS), st.integers(1, 65536))
    if draw(st.booleans()):
        return draw(one)
    few = draw(st.lists(one, min_size=1, max_size=4))
    return np.resize(np.array(few, np.int64), d)


def _styles():
    def normal(rng, n, d):
        return rng.normal(size=(n, d))

    def on_edges(rng, n, d):  # multiples of a width land on edges, or beside them
        return rng.integers(-8, 9, size=(n, d)) / rng.choice([3, 4, 7, 10, 16])

    def far_away(rng, n, d):  # 1e8 + small: a bin holds a handful of float32 values, or one
        return 1e8 + rng.integers(0, 400, size=(n, d))

    def tiny(rng, n, d):
        return rng.normal(size=(n, d)) * 1e-36

    def huge(rng, n, d):
        return rng.normal(size=(n, d)) * 1e37

    def crowded(rng, n, d):  # duplicates, and few bins
        return rng.integers(0, 2, size=(n, d)).astype(float)

    def heavy(rng, n, d):
        return rng.standard_cauchy(size=(n, d)) * 10.0 ** rng.integers(-6, 6)

    def some_constant(rng, n, d):
        x = rng.normal(size=(n, d))
        x[:, rng.random(d) < 0.5] = rng.choice([0.0, -0.0, 1.5, -3e4])
        return x

    return [normal, on_edges, far_away, tiny, huge, crowded, heavy, some_constant]


STYLES = _styles()


@st.composite
def latents(draw, max_rows=40, max_columns=300, dtype=None):
    """Rows of one style, shape (1..max_rows, 1..max_columns)."""
    dtype = draw(dtypes) if dtype is None else dtype
    if draw(st.integers(0, 4)) == 0:  # values that hypothesis itself likes and shrinks
        width = np.dtype(dtype).itemsize * 8
        bound = float(np.float32(1e37)) if width == 32 else 1e300
        values = st.floats(-bound, bound, width=width)
        shape = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6)
        return draw(hnp.arrays(dtype, shape, elements=values))
    d = draw(st.sampled_from([s for s in SIDES if s <= max_columns]))
    n = draw(st.integers(1, max_rows if d <= 64 else min(max_rows, 12)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = draw(st.sampled_from(STYLES))(rng, n, d).astype(dtype)
    if n > 1 and draw(st.booleans()):
        x[rng.integers(0, n, size=n // 2)] = x[0]  # duplicates
    return x


@st.composite
def chunked(draw, x):
    """x in some order, cut into chunks (some may be empty), and that order."""
    order = draw(st.permutations(range(len(x)))) if len(x) <= 40 else range(len(x))
    order = np.array(order, np.intp)
    cuts = sorted(draw(st.lists(st.integers(0, len(x)), max_size=5)))
    return np.split(x[order], cuts), order
