"""What people draw samples with today: each from the same rows or bins, and its check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from peers_gmm import fitted
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from timing import Peer

SUBSET = 10_000  # rows the mixture is fitted on, before its samples are timed


class NumpyDraws:
    """The paper's sampling in NumPy: a bin by its probability, a uniform point in it."""

    def __init__(self, sampler: Any, k: int) -> None:
        self.codes = sampler.codes_.astype(np.float32)
        self.low = sampler.lower_
        self.width = (sampler.upper_ - self.low) / np.float32(k)
        self.share = sampler.counts_ / sampler.counts_.sum()
        self.rng = np.random.default_rng(0)

    def draw(self, n: int) -> np.ndarray:
        """A new array of n samples."""
        samples = self.codes[self.rng.choice(len(self.codes), n, p=self.share)]
        samples += self.rng.random(samples.shape, dtype=np.float32)
        samples *= self.width
        samples += self.low
        return samples

    def draw_into(self, out: np.ndarray, spare: np.ndarray) -> np.ndarray:
        """The same into memory that is there; `spare` takes the uniform numbers."""
        picked = self.rng.choice(len(self.codes), len(out), p=self.share)
        np.take(self.codes, picked, axis=0, out=out, mode="clip")
        self.rng.random(dtype=np.float32, out=spare)
        out += spare
        out *= self.width
        out += self.low
        return out


class TorchDraws:
    """The same in PyTorch, on the CPU."""

    def __init__(self, numpy_draws: NumpyDraws) -> None:
        self.codes = torch.from_numpy(numpy_draws.codes)
        self.low = torch.from_numpy(np.array(numpy_draws.low))
        self.width = torch.from_numpy(numpy_draws.width)
        self.share = torch.from_numpy(numpy_draws.share)
        self.generator = torch.Generator().manual_seed(0)

    def draw(self, n: int) -> torch.Tensor:
        """A new tensor of n samples."""
        picked = torch.multinomial(self.share, n, replacement=True, generator=self.generator)
        samples = self.codes[picked]
        samples += torch.rand(samples.shape, generator=self.generator)
        samples *= self.width
        samples += self.low
        return samples


def sample_peers(sampler: Any, z: np.ndarray, k: int, n: int, quick: bool) -> dict[str, Peer]:
    """Peers that return a new array; a quick run leaves the other models out."""
    with_numpy = NumpyDraws(sampler, k)
    with_torch = TorchDraws(with_numpy)
    check = _in_bins(sampler, n)
    peers = {
        "NumPy choice + random": Peer(lambda: with_numpy.draw(n), check, "draw"),
        "torch multinomial + rand": Peer(lambda: with_torch.draw(n), check, "draw"),
    }
    if quick:
        return peers
    # In float64: its sample() doubts covariances in float32.
    rows = z[:SUBSET].astype(np.float64)
    mixture = fitted(GaussianMixture(20, max_iter=2, random_state=0), rows)
    kde = KernelDensity(bandwidth=0.5).fit(z)
    peers["GaussianMixture(20).sample"] = Peer(
        lambda: mixture.sample(n)[0], _near(z, n), "density", runs=3
    )
    peers["KernelDensity.sample"] = Peer(
        lambda: kde.sample(n, random_state=0), _near(z, n), "density", runs=3
    )
    return peers


def sample_peers_into(sampler: Any, k: int, n: int) -> dict[str, Peer]:
    """Peers that write into memory that is there."""
    with_numpy = NumpyDraws(sampler, k)
    out, spare = (np.zeros((n, with_numpy.codes.shape[1]), np.float32) for _ in range(2))
    peer = Peer(lambda: with_numpy.draw_into(out, spare), _in_bins(sampler, n), "draw")
    return {"NumPy choice + random": peer}


def _in_bins(sampler: Any, n: int) -> Callable[[Any], None]:
    """Nearly all in occupied bins: plain rounding puts a few per million beyond an edge."""

    def check(samples: Any) -> None:
        samples = np.asarray(samples)
        assert samples.shape == (n, sampler.n_features_in_)
        assert samples.dtype == np.float32
        # One value in about 10,000 lies past its bin's edge; a row has n_features_in_ of them.
        assert sampler.contains(samples[:100_000]).mean() > 0.95

    return check


def _near(z: np.ndarray, n: int) -> Callable[[Any], None]:
    """As many samples as asked for, around the mean of the rows."""

    def check(samples: Any) -> None:
        assert samples.shape == (n, z.shape[1])
        assert np.abs(samples.mean(axis=0) - z.mean(axis=0)).max() < 0.5 * z.std()

    return check
