"""From benches/results/cpu-<cores>.json to docs/performance.md, its plots and README's tables.

    .venv/bin/python benches/report.py                     # the newest results
    .venv/bin/python benches/report.py results.json

Only what stands between two markers is replaced; the rest is written by hand.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from machine import in_words
from tables import (
    gmm_table,
    heading,
    limit_table,
    long_race,
    multiples,
    overhead_line,
    scaling_table,
    short_race,
)
from targets import target_table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches" / "results"
PAGE = ROOT / "docs" / "performance.md"
README = ROOT / "README.md"
IMAGES = ROOT / "docs" / "images"
COMMAND = "make bench"
BEGIN, END = "<!-- bench begin -->", "<!-- bench end -->"

Results = dict[str, Any]


def between(text: str, generated: str) -> str:
    """The text with what stands between the markers replaced."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"expected {BEGIN} and {END} once each")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{generated}\n{END}{rest.split(END)[1]}"


def wrapped(part: str) -> str:
    """A paragraph in lines of at most 100 characters; tables, headings and images as they are."""
    if part.startswith(("|", "#", "!")):
        return part
    return textwrap.fill(part, 100, break_long_words=False, break_on_hyphens=False)


def page(results: Results) -> str:
    """The generated part of docs/performance.md."""
    scaling = results["scaling"]
    versions = ", ".join(f"{k} {v}" for k, v in results["machine"]["versions"].items())
    gmm = results["gmm"]
    parts = [
        heading(results, COMMAND),
        f"Python {results['machine']['python']}, {versions}; compiler "
        f"{results['machine']['compiler']}. Transparent huge pages: "
        f"`{results['machine']['huge_pages']}`. Every raw time is in "
        f"[benches/results](../benches/results).",
        "## Targets",
        "How many times faster than the peer, unless it says otherwise.",
        target_table(results),
        "## The limit",
        f"Measured in the same run over {results['limits']['bytes'] / 2**20:,.0f} MiB "
        f"({results['limits']['method']}; {results['limits']['repeats']} runs each):",
        limit_table(results["limits"]),
        "A fit must read its rows twice (bounds, then codes); `sample` must write its samples. At "
        "the best bandwidth above, of all threads, that takes the time in the column *at the "
        "limit*. Rows that fit into a cache are read faster than memory.",
        multiples(results),
        overhead_line(results["overhead"]),
        "## Fit",
        *(long_race(race) for race in results["fits"].values()),
        f"GaussianMixture(20) against n, stopped at the end of the iteration in which "
        f"{gmm['limit']:g} s have passed (its k-means beforehand is not cut short):",
        gmm_table(gmm),
        "## Sample",
        *(long_race(race) for race in results["samples"].values()),
        "## Scaling",
        "![Time per row against the number of rows](images/performance-rows.png)",
        f"Up to {max(p['n'] for p in scaling['points'] if p['how'] == 'memory'):,} rows lie in "
        "memory. Streams are read once, in chunks of 1,000,000 rows, with bounds that are given; "
        "the time for making their rows is taken off. Peaks are of processes that fitted once and "
        "did nothing else; the target is 2.5 × (packed codes + counts) + 64 MiB.",
        scaling_table(results, "n"),
        "![Memory peak against the number of rows](images/performance-memory.png)",
        "![Time per value against the number of columns](images/performance-columns.png)",
        f"At n × d = {scaling['values']:,}: first rows of which at most a tenth differ, then "
        "uniform ones, which all have a bin of their own where there are enough (at d = 2 there "
        "are 64).",
        scaling_table(results, "d"),
    ]
    return "\n\n".join(map(wrapped, parts))


def readme(results: Results) -> str:
    """The generated part of README.md."""
    fits, samples = results["fits"], results["samples"]
    head = (
        f"`{COMMAND}` prints this ({in_words(results['machine'])}; ratios are medians over "
        "interleaved pairs, and every answer is checked before it is timed; "
        "[docs/performance.md](docs/performance.md) has the spread, the limits of this machine's "
        "memory, and the scaling curves):"
    )
    tables = [short_race(fits[name]) for name in ("mnist", "celeba", "million")]
    return "\n\n".join([wrapped(head), *tables, *map(short_race, samples.values())])


def write(results: Results) -> None:
    """Write the page, the plots and the README's tables."""
    from plots import draw_all  # matplotlib is slow to import

    draw_all(results, IMAGES)
    for path, generated in ((PAGE, page(results)), (README, readme(results))):
        path.write_text(between(path.read_text(encoding="utf-8"), generated), encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


def main() -> None:
    """Report on the results that are named, or on the newest."""
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
    else:
        found = sorted(RESULTS.glob("cpu-*.json"), key=lambda file: file.stat().st_mtime)
        if not found:
            raise SystemExit(f"no results in benches/results; `{COMMAND}` makes them")
        path = found[-1]
    write(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
