"""scikit-learn's GaussianMixture, as users call it and with a limit on its time."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from timing import Peer

LIMIT = 20.0  # seconds after which a fit stops at the end of its iteration


class TimedMixture(GaussianMixture):
    """A GaussianMixture that stops once `limit` seconds have passed.

    The time runs from the beginning of `fit`; the k-means before the first iteration and an
    iteration that has begun are not cut short. `stopped_` tells whether it was the clock.
    """

    def __init__(self, n_components: int = 1, limit: float = LIMIT, random_state: Any = None):
        super().__init__(n_components, random_state=random_state)
        self.limit = limit

    def fit_predict(self, X: Any, y: Any = None) -> Any:
        """Fit, watching the clock."""
        self._begin, self.stopped_, tolerance = time.perf_counter(), False, self.tol
        try:
            return super().fit_predict(X, y)
        finally:
            self.tol = tolerance

    def _m_step(self, *args: Any, **kwargs: Any) -> Any:
        """After an iteration: past the limit, any change counts as small enough."""
        result = super()._m_step(*args, **kwargs)
        if time.perf_counter() - self._begin > self.limit:
            self.stopped_, self.tol = True, np.inf
        return result


def fitted(mixture: GaussianMixture, z: np.ndarray) -> GaussianMixture:
    """Fit; running out of iterations is meant here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(z)


def check_mixture(mixture: GaussianMixture, z: np.ndarray) -> None:
    """Weights sum to one, and the density is better than that of one Gaussian."""
    assert abs(mixture.weights_.sum() - 1) < 1e-6
    rows = z[:: max(1, len(z) // 1000)]
    one = GaussianMixture(1, reg_covar=1e-3).fit(rows)
    assert mixture.score(rows) > one.score(rows) - 5


def gmm_fit(z: np.ndarray, components: int, iterations: int = 100) -> Peer:
    """A fit as a peer: a median of three, as its runs are long."""
    return Peer(
        lambda: fitted(GaussianMixture(components, max_iter=iterations, random_state=0), z),
        lambda mixture: check_mixture(mixture, z),
        "density",
        runs=3,
    )


def gmm_limited(z: np.ndarray, notes: list[str]) -> Peer:
    """A fit of 20 components with the limit; how it ended is added to `notes`."""

    def check(mixture: TimedMixture) -> None:
        assert mixture.n_iter_ >= 1
        check_mixture(mixture, z)
        how = "stopped by the clock" if mixture.stopped_ else "converged"
        if mixture.n_iter_ == mixture.max_iter:
            how = "reached max_iter"
        plural = "" if mixture.n_iter_ == 1 else "s"
        notes.append(f"{how} after {mixture.n_iter_} iteration{plural}")

    return Peer(lambda: fitted(TimedMixture(20, random_state=0), z), check, "density")
