"""What docs/decisions measured: `runs`, `clamp`, `count`, `pages`, `draw`, `prior`, `path`."""

from __future__ import annotations

import os
import resource
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np

import zbins
from zbins import _core


def runs() -> None:
    """What a chunk costs when a million rows are in the model already (0001)."""
    rng = np.random.default_rng(0)
    print("| rows a chunk | per chunk | per row | ordered view afterwards |\n|---:|---:|---:|---:|")
    for rows in (100, 1_000, 10_000):
        sampler = zbins.PMFSampler(16, bounds=(-5, 5))
        sampler.partial_fit(rng.normal(size=(1_000_000, 8)).clip(-5, 5))
        chunks = [rng.normal(size=(rows, 8)).clip(-5, 5) for _ in range(50)]
        begin = time.perf_counter()
        for chunk in chunks:
            sampler.partial_fit(chunk)
        each = (time.perf_counter() - begin) / len(chunks)
        begin = time.perf_counter()
        occupied = len(sampler.counts_)
        view = time.perf_counter() - begin
        assert sampler.n_samples_seen_ == 1_000_000 + 50 * rows
        print(
            f"| {rows:,} | {each * 1e3:.2f} ms | {each / rows * 1e6:.1f} µs | {view * 1e3:.0f} ms, "
            f"{occupied:,} bins |"
        )


def clamp() -> None:
    """How many values a draw rounds out of their bin before the clamp, and the cost (0002)."""
    rng = np.random.default_rng(0)
    normal, far = rng.normal(size=(5_000, 32)), 1e8 + rng.integers(0, 400, size=(5_000, 32))
    print(
        "| latents | k | dtype | outside before the clamp | ns a value |\n|---|---:|---|---:|---:|"
    )
    cases = [("normal", normal, 8), ("normal", normal, 256), ("normal", normal, 65_536)]
    cases += [("1e8 + integers below 400", far, 8)]
    for name, X, k in cases:
        for dtype in (np.float32, np.float64):
            sampler = zbins.PMFSampler(k).fit(X.astype(dtype))
            low = sampler.lower_
            width = ((sampler.upper_.astype(float) - low) / k).astype(dtype)
            codes = sampler.codes_[rng.integers(0, len(sampler.codes_), 20_000)]
            u = rng.integers(0, 2**24, codes.shape).astype(dtype) * dtype(2.0**-24)
            drawn = low + (codes.astype(dtype) + u) * width
            outside = (sampler.quantize(drawn) != codes).mean()
            out = np.empty((200_000, 32), dtype)
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                sampler.sample(len(out), random_state=0, out=out)
                times.append(time.perf_counter() - begin)
            assert sampler.contains(out).all()
            ns = np.median(times) / out.size * 1e9
            print(f"| {name} | {k:,} | {np.dtype(dtype)} | {outside:.0e} | {ns:.1f} |")


def median_ns(call, rows: int, runs: int = 9) -> float:
    """Median time of a call, in nanoseconds a row."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return float(np.median(times)) / rows * 1e9


def count() -> None:
    """What counting costs on one thread, without the pass for the bounds (0004)."""
    rng = np.random.default_rng(0)
    print("| rows | columns | occupied bins | ns a row |\n|---:|---:|---:|---:|")
    million = 1_000_000
    cases = [(10_000, 32, 8, None), (million, 32, 8, None), (20_000, 256, 20, None)]
    cases += [(million, 8, 8, None), (million, 2, 8, None), (million, 32, 8, 100_000)]
    for n, d, k, different in cases:
        X = rng.normal(size=(different or n, d)).astype(np.float32)
        if different:
            X = X[rng.integers(0, different, n)]
        grid = _core.Grid32(*_core.bounds(X, 1), np.full(d, k, np.int32))

        def counted(grid=grid, X=X) -> _core.Pmf:
            counter = _core.Counter32(grid, 1, False)
            counter.add(X, True, None, 1)
            return counter.finish(np.empty(0, np.int32), 1)

        pmf = counted()
        assert pmf.total == n
        print(f"| {n:,} | {d} | {len(pmf):,} | {median_ns(counted, n):.0f} |")


def pages() -> None:
    """What the kernel's share is where every row has a bin of its own: page faults (0004)."""
    rng = np.random.default_rng(0)
    d, chunk = 32, np.empty((1_000_000, 32), np.float32)
    grid = _core.Grid32(np.zeros(d, np.float32), np.ones(d, np.float32), np.full(d, 8, np.int32))
    print("| rows | threads | stage | wall | user | system | page faults |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    for n in (1_000_000, 10_000_000, 50_000_000):
        for threads in (1, 2):
            counter = _core.Counter32(grid, threads, False)
            stages = {"add": np.zeros(4), "finish": np.zeros(4)}

            def timed(stage: str, call, stages=stages):
                before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
                result = call()
                wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
                stages[stage] += (
                    wall,
                    after.ru_utime - before.ru_utime,
                    after.ru_stime - before.ru_stime,
                    after.ru_minflt - before.ru_minflt,
                )
                return result

            for number in range(n // len(chunk)):
                # Other rows each time, in a fraction of the time that drawing them takes.
                if number % d == 0:
                    chunk[:] = rng.random(chunk.shape, np.float32)
                chunk[:] = np.roll(chunk, 1, axis=1)
                timed("add", lambda c=counter, t=threads: c.add(chunk, True, None, t))
            pmf = timed("finish", lambda c=counter, t=threads: c.finish(np.empty(0, np.int32), t))
            assert pmf.total == n
            assert len(pmf) > 0.99 * n
            for stage, (wall, user, system, faults) in stages.items():
                ns = " | ".join(f"{seconds / n * 1e9:.0f}" for seconds in (wall, user, system))
                print(f"| {n:,} | {threads} | {stage} | {ns} | {faults:,.0f} |", flush=True)
            del pmf, counter


def draw() -> None:
    """What a draw costs on one thread, into memory that stays in cache (0005)."""
    rng = np.random.default_rng(0)
    print("| columns | k | dtype | ns a value |\n|---:|---:|---|---:|")
    for dtype in (np.float32, np.float64):
        for d, k in ((2, 8), (8, 8), (64, 16), (256, 20)):
            sampler = zbins.PMFSampler(k, n_jobs=1).fit(rng.normal(size=(2_000, d)).astype(dtype))
            out = np.empty((131_072 // d, d), dtype)

            def drawn(sampler=sampler, out=out) -> None:
                sampler.sample(len(out), random_state=0, out=out)

            drawn()
            assert sampler.contains(out).all()
            print(f"| {d} | {k} | {np.dtype(dtype)} | {median_ns(drawn, out.size, 99):.2f} |")


def prior() -> None:
    """What a module's tables take, against edges for every bin, and what a draw costs (0008)."""
    import torch

    from zbins.torch import PMFPrior

    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    print(
        "| rows | columns | k | tables | edges of every bin | made in | ns a value | PMFSampler |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    for n, d, k in ((10_000, 32, 8), (20_000, 256, 20), (10_000, 32, 65_536)):
        sampler = zbins.PMFSampler(k, n_jobs=1).fit(rng.normal(size=(n, d)).astype(np.float32))
        begin = time.perf_counter()
        module = PMFPrior(sampler)
        made = time.perf_counter() - begin
        assert sampler.contains(module(10_000)).all()
        tables = sum(table.nbytes for table in module.buffers())
        edges = 2 * 4 * d * len(sampler.counts_)
        module_ns = median_ns(lambda m=module: m(10_000), 10_000 * d)
        own_ns = median_ns(lambda s=sampler: s.sample(10_000, random_state=0), 10_000 * d)
        print(
            f"| {n:,} | {d} | {k:,} | {tables / 1e6:.2f} MB | {edges / 1e6:.2f} MB | "
            f"{made * 1e3:.0f} ms | {module_ns:.1f} | {own_ns:.1f} |"
        )


def path() -> None:
    """Which files a fit enters, and how often it comes back to one it had left (0011)."""
    rows = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    labels = np.arange(100) % 3
    package = os.path.dirname(zbins.__file__)
    print("| X | files | changes of file | returns | calls |\n|---|---:|---:|---:|---:|")
    for name, X, y in (
        ("array", rows, None),
        ("list", rows.tolist(), None),
        ("array, labels", rows, labels),
    ):
        sampler = zbins.PMFSampler(8).fit(X, y)
        files: list[str] = []

        def called(frame: Any, event: str, _: Any, files: list[str] = files) -> None:
            file = frame.f_code.co_filename
            if event == "call" and file.startswith(package):
                files.append(file)

        sys.setprofile(called)
        sampler.fit(X, y)
        sys.setprofile(None)
        visits = files[:1] + [file for before, file in pairwise(files) if file != before]
        entered = len(set(files))
        print(
            f"| {name} | {entered} | {len(visits) - 1} | {len(visits) - entered} | {len(files)} |"
        )


if __name__ == "__main__":
    tables = {
        "runs": runs,
        "clamp": clamp,
        "count": count,
        "pages": pages,
        "draw": draw,
        "prior": prior,
        "path": path,
    }
    tables[sys.argv[1] if len(sys.argv) > 1 else "runs"]()
