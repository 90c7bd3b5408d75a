"""Every kind of data that people have goes in, and comes out as the same latents in order.

The encoder is the identity: what is tested is how batches, inputs and labels are found.
"""

from __future__ import annotations

from collections import OrderedDict, UserDict

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from coding import images, labels, made, refused, same_model
from zbins.data import npz
from zbins.torch import LatentGenerator

X, Y = images(20), labels(20)
PARTS = list(zip(X.split(8), Y.split(8), strict=True))


def fitted(data, **parameters):
    return LatentGenerator(lambda x: x.float()).fit(data, **parameters)


class Pairs(Dataset):
    def __len__(self):
        return len(X)

    def __getitem__(self, i):
        return X[i], int(Y[i])


class Dictionaries(Pairs):
    """As pythae's BaseDataset, and those of Hugging Face."""

    def __getitem__(self, i):
        return OrderedDict(data=X[i], labels=Y[i])


class Stream(IterableDataset):
    def __iter__(self):
        return iter(Pairs())


class CountedStream(Stream):
    def __len__(self):
        return len(X)


class Uncounted:
    """A loader that has a length in name only."""

    def __iter__(self):
        return iter(PARTS)

    def __len__(self):
        raise NotImplementedError


class Indexed:
    """Iterable by the old protocol."""

    def __getitem__(self, i):
        return PARTS[i]


WITH_LABELS = {
    "pair of tensors": lambda: (X, Y),
    "pair of arrays": lambda: (X.numpy(), Y.numpy()),
    "pair with a list": lambda: (X, Y.tolist()),
    "loader": lambda: DataLoader(TensorDataset(X, Y), batch_size=8),
    "loader of pairs": lambda: DataLoader(Pairs(), batch_size=8),
    "loader of dictionaries": lambda: DataLoader(Dictionaries(), batch_size=8),
    "loader of a stream": lambda: DataLoader(Stream(), batch_size=8),
    "data set": lambda: TensorDataset(X, Y),
    "data set of pairs": Pairs,
    "data set of dictionaries": Dictionaries,
    "part of a data set": lambda: Subset(Pairs(), range(20)),
    "stream": Stream,
    "stream with a length": CountedStream,
    "generator": lambda: iter(PARTS),
    "list of lists": lambda: [list(part) for part in PARTS],
    "list of triples": lambda: [(x, y, "path") for x, y in PARTS],
    "tuple of pairs": lambda: tuple(PARTS),
    "without a length": Uncounted,
    "by index": Indexed,
    "arrays": lambda: [(x.numpy(), y.numpy()) for x, y in PARTS],
    "big-endian arrays": lambda: [(x.numpy().astype(">f4"), y.numpy()) for x, y in PARTS],
    "read-only arrays": lambda: [(np.broadcast_to(x, x.shape), y) for x, y in PARTS],
    "labels in a list": lambda: [(x, y.tolist()) for x, y in PARTS],
    "labels in a tuple": lambda: [(x, tuple(y.tolist())) for x, y in PARTS],
    "whole labels as floats": lambda: [(x, y.float()) for x, y in PARTS],
    "pixel_values": lambda: [UserDict(image="a.png", pixel_values=x, label=y) for x, y in PARTS],
    "x and y": lambda: [{"x": x, "y": y} for x, y in PARTS],
    "images and targets": lambda: [{"targets": y, "images": x} for x, y in PARTS],
    "empty batches": lambda: [(X[:0], Y[:0]), *PARTS, (X[:0], [])],
}


@pytest.mark.parametrize("name", WITH_LABELS)
def test_inputs_and_labels(name):
    for with_labels in (True, False):
        generator = fitted(WITH_LABELS[name](), with_labels=with_labels)
        assert np.array_equal(generator.latents_, X.numpy())
        if with_labels:
            assert generator.labels_.tolist() == Y.tolist()
            assert generator.sampler_.classes_.tolist() == [0, 1, 2]
        else:
            assert generator.labels_ is None


@pytest.mark.parametrize(
    "data",
    [
        X,
        X.numpy(),
        X.double().numpy(),
        X.numpy()[::-1][::-1],
        [X],
        X.split(3),
        (part for part in X.split(3)),
        map(torch.Tensor.double, X.split(3)),
        DataLoader(X, batch_size=3),
        TensorDataset(X),
        X.clone().requires_grad_(),
    ],
)
def test_inputs_alone(data):
    assert np.array_equal(fitted(data).latents_, X.numpy())


def test_workers():
    loader = DataLoader(Pairs(), batch_size=3, num_workers=2)
    generator = fitted(loader, with_labels=True)
    assert np.array_equal(generator.latents_, X.numpy())
    assert generator.labels_.tolist() == Y.tolist()


def test_a_split_of_zbins_data(tmp_path):
    np.savez(tmp_path / "a.npz", x=X.reshape(20, 2, 3).numpy(), y=Y.numpy())
    generator = fitted(npz(tmp_path / "a.npz", labels="y"), with_labels=True, batch_size=8)
    assert np.array_equal(generator.latents_, X.reshape(20, 1, 2, 3).numpy())
    assert generator.labels_.tolist() == Y.tolist()


def test_shuffling_changes_the_order_and_not_the_model():
    loader = DataLoader(TensorDataset(X, Y), batch_size=3, shuffle=True)
    generator = fitted(loader, with_labels=True)
    assert not np.array_equal(generator.latents_, X.numpy())
    assert same_model(generator.sampler_, fitted((X, Y), with_labels=True).sampler_)


@pytest.mark.parametrize("size", [1, 7, 20, 999])
def test_batch_sizes(size):
    seen = []

    def encode(x):
        seen.append(len(x))
        return x

    for data in (X, X.numpy(), (X, Y), TensorDataset(X), Stream()):
        LatentGenerator(encode).fit(data, batch_size=size)
        assert max(seen) == min(size, 20)
        assert sum(seen) == 20
        seen.clear()


@pytest.mark.parametrize(
    ("some", "kind"),
    [(["a", "b"], "U"), ([False, True], "b"), ([-5, 2**40], "i"), (["b", "long name"], "U")],
)
def test_labels_of_every_kind(some, kind):
    y = [some[i % 2] for i in range(20)]
    for data in ((X, np.array(y)), [(X[:10], y[:10]), (X[10:], tuple(y[10:]))]):
        generator = fitted(data, with_labels=True)
        assert generator.labels_.tolist() == y
        assert generator.labels_.dtype.kind == kind
        assert generator.sample_latents(3, some[1], random_state=0).shape == (3, 6)
    listed = [(part, y[:8][: len(part)]) for part in X.split(8)]  # a first batch of narrow names
    assert fitted(listed, with_labels=True).sampler_.classes_.tolist() == sorted(some)


def test_labels_of_kinds_that_change():
    generator = made().fit(X)
    mixed = [(X[:2], [1, 2]), (X[2:4], ["1", "2"])]
    refused(TypeError, ["str", "int"], lambda: generator.fit(mixed, with_labels=True), generator)
    within = [(X[:2], [1, "2"])]
    texts = ["batch 0", "int", "str"]
    refused(TypeError, texts, lambda: generator.fit(within, with_labels=True), generator)


def test_labels_are_checked_as_they_come():
    def data():
        yield X[:4], torch.tensor([0.0, 1.0, 0.5, 2.0])
        raise AssertionError("the encoder ran on")

    generator = made()
    texts = ["batch 0", "0.5", "row 2", "int, bool and str"]
    refused(TypeError, texts, lambda: generator.fit(data(), with_labels=True), generator)


def test_an_encoder_that_writes_to_its_input():
    for x in (X.clone(), X.numpy().copy()):
        LatentGenerator(lambda x: x.mul_(0)).fit(x)
        assert np.array_equal(x, X)


def test_an_encoder_that_writes_to_its_output_again():
    buffer = torch.empty(8, 6)

    def encode(x):
        return buffer[: len(x)].copy_(x)

    generator = LatentGenerator(encode).fit(X, batch_size=8)
    assert np.array_equal(generator.latents_, X.numpy())


def test_a_loader_that_reuses_its_memory():
    def batches():
        buffer = np.empty((4, 6), np.float32)
        for part in X.split(4):
            buffer[:] = part
            yield buffer

    assert np.array_equal(fitted(batches()).latents_, X.numpy())


def test_generators_are_used_once():
    once = iter(PARTS)
    generator = fitted(once)
    refused(ValueError, "data has no inputs", lambda: generator.fit(once), generator)


def test_an_error_of_the_data_comes_through():
    def data():
        yield X[:4]
        raise OSError("the tape is torn")

    generator = made().fit(X)
    refused(OSError, "the tape is torn", lambda: generator.fit(data()), generator)
    assert refused(ZeroDivisionError, "", lambda: generator.fit(1 / 0 for _ in "a"), generator)
