"""Lazy draws: the bits of one call of `sample`, whatever the chunks."""

from __future__ import annotations

import pickle

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

import zbins
import zbins.dask
from helpers import all_ignored, refused, rows


@pytest.fixture(autouse=True)
def synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("chunks", "wanted"),
    [
        ("auto", (1000,)),
        (1000, (1000,)),
        (1, (1,) * 1000),
        (333, (333, 333, 333, 1)),
        ((0, 999, 1), (0, 999, 1)),
        (5000, (1000,)),
        (-1, (1000,)),
    ],
)
def test_the_bits_are_those_of_sample(chunks, wanted, dtype):
    sampler = zbins.PMFSampler(8).fit(rows(500, 3, dtype))
    drawn = zbins.dask.sample(sampler, 1000, chunks=chunks, random_state=7)
    assert isinstance(drawn, da.Array)
    assert drawn.chunks == (wanted, (3,))
    assert drawn.dtype == dtype
    array = drawn.compute()
    assert array.dtype == dtype
    assert array.tobytes() == sampler.sample(1000, random_state=7).tobytes()
    assert (drawn[400:410, 1].compute() == array[400:410, 1]).all()


def test_nothing_is_drawn_before_it_is_computed():
    sampler = zbins.PMFSampler(8).fit(rows(500, 3))
    n = 10**15  # 24 petabytes
    drawn = zbins.dask.sample(sampler, n, chunks=n // 10, random_state=7)
    assert drawn.shape == (n, 3)


def test_no_samples():
    sampler = zbins.PMFSampler(8).fit(rows(500, 3))
    assert zbins.dask.sample(sampler, 0, chunks=10).compute().shape == (0, 3)


@pytest.mark.parametrize("chunks", [1000, 333, (0, 999, 1)])
def test_labels(chunks):
    y = np.arange(500) % 3
    sampler = zbins.PMFSampler(8, random_state=1).fit(rows(500, 3), y)
    for wanted in (None, 2, np.arange(1000) % 3):
        drawn = zbins.dask.sample(sampler, 1000, chunks=chunks, y=wanted)
        assert drawn.compute().tobytes() == sampler.sample(1000, y=wanted).tobytes()
    one = zbins.dask.sample(sampler, 1, y=[2])
    assert one.compute().tobytes() == sampler.sample(1, y=[2]).tobytes()


def test_the_seed_and_the_model_are_fixed_at_the_call():
    sampler = zbins.PMFSampler(8).fit(rows(500, 3))
    np.random.seed(3)  # noqa: NPY002
    expected = sampler.sample(100)
    np.random.seed(3)  # noqa: NPY002
    drawn = zbins.dask.sample(sampler, 100, chunks=9)
    other = zbins.dask.sample(sampler, 100, chunks=9)
    sampler.fit(rows(20, 3, seed=5))
    for _ in range(2):
        assert drawn.compute().tobytes() == expected.tobytes()
    assert other.compute().tobytes() != expected.tobytes()

    sampler.random_state = np.random.default_rng(0)
    first, second = (zbins.dask.sample(sampler, 100, chunks=9) for _ in range(2))
    expected = sampler.set_params(random_state=np.random.default_rng(0)).sample(100)
    assert first.compute().tobytes() == expected.tobytes()
    assert second.compute().tobytes() != expected.tobytes()


def test_the_model_is_in_the_graph_once():
    sampler = zbins.PMFSampler(100).fit(rows(20_000, 3))
    drawn = zbins.dask.sample(sampler, 1000, chunks=10)
    tasks = [len(cloudpickle.dumps(task)) for task in dict(drawn.__dask_graph__()).values()]
    large = [size for size in tasks if size > 10_000]
    assert len(tasks) >= 100
    assert len(large) == 1
    assert large[0] < 2 * len(pickle.dumps(sampler))


def test_samples_of_tensors_are_arrays():
    sampler = zbins.PMFSampler(8).fit(torch.randn(100, 3))
    drawn = zbins.dask.sample(sampler, 50, chunks=7, random_state=0).compute()
    assert isinstance(drawn, np.ndarray)
    assert (drawn == sampler.sample(50, random_state=0).numpy()).all()


def test_what_is_refused():
    sampler = zbins.PMFSampler(8).fit(rows(500, 3), np.arange(500) % 2)

    def refuses(kind, texts, *arguments, **keywords):
        refused(kind, texts, lambda: zbins.dask.sample(sampler, *arguments, **keywords), sampler)

    refuses(TypeError, "n_samples is 1.5", 1.5)
    refuses(ValueError, "n_samples is -1", -1)
    for chunks in (0, -5, "many", 1.5, (3, 3)):
        refuses(ValueError, ["chunks is", "adds up to 10"], 10, chunks=chunks)
    refuses(TypeError, "random_state is 'x'", 10, random_state="x")
    refuses(ValueError, "label 7", 10, y=7)
    refuses(ValueError, "9 labels for 10 samples", 10, y=[0] * 9)
    with pytest.raises(NotFittedError):
        zbins.dask.sample(zbins.PMFSampler())
    with pytest.raises(TypeError, match="a PMFSampler is needed"):
        zbins.dask.sample(3)
    with pytest.raises(ValueError, match="nothing to draw from"):
        zbins.dask.sample(all_ignored(), 1)
