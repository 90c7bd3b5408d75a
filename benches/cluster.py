"""Fits on 1, 2, 4 and 8 workers of one machine, against what docs/scaling.md predicts.

    .venv/bin/python benches/cluster.py [--rows 4000000] [--workers 1 2 4 8]

Prints the constants of one thread, the table of prediction against measurement, and the same
formulas at 1e9 and 1e12 rows. Every model is compared with that of one machine before it counts.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import pickle
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import dask
import dask.array as da
import numpy as np
from cluster_costs import POOL, Costs, Job, Machines, distinct, few, passes, predicted, sent
from distributed import Client, LocalCluster, wait

import zbins
import zbins.dask
from zbins import _core
from zbins.distributed.dask import FAN_IN
from zbins.distributed.partial import Partial, merged
from zbins.pmf.model import Model

D, N_BINS = 32, 8
WORDS = 2  # of a key: 32 columns of 4 bits
RUNS = 3


def chunk_of(number: int, rows: int, pool: bool) -> np.ndarray:
    """Rows of one chunk, the same wherever it is made."""
    rng = np.random.default_rng(number)
    if not pool:
        return rng.random((rows, D), np.float32)
    return np.random.default_rng(2**32).random((POOL, D), np.float32)[rng.integers(0, POOL, rows)]


def latents(job: Job) -> da.Array:
    """The chunks as a Dask array, made by the workers."""

    def make(block_info=None):
        (begin, end), _ = block_info[None]["array-location"]
        return chunk_of(block_info[None]["chunk-location"][0], end - begin, job.bins is few)

    rows = int(job.rows), int(job.chunk)
    chunks = da.core.normalize_chunks((rows[1], D), (rows[0], D), dtype=np.float32)
    return da.map_blocks(make, chunks=chunks, dtype=np.float32, meta=np.empty((0, 0), np.float32))


def median_of(
    call: Callable[[], object], runs: int = RUNS, clock: Callable[[], float] = time.process_time
) -> float:
    """Median of what the clock says about a call, each in memory of its own.

    A worker gets memory that no call used before: what the first touch of it costs is half of a
    merge.
    """
    times, kept = [], []
    for _ in range(runs):
        gc.collect()
        begin = clock()
        kept.append(call())
        times.append(clock() - begin)
    return statistics.median(times)


def model_of(X: np.ndarray) -> Model:
    """The model of rows in [0, 1), on one thread."""
    return zbins.PMFSampler(N_BINS, bounds=(0, 1), n_jobs=1).fit(X)._model


def measured_costs(job: Job) -> Costs:
    """Constants of one thread, at the sizes that the job's lowest merges have."""
    rows = int(job.chunk)
    chunks = [chunk_of(number, rows, job.bins is few) for number in range(FAN_IN)]
    ends = np.zeros(D, np.float32), np.ones(D, np.float32)
    parts = [Partial(rows, ends, model_of(X)) for X in chunks]
    bounds = median_of(lambda: _core.bounds(chunks[0], 1))
    count = median_of(lambda: model_of(chunks[0]))
    merge = median_of(lambda: merged(parts))
    bins = sum(len(part.model.counts) for part in parts)
    whole = merged(parts).model
    assert whole.n_seen == FAN_IN * rows
    pickled = pickle.dumps(whole, protocol=5)
    arrive = median_of(lambda: pickle.loads(pickled)) / len(whole.counts)
    bin_bytes = len(pickled) / len(whole.counts)
    assert abs(bin_bytes - 8 * (WORDS + 1)) < 1
    return Costs(bounds / rows, count / rows, merge / bins / math.log2(FAN_IN), arrive, bin_bytes)


@contextmanager
def cluster(workers: int) -> Iterator[Client]:
    """Workers of one thread each."""
    with (
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=50,
            memory_limit=0,
        ) as processes,
        Client(processes) as client,
    ):
        client.wait_for_workers(workers)
        client.run(lambda: __import__("zbins.dask"))
        yield client


def outgoing(client: Client) -> int:
    """Bytes that workers have sent to each other."""

    def of_worker(dask_worker):
        log = dask_worker.transfer_outgoing_log
        return sum(entry["compressed"] for entry in log if entry["who"])

    return sum(client.run(of_worker).values())


def busy(client: Client) -> float:
    """Seconds of all workers' processors so far."""
    return sum(client.run(time.process_time).values())


def task_costs(client: Client) -> tuple[float, float]:
    """Seconds of a task that does next to nothing: of the scheduler, and of its worker."""
    chunks = 200
    X = da.zeros((chunks, 1), chunks=(1, 1)).persist()
    wait(X)
    sampler, n = zbins.PMFSampler(1), 2 * sum(-(-chunks // FAN_IN**level) for level in range(5))
    zbins.dask.fit(sampler, X)
    before = busy(client)
    own = median_of(lambda: zbins.dask.fit(sampler, X), 3)
    return own / n, (busy(client) - before) / 3 / n


def assert_same(sampler: zbins.PMFSampler, one: zbins.PMFSampler) -> None:
    """The model of the cluster is that of one machine, bit for bit."""
    ours, theirs = (s._model.to_arrays() for s in (sampler, one))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


@dataclass(frozen=True)
class Measured:
    """One fit of rows that lie in the workers' memory."""

    seconds: float
    busy: float
    sent: float
    task: float
    task_worker: float


def measure(job: Job, workers: int, one: zbins.PMFSampler) -> Measured:
    """Fit on a cluster, several times; the first gives the answer that is checked."""
    with cluster(workers) as client:
        tasks = task_costs(client)
        X = latents(job).persist()
        wait(X)
        sampler = zbins.PMFSampler(N_BINS)
        assert_same(zbins.dask.fit(sampler, X), one)
        bytes_before, busy_before = outgoing(client), busy(client)
        seconds = median_of(lambda: zbins.dask.fit(sampler, X), RUNS, time.perf_counter)
        moved, worked = outgoing(client) - bytes_before, busy(client) - busy_before
        return Measured(seconds, worked / RUNS, moved / RUNS, *tasks)


def report(job: Job, workers: list[int]) -> Costs:
    """Print the constants and the table of one case."""
    rows, size = int(job.rows), int(job.chunk)
    parts = [
        chunk_of(i, min(size, rows - i * size), job.bins is few) for i in range(-(-rows // size))
    ]
    one = zbins.PMFSampler(N_BINS).fit(np.concatenate(parts))
    del parts
    costs, lines, cores = measured_costs(job), [], len(os.sched_getaffinity(0))
    of_tasks: list[tuple[float, float]] = []  # with no more workers than cores
    for number in workers:
        found = measure(job, number, one)
        with_tasks = replace(costs, task=found.task, task_worker=found.task_worker)
        if number <= cores or not of_tasks:
            of_tasks.append((found.task, found.task_worker))
        seconds, work = predicted(job, with_tasks, Machines(number, min(number, cores)))
        lines.append(
            f"| {number} | {found.task * 1e3:.2f} ms | {found.task_worker * 1e3:.2f} ms | "
            f"{work:.2f} s | {found.busy:.2f} s | {found.busy / work:.2f} | "
            f"{seconds:.2f} s | {found.seconds:.2f} s | {found.seconds / seconds:.2f} | "
            f"{sent(job, costs, number) / 1e6:,.0f} MB | {found.sent / 1e6:,.0f} MB |"
        )
    print(
        f"\n{job.name}: n = {rows:,}, d = {D}, k = {N_BINS}, float32, chunks of {size:,} rows, "
        f"{len(one.counts_):,} occupied bins\n\n"
        "| bounds, ns a row | count, ns a row | merge, ns a bin | arrive, ns a bin | "
        "bytes a bin |\n"
        "|---:|---:|---:|---:|---:|\n"
        f"| {costs.bounds * 1e9:.1f} | {costs.count * 1e9:.1f} | {costs.merge * 1e9:.1f} | "
        f"{costs.arrive * 1e9:.1f} | {costs.bin_bytes:.1f} |\n\n"
        "| workers | task, scheduler | task, worker | processor time, predicted | measured | "
        "ratio | wall clock, predicted | measured | ratio | sent, predicted | measured |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    print("\n".join(lines), flush=True)
    task, task_worker = of_tasks[-1]
    return replace(costs, task=task, task_worker=task_worker)


def outlook(cases: list[tuple[Job, Costs]]) -> None:
    """Print the formulas at the sizes of a cluster."""
    print(
        "\nWorkers of one thread, 16 a machine, 10 Gbit/s a machine:\n\n"
        "| case | n | machines | chunk | passes | tasks and tree | model | sent |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    for job, costs in cases:
        for n, machines in ((1e9, 1), (1e9, 10), (1e12, 100), (1e12, 1000)):
            large = replace(job, rows=n, chunk=1e6 if n < 1e12 else 1e8)
            network = 1.25e9 if machines > 1 else math.inf
            on = Machines(16 * machines, 16 * machines, machines, network)
            reading = passes(large, costs, on)
            print(
                f"| {job.name} | {n:.0e} | {machines:,} | {large.chunk:.0e} | {reading:,.0f} s | "
                f"{predicted(large, costs, on)[0] - reading:,.0f} s | "
                f"{large.bins(n) * costs.bin_bytes / 1e9:,.3g} GB | "
                f"{sent(large, costs, on.workers) / 1e9:,.0f} GB |"
            )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--chunk", type=int, default=250_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    given = parser.parse_args()
    cases = []
    for name, bins in (("few bins", few), ("all rows distinct", distinct)):
        job = Job(name, given.rows, given.chunk, bins)
        cases.append((job, report(job, given.workers)))
    outlook(cases)


if __name__ == "__main__":
    main()
