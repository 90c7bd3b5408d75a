"""`all_reduce`: the models of all processes of a torch.distributed group, merged in each.

First every process tells the others what its model is, without the rows. All judge the same list,
so all go on or all raise the same. Then each broadcasts its codes and counts in turn, as one plain
tensor (nothing is unpickled), and all add them in the order of ranks: at no time does a process
hold more than one model of another, beside the sum. What fails in one process alone is kept until
the broadcasts are over and told then, so that nobody waits for it.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

import numpy as np
from safetensors.numpy import load, save
from sklearn.exceptions import NotFittedError

from .._common.exclusive import exclusive
from .._common.group import Link
from .._common.labels import kind_of
from .._common.threads import n_threads, strictly
from .._device.border import backend_of
from .._types import Array
from .grid import make_grid
from .merge import check_labelling, united_grid
from .model import Model


def all_reduce(sampler: Any, group: Any) -> None:
    """Give all processes of the group the sum of their models; see `PMFSampler.all_reduce`."""
    link = Link(group)
    try:
        _all_reduce(sampler, link)
    except BaseException as error:
        if not link.met:  # the others wait, and must know
            link.agree(error)
        raise


@exclusive
def _all_reduce(sampler: Any, link: Link) -> None:
    threads = n_threads(sampler.n_jobs, 1 << 40)
    own: Model | None = sampler._model
    mine = None if own is None else own.returning(own.backend.host_kind)  # as bytes it is exchanged
    head: dict[str, Any] = {}
    payload = bytearray()
    if mine is not None:
        if mine.n_seen:
            mine.ordered(threads)
            payload = bytearray(save(mine.to_arrays()))
        head = _described(mine) | {"bytes": len(payload)}
    link.agree(None)
    heads = [json.loads(text) for text in link.gathered(json.dumps(head).encode())]
    fitted = {rank: found for rank, found in enumerate(heads) if found}
    outline = _united(fitted, len(heads))

    kept = _Kept()
    buffer: Any = None
    with kept:
        buffer = link.buffer(max(found["bytes"] for found in fitted.values()))
    link.agree(kept.error)

    whole = outline
    for rank, found in fitted.items():
        view = buffer[: found["bytes"]]
        if len(view):
            link.broadcast(view, rank, payload)
            if rank == link.rank:
                payload = bytearray()
        if kept.error is None:
            with kept:
                part = mine if rank == link.rank else _received(view, found)
                assert part is not None
                whole = whole.extended(part.on_grid(outline.grid), threads)
    if kept.error is None:
        with kept:
            whole = (whole if own is None else whole.returning(own.kind)).finished(threads)
    link.agree(kept.error)
    sampler._model = whole


class _Kept:
    """Keeps the error of a block for later, so that this process goes on with the others."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        self.error = error
        return True


_GRID = ("origin", "top", "k", "first_bin", "n_bins")


@strictly
def _described(model: Model) -> dict[str, Any]:
    """Return all of a model but its rows, as JSON values."""
    classes, names = model.classes, model.feature_names
    return {
        "dtype": model.dtype.name,
        **{name: getattr(model.grid, name).tolist() for name in _GRID},
        "rows": model.n_seen,
        "n_ignored": model.n_ignored,
        "labelled": model.labelled,
        "classes": None if classes is None else classes.tolist(),
        "class_type": None if classes is None else classes.dtype.str,
        "kind": model.kind,
        "feature_names": None if names is None else [str(name) for name in names],
    }


@strictly
def _outline(head: dict[str, Any]) -> Model:
    """Return the model that was described, without its rows, those ignored too."""
    arrays = [np.array(head[name], head["dtype"]) for name in _GRID[:2]]
    arrays += [np.array(head[name], np.int32) for name in _GRID[2:]]
    grid = make_grid(*arrays[:3]).with_extents(*arrays[3:])
    names = head["feature_names"]
    names = None if names is None else np.array(names, object)
    return Model(grid, (), 0, head["labelled"], backend_of(head["kind"]), names)


def _classes(head: dict[str, Any]) -> Array | None:
    return None if head["classes"] is None else np.array(head["classes"], head["class_type"])


def _united(fitted: dict[int, dict[str, Any]], size: int) -> Model:
    """Return a model without rows that all can be added to, or say why there is none.

    What is raised is the same in every process.
    """
    if not fitted:
        raise NotFittedError(
            f"none of the {size} processes is fitted; one must be, before all call all_reduce"
        )
    rows = sum(head["rows"] for head in fitted.values())
    if rows >= 1 << 63:
        raise ValueError(f"{rows} rows together; a model counts at most 2**63 - 1")
    first, *others = fitted
    whole = _outline(fitted[first])
    for rank in others:
        outline = _outline(fitted[rank])
        try:
            check_labelling(whole.labelled, outline.labelled)
            grid = united_grid(whole, outline)
        except ValueError as error:
            raise ValueError(f"ranks {first} and {rank}: {error}") from error
        names = outline.feature_names if whole.feature_names is None else whole.feature_names
        whole = Model(grid, (), 0, whole.labelled, whole.backend, names)
    kinds: dict[str, int] = {}
    for rank, head in fitted.items():
        classes = _classes(head)
        if classes is not None and len(classes):
            kinds.setdefault(kind_of(classes), rank)
    if len(kinds) > 1:
        (one, a), (other, b) = list(kinds.items())[:2]
        raise TypeError(f"ranks {a} and {b}: the labels are {one} and {other}")
    return whole


def _received(view: Any, head: dict[str, Any]) -> Model:
    """Return the model of another process from its bytes and its description."""
    if not len(view):
        model = _outline(head)
        model.n_ignored = head["n_ignored"]
        return model
    arrays = load(view.cpu().numpy().tobytes())
    return Model.from_arrays(arrays, _classes(head), head["n_ignored"], head["kind"], None)
