"""A loader dealt to several processes: no row is lost or doubled, and each reads only its own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from zbins.torch._loaders import Share, dealt, undisturbed
from zbins.torch._ranks import Alone

N = 23


class _Link(Alone):
    """As of one of several processes that all do the same."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def gathered(self, data):
        return [data] * self.size


class _Rows(Dataset):
    def __init__(self):
        self.read = []

    def __len__(self):
        return N

    def __getitem__(self, i):
        self.read.append(i)
        return torch.tensor(i)


class _Stream(IterableDataset):
    def __iter__(self):
        return iter(torch.arange(N))


class _EveryThird(torch.utils.data.Sampler):
    """A sampler of the user's, which shuffles by torch's global generator."""

    def __iter__(self):
        return iter((3 * torch.randperm(N // 3)).tolist())

    def __len__(self):
        return N // 3


def _given(data, size, limit=float("inf")):
    return [
        [row for batch in dealt(data, limit, _Link(rank, size)) for row in batch.tolist()]
        for rank in range(size)
    ]


@pytest.mark.parametrize("size", [2, 3, 30])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": True},
        {"shuffle": True, "generator": torch.Generator()},
        {"sampler": torch.utils.data.SubsetRandomSampler(range(N))},
        {"num_workers": 1, "persistent_workers": True},
    ],
    ids=["plain", "shuffled", "generator", "subset", "workers"],
)
def test_every_row_goes_to_one_process(options, size):
    if options.get("num_workers"):
        size = 2  # else too many processes are started
    rows = _Rows()
    given = _given(DataLoader(rows, batch_size=4, **options), size)
    assert sorted(itertools.chain(*given)) == list(range(N))
    assert max(map(len, given)) - min(map(len, given)) <= 4
    if not options.get("num_workers"):
        assert sorted(rows.read) == list(range(N))


def test_what_was_split_already_is_dealt_whole():
    for rank in (0, 1):
        sampler = torch.utils.data.DistributedSampler(_Rows(), num_replicas=2, rank=rank)
        given = _given(DataLoader(_Rows(), batch_size=4, sampler=sampler), 2)
        assert sorted(itertools.chain(*given)) == list(range(N))


def test_what_cannot_be_indexed():
    for data in (DataLoader(_Stream(), batch_size=4), list(torch.arange(N).split(4))):
        given = _given(data, 2)
        assert sorted(itertools.chain(*given)) == list(range(N))
        assert sorted(itertools.chain(*_given(data, 2, 3))) == list(range(12))


def test_a_sampler_of_the_users_and_the_first_batches():
    data = DataLoader(_Rows(), batch_size=2, sampler=_EveryThird())
    before = torch.get_rng_state()
    dealt(data, float("inf"), _Link(0, 2))
    assert torch.equal(torch.get_rng_state(), before)
    assert sorted(itertools.chain(*_given(data, 2))) == list(range(0, 21, 3))
    assert len(list(itertools.chain(*_given(data, 3, 2)))) == 4
    assert _given(DataLoader(_Rows(), batch_size=4), 2, 3) == [
        [0, 1, 2, 3, 8, 9, 10, 11],
        [4, 5, 6, 7],
    ]
    data = DataLoader(_Rows(), batch_size=4, drop_last=True)
    assert sorted(itertools.chain(*_given(data, 2))) == list(range(20))


def test_an_order_that_differs_is_refused():
    class Differs(_Link):
        def gathered(self, data):
            return [data, b'"another"']

    data = DataLoader(_Rows(), batch_size=4, sampler=_EveryThird())
    with pytest.raises(ValueError, match=r"gives other batches in rank 0 than in rank 1, so that"):
        dealt(data, float("inf"), Differs(0, 2))


def test_generators_get_their_state_back():
    import random

    data = DataLoader(_Rows(), shuffle=True, generator=torch.Generator())
    data.dataset.own = np.random.default_rng(0)

    def drawn():
        return (
            torch.rand(3).tolist(),
            np.random.rand(3).tolist(),  # noqa: NPY002
            random.random(),
            torch.rand(3, generator=data.generator).tolist(),
            data.dataset.own.random(),
            [batch.tolist() for batch in data],
        )

    with undisturbed(data):
        first = drawn()
    again = []
    with pytest.raises(KeyError), undisturbed(data):  # noqa: PT012
        again = drawn()
        raise KeyError
    assert again == first
    assert drawn() == first
    assert drawn() != first


def test_a_share_without_batches_is_told_from_one_that_fails():
    def fails():
        raise OSError("no such file")
        yield

    for batches, empty in (([], True), ([1, 2], False)):
        share = Share(batches, lambda batch: batch + 1)
        assert list(share) == [batch + 1 for batch in batches]
        assert share.empty is empty
    share = Share(fails(), lambda batch: batch)
    with pytest.raises(OSError, match="no such file"):
        list(share)
    assert not share.empty
