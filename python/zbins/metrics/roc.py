"""How well scores tell two kinds of rows apart: the area under the ROC curve, and its interval."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import rankdata

from .._types import Array
from .measurement import NORMAL_95


def roc_area(score: Array, positive: Array) -> tuple[float, tuple[float, float]]:
    """Return the share of pairs in which the positive row scores higher, and a 95 % interval.

    Parameters
    ----------
    score : ndarray of shape (2 n,)
    positive : ndarray of bool, shape (2 n,)
        Half of them.

    Returns
    -------
    area : float
        Of equal scores, half are right.
    interval : (float, float)
        Newcombe's fifth: all areas that are within 1.96 of their own standard errors, those of
        Hanley and McNeil. So it has a width at 0 and 1 too.

    References
    ----------
    J. A. Hanley, B. J. McNeil: The meaning and use of the area under a receiver operating
    characteristic (ROC) curve. Radiology 143 (1982), 29-36.

    R. G. Newcombe: Confidence intervals for an effect size measure based on the Mann-Whitney
    statistic. Part 2. Statistics in Medicine 25 (2006), 559-573.
    """
    n = int(positive.sum())
    area = float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))

    def beyond(at: float, side: float) -> float:
        more = (n - 1) * ((1 - at) / (2 - at) + at / (1 + at))
        return side * (at - area) - NORMAL_95 * math.sqrt(at * (1 - at) * (1 + more)) / n

    # At 0 and 1 themselves the error is 0: the search begins beside them.
    begin = float(np.clip(area, 1e-9, 1 - 1e-9))

    def end(side: float, last: float) -> float:
        return last if area == last else float(brentq(beyond, begin, last, args=(side,)))

    return area, (end(-1.0, 0.0), end(1.0, 1.0))
