"""The samplers that are compared, behind the same two verbs: fit and draw."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity

import zbins

N_BINS = (2, 3, 4, 6, 8, 16, 32)
# 20 served the paper best for its autoencoder on MNIST; 10 is the number of classes.
N_COMPONENTS = (10, 20)

Array = NDArray[np.floating[Any]]


@dataclass
class Contender:
    """One sampler with its settings: `make` an unfitted one, `draw` from a fitted one."""

    name: str
    kind: str
    make: Callable[[], Any]
    draw: Callable[[Any, int, int], Array]
    notes: list[str] = field(default_factory=list)


def contenders(latents: Array, seed: int) -> list[Contender]:
    """Return PMFS with several n_bins, GMM, and KDE with the bandwidth that suits `latents`."""
    begin = time.perf_counter()
    bandwidth = best_bandwidth(latents)
    search = time.perf_counter() - begin
    return [
        *(
            Contender(
                f"PMFS, n_bins={k}", "PMFS", lambda k=k: zbins.PMFSampler(n_bins=k), _draw_pmfs
            )
            for k in N_BINS
        ),
        *(
            Contender(f"GMM, {k} components", "GMM", lambda k=k: _gmm(k, seed), _draw_gmm)
            for k in N_COMPONENTS
        ),
        Contender(
            f"KDE, bandwidth {bandwidth:.2f}",
            "KDE",
            lambda: KernelDensity(bandwidth=bandwidth),
            lambda kde, n, seed: kde.sample(n, random_state=seed),
            [
                f"KDE: its bandwidth came from 5-fold cross-validation, {search:.1f} s that are "
                "not in its fit time."
            ],
        ),
    ]


def best_bandwidth(latents: Array) -> float:
    """Return the bandwidth with the highest cross-validated likelihood.

    Scott's rule takes ten clusters for one and blurs them into each other.
    """
    choice = {"bandwidth": np.geomspace(0.05, 1, 15)}
    return float(GridSearchCV(KernelDensity(), choice, cv=5).fit(latents).best_params_["bandwidth"])


def _gmm(n_components: int, seed: int) -> GaussianMixture:
    # max_iter: the default of 100 can end before EM has converged. reg_covar: with 35 rows a
    # component a covariance may collapse onto a few rows; the latents have unit variance.
    return GaussianMixture(n_components, max_iter=1000, reg_covar=1e-3, random_state=seed)


def _draw_pmfs(sampler: zbins.PMFSampler, n: int, seed: int) -> Array:
    return sampler.sample(n, random_state=seed)


def _draw_gmm(gmm: GaussianMixture, n: int, seed: int) -> Array:
    # GaussianMixture has no random_state per draw, and sorts its samples by component.
    gmm.set_params(random_state=seed)
    # EM in float32 leaves the covariances asymmetric in their last bits, which NumPy warns of.
    covariances = gmm.covariances_.astype(np.float64)
    gmm.covariances_ = (covariances + covariances.transpose(0, 2, 1)) / 2
    return np.random.default_rng(seed).permutation(gmm.sample(n)[0])
