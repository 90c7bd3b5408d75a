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
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, SequentialSampler
from torch.utils.data.distributed import DistributedSampler

from .._distributed import Link
from ._ranks import Alone, gathered_values


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
    """Batches as they are encoded; `empty` tells, in the end, that there were none."""

    def __init__(self, batches: Iterable[Any], prepare: Callable[[Any], Any]) -> None:
        self._batches, self._prepare = batches, prepare
        self.empty = False

    def __iter__(self) -> Iterator[Any]:
        given = 0
        for batch in self._batches:
            given += 1
            yield self._prepare(batch)
        self.empty = not given


def own_share(loader: Any, limit: float) -> Iterable[Any]:
    """Return the first batches of a loader that every process has its own part of."""
    return _first(beside(loader), limit)


def dealt(loader: Any, limit: float, link: Link | Alone) -> Iterable[Any]:
    """Return the batches that are this process' part of a loader that is the same in all.

    Every batch is read in one process, and only there where the data set can be indexed. A loader
    in the order of its data, shuffled, or already split by a DistributedSampler, is dealt in the
    order of its data; another must give the same order in every process, which is checked.

    Raises
    ------
    ValueError
        If it does not, in every process.
    """
    if link.size == 1:
        return own_share(loader, limit)
    indexed = isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
    if not indexed or loader.batch_sampler is None:
        return _Every(own_share(loader, limit), link.rank, link.size)
    batches = _index_batches(loader, limit, link)
    shadow: Iterable[Any] = beside(loader)
    vars(shadow)["batch_sampler"] = batches[link.rank :: link.size]
    return shadow


class _Every:
    """Each n-th batch, for what can only be read from its beginning."""

    def __init__(self, batches: Iterable[Any], rank: int, size: int) -> None:
        self._batches, self._rank, self._size = batches, rank, size

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(self._batches, self._rank, None, self._size)


def _index_batches(loader: Any, limit: float, link: Link | Alone) -> list[Any]:
    """Return what the loader reads for every batch, the same in all processes."""
    batches: list[Any] = []
    error = None
    try:
        sampler = loader.sampler
        whole = type(sampler) in (SequentialSampler, DistributedSampler)
        if type(sampler) is RandomSampler:
            whole = not sampler.replacement and sampler.num_samples == len(loader.dataset)
        if whole and type(loader.batch_sampler) is torch.utils.data.BatchSampler:
            n, size = len(loader.dataset), loader.batch_sampler.batch_size
            stop = n - n % size if loader.batch_sampler.drop_last else n
            batches = [
                list(range(begin, min(begin + size, stop))) for begin in range(0, stop, size)
            ]
        else:
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(0)
                batches = [list(batch) for batch in _first(loader.batch_sampler, limit)]
        batches = list(_first(batches, limit))
    except Exception as found:
        error = found
    link.agree(error)
    digests = gathered_values(link, hashlib.sha256(repr(batches).encode()).hexdigest())
    for rank, digest in enumerate(digests):
        if digest != digests[0]:
            raise ValueError(
                f"the batch sampler of loader, a {type(loader.batch_sampler).__name__}, gives "
                f"other batches in rank 0 than in rank {rank}, so that rows would be lost or "
                "doubled; give a loader that is not shuffled"
            )
    return batches


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
    """Give back the state of all random generators in the end: global ones, and the loaders'."""
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


_KINDS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


def _generators(loaders: Iterable[Any]) -> list[Any]:
    """Return the generators that loaders, their samplers and data sets hold."""
    found: dict[int, Any] = {}
    for loader in loaders:
        parts = [loader]
        for name in ("dataset", "sampler", "batch_sampler"):
            part = getattr(loader, name, None)
            parts += [part, getattr(part, "sampler", None)]
        for part in parts:
            for value in getattr(part, "__dict__", {}).values():
                if isinstance(value, _KINDS):
                    found[id(value)] = value
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
