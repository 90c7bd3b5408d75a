"""`load`: from a model file to a fitted estimator."""

from __future__ import annotations

import os
from typing import Any

from ._parameters import check_parameters
from .files import read_model
from .pmf import PMFSampler


def load(path: str | os.PathLike[str], device: Any = None) -> PMFSampler:
    """Load a model file written by `PMFSampler.save`.

    Parameters
    ----------
    path : path-like
        The file.
    device : None, str or torch.device, default=None
        None: samples are NumPy arrays; "cpu": they are torch tensors.

    Returns
    -------
    sampler : PMFSampler
        Fitted, with the constructor's n_bins, bounds and out_of_range; random_state and n_jobs are
        not part of a model.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a whole and undamaged model file (naming it), or the device is not
        available.
    """
    kind = "numpy"
    if device is not None:
        import torch

        try:
            on_cpu = torch.device(device).type == "cpu"
        except (RuntimeError, TypeError):
            on_cpu = False
        if not on_cpu:
            raise ValueError(
                f"device is {device!r}; this build computes on the CPU: accepted are None and 'cpu'"
            )
        kind = "torch"
    model, parameters = read_model(path, kind)
    bounds = parameters["bounds"]
    if isinstance(bounds, list):
        parameters["bounds"] = tuple(bounds)
    sampler = PMFSampler(**parameters)
    try:
        check_parameters(sampler, model)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{os.fspath(path)!r} is damaged: {error}") from error
    sampler._model = model
    return sampler
