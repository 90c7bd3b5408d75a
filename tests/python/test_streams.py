"""Streams: many chunks, both passes, seeds of every kind, progress, and reads side by side."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch

import zbins
from compare import state


class Stream:
    """A re-iterable of chunks made on the fly."""

    def __init__(self, n_chunks, rows, d, labelled=False):
        self.n_chunks, self.rows, self.d, self.labelled = n_chunks, rows, d, labelled
        self.passes = 0

    def __iter__(self):
        self.passes += 1
        for number in range(self.n_chunks):
            rng = np.random.default_rng(number)
            X = rng.normal(size=(self.rows, self.d)).astype(np.float32)
            yield (X, rng.integers(0, 3, self.rows)) if self.labelled else X

    def whole(self):
        chunks = list(self)
        self.passes = 0
        if self.labelled:
            return tuple(np.concatenate(parts) for parts in zip(*chunks, strict=True))
        return (np.concatenate(chunks),)


@pytest.mark.parametrize("labelled", [False, True])
def test_fit_batches_is_fit(labelled):
    stream = Stream(30, 500, 5, labelled)
    whole = zbins.PMFSampler(6).fit(*stream.whole())
    assert state(zbins.PMFSampler(6).fit_batches(stream)) == state(whole)
    assert stream.passes == 2
    stream.passes = 0
    low, high = whole.lower_, whole.upper_
    one_pass = zbins.PMFSampler(6, bounds=(low, high)).fit_batches(stream)
    assert stream.passes == 1
    assert state(one_pass) == state(whole)
    assert state(zbins.PMFSampler(6).fit_batches(lambda: iter(stream))) == state(whole)


def test_one_pass_grows_as_partial_fit_does():
    stream = Stream(20, 200, 4)
    parameters = {"n_bins": 5, "bounds": (-1, 1)}
    streamed = zbins.PMFSampler(**parameters).fit_batches(stream)
    chunked = zbins.PMFSampler(**parameters)
    for chunk in stream:
        chunked.partial_fit(chunk)
    assert state(streamed) == state(chunked)
    assert state(streamed) == state(zbins.PMFSampler(**parameters).fit(*stream.whole()))
    assert (streamed.n_bins_ > 5).all()


def test_data_loader_of_tensors_and_labels():
    X, y = Stream(1, 1000, 3, labelled=True).whole()
    data = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(data, batch_size=64)
    fitted = zbins.PMFSampler(7).fit_batches(loader)
    assert state(fitted) == state(zbins.PMFSampler(7).fit(X, y))
    assert isinstance(fitted.sample(2), torch.Tensor)
    alone = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(data.tensors[0]), 64)
    assert state(zbins.PMFSampler(7).fit_batches(alone)) == state(zbins.PMFSampler(7).fit(X))


def work(sampler, chunks, labels):
    """Processor time, whoever else uses the machine, of adding the chunks."""
    begin = time.process_time()
    for chunk, label in zip(chunks, labels, strict=True):
        sampler.partial_fit(chunk, None if label is None else np.full(len(chunk), label))
    return time.process_time() - begin


@pytest.mark.parametrize("labelled", [False, True])
def test_partial_fit_costs_the_chunk_not_the_model(labelled):
    """To copy the large model for each chunk, or each new label, would cost 100 times as much."""
    rng = np.random.default_rng(0)
    chunks = [rng.random((20, 6)) for _ in range(200)]
    labels = range(200) if labelled else [None] * 200
    small, large = (zbins.PMFSampler(64, bounds=(0, 1), n_jobs=1) for _ in range(2))
    for sampler, size in ((small, 100), (large, 1_000_000)):
        sampler.partial_fit(rng.random((size, 6)), np.full(size, 7) if labelled else None)
    assert work(large, chunks, labels) < 10 * work(small, chunks, labels)
    assert large.n_samples_seen_ == large.counts_.sum() == 1_004_000
    if labelled:
        assert large.classes_.tolist() == list(range(200))


def test_save_in_the_middle_of_a_stream(tmp_path):
    chunks = [*Stream(8, 300, 4)]
    through = zbins.PMFSampler(9)
    resumed = zbins.PMFSampler(9)
    for number, chunk in enumerate(chunks):
        through.partial_fit(chunk)
        resumed.partial_fit(chunk)
        if number == 3:
            resumed.save(tmp_path / "middle.zbins")
            resumed = zbins.load(tmp_path / "middle.zbins")
    assert state(through) == state(resumed)


@pytest.mark.parametrize(
    "make",
    [
        np.random.RandomState,
        np.random.default_rng,
        lambda seed: torch.Generator().manual_seed(seed),
    ],
    ids=["RandomState", "Generator", "torch.Generator"],
)
def test_generators_give_one_seed_per_call(make):
    sampler = zbins.PMFSampler(4).fit(*Stream(1, 100, 3).whole())
    generator = make(5)
    first, second = (sampler.sample(5, random_state=generator) for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, sampler.sample(5, random_state=make(5)))
    batches = sampler.sample_batches(5, 2, random_state=make(5))
    assert np.array_equal(np.concatenate(list(batches)), first)


def test_ints_repeat_and_none_follows_the_global_state():
    X = Stream(1, 100, 3).whole()[0]
    sampler = zbins.PMFSampler(4, random_state=9).fit(X)
    assert np.array_equal(sampler.sample(5), sampler.sample(5))
    assert np.array_equal(sampler.sample(5), sampler.sample(5, random_state=np.uint64(9)))
    free = zbins.PMFSampler(4).fit(X)
    np.random.seed(3)  # noqa: NPY002 - the global state is the point
    first, second = free.sample(5), free.sample(5)
    np.random.seed(3)  # noqa: NPY002
    assert np.array_equal(first, free.sample(5))
    assert not np.array_equal(first, second)


def test_progress_goes_to_stderr_and_only_when_asked(capsys):
    stream = [*Stream(4, 100, 3)]
    zbins.PMFSampler(4).fit_batches(stream)
    assert capsys.readouterr() == ("", "")
    sampler = zbins.PMFSampler(4).fit_batches(stream, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "fit" in err
    assert "100%" in err
    list(sampler.sample_batches(100, 10, progress=True))
    out, err = capsys.readouterr()
    assert out == ""
    assert "sample" in err
    assert "100%" in err


def test_concurrent_reads_are_safe_and_identical():
    sampler = zbins.PMFSampler(8).fit(*Stream(1, 20_000, 6).whole())
    sampler.partial_fit(*Stream(1, 20_000, 6).whole())  # the ordered view is still to be made
    results = []

    def read():
        samples = sampler.sample(2000, random_state=1)
        results.append((samples.tobytes(), sampler.score_samples(samples).tobytes()))

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1
    assert len(results) == 8
