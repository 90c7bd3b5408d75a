"""What each metric sees and what it misses, by samples with one known fault each: docs/metrics.md.

`make metrics` runs it (about five minutes on two cores). Every metric is asked about fresh samples
of the law that the rows came from, several times over, and then about samples with a fault. A fault
is seen if the mean moves by more than the spread explains.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import machine
import numpy as np

from zbins import metrics
from zbins._io.atomic import atomic_file

ROOT = Path(__file__).resolve().parent.parent
N_MODES = 10
SEEN = 2.0  # how far apart the means are, in sums of both standard deviations

Array = Any


@dataclass(frozen=True)
class Sizes:
    """Rows of each of the three sets, columns, repetitions; rows and columns of a timed call."""

    n: int = 2_000
    d: int = 32
    repetitions: int = 5
    timed: tuple[int, int] = (10_000, 64)


QUICK = Sizes(n=200, d=8, repetitions=2, timed=(300, 8))


class Law:
    """A mixture of equally frequent normal distributions, each with a covariance of its own."""

    def __init__(self, d: int) -> None:
        rng = np.random.default_rng(7)
        self.centres = 1.5 * rng.normal(size=(N_MODES, d))
        self.factors = rng.normal(size=(N_MODES, d, d)) / np.sqrt(d)

    def draw(self, rng: Any, n: int, n_modes: int = N_MODES) -> tuple[Array, Array]:
        """Return rows, and the mode of each."""
        mode = rng.integers(0, n_modes, n)
        noise = rng.normal(size=(n, self.centres.shape[1]))
        return self.centres[mode] + np.einsum("nij,nj->ni", self.factors[mode], noise), mode

    def probabilities(self, rows: Array) -> Array:
        """Return how probable it is that a row is of each mode, as the best classifier would."""
        logs = []
        for centre, factor in zip(self.centres, self.factors, strict=True):
            white = np.linalg.solve(factor, (rows - centre).T)
            logs.append(-np.square(white).sum(axis=0) / 2 - np.linalg.slogdet(factor)[1])
        shares = np.exp(np.array(logs).T - np.max(logs, axis=0)[:, None])
        return shares / shares.sum(axis=1, keepdims=True)


def fresh(law: Law, rng: Any, fitted: Array) -> Array:
    return law.draw(rng, len(fitted))[0]


def copies(law: Law, rng: Any, fitted: Array) -> Array:
    rows = fresh(law, rng, fitted)
    n = int(0.3 * len(rows))
    rows[:n] = fitted[rng.permutation(len(fitted))[:n]]
    return rows + 0.01 * fitted.std(axis=0) * rng.normal(size=rows.shape)


def dropped(law: Law, rng: Any, fitted: Array) -> Array:
    return law.draw(rng, len(fitted), N_MODES - 2)[0]


def noisy(law: Law, rng: Any, fitted: Array) -> Array:
    rows = fresh(law, rng, fitted)
    return rows + 0.3 * fitted.std(axis=0) * rng.normal(size=rows.shape)


def shifted(law: Law, rng: Any, fitted: Array) -> Array:
    return fresh(law, rng, fitted) + 0.15 * fitted.std(axis=0)


def independent(law: Law, rng: Any, fitted: Array) -> Array:
    rows, mode = law.draw(rng, len(fitted))
    for which in range(N_MODES):
        places = np.flatnonzero(mode == which)
        for column in range(rows.shape[1]):
            rows[places, column] = rows[rng.permutation(places), column]
    return rows


FAULTS = {
    "copies": (copies, "3 of 10 samples are fitted rows, with noise of 1 % of each column's scale"),
    "dropped modes": (dropped, "2 of the 10 modes are missing"),
    "noise": (noisy, "noise of 30 % of each column's scale is added"),
    "shifted mean": (shifted, "every column is moved by 15 % of its scale"),
    "wrong covariance": (
        independent,
        "within a mode the columns are shuffled: means and variances stay, correlations go",
    ),
}


@dataclass(frozen=True)
class Number:
    """A number that a metric gives.

    Attributes
    ----------
    name : str
    ideal : float
        The best value; infinite where more, or less, is always better.
    asks : str
        What question it answers.
    part : str, optional
        The attribute of the result that it is; by default the result itself.
    """

    name: str
    ideal: float
    asks: str
    part: str | None = None


@dataclass(frozen=True)
class Asked:
    """A metric, and the numbers of one call.

    Attributes
    ----------
    metric : callable
    rows : tuple of str
        What samples are compared with: "fitted", "held_out", both or none.
    numbers : tuple of Number
    options : dict
    timed : dict, optional
        Options of the calls whose time is taken, where others take more than the metric does.
    """

    metric: Callable[..., Any]
    rows: tuple[str, ...]
    numbers: tuple[Number, ...]
    options: dict[str, Any] = field(default_factory=dict)
    timed: dict[str, Any] | None = None

    def __call__(self, sets: dict[str, Array]) -> list[float]:
        """Return its numbers."""
        found = self.metric(sets["samples"], *map(sets.get, self.rows), **self.options)
        parts = [found if n.part is None else getattr(found, n.part) for n in self.numbers]
        return list(map(float, parts))

    def seconds(self, sets: dict[str, Array]) -> float:
        """Return how long a call takes."""
        options = self.options if self.timed is None else self.timed
        begin = time.perf_counter()
        self.metric(sets["samples"], *map(sets.get, self.rows), **options)
        return time.perf_counter() - begin


def catalogue(law: Law) -> dict[str, list[Asked]]:
    """Return all metrics by their group."""
    m, n, more, less = metrics, Number, np.inf, -np.inf
    real, seen, both = ("held_out",), ("fitted",), ("fitted", "held_out")

    def asked(metric: Any, rows: tuple[str, ...], *numbers: Number, **options: Any) -> Asked:
        return Asked(metric, rows, numbers, options)

    return {
        "Novelty and copying": [
            asked(
                m.novelty,
                both,
                n("`novelty`", 1, "are samples as far from the fitted rows as unseen rows are?"),
                n("`novelty`, median", 1, "the same for the sample in the middle", "median"),
            ),
            asked(
                m.copied_share,
                both,
                n(
                    "`copied_share`",
                    0.01,
                    "how many samples are nearer to a fitted row than the nearest 1 % of unseen "
                    "rows?",
                ),
            ),
            asked(
                m.memorization_score,
                seen,
                n("`memorization_score`", more, "how far are samples from the fitted rows?"),
            ),
            asked(
                m.distance_to_closest_record,
                both,
                n("`distance_to_closest_record`", more, "the same, as a median"),
                n(
                    "`distance_to_closest_record`, closer share",
                    0.5,
                    "how many samples are closer to a fitted than to an unseen row?",
                    "closer_share",
                ),
            ),
            asked(
                m.authenticity,
                seen,
                n(
                    "`authenticity`",
                    more,
                    "how many samples are further from a fitted row than its own neighbour?",
                ),
            ),
            asked(
                m.data_copying,
                both,
                n(
                    "`data_copying`",
                    0,
                    "cell by cell, are samples as far from the fitted rows as unseen rows are?",
                ),
            ),
            asked(
                m.feature_likelihood_divergence,
                both,
                n(
                    "`feature_likelihood_divergence`",
                    less,
                    "how likely do Gaussians at the samples, fitted to fitted rows, make unseen "
                    "rows?",
                ),
                n(
                    "`feature_likelihood_divergence`, gap",
                    0,
                    "and how much likelier the fitted rows?",
                    "gap",
                ),
            ),
            asked(
                m.membership_inference,
                both,
                n(
                    "`membership_inference`",
                    0.5,
                    "can an attacker tell from the samples who was fitted?",
                ),
            ),
        ],
        "Fidelity": [
            asked(
                m.frechet_distance,
                real,
                n("`frechet_distance`", less, "do means and covariances agree?"),
            ),
            asked(
                m.frechet_distance,
                real,
                n("`frechet_distance`, extrapolated", less, "the same for infinitely many rows"),
                extrapolate=True,
            ),
            asked(
                m.kernel_distance,
                real,
                n("`kernel_distance`", less, "do the first three moments agree?"),
            ),
            Asked(
                m.inception_score,
                (),
                (
                    n(
                        "`inception_score`",
                        more,
                        "is each sample of one class, and are there all classes?",
                    ),
                ),
                {"features": law.probabilities},
                timed={"logits": True},
            ),
        ],
        "Coverage": [
            asked(
                m.prd,
                real,
                n("`prd`, F8 (recall)", more, "is all of the real law covered, by clusters?", "f8"),
                n(
                    "`prd`, F1/8 (precision)",
                    more,
                    "does all lie in the real law, by clusters?",
                    "f1_8",
                ),
            ),
            asked(
                m.precision_recall,
                real,
                n(
                    "`precision_recall`, precision",
                    more,
                    "how many samples lie among the real rows?",
                    "precision",
                ),
                n(
                    "`precision_recall`, recall",
                    more,
                    "how many real rows lie among the samples?",
                    "recall",
                ),
            ),
            asked(
                m.density_coverage,
                real,
                n(
                    "`density_coverage`, density",
                    more,
                    "how many real rows is a sample near to?",
                    "density",
                ),
                n(
                    "`density_coverage`, coverage",
                    more,
                    "how many real rows have a sample near?",
                    "coverage",
                ),
                n(
                    "`density_coverage`, clipped density",
                    more,
                    "what share of good samples is as dense?",
                    "clipped_density",
                ),
                n(
                    "`density_coverage`, clipped coverage",
                    more,
                    "what share of good samples covers as much?",
                    "clipped_coverage",
                ),
            ),
        ],
        "Transport and two-sample": [
            asked(
                m.wasserstein_distance,
                real,
                n(
                    "`wasserstein_distance`, exact",
                    less,
                    "how far must the samples move to become the real rows?",
                ),
            ),
            asked(
                m.wasserstein_distance,
                real,
                n("`wasserstein_distance`, sliced", less, "the same along lines, on average"),
                method="sliced",
            ),
            asked(
                m.wasserstein_distance,
                real,
                n("`wasserstein_distance`, Sinkhorn", less, "the same, blurred"),
                method="sinkhorn",
            ),
            asked(m.mmd, real, n("`mmd`", less, "do smooth averages agree?")),
            asked(
                m.one_nn_accuracy,
                real,
                n("`one_nn_accuracy`", 0.5, "does a row's nearest neighbour tell real from drawn?"),
            ),
            asked(
                m.one_nn_accuracy,
                seen,
                n(
                    "`one_nn_accuracy` of fitted rows",
                    0.5,
                    "does it tell fitted rows from drawn?",
                ),
            ),
            asked(m.c2st, real, n("`c2st`", 0.5, "does a trained network?")),
        ],
    }


def measure(sizes: Sizes, say: Callable[[str], None]) -> dict[str, Any]:
    """Ask every metric about every kind of samples."""
    law = Law(sizes.d)
    groups: dict[str, list[dict[str, Any]]] = {}
    kinds = {"fresh": fresh, **{what: make for what, (make, _) in FAULTS.items()}}
    normal = [
        np.random.default_rng(i).normal(size=sizes.timed).astype(np.float32) for i in range(3)
    ]
    timed = dict(zip(("samples", "fitted", "held_out"), normal, strict=True))
    for group, entries in catalogue(law).items():
        groups[group] = []
        for asked in entries:
            begin = time.perf_counter()
            found = {
                what: [asked(_sets(law, make, sizes, turn)) for turn in range(sizes.repetitions)]
                for what, make in kinds.items()
            }
            seconds = statistics.median(asked.seconds(timed) for _ in range(3))
            for i, number in enumerate(asked.numbers):
                values = {what: [call[i] for call in calls] for what, calls in found.items()}
                verdicts = {
                    what: verdict(values["fresh"], values[what], number.ideal) for what in FAULTS
                }
                groups[group].append(
                    {
                        "name": number.name,
                        "asks": number.asks,
                        "values": values,
                        "verdicts": verdicts,
                        "seconds": seconds,
                    }
                )
            names = "; ".join(number.name for number in asked.numbers)
            say(f"{names}: {time.perf_counter() - begin:.1f} s")
    return {
        "machine": machine.describe(),
        "sizes": {"n": sizes.n, "d": sizes.d, "repetitions": sizes.repetitions},
        "timed": list(sizes.timed),
        "groups": groups,
    }


def _sets(law: Law, make: Callable[..., Array], sizes: Sizes, turn: int) -> dict[str, Array]:
    """Return samples, fitted and held-out rows; sorted, as the samples of mixtures come."""
    rng = np.random.default_rng([turn, 1])
    fitted, held_out = (law.draw(rng, sizes.n)[0] for _ in range(2))
    samples = make(law, np.random.default_rng([turn, 2]), fitted)
    return {
        "samples": samples[np.argsort(samples[:, 0])],
        "fitted": fitted,
        "held_out": held_out,
    }


def verdict(before: list[float], after: list[float], ideal: float) -> str:
    """Return "same", or whether a fault reads as "better" or "worse" than fresh samples.

    It reads otherwise where one call would tell: no smaller difference is of use to anyone.

    Parameters
    ----------
    before, after : list of float
        Of fresh samples, and with the fault.
    ideal : float
    """
    move = statistics.fmean(after) - statistics.fmean(before)
    if abs(move) <= SEEN * (statistics.stdev(before) + statistics.stdev(after)) + 1e-12:
        return "same"
    if not np.isfinite(ideal):
        return "better" if (move > 0) == (ideal > 0) else "worse"
    a, b = (abs(statistics.fmean(values) - ideal) for values in (before, after))
    return "better" if b < a else "worse"


def page(results: dict[str, Any]) -> str:
    """Return docs/metrics.md."""
    sizes, rows = results["sizes"], [row for group in results["groups"].values() for row in group]
    where = machine.in_words(results["machine"])
    n, d = results["timed"]
    parts = [
        "# Metrics: what each sees, and what it misses",
        f"`make metrics` made this page, words and all, from "
        f"[metrics.json](../benches/results/metrics.json) ({where}).",
        "All are in `zbins.metrics`: functions of samples, of the rows that the sampler was fitted "
        "on, and of rows that it has not seen, in latent space, in pixels or in the features of a "
        "network (`features=`). Each returns a float, or a named tuple of floats, that also says "
        "what was measured: rows, columns, features, settings, seed and, where one is known, an "
        "interval.",
        "**Never read one alone.** " + _alone(rows),
        _bullets(*(_by_fault(rows, what) for what in FAULTS)),
        "The word is novelty, not privacy. " + _privacy(),
        "## The table",
        _LEGEND,
    ]
    for group, entries in results["groups"].items():
        parts += [f"### {group}", _table(entries, f"{n:,} × {d}")]
    parts += [
        "## How it was measured",
        _bullets(
            f"The law is a mixture of {N_MODES} normal distributions in {sizes['d']} columns, each "
            f"with a covariance of its own; {sizes['n']:,} fitted rows, as many held-out ones and "
            f"as many samples; {sizes['repetitions']} repetitions with other rows. Samples are "
            "handed over sorted by a column, as those of a mixture come sorted by component: no "
            "number here depends on the order.",
            *(f"{what.capitalize()}: {how}." for what, (_, how) in FAULTS.items()),
            "Metrics of two sets compare the samples with the held-out rows, unless they say "
            "otherwise.",
            f"A fault is seen where the means of the {sizes['repetitions']} numbers with it and "
            f"without lie further apart than {SEEN:g} times the sum of both standard deviations: "
            "then one call tells. Smaller differences show on average only, as those of `mmd` for "
            "noise.",
            f"Costs are of calls with {n:,} normal rows of {d} columns in each set, float32, the "
            "median of three, on the machine above; numbers of one call have its cost. Some take "
            "fewer rows by their defaults, which "
            "`rows` and `settings` of their results say: `wasserstein_distance` 2,000 for exact "
            "and Sinkhorn, `feature_likelihood_divergence` half as many samples as fitted rows, "
            "`kernel_distance` 100 times 1,000.",
            "`inception_score` has the probabilities of the modes, from the law itself, as the "
            "best classifier would give them.",
        ),
    ]
    return (
        "\n\n".join(part if part.startswith(("|", "-")) else _wrapped(part) for part in parts)
        + "\n"
    )


def _alone(rows: list[dict[str, Any]]) -> str:
    seen = [row for row in rows if row["verdicts"]["copies"] == "worse"]
    only = [
        row["name"]
        for row in seen
        if all(row["verdicts"][what] != "worse" for what in FAULTS if what != "copies")
    ]
    text = (
        f"Of {len(rows)} numbers {len(seen)} get worse where samples are copies, and "
        f"{len(rows) - len(seen)} do not see it or take it for a merit."
    )
    return text + (f" See copies and no other fault: {'; '.join(only)}." if only else "")


def _by_fault(rows: list[dict[str, Any]], what: str) -> str:
    told = {
        kind: [row["name"] for row in rows if row["verdicts"][what] == kind]
        for kind in ("worse", "same", "better")
    }
    text = f"**{what.capitalize()}**: seen by {len(told['worse'])} of {len(rows)}"
    shorter = min(("worse", "same"), key=lambda kind: len(told[kind]))
    if told[shorter]:
        text += f"{', not by' if shorter == 'same' else ':'} {'; '.join(told[shorter])}"
    if told["better"]:
        text += f". Taken for a merit by {'; '.join(told['better'])}"
    return text + "."


def _privacy() -> str:
    return (
        "Samples may keep their distance from every fitted row and still give away who was among "
        "them ([arXiv:2505.01524](https://arxiv.org/abs/2505.01524)); `membership_inference` tries "
        "one attack, and one that fails proves nothing about others."
    )


_LEGEND = (
    "The first number is what fresh samples of the true law read, the best that a sampler can do, "
    "mean ± standard deviation. Then what samples with one fault each read: plain where the metric "
    "does not see it, with *worse* where it does, with **better** where the fault is taken for a "
    "merit."
)


def _table(rows: list[dict[str, Any]], timed: str) -> str:
    lines = [
        f"| metric | asks | fresh | {' | '.join(FAULTS)} | cost at {timed} |",
        "|---|---|---:|" + "---:|" * (len(FAULTS) + 1),
    ]
    for row in rows:
        before = row["values"]["fresh"]
        digits = _digits(before)
        cells = [row["name"], row["asks"]]
        spread = statistics.pstdev(before)
        cells.append(f"{_fixed(before, digits)} ± {spread:.{digits}f}")
        for what in FAULTS:
            mean = _fixed(row["values"][what], digits)
            mark = {"same": "", "worse": " *worse*", "better": " **better**"}[row["verdicts"][what]]
            cells.append(mean + mark)
        cells.append(f"{row['seconds']:.2g} s")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _fixed(values: list[float], digits: int) -> str:
    return f"{round(statistics.fmean(values), digits) + 0.0:.{digits}f}"  # no -0.0


def _digits(values: list[float]) -> int:
    """Return as many decimals as show the spread."""
    scale = max(statistics.pstdev(values), 1e-4)
    return max(0, min(4, int(np.ceil(-np.log10(scale)))))


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False)


def _bullets(*texts: str) -> str:
    fill = functools.partial(
        textwrap.fill,
        width=100,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
    )
    return "\n".join(map(fill, texts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few rows: shows that all runs")
    parser.add_argument("--out", type=Path, help="a folder instead of the repository's places")
    options = parser.parse_args()
    if options.quick and options.out is None:
        parser.error("--quick needs --out, since its numbers mean nothing")
    results = measure(QUICK if options.quick else Sizes(), lambda text: print(text, flush=True))
    folder = options.out
    places = {
        (folder or ROOT / "benches" / "results") / "metrics.json": json.dumps(results, indent=1)
        + "\n",
        (folder or ROOT / "docs") / "metrics.md": page(results),
    }
    for path, text in places.items():
        with atomic_file(path) as file:
            file.write(text.encode())
        print(f"written: {path}")


if __name__ == "__main__":
    main()
