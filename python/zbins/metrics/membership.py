"""Whether samples give away which rows a sampler was fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._common.nearest import nearest_rows
from .._common.progress import Progress, check_progress
from .._types import Array
from .measurement import Features, Given, Measurement
from .roc import roc_area

_NEAR = 5
_LEAST = 10  # rows: then each row of the known half has five others
_TINY = 1e-6  # of a typical spacing


def membership_inference(
    samples: Any,
    fitted: Any,
    held_out: Any,
    *,
    features: Features = None,
    random_state: Any = 0,
    progress: bool | None = None,
) -> Measurement:
    """Return how well an attacker who sees the samples tells fitted rows from unseen ones: an AUC.

    Half of the fitted rows and as many unseen ones are known to the attacker, who learns from them
    by logistic regression what distinguishes them: the logarithms of the distances to the nearest
    and to the fifth nearest sample, and of that to the fifth nearest known row. These hold the
    density of samples relative to that of real rows, which DOMIAS attacks by. The attacker is
    judged on the other halves, by the area under the ROC curve: the chance that a fitted row is
    suspected more than an unseen one.

    A perfect sampler reads 0.5 (measured over 200 seeds with 1,000 rows of each kind: mean 0.50,
    deviation 0.02; over 1,200 with fewer rows, the interval held 0.5 in 95 of 100). Copies of all
    fitted rows read 1; drawn from them with replacement, n of n rows, 0.82, since a third is never
    drawn. A share of copies moves it by about half of that share.

    It says what one simple attacker finds. The distance to the closest record alone misses much
    of what a stronger one does, and an AUC of 0.5 is no proof that samples give nothing away:
    another attacker may know the sampler, see more samples, or look at single rows.

    Parameters
    ----------
    samples : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, or what is decoded from them, at least ten; each is flattened.
    fitted : array-like or tensor of shape (m, d) or (m, *shape)
        The rows that the sampler was fitted on, at least ten; decoded if samples are.
    held_out : array-like or tensor of shape (k, d) or (k, *shape)
        Rows of the same kind that the sampler has not seen, at least ten; decoded if samples are.
        Where fitted and held_out differ in number, as many of the more are drawn as there are of
        the fewer.
    features : None, str or callable, default=None
        A callable that turns rows into features, or the name of what they are already.
    random_state : None, int, RandomState, Generator or torch.Generator, default=0
        Which rows are drawn, and which halves the attacker knows.
    progress : bool, optional
        Whether to show a bar; by default on a terminal, if it takes more than a second.

    Returns
    -------
    auc : Measurement, a float
        From 0 to 1: 0.5 cannot tell, 1 tells all, which is worst; below 0.5 by chance only. Its
        `interval` is Newcombe's for judged rows.

    Raises
    ------
    TypeError
        If an argument holds no real numbers, or a parameter is of another type.
    ValueError
        If one has fewer than ten rows, a value that is not finite (naming row and column) or is
        beyond 1e100, or if their columns differ in number.

    References
    ----------
    B. van Breugel, H. Sun, Z. Qian, M. van der Schaar: Membership Inference Attacks against
    Synthetic Data through Overfitting Detection. AISTATS 2023, arXiv:2302.12580.

    Z. Yao, N. Krčo, G. Ganev, Y.-A. de Montjoye: The DCR Delusion: Measuring the Privacy Risk of
    Synthetic Data. 2025, arXiv:2505.01524.

    R. G. Newcombe: Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic. Part 2. Statistics in Medicine 25 (2006), 559-573.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import membership_inference
    >>> fitted, held_out, fresh = np.random.default_rng(0).normal(size=(3, 1_000, 5))
    >>> round(membership_inference(fresh, fitted, held_out), 1)
    0.5
    >>> membership_inference(fitted, fitted, held_out).value
    1.0
    """
    check_progress(progress)
    given = Given(
        {"samples": samples, "fitted": fitted, "held_out": held_out},
        features,
        least=_LEAST,
        random_state=random_state,
    )
    each = min(len(given.rows["fitted"]), len(given.rows["held_out"]))
    given.draw({"fitted": each, "held_out": each})
    known, judged = zip(*(_halves(given, name) for name in ("fitted", "held_out")), strict=True)
    rows = np.concatenate([*known, *judged])
    n_known = 2 * len(known[0])
    with Progress(progress, 2 * len(rows), "membership inference", "row") as bar:
        seen = _traces(rows, n_known, given.rows["samples"], bar)
    member = [np.repeat([True, False], len(half[0])) for half in (known, judged)]
    value, interval = roc_area(_score(seen[:n_known], member[0], seen[n_known:]), member[1])
    return given.measured(
        Measurement,
        value,
        interval=interval,
        settings={"n_known": n_known, "n_judged": 2 * len(judged[0])},
    )


def _halves(given: Given, name: str) -> tuple[Array, Array]:
    """Return a random half of the rows, and the other, which has one more if they are odd."""
    rows = given.rows[name][given.rng.permutation(len(given.rows[name]))]
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def _traces(rows: Array, n_known: int, samples: Array, bar: Progress) -> Array:
    """Return what the attacker looks at, shape (n, 3): near samples, and the local spacing.

    A linear score of these logarithms has their differences too: how far the samples are relative
    to the spacing of real rows, as the ratio of two densities.
    """
    known = rows[:n_known]
    _, near = nearest_rows(rows, samples, _NEAR, progress=bar)
    # A known row is its own neighbour: it passes over one 0, itself.
    _, of_known = nearest_rows(known, known, _NEAR + 1, progress=bar)
    _, of_judged = nearest_rows(rows[n_known:], known, _NEAR, progress=bar)
    spacing = np.concatenate([of_known[:, -1], of_judged[:, -1]])
    found = np.column_stack([near[:, 0], near[:, -1], spacing])
    typical = spacing.mean() or near.mean() or 1.0
    # Copies have the logarithm of 0: far below all others, it would rule the fit.
    logarithms: Array = np.log(np.maximum(found, _TINY * typical))
    return logarithms


def _score(known: Array, member: Array, judged: Array) -> Array:
    """Return how sure an attacker is of each judged row that it is a member, after training."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    attacker = make_pipeline(StandardScaler(), LogisticRegression())
    found: Array = attacker.fit(known, member).decision_function(judged)
    return found
