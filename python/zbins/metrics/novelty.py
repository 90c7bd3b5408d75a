"""How new samples are: how far from the rows that the sampler was fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._common.arrays import as_rows, check_squares
from .._common.nearest import nearest_rows


def novelty(samples: Any, fitted: Any, held_out: Any) -> float:
    """Return how far samples lie from the fitted rows, as a multiple of how far unseen rows do.

    The mean Euclidean distance from the samples to the nearest row that the sampler was fitted on,
    divided by the same for held-out rows: 1 is as new as unseen data, 0 are copies. More than 1 is
    not better: such samples are further from the data than data is.

    Of decoded samples, compare with decoded rows: what a decoder does to every image is then no
    part of it. A sampler's fidelity says little without it, since copies are the most faithful.

    Parameters
    ----------
    samples : array-like or tensor of shape (n, d) or (n, *shape)
        Samples, or what is decoded from them; each is flattened.
    fitted : array-like or tensor of shape (m, d) or (m, *shape)
        The rows that the sampler was fitted on, not those that networks were trained on; decoded
        if samples are.
    held_out : array-like or tensor of shape (k, d) or (k, *shape)
        Rows that the sampler has not seen; decoded if samples are. As many as samples give both
        means the same noise; their number changes neither in expectation.

    Returns
    -------
    ratio : float
        At least 0.

    Raises
    ------
    TypeError
        If an argument holds no real numbers.
    ValueError
        If one has no rows, a value that is not finite (naming row and column) or is beyond 1e100,
        if their columns differ in number, or if every held-out row is a fitted one.

    Examples
    --------
    >>> import numpy as np
    >>> from zbins.metrics import novelty
    >>> fitted, held_out, fresh = np.random.default_rng(0).normal(size=(3, 1_000, 5))
    >>> novelty(fitted[:100], fitted, held_out)
    0.0
    >>> round(novelty(fresh, fitted, held_out), 1)
    1.0
    """
    given = {"samples": samples, "fitted": fitted, "held_out": held_out}
    rows = {name: as_rows(value, name) for name, value in given.items()}
    d = rows["fitted"].shape[1]
    for name, array in rows.items():
        check_squares(array, name)
        if array.shape[1] != d:
            raise ValueError(
                f"{name} has {array.shape[1]} columns and fitted has {d}; accepted are rows of one "
                "kind"
            )
    queries = np.concatenate([rows["samples"], rows["held_out"]])
    _, distance = nearest_rows(queries, rows["fitted"])  # one search: its index is made once
    of_samples, unseen = np.split(distance, [len(rows["samples"])])
    if not unseen.any():
        raise ValueError(
            f"held_out has {len(unseen)} row(s), each one of fitted; accepted are rows that the "
            "sampler has not seen"
        )
    return float(of_samples.mean() / unseen.mean())
