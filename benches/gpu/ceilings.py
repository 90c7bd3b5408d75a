"""What the device's memory can do: copy, read only, write only, and copies from the host.

    python benches/gpu/ceilings.py [--quick] [--json FILE]

Through torch, over buffers far larger than the cache; bytes read and bytes written both count.
"""

from __future__ import annotations

from typing import Any

import harness  # first: it makes `timing` findable
import torch
from clock import at_rate, pace_of, timed
from timing import Pace, Peer

GIB = 1 << 30


def buffer(nbytes: int) -> torch.Tensor:
    """That many bytes of random float32: zeros may move faster than data."""
    return torch.rand(nbytes // 4, device="cuda")


def copying(nbytes: int) -> Peer:
    """A device-to-device copy that moves `nbytes` in all, read and written, as a yardstick."""
    source = buffer(nbytes // 2)
    to = torch.empty_like(source)

    def check(_: Any) -> None:
        assert torch.equal(source, to), "a copy that is none"

    return Peer(lambda: to.copy_(source), check, "ceiling")


def filling(out: torch.Tensor) -> Peer:
    """Writing `out` and nothing else."""

    def check(_: Any) -> None:
        assert bool((out == 0.5).all()), "memory that was not filled"

    return Peer(lambda: out.fill_(0.5), check, "ceiling")


def reading(z: torch.Tensor) -> Peer:
    """Reading `z` and nothing else, by the fastest reduction there is."""

    def check(value: Any) -> None:
        assert bool(torch.isfinite(value)), "a maximum that is none"

    flat = z.reshape(-1)
    return Peer(lambda: flat.amax(), check, "ceiling")


def one(peer: Peer, nbytes: int, what: str, pace: Pace) -> dict[str, Any]:
    """The rate of a yardstick by itself."""
    peer.check(peer.call())
    row = at_rate(timed(peer.call, pace), nbytes)
    print(f"  {what}: {row['rate'] / 1e12:.3f} TB/s", flush=True)
    return row | {"job": what}


def copy(nbytes: int, pace: Pace) -> dict[str, Any]:
    return one(copying(nbytes), nbytes, "copy on the device", pace)


def read(nbytes: int, pace: Pace) -> list[dict[str, Any]]:
    z = buffer(nbytes)
    rows = [one(reading(z), nbytes, "read by amax", pace)]
    total = Peer(lambda: z.sum(), lambda value: None, "ceiling")
    rows.append(one(total, nbytes, "read by sum", pace))
    return rows


def write(nbytes: int, pace: Pace) -> dict[str, Any]:
    return one(filling(buffer(nbytes)), nbytes, "write by fill", pace)


def from_host(nbytes: int, pinned: bool, pace: Pace) -> dict[str, Any]:
    """A copy from the host's memory, pinned or not."""
    host = torch.rand(nbytes // 4)
    if pinned:
        host = host.pin_memory()
    there = torch.empty(nbytes // 4, device="cuda")

    def check(_: Any) -> None:
        torch.cuda.synchronize()
        assert torch.equal(there[:1000].cpu(), host[:1000])
        assert torch.equal(there[-1000:].cpu(), host[-1000:])

    peer = Peer(lambda: there.copy_(host, non_blocking=True), check, "ceiling")
    kind = "pinned" if pinned else "pageable"
    return one(peer, nbytes, f"from the host's memory, {kind}", pace)


def clocks(bench: harness.Bench) -> None:
    """The clocks right after load: as found, never set."""
    from card import clocks as now

    work = buffer(GIB)
    for _ in range(2000):  # about two seconds
        work.mul_(1.0)
    bench.results["clocks_under_load"] = now()


def main() -> None:
    """All ceilings."""
    bench = harness.Bench("ceilings", __doc__, package=False)
    pace = pace_of(bench)
    size = harness.rows_that_fit(8 * GIB, 2)
    if bench.quick:
        size = min(size, GIB)
    bench.run("copy", copy, size, pace)
    bench.run("read", read, size, pace)
    bench.run("write", write, size, pace)
    for pinned in (True, False):
        host = GIB if not bench.quick else GIB // 4
        bench.run(f"from the host, pinned {pinned}", from_host, host, pinned, pace)
    bench.run("clocks", clocks, bench)
    bench.end()


if __name__ == "__main__":
    main()
