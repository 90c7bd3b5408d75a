"""The samplers that are compared: each has `fit` and `sample`, as zbins.protocol has them."""

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
    """One sampler with its settings: `make` gives an unfitted one."""

    name: str
    kind: str
    make: Callable[[], Any]
    notes: list[str] = field(default_factory=list)


def contenders(latents: Array, seed: int) -> list[Contender]:
    """Return PMFS with several n_bins, GMM, and KDE with the bandwidth that suits `latents`."""
    begin = time.perf_counter()
    bandwidth = best_bandwidth(latents)
    search = time.perf_counter() - begin
    return [
        *(
            Contender(f"PMFS, n_bins={k}", "PMFS", lambda k=k: zbins.PMFSampler(n_bins=k))
            for k in N_BINS
        ),
        *(
            Contender(f"GMM, {k} components", "GMM", lambda k=k: _gmm(k, seed))
            for k in N_COMPONENTS
        ),
        Contender(
            f"KDE, bandwidth {bandwidth:.2f}",
            "KDE",
            lambda: KernelDensity(bandwidth=bandwidth),
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
