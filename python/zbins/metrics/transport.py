"""What it costs to move samples onto real rows: the Wasserstein distance, by three methods."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from .._common.checks import check_count, check_positive
from .._common.chunks import at_once
from .._common.extras import pip_install
from .._common.progress import Progress, check_progress
from .measurement import Features, Given, Measurement

_METHODS = ("exact", "sliced", "sinkhorn")
# Of geomloss, from one blur to the next: 0.5 was up to 15 % below W2, 0.8 up to 3, 0.9 about 1.
_SCALING = 0.9


def wasserstein_distance(
    X: Any,
    Y: Any,
    *,
    method: str = "exact",
    max_rows: int = 2_000,
    n_projections: int = 1_000,
    blur: float = 0.05,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> Measurement:
    """Return the Wasserstein distance W2 between samples and real rows, itself and not squared.

    The root of the least mean squared distance over which the rows of X can be moved onto those of
    Y (the earth mover's distance of squared costs). It sees all of both distributions, and is in
    the units of the rows.

    Two finite draws of one distribution lie apart as well, in d columns by about n^(-1/d): compare
    only values of equally many rows, and with the value that unseen real rows have. Copies of Y
    are the best of all samples; whether samples are copies, `novelty` tells.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, at least one row; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real rows, likewise.
    method : {"exact", "sliced", "sinkhorn"}, default="exact"
        None is taken for another.

        - "exact": W2 between the rows that are measured, by an optimal assignment. At most
          `max_rows` of each are drawn. Where their numbers differ, rows are repeated up to a common
          multiple if that is at most `max_rows`, which changes no distribution; otherwise the
          larger set is drawn down to the smaller. Memory grows with the square of the rows, time
          with up to their cube.
        - "sliced": of all rows, the root of the mean of W2^2 along `n_projections` random
          directions. At most W2 and the same in one column. A difference without a direction of
          its own, as any shift is on average, counts W2 / sqrt(d). The directions are an error of
          at most about 0.7 / sqrt(n_projections) of the value (a standard deviation; 2 % at 1,000).
        - "sinkhorn": geomloss's Sinkhorn divergence, debiased, as a distance:
          sqrt(2 * divergence), for its cost is half the squared distance. At most `max_rows` of
          each are drawn. Below W2 by what the blur hides, and by about 1 % since its iterations
          end before they have converged. At 2,000 rows it takes longer than "exact", but its memory
          and time grow no faster than the square of the rows.
    max_rows : int, default=2_000
        Rows of each that "exact" and "sinkhorn" take, whose memory grows with its square.
    n_projections : int, default=1_000
        Directions of "sliced", uniform on the sphere. In one column there is only one.
    blur : float, default=0.05
        Of "sinkhorn": the distance within which it does not tell rows apart, as a share of the root
        mean squared distance of the rows of both from their mean.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the rows and the directions that are drawn.
    progress : None or bool, default=None
        A bar over the directions of "sliced"; None shows it on a terminal where they take long.

    Returns
    -------
    distance : Measurement, a float
        At least 0, in the units of the rows, lower is closer. `settings` has the method and what it
        depends on, `rows` the rows that were measured.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or a parameter is of another type.
    ValueError
        If one has no rows, a value that is not finite (naming row and column) or is beyond 1e100,
        if their columns differ in number, or if a parameter has another value than those above.
    ImportError
        If "sinkhorn" is wanted and geomloss is missing.

    References
    ----------
    G. Peyré, M. Cuturi: Computational Optimal Transport. Foundations and Trends in Machine Learning
    11 (2019), 355-607, arXiv:1803.00567.

    N. Bonneel, J. Rabin, G. Peyré, H. Pfister: Sliced and Radon Wasserstein Barycenters of
    Measures. Journal of Mathematical Imaging and Vision 51 (2015), 22-45.

    J. Feydy, T. Séjourné, F.-X. Vialard, S. Amari, A. Trouvé, G. Peyré: Interpolating between
    Optimal Transport and MMD using Sinkhorn Divergences. AISTATS 2019, arXiv:1810.08278.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import wasserstein_distance
    >>> X = np.random.default_rng(0).normal(size=(100, 3))
    >>> round(wasserstein_distance(X, X + [3, 4, 0]), 6)
    5.0
    >>> wasserstein_distance([[0.0], [1.0]], [[3.0]], method="sliced").settings
    {'method': 'sliced', 'n_projections': 1}
    """
    if method not in _METHODS:
        raise ValueError(f"method is {method!r}; accepted are {', '.join(map(repr, _METHODS))}")
    max_rows = check_count("max_rows", max_rows, 1)
    n_projections = check_count("n_projections", n_projections, 1)
    blur = check_positive("blur", blur)
    check_progress(progress)
    solve = _geomloss() if method == "sinkhorn" else None
    given = Given({"X": X, "Y": Y}, features, random_state=random_state)
    settings: dict[str, Any] = {"method": method}
    before = [len(rows) for rows in given]
    if method == "sliced":
        settings["n_projections"] = n_projections = n_projections if given.n_features > 1 else 1
        found = _sliced(given, n_projections, progress)
        drawn = given.n_features > 1
    else:
        settings["max_rows"] = max_rows
        given.draw({"X": max_rows, "Y": max_rows})
        if method == "exact":
            found = _exact(given, max_rows)
        else:
            settings |= {"blur": blur, "scaling": _SCALING}
            found = _sinkhorn(given, blur, solve)
        drawn = [len(rows) for rows in given] != before
    seed = given.seed if drawn else None
    return given.measured(Measurement, found, settings=settings, seed=seed)


def _exact(given: Given, max_rows: int) -> float:
    """Return W2 of equally many rows; the larger set is drawn down where they cannot be."""
    n, m = (len(rows) for rows in given)
    common = math.lcm(n, m)
    if common > max_rows:
        common = min(n, m)
        given.draw({"X": common, "Y": common})
    x, y = (np.repeat(rows, common // len(rows), axis=0) for rows in given)
    squares = cdist(x, y, "sqeuclidean")  # from differences: nothing cancels far from the origin
    return float(np.sqrt(squares[linear_sum_assignment(squares)].mean()))


def _sliced(given: Given, n_projections: int, progress: bool | None) -> float:
    """Return the root of the mean W2^2 along random directions."""
    x, y = given
    n, m, d = len(x), len(y), given.n_features
    centre = y.mean(axis=0)  # what is projected rounds less near the origin
    x, y = x - centre, y - centre
    # In units of 1 / (n m) the quantiles of X change at each m, those of Y at each n: between two
    # changes in the one or the other, one row of X is moved onto one of Y.
    cuts = np.union1d(np.arange(m, n * m + 1, m), np.arange(n, n * m + 1, n))
    share = np.diff(cuts, prepend=0) / (n * m)
    of_x, of_y = (cuts - 1) // m, (cuts - 1) // n
    step = at_once(8 * 3 * (n + m + d))
    total = 0.0
    with Progress(progress, n_projections, "wasserstein distance", "direction") as bar:
        for begin in range(0, n_projections, step):
            count = min(step, n_projections - begin)
            towards = given.rng.normal(size=(count, d))
            towards /= np.linalg.norm(towards, axis=1, keepdims=True)
            along_x, along_y = (np.sort(towards @ rows.T, axis=1) for rows in (x, y))
            between = along_x[:, of_x]
            between -= along_y[:, of_y]
            total += float(np.einsum("ij,ij,j->", between, between, share))
            bar.advance(count)
    return math.sqrt(total / n_projections)


def _geomloss() -> Any:
    try:
        from geomloss import SamplesLoss
    except ImportError as error:
        raise ImportError(
            f"the Sinkhorn divergence needs geomloss ({error}); install it with: "
            f"{pip_install('metrics')}"
        ) from error
    return SamplesLoss


def _sinkhorn(given: Given, blur: float, samples_loss: Any) -> float:
    """Return the Sinkhorn divergence as a distance."""
    import torch

    x, y = given
    both = np.concatenate([x, y])
    both -= both.mean(axis=0)
    scale = float(np.sqrt(np.square(both).sum(axis=1).mean()))
    if not scale or (both == both[0]).all():
        return 0.0  # all rows are one
    rows = [torch.from_numpy(part) for part in np.split(both / scale, [len(x)])]
    # Differences are squared, not a product subtracted, for both parts may lie far from their mean.
    loss = samples_loss(
        "sinkhorn",
        p=2,
        blur=blur,
        scaling=_SCALING,
        diameter=2 * float(max(part.norm(dim=1).max() for part in rows)),
        cost=lambda a, b: torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist") ** 2 / 2,
        backend="tensorized",
    )
    with torch.no_grad():
        divergence = float(loss(*rows))
    return scale * math.sqrt(max(0.0, 2 * divergence))
