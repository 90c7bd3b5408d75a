"""Files of a `LatentGenerator`: its state in safetensors, a checksum over all of it."""

from __future__ import annotations

import os

from safetensors import SafetensorError
from safetensors.torch import load

from .._io.tensor_file import checked_metadata, write_tensors
from ._outputs import check_posterior
from ._state import FORMAT_VERSION, Tensors

_KEYS = frozenset(["checksum", "format_version", "posterior"])


def write(path: str | os.PathLike[str], state: Tensors, posterior: str) -> None:
    """Write the file, whole or not at all (see `write_tensors` for errors)."""
    described = {"format_version": FORMAT_VERSION, "posterior": posterior}
    write_tensors(path, "generator", state, described)


def read(path: str | os.PathLike[str]) -> tuple[Tensors, str]:
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
        metadata = checked_metadata(content, _KEYS, FORMAT_VERSION)
        return load(content), check_posterior(metadata["posterior"])
    except (ValueError, KeyError, RecursionError, SafetensorError) as error:
        raise ValueError(
            f"{name!r} is not a file of a LatentGenerator, or is damaged: {error}"
        ) from error
