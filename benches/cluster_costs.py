"""The formulas of docs/scaling.md: what a fit on a cluster costs in time and traffic."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zbins.distributed.dask import FAN_IN

POOL = 100_000  # different rows in the case of few bins


@dataclass(frozen=True)
class Costs:
    """Seconds of one thread, and bytes."""

    bounds: float  # a row
    count: float  # a row, in the pass that counts (it looks at the bounds again)
    merge: float  # a bin of either model, one merge of two
    arrive: float  # a bin of a model that comes from another process: unpickled and verified
    bin_bytes: float  # of a pickled model
    task: float = 0.0  # one task of Dask, on the scheduler: never parallel
    task_worker: float = 0.0  # the same, on its worker


@dataclass(frozen=True)
class Job:
    """n rows in chunks, and how many bins some of the rows occupy."""

    name: str
    rows: float
    chunk: float
    bins: Callable[[float], float]


def few(rows: float) -> float:
    """Expected different rows among draws from a pool."""
    return POOL * -math.expm1(-rows / POOL)


def distinct(rows: float) -> float:
    """Every row in a bin of its own."""
    return rows


@dataclass(frozen=True)
class Machines:
    """What runs a fit."""

    workers: int
    processors: float  # at most one a worker
    machines: int = 1
    network: float = math.inf  # bytes a second of one machine


def levels(job: Job) -> Iterator[tuple[int, int, float]]:
    """Merges of each level of the tree, their models, and the bins of each of those."""
    rows, models = job.chunk, math.ceil(job.rows / job.chunk)
    while models > 1:
        merges = math.ceil(models / FAN_IN)
        yield merges, models, job.bins(min(job.rows, rows))
        rows, models = rows * FAN_IN, merges


def passes(job: Job, costs: Costs, on: Machines) -> float:
    """Seconds of reading all rows twice; no chunk is read by two processors."""
    chunks = math.ceil(job.rows / job.chunk)
    return job.rows * (costs.bounds + costs.count) / min(chunks, on.processors)


def predicted(job: Job, costs: Costs, on: Machines) -> tuple[float, float]:
    """Seconds of one fit, and seconds of all workers' processors together."""
    chunks = math.ceil(job.rows / job.chunk)
    merges = sum(level[0] for level in levels(job))
    tasks = 2 * (chunks + merges)
    busy = job.rows * (costs.bounds + costs.count) + tasks * costs.task_worker
    seconds = passes(job, costs, on)
    seconds += tasks * (costs.task + costs.task_worker / min(chunks, on.processors))
    remote = 1 - 1 / on.workers
    for merges, models, bins in levels(job):
        # Levels near the root have fewer merges than there are processors.
        work = models * bins * costs.merge * math.log2(max(2.0, models / merges))
        work += models * bins * costs.arrive * remote
        seconds += work / min(merges, on.processors)
        seconds += models * bins * costs.bin_bytes * remote / on.network / min(merges, on.machines)
        busy += work
    return seconds + job.bins(job.rows) * costs.arrive, busy  # the root's model, to the client


def sent(job: Job, costs: Costs, workers: int) -> float:
    """Bytes between workers, if it is left to chance who adds a model."""
    bins = sum(models * bins for _, models, bins in levels(job))
    return bins * costs.bin_bytes * (1 - 1 / workers)
