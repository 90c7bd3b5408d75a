"""Latents in the plane: a principal component analysis, where they have more columns."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from .._types import Array

_LARGE = 1e100  # the squares of larger values may overflow


def project(
    X: Array, shown: Array, samples: dict[str, Array]
) -> tuple[Array, dict[str, Array], Array | None]:
    """Return rows to draw, in two columns or fewer.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Latents to fit the projection on.
    shown : ndarray of shape (m, d)
        Those to draw.
    samples : dict of str to ndarray of shape (k, d)
        Samples to draw.

    Returns
    -------
    points : ndarray of shape (m, min(d, 2))
        Of `shown`.
    projected : dict of str to ndarray of shape (k, min(d, 2))
        Of `samples`.
    ratio : ndarray of shape (2,) or None
        Shares of the variance of X; None if d is below 3, where nothing is projected.

    Raises
    ------
    ValueError
        If d is 3 or more and X does not vary, or has values beyond 1e100.
    """
    if X.shape[1] <= 2:
        return shown, samples, None
    for name, rows in {"X": X, **samples}.items():
        if (largest := np.abs(rows).max()) > _LARGE:
            raise ValueError(f"{name} has a value of size {largest}; accepted are up to {_LARGE}")
    if not np.ptp(X, axis=0).any():
        raise ValueError(
            f"X has {len(X)} row(s), all the same; at least two that differ are needed to find the "
            "directions in which they vary"
        )
    # Large inputs are decomposed by a randomized method: with a seed, it is always the same one.
    pca = PCA(2, random_state=0).fit(X)
    projected = {name: pca.transform(rows) for name, rows in samples.items()}
    return pca.transform(shown), projected, pca.explained_variance_ratio_
