"""How a model is trained: what `fit` was asked for, checked, the paper's settings filled in."""

from __future__ import annotations

import math
import numbers
import os
from dataclasses import dataclass
from typing import Any

import torch

from .._common.checks import is_int
from .._common.progress import check_progress
from .._common.seeds import check_random_state
from ..torch.networks import device_of
from ._architectures import Architecture


@dataclass(frozen=True)
class Plan:
    """Parameters of `Autoencoder.fit`, checked.

    Attributes
    ----------
    batch_size_given : bool
        Whether the caller said so, rather than the paper.
    validation : float, object or None
        The share of the images held out, or what has them.
    device : torch.device or None
        None: where the model is.
    """

    epochs: int
    batch_size: int
    batch_size_given: bool
    learning_rate: float
    validation: Any
    patience: int | None
    checkpoint: str | None
    resume: bool
    random_state: Any
    device: torch.device | None
    mixed_precision: bool
    compile: bool
    progress: bool | None


def plan_of(
    architecture: Architecture,
    *,
    epochs: Any,
    batch_size: Any,
    learning_rate: Any,
    validation: Any,
    patience: Any,
    checkpoint: Any,
    resume: Any,
    random_state: Any,
    device: Any,
    mixed_precision: Any,
    compile: Any,
    progress: Any,
) -> Plan:
    """Return the plan, or refuse a parameter.

    Raises
    ------
    ValueError, TypeError
        Naming the parameter, its value, and what is accepted.
    """
    check_random_state(random_state)
    for name, value in {
        "resume": resume,
        "mixed_precision": mixed_precision,
        "compile": compile,
    }.items():
        if not isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}; accepted are True and False")
    share = _share_of(validation)
    stop_after = None if patience is None else _whole("patience", patience, 1)
    if stop_after is not None and validation is None:
        raise ValueError(f"patience is {patience}, but validation is None; early stopping needs it")
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(f"checkpoint is {checkpoint!r}; accepted are None and a path")
    if resume and checkpoint is None:
        raise ValueError("resume is True, but checkpoint is None; there is nothing to go on from")
    return Plan(
        epochs=architecture.epochs if epochs is None else _whole("epochs", epochs, 0),
        batch_size=(
            architecture.batch_size if batch_size is None else _whole("batch_size", batch_size, 2)
        ),
        batch_size_given=batch_size is not None,
        learning_rate=_rate_of(
            architecture.learning_rate if learning_rate is None else learning_rate
        ),
        validation=validation if share is None else share,
        patience=stop_after,
        checkpoint=None if checkpoint is None else os.fspath(checkpoint),
        resume=resume,
        random_state=random_state,
        device=None if device is None else device_of(device),
        mixed_precision=mixed_precision,
        compile=compile,
        progress=check_progress(progress),
    )


def _whole(name: str, value: Any, least: int) -> int:
    if not is_int(value):
        raise TypeError(f"{name} is {value!r}; accepted are None and an int of at least {least}")
    if value < least:
        raise ValueError(f"{name} is {value}; accepted are None and an int of at least {least}")
    return int(value)


def _rate_of(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"learning_rate is {value!r}; accepted are None and a number above 0")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"learning_rate is {value}; accepted are None and a finite number above 0")
    return float(value)


def _share_of(validation: Any) -> float | None:
    """Return the share held out, if validation is one."""
    if isinstance(validation, bool) or not isinstance(validation, numbers.Real):
        return None
    if not 0 < float(validation) < 1:
        raise ValueError(
            f"validation is {validation}; a share of the images lies between 0 and 1, without both"
        )
    return float(validation)
