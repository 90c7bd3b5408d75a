"""Scaling curves: time per row and memory peak against n (1e4 to 1e8) and against d (2 to 4,096).

    .venv/bin/python benches/scaling.py                    # prints, writes nothing
    .venv/bin/python benches/scaling.py --most 1000000     # rows at most

Up to 3e7 rows lie in memory; above, and once below for comparison, they are streamed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from axes import (
    COLUMN_VALUES,
    COLUMNS,
    FEW,
    MEMORY_N,
    SCALE_D,
    SCALE_K,
    STREAM_CHUNK,
    STREAM_N,
    THREADS,
    Shape,
)
from scaling_case import Case, in_fork, run_case

# Bytes that a row takes besides the chunk or the input: distinct rows, at the memory target.
MODEL_BYTES = 60


def cases(most: int) -> list[Case]:
    """All points, up to `most` rows, that fit into three quarters of the memory that is free."""
    chosen = []
    for occupancy in (FEW, "distinct"):
        for n in MEMORY_N:
            # Few bins stay few where n is small: at most a tenth of the rows are different.
            rows = occupancy if isinstance(occupancy, str) else min(occupancy, n // 10)
            chosen.append(Case(Shape("n", n, SCALE_D, SCALE_K, rows), "memory", THREADS))
        for n in STREAM_N:
            chosen.append(Case(Shape("n", n, SCALE_D, SCALE_K, occupancy), "stream", THREADS))
        for d in COLUMNS:
            n = COLUMN_VALUES // d
            rows = occupancy if isinstance(occupancy, str) else min(occupancy, n // 10)
            chosen.append(Case(Shape("d", n, d, SCALE_K, rows), "memory", THREADS))
    room = 0.75 * _free_memory()
    return [case for case in chosen if case.shape.n <= most and _need(case) <= room]


def _need(case: Case) -> float:
    """A generous guess of the bytes that a case takes."""
    shape = case.shape
    rows = 4 * STREAM_CHUNK * 4 * shape.d if case.how == "stream" else shape.nbytes
    return rows + (MODEL_BYTES * shape.n if shape.occupancy == "distinct" else 0)


def _free_memory() -> int:
    """Bytes that can be had without swapping."""
    with open("/proc/meminfo", encoding="ascii") as file:
        entries = dict(line.split(":") for line in file)
    return int(entries["MemAvailable"].split()[0]) * 1024


def points(most: int) -> list[dict[str, Any]]:
    """Measure all points, each in a fork of this process, which has fitted nothing."""
    measured: list[dict[str, Any]] = []
    for case in cases(most):
        begin = time.perf_counter()
        rows = in_fork(run_case, case)
        for row in rows:
            row["curve"] = case.shape.name
            print(
                f"  {row['how']}, n = {row['n']:,}, d = {row['d']}, {row['occupied']:,} bins, "
                f"{row['threads']} threads: {row['ns_per_row']:,.1f} ns a row, peak "
                f"{row['peak_bytes'] / 2**20:,.0f} of {row['target_bytes'] / 2**20:,.0f} MiB "
                f"(case {time.perf_counter() - begin:.1f} s)",
                file=sys.stderr,
                flush=True,
            )
        measured += rows
    return measured


def measure(most: int = 10**9) -> dict[str, Any]:
    """The points, measured by a fresh interpreter: the caller's libraries hold memory of theirs."""
    command = [sys.executable, str(Path(__file__).resolve()), "--json", "--most", str(most)]
    environment = {key: value for key, value in os.environ.items() if key != "ZBINS_NUM_THREADS"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return {"d": SCALE_D, "k": SCALE_K, "values": COLUMN_VALUES, "points": json.loads(done.stdout)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=10**9, help="leave out larger numbers of rows")
    parser.add_argument("--json", action="store_true", help="print all points as JSON")
    arguments = parser.parse_args()
    measured = points(arguments.most)
    if arguments.json:
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
