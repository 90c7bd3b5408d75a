"""How close the distribution of samples comes to that of real rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .measurement import Features, Given, Measurement


def frechet_distance(X: Any, Y: Any, *, features: Features = None) -> Measurement:
    """Return the squared Fréchet distance between two normal distributions, as FID is defined.

    The distributions are those with the means and covariances of X and Y::

        |mean X - mean Y|^2 + tr(A + B - 2 (A B)^(1/2))

    with the covariances A and B divided by n - 1 and m - 1. In the features of an Inception network
    this is the FID. With few more rows than columns it is mostly noise and biased upwards: compare
    only values of equally many rows.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Features of samples, at least two rows; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Those of real data, likewise.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.

    Returns
    -------
    distance : Measurement, a float
        At least 0, in squared units of the features, lower is closer; 0 where means and covariances
        are the same.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers.
    ValueError
        If one has fewer than two rows, a value that is not finite (naming row and column) or is
        beyond 1e100, or if their columns differ in number.

    References
    ----------
    D. C. Dowson, B. V. Landau: The Fréchet distance between multivariate normal distributions.
    Journal of Multivariate Analysis 12 (1982), 450-455.

    M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler, S. Hochreiter: GANs Trained by a Two
    Time-Scale Update Rule Converge to a Local Nash Equilibrium. NeurIPS 2017, arXiv:1706.08500.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import frechet_distance
    >>> X = np.random.default_rng(0).normal(size=(1_000, 3))
    >>> round(frechet_distance(X, X + [2, 0, 0]), 6)
    4.0
    """
    given = Given({"X": X, "Y": Y}, features, least=2)
    x, y = given
    (mean_x, root_x), (mean_y, root_y) = _moments(x), _moments(y)
    # With A = R'R and B = S'S, the trace of (A B)^(1/2) is the sum of the singular values of R S'.
    # Nothing is squared to have its root taken: where covariances are singular, a root of rounded
    # products would turn errors of 1e-16 into 1e-8, in every direction without variance.
    overlap = np.linalg.svd(root_x @ root_y.T, compute_uv=False).sum()
    shift = np.square(mean_x - mean_y).sum()
    distance = shift + np.square(root_x).sum() + np.square(root_y).sum() - 2 * overlap
    return given.measured(Measurement, max(0.0, distance), seed=None)


def _moments(rows: Array) -> tuple[Array, Array]:
    """Return the mean, and R of shape (min(n, d), d) such that the covariance is R'R."""
    mean = rows.mean(axis=0)
    triangle: Any = np.linalg.qr(rows - mean, mode="r")
    return mean, triangle / np.sqrt(len(rows) - 1)
