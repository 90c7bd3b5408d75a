"""The samplers that are compared: each has `fit` and `sample`, as zbins.protocol has them."""

from __future__ import annotations

import os
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from digits import Array
from settings import Settings
from sklearn.mixture import GaussianMixture

import zbins


@dataclass(frozen=True)
class Contender:
    """A sampler with its setting.

    Attributes
    ----------
    name : str
        In tables.
    slug : str
        In names of files.
    kind : {"PMFS", "GMM", "prior"}
    parameter : int or None
        Bins a column, or components.
    make : callable
        Gives an unfitted sampler.
    """

    name: str
    slug: str
    kind: str
    parameter: int | None
    make: Callable[[], Any]


def contenders(model: str, settings: Settings) -> list[Contender]:
    """Return PMFS and GMM with all their settings, and for a VAE its prior."""
    listed = [_pmfs(k) for k in settings.n_bins]
    listed += [_gmm(n, settings.seed) for n in settings.n_components]
    return [*listed, _prior()] if model == "VAE" else listed


def _pmfs(k: int) -> Contender:
    return Contender(
        f"PMFS, n_bins={k}", f"pmfs-{k}", "PMFS", k, lambda: zbins.PMFSampler(n_bins=k)
    )


def _gmm(n_components: int, seed: int) -> Contender:
    return Contender(
        f"GMM, {n_components} components",
        f"gmm-{n_components}",
        "GMM",
        n_components,
        # All defaults but max_iter: its 100 could end before EM has converged.
        lambda: GaussianMixture(n_components, max_iter=1000, random_state=seed),
    )


def _prior() -> Contender:
    return Contender("prior, N(0, I)", "prior", "prior", None, Prior)


class Prior:
    """N(0, I), the prior of a VAE: of the rows it only takes their width."""

    def fit(self, z: Array) -> Prior:
        """Note the dimension."""
        self.n_features_in_ = z.shape[1]
        return self

    def sample(self, n: int, random_state: Any = None) -> Array:
        """Return latents of shape (n, d)."""
        return np.random.default_rng(random_state).normal(size=(n, self.n_features_in_))


def timed(call: Callable[[], Any], budget: float, most: int = 21) -> tuple[Any, dict[str, float]]:
    """Return what a call gives, and its time: the median of its runs, and how far they lie apart.

    Parameters
    ----------
    call : callable
    budget : float
        Seconds after which no further run is begun; one there is always.
    most : int, default=21
        Runs at most.
    """
    times: list[float] = []
    while not times or (sum(times) < budget and len(times) < most):
        begin = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - begin)
    return result, {
        "median": statistics.median(times),
        "low": min(times),
        "high": max(times),
        "runs": len(times),
    }


def fit(contender: Contender, z: Array, settings: Settings) -> tuple[Any, dict[str, Any]]:
    """Return the fitted sampler, and the times so far; a prior's fit is none, and not timed."""
    load = {"load": os.getloadavg()[0]}
    if contender.kind == "prior":
        return contender.make().fit(z), load
    sampler, spent = timed(lambda: contender.make().fit(z), settings.timing_budget)
    return sampler, load | {"fit": spent}


def time_draws(sampler: Any, settings: Settings) -> dict[str, float]:
    """Return the time of a draw of `n_timed` samples, by the sampler's own call."""
    with warnings.catch_warnings():
        # NumPy's, of a mixture's covariances: in float32 they are asymmetric in their last bits.
        warnings.simplefilter("ignore", RuntimeWarning)
        return timed(lambda: sampler.sample(settings.n_timed), min(1, settings.timing_budget))[1]
