"""Interleaved pairs: a peer's run and ours next to it, so that a slow moment slows both.

A ratio is the median over pairs of (peer / ours). A call that is over sooner than LEAST is repeated
within one measurement. The first run of each peer is checked, and counts only if it was long.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LEAST = 0.02  # seconds that one measurement lasts at least
LONG = 1.0  # a run of that many seconds needs no warm-up: its first counts
# Seconds of rest before a measurement: threads of the last one spin for a while when done.
PAUSE = {"density": 0.05}
SHORT_PAUSE = 0.01
ONCE = 12.0  # a peer slower than that is run once, unless it says otherwise


@dataclass(frozen=True)
class Peer:
    """Something to compare with: the call, and what its answer must be.

    Parameters
    ----------
    call : callable
        Takes nothing, returns the answer.
    check : callable
        Raises AssertionError if the answer is wrong.
    kind : str
        "count" for the same job done with other tools, "packed" for that with our packing, "paper",
        "density" for another model, "draw" for a sampler, "memory" for a yardstick.
    runs : int, optional
        How many pairs to measure, whatever they take.
    note : str
        Said in the table.
    """

    call: Callable[[], Any]
    check: Callable[[Any], None]
    kind: str
    runs: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Pace:
    """How much time a race may take: seconds per peer, and the fewest and most pairs."""

    seconds: float = 2.0
    fewest: int = 3
    most: int = 25


QUICK = Pace(seconds=0.7, fewest=3, most=9)


def touch(nbytes: int) -> None:
    """Use memory and give it back, so that what is measured next finds it at hand.

    Pages that lay free for a second or two may have gone from a virtual machine back to its host,
    and whoever needs memory next pays for all of them: seconds for a gigabyte, now and then.
    """
    np.empty(nbytes, np.uint8)[::4096] = 0


def measure(call: Callable[[], Any], loops: int = 1) -> tuple[float, Any]:
    """Seconds per call, and the last answer, which is freed only after the clock has stopped."""
    begin = time.perf_counter()
    for _ in range(loops - 1):
        call()
    answer = call()
    return round((time.perf_counter() - begin) / loops, 10), answer


def loops_for(seconds: float) -> int:
    """How many calls of that many seconds make a measurement."""
    return max(1, math.ceil(LEAST / max(seconds, 1e-9)))


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": float(median), "low": float(low), "high": float(high)}


def race(
    ours: Callable[[], Any],
    peers: dict[str, Peer],
    pace: Pace = Pace(),
    name: str = "",
    memory: int = 64 << 20,
) -> dict[str, Any]:
    """Measure ours against every peer in interleaved pairs.

    Parameters
    ----------
    ours : callable
        Our call, its answer checked before.
    peers : dict
        By the name that tables show. May be empty: then ours is measured alone.
    pace : Pace
        How long to go on.
    name : str
        Printed as each peer is done.
    memory : int
        Bytes to touch before every measurement, theirs and ours alike.

    Returns
    -------
    dict
        Ours and each peer with medians, quartiles and every raw time in seconds.
    """
    ours()
    loops = loops_for(min(measure(ours)[0] for _ in range(3)))
    alone = []
    for _ in range(max(5, pace.fewest)):
        touch(memory)
        alone.append(measure(ours, loops)[0])
    result: dict[str, Any] = {"calls_per_measurement": loops, "peers": {}}
    every = list(alone)
    for label, peer in peers.items():
        pairs = _pairs(ours, loops, peer, pace, memory)
        every += [own for _, own in pairs]
        result["peers"][label] = {
            "kind": peer.kind,
            "note": peer.note,
            "pairs": pairs,
            "seconds": spread([other for other, _ in pairs]),
            "ratio": spread([other / own for other, own in pairs]),
        }
        row = result["peers"][label]
        print(
            f"  {name}: {label} {row['seconds']['median'] * 1e3:,.2f} ms, "
            f"{row['ratio']['median']:,.1f}× ours ({len(pairs)} pairs)",
            flush=True,
        )
    result["ours"] = {"times": every, "seconds": spread(every)}
    print(f"  {name}: zbins {result['ours']['seconds']['median'] * 1e3:,.3f} ms", flush=True)
    return result


def _pairs(
    ours: Callable[[], Any], loops: int, peer: Peer, pace: Pace, memory: int
) -> list[tuple[float, float]]:
    """The raw times of one peer and of ours beside it."""
    first, answer = measure(peer.call)
    peer.check(answer)
    del answer

    def rest() -> None:
        """Let spinning threads end, and have memory at hand."""
        time.sleep(PAUSE.get(peer.kind, SHORT_PAUSE))
        touch(memory)

    pairs = []
    if first >= LONG:
        rest()
        pairs.append((first, measure(ours, loops)[0]))
    else:
        first = measure(peer.call)[0]
    peer_loops = loops_for(first)
    once = first * peer_loops + pairs[0][1] * loops if pairs else first * peer_loops + LEAST
    runs = peer.runs or (
        1 if first > ONCE else min(pace.most, max(pace.fewest, int(pace.seconds / once)))
    )
    while len(pairs) < runs:
        rest()
        other = measure(peer.call, peer_loops)[0]
        rest()
        pairs.append((other, measure(ours, loops)[0]))
    return pairs
