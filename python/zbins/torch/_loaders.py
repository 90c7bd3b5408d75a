"""A loader read beside a training, which must not notice: its batches, and one process' share."""

from __future__ import annotations

import copy
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
)
from torch.utils.data.distributed import DistributedSampler

from .._common.group import Link
from ..distributed.ranks import Alone, gathered_values


def check_loader(loader: object) -> None:
    """Refuse what does not give batches each time it is iterated."""
    accepted = "accepted are None, a DataLoader, and another iterable of batches"
    plain = isinstance(loader, (str, bytes, Mapping, torch.Tensor, np.ndarray))
    if plain or not isinstance(loader, Iterable):
        raise TypeError(f"loader is a {type(loader).__name__}; {accepted}")
    if isinstance(loader, Iterator):
        raise TypeError(
            f"loader is a {type(loader).__name__}, which can be read only once; {accepted}"
        )


class Share:
    """Batches as they are encoded.

    Attributes
    ----------
    empty : bool
        Tells, in the end, that there were none.
    """

    def __init__(self, batches: Iterable[Any], prepare: Callable[[Any], Any]) -> None:
        self._batches, self._prepare = batches, prepare
        self.empty = False

    def __iter__(self) -> Iterator[Any]:
        given = 0
        for batch in self._batches:
            given += 1
            yield self._prepare(batch)
        self.empty = not given

    @property
    def digest(self) -> str | None:
        """Of all batches that were read; None where it was known before that they are alike."""
        return self._batches.digest if isinstance(self._batches, _Every) else None

    def check_alike(self, link: Link | Alone) -> None:
        """Refuse, in every process and in the end, batches that were not read alike by all."""
        _check_digests(link, self.digest, "loader")


def own_share(loader: Any, limit: float) -> Iterable[Any]:
    """Return the first batches of a loader that every process has its own part of."""
    return _first(beside(loader), limit)


def dealt(loader: Any, limit: float, link: Link | Alone) -> Iterable[Any]:
    """Return the batches that are this process' part of a loader that is the same in all.

    Where the data set can be indexed, a batch is read in one process only. A loader in the order of
    its data, shuffled, or already split by a DistributedSampler, is dealt in the order of its data;
    another batch sampler must give the same batches in every process, which is checked. What cannot
    be indexed is read whole by all, each taking its part, and `Share.check_alike` tells in the end
    whether all have read the same.

    Raises
    ------
    ValueError
        If a batch sampler gives other batches elsewhere, in every process.
    """
    if link.size == 1:
        return own_share(loader, limit)
    indexed = isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
    if not indexed or loader.batch_sampler is None:
        return _Every(own_share(loader, limit), link.rank, link.size)
    shadow: Iterable[Any] = beside(loader)
    vars(shadow)["batch_sampler"] = _index_batches(loader.batch_sampler, limit, link)
    return shadow


class _Every:
    """Each n-th batch, for what can only be read from its beginning; `digest` is of all."""

    def __init__(self, batches: Iterable[Any], rank: int, size: int) -> None:
        self._batches, self._rank, self._size = batches, rank, size
        self.digest = ""

    def __iter__(self) -> Iterator[Any]:
        digest = hashlib.sha256()
        for number, batch in enumerate(self._batches):
            _feed(digest, batch)
            if number % self._size == self._rank:
                yield batch
        self.digest = digest.hexdigest()


def _feed(digest: Any, value: Any) -> None:
    """Add a batch to a hash: tensors and arrays as bytes; of objects of other classes the class."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().to_dense().resolve_conj().resolve_neg()
        digest.update(f"{value.dtype}{tuple(value.shape)}".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(value.tobytes())
    elif isinstance(value, Mapping):
        _feed(digest, list(value.items()))
    elif isinstance(value, (list, tuple, np.ndarray)):
        digest.update(f"{type(value).__name__}{len(value)}".encode())
        for part in value:
            _feed(digest, part)
    else:
        plain = isinstance(value, (str, bytes, int, float, complex, np.generic))
        digest.update((repr(value) if plain else type(value).__name__).encode() + b",")


def _check_digests(link: Link | Alone, digest: str | None, what: str) -> None:
    digests = gathered_values(link, digest)
    for rank, found in enumerate(digests):
        if found != digests[0]:
            raise ValueError(
                f"rank 0 gets other batches than rank {rank} from {what}, so that rows would be "
                "lost or doubled; give a loader of the same batches in every process: not shuffled "
                "or split by itself, nor with random changes"
            )


class _InOrder:
    """Some batches of n rows in their order, made as they are read."""

    def __init__(self, n: int, size: int, numbers: range) -> None:
        self._n, self._size, self._numbers = n, size, numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[list[int]]:
        for number in self._numbers:
            begin = number * self._size
            yield list(range(begin, min(begin + self._size, self._n)))


def _index_batches(batch_sampler: Any, limit: float, link: Link | Alone) -> Any:
    """Return what this process reads for each of its batches."""
    own: Any = []
    digest = hashlib.sha256()
    error = None
    try:
        n = _rows_in_any_order(batch_sampler)
        if n is not None:
            size = batch_sampler.batch_size
            n -= n % size if batch_sampler.drop_last else 0
            number = int(min(-(-n // size), limit))
            own = _InOrder(n, size, range(link.rank, number, link.size))
            digest.update(f"{n} in {number} of {size}".encode())
        else:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(0)
                for number, batch in enumerate(_first(batch_sampler, limit)):
                    batch = list(batch)
                    digest.update(repr(batch).encode())
                    if number % link.size == link.rank:
                        own.append(batch)
    except BaseException as found:
        error = found
    link.agree(error)
    what = f"the batch sampler of loader, a {type(batch_sampler).__name__}"
    _check_digests(link, digest.hexdigest(), what)
    return own


def _rows_in_any_order(batch_sampler: Any) -> int | None:
    """Return how many rows are read, if it is the first ones, each once and in whatever order."""
    if type(batch_sampler) is not BatchSampler:
        return None
    sampler: Any = batch_sampler.sampler
    if type(sampler) is DistributedSampler:
        return len(sampler.dataset)
    if type(sampler) not in (SequentialSampler, RandomSampler):
        return None
    n = len(sampler.data_source)
    if type(sampler) is RandomSampler and (sampler.replacement or sampler.num_samples != n):
        return None
    return n


def _first(batches: Iterable[Any], limit: float) -> Iterable[Any]:
    return batches if limit == float("inf") else _First(batches, int(limit))


class _First:
    """The first batches of a loader."""

    def __init__(self, batches: Iterable[Any], limit: int) -> None:
        self._batches, self._limit = batches, limit

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(self._batches, self._limit)


def beside(loader: Any) -> Any:
    """Return a loader of the same batches with workers of its own.

    Workers that persist belong to the training: they would be told to begin again.
    """
    if not isinstance(loader, DataLoader):
        return loader
    shadow = copy.copy(loader)
    vars(shadow)["_iterator"] = None
    vars(shadow)["persistent_workers"] = False
    return shadow
