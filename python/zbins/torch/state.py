"""A fitted sampler as plain tensors, in memory and in a file, and back; nothing is pickled.

Files are safetensors: the tensors of the state, and a checksum over all of it.
"""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy as np
import safetensors.numpy
import sklearn.base
import torch
from safetensors import SafetensorError
from safetensors.torch import load

from .. import _core
from .._common.threads import n_threads, strictly
from .._io.tensor_file import (
    BLANK,
    check_version,
    checked_metadata,
    checksum_of,
    checksum_position,
    header_of,
    write_tensors,
)
from .._types import Array
from ..pmf.file import description, model_of
from ..pmf.sampler import PMFSampler, content_of, sampler_of
from ..protocol import accepts, draw
from .outputs import check_posterior

Tensors = dict[str, torch.Tensor]

FORMAT_VERSION = 1
_PREFIX = "sampler."
_METADATA = "metadata"
_MAX_DIMENSIONS = 64  # of NumPy, and of PyTorch
_OF_A_RUN = ("random_state", "n_jobs", "verbose")  # parameters that are no part of a model
_UNSIGNED = ("codes", "label_start", "label_count")  # as int64: few of torch's calls take uint64
_FILE_KEYS = frozenset(["checksum", "format_version", "posterior"])
_KEYS = {"details", "format_version", "latent_shape", "sampler"}


def state_of(sampler: Any, latent_shape: tuple[int, ...]) -> Tensors:
    """Return a fitted sampler and the shape of its latents as tensors.

    Raises
    ------
    TypeError
        If the sampler holds what is neither an array nor a number, naming it.
    """
    arrays, details = _pmf_parts(sampler) if isinstance(sampler, PMFSampler) else _parts(sampler)
    metadata = {
        "details": details,
        "format_version": FORMAT_VERSION,
        "latent_shape": list(latent_shape),
        "sampler": type(sampler).__name__,
    }
    text = json.dumps(metadata, sort_keys=True, separators=(",", ":")).encode()
    state = {_METADATA: torch.frombuffer(bytearray(text), dtype=torch.uint8)}
    for name, array in arrays.items():
        plain = array.view(np.int64) if array.dtype == np.uint64 else array
        state[_PREFIX + name] = torch.from_numpy(np.array(plain))
    return state


def from_state(state: Any, like: Any) -> tuple[Any, tuple[int, ...]]:
    """Return the sampler and the shape that `state_of` was given, trusting nothing.

    Parameters
    ----------
    state : dict of Tensor
    like : object with fit and sample
        A sampler of the same class; not changed. random_state, n_jobs and verbose are its.

    Raises
    ------
    ValueError
        If the state is not one of these, or of another class of samplers.
    """
    try:
        metadata = _metadata_of(state)
    except (ValueError, RuntimeError) as error:  # a RecursionError too; those of tensors
        raise _damaged(error) from error
    if metadata["sampler"] != type(like).__name__:
        raise ValueError(
            f"the state is that of a {metadata['sampler']}, and the generator's sampler is a "
            f"{type(like).__name__}; make it with sampler={metadata['sampler']}()"
        )
    try:
        arrays = {
            name.removeprefix(_PREFIX): np.array(tensor.detach().cpu().numpy())
            for name, tensor in state.items()
            if name != _METADATA
        }
        shape, details = metadata["latent_shape"], metadata["details"]
        if not isinstance(like, PMFSampler):
            return _sampler_of(arrays, details, like, math.prod(shape)), tuple(shape)
        sampler = _pmf_of(arrays, details)
        sampler.set_params(random_state=like.random_state, n_jobs=like.n_jobs)
        _check_features(shape, sampler.n_features_in_)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise _damaged(error) from error
    return sampler, tuple(shape)


def _check_features(shape: list[int], n_features: int) -> None:
    if math.prod(shape) != n_features:
        raise ValueError(f"latents of shape {str(tuple(shape))[:100]} have not {n_features} values")


def _damaged(error: object) -> ValueError:
    return ValueError(f"this is no state of a LatentGenerator, or damaged: {error}")


def _metadata_of(state: Any) -> dict[str, Any]:
    if not hasattr(state, "items") or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in state.items()
    ):
        raise ValueError(f"it is a {type(state).__name__}, not names and tensors")
    if _METADATA not in state or state[_METADATA].dtype != torch.uint8:
        raise ValueError(f"it has no tensor {_METADATA!r} of bytes")
    metadata = json.loads(state[_METADATA].cpu().numpy().tobytes())
    if not isinstance(metadata, dict) or set(metadata) != _KEYS:
        raise ValueError("its metadata has other names than expected")
    check_version(metadata["format_version"], FORMAT_VERSION)
    shape = metadata["latent_shape"]
    if not isinstance(shape, list) or any(type(size) is not int or size < 1 for size in shape):
        raise ValueError("the shape of its latents is no list of whole numbers from 1")
    if len(shape) > _MAX_DIMENSIONS:
        raise ValueError(f"its latents have {len(shape)} dimensions")
    if not isinstance(metadata["details"], dict):
        raise ValueError("its details are no object")
    return metadata


def _pmf_parts(sampler: PMFSampler) -> tuple[dict[str, Array], dict[str, Any]]:
    model, parameters = content_of(sampler)
    return model.to_arrays(), description(model, parameters)


@strictly
def _pmf_of(arrays: dict[str, Array], details: dict[str, Any]) -> PMFSampler:
    """Return the sampler of tensors and details, which are those of a model file.

    What such a file must be is said in one place, the core (`zbins.pmf.file`); it judges these too.
    """
    for name in _UNSIGNED:
        if name in arrays and arrays[name].dtype == np.int64:
            arrays[name] = arrays[name].view(np.uint64)
    metadata = json.dumps(
        {"checksum": BLANK, **details}, sort_keys=True, allow_nan=False, separators=(",", ":")
    )
    blank = safetensors.numpy.save(arrays, {"zbins": metadata})
    header = header_of(blank)
    at = 8 + checksum_position(header, BLANK)
    digits = checksum_of(blank, header).encode()
    content = np.frombuffer(blank[:at] + digits + blank[at + len(digits) :], np.uint8)
    grid, pmf, text = _core.read_model(content, n_threads(-1, len(content)))
    return sampler_of(*model_of(grid, pmf, text, "numpy"))


def _parts(sampler: Any) -> tuple[dict[str, Array], dict[str, Any]]:
    """Take a sampler apart by scikit-learn's convention: what a fit learns ends in "_"."""
    name = type(sampler).__name__
    arrays: dict[str, Array] = {}
    plain: dict[str, Any] = {}
    for key, value in vars(sampler).items():
        if not key.endswith("_") or key.startswith("_"):
            continue
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            arrays[key] = value
        elif _is_plain(found := _plain(value)):
            plain[key] = found
        else:
            raise TypeError(
                f"the state of a {name} cannot be taken: its {key} is a {type(value).__name__}, "
                "and only arrays and numbers become tensors; keep generator.latents_ instead, and "
                "fit_latents on them again"
            )
    if not arrays:
        raise TypeError(
            f"the state of a {name} cannot be taken: it has no arrays whose names end in '_', as "
            "scikit-learn's fitted estimators have"
        )
    parameters = sampler.get_params(deep=False) if hasattr(sampler, "get_params") else {}
    kept = {key: value for key, value in parameters.items() if _is_plain(value)}
    return arrays, {"attributes": plain, "parameters": kept}


def _sampler_of(arrays: dict[str, Array], details: dict[str, Any], like: Any, d: int) -> Any:
    plain, parameters = details["attributes"], details["parameters"]
    for key, value in plain.items():
        if not _is_plain(value):
            raise ValueError(f"its {key!r} is a {type(value).__name__}")
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"its {key!r} has values that are not finite")
    for key in (*arrays, *plain):
        if not key.isidentifier() or not key.endswith("_") or key.startswith("_"):
            raise ValueError(f"{key!r} is no name of what a fit learns")
    sampler = sklearn.base.clone(like, safe=False)
    kept = {key: value for key, value in parameters.items() if key not in _OF_A_RUN}
    if kept:
        sampler.set_params(**kept)
    for key, value in (*plain.items(), *arrays.items()):
        setattr(sampler, key, value)
    _check_features([d], getattr(sampler, "n_features_in_", d))
    if accepts(sampler.sample, "random_state") or hasattr(sampler, "random_state"):
        try:
            _check_features(list(np.shape(draw(sampler, 1, 0, name="it"))[1:]), d)
        except Exception as error:
            raise ValueError(f"it cannot be drawn from: {type(error).__name__}: {error}") from error
    return sampler


def _plain(value: Any) -> Any:
    """Return NumPy's numbers, also in lists, as Python's."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _is_plain(value: Any) -> bool:
    """Tell whether JSON keeps the value as it is."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def write_state(path: str | os.PathLike[str], state: Tensors, posterior: str) -> None:
    """Write the file, whole or not at all (see `write_tensors` for errors)."""
    described = {"format_version": FORMAT_VERSION, "posterior": posterior}
    write_tensors(path, "generator", state, described)


def read_state(path: str | os.PathLike[str]) -> tuple[Tensors, str]:
    """Return the state and the posterior of a file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not a whole and undamaged file of a generator, naming it.
    """
    name = os.fspath(path)
    with open(name, "rb") as file:
        content = file.read()
    try:
        metadata = checked_metadata(content, _FILE_KEYS, FORMAT_VERSION)
        return load(content), check_posterior(metadata["posterior"])
    except (ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise ValueError(
            f"{name!r} is not a file of a LatentGenerator, or is damaged: {error}"
        ) from error
