"""How new samples are: how far they lie from the rows that the sampler was fitted on.

None of these is a measure of privacy. A sampler may keep its distance from every fitted row and
still give away who was among them: Z. Yao, N. Krčo, G. Ganev, Y.-A. de Montjoye: The DCR Delusion:
Measuring the Privacy Risk of Synthetic Data. 2025, arXiv:2505.01524.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._common.checks import check_flag, check_share
from .._common.chunks import at_once
from .._common.nearest import nearest_rows
from .._common.progress import Progress, check_progress
from .._common.scales import robust_scales
from .._types import Array
from .measurement import NORMAL_95, Features, Given, Measurement, compared

_RESAMPLES = 1_000
_LOUD = 0.95  # the share of all variance from which on a column is said to decide
_FEW = 30  # rows that say too little about scales, and about their own spread
_REPEATED = 0.05  # the share of held-out rows that are fitted rows from which on it is said
_SHARE = 0.01


class CopiedShare(Measurement):
    """The share of samples that are copies, and where the limit lies.

    Attributes
    ----------
    threshold : float
        The distance below which a sample counts as a copy.
    expected : float
        What the share is for a sampler that copies nothing: `share`; of data with repeated rows
        more, by the share of held-out rows that are fitted rows; less where many held-out rows are
        exactly as far as the limit, as on a grid.
    n_exact : int
        Samples that are equal to a fitted row.
    n_duplicates : int
        Held-out rows that are equal to a fitted row.
    """

    threshold: float
    expected: float
    n_exact: int
    n_duplicates: int


class Novelty(Measurement):
    """Novelty, and what a mean does not say.

    Attributes
    ----------
    median : float
        The same of medians: a few samples far away do not move it.
    median_interval : (float, float) or None
        Its bootstrap interval.
    expected : float
        What the number is for a sampler that copies nothing: 1, and of data with repeated rows
        less, for such a sampler repeats them too.
    copied_share : CopiedShare or None
        None where there are too few held-out rows to say.
    distance, unseen_distance : float
        The two means: of samples, and of held-out rows.
    n_duplicates : int
        Held-out rows that are equal to a fitted row.
    """

    median: float
    median_interval: tuple[float, float] | None
    expected: float
    copied_share: CopiedShare | None
    distance: float
    unseen_distance: float
    n_duplicates: int


class MemorizationScore(Measurement):
    """The mean distance to the nearest fitted row, and that of unseen rows.

    Attributes
    ----------
    expected : float or None
        That of the held-out rows; None without them.
    """

    expected: float | None


class ClosestRecord(Measurement):
    """The median distance to the closest record, and the rest of what is reported of it.

    Attributes
    ----------
    quantile_5 : float
        The distance that 5 % of the samples stay below.
    closer_share : float or None
        Of the samples, those that are nearer to a fitted row than to any of as many held-out ones,
        ties by half: 0.5 if the sampler does not know the one from the other. None without
        held-out rows.
    """

    quantile_5: float
    closer_share: float | None


def novelty(
    samples: Any,
    fitted: Any,
    held_out: Any,
    *,
    standardize: bool = False,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> Novelty:
    """Return how far samples lie from the fitted rows, as a multiple of how far unseen rows do.

    The mean Euclidean distance from the samples to the nearest row that the sampler was fitted on,
    divided by the same for held-out rows: 1 is as new as unseen data, 0 are copies. More than 1 is
    not better: such samples are further from the data than data is. A mean hides a minority of
    copies, so look at ``copied_share`` too.

    Of decoded samples, compare with decoded rows: what a decoder does to every image is then no
    part of it. A sampler's fidelity says little without it, since copies are the most faithful.

    A held-out row that is equal to a fitted one is measured to the nearest *different* fitted row:
    else data with repeated rows would make all samples look new. A sample is measured to the
    nearest row, so of such data one that copies nothing reads `expected`, less than 1.

    Parameters
    ----------
    samples : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, or what is decoded from them; each is flattened.
    fitted : array-like or tensor of shape (m, d) or (m, *shape)
        The rows that the sampler was fitted on, not those that networks were trained on; decoded
        if samples are.
    held_out : array-like or tensor of shape (k, d) or (k, *shape)
        Rows that the sampler has not seen; decoded if samples are. As many as samples give both
        means the same noise; their number changes neither in expectation.
    standardize : bool, default=False
        Divide columns by robust scales of the fitted rows (interquartile range / 1.349) first, so
        that none of them supplies the distance. For latents and tables, not for pixels.
    features : None, str or callable, default=None
        A callable that turns all three into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        Of the bootstrap.
    progress : bool or None, default=None
        Whether to show a bar; None: on a terminal, where it takes more than a second.

    Returns
    -------
    ratio : Novelty, a float
        At least 0, with a bootstrap interval: 95 % of 1,000 draws of samples and held-out rows. It
        says how the number depends on them, for these fitted rows; a little too narrow for less
        than a hundred rows or heavy tails, and None for less than 30.

    Raises
    ------
    TypeError
        If an argument holds no real numbers.
    ValueError
        If one has no rows, another shape than the others, a value that is not finite (naming row
        and column) or is beyond 1e100, or if a held-out row has no different fitted row.

    Warns
    -----
    UserWarning
        If more than 5 % of the held-out rows are fitted rows; if one column has more than 95 % of
        the variance (by robust scales) and standardize is False; if bytes stand beside floats from
        0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import novelty
    >>> fitted, held_out, fresh = np.random.default_rng(0).normal(size=(3, 1_000, 5))
    >>> float(novelty(fitted[:100], fitted, held_out))
    0.0
    >>> round(novelty(fresh, fitted, held_out), 1)
    1.0
    """
    standardize = check_flag("standardize", standardize)
    check_progress(progress)
    given = Given(
        {"samples": samples, "held_out": held_out, "fitted": fitted},
        features,
        random_state=random_state,
    )
    settings = {"standardize": standardize}
    near, unseen, repeated = _distances(given, standardize, "novelty", progress)

    def both(near: Array, unseen: Array) -> Array:
        of_means = near.mean(axis=1) / unseen.mean(axis=1)
        return np.stack([of_means, np.median(near, axis=1) / np.median(unseen, axis=1)])

    enough = _enough(len(unseen), _SHARE)
    values, intervals = _bootstrap(given, both, near, unseen)
    return given.measured(
        Novelty,
        values[0],
        interval=intervals[0],
        settings=settings,
        median=values[1],
        median_interval=intervals[1],
        expected=float(unseen[~repeated].sum() / unseen.sum()),
        copied_share=_copied(given, near, unseen, repeated, settings) if enough else None,
        distance=float(near.mean()),
        unseen_distance=float(unseen.mean()),
        n_duplicates=int(repeated.sum()),
    )


def copied_share(
    samples: Any,
    fitted: Any,
    held_out: Any,
    *,
    share: float = _SHARE,
    standardize: bool = False,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> CopiedShare:
    """Return the share of samples nearer to a fitted row than the nearest 1 % of unseen rows are.

    A sampler that copies nothing has 1 %, by this definition; one that copies every tenth sample,
    11 %. A mean distance would hide those. Of data with repeated rows or on a grid, compare with
    `expected` in the place of 1 %.

    Parameters
    ----------
    samples, fitted, held_out, standardize, features, progress
        As for `novelty`.
    share : float, default=0.01
        Of the held-out rows, between 0 and 1; so many of them lie below the limit.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        Of the bootstrap.

    Returns
    -------
    share : CopiedShare, a float
        Between 0 and 1, with an interval: that of a bootstrap as for `novelty` and Wilson's for
        this limit together.

    Raises
    ------
    TypeError, ValueError
        As for `novelty`; and ValueError where so few held-out rows have no such share.

    Warns
    -----
    UserWarning
        As `novelty`.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import copied_share
    >>> fitted, held_out, samples = np.random.default_rng(0).normal(size=(3, 5_000, 8))
    >>> samples[:500] = fitted[:500]
    >>> round(copied_share(samples, fitted, held_out), 2)
    0.11
    """
    if (share := check_share("share", share)) == 1:
        raise ValueError(f"share is {share}; it must be below 1")
    standardize = check_flag("standardize", standardize)
    check_progress(progress)
    given = Given(
        {"samples": samples, "held_out": held_out, "fitted": fitted},
        features,
        random_state=random_state,
    )
    if not _enough(n := len(given.rows["held_out"]), share):
        raise ValueError(
            f"held_out has {n} rows, and a share of {share} of them is less than one row, or all; "
            f"accepted are at least {np.ceil(1 / min(share, 1 - share) - 1 - 1e-6):.0f}"
        )
    settings = {"standardize": standardize}
    near, unseen, repeated = _distances(given, standardize, "copied share", progress)
    return _copied(given, near, unseen, repeated, settings, share)


def memorization_score(
    samples: Any,
    fitted: Any,
    held_out: Any = None,
    *,
    features: Features = None,
    progress: bool | None = None,
) -> MemorizationScore:
    """Return the mean distance from samples to the nearest fitted row, in units of the features.

    The pixel memorization score of images, the inception memorization score of their Inception
    features. Alone it says nothing: read it beside the score of unseen rows, `expected`, which
    `novelty` divides by. Lower is nearer to copies, which have 0.

    Parameters
    ----------
    samples : array-like or tensor of shape (n, d) or (n, *shape)
    fitted : array-like or tensor of shape (m, d) or (m, *shape)
    held_out : array-like or tensor of shape (k, d) or (k, *shape), optional
    features, progress
        As for `novelty`.

    Returns
    -------
    distance : MemorizationScore, a float
        At least 0.

    Raises
    ------
    TypeError, ValueError
        As for `novelty`.

    References
    ----------
    A. K. Mondal, H. Asnani, P. Singla, Prathosh AP: FlexAE: Flexibly Learning Latent Priors for
    Wasserstein Auto-Encoders. UAI 2021, section 4.

    Examples
    --------
    >>> from zbins.metrics import memorization_score
    >>> float(memorization_score([[0, 3], [8, 0]], [[0, 0], [8, 1]]))
    2.0
    """
    check_progress(progress)
    given = Given(compared(samples, fitted, held_out), features)
    *queries, rows = given
    with Progress(progress, sum(map(len, queries)), "memorization score", "row") as bar:
        value, *expected = (
            float(nearest_rows(near, rows, progress=bar)[1].mean()) for near in queries
        )
    return given.measured(
        MemorizationScore, value, expected=expected[0] if expected else None, seed=None
    )


def distance_to_closest_record(
    samples: Any,
    fitted: Any,
    held_out: Any = None,
    *,
    standardize: bool = False,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> ClosestRecord:
    """Return the median distance from samples to the closest fitted row.

    With held-out rows also the share of samples that are closer to a fitted row than to a held-out
    one, which is the comparable part of it: 0.5 is ideal, more says that the sampler leans to what
    it was fitted on. Higher distances are no merit, and large ones no proof that nothing of a row
    can be learned from the samples (arXiv:2505.01524): `membership_inference` asks that.

    Parameters
    ----------
    samples, fitted, standardize, features, progress
        As for `novelty`.
    held_out : array-like or tensor of shape (k, d) or (k, *shape), optional
        The larger of fitted and held_out is drawn down to the smaller for the share.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        Of that draw.

    Returns
    -------
    distance : ClosestRecord, a float
        At least 0, in units of the columns or, standardized, of their scales.

    Raises
    ------
    TypeError, ValueError
        As for `novelty`.

    References
    ----------
    M. Platzer, T. Reutterer: Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data.
    Frontiers in Big Data 4 (2021), 679939.

    Examples
    --------
    >>> from zbins.metrics import distance_to_closest_record
    >>> found = distance_to_closest_record([[1], [2], [4]], [[1], [9]], [[4], [8]])
    >>> float(found), found.closer_share
    (1.0, 0.5)
    """
    standardize = check_flag("standardize", standardize)
    check_progress(progress)
    given = Given(compared(samples, fitted, held_out), features, random_state=random_state)
    if standardize:
        _standardize(given)
    near, fitted = given.rows["samples"], given.rows["fitted"]
    rows = {name: len(array) for name, array in given.rows.items()}
    settings: dict[str, Any] = {"standardize": standardize}
    closer, drawn = None, False
    fewer = min(rows["fitted"], rows.get("held_out", rows["fitted"]))
    searches = len(rows) - 1 + (fewer < rows["fitted"])
    with Progress(progress, searches * len(near), "distance to closest record", "row") as bar:
        _, distance = nearest_rows(near, fitted, progress=bar)
        if held_out is not None:
            settings["compared_with"] = fewer
            drawn = rows["held_out"] != rows["fitted"]
            given.draw({"held_out": fewer, "fitted": fewer})
            seen = distance
            if fewer < rows["fitted"]:
                _, seen = nearest_rows(near, given.rows["fitted"], progress=bar)
            _, unseen = nearest_rows(near, given.rows["held_out"], progress=bar)
            closer = float((np.sign(unseen - seen).mean() + 1) / 2)
    return given.measured(
        ClosestRecord,
        float(np.median(distance)),
        rows=rows,
        settings=settings,
        seed=given.seed if drawn else None,
        quantile_5=float(np.quantile(distance, 0.05)),
        closer_share=closer,
    )


def _distances(
    given: Given, standardize: bool, title: str, progress: bool | None
) -> tuple[Array, Array, Array]:
    """Return the distances of samples and of held-out rows, and which of these are fitted rows.

    Those of held-out rows are to the nearest different fitted row.
    """
    if standardize:
        _standardize(given)
    else:
        _warn_of_columns(given.rows["fitted"])
    near, held_out, fitted = given
    with Progress(progress, len(near) + len(held_out), title, "row") as bar:
        _, distance = nearest_rows(near, fitted, progress=bar)
        _, unseen = nearest_rows(held_out, fitted, progress=bar)
    repeated = unseen == 0
    if repeated.any():
        _, unseen[repeated] = nearest_rows(held_out[repeated], fitted, different=True)
    if np.isinf(unseen).any():
        raise ValueError(
            f"fitted has {len(fitted)} row(s), all equal to a held-out one; accepted are at least "
            "two different rows"
        )
    if not unseen.all():
        raise ValueError(
            "held_out has rows so near to different fitted ones that the square of their distance "
            "is 0; scale the columns"
        )
    if repeated.mean() > _REPEATED:
        warnings.warn(
            f"{repeated.sum()} of the {len(held_out)} rows of held_out are rows of fitted: make "
            "sure that the sampler has not seen them. If rows of these data repeat, a sampler that "
            "copies nothing repeats them too: compare with the result's `expected`",
            stacklevel=3,
        )
    return distance, unseen, repeated


def _warn_of_columns(fitted: Array) -> None:
    """Say so if one column decides which row is the nearest: all others may then be copies."""
    variance = np.square(robust_scales(fitted))
    column = int(variance.argmax())
    if len(fitted) < _FEW or (variance > 0).sum() < 2:
        return
    if variance[column] > _LOUD * variance.sum():
        share = variance[column] / variance.sum()
        warnings.warn(
            f"column {column} has {share:.1%} of the variance and decides alone which row is the "
            "nearest, so that copies in all other columns are not seen; standardize=True gives "
            "each column the same say",
            stacklevel=4,
        )


def _copied(
    given: Given,
    near: Array,
    unseen: Array,
    repeated: Array,
    settings: dict[str, Any],
    share: float = _SHARE,
) -> CopiedShare:
    def limit(unseen: Array) -> Array:
        # Of n held-out rows, (n + 1) p are below this quantile: then a fresh row is, with p.
        found: Array = np.quantile(unseen, share, axis=1, keepdims=True, method="weibull")
        return found

    def copied(near: Array, unseen: Array) -> Array:
        found: Array = (near < limit(unseen)).mean(axis=1)[None]
        return found

    (value,), (interval,) = _bootstrap(given, copied, near, unseen)
    if interval is not None:
        # Resampling gives a share of 0, or of 1, no width.
        wilson = _wilson(value, len(near))
        interval = min(interval[0], wilson[0]), max(interval[1], wilson[1])
    threshold = float(limit(unseen[None])[0, 0])
    return given.measured(
        CopiedShare,
        value,
        interval=interval,
        settings=settings | {"share": share},
        threshold=threshold,
        expected=_expected(unseen, repeated, threshold, share),
        n_exact=int((near == 0).sum()),
        n_duplicates=int(repeated.sum()),
    )


def _expected(unseen: Array, repeated: Array, limit: float, share: float) -> float:
    """Return the share of a sampler that copies nothing, as far as held-out rows tell."""
    if (unseen == limit).sum() > 1:  # a fresh row is rather at the limit than below it
        return float((repeated | (unseen < limit)).mean())
    return float(share + (1 - share) * repeated.mean())


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return all shares that are within 1.96 of their own standard errors of the one found."""
    z2 = NORMAL_95**2 / n
    centre = (share + z2 / 2) / (1 + z2)
    margin = math.sqrt(z2 * share * (1 - share) + z2**2 / 4) / (1 + z2)
    return max(0.0, centre - margin), min(1.0, centre + margin)


def _enough(n: int, share: float) -> bool:
    """Tell whether there is a row at the quantile, so that it is no guess."""
    place = share * (n + 1)
    return 1 - 1e-6 <= place <= n + 1e-6  # 0.01 may have come as a float32


def _bootstrap(
    given: Given, statistics: Callable[..., Array], *samples: Array
) -> tuple[list[float], list[tuple[float, float] | None]]:
    """Return statistics, and the middle 95 % of those of samples drawn with replacement.

    They take each sample as the rows of a matrix, and give a row for each statistic. Few rows say
    nothing of their own spread: they have no intervals.
    """
    values: list[float] = statistics(*(rows[None] for rows in samples))[:, 0].tolist()
    if min(map(len, samples)) < _FEW:
        return values, [None] * len(values)
    # One generator for each, whatever was drawn before and however many are drawn at once.
    generators = np.random.default_rng(given.seed).spawn(len(samples))
    step = at_once(24 * sum(map(len, samples)))
    drawn = []
    for begin in range(0, _RESAMPLES, step):
        n = min(step, _RESAMPLES - begin)
        drawn.append(
            statistics(
                *(
                    rows[rng.integers(0, len(rows), (n, len(rows)))]
                    for rows, rng in zip(samples, generators, strict=True)
                )
            )
        )
    low, high = np.quantile(np.concatenate(drawn, axis=1), [0.025, 0.975], axis=1).tolist()
    return values, list(zip(low, high, strict=True))


def _standardize(given: Given) -> None:
    """Divide all rows by the scales of the columns of the fitted ones."""
    scale = robust_scales(given.rows["fitted"])
    scale[scale == 0] = 1  # constant
    for name, rows in given.rows.items():
        given.rows[name] = rows / scale
