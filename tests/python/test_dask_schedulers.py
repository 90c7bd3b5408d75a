"""Every scheduler gives the same model: threads, processes, a cluster, one that loses a worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster

import zbins
import zbins.dask
from helpers import is_fitted, rows

pytestmark = [
    # What a cluster says while it starts, dies and stops; nothing of it is ours.
    pytest.mark.filterwarnings("default::UserWarning:distributed"),
    pytest.mark.filterwarnings("default::RuntimeWarning"),
    pytest.mark.filterwarnings("default::ResourceWarning"),
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),
]

N, D, CHUNK = 2_000, 4, 170


@pytest.fixture(scope="module")
def client():
    with start(2) as cluster, Client(cluster) as client:
        yield client


def start(n_workers):
    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        dashboard_address=":0",
        silence_logs=50,
        local_directory=os.environ.get("TMPDIR", "/tmp"),
    )


def assert_same_file(one, several, folder):
    files = [folder / "one.zbins", folder / "several.zbins"]
    one.save(files[0])
    several.save(files[1])
    assert files[0].read_bytes() == files[1].read_bytes()


def check(folder):
    """Fits and draws, labelled and not, are those of one machine."""
    X, y = rows(N, D, np.float32), np.arange(N) % 3
    latents, labels = da.from_array(X, chunks=(CHUNK, D)), da.from_array(y, chunks=CHUNK)
    for parameters, with_labels in [
        ({}, False),
        ({"bounds": (-1, 1)}, True),
        ({"bounds": (-1, 1), "out_of_range": "ignore"}, False),
    ]:
        one = zbins.PMFSampler(8, **parameters).fit(X, y if with_labels else None)
        several = zbins.PMFSampler(8, **parameters)
        zbins.dask.fit(several, latents, labels if with_labels else None)
        assert_same_file(one, several, folder)
    drawn = zbins.dask.sample(one, 1000, chunks=300, random_state=5).compute()
    assert drawn.tobytes() == one.sample(1000, random_state=5).tobytes()
    bad = X.copy()
    bad[1234, 2] = np.nan
    sampler = zbins.PMFSampler()
    with pytest.raises(ValueError, match="NaN at row 1234, column 2"):
        zbins.dask.fit(sampler, da.from_array(bad, chunks=(CHUNK, D)))
    assert not is_fitted(sampler)


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_in_one_process(scheduler, tmp_path):
    with dask.config.set(scheduler=scheduler):
        check(tmp_path)


def test_processes(tmp_path):
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(2, mp_context=context) as pool,
        dask.config.set(scheduler="processes", pool=pool),
    ):
        check(tmp_path)


def test_a_cluster(client, tmp_path):
    assert dask.base.get_scheduler() == client.get
    check(tmp_path)


class Unwilling:
    """A label that no process can give to another."""

    def __reduce__(self):
        raise TypeError("an Unwilling is not pickled")


class TwoWordsError(ValueError):
    """An error that is pickled, but cannot be made again of what was."""

    def __init__(self, one, other):
        super().__init__(one)


class Refusing:
    """A chunk that is refused when it is read."""

    shape, ndim, dtype = (CHUNK, D), 2, np.dtype(float)

    def __len__(self):
        return CHUNK

    def __array__(self, dtype=None, copy=None):
        raise TwoWordsError("no chunk for you", "")


def test_errors_of_what_cannot_travel(client):
    """They are told as on one machine; a cluster that could not pass them on would wait."""
    latents = da.from_array(rows(N, D), chunks=(CHUNK, D))

    def label(block):
        labels = np.full(len(block), 1, object)
        labels[7] = Unwilling()
        return labels

    def refuse(block):
        return Refusing()

    labels = latents[:, 0].map_blocks(label, dtype=object, meta=np.empty(0, object))
    with pytest.raises(TypeError, match="of type Unwilling at row 7;") as caught:
        zbins.dask.fit(zbins.PMFSampler(8), latents, labels)
    assert caught.value.row == 7
    assert "Unwilling object" in caught.value.value
    refused = latents.map_blocks(refuse, dtype=float, meta=np.empty((0, 0)))
    with pytest.raises(ValueError, match="no chunk for you"):
        zbins.dask.fit(zbins.PMFSampler(8), refused)


def test_persisted_latents(client):
    X = rows(N, D)
    latents = da.from_array(X, chunks=(CHUNK, D)).persist()
    several = zbins.dask.fit(zbins.PMFSampler(8), latents)
    assert (several.counts_ == zbins.PMFSampler(8).fit(X).counts_).all()


def test_a_lost_worker(tmp_path):
    """A worker is killed while it loads a chunk of the second pass; the others take over."""
    X = rows(N, D)
    calls = tmp_path / "calls"
    calls.mkdir()

    def load(block, block_info=None):
        if block_info[0]["chunk-location"][0] == 6:
            number = len(list(calls.iterdir()))
            (calls / f"{number}-{os.getpid()}").touch()
            if number == 1:
                os.kill(os.getpid(), signal.SIGKILL)
        return block

    latents = da.from_array(X, chunks=(CHUNK, D)).map_blocks(
        load, dtype=float, meta=np.empty((0, 0))
    )
    one = zbins.PMFSampler(8).fit(X)
    with start(2) as cluster, Client(cluster) as client:
        workers = set(client.run(os.getpid).values())
        several = zbins.dask.fit(zbins.PMFSampler(8), latents)
    pids = [int(path.name.split("-")[1]) for path in sorted(calls.iterdir())]
    assert len(pids) == 3  # the first pass, the one that was killed, and the one that took over
    assert pids[1] in workers
    assert pids[2] != pids[1]
    assert_same_file(one, several, tmp_path)
