"""`fit_across`: one fit over the rows of all processes of a torch.distributed group.

Every process tells the others the range of its rows, then all make the same grid, count their own
rows on it, and add the models (`PMFSampler.all_reduce`). Only ranges and models travel, as plain
tensors. Of what is wrong, what all can see is raised alike in all; what one alone can see is its
own error there, and told in the others, so that nobody waits for it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from .._common.arrays import is_tensor
from .._common.exclusive import exclusive
from .._common.group import Link
from .._common.threads import n_threads, strictly
from .._device.backend import Grid, Labels, Rows
from .._device.border import as_labels, as_latents
from .._device.host import HOSTS
from .._types import Array
from ..pmf.count import counted
from ..pmf.file import plain_parameters
from ..pmf.grid import Settings
from ..pmf.merge import check_labelling
from ..pmf.model import Model, check_something_fitted
from ..pmf.sampler import PMFSampler, check_pmf, model_of, publish

CALL = "fit_across"


def fit_across(sampler: PMFSampler, X: Any, y: Any = None, *, group: Any = None) -> PMFSampler:
    """Fit a sampler to the rows of all processes of a torch.distributed group.

    Every process calls it, as any collective, with its own rows, and ends with the same model:
    that of ``sampler.fit`` on the rows of all together, bit for bit.

    Parameters
    ----------
    sampler : PMFSampler
        With the same `n_bins`, `bounds` and `out_of_range` in all; what it was fitted on before is
        forgotten.
    X : array-like or torch.Tensor of shape (n_samples, n_features)
        Latents of this process; may have no rows (nor columns then).
    y : array-like of shape (n_samples,), default=None
        Their labels, in all processes with rows or in none.
    group : torch.distributed.ProcessGroup, default=None
        None: all processes. Without an initialised group, or in a group of one, it is `fit`.

    Returns
    -------
    sampler : PMFSampler
        The same, fitted. If anything is raised, every process raises and is as it was.

    Raises
    ------
    ValueError, TypeError
        As `PMFSampler.fit`, for what is wrong with the rows of this process (rows are counted
        here); the same in every process if none has rows, all rows are ignored, or processes
        differ in columns, dtype, labels or parameters; for bounds that are quantiles, which need
        all rows at once.
    RuntimeError
        If another process failed (naming its rank), or this one is no member of the group.

    Examples
    --------
    >>> import numpy as np, zbins
    >>> from zbins.torch import fit_across
    >>> fit_across(zbins.PMFSampler(8), np.eye(4)).n_samples_seen_  # of all processes
    4
    """
    link = linked(group)
    try:
        fit_linked(sampler, X, y, link)
    except BaseException as error:
        if not link.met:  # the others wait, and must know
            link.agree(error)
        raise
    return sampler


class Alone:
    """The link of a process with itself."""

    rank, size, met = 0, 1, True

    def gathered(self, data: bytes) -> list[bytes]:
        """Return the bytes of every process."""
        return [data]

    def agree(self, error: BaseException | None) -> None:
        """Raise in every process if one has an error."""
        if error is not None:
            raise error


def linked(group: Any = None, call: str = CALL) -> Link | Alone:
    """Return the link of this process to those of a group."""
    import torch.distributed as dist

    if not (dist.is_available() and dist.is_initialized()):
        return Alone()
    link = Link(group, call)
    return link if link.size > 1 else Alone()


def gathered_values(link: Link | Alone, value: Any) -> list[Any]:
    """Return the JSON value of every process, in the order of ranks."""
    return [json.loads(text) for text in link.gathered(json.dumps(value).encode())]


def check_mergeable(sampler: Any) -> None:
    """Refuse what cannot be fitted over several processes: quantiles need all rows at once."""
    settings = Settings.of(sampler)
    if settings.bounds is not None and not settings.fixed:
        raise ValueError(
            f"bounds is {settings.bounds!r}, but quantiles need all rows at once, which lie in "
            "several processes; give bounds=None or bounds=(lower, upper)"
        )


def fit_linked(sampler: Any, X: Any, y: Any, link: Link | Alone) -> None:
    """Fit a sampler over the processes of a link; see `fit_across`."""
    check_pmf(sampler)
    if isinstance(link, Alone):
        sampler.fit(X, y)
    else:
        _fit(sampler, X, y, link)


class _Own(NamedTuple):
    """The rows of this process, checked; None where it has none."""

    rows: Rows | None = None
    labels: Labels | None = None
    kind: str = "numpy"
    range: tuple[Array, Array] | None = None
    columns: int | None = None


@exclusive
def _fit(sampler: Any, X: Any, y: Any, link: Link) -> None:
    own, error = _Own(), None
    try:
        check_mergeable(sampler)
        settings = Settings.of(sampler)
        own = _own(sampler, X, y, settings)
    except BaseException as found:
        error = found
    link.agree(error)
    heads = gathered_values(link, _described(sampler, own))
    whole = _without_rows(settings, heads)

    model = None
    try:
        model = _counted(settings, own, whole, heads)
    except BaseException as found:
        error = found
    link.agree(None if isinstance(error, _ElsewhereError) else error)
    if isinstance(error, _ElsewhereError):
        raise error.same_in_all from None

    part = PMFSampler(n_jobs=sampler.n_jobs)
    assert model is not None
    publish(part, model)
    part.all_reduce(link.group)
    merged = model_of(part)
    check_something_fitted(merged)
    publish(sampler, merged)


def _own(sampler: Any, X: Any, y: Any, settings: Settings) -> _Own:
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2 and shape[0] == 0:
        kind = "torch" if is_tensor(X) else "numpy"
        if not shape[1]:  # a process that got nothing may not know
            return _Own(kind=kind)
        none = as_latents(X, type(sampler).__name__, min_rows=0)
        return _Own(kind=none.backend.kind, columns=shape[1])
    rows = as_latents(X, type(sampler).__name__)
    labels = None if y is None else as_labels(y, len(rows))
    low, high = rows.bounds(n_threads(settings.n_jobs, rows.nbytes))
    return _Own(rows, labels, rows.backend.kind, (low, high), rows.shape[1])


@strictly
def _described(sampler: Any, own: _Own) -> dict[str, Any]:
    """Return what the others must know, as JSON values."""
    head: dict[str, Any] = {"parameters": plain_parameters(sampler), "columns": own.columns}
    if own.range is not None:
        head |= {
            "dtype": own.range[0].dtype.name,
            "labelled": own.labels is not None,
            "range": [side.tolist() for side in own.range],
        }
    return head


def _without_rows(settings: Settings, heads: list[dict[str, Any]]) -> Model:
    """Return the model without rows on the grid of all processes, the same in each.

    For bounds that are numbers, the grid as it is before it grows.
    """
    _check_alike("parameters", "n_bins, bounds and out_of_range are", heads)
    _check_alike("columns", "the columns of X are", heads)
    _check_alike("dtype", "the rows are", heads)
    found = {rank: head for rank, head in enumerate(heads) if "range" in head}
    if not found:
        raise ValueError(f"none of the {len(heads)} processes has rows; at least one is needed")
    first, *others = found
    for rank in others:
        try:
            check_labelling(found[first]["labelled"], found[rank]["labelled"])
        except ValueError as error:
            raise ValueError(f"ranks {first} and {rank}: {error}") from error
    low, high = _range(heads)
    grid = settings.grid(None, low, high)
    return Model(grid, (), 0, found[first]["labelled"], HOSTS["numpy"], None)


def _check_alike(name: str, what: str, heads: list[dict[str, Any]]) -> None:
    """Refuse processes that differ in an entry, as far as they have it."""
    known = {rank: head[name] for rank, head in enumerate(heads) if head.get(name) is not None}
    first = next(iter(known), 0)
    for rank, value in known.items():
        if value != known[first]:
            raise ValueError(
                f"ranks {first} and {rank}: {what} {known[first]} in one and {value} in the other; "
                "they must be the same in every process"
            )


@strictly
def _range(heads: list[dict[str, Any]]) -> tuple[Array, Array]:
    """Return minimum and maximum of the rows of all processes."""
    ranges = [head for head in heads if "range" in head]
    lows, highs = (
        np.array([head["range"][side] for head in ranges], ranges[0]["dtype"]) for side in (0, 1)
    )
    return lows.min(axis=0), highs.max(axis=0)


def _counted(settings: Settings, own: _Own, whole: Model, heads: list[dict[str, Any]]) -> Model:
    """Return the model of this process' rows, on the grid of all rows."""
    low, high = _range(heads)
    grid = whole.grid
    if settings.out_of_range == "grow" and not grid.spans(low, high):
        grid = _grown(grid, low, high, own)
    if own.rows is None or own.range is None:
        return whole.on_grid(grid).returning(own.kind)
    threads = n_threads(settings.n_jobs, own.rows.nbytes)
    names = own.rows.feature_names
    return counted(settings, grid, own.rows, own.labels, *own.range, threads, names)


class _ElsewhereError(Exception):
    """What is wrong with rows of other processes, one of which may say so itself, with the row."""

    def __init__(self, same_in_all: ValueError) -> None:
        super().__init__()
        self.same_in_all = same_in_all


def _grown(grid: Grid, low: Array, high: Array, own: _Own) -> Grid:
    """Return the grid grown over all rows; only who has a row that is too far out can name it."""
    try:
        wider: Grid = grid.grown(low, high, None)
        return wider
    except ValueError as error:
        refusal = error
    if own.rows is not None and own.range is not None:
        own.rows.grown(grid, *own.range)
    raise _ElsewhereError(refusal)
