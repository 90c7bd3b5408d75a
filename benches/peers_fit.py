"""What people count or fit latents with today: each a call on the same rows, and its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boost_histogram as bh
import numpy as np
import pandas as pd
import polars as pl
import torch
from answers import as_bytes, as_words, check_counts, lattice, quantized
from peers_gmm import gmm_fit
from sklearn.neighbors import KernelDensity
from timing import Peer

DENSE = 1 << 24  # bins that a dense histogram may have here
TARGETED = ("mnist", "celeba", "million")  # shapes that a ratio to the paper's code is wanted for


def paper(z: np.ndarray, k: int) -> np.ndarray:
    """Appendix B with only its bugs mended: uint8 codes, and the maximum in the last bin."""
    low, scale = lattice(z, k)
    codes = np.minimum((z - low) * scale, k - 1).astype(np.uint8)
    return np.unique(codes, axis=0, return_counts=True)[1]


def bytes_view(z: np.ndarray, k: int) -> np.ndarray:
    """The same with each row compared as one string of bytes: the fastest np.unique."""
    return np.unique(as_bytes(quantized(z, k)), return_counts=True)[1]


def polars(z: np.ndarray, k: int) -> np.ndarray:
    """Quantized by NumPy, counted by polars, one column per dimension."""
    codes = np.asfortranarray(quantized(z, k))
    frame = pl.DataFrame({str(j): codes[:, j] for j in range(z.shape[1])})
    return frame.group_by(frame.columns).len()["len"].to_numpy()


def packed_view(z: np.ndarray, k: int) -> np.ndarray:
    """`bytes_view` with the codes packed as ours are, by NumPy."""
    words = as_words(quantized(z, k), k)
    return np.unique(words.view(f"V{8 * words.shape[1]}").ravel(), return_counts=True)[1]


def polars_packed(z: np.ndarray, k: int) -> np.ndarray:
    """`polars` with the codes packed as ours are, by NumPy: one column per 64-bit word."""
    words = np.asfortranarray(as_words(quantized(z, k), k))
    frame = pl.DataFrame({str(j): words[:, j] for j in range(words.shape[1])})
    return frame.group_by(frame.columns).len()["len"].to_numpy()


def pandas(z: np.ndarray, k: int) -> np.ndarray:
    """Quantized by NumPy, counted by pandas, one column per dimension."""
    frame = pd.DataFrame(quantized(z, k))
    return frame.groupby(list(frame.columns), sort=False).size().to_numpy()


def torch_unique(z: np.ndarray, k: int) -> np.ndarray:
    """Quantized and counted by PyTorch, on the CPU."""
    low, scale = (torch.from_numpy(part) for part in lattice(z, k))
    codes = ((torch.from_numpy(z) - low) * scale).clamp_(max=k - 1).to(torch.uint8)
    return torch.unique(codes, dim=0, return_counts=True)[1].numpy()


def boost(z: np.ndarray, k: int) -> np.ndarray:
    """A dense histogram over all k**d bins; empty ones are left out afterwards."""
    low, high = z.min(axis=0), np.nextafter(z.max(axis=0), np.float32(np.inf))
    axes = [bh.axis.Regular(k, float(a), float(b)) for a, b in zip(low, high, strict=True)]
    histogram = bh.Histogram(*axes, storage=bh.storage.Int64())
    histogram.fill(*z.T, threads=0)  # 0: all cores
    counts = histogram.view()
    return counts[counts > 0]


def two_sums(z: np.ndarray) -> float:
    """Not a peer but a yardstick: reading the rows twice, as NumPy does it."""
    return float(z.sum()) + float(z.sum())


def _check_boost(expected: tuple[np.ndarray, np.ndarray], n: int) -> Callable[[Any], None]:
    """Its edges are made in float64 from lower and upper: a row on an edge may differ by a bin."""

    def check(counts: Any) -> None:
        assert counts.sum() == n
        assert abs(len(counts) - len(expected[1])) <= 1e-3 * len(expected[1]) + 1

    return check


def kde_fit(z: np.ndarray) -> Peer:
    """scikit-learn's KernelDensity: the fit builds its tree and evaluates nothing."""

    def check(kde: Any) -> None:
        assert kde.tree_.data.shape == z.shape

    return Peer(lambda: KernelDensity(bandwidth=0.5).fit(z), check, "density")


def fit_peers(
    name: str, z: np.ndarray, k: int, expected: tuple[np.ndarray, np.ndarray], quick: bool
) -> dict[str, Peer]:
    """All peers for one of the shapes `axes.FITS`; a quick run leaves the slow ones out."""

    def counting(call: Callable[[np.ndarray, int], Any], kind: str = "count") -> Peer:
        return Peer(lambda: call(z, k), lambda counts: check_counts(counts, expected), kind)

    peers = {}
    if not quick or name in TARGETED:
        peers["paper's NumPy code"] = counting(paper, "paper")
    peers["np.unique on a bytes view"] = counting(bytes_view)
    peers["polars group_by"] = counting(polars)
    peers["np.unique on packed words"] = counting(packed_view, "packed")
    peers["polars group_by on packed words"] = counting(polars_packed, "packed")
    if not quick:
        if z.shape[1] <= 64:
            peers["pandas groupby"] = counting(pandas)
        peers["torch.unique"] = counting(torch_unique)
    if k ** z.shape[1] <= DENSE:
        check = _check_boost(expected, len(z))
        peers["boost-histogram, dense"] = Peer(lambda: boost(z, k), check, "count")
    peers["two np.sum passes (yardstick)"] = Peer(
        lambda: two_sums(z), lambda total: _finite(total), "memory"
    )
    if quick:
        return peers
    if name != "repeated":
        peers["KernelDensity.fit"] = kde_fit(z)
    if name == "mnist":
        peers["GaussianMixture(20)"] = gmm_fit(z, 20)
    if name == "celeba":
        peers["GaussianMixture(8), 2 iterations"] = gmm_fit(z, 8, iterations=2)
    return peers


def _finite(value: float) -> None:
    """A sum that is a number."""
    assert np.isfinite(value)
