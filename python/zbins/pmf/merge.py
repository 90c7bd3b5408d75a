"""When two models can be added, and on which grid."""

from __future__ import annotations

import numpy as np

from .. import _core
from .._common.threads import strictly
from .._device.backend import Grid
from .model import Model


def check_labelling(before: bool, now: bool) -> None:
    """Refuse rows with labels beside rows without."""
    if before != now:
        words = {True: "with labels", False: "without labels"}
        raise ValueError(
            f"these rows come {words[now]}, but those before came {words[before]}; the two do not "
            "mix"
        )


def check_place(mine: Model, theirs: Model) -> None:
    """Refuse models that are not both on the host, or on one device."""
    a, b = mine.backend.place, theirs.backend.place
    if a != b:
        raise ValueError(
            f"cannot merge: one sampler is on {a} and the other on {b}; move one with .to(device)"
        )


@strictly
def united_grid(mine: Model, theirs: Model) -> Grid:
    """Return the smallest grid that holds both, or say why there is none."""
    a, b = mine.grid, theirs.grid
    if a.d != b.d:
        raise ValueError(f"cannot merge: the samplers have {a.d} and {b.d} columns")
    if mine.dtype != theirs.dtype:
        raise ValueError(f"cannot merge: the samplers are {mine.dtype} and {theirs.dtype}")
    if not a.same_lattice(b):
        differs = (a.origin != b.origin) | (a.top != b.top) | (a.k != b.k)
        j = int(np.flatnonzero(differs)[0])
        raise ValueError(
            f"cannot merge: column {j} has {a.k[j]} bins over [{a.origin[j]}, {a.top[j]}] in one "
            f"sampler and {b.k[j]} over [{b.origin[j]}, {b.top[j]}] in the other; give both the "
            "same bounds= and n_bins="
        )
    names, others = mine.feature_names, theirs.feature_names
    if names is not None and others is not None and list(names) != list(others):
        j = int(np.flatnonzero(names != others)[0])
        raise ValueError(
            f"cannot merge: the feature names of column {j} are {names[j]!r} and {others[j]!r}"
        )
    first = np.minimum(a.first_bin, b.first_bin)
    n_bins = np.maximum(a.first_bin + a.n_bins, b.first_bin + b.n_bins) - first
    if (n_bins > _core.max_bins).any():
        j = int(np.flatnonzero(n_bins > _core.max_bins)[0])
        raise ValueError(
            f"cannot merge: column {j} would have {n_bins[j]} bins, more than {_core.max_bins}"
        )
    grid: Grid = a.with_extents(first, n_bins)
    return grid
