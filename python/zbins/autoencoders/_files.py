"""Files of models and of training: safetensors, one metadata entry, a checksum over all of it.

The entry `zbins` is JSON with sorted keys: the class under "autoencoder", the constructor's
"arguments", "training" (null in a model's file; a checkpoint's settings and history), a
"format_version" and the "checksum". Weights have the names of the module's state. Nothing is
pickled, and the same model gives the same bytes.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load

from .._io.tensor_file import checked_metadata, write_tensors

FORMAT_VERSION = 1
_KEYS = frozenset(["arguments", "autoencoder", "checksum", "format_version", "training"])
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

Tensors = dict[str, torch.Tensor]


def description(model: Any, training: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the metadata says about a model, as JSON values."""
    return {
        "autoencoder": type(model).__name__,
        "arguments": model._arguments(),
        "format_version": FORMAT_VERSION,
        "training": training,
    }


def write(path: str | os.PathLike[str], tensors: Tensors, described: dict[str, Any]) -> None:
    """Write a file beside the target, sync it, and rename it over the target.

    Parameters
    ----------
    path : path-like
        Overwritten if it exists; a symbolic link is followed.
    tensors : dict of Tensor
        On any device.
    described : dict
        Of `description`.

    Raises
    ------
    OSError
        Naming the path: no such folder, no permission, a directory, a full disk.
    """
    write_tensors(path, "autoencoder", tensors, described)


def read(path: str | os.PathLike[str]) -> tuple[Tensors, dict[str, Any]]:
    """Read a file of `write`, trusting nothing in it.

    Returns
    -------
    tensors : dict of Tensor
        On the CPU.
    metadata : dict
        Of `description`, its names checked, its values not.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a whole and undamaged file of an autoencoder, naming it and what is wrong.
    """
    name = os.fspath(path)
    # Read at once: another process may replace or cut the file meanwhile.
    with open(name, "rb") as file:
        content = file.read()
    try:
        metadata = checked_metadata(content, _KEYS, FORMAT_VERSION)
        if not isinstance(metadata["arguments"], dict):
            raise ValueError("its arguments are no object")
        # Into memory of the tensors' own, which may be written to.
        return {key: value.clone() for key, value in load(content).items()}, metadata
    except (ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise damaged(name, error) from error


def damaged(name: str | os.PathLike[str], error: object) -> ValueError:
    """Return the error about a file that is none, or no more."""
    return ValueError(
        f"{os.fspath(name)!r} is not a file of an autoencoder, or is damaged: {error}"
    )


def read_model(kind: Any, path: str | os.PathLike[str], device: Any) -> Any:
    """Return the model of a file, which must be of this class (see `AE.load`)."""
    tensors, metadata = read(path)
    if metadata["autoencoder"] != kind.__name__:
        raise ValueError(
            f"{os.fspath(path)!r} holds a model of the class {metadata['autoencoder']!r}; this "
            f"class is {kind.__name__!r}"
        )
    if metadata["training"] is not None:
        raise ValueError(
            f"{os.fspath(path)!r} is a checkpoint; go on from it by fit(..., checkpoint=, "
            "resume=True), and save the model then"
        )
    try:
        # On no device: no time goes into weights that are replaced at once.
        with torch.device("meta"):
            model = kind(**metadata["arguments"], random_state=0)
        check_state(tensors, model.state_dict())
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise damaged(path, error) from error
    model.load_state_dict(tensors, assign=True)
    model.eval()
    return model if device is None else model.to(device)


def check_state(tensors: Tensors, expected: Tensors, prefix: str = "") -> None:
    """Refuse tensors that are not those of a module's state.

    Raises
    ------
    ValueError
        Naming the first that is missing, surplus, or of another shape or type.
    """
    wrong = sorted(set(tensors) ^ set(expected))
    if wrong:
        what = "is missing" if wrong[0] in expected else "is not one of this model"
        raise ValueError(f"the tensor {prefix + wrong[0]!r} {what}")
    for name, value in sorted(tensors.items()):  # the library gives them in any order
        counts = expected[name].dtype == torch.int64
        right = value.dtype == torch.int64 if counts else value.dtype in _FLOATS
        if value.shape != expected[name].shape or not right:
            raise ValueError(
                f"the tensor {prefix + name!r} is {value.dtype} of shape {tuple(value.shape)}, not "
                f"of {tuple(expected[name].shape)}"
            )
    floats = sorted({str(value.dtype) for value in tensors.values() if value.is_floating_point()})
    if len(floats) > 1:
        raise ValueError(f"its weights are {floats[0]} and {floats[1]}; they must be of one type")
