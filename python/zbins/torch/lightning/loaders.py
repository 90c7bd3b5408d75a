"""A loader read beside a training, which must not notice: its batches, and one process' share."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import itertools
import random
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

from ..._common.group import Link
from ...distributed.ranks import Alone, gathered_values

# Where a loader, or what it reads from, holds random generators, and what these are.
_WITHIN = ("dataset", "sampler", "batch_sampler")
_KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


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

    def check_alike(self, link: Link | Alone) -> None:
        """Refuse, in every process and in the end, batches that were not read alike by all."""
        # Only of what each has read whole: of all else it was known before.
        digest = self._batches.digest if isinstance(self._batches, _Every) else None
        _check_digests(link, digest, "loader")


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


@contextlib.contextmanager
def undisturbed(*loaders: Any) -> Iterator[None]:
    """Give back the state of random generators in the end: of the global ones, and the loaders'.

    A loader's are found as attributes of it, its samplers, its data set, and the data sets that
    this one wraps as `dataset` or `datasets`; not within other objects (a transform), nor in
    functions. In worker processes there are only copies.
    """
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    plain = random.getstate()
    on_cuda = torch.cuda.get_rng_state_all() if cuda else []
    shared = [torch.default_generator, np.random.mtrand._rand]
    states = [(one, _state(one)) for one in (*shared, *_generators(loaders))]
    try:
        yield
    finally:
        random.setstate(plain)
        torch.cuda.set_rng_state_all(on_cuda)
        for generator, state in states:
            _set_state(generator, state)


def _generators(loaders: Iterable[Any]) -> list[Any]:
    """Return the generators that loaders hold, and what they read from, however it is wrapped."""
    found: dict[int, Any] = {}
    seen: dict[int, Any] = {}
    left = list(loaders)
    while left:
        part = left.pop()
        if part is None or id(part) in seen:
            continue
        seen[id(part)] = part
        for value in getattr(part, "__dict__", {}).values():
            if isinstance(value, _KINDS):
                found[id(value)] = value
        left += [getattr(part, name, None) for name in _WITHIN]
        several = getattr(part, "datasets", None)  # of ConcatDataset, StackDataset
        if isinstance(several, Mapping):
            left += several.values()
        elif isinstance(several, (list, tuple)):
            left += several
    return list(found.values())


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return copy.deepcopy(generator.bit_generator.state)
    if isinstance(generator, random.Random):
        return generator.getstate()
    return generator.get_state()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, random.Random):
        generator.setstate(state)
    else:
        generator.set_state(state)
