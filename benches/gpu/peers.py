"""Side by side on the same card: fits and samples against what PyTorch has, and our own CPU code.

    python benches/gpu/peers.py [--quick] [--json FILE]

All get the rows where they work on them: on the device, or, on the CPU, in the host's memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import harness  # first: it makes `timing` findable
import numpy as np
import torch
from clock import pace_of, race
from data import check_bins, check_fit, distinct, few
from harness import cpu_twin, occupied, rows_that_fit, to_host, zbins
from timing import Pace, Peer
from torch_pmfs import TorchPMFS, dense_counts, lattice, nonzero, quantized

BINS = 100_000
DENSE = 1 << 24  # bins that a dense histogram may have here
IN_BINS = 100_000  # samples of a peer looked up in the model
KEEP = 0.95  # of them must be found: plain rounding puts some beyond an edge

# Rows, columns, bins of each, how rows share bins.
FITS = (
    (1_000_000, 4, 8, "few"),
    (10_000_000, 4, 8, "few"),
    (1_000_000, 32, 8, "few"),
    (10_000_000, 32, 8, "few"),
    (10_000_000, 32, 8, "distinct"),
    (1_000_000, 256, 20, "few"),
)
# Samples, columns.
SAMPLES = ((1_000_000, 64), (10_000_000, 64))
BYTES_BESIDE = 120  # a row, for the peers' intermediate arrays, beside five times the rows


def rows_of(n: int, d: int, k: int, spread: str) -> tuple[torch.Tensor, Any]:
    """Rows, and the bins and counts they have."""
    if spread == "few":
        z, codes, counts = few(n, d, k, BINS)
        return z, (codes, counts)
    z = distinct(n, d)
    codes = quantized(z, *lattice(z, k), k)
    return z, (codes, torch.ones(n, dtype=torch.int64, device=z.device))


def histogram(z: torch.Tensor, k: int) -> torch.Tensor:
    """torch.histogramdd over the known range, which it wants to be told."""
    d = z.shape[1]
    return torch.histogramdd(z, [k] * d, range=[0.0, float(k)] * d).hist


def fit_peers(z: torch.Tensor, k: int, expected: Any) -> dict[str, Peer]:
    """All that count the same bins; the checks compare every bin where the peer gives them."""
    host = z.cpu()
    rows = host.numpy()

    def check_model(model: TorchPMFS) -> None:
        check_bins(model.codes, model.counts, expected)

    def check_unique(answer: Any) -> None:
        check_bins(*answer, expected)

    def check_dense(counts: torch.Tensor) -> None:
        found = np.sort(to_host(nonzero(counts.ravel())).astype(np.int64))
        assert np.array_equal(found, np.sort(to_host(expected[1]))), "other counts than those made"

    codes = quantized(z, *lattice(z, k), k)
    peers = {
        "plain PyTorch PMFS (torch.unique)": Peer(
            lambda: TorchPMFS(k).fit(z), check_model, "count"
        ),
        "torch.unique(dim=0), codes given": Peer(
            lambda: torch.unique(codes, dim=0, return_counts=True),
            check_unique,
            "count",
            note="does not quantize",
        ),
        "plain PyTorch PMFS, packed words sorted": Peer(
            lambda: TorchPMFS(k, pack=True).fit(z), check_model, "packed"
        ),
        "zbins on the CPU": Peer(
            lambda: zbins.PMFSampler(n_bins=k).fit(rows),
            lambda sampler: check_fit(sampler, expected),
            "cpu",
            note="rows in the host's memory",
        ),
    }
    if k ** z.shape[1] <= DENSE:
        peers["torch.bincount over all bins"] = Peer(
            lambda: dense_counts(quantized(z, *lattice(z, k), k), k), check_dense, "dense"
        )
        peers["torch.histogramdd"] = Peer(lambda: histogram(z, k), check_dense, "dense")
        peers["torch.histogramdd on the CPU"] = Peer(
            lambda: histogram(host, k), check_dense, "dense", note="rows in the host's memory"
        )
    return peers


def fit(n: int, d: int, k: int, spread: str, pace: Pace) -> dict[str, Any]:
    """Race one fit: ours checked first."""
    n = rows_that_fit(n, 5 * 4 * d + BYTES_BESIDE)
    z, expected = rows_of(n, d, k, spread)
    sampler = zbins.PMFSampler(n_bins=k).fit(z)
    bins = occupied(sampler)
    assert bins == len(expected[1]), f"{bins} occupied bins, not {len(expected[1])}"
    check_fit(sampler, expected)
    title = f"fit, {spread}, n = {n:,}, d = {d}, k = {k}"
    peers = fit_peers(z, k, expected)
    row = race(lambda: zbins.PMFSampler(n_bins=k).fit(z), peers, pace, title)
    return row | {"job": title, "n": n, "d": d, "k": k, "occupied": bins, "race": "fit"}


def in_bins(sampler: Any, n: int, d: int) -> Callable[[Any], None]:
    """Nearly all in occupied bins."""

    def check(samples: Any) -> None:
        assert tuple(samples.shape) == (n, d), f"samples are {tuple(samples.shape)}"
        part = torch.as_tensor(samples[:IN_BINS], device="cuda")
        found = float(sampler.contains(part).double().mean())
        assert found > KEEP, f"only {found:.3f} of the samples lie in occupied bins"

    return check


def draw(n: int, d: int, pace: Pace) -> dict[str, Any]:
    """Race one draw into a new tensor."""
    k = 16
    z, codes, counts = few(2_000_000, d, k, BINS)
    sampler = zbins.PMFSampler(n_bins=k).fit(z)
    check_fit(sampler, (codes, counts))
    twin = cpu_twin(sampler)
    plain = TorchPMFS(k).fit(z)
    check_bins(plain.codes, plain.counts, (codes, counts))
    check = in_bins(sampler, n, d)
    got = sampler.sample(n, random_state=0)
    assert got.is_cuda, "samples that are not on the device"
    assert bool(sampler.contains(got).all()), "a sample outside the occupied bins"
    assert np.array_equal(to_host(got[:1000]), twin.sample(1000, random_state=0))
    del got
    peers = {
        "plain PyTorch PMFS (searchsorted + rand)": Peer(lambda: plain.sample(n), check, "draw"),
        "torch multinomial + rand": Peer(lambda: plain.sample_multinomial(n), check, "draw"),
        "zbins on the CPU": Peer(
            lambda: twin.sample(n, random_state=0), check, "cpu", note="into the host's memory"
        ),
    }
    title = f"sample, n = {n:,}, d = {d}, {len(counts):,} bins"
    row = race(lambda: sampler.sample(n, random_state=0), peers, pace, title)
    return row | {"job": title, "n": n, "d": d, "k": k, "occupied": len(counts), "race": "sample"}


def main() -> None:
    """All races."""
    bench = harness.Bench("peers", __doc__)
    small = 10 if bench.quick else 1
    for n, d, k, spread in FITS:
        step = f"fit, {spread}, n = {n // small:,}, d = {d}, k = {k}"
        bench.run(step, fit, n // small, d, k, spread, pace_of(bench))
    for n, d in SAMPLES:
        bench.run(f"sample, n = {n // small:,}, d = {d}", draw, n // small, d, pace_of(bench))
    bench.end()


if __name__ == "__main__":
    main()
