"""How close the distribution of samples comes to that of real rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._common.checks import check_count, check_flag, check_number, check_positive
from .._common.progress import Progress, check_progress
from .._types import Array
from .measurement import NORMAL_95, Features, Given, Measurement

_SHARES = 1 / np.linspace(1, 2, 15)  # of the rows, from all to half
_MATTERS = 1e-6  # a direction that varies less than this, against the widest, counts for nothing
_LARGE = 290  # decimal digits of a power, so that sums of many do not overflow
_AT_ONCE = 1 << 17  # pairs of rows, so that what is computed of them stays in the cache
_OFF_ONE = 1e-3  # what rounding to half precision may do to the sum of a row of probabilities


class AveragedMeasurement(Measurement):
    """The mean of a number over several parts of the rows.

    Attributes
    ----------
    std : float
        The standard deviation between the parts; no standard error of the mean.
    """

    std: float


def frechet_distance(
    X: Any,
    Y: Any,
    *,
    extrapolate: bool = False,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> Measurement:
    """Return the squared Fréchet distance between two normal distributions, as FID is defined.

    The distributions are those with the means and covariances of X and Y::

        |mean X - mean Y|^2 + tr(A + B - 2 (A B)^(1/2))

    with the covariances A and B divided by n - 1 and m - 1. In the features of an Inception network
    this is the FID. With few more rows than columns it is mostly noise and biased upwards: compare
    only values of equally many rows, or extrapolate.

    With ``extrapolate=True`` it is the distance that infinitely many rows would have. The bias goes
    as 1/n, so a line in 1/n is fitted to the distances of 15 random draws, of equal shares of X and
    of Y from all rows to half of them, and the value is the intercept. (What a draw has by chance,
    to first order, is known from all rows and taken off it: the line is fitted to what remains.) It
    takes about ten times as long.

    The distance sees means and covariances only: distributions of different shape are 0 apart if
    these agree. It does not see copies: those of real rows are the closest of all. Extrapolation
    takes X and Y for independent, so that many rows in both give a value below 0, clearly so.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Features of samples, at least two rows; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Those of real data, likewise.
    extrapolate : bool, default=False
        Whether to extrapolate to infinitely many rows.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the draws of an extrapolation.
    progress : bool or None, default=None
        A bar over those draws; None: on a terminal, where it takes longer than a second.

    Returns
    -------
    distance : Measurement, a float
        At least 0, in squared units of the features, lower is closer; 0 where means and covariances
        are the same. Extrapolated it has an ``interval``, from how the distance responds to each
        row and from the fit of the line (of a hundred rows of skewed columns it held in 85 to 90 of
        100 repetitions, of more rows in 95); and it may be a little below 0, which is not cut off:
        of equal distributions it should be as often below as above.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or extrapolate is no bool.
    ValueError
        If one has fewer than two rows, a value that is not finite (naming row and column) or is
        beyond 1e100, or if their columns differ in number. If an extrapolation has no more than two
        rows of X or Y for each direction in which these vary: the distances lie on no line then.

    References
    ----------
    D. C. Dowson, B. V. Landau: The Fréchet distance between multivariate normal distributions.
    Journal of Multivariate Analysis 12 (1982), 450-455.

    M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler, S. Hochreiter: GANs Trained by a Two
    Time-Scale Update Rule Converge to a Local Nash Equilibrium. NeurIPS 2017, arXiv:1706.08500.

    M. J. Chong, D. Forsyth: Effectively Unbiased FID and Inception Score and where to find them.
    CVPR 2020, arXiv:1911.07023.

    T. Rippl, A. Munk, A. Sturm: Limit laws of the empirical Wasserstein distance: Gaussian
    distributions. Journal of Multivariate Analysis 151 (2016), 90-109, arXiv:1507.04090.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import frechet_distance
    >>> X = np.random.default_rng(0).normal(size=(1_000, 3))
    >>> round(frechet_distance(X, X + [2, 0, 0]), 6)
    4.0

    The bias of 300 rows, and what is left of it:

    >>> X, Y = np.random.default_rng(0).normal(size=(2, 300, 32))
    >>> frechet_distance(X, Y) > 1.5
    True
    >>> abs(frechet_distance(X, Y, extrapolate=True)) < 0.2
    True
    """
    extrapolate = check_flag("extrapolate", extrapolate)
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features, least=2, random_state=random_state)
    # By a power of two, which rounds nothing, so that no fourth power of a row is beyond a float.
    exponent = math.frexp(max(float(np.abs(rows).max()) for rows in given))[1]
    rows = [np.ldexp(array, -exponent) for array in given]
    if not extrapolate:
        distance = math.ldexp(max(0.0, _between(*map(_moments, rows))), 2 * exponent)
        return given.measured(Measurement, distance, settings={"extrapolate": False}, seed=None)
    found, low, high = (
        math.ldexp(value, 2 * exponent) for value in _extrapolated(given, rows, progress)
    )
    settings = {"extrapolate": True, "draws": len(_SHARES), "smallest_share": 0.5}
    return given.measured(Measurement, found, interval=(low, high), settings=settings)


def kernel_distance(
    X: Any,
    Y: Any,
    *,
    degree: int = 3,
    gamma: float | None = None,
    coef0: float = 1,
    n_subsets: int = 100,
    subset_size: int = 1_000,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> AveragedMeasurement:
    """Return the squared maximum mean discrepancy of a polynomial kernel, as KID is defined.

    The kernel is (gamma x·y + coef0)^degree. Of random subsets of X and Y, drawn without
    replacement, it is the mean of the unbiased estimates::

        mean of k(x, x') + mean of k(y, y') - 2 mean of k(x, y)

    over pairs of different rows of X, of Y, and all pairs of one of each. In the features of an
    Inception network this is the KID.

    A kernel of degree 3 sees means, covariances and third moments, and no more. It depends on where
    the origin is. It does not see copies: those of real rows are the closest of all.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Features of samples, at least two rows; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Those of real data, likewise.
    degree : int, default=3
        At least 1.
    gamma : float or None, default=None
        More than 0; None is 1/d.
    coef0 : float, default=1
        At least 0.
    n_subsets : int, default=100
        One is enough, and is taken, where it holds all of X and all of Y.
    subset_size : int, default=1000
        Rows of X, and of Y, in a subset: at least 2, and no more than there are in either. The
        result says what was taken.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the subsets.
    progress : bool or None, default=None
        A bar on stderr; None: on a terminal, where it takes longer than a second.

    Returns
    -------
    distance : AveragedMeasurement, a float
        Lower is closer. Its expectation is 0 where the distributions agree, and the value then as
        often below as above; where X and Y share rows it is lower still. ``std`` is the standard
        deviation between subsets.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or a parameter is of another type.
    ValueError
        If one has fewer than two rows, a value that is not finite (naming row and column) or is
        beyond 1e100, if their columns differ in number, if a parameter is out of its range, or if
        values of the kernel may overflow.

    References
    ----------
    M. Bińkowski, D. J. Sutherland, M. Arbel, A. Gretton: Demystifying MMD GANs. ICLR 2018,
    arXiv:1801.01401.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import kernel_distance
    >>> X, Y = np.random.default_rng(0).normal(size=(2, 2_000, 3))
    >>> near, far = kernel_distance(X, Y), kernel_distance(X + 1, Y)
    >>> abs(near) < 0.01 and far > 1
    True
    """
    degree = check_count("degree", degree, least=1)
    if gamma is not None:
        gamma = check_positive("gamma", gamma)
    if (coef0 := check_number("coef0", coef0)) < 0:
        raise ValueError(f"coef0 is {coef0}; accepted are numbers from 0 on")
    n_subsets = check_count("n_subsets", n_subsets, least=1)
    subset_size = check_count("subset_size", subset_size, least=2)
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features, least=2, random_state=random_state)
    x, y = given
    gamma = 1 / given.n_features if gamma is None else float(gamma)
    _check_powers(given, degree, gamma, float(coef0))
    size = min(subset_size, len(x), len(y))
    all_rows = size == len(x) == len(y)
    n_subsets = 1 if all_rows else n_subsets
    kernel = _Kernel((x.mean(axis=0) + y.mean(axis=0)) / 2, degree, gamma, float(coef0))
    values = np.empty(n_subsets)
    with Progress(progress, n_subsets, "kernel distance", "subset") as bar:
        for i in range(n_subsets):
            if all_rows:
                values[i] = kernel.discrepancy(x, y)
            else:
                of_x, of_y = (given.rng.choice(len(z), size, replace=False) for z in (x, y))
                values[i] = kernel.discrepancy(x[of_x], y[of_y])
            bar.advance(1)
    settings = {
        "degree": degree,
        "gamma": gamma,
        "coef0": float(coef0),
        "n_subsets": n_subsets,
        "subset_size": size,
    }
    return given.measured(
        AveragedMeasurement,
        values.mean(),
        std=float(values.std()),
        settings=settings,
        seed=None if all_rows else given.seed,
    )


def inception_score(
    X: Any,
    *,
    logits: bool = False,
    n_splits: int = 10,
    features: Features = None,
    random_state: Any = 0,
) -> AveragedMeasurement:
    """Return the inception score: how sure a classifier is of each sample, and how even overall.

    The exponential of the mean divergence between the classes of a sample, p(y|x), and those of all
    samples, p(y), which is::

        exp(entropy of the mean of p(y|x) - mean of the entropies of p(y|x))

    averaged over random splits of the rows. It never looks at real data: one clear picture of every
    class, repeated for ever, has the highest score, and so do copies. It says little of pictures
    that are none of the classifier's classes, grows with the number of rows in a split, and differs
    between classifiers of equal accuracy (Barratt and Sharma): compare only values of one
    classifier, equally many rows and equally many splits.

    Parameters
    ----------
    X : array-like or tensor of shape (n, classes)
        The probabilities of the classes of each sample, which sum to 1; or their logits.
    logits : bool, default=False
        Whether X holds logits.
    n_splits : int, default=10
        At most n.
    features : None, str or callable, default=None
        A callable that turns X into probabilities or logits, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the splits.

    Returns
    -------
    score : AveragedMeasurement, a float
        Between 1 and the number of classes; higher is clearer and more even. ``std`` is the
        standard deviation between splits.

    Raises
    ------
    TypeError
        If X holds no real numbers, or a parameter is of another type.
    ValueError
        If X has a value that is not finite (naming row and column) or is beyond 1e100, has fewer
        rows than splits, or holds no probabilities and logits is False.

    References
    ----------
    T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford, X. Chen: Improved Techniques for
    Training GANs. NeurIPS 2016, arXiv:1606.03498.

    S. Barratt, R. Sharma: A Note on the Inception Score. ICML 2018 workshop on Theoretical
    Foundations and Applications of Deep Generative Models, arXiv:1801.01973.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import inception_score
    >>> sure_and_even = np.eye(4)[np.arange(1_000) % 4]
    >>> round(inception_score(sure_and_even, n_splits=1), 6)
    4.0
    >>> round(inception_score(np.full((1_000, 4), 0.25)), 6)
    1.0
    """
    logits = check_flag("logits", logits)
    n_splits = check_count("n_splits", n_splits, least=1)
    given = Given({"X": X}, features, random_state=random_state)
    (rows,) = given
    if n_splits > len(rows):
        raise ValueError(f"n_splits is {n_splits}; accepted are at most {len(rows)}, the rows of X")
    rows = rows[given.rng.permutation(len(rows))]
    if logits:
        rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    else:
        _check_probabilities(rows)
    rows = rows / rows.sum(axis=1, keepdims=True)
    scores = np.array([_score(part) for part in np.array_split(rows, n_splits)])
    return given.measured(
        AveragedMeasurement,
        scores.mean(),
        std=float(scores.std()),
        settings={"logits": logits, "n_splits": n_splits},
        seed=given.seed if n_splits > 1 else None,
    )


def _between(of_x: tuple[Array, Array], of_y: tuple[Array, Array]) -> float:
    """Return the squared distance between two normal distributions; rounding may put it below 0."""
    (mean_x, root_x), (mean_y, root_y) = of_x, of_y
    # With A = R'R and B = S'S, the trace of (A B)^(1/2) is the sum of the singular values of R S'.
    # Nothing is squared to have its root taken: where covariances are singular, a root of rounded
    # products would turn errors of 1e-16 into 1e-8, in every direction without variance.
    overlap = np.linalg.svd(root_x @ root_y.T, compute_uv=False).sum()
    shift = np.square(mean_x - mean_y).sum()
    return float(shift + np.square(root_x).sum() + np.square(root_y).sum() - 2 * overlap)


def _moments(rows: Array) -> tuple[Array, Array]:
    """Return the mean, and R of shape (min(n, d), d) such that the covariance is R'R."""
    mean = rows.mean(axis=0)
    triangle: Any = np.linalg.qr(rows - mean, mode="r")
    return mean, triangle / np.sqrt(len(rows) - 1)


def _extrapolated(
    given: Given, rows: list[Array], progress: bool | None
) -> tuple[float, float, float]:
    """Return the distance for infinitely many rows, and the ends of its interval."""
    whole = [_moments(array) for array in rows]
    for name, array, (_, root) in zip(given.rows, rows, whole, strict=True):
        spread = np.linalg.svd(root, compute_uv=False)
        directions = int((spread > _MATTERS * spread[0]).sum())
        # With no more rows than directions in the smallest draw, its covariance has fewer.
        if -(-len(array) // 2) <= max(1, directions):
            raise ValueError(
                f"{name} has {len(array)} rows, which vary in {directions} directions; "
                "extrapolate=True accepts more than two for each direction, and at least three"
            )
    of_rows = _influences(rows, whole)
    inverse, distances = np.empty((2, len(_SHARES)))
    with Progress(progress, len(_SHARES), "frechet distance", "draw") as bar:
        for i, share in enumerate(_SHARES):
            drawn = [given.rng.permutation(len(z))[: math.ceil(share * len(z))] for z in rows]
            found = _between(*(_moments(z[picked]) for z, picked in zip(rows, drawn, strict=True)))
            # Over all rows these sum to 0, so that without them a draw has the same expectation.
            # They are most of its noise, and would else be in the intercept.
            by_chance = sum(f[picked].mean() for f, picked in zip(of_rows, drawn, strict=True))
            distances[i] = found - by_chance
            inverse[i] = np.mean([len(z) / len(p) for z, p in zip(rows, drawn, strict=True)])
            bar.advance(1)
    line = np.stack([np.ones_like(inverse), inverse], axis=1)
    (intercept, slope), *_ = np.linalg.lstsq(line, distances, rcond=None)
    off = np.square(distances - intercept - slope * inverse).sum() / (len(distances) - 2)
    of_fit = off * np.linalg.inv(line.T @ line)[0, 0]
    of_data = sum(np.square(f).mean() / len(f) for f in of_rows)
    margin = NORMAL_95 * math.sqrt(of_fit + of_data)
    return float(intercept), float(intercept - margin), float(intercept + margin)


def _influences(rows: list[Array], whole: list[tuple[Array, Array]]) -> list[Array]:
    """Return by how much more of each row would change the distance, to first order.

    A row z of the distribution with mean m changes the distance to that with mean o by
    ``2 (z - m)·(m - o) + |z - m|^2 - (z - m)' T (z - m)``, less the mean of this, where T is the
    optimal transport from the one to the other: a symmetric matrix with T A T = B.
    """
    (mean_x, root_x), (mean_y, root_y) = whole
    left, sizes, right = np.linalg.svd(root_x @ root_y.T, full_matrices=False)
    ways = [
        (rows[0], mean_x, mean_y, root_x, left),
        (rows[1], mean_y, mean_x, root_y, right.T),
    ]
    found = []
    for z, mean, other, root, turn in ways:
        half = np.linalg.pinv(root, rcond=_MATTERS) @ (turn * np.sqrt(sizes))  # T = half half'
        z = z - mean
        change = 2 * z @ (mean - other) + np.square(z).sum(axis=1)
        change -= np.square(z @ half).sum(axis=1)
        found.append(change - change.mean())
    return found


class _Kernel:
    """The polynomial kernel, less what falls out of a discrepancy.

    Terms that depend on one row only fall out of the three means. Far from the origin they are so
    much larger than what remains that they must not be in the sums. So x = c + u and y = c + v
    around a centre c; with a = gamma c·c + coef0, p = gamma c·u, q = gamma c·v, s = a + p + q and
    w = gamma u·v the kernel is (s + w)^degree, and what remains of it is

        (s + w)^degree - s^degree, and those terms of s^degree that have both p and q.
    """

    def __init__(self, centre: Array, degree: int, gamma: float, coef0: float) -> None:
        self.centre, self.degree, self.gamma = centre, degree, gamma
        self.constant = float(gamma * centre @ centre + coef0)

    def discrepancy(self, x: Array, y: Array) -> float:
        """Return the unbiased estimate of equally many rows of each."""
        u, v = x - self.centre, y - self.centre
        n = len(u)
        within = self._sum(u, u, same=True) + self._sum(v, v, same=True)
        return within / (n * (n - 1)) - 2 * self._sum(u, v, same=False) / n**2

    def _sum(self, u: Array, v: Array, same: bool) -> float:
        """Sum over all pairs; where both are the same rows, over those of different ones."""
        p, q = (self.gamma * z @ self.centre for z in (u, v))
        total = 0.0
        for i in range(1, self.degree):
            for j in range(1, self.degree - i + 1):
                ways = math.comb(self.degree, i) * math.comb(self.degree - i, j)
                both = (p**i).sum() * (q**j).sum() - ((p ** (i + j)).sum() if same else 0)
                total += ways * self.constant ** (self.degree - i - j) * both
        step = max(1, _AT_ONCE // len(v))
        for begin in range(0, len(u), step):
            part = slice(begin, begin + step)
            w = self.gamma * u[part] @ v.T
            if same:
                np.fill_diagonal(w[:, begin:], 0)
            s = np.add.outer(p[part] + self.constant, q)
            power, factor = np.ones_like(s), np.ones_like(s)
            for i in range(self.degree - 1, 0, -1):  # Horner's scheme in w
                power *= s
                factor *= w
                factor += math.comb(self.degree, i) * power
            total += float(np.vdot(factor, w))
        return total


def _check_powers(given: Given, degree: int, gamma: float, coef0: float) -> None:
    largest = gamma * max(np.square(rows).sum(axis=1).max() for rows in given) + coef0
    bound = 10 * max(1.0, largest)  # of |s| + |w| in the kernel: the centre is between the rows
    if degree * math.log10(bound) > _LARGE:
        raise ValueError(
            f"degree is {degree}, and gamma x·y + coef0 reaches {largest:.3g}, whose powers may "
            f"overflow; accepted are degrees up to {_LARGE / math.log10(bound):.0f} for such rows"
        )


def _check_probabilities(rows: Array) -> None:
    if (least := rows.min()) < 0:
        raise ValueError(
            f"X has a value of {least}; accepted are probabilities, from 0 to 1, or logits with "
            "logits=True"
        )
    sums = rows.sum(axis=1)
    worst = sums[np.abs(sums - 1).argmax()]
    if abs(worst - 1) > _OFF_ONE:
        raise ValueError(
            f"X has a row that sums to {worst}; accepted are probabilities that sum to 1, or "
            "logits with logits=True"
        )


def _score(rows: Array) -> float:
    return math.exp(max(0.0, _entropy(rows.mean(axis=0)) - _entropy(rows).mean()))


def _entropy(probabilities: Array) -> Any:
    logs = np.log(np.where(probabilities > 0, probabilities, 1))  # 0 log 0 is 0
    return -(probabilities * logs).sum(axis=-1)
