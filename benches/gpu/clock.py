"""Times on a device: CUDA events around public calls, the wall clock beside them, and turns.

A call that is over sooner than timing.LEAST is repeated within one measurement; the host then runs
ahead of the device as it does in a loop of a user. Peers take turns with ours, and a ratio is the
median over such pairs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import harness  # first: it makes `timing` findable
import torch
from timing import Pace, Peer, loops_for, spread

PACE = Pace(seconds=1.0, fewest=10, most=30)
QUICK = Pace(seconds=0.5, fewest=3, most=10)
LONG = 1.0  # a peer of that many seconds has fewer turns
FEWEST_OF_LONG = 2
SLOWEST = 5.0  # one slower than that has the turn that its check took, and no other


def pace_of(bench: harness.Bench) -> Pace:
    """How long to go on."""
    return QUICK if bench.quick else PACE


def measure(call: Callable[[], Any], loops: int = 1) -> tuple[float, float]:
    """Seconds per call by the device's clock and by the wall's; answers are freed meanwhile."""
    begin = torch.cuda.Event(enable_timing=True)
    end = torch.cuda.Event(enable_timing=True)
    torch.cuda.synchronize()
    wall = time.perf_counter()
    begin.record()
    for _ in range(loops):
        call()
    end.record()
    torch.cuda.synchronize()
    wall = time.perf_counter() - wall
    return begin.elapsed_time(end) / 1e3 / loops, wall / loops


def described(times: list[tuple[float, float]], loops: int) -> dict[str, Any]:
    """Medians, quartiles and every raw time."""
    return {
        "seconds": spread([device for device, _ in times]),
        "wall": spread([wall for _, wall in times]),
        "raw": [[round(device, 9), round(wall, 9)] for device, wall in times],
        "calls_per_measurement": loops,
    }


def timed(call: Callable[[], Any], pace: Pace) -> dict[str, Any]:
    """Warm up, then measure: at least `pace.fewest` times, which the pace's seconds do not cut."""
    call()
    first = min(measure(call)[1] for _ in range(2))
    loops = loops_for(first)
    runs = turns(first * loops, pace)
    return described([measure(call, loops) for _ in range(runs)], loops)


def turns(seconds: float, pace: Pace) -> int:
    """How many measurements of that many seconds each."""
    fewest = pace.fewest if seconds < LONG else FEWEST_OF_LONG
    return min(pace.most, max(fewest, int(pace.seconds / max(seconds, 1e-9))))


def race(
    ours: Callable[[], Any], peers: dict[str, Peer], pace: Pace, name: str = ""
) -> dict[str, Any]:
    """Measure ours alone, then in turns with every peer. A peer that fails is recorded as such.

    Parameters
    ----------
    ours : callable
        Our call, its answer checked before.
    peers : dict of timing.Peer
        By the name that tables show. The first answer of each is checked, outside the clock.
    pace : Pace
        How long to go on.
    name : str
        Printed with each line.

    Returns
    -------
    dict
        What `timed` returns, and under "peers" the same for each with the ratios.
    """
    result = timed(ours, pace)
    result["peers"] = {}
    loops = result["calls_per_measurement"]
    for label, peer in peers.items():
        try:
            row = _against(ours, loops, peer, pace)
        except Exception as error:
            row = {"kind": peer.kind, "error": f"{type(error).__name__}: {error}"[:500]}
            print(f"  {name}: {label} does not run: {row['error'][:200]}", flush=True)
        else:
            print(
                f"  {name}: {label} {row['seconds']['median'] * 1e3:,.3f} ms, "
                f"{row['ratio']['median']:,.2f}× ours ({len(row['raw'])} turns)",
                flush=True,
            )
        result["peers"][label] = row
        harness.free_memory()
    print(f"  {name}: zbins {result['seconds']['median'] * 1e3:,.3f} ms", flush=True)
    return result


def _against(ours: Callable[[], Any], loops: int, peer: Peer, pace: Pace) -> dict[str, Any]:
    """One peer and ours in turns."""
    answers: list[Any] = []
    first = measure(lambda: answers.append(peer.call()))
    peer.check(answers.pop())
    pairs = []
    peer_loops = 1
    if first[1] > SLOWEST:
        pairs.append((first, measure(ours, loops)))
    else:
        once = measure(peer.call)[1]
        peer_loops = loops_for(once)
        runs = peer.runs or turns(once * peer_loops, pace)
        for _ in range(runs):
            other = measure(peer.call, peer_loops)
            pairs.append((other, measure(ours, loops)))
    row = described([other for other, _ in pairs], peer_loops)
    row |= {
        "kind": peer.kind,
        "note": peer.note,
        "ratio": spread([other[0] / own[0] for other, own in pairs]),
        "ours": [round(own[0], 9) for _, own in pairs],
    }
    return row


def at_rate(row: dict[str, Any], nbytes: int) -> dict[str, Any]:
    """Add the bytes that the job must move, and the rate they moved at."""
    row["bytes"] = nbytes
    row["rate"] = nbytes / row["seconds"]["median"]
    return row


def against_ceiling(row: dict[str, Any], label: str, nbytes: int) -> dict[str, Any]:
    """Add the share of the ceiling that took turns with it as the peer `label`, of `nbytes`."""
    peer = row["peers"][label]
    row["share"] = None
    row["ceiling"] = {"what": label, "rate": None}
    if "error" not in peer:
        # From the turns, so that a slow moment slows both.
        row["share"] = peer["ratio"]["median"] * row["bytes"] / nbytes
        row["ceiling"]["rate"] = nbytes / peer["seconds"]["median"]
    return row


def say(row: dict[str, Any]) -> None:
    """Print the rate, and what share of the ceiling it is."""
    share = row.get("share")
    of = "" if share is None else f", {share:.3f} of {row['ceiling']['what']}"
    print(f"  {row['rate'] / 1e12:.3f} TB/s{of}", flush=True)
