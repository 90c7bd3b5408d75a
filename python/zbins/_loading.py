"""`load`: from a model file to a fitted estimator."""

from __future__ import annotations

import os
from typing import Any

from ._config import n_threads
from ._device._place import kind_of_device
from ._model import Model
from ._parameters import check_parameters
from .files import read_model
from .pmf import PMFSampler


def load(path: str | os.PathLike[str], device: Any = None) -> PMFSampler:
    """Load a model file written by `PMFSampler.save`.

    Parameters
    ----------
    path : path-like
        The file.
    device : None, str, torch.device or cupy.cuda.Device, default=None
        As in `PMFSampler.to`: None for NumPy arrays, "cpu" for torch tensors, "cuda" or "cuda:1"
        for tensors on that device, where the model then is.

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
    kind = kind_of_device(device)
    model, parameters = read_model(path, kind)
    try:
        return sampler_of(model, parameters)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{os.fspath(path)!r} is damaged: {error}") from error


def sampler_of(model: Model, parameters: dict[str, Any]) -> PMFSampler:
    """Return the fitted estimator of what `PMFSampler._content` gave.

    Raises
    ------
    ValueError, TypeError
        If the parameters are not accepted, or do not go with the model.
    """
    bounds = parameters["bounds"]
    if isinstance(bounds, list):
        parameters = {**parameters, "bounds": tuple(bounds)}
    sampler = PMFSampler(**parameters)
    check_parameters(sampler, model)
    sampler._model = model.finished(n_threads(None, 0))
    return sampler
