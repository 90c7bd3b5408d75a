"""Draws from a fitted model: what they are of, and of which labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._common.labels import encode
from .._device.border import as_labels
from .model import Model


def check_rows(model: Model, n: int) -> None:
    """Refuse draws from a model all of whose rows were ignored."""
    if n and not model.n_seen:
        raise ValueError("no row so far lies inside the bounds: there is nothing to draw from")


def check_condition(model: Model, y: Any, n: int) -> Any:
    """Return the wanted labels as places among the classes.

    None, an ndarray of one entry, or `n` entries where the model is.
    """
    if y is None:
        return None
    classes = model.classes
    if classes is None:
        raise ValueError("y is given, but the sampler was fitted without labels")
    if len(y.shape) == 0 if hasattr(y, "shape") else np.ndim(y) == 0:
        # One for all is known by its length, on the host.
        return encode(as_labels([y.item() if hasattr(y, "item") else y]).host(), classes)
    return model.backend.condition(as_labels(y, n, "samples"), classes)


def draw(
    model: Model, seed: int, start: Any, X: Any, condition: Any, return_y: bool, threads: int
) -> Any:
    """Write samples start, start + 1, ... under the seed to X; return their labels if wanted.

    Parameters
    ----------
    X : array of shape (n, n_features)
        C-contiguous, of the model's dtype, where the model is.
    condition : array of shape (1,) or (n,), or None
        Labels to draw from, as `check_condition` gives them.
    """
    run = model.ordered()
    classes = run.classes if return_y else None
    return model.backend.draw(run.pmf, run.grid, seed, start, X, condition, classes, threads)
