"""Splits are disjoint, complete and the same for ever under one seed, and behave as sequences."""

from __future__ import annotations

import numpy as np

from helpers import refused
from test_data_idx import make_mnist
from zbins.data import mnist, npz, partition
from zbins.data._split import permutation

# Of PCG64's words, sorted.
PINNED_8 = [3, 2, 1, 6, 0, 7, 4, 5]
PINNED_MNIST = [53924, 25556, 57691, 20554, 16026, 55372]
PINNED_MOBIUS = [12003, 14296, 13807, 7660]


def test_partition_is_disjoint_complete_and_seeded(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((103, 1, 1), np.uint8), y=np.arange(103))
    split = npz(tmp_path / "a.npz", labels="y")
    for arguments, sizes in (
        ({}, (67, 16, 20)),
        ({"test": 0, "validation": 3}, (100, 3, 0)),
        ({"test": 100, "validation": 2, "seed": (1 << 64) - 1}, (1, 2, 100)),
    ):
        parts = partition(split, **arguments)
        parts = [parts.train, parts.validation, parts.test]
        assert tuple(len(part) for part in parts) == sizes
        assert sorted(np.concatenate([part.labels for part in parts])) == list(range(103))
        again = partition(split, **arguments)
        assert np.array_equal(again.train.labels, parts[0].labels)
    refused(ValueError, ["none of 103"], lambda: partition(split, test=100, validation=3))
    refused(ValueError, ["test is -1"], lambda: partition(split, test=-1))
    refused(TypeError, ["test is True"], lambda: partition(split, test=True))
    refused(TypeError, ["ndarray"], lambda: partition(np.zeros(3)))
    nested = partition(partition(split).train, seed=1)
    assert set(nested.test.labels) <= set(partition(split).train.labels)


def test_splits_are_those_of_the_paper_and_pinned(tmp_path):
    """Known answers: whoever trained on a split must get the same one from any later version."""
    assert permutation(8, 0).tolist() == PINNED_8
    assert permutation(60_000, 0)[:6].tolist() == PINNED_MNIST
    assert permutation(14_331, 7)[-4:].tolist() == PINNED_MOBIUS
    assert permutation(0, 0).tolist() == []
    np.savez(tmp_path / "a.npz", x=np.zeros((14_331, 1, 1), np.uint8))
    parts = partition(npz(tmp_path / "a.npz"))
    assert [len(p) for p in (parts.train, parts.validation, parts.test)] == [9172, 2293, 2866]


def test_a_split_is_a_sequence(tmp_path):
    data = mnist(make_mnist(tmp_path / "m"))
    test = data.test
    assert np.array_equal(test[-1][0], test[9][0])
    assert [label for _, label in test] == test.labels.tolist()
    assert np.array_equal(test[np.int64(2)][0], test[2][0])
    refused(IndexError, ["10", "-10 to 9"], lambda: test[10])
    refused(IndexError, ["-11"], lambda: test[-11])
    for wrong in (1.0, "1", slice(3), True, None):
        refused(TypeError, ["arrays()"], lambda wrong=wrong: test[wrong])
    images, _ = test.arrays(np.float32)
    assert images.dtype == np.float32
    assert np.array_equal(images[4], test[4][0])
    refused(TypeError, ["float64"], lambda: test.arrays("float64"))
    assert not test.arrays()[0].flags.writeable
    assert repr(test) == "<Split: 10 images of 1x28x28, labelled>"
    ones = data.train.at(data.train.labels == 1)
    assert set(ones.labels) == {1}
    assert np.array_equal(
        ones.arrays()[0], data.train.arrays()[0][np.flatnonzero(data.train.labels == 1)]
    )
