"""A loader dealt to several processes: no row is lost or doubled, and each reads only its own."""

from __future__ import annotations

import copy
import itertools
import types

import numpy as np
import pytest
import torch
from torch.utils.data import (
    BatchSampler,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
)

from zbins.torch._loaders import Share, dealt
from zbins.torch._ranks import Alone
from zbins.torch._undisturbed import undisturbed

N = 23


class _Link(Alone):
    """As of one of several processes that all do the same."""

    def __init__(self, rank, size):
        self.rank, self.size, self.agreed = rank, size, []

    def gathered(self, data):
        return [data] * self.size

    def agree(self, error):
        self.agreed.append(error)
        super().agree(error)


class _Differs(_Link):
    """As of one of two processes that say something else."""

    def gathered(self, data):
        return [data, b'"another"']


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


def _chosen(sampler):
    return DataLoader(_Rows(), batch_sampler=BatchSampler(sampler, 5, drop_last=False))


@pytest.mark.parametrize(
    "sampler",
    [
        torch.utils.data.SubsetRandomSampler(range(10)),
        torch.utils.data.SequentialSampler(range(10)),
        torch.utils.data.RandomSampler(range(10)),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_a_batch_sampler_over_a_part_of_the_data(sampler):
    given = _given(_chosen(sampler), 2)
    assert sorted(itertools.chain(*given)) == list(range(10))
    assert [len(one) for one in given] == [5, 5]


class _Vast(_Rows):
    def __len__(self):
        return 10**9


def test_the_limit_is_met_before_indices_are_made():
    data = DataLoader(_Vast(), batch_size=1)
    assert _given(data, 2, 3) == [[0, 2], [1]]
    share = dealt(data, float("inf"), _Link(1, 2))
    assert next(iter(share)).tolist() == [1]
    read = []

    class Endless(BatchSampler):
        def __iter__(self):
            for i in itertools.count():
                read.append(i)
                yield [i % N]

    data = DataLoader(_Rows(), batch_sampler=Endless(range(N), 1, drop_last=False))
    assert _given(data, 2, 3) == [[0, 2], [1]]
    assert read == [0, 1, 2] * 2


@pytest.mark.parametrize("kind", [KeyError, KeyboardInterrupt])
def test_a_sampler_that_fails_is_told_to_all(kind):
    class Fails(_EveryThird):
        def __iter__(self):
            raise kind

    link = _Link(0, 2)
    with pytest.raises(kind):
        dealt(DataLoader(_Rows(), batch_size=4, sampler=Fails()), float("inf"), link)
    assert [type(error) for error in link.agreed] == [kind]


@pytest.mark.parametrize("limit", [float("inf"), 3])
def test_what_cannot_be_indexed_must_be_read_alike_by_all(limit):
    def digest(order, rank=0):
        batches = [{"x": (torch.tensor([float(i)]), f"name {i}", np.array(i))} for i in order]
        share = Share(dealt(batches, limit, _Link(rank, 2)), lambda batch: batch)
        list(share)
        return share.digest

    assert digest([1, 2, 3], 0) == digest([1, 2, 3], 1)
    assert len({digest(order) for order in ([1, 2, 3], [1, 3, 2], [1, 2], [1, 2, 2], [])}) == 5
    share = Share(dealt(list(torch.arange(9).split(2)), limit, _Link(0, 2)), lambda batch: batch)
    list(share)
    share.check_alike(_Link(0, 2))
    with pytest.raises(ValueError, match=r"rank 0 gets other batches than rank 1 .* doubled"):
        share.check_alike(_Differs(0, 2))
    alone = Share(dealt([1], limit, Alone()), lambda batch: batch)
    list(alone)
    alone.check_alike(Alone())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (torch.arange(4), torch.arange(4).reshape(2, 2)),
        (torch.tensor(1.0), torch.tensor(1)),
        (torch.tensor([1.0], dtype=torch.bfloat16), torch.tensor([2.0], dtype=torch.bfloat16)),
        (torch.arange(6).reshape(2, 3).T, torch.arange(6).reshape(3, 2)),
        ([torch.zeros(2), "a"], [torch.zeros(2), "b"]),
        ({"a": 1}, {"b": 1}),
        (np.array(["a"], object), np.array(["b"], object)),
        (torch.tensor([0.0, 1]).to_sparse(), torch.tensor([1.0, 0]).to_sparse()),
    ],
)
def test_digests_of_batches(one, other):
    def digest(batch):
        share = Share(dealt([batch], float("inf"), _Link(0, 2)), lambda batch: batch)
        list(share)
        return share.digest

    assert digest(one) == digest(copy.deepcopy(one)) != digest(other)


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
    data = DataLoader(_Rows(), batch_size=4, sampler=_EveryThird())
    with pytest.raises(ValueError, match=r"rank 0 gets other batches than rank 1 .* not shuffled"):
        dealt(data, float("inf"), _Differs(0, 2))


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


def _holds(**parts):
    return types.SimpleNamespace(**parts)


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda own: Subset(_held(own), range(3)),
        lambda own: ConcatDataset([_Rows(), _held(own)]),
        lambda own: Subset(ConcatDataset([Subset(_held(own), range(3))]), [0]),
        lambda own: _holds(datasets={"a": _held(own)}),
    ],
    ids=["subset", "joined", "nested", "dictionary"],
)
def test_generators_within_wrapped_data(wrapped):
    own = np.random.default_rng(0)
    data = wrapped(own)
    with undisturbed(_holds(dataset=data)):
        first = own.random()
    assert own.random() == first


def _held(own):
    rows = _Rows()
    rows.own, rows.dataset = own, rows  # it holds itself
    return rows


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
