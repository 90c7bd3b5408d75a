"""The samplers that are compared, behind the same two verbs: fit and draw."""

from __future__ import annotations

import functools
import os
import statistics
import time
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
    fit : callable
        Takes latents and gives the fitted sampler; None where nothing is fitted.
    ready : callable
        Takes a fitted sampler, gives one that `draw` takes. Not timed.
    draw : callable
        Takes it, a number of samples and a seed; gives latents.
    """

    name: str
    slug: str
    kind: str
    parameter: int | None
    fit: Callable[[Array], Any] | None
    ready: Callable[[Any], Any]
    draw: Callable[[Any, int, int], Array]


def contenders(model: str, settings: Settings) -> list[Contender]:
    """Return PMFS and GMM with all their settings, and for a VAE its prior."""
    listed = [_pmfs(k) for k in settings.n_bins]
    listed += [_gmm(n, settings.seed) for n in settings.n_components]
    return [*listed, _prior()] if model == "VAE" else listed


def _pmfs(k: int) -> Contender:
    return Contender(
        f"PMFS, n_bins={k}",
        f"pmfs-{k}",
        "PMFS",
        k,
        lambda z: zbins.PMFSampler(n_bins=k).fit(z),
        lambda sampler: sampler,
        lambda sampler, n, seed: sampler.sample(n, random_state=seed),
    )


def _gmm(n_components: int, seed: int) -> Contender:
    return Contender(
        f"GMM, {n_components} components",
        f"gmm-{n_components}",
        "GMM",
        n_components,
        # All defaults but max_iter: its 100 could end before EM has converged.
        lambda z: GaussianMixture(n_components, max_iter=1000, random_state=seed).fit(z),
        _symmetric,
        _draw_gmm,
    )


def _symmetric(gmm: GaussianMixture) -> GaussianMixture:
    # EM in float32 leaves the covariances asymmetric in their last bits, which NumPy warns of.
    covariances = gmm.covariances_.astype(np.float64)
    gmm.covariances_ = (covariances + covariances.transpose(0, 2, 1)) / 2
    return gmm


def _draw_gmm(gmm: GaussianMixture, n: int, seed: int) -> Array:
    gmm.set_params(random_state=seed)  # sample() has none of its own
    return gmm.sample(n)[0]


def _prior() -> Contender:
    return Contender(
        "prior, N(0, I)",
        "prior",
        "prior",
        None,
        None,
        lambda dimension: dimension,
        lambda dimension, n, seed: np.random.default_rng(seed).normal(size=(n, dimension)),
    )


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
    """Return the fitted sampler (of the prior the latents' dimension), and the times so far."""
    load = {"load": os.getloadavg()[0]}
    make = contender.fit
    if make is None:
        return z.shape[1], load
    sampler, spent = timed(lambda: make(z), settings.timing_budget)
    return sampler, load | {"fit": spent}


def time_draws(contender: Contender, sampler: Any, settings: Settings) -> dict[str, float]:
    """Return the time of a draw of `n_timed` samples."""
    call = functools.partial(contender.draw, sampler, settings.n_timed, 0)
    return timed(call, min(1, settings.timing_budget))[1]
