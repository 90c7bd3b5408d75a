"""How good and how new the decoded samples are, and how long it took to get them."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from demo_samplers import Array, Contender
from zbins.metrics import Novelty, frechet_distance, novelty
from zbins.protocol import draw

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
    copied_share: float | None = None
    fit_seconds: float | None = None
    sample_seconds: float | None = None
    share_alone: float | None = None
    share_covered: float | None = None
    notes: list[str] = field(default_factory=list)


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
        self._copies, self._unseen = self.decode(self.fitted), self.decode(self.test)

    def decode(self, latents: Array) -> torch.Tensor:
        """Return the images of latents."""
        with torch.inference_mode():
            return self._decoder(torch.as_tensor(np.asarray(latents, dtype=np.float32)))

    def frechet(self, images: torch.Tensor) -> float:
        """Return the Fréchet distance to the real held-out images."""
        return frechet_distance(self._features_of(images), self._reference)

    def novelty(self, images: torch.Tensor) -> Novelty:
        """Return how new images are among decoded rows, in pixels."""
        return novelty(images, self._copies, self._unseen, features="pixels")

    def _features_of(self, images: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return self._features(images)

    def _new(self, row: Row, images: list[torch.Tensor]) -> Row:
        """Fill in how new draws of images are."""
        found = [self.novelty(x) for x in images]
        row.novelty = statistics.fmean(found)
        row.copied_share = statistics.fmean(new.copied_share for new in found)
        return row

    def references(self, fitted_images: torch.Tensor) -> list[Row]:
        """Return the lines between which the others are read."""
        n, m = len(self.test), len(self.fitted)
        parts = [np.random.default_rng(seed).choice(m, n, replace=False) for seed in range(N_DRAWS)]
        real = _mean([self.frechet(fitted_images[part]) for part in parts])
        copies = _mean([self.frechet(self._copies[part]) for part in parts])
        return [
            Row("real images (fitted rows)", "reference", *real),
            self._new(Row("decoded fitted rows (copies)", "reference", *copies), [self._copies]),
            self._new(Row("decoded held-out rows", "reference"), [self._unseen]),
        ]

    def measure(self, contender: Contender) -> tuple[Row, Any]:
        """Fit a sampler, time it, draw and decode; return its line and the fitted sampler."""
        sampler = contender.make().fit(self.fitted)
        row = Row(contender.name, contender.kind, notes=list(contender.notes))
        row.fit_seconds = median_seconds(lambda: contender.make().fit(self.fitted))
        with warnings.catch_warnings():
            # NumPy's, of a mixture's covariances: in float32 they are asymmetric in the last bits.
            warnings.simplefilter("ignore", RuntimeWarning)
            row.sample_seconds = median_seconds(lambda: sampler.sample(N_TIMED))
        images = [self.decode(draw(sampler, len(self.test), seed)) for seed in range(N_DRAWS)]
        row.frechet, row.frechet_std = _mean([self.frechet(x) for x in images])
        self._new(row, images)
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
