"""How good and how new the decoded samples are, and how long it took to get them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors
from torch import nn

from demo_samplers import Array, Contender

N_DRAWS = 10  # a single draw of 397 moves the Fréchet distance by more than samplers differ
N_TIMED = 10_000


@dataclass
class Row:
    """One line of the table; None where a column has no meaning."""

    name: str
    kind: str
    frechet: float | None = None
    frechet_std: float | None = None
    novelty: float | None = None
    fit_seconds: float | None = None
    sample_seconds: float | None = None
    share_alone: float | None = None
    share_covered: float | None = None
    notes: list[str] = field(default_factory=list)


def frechet_distance(a: Array, b: Array) -> float:
    """Return |mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2)), squared as in FID.

    A and B are the covariances. The eigenvalues of A B are real and not negative, and the trace
    of its square root is the sum of their roots; rounding leaves tiny negative or complex ones.
    """
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    roots = np.sqrt(np.clip(np.linalg.eigvals(cov_a @ cov_b).real, 0, None))
    shift = a.mean(0) - b.mean(0)
    distance = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * roots.sum()
    return max(0.0, float(distance))


class Judge:
    """Measures decoded latents against the fitted and the held-out rows.

    Parameters
    ----------
    decoder, features : nn.Module
        Latents to images; images to the features in which the Fréchet distance is taken.
    fitted : tensor of shape (n, d)
        Latents the samplers are fitted on.
    test_images, test : tensors of shape (m, 1, 8, 8) and (m, d)
        Held-out images, and their latents. All measures use m samples at a time.
    """

    def __init__(
        self,
        decoder: nn.Module,
        features: nn.Module,
        fitted: torch.Tensor,
        test_images: torch.Tensor,
        test: torch.Tensor,
    ) -> None:
        self._decoder, self._features = decoder, features
        self.fitted, self.test = fitted.numpy(), test.numpy()
        self._reference = self._features_of(test_images)
        self._nearest = NearestNeighbors(n_neighbors=1).fit(self.decode(self.fitted).flatten(1))
        self._unseen = self._distance_to_fitted(self.decode(self.test))

    def decode(self, latents: Array) -> torch.Tensor:
        """Return the images of latents."""
        with torch.inference_mode():
            return self._decoder(torch.as_tensor(np.asarray(latents, dtype=np.float32)))

    def frechet(self, images: torch.Tensor) -> float:
        """Return the Fréchet distance to the real held-out images."""
        return frechet_distance(self._features_of(images), self._reference)

    def novelty(self, images: torch.Tensor) -> float:
        """Return the mean distance to the nearest decoded fitted row, held-out rows being 1."""
        return self._distance_to_fitted(images) / self._unseen

    def _features_of(self, images: torch.Tensor) -> Array:
        with torch.inference_mode():
            return self._features(images).double().numpy()

    def _distance_to_fitted(self, images: torch.Tensor) -> float:
        return float(self._nearest.kneighbors(images.flatten(1))[0].mean())

    def references(self, fitted_images: torch.Tensor) -> list[Row]:
        """Return the lines between which the others are read."""
        n = len(self.test)
        decoded = self.decode(self.fitted)
        parts = [
            np.random.default_rng(draw).choice(len(decoded), n, replace=False)
            for draw in range(N_DRAWS)
        ]
        real = _mean([self.frechet(fitted_images[part]) for part in parts])
        copies = _mean([self.frechet(decoded[part]) for part in parts])
        return [
            Row("real images (fitted rows)", "reference", *real),
            Row("decoded fitted rows (copies)", "reference", *copies, novelty=0.0),
            Row("decoded held-out rows", "reference", novelty=1.0),
        ]

    def measure(self, contender: Contender) -> tuple[Row, Any]:
        """Fit a sampler, time it, draw and decode; return its line and the fitted sampler."""
        sampler = contender.make().fit(self.fitted)
        row = Row(contender.name, contender.kind, notes=list(contender.notes))
        row.fit_seconds = median_seconds(lambda: contender.make().fit(self.fitted))
        row.sample_seconds = median_seconds(lambda: contender.draw(sampler, N_TIMED, 0))
        images = [
            self.decode(contender.draw(sampler, len(self.test), seed)) for seed in range(N_DRAWS)
        ]
        row.frechet, row.frechet_std = _mean([self.frechet(x) for x in images])
        row.novelty = statistics.fmean(self.novelty(x) for x in images)
        if contender.kind == "PMFS":
            row.share_alone = sampler.summary().share_alone
            row.share_covered = float(sampler.contains(self.test).mean())
        if not getattr(sampler, "converged_", True):
            row.notes.append(f"{row.name}: EM had not converged in {sampler.n_iter_} steps.")
        return row, sampler


def median_seconds(call: Callable[[], object], least: int = 5, budget: float = 0.3) -> float:
    """Return the median time of a call: 5 runs at least, more while they take under 0.3 s."""
    times: list[float] = []
    while len(times) < least or (sum(times) < budget and len(times) < 1000):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def _mean(values: list[float]) -> tuple[float, float]:
    return statistics.fmean(values), statistics.stdev(values)
