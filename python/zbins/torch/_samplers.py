"""Any object with `fit` and `sample`, behind the same two calls."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import sklearn.base
import torch

from .._device.border import as_latents
from .._types import Array
from ..pmf.sampler import PMFSampler
from ..protocol import accepts, draw


def check_sampler(sampler: object) -> Any:
    """Return a sampler, PMFSampler for None, or refuse what is none."""
    if sampler is None:
        return PMFSampler()
    if isinstance(sampler, type):
        raise TypeError(
            f"sampler is the class {sampler.__name__}; accepted is an object, as "
            f"{sampler.__name__}()"
        )
    missing = [name for name in ("fit", "sample") if not callable(getattr(sampler, name, None))]
    if missing:
        raise TypeError(
            f"sampler is a {type(sampler).__name__} without {' and '.join(missing)}; accepted is "
            "an object with fit(X) and sample(n), as PMFSampler and GaussianMixture are"
        )
    return sampler


def check_conditional(sampler: Any) -> None:
    """Refuse labels for a sampler that could not draw by them."""
    if not accepts(sampler.sample, "y"):
        raise TypeError(
            f"the sampler is a {type(sampler).__name__}, whose sample takes no labels y; use a "
            "PMFSampler, or fit one generator for each label"
        )


def fitted(sampler: Any, rows: Array, labels: Array | None) -> Any:
    """Return a fitted copy of a sampler.

    Parameters
    ----------
    sampler : object with fit and sample
        Not changed.
    rows : ndarray of shape (n, d)
    labels : ndarray of shape (n,) or None

    Raises
    ------
    TypeError, ValueError
        What the sampler refuses, and for any of them what is not real and finite.
    """
    if hasattr(sampler, "get_params"):
        fresh = sklearn.base.clone(sampler)
    else:
        fresh = copy.deepcopy(sampler)
    if not isinstance(fresh, PMFSampler):
        # In float32, EM leaves covariances that are not symmetric in their last bits.
        rows = as_latents(rows, type(fresh).__name__).host().astype(np.float64, copy=False)
        if not np.isfinite(rows).all():
            row, column = np.argwhere(~np.isfinite(rows))[0].tolist()
            raise ValueError(
                f"latents has {rows[row, column]} in row {row}, column {column}; accepted are "
                "finite numbers"
            )
    done = fresh.fit(rows) if labels is None else fresh.fit(rows, labels)
    return fresh if done is None else done


def draw_batches(
    sampler: Any, n: int, d: int, size: int, y: Any, random_state: Any
) -> Iterator[torch.Tensor]:
    """Give n draws of shape (size, d), the same whatever the size; for none one of shape (0, d)."""
    if isinstance(sampler, PMFSampler):
        if n == 0:
            return iter([torch.as_tensor(sampler.sample(0, y=y, random_state=random_state))])
        batches = sampler.sample_batches(n, size, y=y, random_state=random_state, progress=False)
        return map(torch.as_tensor, batches)
    if n == 0:
        return iter([torch.empty(0, d, dtype=torch.float64)])
    return iter(_draws(sampler, n, d, y, random_state).split(size))


def _draws(sampler: Any, n: int, d: int, y: Any, random_state: Any) -> torch.Tensor:
    conditions = {} if y is None else {"y": y}
    if y is not None:
        check_conditional(sampler)
    drawn = draw(sampler, "sample", n, random_state, "the sampler", **conditions)
    found = torch.as_tensor(drawn)
    if tuple(found.shape) != (n, d):
        raise ValueError(
            f"the sampler, a {type(sampler).__name__}, returned samples of shape "
            f"{tuple(found.shape)}; accepted is ({n}, {d})"
        )
    return found
