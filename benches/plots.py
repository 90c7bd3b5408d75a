"""The plots of docs/performance.md: time per row against n and d, and the memory peak."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no display is needed

import matplotlib.pyplot as plt

Results = dict[str, Any]

COLOURS = {"few": "#0072b2", "distinct": "#d55e00"}  # told apart by the colour-blind too
NAMES = {
    "n": {"few": "at most 100,000 bins", "distinct": "all rows distinct"},
    "d": {"few": "at most a tenth of the rows differ", "distinct": "uniform rows"},
}
STYLES = {1: "--", 2: "-"}


def _series(results: Results, curve: str) -> dict[tuple[str, int, str], list[dict[str, Any]]]:
    """Points by occupancy, threads and how they were read."""
    series: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for p in results["scaling"]["points"]:
        if p["curve"] == curve:
            occupancy = "distinct" if p["occupancy"] == "distinct" else "few"
            series.setdefault((occupancy, p["threads"], p["how"]), []).append(p)
    return series


def _axes(title: str, x: str, y: str) -> tuple[Any, Any]:
    """A plain figure with a light grid."""
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _label(curve: str, occupancy: str, threads: int, how: str) -> str:
    """A line's name in the legend."""
    plural = "" if threads == 1 else "s"
    streamed = ", streamed" if how == "stream" else ""
    return f"{NAMES[curve][occupancy]}, {threads} thread{plural}{streamed}"


def _draw(axes: Any, results: Results, curve: str, value: Any) -> None:
    """All lines of a curve; streamed points are hollow."""
    for (occupancy, threads, how), points in _series(results, curve).items():
        axes.plot(
            [p["n"] if curve == "n" else p["d"] for p in points],
            [value(p) for p in points],
            STYLES.get(threads, "-.") if how == "memory" else ":",
            color=COLOURS[occupancy],
            marker="o" if threads == 1 else "s",
            markersize=5,
            markerfacecolor="white" if how == "stream" else COLOURS[occupancy],
            label=_label(curve, occupancy, threads, how),
        )


def _legend(axes: Any) -> None:
    """Beneath the curves, in two columns."""
    axes.figure.legend(
        loc="outside lower center", ncols=2, fontsize=8, frameon=False, handlelength=3.5
    )


def against_n(results: Results, path: Path) -> None:
    """Time per row against the number of rows."""
    d, read = results["scaling"]["d"], results["limits"]["read"]
    figure, axes = _axes(f"fit, d = {d}, k = 8, float32", "rows", "ns a row")
    _draw(axes, results, "n", lambda p: p["ns_per_row"])
    axes.axhline(
        2 * 4 * d / read * 1e9, color="#555555", linewidth=1, label="limit: two reads of the rows"
    )
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    _legend(axes)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def against_d(results: Results, path: Path) -> None:
    """Time per value against the number of columns."""
    values, read = results["scaling"]["values"], results["limits"]["read"]
    figure, axes = _axes(
        f"fit, n × d = {values:,}, k = 8, float32", "columns", "ns a value (row / columns)"
    )
    _draw(axes, results, "d", lambda p: p["ns_per_row"] / p["d"])
    axes.axhline(2 * 4 / read * 1e9, color="#555555", linewidth=1, label="limit: two reads")
    axes.set_xscale("log", base=2)
    columns = sorted({p["d"] for p in results["scaling"]["points"] if p["curve"] == "d"})
    axes.set_xticks(columns, [f"{d:,}" for d in columns])
    axes.set_ylim(bottom=0)
    _legend(axes)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def memory(results: Results, path: Path) -> None:
    """The memory peak beyond the input, and the target."""
    figure, axes = _axes(
        f"memory of fit beyond its input, d = {results['scaling']['d']}, k = 8",
        "rows",
        "MiB at the peak",
    )
    _draw(axes, results, "n", lambda p: max(p["peak_bytes"], 2**20) / 2**20)
    for occupancy in ("few", "distinct"):
        target = {
            p["n"]: p["target_bytes"] / 2**20
            for (name, _, _), points in _series(results, "n").items()
            for p in points
            if name == occupancy
        }
        axes.plot(
            sorted(target),
            [target[n] for n in sorted(target)],
            color=COLOURS[occupancy],
            linewidth=5,
            alpha=0.2,
            label=f"target, {NAMES['n'][occupancy]}",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    _legend(axes)
    figure.savefig(path, dpi=130, metadata={"Software": None})
    plt.close(figure)


def draw_all(results: Results, folder: Path) -> None:
    """Write the three plots."""
    folder.mkdir(parents=True, exist_ok=True)
    against_n(results, folder / "performance-rows.png")
    against_d(results, folder / "performance-columns.png")
    memory(results, folder / "performance-memory.png")
