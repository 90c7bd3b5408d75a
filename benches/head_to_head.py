"""Fit and sample against what people use today, against memory, and against size, in one run.

    .venv/bin/python benches/head_to_head.py            # everything; writes results and report
    .venv/bin/python benches/head_to_head.py --quick    # about a minute; writes nothing
    .venv/bin/python benches/head_to_head.py --only fits overhead

Every answer is checked before it is timed. Peers and ours run in interleaved pairs, and ratios are
medians over the pairs, so that a machine that slows down slows down both.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

from head_fit import fit_races, gmm_curve, overhead
from head_sample import sample_races
from limits import REPEATS, bandwidths
from machine import describe
from report import RESULTS, write
from scaling import measure as scaling
from tables import printed
from timing import QUICK, Pace

PARTS = ("limits", "overhead", "fits", "samples", "gmm", "scaling")
QUICK_PARTS = ("limits", "overhead", "fits", "samples")


def run(parts: tuple[str, ...], pace: Pace, quick: bool, most: int) -> dict[str, Any]:
    """Measure the parts, the limits before all that is compared with them."""
    results: dict[str, Any] = {"machine": describe(), "seconds": {}}
    if parts and {"fits", "samples", "scaling"} & set(parts):
        parts = ("limits", *(part for part in parts if part != "limits"))
    for part in parts:
        print(f"{part}:", flush=True)
        begin = time.perf_counter()
        if part == "limits":
            results[part] = bandwidths(2 if quick else REPEATS)
        elif part == "overhead":
            results[part] = overhead()
        elif part == "fits":
            results[part] = fit_races(results["limits"]["read"], pace, quick)
        elif part == "samples":
            results[part] = sample_races(results["limits"], pace, quick)
        elif part == "gmm":
            results[part] = gmm_curve(pace)
        else:
            results[part] = scaling(most)
        results["seconds"][part] = time.perf_counter() - begin
        print(f"  {results['seconds'][part]:.0f} s", flush=True)
    return results


def save(results: dict[str, Any], path: Path) -> None:
    """Write the results as JSON, a list of numbers on one line."""
    text = json.dumps(results, indent=1)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    path.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Measure, print and, after a complete run, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few peers and runs; write nothing")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts; write nothing")
    parser.add_argument("--most", type=int, default=10**9, help="rows at most on scaling curves")
    parser.add_argument("--json", type=Path, help="write the results to this file, and no report")
    arguments = parser.parse_args()
    parts = tuple(arguments.only or (QUICK_PARTS if arguments.quick else PARTS))
    results = run(parts, QUICK if arguments.quick else Pace(), arguments.quick, arguments.most)
    print("\n" + printed(results))
    if arguments.json:
        save(results, arguments.json)
    elif not arguments.quick and not arguments.only:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"cpu-{results['machine']['cores']}.json"
        save(results, path)
        print(f"\nwrote benches/results/{path.name}")
        write(results)


if __name__ == "__main__":
    main()
