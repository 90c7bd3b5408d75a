"""Threads and forks: reads run side by side, fits of one estimator refuse to, children work."""

from __future__ import annotations

import contextlib
import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.base import clone

import zbins
from compare import state
from helpers import refused, rows

THREADS = 8


def together(calls):
    """Run all calls at once, each in a thread of its own, and return what they return."""
    start = threading.Barrier(len(calls))

    def run(call):
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


# -- reads ---------------------------------------------------------------------------------------

READS = {
    "sample": lambda s, X: s.sample(30_000, random_state=3),
    "sample with labels": lambda s, X: s.sample(9_000, random_state=3, return_y=True)[1],
    "sample of a label": lambda s, X: s.sample(9_000, random_state=3, y=1),
    "score_samples": lambda s, X: s.score_samples(X),
    "quantize": lambda s, X: s.quantize(X),
    "contains": lambda s, X: s.contains(X),
    "codes_": lambda s, X: s.codes_,
    "counts_": lambda s, X: s.counts_,
    "classes_": lambda s, X: s.classes_,
}


def in_chunks(n_jobs=2):
    """Several runs on a grid that has grown: the ordered view and the lookup are still to come."""
    sampler = zbins.PMFSampler(6, n_jobs=n_jobs)
    for size, factor in ((20_000, 1), (6_000, 2), (1_500, 3)):
        sampler.partial_fit(factor * rows(size, 5, seed=size), np.arange(size) % 4)
    return sampler


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_reads_side_by_side_are_those_one_after_the_other(n_jobs):
    X = 2 * rows(40_000, 5, seed=9)
    serial = in_chunks()
    want = {name: read(serial, X) for name, read in READS.items()}
    for _ in range(3):
        fresh = in_chunks(n_jobs)  # each time they also race for the first ordered view
        names = list(READS) * 2
        got = together([lambda s=fresh, n=n: READS[n](s, X) for n in names])
        for name, values in zip(names, got, strict=True):
            assert np.array_equal(want[name], values), name
        assert state(fresh) == state(serial)


@pytest.mark.parametrize("name", ["sample", "score_samples", "quantize", "contains"])
def test_one_read_in_many_threads(name):
    X = 2 * rows(20_000, 5, seed=9)
    want = READS[name](in_chunks(), X)
    fresh = in_chunks()
    for values in together([lambda: READS[name](fresh, X)] * THREADS):
        assert np.array_equal(want, values)


def test_reads_beside_a_fit_see_the_old_model_or_a_new_one():
    X = rows(3_000, 4)
    after = [zbins.PMFSampler(8, bounds=(-9, 9)).fit(X)]
    for _ in range(20):
        after.append(copy.deepcopy(after[-1]).partial_fit(X))
    wanted = {s.sample(500, random_state=1).tobytes() for s in after}
    sampler = copy.deepcopy(after[0])
    done = threading.Event()

    def read():
        seen = []
        while not done.is_set() or not seen:
            seen.append(sampler.sample(500, random_state=1).tobytes())
            assert np.isfinite(sampler.score_samples(X)).all()
        return seen

    def grow():
        try:
            for _ in range(20):
                sampler.partial_fit(X)
        finally:
            done.set()

    for seen in together([grow, read, read, read])[1:]:
        assert set(seen) <= wanted
    assert state(sampler) == state(after[-1])


# -- fits ----------------------------------------------------------------------------------------

OTHER = zbins.PMFSampler(4, bounds=(-9, 9)).fit(rows(30, 2))
FITS = {
    "fit": lambda s: s.fit(rows()),
    "partial_fit": lambda s: s.partial_fit(rows()),
    "fit_batches": lambda s: s.fit_batches([rows()]),
    "merge": lambda s: s.merge(OTHER),
}
MESSAGE = ["another thread is fitting this PMFSampler", "merge()"]


class Paused:
    """Batches that wait in the middle of a pass, so that a fit is under way for sure."""

    def __init__(self):
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self):
        yield rows(50)
        self.reached.set()
        assert self.go_on.wait(30)
        yield rows(50, seed=1)


@pytest.fixture
def busy():
    """A fitted sampler that another thread is fitting."""
    sampler = zbins.PMFSampler(4, bounds=(-9, 9)).fit(rows(40))
    batches = Paused()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(sampler.fit_batches, batches)
        assert batches.reached.wait(30)
        yield sampler
        batches.go_on.set()
        future.result()
    assert sampler.n_samples_seen_ == 100


@pytest.mark.parametrize("name", FITS)
def test_a_second_fit_is_refused(busy, name):
    refused(RuntimeError, MESSAGE, lambda: FITS[name](busy), busy, OTHER)


def test_reads_of_one_that_is_being_fitted(busy):
    assert busy.n_samples_seen_ == 40
    assert busy.sample(10, random_state=0).shape == (10, 2)
    assert np.isfinite(busy.score_samples(busy.sample(10))).all()


def test_copies_of_one_that_is_being_fitted(busy):
    for twin in (copy.deepcopy(busy), pickle.loads(pickle.dumps(busy)), clone(busy)):
        twin.fit(rows(60))
        assert twin.n_samples_seen_ == 60
    assert busy.n_samples_seen_ == 40
    assert copy.deepcopy(OTHER).merge(busy).n_samples_seen_ == 70  # which only reads it


def test_fits_one_after_the_other_from_many_threads():
    """Whatever was refused is not in the model, and whatever was not, is."""
    sampler = zbins.PMFSampler(4, bounds=(-9, 9))

    def add():
        added = 0
        for _ in range(50):
            with contextlib.suppress(RuntimeError):
                sampler.partial_fit(rows(200))
                added += 200
        return added

    assert sum(together([add] * THREADS)) == sampler.n_samples_seen_


def test_a_fit_within_its_own_batches_is_refused():
    sampler = zbins.PMFSampler(4, bounds=(-9, 9)).fit(rows(40))

    def batches():
        yield rows()
        sampler.partial_fit(rows())

    refused(RuntimeError, "is fitting this PM", lambda: sampler.fit_batches(batches), sampler)
    sampler.fit(rows())


def test_a_fit_that_failed_is_over():
    sampler = zbins.PMFSampler(4)
    for bad in ([[np.nan]], [["x"]], [1.0]):
        with pytest.raises((ValueError, TypeError)):
            sampler.fit(bad)
    sampler.fit(rows())


def test_a_fit_that_was_interrupted_is_over():
    """test_faults_interrupt.py presses Ctrl-C at other moments."""

    def batches():
        yield rows()
        raise KeyboardInterrupt

    sampler = zbins.PMFSampler(4, bounds=(-9, 9))
    with pytest.raises(KeyboardInterrupt) as kept:
        sampler.fit_batches(batches)
    sampler.fit(rows())
    assert together([lambda: sampler.fit(rows(30)).n_samples_seen_]) == [30]
    assert kept.tb is not None  # a debugger keeps the frames of the first fit alive


# -- forks ---------------------------------------------------------------------------------------


def in_fork(call):
    """Whether the call succeeds in a forked child."""
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # a child that hangs is killed
        code = 1
        try:
            call()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@forks
def test_forked_children_sample_and_fit_after_threads_were_used():
    X = rows(200_000, 6)
    sampler = zbins.PMFSampler(8, n_jobs=4).fit(X)
    want = sampler.sample(100_000, random_state=1)
    scores = sampler.score_samples(X)
    model = state(sampler)

    def use():
        assert np.array_equal(sampler.sample(100_000, random_state=1), want)
        assert np.array_equal(sampler.score_samples(X), scores)
        assert state(zbins.PMFSampler(8, n_jobs=4).fit(X)) == model
        sampler.partial_fit(X)
        assert sampler.n_samples_seen_ == 400_000

    for _ in range(3):
        assert in_fork(use)
    assert state(sampler) == model


@forks
def test_forks_while_other_threads_work():
    """The child has none of those threads, and must wait for nothing that they held."""
    X = rows(60_000, 4)
    sampler = zbins.PMFSampler(8, n_jobs=2).fit(X)
    want = sampler.sample(1000, random_state=1)
    done = threading.Event()

    def work():
        while not done.is_set():
            zbins.PMFSampler(8, n_jobs=2).fit(X).score_samples(X)

    def use():
        assert np.array_equal(sampler.sample(1000, random_state=1), want)
        assert np.isfinite(sampler.score_samples(X[:100])).all()
        sampler.fit(X)

    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(work) for _ in range(2)]
        try:
            assert all(in_fork(use) for _ in range(10))
        finally:
            done.set()
        for future in working:
            future.result()


@forks
def test_a_child_may_fit_what_its_parent_is_fitting(busy):
    def fit():
        busy.fit(rows(70))
        assert busy.n_samples_seen_ == 70

    assert in_fork(fit)


LOADER = """
import numpy as np, torch, zbins

class Latents(torch.utils.data.Dataset):
    def __init__(self, sampler):
        self.sampler = sampler

    def __len__(self):
        return 40

    def __getitem__(self, i):
        return self.sampler.sample(256, random_state=7, start=256 * i)

def main():
    X = torch.from_numpy(np.random.default_rng(0).normal(size=(300_000, 4)).astype(np.float32))
    sampler = zbins.PMFSampler(8).fit(X)
    want = sampler.sample(40 * 256, random_state=7)  # the parent has used its threads
    for method in ("fork", "spawn"):
        loader = torch.utils.data.DataLoader(
            Latents(sampler), batch_size=8, num_workers=2, multiprocessing_context=method
        )
        assert torch.equal(want, torch.cat(list(loader)).reshape(-1, 4)), method
        print(method)

if __name__ == "__main__":
    main()
"""


@forks
def test_a_data_loader_with_workers(tmp_path):
    program = tmp_path / "loader.py"
    program.write_text(LOADER)
    done = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["fork", "spawn"]


def test_fits_of_many_estimators_at_once():
    """What keeps two fits of one estimator apart lets those of others be."""
    X, failed = rows(3), []

    def fit():
        try:
            for _ in range(300):
                zbins.PMFSampler(2, n_jobs=1).fit(X)
        except RuntimeError as error:
            failed.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=fit) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not failed
