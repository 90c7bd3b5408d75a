"""The oracle: the laws in slow, obvious NumPy and Python. Imports nothing of the package.

Every number the package gives is compared with this one, bit for bit. It trades all speed for
being readable next to the laws it states; a change here changes what the project promises.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

MAX_BINS = 65536
MASK = (1 << 64) - 1


# -- law 1: the grid ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Grid:
    origin: np.ndarray
    top: np.ndarray
    k: np.ndarray
    first: np.ndarray
    bins: np.ndarray

    @property
    def dtype(self):
        return self.origin.dtype

    @property
    def d(self):
        return len(self.origin)

    @property
    def constant(self):
        return self.origin == self.top

    @property
    def scale(self):
        return self._ratio(lambda k, span: k / span)

    @property
    def width(self):
        return self._ratio(lambda k, span: span / k)

    def _ratio(self, of):
        """A quotient in float64, rounded once to the dtype; 0 in a constant dimension."""
        with np.errstate(all="ignore"):
            span = self.top.astype(np.float64) - self.origin.astype(np.float64)
            values = of(self.k.astype(np.float64), span).astype(self.dtype)
        return np.where(self.constant, self.dtype.type(0), values)


def make_grid(lower, upper, k):
    """The grid of the given bounds, or None where law 1 wants an error."""
    dtype = lower.dtype
    lower, upper = lower + dtype.type(0), upper + dtype.type(0)
    k = np.broadcast_to(np.asarray(k, np.int64), lower.shape)
    constant = lower == upper
    grid = Grid(lower, upper, k, np.zeros(len(k), np.int64), np.where(constant, 1, k))
    with np.errstate(all="ignore"):
        span = (upper.astype(np.float64) - lower.astype(np.float64)).astype(dtype)
    varying = ~constant
    for values in (span, grid.scale, grid.width):
        if not (np.isfinite(values[varying]).all() and (values[varying] > 0).all()):
            return None
    return grid


def raw_bins(grid, X):
    """raw of law 1 for rows X, shape (n, d); far values stop at +-2**20."""
    with np.errstate(all="ignore"):
        quotient = np.floor((X - grid.origin) * grid.scale)
    quotient = np.where(grid.constant, 0, quotient)
    raw = np.clip(quotient, -(2.0**20), 2.0**20).astype(np.int64)
    k = np.where(grid.constant, np.where(grid.top < X, grid.k, 1), grid.k)
    return np.where(
        grid.top < X,
        np.maximum(raw, k),
        np.where(grid.origin > X, np.minimum(raw, -1), np.minimum(raw, k - 1)),
    )


def grow(grid, X):
    """The grid with room for rows X, or None past 65,536 bins (or without a finite width)."""
    origin, top = grid.origin.copy(), grid.top.copy()
    low, high = X.min(axis=0), X.max(axis=0)
    origin[grid.constant] = np.minimum(low, origin)[grid.constant]
    top[grid.constant] = np.maximum(high, top)[grid.constant]
    lattice = make_grid(origin, top, grid.k)
    if lattice is None:
        return None
    raw = raw_bins(lattice, np.stack([low, high]))
    first = np.where(grid.constant, 0, np.minimum(grid.first, raw[0]))
    last = np.where(grid.constant, lattice.bins - 1, np.maximum(grid.first + grid.bins - 1, raw[1]))
    if (last - first + 1 > MAX_BINS).any():
        return None
    return replace(lattice, first=first, bins=last - first + 1)


def codes_of(grid, X):
    """Codes of rows X, and which rows lie inside the grid."""
    codes = raw_bins(grid, X) - grid.first
    inside = ((codes >= 0) & (codes < grid.bins)).all(axis=1)
    return codes, inside


# -- laws 2 and 3: counts in canonical order -----------------------------------------------------


def bits_of(grid):
    widest = int(grid.bins.max())
    return next(bits for bits in (1, 2, 4, 8, 16) if 1 << bits >= widest)


def pack(code, bits):
    """Dimension 0 in the most significant bits of word 0; unused bits zero."""
    per = 64 // bits
    words = []
    for begin in range(0, len(code), per):
        word = 0
        for place, value in enumerate(code[begin : begin + per]):
            word |= int(value) << (64 - bits * (place + 1))
        words.append(word)
    return tuple(words)


def fixed_hash(words):
    h = 0x9E3779B97F4A7C15
    for word in words:
        h = ((h ^ word) * 0xD6E8FEB86659FD93) & MASK
        h ^= h >> 32
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & MASK
    return h ^ (h >> 31)


@dataclass(frozen=True)
class Model:
    grid: Grid
    codes: np.ndarray  # (m, d), canonical order
    counts: np.ndarray  # (m,)
    label_counts: list  # per bin: {label: count}, or empty


def count(grid, X, y=None):
    """The model of the rows of X that lie inside the grid."""
    codes, inside = codes_of(grid, X)
    counts = Counter()
    by_label = {}
    for i in np.flatnonzero(inside):
        code = tuple(int(c) for c in codes[i])
        counts[code] += 1
        if y is not None:
            by_label.setdefault(code, Counter())[y[i]] += 1
    bits = bits_of(grid)

    def canonical(code):
        words = pack(code, bits)
        return fixed_hash(words), words

    order = sorted(counts, key=canonical)
    return Model(
        grid,
        np.array(order, np.int64).reshape(len(order), grid.d),
        np.array([counts[code] for code in order], np.int64),
        [by_label[code] for code in order] if y is not None else [],
    )


# -- laws 4, 5 and 6: draws ----------------------------------------------------------------------


def philox(seed, c0, c1, c2, c3):
    """Philox4x32-10 (Salmon et al. 2011) for arrays of counters; returns four uint64 arrays."""
    low = np.uint64(0xFFFFFFFF)
    c = [np.asarray(x, np.uint64) & low for x in (c0, c1, c2, c3)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0 = c[0] * np.uint64(0xD2511F53)
        p1 = c[2] * np.uint64(0xCD9E8D57)
        c = [
            (p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k0),
            p1 & low,
            (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k1),
            p0 & low,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def block(seed, i, number):
    """Four words of one block of sample i."""
    return [int(w) for w in philox(seed, i & 0xFFFFFFFF, i >> 32, number, 0)]


def rank_of(seed, i, n):
    words = block(seed, i, 0)
    return ((words[0] | words[1] << 32) * n) >> 64


def offset(seed, i, j, dtype):
    """u of sample i in dimension j."""
    if dtype == np.float32:
        word = block(seed, i, 1 + j // 4)[j % 4]
        return np.float32(word >> 8) * np.float32(2.0**-24)
    words = block(seed, i, 1 + j // 2)
    value = words[2 * (j % 2)] | words[2 * (j % 2) + 1] << 32
    return np.float64(value >> 11) * np.float64(2.0**-53)


def pick(counts, rank):
    """The bin whose interval of cumulative counts holds the rank, and what is left of it."""
    for b, c in enumerate(counts):
        if rank < c:
            return b, rank
        rank -= int(c)
    raise AssertionError("rank beyond the counts")


def into_bin(grid, j, raw, x):
    """x, or the nearest value of the dtype whose raw bin is `raw`: step by step."""
    one = replace_columns(grid, j)
    largest = np.finfo(grid.dtype).max
    x = np.clip(x, -largest, largest)
    for _ in range(1 << 22):
        here = int(raw_bins(one, np.array([[x]], grid.dtype))[0, 0])
        if here == raw:
            return x + grid.dtype.type(0)
        x = np.nextafter(x, largest if here < raw else -largest, dtype=grid.dtype)
    raise AssertionError("no value in this bin within reach")


def replace_columns(grid, j):
    cut = slice(j, j + 1)
    return Grid(grid.origin[cut], grid.top[cut], grid.k[cut], grid.first[cut], grid.bins[cut])


def sample(model, seed, i, labels=None, y=None):
    """Sample number i: the point, the bin it was drawn from, and its label (None without)."""
    grid = model.grid
    counts = model.counts
    if y is not None:
        counts = [bin_labels.get(y, 0) for bin_labels in model.label_counts]
    b, left = pick(counts, rank_of(seed, i, int(sum(counts))))
    label = y
    if y is None and labels is not None:
        place, _ = pick([model.label_counts[b].get(c, 0) for c in labels], left)
        label = labels[place]
    raw = model.codes[b] + grid.first
    x = np.empty(grid.d, grid.dtype)
    scalar = grid.dtype.type
    for j in range(grid.d):
        u = offset(seed, i, j, grid.dtype)
        with np.errstate(all="ignore"):
            drawn = grid.origin[j] + (scalar(raw[j]) + u) * grid.width[j]
        x[j] = into_bin(grid, j, int(raw[j]), drawn) if not grid.constant[j] else grid.origin[j]
    return x, b, label


def log_density(model, X):
    """Natural logarithm of count / (n * volume); constant dimensions have no volume."""
    grid = model.grid
    codes, inside = codes_of(grid, X)
    known = {
        tuple(code): int(c) for code, c in zip(model.codes.tolist(), model.counts, strict=True)
    }
    spans = grid.top.astype(np.float64) - grid.origin.astype(np.float64)
    log_volume = sum(np.log(s / k) for s, k in zip(spans, grid.k, strict=True) if s > 0)
    n = model.counts.sum()
    result = np.full(len(X), -np.inf)
    for i in np.flatnonzero(inside):
        rows = known.get(tuple(codes[i].tolist()), 0)
        if rows:
            result[i] = np.log(rows) - np.log(n) - log_volume
    return result
