"""Model files: safetensors with one metadata entry and a checksum over everything but itself.

The tensors are those of `Model.to_arrays`:

========== ================== ==========================================================
name       shape              content
========== ================== ==========================================================
origin     (d,)               lower end of the lattice, float32 or float64
top        (d,)               upper end; equal to `origin` in a constant dimension
k          (d,)               bins between the two, int32
first_bin  (d,)               number of the first bin (0, or less where the grid grew), int32
n_bins     (d,)               bins, int32
codes      (m, words)         packed codes of the occupied bins in canonical order, uint64
counts     (m,)               rows in each, int64
label...                      with labels: for bin b the entries label_start[b] to
                              label_start[b + 1] of `label` (place among the classes) and
                              `label_count`
========== ================== ==========================================================

A code is packed with 1, 2, 4, 8 or 16 bits a dimension (the least that hold the widest), dimension
0 in the most significant bits of word 0. The same model gives the same bytes.
"""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from .. import _core
from .._common.labels import classes_of, kind_of
from .._common.threads import n_threads, strictly
from .._device.backend import Grid
from .._io.tensor_file import write_tensors
from .._types import Array
from .grid import Settings, bounds_of, check_n_bins, has_fixed_bounds
from .model import Model


def check_parameters(sampler: Any, model: Model) -> None:
    """Refuse parameters that do not go with the model: a file of theirs could not be loaded."""
    Settings.of(sampler)
    check_n_bins(sampler.n_bins, model.grid.d)
    if has_fixed_bounds(sampler.bounds):
        bounds_of(sampler.bounds, None, model.grid.origin, model.grid.top)


@strictly
def plain_parameters(sampler: Any) -> dict[str, Any]:
    """Return n_bins, bounds and out_of_range as JSON values."""

    def plain(value: Any) -> Any:
        return value if value is None or isinstance(value, str) else np.asarray(value).tolist()

    bounds = sampler.bounds
    return {
        "n_bins": plain(sampler.n_bins),
        "bounds": None if bounds is None else [plain(side) for side in bounds],
        "out_of_range": sampler.out_of_range,
    }


FORMAT_VERSION = 1
_BLOCK_BYTES = 4 << 20
_LEAST_BYTES = 64 << 10


@strictly
def write_model(path: str | os.PathLike[str], model: Model, parameters: dict[str, Any]) -> None:
    """Write a model file, whole or not at all, and durably.

    It is written beside the target, synced to disk and renamed over it, so that the target is
    always the old file or the new one. What a killed writer left there is removed.

    Parameters
    ----------
    path : path-like
        Overwritten if it exists; a symbolic link is followed.
    model : Model
        With at least one occupied bin.
    parameters : dict
        n_bins, bounds and out_of_range of the constructor, as plain JSON values.

    Raises
    ------
    OSError
        Naming the path: no such folder, no permission, a directory, a full disk.
    """
    write_tensors(path, "model", model.to_arrays(), description(model, parameters))


def description(model: Model, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return all of a model but its arrays, with the constructor's parameters, as JSON values."""
    classes = model.classes
    names = model.feature_names
    return {
        "format_version": FORMAT_VERSION,
        "n_samples_seen": model.n_seen,
        "n_samples_ignored": model.n_ignored,
        "classes": None if classes is None else classes.tolist(),
        "class_type": None if classes is None else kind_of(classes),
        "feature_names": None if names is None else [str(name) for name in names],
        **parameters,
    }


def read_model(path: str | os.PathLike[str], kind: str) -> tuple[Model, dict[str, Any]]:
    """Read a model file, trusting nothing in it.

    What a file must be is said in C++ (`cpp/src/model_file.cpp`), which other programs read with
    too.

    Returns
    -------
    model : Model
        Its samples are of the given kind.
    parameters : dict
        n_bins, bounds and out_of_range of the constructor.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a whole and undamaged model file, naming it and what is wrong.
    """
    return _judged(os.fspath(path), kind)


@strictly
def _judged(name: str, kind: str) -> tuple[Model, dict[str, Any]]:
    content = content_of(name)
    try:
        grid, pmf, text = _core.read_model(content, n_threads(-1, len(content)))
    except ValueError as error:
        raise ValueError(
            f"{name!r} is not a model file of zbins, or is damaged: {error}"
        ) from error
    return model_of(grid, pmf, text, kind)


def model_of(grid: Grid, pmf: Any, text: str, kind: str) -> tuple[Model, dict[str, Any]]:
    """Return the model of what the core read, and the constructor's parameters."""
    metadata = json.loads(text)
    classes = names = None
    if metadata["classes"] is not None:
        classes = classes_of(metadata["classes"], metadata["class_type"])
    if metadata["feature_names"] is not None:
        names = np.array(metadata["feature_names"], dtype=object)
    model = Model.from_pmf(grid, pmf, classes, metadata["n_samples_ignored"], kind, names)
    return model, {name: metadata[name] for name in ("n_bins", "bounds", "out_of_range")}


def content_of(name: str) -> Array:
    """Return all bytes of a file, read in blocks: in between, Ctrl-C is obeyed.

    At once, because another process may replace or cut the file meanwhile. What it says of its size
    is only a hint: it may be a pipe, or still grow.
    """
    with open(name, "rb", buffering=0) as file:
        hint = os.fstat(file.fileno()).st_size
        content = np.empty(max(hint + 1, _LEAST_BYTES), np.uint8)  # one more: to see the end
        size = 0
        try:
            while got := file.readinto(content.data[size : size + _BLOCK_BYTES]):
                size += got
                if size == len(content):
                    content = np.concatenate([content, np.empty_like(content)])
        except OSError as error:
            error.filename = name
            raise
    return content[:size]
