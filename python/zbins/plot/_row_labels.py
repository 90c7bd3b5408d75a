"""Labels to draw a row of samples of, each."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._common.labels import as_labels
from ._arrays import on_host


def labels_of(generator: Any, y: Any) -> list[Any]:
    """Return the labels of `SampleGridDisplay.from_estimator`, distinct and at least one.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming it.
    """
    if isinstance(y, str):
        if y != "classes":
            raise ValueError(
                f"y is {y!r}; accepted are None, 'classes' and a sequence of distinct labels, as "
                f"[{y!r}]"
            )
        y = getattr(generator, "classes_", None)
        if y is None:
            y = getattr(getattr(generator, "sampler_", None), "classes_", None)
        if y is None:
            raise ValueError(
                f"y is 'classes', but this {type(generator).__name__} has no classes_: it is not "
                "fitted with labels"
            )
    labels = listed(y, "y")
    as_labels(labels)  # refuses mixtures, and what is no label
    for place, label in enumerate(labels):
        if label in labels[:place]:
            raise ValueError(f"y has the label {label!r} twice; accepted are distinct labels")
    return labels


def listed(labels: Any, name: str) -> list[Any]:
    """Return labels as Python's own int, bool or str, at least one.

    Raises
    ------
    TypeError
        If they are no sequence.
    ValueError
        If there are none.
    """
    plain = labels
    if not isinstance(labels, (list, tuple, range)):
        if isinstance(labels, str) or not np.ndim(labels):
            raise TypeError(f"{name} is {labels!r}; accepted are None and a sequence of labels")
        plain = on_host(labels, name).tolist()
    plain = [label.item() if isinstance(label, np.generic) else label for label in plain]
    if not plain:
        raise ValueError(f"{name} is empty; accepted are None and at least one label")
    return plain
