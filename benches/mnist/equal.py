"""PMFS against a mixture at equal novelty: the one place where fidelity alone decides nothing."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

CLOSER, FURTHER, WITHIN, OUT_OF_REACH = "closer", "further", "within", "out of reach"
SIGMAS = 2.0  # differences of fewer standard deviations of a draw say nothing

Row = dict[str, Any]


def mean(values: Sequence[float]) -> float:
    """Return the mean of the draws."""
    return statistics.fmean(values)


def deviation(values: Sequence[float]) -> float:
    """Return their standard deviation: 0 where there is but one."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def at_equal_novelty(mixture: Row, pmfs: Sequence[Row]) -> dict[str, Any]:
    """Compare a mixture with PMFS at the mixture's novelty.

    PMFS's Fréchet distance there lies on the line between its two settings whose novelty is next
    below and next above. The spread is SIGMAS times the standard deviation of the difference of
    two draws: of both Fréchet distances, and of both novelties times the slope of the line.

    Parameters
    ----------
    mixture : dict
        With "name" and the draws' "frechet" and "novelty".
    pmfs : sequence of dict
        PMFS with different numbers of bins, two at least.

    Returns
    -------
    comparison : dict
        Its "outcome" is CLOSER or FURTHER if PMFS's distance lies below or above the mixture's by
        more than the spread, WITHIN if it does neither, and OUT_OF_REACH if the mixture's novelty
        lies beyond all of PMFS's; then "end" is the setting whose novelty is the nearest.
    """
    novelty = mean(mixture["novelty"])
    found: dict[str, Any] = {
        "mixture": mixture["name"],
        "novelty": novelty,
        "frechet": mean(mixture["frechet"]),
        "frechet_std": deviation(mixture["frechet"]),
    }
    line = sorted(pmfs, key=lambda row: mean(row["novelty"]))
    for below, above in itertools.pairwise(line):
        low, high = mean(below["novelty"]), mean(above["novelty"])
        if low <= novelty <= high:
            break
    else:
        end = min(line, key=lambda row: abs(mean(row["novelty"]) - novelty))
        return found | {
            "outcome": OUT_OF_REACH,
            "end": end["name"],
            "end_novelty": mean(end["novelty"]),
            "end_frechet": mean(end["frechet"]),
        }
    share = (novelty - low) / (high - low) if high > low else 0.5
    slope = (mean(above["frechet"]) - mean(below["frechet"])) / (high - low) if high > low else 0.0
    between = (1 - share, share)
    frechet, frechet_std, novelty_std = (
        float(np.dot(between, [of(row[what]) for row in (below, above)]))
        for of, what in ((mean, "frechet"), (deviation, "frechet"), (deviation, "novelty"))
    )
    spread = SIGMAS * math.hypot(
        found["frechet_std"],
        frechet_std,
        slope * novelty_std,
        slope * deviation(mixture["novelty"]),
    )
    difference = frechet - found["frechet"]
    beyond = CLOSER if difference < 0 else FURTHER
    return found | {
        "between": [below["name"], above["name"]],
        "pmfs_frechet": frechet,
        "pmfs_frechet_std": frechet_std,
        "difference": difference,
        "spread": spread,
        "outcome": beyond if abs(difference) > spread else WITHIN,
    }


def compared(rows: Sequence[Row], distance: str = "frechet") -> list[dict[str, Any]]:
    """Return the comparison of every mixture among the rows of one model, by one distance."""
    rows = [{**row, "frechet": row[distance]} for row in rows]
    pmfs = [row for row in rows if row["kind"] == "PMFS"]
    return [at_equal_novelty(row, pmfs) for row in rows if row["kind"] == "GMM"]
