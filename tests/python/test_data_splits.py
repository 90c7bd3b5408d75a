"""Splits are disjoint, complete and the same for ever under one seed, and behave as sequences."""

from __future__ import annotations

import numpy as np
import pytest

from data_helpers import each, make_mnist
from zbins.data import mnist, npz, partition


def numbered(folder, n):
    """A split of n images whose labels are their numbers."""
    np.savez(folder / "n.npz", x=np.zeros((n, 1, 1), np.uint8), y=np.arange(n))
    return npz(folder / "n.npz", labels="y")


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        ({}, [67, 16, 20]),
        ({"test": 0, "validation": 3}, [100, 3, 0]),
        ({"test": 100, "validation": 2, "seed": (1 << 64) - 1}, [1, 2, 100]),
    ],
)
def test_partition_is_disjoint_complete_and_seeded(tmp_path, arguments, sizes):
    split = numbered(tmp_path, 103)
    parts = each(partition(split, **arguments))
    assert [len(part) for part in parts] == sizes
    assert sorted(np.concatenate([part.labels for part in parts])) == list(range(103))
    again = each(partition(split, **arguments))
    assert all(np.array_equal(a.labels, b.labels) for a, b in zip(again, parts, strict=True))
    nested = partition(partition(split).train, seed=1)
    assert set(nested.test.labels) <= set(partition(split).train.labels)


@pytest.mark.parametrize(
    ("n", "seed", "first", "last"),
    [
        (8, 0, [3, 2, 1, 6], [0, 7, 4, 5]),
        (60_000, 0, [53924, 25556, 57691, 20554, 16026, 55372], []),
        (14_331, 7, [], [12003, 14296, 13807, 7660]),
    ],
)
def test_orders_are_pinned(tmp_path, n, seed, first, last):
    """Known answers, the words of PCG64 sorted: a split must be the same in any later version."""
    parts = partition(numbered(tmp_path, n), test=len(first), validation=0, seed=seed)
    assert parts.test.labels.tolist() == first
    assert parts.train.labels[n - len(first) - len(last) :].tolist() == last


def test_sizes_of_the_paper_for_mobius(tmp_path):
    assert [len(part) for part in each(partition(numbered(tmp_path, 14_331)))] == [9172, 2293, 2866]


def test_a_split_is_a_sequence(tmp_path):
    data = mnist(make_mnist(tmp_path / "m"))
    test = data.test
    assert np.array_equal(test[-1][0], test[9][0])
    assert [label for _, label in test] == test.labels.tolist()
    assert np.array_equal(test[np.int64(2)][0], test[2][0])
    images, _ = test.arrays(np.float32)
    assert images.dtype == np.float32
    assert np.array_equal(images[4], test[4][0])
    assert not test.arrays()[0].flags.writeable
    assert repr(test) == "<Split: 10 images of 1x28x28, labelled>"
    is_one = data.train.labels == 1
    ones = data.train.at(is_one)
    assert set(ones.labels) == {1}
    assert np.array_equal(ones.arrays()[0], data.train.arrays()[0][is_one])
