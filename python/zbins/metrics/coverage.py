"""Precision and recall: are samples where real rows are, and are real rows where samples are."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._common.checks import check_count
from .._common.progress import Progress, check_progress
from .._common.threads import one_thread
from .._types import Array
from .measurement import Features, Given, Measurement
from .neighbours import Rows, count_within, neighbour_squares


class PRD(NamedTuple):
    """Precision and recall of distributions.

    Attributes
    ----------
    f8 : Measurement, a float
        The largest F_8 on the curve, which weighs recall: how much of the real data is covered.
    f1_8 : Measurement, a float
        The largest F_1/8, which weighs precision: how many samples are like real data.
    precision, recall : ndarray of float64, shape (n_angles,)
        The curve: precision goes up along it and recall down.
    """

    f8: Measurement
    f1_8: Measurement
    precision: Array
    recall: Array

    @property
    def value(self) -> tuple[float, float]:
        """F_8 and F_1/8 as plain numbers."""
        return self.f8.value, self.f1_8.value


class PrecisionRecall(NamedTuple):
    """Two shares of rows.

    Attributes
    ----------
    precision : Measurement, a float
        Of samples, those that lie in the ball of a real row.
    recall : Measurement, a float
        Of real rows, those that lie in the ball of a sample.
    """

    precision: Measurement
    recall: Measurement

    @property
    def value(self) -> tuple[float, float]:
        """Precision and recall as plain numbers."""
        return self.precision.value, self.recall.value


class DensityCoverage(NamedTuple):
    """How full the balls of real rows are of samples.

    Attributes
    ----------
    density : Measurement, a float
        Fidelity: the mean number of balls that hold a sample, divided by k; not bounded by 1.
    coverage : Measurement, a float
        Diversity: the share of balls that hold a sample.
    clipped_density : Measurement, a float
        Fidelity, of which no sample and no far real row has more than its share.
    clipped_coverage : Measurement, a float
        Diversity, as the share of good samples that would give it.
    """

    density: Measurement
    coverage: Measurement
    clipped_density: Measurement
    clipped_coverage: Measurement

    @property
    def value(self) -> tuple[float, float, float, float]:
        """The four as plain numbers."""
        density, coverage, clipped_density, clipped_coverage = map(float, self)
        return density, coverage, clipped_density, clipped_coverage


def prd(
    X: Any,
    Y: Any,
    *,
    n_clusters: int = 20,
    n_runs: int = 10,
    n_angles: int = 1001,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> PRD:
    """Return precision and recall of distributions, from how samples and real rows fill clusters.

    k-means divides X and Y together into clusters; p and q are the shares of Y and of X in each.
    Over slopes s, the tangents of angles from 0 to 90 degrees, precision is ``sum(min(s p, q))``
    and recall is precision / s. The curve is the mean over runs of k-means, and is told by two
    points on it: the largest ``F_b = (1 + b^2) precision recall / (b^2 precision + recall)`` for
    b = 8, which is about recall, and for b = 1/8, which is about precision.

    It sees no more than the clusters: neither the shape of the samples within one, nor copies, for
    which both numbers are 1. More clusters and fewer rows make both lower: compare only values of
    equally many rows. As many of X as of Y are taken, drawn at random from the larger.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, or features of them; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real data, likewise.
    n_clusters : int, default=20
        From 2 to the rows of X and Y together, as many as are taken.
    n_runs : int, default=10
        Of k-means, at least 1.
    n_angles : int, default=1001
        Points on the curve, at least 3. Only with an odd number is one of them at 45 degrees, where
        equal distributions have both 1.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the rows that are drawn and the starts of k-means.
    progress : bool or None, default=None
        Whether a bar is shown; None: on a terminal, if it takes more than a second.

    Returns
    -------
    prd : PRD, a tuple of (f8, f1_8, precision, recall)
        F_8 and F_1/8 from 0 to 1, higher is better, 1 where both fill each cluster alike; and the
        curve.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or a parameter is of another type.
    ValueError
        If X or Y has no rows, a value that is not finite (naming row and column) or is beyond
        1e100, if their columns differ in number, or if a parameter is out of its range.

    References
    ----------
    M. S. M. Sajjadi, O. Bachem, M. Lucic, O. Bousquet, S. Gelly: Assessing Generative Models via
    Precision and Recall. NeurIPS 2018, arXiv:1806.00035.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import prd
    >>> real = np.random.default_rng(0).normal(size=(1_000, 2)) + 20 * np.eye(2)[[0, 1] * 500]
    >>> f8, f1_8 = prd(real[::2], real).value  # one of two modes
    >>> f8 < 0.6 < 0.9 < f1_8
    True
    """
    wanted = check_count("n_clusters", n_clusters, least=2)
    runs = check_count("n_runs", n_runs, least=1)
    angles = check_count("n_angles", n_angles, least=3)
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features, random_state=random_state)
    n = min(map(len, given))
    if wanted > 2 * n:
        raise ValueError(
            f"n_clusters is {wanted} for {n} rows of X and {n} of Y; accepted are from 2 to {2 * n}"
        )
    given.draw({"X": n, "Y": n})
    both = np.concatenate(list(given))
    both -= both.mean(axis=0)  # squares of large offsets would leave nothing of what differs
    slopes = np.tan(np.linspace(0, np.pi / 2, angles + 2)[1:-1])
    precision, recall = np.zeros(angles), np.zeros(angles)
    with Progress(progress, runs, "prd", "run") as bar:
        for _ in range(runs):
            of_x, of_y = _shares(both, n, wanted, int(given.rng.integers(1 << 31)))
            found = np.minimum(slopes[:, None] * of_y, of_x).sum(axis=1)
            precision += np.minimum(found, 1) / runs
            recall += np.minimum(found / slopes, 1) / runs
            bar.advance(1)
    settings = {"n_clusters": wanted, "n_runs": runs, "n_angles": angles}
    f8, f1_8 = (
        given.measured(Measurement, _f_score(precision, recall, beta), settings=dict(settings))
        for beta in (8, 1 / 8)
    )
    return PRD(f8, f1_8, precision, recall)


def precision_recall(
    X: Any,
    Y: Any,
    *,
    k: int = 3,
    features: Features = None,
    progress: bool | None = None,
) -> PrecisionRecall:
    """Return the share of samples among the real rows, and of real rows among the samples.

    Around each row of one kind lies a ball that reaches to its k-th nearest other row of that kind,
    with its border. Precision is the share of samples in at least one ball of real rows, recall the
    share of real rows in at least one ball of samples.

    Copies have the best values, also a copy of one single row has a precision of 1. One row that
    lies far from all others has a ball that may hold all of the other kind: `density_coverage` is
    less moved by those. Both depend on k and on how many rows there are, the more so the more
    columns: compare only values of equally many.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, or features of them, more than k; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real data, likewise.
    k : int, default=3
        At least 1. Rows equal to a row are neighbours of it.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    progress : bool or None, default=None
        Whether a bar is shown; None: on a terminal, if it takes more than a second.

    Returns
    -------
    pair : PrecisionRecall, a tuple of (precision, recall)
        Each from 0 to 1, higher is better. Unseen real rows have less than 1: measure them too.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or a parameter is of another type.
    ValueError
        If X or Y has no more rows than k, a value that is not finite (naming row and column) or is
        beyond 1e100, if their columns differ in number, or if k is less than 1.

    References
    ----------
    T. Kynkäänniemi, T. Karras, S. Laine, J. Lehtinen, T. Aila: Improved Precision and Recall Metric
    for Assessing Generative Models. NeurIPS 2019, arXiv:1904.06991.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import precision_recall
    >>> real = np.random.default_rng(0).normal(size=(500, 2))
    >>> precision_recall(real[real[:, 0] > 0], real).value[0]  # half of them
    1.0
    >>> 0.4 < precision_recall(real[real[:, 0] > 0], real).recall < 0.6
    True
    """
    k = check_count("k", k, least=1)
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features)
    _check_more(given, k, "X", "Y")
    x, y = map(Rows.of, given)
    with Progress(progress, 2 * len(x) + len(y), "precision recall", "row") as bar:
        of_x, of_y = neighbour_squares(x, k, bar), neighbour_squares(y, k, bar)
        (held, _), (_, holds) = count_within(x, y, [of_y[None], of_x[:, None]], bar)
    precision, recall = (
        given.measured(Measurement, share, seed=None, settings={"k": k})
        for share in (x.mean(held > 0), y.mean(holds > 0))
    )
    return PrecisionRecall(precision, recall)


def density_coverage(
    X: Any,
    Y: Any,
    *,
    k: int = 5,
    features: Features = None,
    progress: bool | None = None,
) -> DensityCoverage:
    """Return how many samples the balls of real rows hold, and how many of the balls hold samples.

    Around each real row lies a ball that reaches to its k-th nearest other real row, with its
    border. Density is the mean number of balls that a sample is in, divided by k; coverage is the
    share of balls with a sample in them.

    The clipped pair says both as shares of good samples. For clipped density no ball is larger than
    the median one, and a sample counts for at most k balls; the mean is divided by that of the real
    rows, each in the balls of the others. For clipped coverage a ball counts for at most k samples;
    the result is the share of the n samples that, if only they were like real rows and the others
    in no ball, would be expected to fill the balls as far. Both are at most 1.

    None of them sees copies, which have the best values: copies of all real rows have a density
    of 1 + 1/k, since each lies on the borders of k balls and in the middle of one.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, or features of them; each is flattened. Coverage goes up with their number.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real data, likewise, more than k rows.
    k : int, default=5
        At least 1. Rows equal to a row are neighbours of it.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    progress : bool or None, default=None
        Whether a bar is shown; None: on a terminal, if it takes more than a second.

    Returns
    -------
    four : DensityCoverage, a tuple of (density, coverage, clipped_density, clipped_coverage)
        At least 0. Density is 1 for unseen real rows and above 1 where samples crowd; coverage is
        at most 1, for as many unseen real rows about 1 - 1/2^k; the clipped two are at most 1, for
        unseen real rows about 1. Higher is better, but for a density above 1.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or a parameter is of another type.
    ValueError
        If X has no rows or Y no more than k, if one has a value that is not finite (naming row and
        column) or is beyond 1e100, if their columns differ in number, or if k is less than 1.

    References
    ----------
    M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo: Reliable Fidelity and Diversity Metrics for
    Generative Models. ICML 2020, arXiv:2002.09797. (Their code leaves the borders out, which is
    another number only where distances are equal, as those of copies.)

    N. Salvy, H. Talbot, B. Thirion: Enhanced Generative Model Evaluation with Clipped Density and
    Coverage. 2025, arXiv:2507.01761.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import density_coverage
    >>> rng = np.random.default_rng(0)
    >>> good, real = rng.normal(size=(2, 1_000, 4))
    >>> found = density_coverage(np.concatenate([good[:300], good[300:] + 100]), real)
    >>> round(found.clipped_density, 1), round(found.clipped_coverage, 1)
    (0.3, 0.3)
    """
    k = check_count("k", k, least=1)
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features)
    _check_more(given, k, "Y")
    n, m = map(len, given)
    x, y = map(Rows.of, given)
    with Progress(progress, len(x) + 2 * len(y), "density coverage", "row") as bar:
        squares = neighbour_squares(y, k, bar)
        small = _at_most_the_median(squares, y)
        (held, holds), (held_small, _) = count_within(x, y, [squares[None], small[None]], bar)
        [(real, _)] = count_within(y, y, [small[None]], bar)
    # Each real row lies in its own ball, which is not one of the others'.
    ideal = y.mean(np.minimum(real - 1, k))
    filled = y.mean(np.minimum(holds, k)) / k
    values = (
        x.mean(held) / k,
        y.mean(holds > 0),
        min(1.0, x.mean(np.minimum(held_small, k)) / ideal),
        float(np.interp(filled, _expected_fill(n, m, k), np.arange(n + 1) / n)),
    )
    found = (given.measured(Measurement, v, seed=None, settings={"k": k}) for v in values)
    return DensityCoverage(*found)


def _check_more(given: Given, k: int, *names: str) -> None:
    for name in names:
        if (found := len(given.rows[name])) <= k:
            raise ValueError(f"k is {k} and {name} has {found} row(s); accepted are more than k")


def _shares(both: Array, n: int, n_clusters: int, seed: int) -> tuple[Array, Array]:
    """Return the shares of the first n rows, and of the others, in each cluster of k-means."""
    from sklearn.cluster import MiniBatchKMeans

    with one_thread():  # several spend their time in waiting for each other
        found = MiniBatchKMeans(n_clusters, n_init=1, random_state=seed).fit_predict(both)
    of_x, of_y = (np.bincount(part, minlength=n_clusters) / n for part in (found[:n], found[n:]))
    return of_x, of_y


def _f_score(precision: Array, recall: Array, beta: float) -> float:
    """Return the largest on the curve; 0 where nothing is shared."""
    weighted = beta**2 * precision + recall
    product = (1 + beta**2) * precision * recall
    return float(
        np.max(np.divide(product, weighted, out=np.zeros_like(product), where=product > 0))
    )


def _at_most_the_median(squares: Array, rows: Rows) -> Array:
    """Return squared radii of which none is larger than the median radius of all rows."""
    ordered = np.sort(np.repeat(squares, rows.times))
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    # A root that is squared again may leave outside what is as far as the median.
    median = low if low == high else np.square((np.sqrt(low) + np.sqrt(high)) / 2)
    least: Array = np.minimum(squares, median)
    return least


def _expected_fill(n: int, m: int, k: int) -> Array:
    """Return how full balls of m real rows are expected to be of good samples, of 0 to n of them.

    Of g good samples, j lie nearer to a real row than its k-th neighbour does, where j has a
    beta-binomial distribution with g trials and the parameters k and m - k: all orders of g samples
    and the m - 1 other rows by distance are equally likely. A ball is filled to min(j, k) / k.

    Returns
    -------
    fill : ndarray of float64, shape (n + 1,)
    """
    good, b = np.arange(n + 1.0), float(m - k)
    log_p = np.zeros(n + 1)  # of j = 0, then of each in turn, by ratios
    for t in range(k):
        log_p += np.log((b + t) / (b + t + good))
    lacking = np.zeros(n + 1)
    with np.errstate(divide="ignore"):  # no more than g of g: the logarithm of 0
        for j in range(k):
            lacking += (k - j) / k * np.exp(log_p)
            ratio = np.maximum(good - j, 0) / np.maximum(good - j - 1 + b, 1)
            log_p += np.log(ratio * ((j + k) / (j + 1)))
    return 1 - lacking
