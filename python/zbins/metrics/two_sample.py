"""Whether samples and real rows can be told apart: tests of two samples, as measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics.pairwise import euclidean_distances

from .._common.checks import check_count, check_positive
from .._common.chunks import at_once
from .._common.nearest import CLOSE, nearest_rows
from .._common.progress import Progress, check_progress
from .._common.threads import one_thread
from .._types import Array
from .measurement import Features, Given, Measurement
from .roc import roc_area

_PAIRED = 2_000  # rows whose pairs give the median distance
_LAYERS = (128, 128)
_EPOCHS = 1_000  # at most; scores of at most 1 that must rise end it long before
_FEWEST = 20  # rows of each: one of each kind is left to tell when to stop
_FARTHEST = 1e6  # deviations


class MMD(Measurement):
    """The unbiased squared maximum mean discrepancy, and what it was measured with.

    Attributes
    ----------
    bandwidth : float, or a tuple of float
        Of the kernels, in the units of the rows.
    biased : float
        The other estimate of the same: with the pairs of a row and itself, so that it is the
        squared distance of two means, never below 0, and 0 for copies of all rows.
    """

    bandwidth: float | tuple[float, ...]
    biased: float


def mmd(
    X: Any,
    Y: Any,
    *,
    bandwidth: str | float | Sequence[float] = "median",
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> MMD:
    """Return the squared maximum mean discrepancy of samples and real rows, unbiased.

    The squared distance between the means of X and Y in the space of a Gaussian kernel
    exp(-|x - y|^2 / (2 h^2))::

        mean k(x, x') + mean k(y, y') - 2 mean k(x, y)

    over the pairs of different rows of X, those of Y, and all pairs of a row of X and one of Y. In
    expectation it is 0 where both have one distribution, whatever the numbers of rows, and above 0
    otherwise. It sees differences of about the size of the bandwidth: much finer or much coarser
    ones count little. Copies of Y score as well as unseen rows; whether samples are copies,
    `novelty` tells.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, at least two rows; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real rows, likewise.
    bandwidth : "median", float or sequence of float, default="median"
        h of the kernel, in the units of the rows; of several, the kernel is the mean of theirs.
        "median" is the median distance between two rows of X and Y together, of at most 2,000 of
        them that are drawn at random. It depends on the samples too: to compare samplers, give all
        the same number.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the rows that the median is taken of, where there are more than 2,000.
    progress : None or bool, default=None
        A bar over the rows; None shows it on a terminal where they take long.

    Returns
    -------
    discrepancy : MMD, a float
        At most 2, lower is closer; about 0 is ideal. Unbiased, it is as often below 0 as above for
        one distribution, and below 0 for copies of all rows.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or a parameter is of another type.
    ValueError
        If one has fewer than two rows, a value that is not finite (naming row and column) or is
        beyond 1e100, if their columns differ in number, if a bandwidth is not above 0, or if the
        median is 0 because most pairs of rows are equal.

    References
    ----------
    A. Gretton, K. M. Borgwardt, M. J. Rasch, B. Schölkopf, A. Smola: A Kernel Two-Sample Test.
    Journal of Machine Learning Research 13 (2012), 723-773.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import mmd
    >>> X, Y = np.random.default_rng(0).normal(size=(2, 1_000, 3))
    >>> abs(mmd(X, Y)) < 0.002
    True
    >>> mmd(X, Y + 1, bandwidth=2.0) > 0.1
    True
    """
    widths = _bandwidths(bandwidth)
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features, least=2, random_state=random_state)
    x, y = given
    n, m = len(x), len(y)
    chosen = widths is None
    if widths is None:
        widths = (_median_distance(given),)
    with Progress(progress, 2 * n + m, "mmd", "row") as bar:
        of_x, of_y = (2 * _kernel_sum(rows, None, widths, bar) for rows in (x, y))
        between = _kernel_sum(x, y, widths, bar) / (n * m)
    # k(x, x) is 1.
    return given.measured(
        MMD,
        of_x / (n * (n - 1)) + of_y / (m * (m - 1)) - 2 * between,
        bandwidth=widths[0] if len(widths) == 1 else widths,
        biased=max(0.0, (of_x + n) / n**2 + (of_y + m) / m**2 - 2 * between),
        settings={"bandwidth": bandwidth if chosen else widths},
        seed=given.seed if chosen and n + m > _PAIRED else None,
    )


def _bandwidths(bandwidth: object) -> tuple[float, ...] | None:
    """Return the widths of the kernels; None where the median is wanted."""
    if isinstance(bandwidth, str):
        if bandwidth != "median":
            raise ValueError(
                f"bandwidth is {bandwidth!r}; accepted are 'median', a number above 0, and a "
                "sequence of them"
            )
        return None
    if isinstance(bandwidth, np.ndarray):
        bandwidth = bandwidth.ravel().tolist()
    if isinstance(bandwidth, Sequence):
        if not bandwidth:
            raise ValueError("bandwidth is empty; accepted is at least one number above 0")
        return tuple(check_positive(f"bandwidth[{i}]", h) for i, h in enumerate(bandwidth))
    return (check_positive("bandwidth", bandwidth),)


def _median_distance(given: Given) -> float:
    both = np.concatenate(list(given))
    if len(both) > _PAIRED:
        both = both[given.rng.permutation(len(both))[:_PAIRED]]
    median = float(np.median(pdist(both)))
    if not median:
        raise ValueError(
            "bandwidth='median' is 0, for most pairs of rows are equal; accepted is then a number "
            "above 0"
        )
    return median


def _kernel_sum(x: Array, y: Array | None, widths: tuple[float, ...], bar: Progress) -> float:
    """Return the sum of the kernel over all rows of both; without y, over the pairs within x."""
    others = x if y is None else y
    centre = others.mean(axis=0)
    near, near_others = x - centre, others - centre
    # |x|^2 - 2 xy + |y|^2 rounds by the rows' distance from their centre, and a kernel much smaller
    # than that distance would see it. Differences cost a few times as much.
    farthest = max(float(np.square(rows).sum(axis=1).max()) for rows in (near, near_others))
    cancels = 8 * np.finfo(float).eps * farthest > 1e-10 * min(widths) * min(widths)
    if not cancels:
        x, others = near, near_others
    step = at_once(8 * 4 * len(others))
    total = 0.0
    for begin in range(0, len(x), step):
        part = x[begin : begin + step]
        against = others[begin:] if y is None else others
        if cancels:
            squares = cdist(part, against, "sqeuclidean")
        else:
            squares = euclidean_distances(part, against, squared=True)
        kernel = np.zeros_like(squares)
        with np.errstate(over="ignore"):  # infinitely far is right
            for h in widths:
                # Divided twice, for the square of a bandwidth may be no number.
                kernel += np.exp(squares / h / (-2 * h))
        if y is None:
            kernel[:, : len(part)] = np.triu(kernel[:, : len(part)], 1)
        total += float(kernel.sum()) / len(widths)
        bar.advance(len(part))
    return total


class OneNNAccuracy(Measurement):
    """The accuracy of the nearest neighbour, and what it is made of.

    Attributes
    ----------
    on_samples : float
        The share of the samples whose nearest other row is a sample. Low where samples lie at real
        rows, high where they lie away from them, or closer together.
    on_real : float
        The share of the real rows whose nearest other row is real. High where there are no samples,
        or too few.
    """

    on_samples: float  # `real` is taken: every float has one
    on_real: float


def one_nn_accuracy(
    X: Any,
    Y: Any,
    *,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> OneNNAccuracy:
    """Return how often a row's nearest other row is of its own kind, a sample or a real row.

    The leave-one-out accuracy of a classifier by the nearest neighbour on the union of X and Y, of
    equally many: 0.5 where both have one distribution, near 1 where they can be told apart, and
    near 0 where each sample is a copy of a row of Y, or next to one. Memorizing is thus seen, but
    only of the rows that are in Y: give it those that the sampler was fitted on to look for copies,
    and others to judge its quality.

    Where the nearest others of a row tie, it counts by the share of its own kind among them.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, at least two rows; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real rows, likewise. The larger of the two sets is drawn down to the other.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the rows that are drawn.
    progress : None or bool, default=None
        A bar over the rows; None shows it on a terminal where they take long.

    Returns
    -------
    accuracy : OneNNAccuracy, a float
        From 0 to 1; 0.5 is ideal, and neither lower nor higher is better. The mean of `on_samples`
        and `on_real`, which may err to both sides of 0.5 while their mean does not: read both. Of n
        and n rows of one distribution it is (n - 1) / (2 n - 1) in expectation.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers.
    ValueError
        If one has fewer than two rows, a value that is not finite (naming row and column) or is
        beyond 1e100, or if their columns differ in number.

    References
    ----------
    D. Lopez-Paz, M. Oquab: Revisiting Classifier Two-Sample Tests. ICLR 2017, arXiv:1610.06545.

    Q. Xu, G. Huang, Y. Yuan, C. Guo, Y. Sun, F. Wu, K. Q. Weinberger: An empirical study on
    evaluation metrics of generative adversarial networks. 2018, arXiv:1806.07755.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import one_nn_accuracy
    >>> X, Y = np.random.default_rng(0).normal(size=(2, 1_000, 3))
    >>> round(one_nn_accuracy(X, Y), 1)
    0.5
    >>> one_nn_accuracy(Y, Y).value  # copies
    0.0
    """
    check_progress(progress)
    given = Given({"X": X, "Y": Y}, features, least=2, random_state=random_state)
    before = [len(rows) for rows in given]
    n = min(before)
    given.draw({"X": n, "Y": n})
    both = np.concatenate(list(given))
    # Equal rows are one place with so many samples and so many real rows. What is left of ties is
    # between places.
    places, place = np.unique(both, axis=0, return_inverse=True)
    place = place.ravel()
    is_sample = np.arange(2 * n) < n
    count = np.stack(
        [np.bincount(place[kind], minlength=len(places)) for kind in (is_sample, ~is_sample)]
    )
    alone = np.flatnonzero(count.sum(axis=0) == 1)
    nearest = count.copy()
    with Progress(progress, len(alone), "one nn accuracy", "row") as bar:
        nearest[:, alone] = _nearest_kinds(alone, places, count, bar)
    shared = count.sum(axis=0) > 1
    accuracy = []
    for own, other in ((0, 1), (1, 0)):
        # Of its own place, a row does not count itself.
        same = nearest[own] - shared
        share = np.where(count[own] > 0, same / np.maximum(same + nearest[other], 1), 0.0)
        accuracy.append(float(count[own] @ share / n))
    return given.measured(
        OneNNAccuracy,
        sum(accuracy) / 2,
        on_samples=accuracy[0],
        on_real=accuracy[1],
        seed=given.seed if before != [n, n] else None,
    )


def _nearest_kinds(alone: Array, places: Array, count: Array, bar: Progress) -> Array:
    """Return how many samples and how many real rows are nearest to each of some places.

    Parameters
    ----------
    alone : ndarray of intp, shape (a,)
        Places of one row.
    places : ndarray of shape (p, d)
        All different.
    count : ndarray of int, shape (2, p)
        Samples and real rows at each place.
    bar : Progress

    Returns
    -------
    nearest : ndarray of int, shape (2, a)
    """
    found = np.zeros((2, len(alone)), count.dtype)
    shown: Progress | None
    left, k, shown = np.arange(len(alone)), min(4, len(places)), bar
    while len(left):
        unsure = []
        step = at_once(8 * 8 * k)
        for begin in range(0, len(left), step):
            part = left[begin : begin + step]
            here = alone[part]
            index, distance = nearest_rows(places[here], places, k, progress=shown)
            distance[index == here[:, None]] = np.inf
            nearest = distance.min(axis=1)
            found[:, part] = (count[:, index] * (distance == nearest[:, None])).sum(axis=2)
            # All that tie are among the k if the last of them is farther, for sure.
            last = np.where(np.isinf(distance), 0, distance).max(axis=1)
            more = last**2 - nearest**2 <= 2 * CLOSE * last**2
            unsure.append(part[more] if k < len(places) else part[:0])
        left, k, shown = np.concatenate(unsure), min(4 * k, len(places)), None
    return found


class C2ST(Measurement):
    """The area under the curve of a classifier that was trained to tell samples from real rows.

    Attributes
    ----------
    accuracy : float
        The share of the held-out rows that it tells right; 0.5 is perfect.
    epochs : int
        Of its training, which ends where nothing is gained any more.
    """

    accuracy: float
    epochs: int


def c2st(
    X: Any,
    Y: Any,
    *,
    max_rows: int = 10_000,
    features: Features = None,
    random_state: Any = 0,
) -> C2ST:
    """Return how well a trained classifier tells samples from real rows that it has not seen.

    The area under the ROC curve (AUC) of one fixed classifier, scikit-learn's MLPClassifier with
    two hidden layers of 128 and early stopping, trained on one half of equally many samples and
    real rows, and judged on the other: the probability that it finds the sample of a random pair.
    Columns are standardized by the training half.

    It is never read without `novelty`: copies of real rows that are not in Y score 0.5, like a
    perfect sampler. Nor is 0.5 a proof: the classifier finds less than there is, the less the fewer
    rows and the more columns it has. Give Y rows that the sampler has not seen. Where X holds
    copies of rows of Y, what is learnt of the one misleads about the other, and the AUC may lie
    below 0.5.

    Parameters
    ----------
    X : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, at least 20 rows; each is flattened.
    Y : array-like or tensor of shape (m, d) or (m, *shape)
        Real rows, likewise. The larger of the two sets is drawn down to the other.
    max_rows : int, default=10_000
        Rows of each at most; of more, so many are drawn. At least 20.
    features : None, str or callable, default=None
        A callable that turns X and Y into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        For the rows that are drawn, the halves, and the classifier.

    Returns
    -------
    area : C2ST, a float
        From 0 to 1, lower is better down to 0.5, which is ideal; 1 is told apart. `interval` holds
        for this classifier, over draws of the rows that judge it: Hanley and McNeil's variance,
        taken at its ends.

    Raises
    ------
    TypeError
        If X or Y holds no real numbers, or max_rows is no int.
    ValueError
        If one has fewer than 20 rows, a value that is not finite (naming row and column) or is
        beyond 1e100, if their columns differ in number, or if max_rows is below 20.

    Warns
    -----
    UserWarning
        If a few rows lie so far away that they alone make the deviation of a column.

    References
    ----------
    D. Lopez-Paz, M. Oquab: Revisiting Classifier Two-Sample Tests. ICLR 2017, arXiv:1610.06545.

    J. A. Hanley, B. J. McNeil: The meaning and use of the area under a receiver operating
    characteristic (ROC) curve. Radiology 143 (1982), 29-36.

    R. G. Newcombe: Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic, part 2. Statistics in Medicine 25 (2006), 559-573.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import c2st
    >>> X, Y = np.random.default_rng(0).normal(size=(2, 400, 3))
    >>> bool(0.4 < c2st(X, Y) < 0.6)
    True
    >>> c2st(X, Y + 9).value
    1.0
    """
    max_rows = check_count("max_rows", max_rows, _FEWEST)
    given = Given({"X": X, "Y": Y}, features, least=_FEWEST, random_state=random_state)
    n = min(max_rows, *(len(rows) for rows in given))
    given.draw({"X": n, "Y": n})
    given.warn_of_outliers("X", "Y")
    half = n // 2
    # Equal rows lie side by side in what is given: halves are drawn.
    x, y = (rows[given.rng.permutation(n)] for rows in given)
    train = np.concatenate([x[:half], y[:half]])
    judge = np.concatenate([x[half:], y[half:]])
    train, judge = _standardized(train, judge)
    classifier = _trained(train, np.repeat([1, 0], half), int(given.rng.integers(2**32)))
    # Equal rows may differ in the last bit of their scores, by where they stand in a product.
    judge, place = np.unique(judge, axis=0, return_inverse=True)
    score = classifier.predict_proba(judge)[place.ravel(), 1]
    is_sample = np.repeat([True, False], n - half)
    area, interval = roc_area(score, is_sample)
    return given.measured(
        C2ST,
        area,
        interval=interval,
        accuracy=float(((score > 0.5) == is_sample).mean()),
        epochs=int(classifier.n_iter_),
        settings={"max_rows": max_rows, "trained_on": 2 * half, "judged_on": 2 * (n - half)},
    )


def _standardized(train: Array, judge: Array) -> tuple[Array, Array]:
    """Return both by the mean and deviation of the columns of the first."""
    constant = (train == train[0]).all(axis=0)
    centre = np.where(constant, train[0], train.mean(axis=0))  # a mean of equal values may round
    train, judge = train - centre, judge - centre
    largest = np.where(constant, 1.0, np.abs(train).max(axis=0))
    train /= largest  # so that no square underflows
    deviation = np.where(constant, 1.0, np.sqrt(np.square(train).mean(axis=0)))
    with np.errstate(over="ignore"):
        judge = judge / largest / deviation
    # A value that is nothing like those of training would overflow in the network.
    return train / deviation, np.clip(judge, -_FARTHEST, _FARTHEST)


def _trained(rows: Array, is_sample: Array, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier

    classifier = MLPClassifier(
        _LAYERS, max_iter=_EPOCHS, early_stopping=True, random_state=np.random.RandomState(seed)
    )
    # Products this small are slower on several threads, and rounded as the number of threads has
    # it.
    with one_thread():
        classifier.fit(rows, is_sample)
    if not _has_stopped(classifier):
        raise KeyboardInterrupt  # scikit-learn ends the training there, and goes on
    return classifier


def _has_stopped(classifier: Any) -> bool:
    """Tell whether a training came to its end, as its scores have it: no gain for some epochs."""
    best, in_vain = -np.inf, 0
    for score in classifier.validation_scores_:
        in_vain = in_vain + 1 if score < best + classifier.tol else 0
        best = max(best, score)
    return bool(in_vain > classifier.n_iter_no_change or classifier.n_iter_ == classifier.max_iter)
