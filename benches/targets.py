"""What the project holds itself to, and what a run of head_to_head.py measured of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """One line: what, how much of it must and should be reached, and where it stands.

    `more` tells whether larger is better; `unit` follows the number.
    """

    job: str
    what: str
    must: float
    should: float | None
    value: Callable[[Results], float | None]
    more: bool = True
    unit: str = "×"

    def reached(self, value: float, wanted: float | None) -> str:
        """ "yes" or "no", or nothing where nothing is wanted."""
        if wanted is None:
            return ""
        return "yes" if (value >= wanted if self.more else value <= wanted) else "no"


def _fit(shape: str, peer: str) -> Callable[[Results], float | None]:
    """The median ratio to one peer."""
    return lambda results: _ratio(results["fits"][shape], peer)


def _ratio(race: Results, peer: str) -> float | None:
    """Peer / ours, or None where it was not run."""
    row = race["peers"].get(peer)
    return None if row is None else float(row["ratio"]["median"])


def best_other(race: Results) -> tuple[str, float] | None:
    """The fastest other way to count the same bins, and its ratio."""
    ratios = {
        name: row["ratio"]["median"]
        for name, row in race["peers"].items()
        if row["kind"] == "count"
    }
    return min(ratios.items(), key=lambda item: item[1]) if ratios else None


def _best(shape: str) -> Callable[[Results], float | None]:
    """The ratio to the fastest other way to count."""

    def value(results: Results) -> float | None:
        best = best_other(results["fits"][shape])
        return None if best is None else best[1]

    return value


def _sums(results: Results) -> float | None:
    """Ours in units of two np.sum passes."""
    ratio = _ratio(results["fits"]["million"], "two np.sum passes (yardstick)")
    return None if ratio is None else 1 / ratio


def _sample(peer: str) -> Callable[[Results], float | None]:
    """The median ratio to one peer, into a new array."""
    return lambda results: _ratio(results["samples"]["new"], peer)


def _call(name: str) -> Callable[[Results], float | None]:
    """Milliseconds of the bare call."""
    return lambda results: float(results["overhead"][name]["seconds"]["median"]) * 1e3


def growth(results: Results, few: bool) -> float | None:
    """Time per row at the most rows over that at a million, the worse of the thread counts."""
    factors = []
    points = [
        p
        for p in results.get("scaling", {}).get("points", [])
        if p["curve"] == "n" and (p["occupancy"] != "distinct") == few and p["n"] >= 1_000_000
    ]
    for threads in {p["threads"] for p in points}:
        mine = [p for p in points if p["threads"] == threads]
        base = next((p for p in mine if p["n"] == 1_000_000 and p["how"] == "memory"), None)
        if base is not None and len(mine) > 1:
            factors.append(max(p["ns_per_row"] for p in mine) / base["ns_per_row"])
    return max(factors, default=None)


def memory(results: Results) -> float | None:
    """The largest share of the memory target that any point took."""
    points = results.get("scaling", {}).get("points", [])
    return max((p["peak_bytes"] / p["target_bytes"] for p in points), default=None)


_MNIST = "fit, n = 10,000, d = 32, k = 8"
_CELEBA = "fit, n = 20,000, d = 256, k = 20"
_MILLION = "fit, n = 1,000,000, d = 32, k = 8"
_SAMPLE = "sample, n = 1,000,000, d = 64, 100,000 bins"
_SCALE = "time per row, n = 1e6 to the most measured"

TARGETS = (
    Target(_MNIST, "GaussianMixture(20)", 10_000, 20_000, _fit("mnist", "GaussianMixture(20)")),
    Target(_MNIST, "the paper's code", 40, 60, _fit("mnist", "paper's NumPy code")),
    Target(_MNIST, "the best other counting", 8, 10, _best("mnist")),
    Target(
        _CELEBA,
        "GaussianMixture(8), 2 iterations",
        300,
        500,
        _fit("celeba", "GaussianMixture(8), 2 iterations"),
    ),
    Target(_CELEBA, "the paper's code", 15, 20, _fit("celeba", "paper's NumPy code")),
    Target(_CELEBA, "the best other counting", 5, 7, _best("celeba")),
    Target(_MILLION, "the paper's code", 80, 100, _fit("million", "paper's NumPy code")),
    Target(_MILLION, "polars group_by", 8, 10, _fit("million", "polars group_by")),
    Target(_MILLION, "two np.sum passes, ours at most", 3, 2.5, _sums, more=False),
    Target(_SAMPLE, "NumPy choice + random", 10, 15, _sample("NumPy choice + random")),
    Target(_SAMPLE, "torch multinomial + rand", 20, 30, _sample("torch multinomial + rand")),
    Target(_SCALE, "≤ 100,000 bins, at most", 1.25, None, lambda r: growth(r, True), more=False),
    Target(_SCALE, "all rows distinct, at most", 2.5, None, lambda r: growth(r, False), more=False),
    Target(
        "memory peak beyond the input",
        "of 2.5 × (packed codes + counts) + 64 MiB, at most",
        1,
        None,
        memory,
        more=False,
    ),
    Target("the bare call", "fit, n = 10, d = 2", 0.1, None, _call("fit"), False, " ms"),
    Target("the bare call", "sample, n = 10, d = 2", 0.1, None, _call("sample"), False, " ms"),
)


def number(value: float) -> str:
    """A number with three digits or so."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def target_table(results: Results) -> str:
    """All targets as a Markdown table."""
    lines = [
        "| job | against | must reach | should | measured | must: reached | should: reached |",
        "|---|---|---:|---:|---:|---|---|",
    ]
    for target in TARGETS:
        value = target.value(results)
        should = "" if target.should is None else f"{target.should:,g}{target.unit}"
        measured, must_reached, should_reached = "not run", "", ""
        if value is not None:
            text = number(value)
            if text == number(target.must) and value != target.must:
                text = f"{value:.4f}"  # so close that rounding would hide which side it is on
            measured = text + target.unit
            must_reached = target.reached(value, target.must)
            should_reached = target.reached(value, target.should)
        lines.append(
            f"| {target.job} | {target.what} | {target.must:,g}{target.unit} | {should} | "
            f"{measured} | {must_reached} | {should_reached} |"
        )
    return "\n".join(lines)
