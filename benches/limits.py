"""The limit: how fast this machine's memory can be read, and written when warm and when fresh.

`bandwidth.cpp` is compiled with the system's compiler; without one, NumPy stands in for it on one
thread and says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from timing import spread

BYTES = 512 << 20
REPEATS = 5
HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent / "build" / "bandwidth"

WORDS = {
    "read": "read",
    "warm": "write, warm memory",
    "warm-stream": "write past the cache, warm memory",
    "fresh": "write, fresh memory, huge pages",
    "fresh-stream": "write past the cache, fresh memory, huge pages",
    "fresh-small-pages": "write, fresh memory, 4 KiB pages",
}


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


def bandwidths(repeats: int = REPEATS) -> dict[str, Any]:
    """Bandwidths in bytes a second: {kind: {threads: median, quartiles and raw}}, and the limits.

    The three limits ("read", "warm", "fresh") are the best medians of all threads and kinds.
    """
    raw = _compiled(repeats)
    method = "bandwidth.cpp, -O3 -march=native"
    if raw is None:
        raw, method = _numpy(repeats), "NumPy, one thread (no C++ compiler)"
    table: dict[str, dict[str, Any]] = {}
    for (kind, threads), seconds in raw.items():
        rates = [round(BYTES / s) for s in seconds]
        table.setdefault(kind, {})[str(threads)] = {"bytes_per_second": spread(rates), "raw": rates}
    result = {"method": method, "bytes": BYTES, "repeats": repeats, "measured": table}
    for limit in ("read", "warm", "fresh"):
        result[limit] = max(
            row["bytes_per_second"]["median"]
            for kind, rows in table.items()
            if kind.split("-")[0] == limit
            for row in rows.values()
        )
    return result


def _compiled(repeats: int) -> dict[tuple[str, int], list[float]] | None:
    """Seconds by kind and threads from the C++ program, or None without a compiler."""
    compiler = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
    if compiler is None:
        return None
    PROGRAM.parent.mkdir(exist_ok=True)
    flags = ["-std=c++20", "-O3", "-march=native", "-pthread"]
    subprocess.run([compiler, *flags, str(HERE / "bandwidth.cpp"), "-o", str(PROGRAM)], check=True)
    # The first run also makes the system hand out its memory, once; its times are left out.
    command = [str(PROGRAM), str(BYTES), "1", str(cores())]
    subprocess.run(command, check=True, capture_output=True)
    command[2] = str(repeats)
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds: dict[tuple[str, int], list[float]] = {}
    for line in lines.splitlines():
        if not line.startswith("#"):
            kind, threads, time_taken = line.split()
            seconds.setdefault((kind, int(threads)), []).append(float(time_taken))
    return seconds


def _numpy(repeats: int) -> dict[tuple[str, int], list[float]]:
    """The same from NumPy, on one thread."""
    warm = np.ones(BYTES // 8, np.int64)
    seconds: dict[tuple[str, int], list[float]] = {
        ("read", 1): [],
        ("warm", 1): [],
        ("fresh", 1): [],
    }
    for run in range(repeats):
        for kind in ("read", "warm", "fresh"):
            target = np.empty(BYTES // 8, np.int64) if kind == "fresh" else warm
            begin = time.perf_counter()
            if kind == "read":
                assert warm.max() >= 0
            else:
                target.fill(run)
            seconds[kind, 1].append(time.perf_counter() - begin)
    return seconds


def print_limits(limits: dict[str, Any]) -> None:
    """Print the medians as a table."""
    print(f"\n| memory ({limits['method']}) | threads | GB/s |\n|---|---:|---:|")
    for kind, rows in limits["measured"].items():
        for threads, row in rows.items():
            print(f"| {WORDS[kind]} | {threads} | {row['bytes_per_second']['median'] / 1e9:.1f} |")


if __name__ == "__main__":
    print_limits(bandwidths())
