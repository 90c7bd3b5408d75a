"""What an array in a file is, whatever the format; errors name the file."""

from __future__ import annotations

import contextlib
import tokenize
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
from safetensors import SafetensorError

from .._types import Array
from ._exits import InputError

Take = Callable[[int], Array]
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
_HEADER_ERRORS = (tokenize.TokenError, SyntaxError)


class StoredArray(ABC):
    """An array in a file: shape and dtype now, rows later.

    Parameters
    ----------
    name : str
        For messages: the file, and the key inside it.
    shape : tuple of int
        The first is the number of rows.
    dtype : dtype
        Of what `reader` gives.
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype

    @abstractmethod
    def reader(self) -> contextlib.AbstractContextManager[Take]:
        """Open the array at its first row; the function it gives takes that many rows onward."""


def fill(file: IO[bytes], array: Array, name: str) -> Array:
    """Fill a contiguous array from a file, which is not mapped: one cut short is an error then."""
    wanted = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(wanted):
        with naming(name):
            got = file.readinto(wanted[done : done + (1 << 30)])  # type: ignore[attr-defined]
            if not got:
                raise InputError("became shorter while it was being read")
        done += got
    return array


def chosen(path: str, key: str | None, keys: list[str], besides: str | None) -> str:
    shown = ", ".join(repr(name) for name in keys[:20]) + (", ..." if len(keys) > 20 else "")
    if key is not None:
        if key not in keys:
            raise InputError(f"{path!r} has no array {key!r}; it has {shown or 'none'}")
        return key
    meant = [name for name in keys if name != besides]
    if len(meant) != 1:
        have = f"has {len(keys)} arrays: {shown}; say which with --key" if keys else "has no array"
        raise InputError(f"{path!r} {have}")
    return meant[0]


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Make errors about the content of a file name it."""
    try:
        yield
    except (ValueError, SafetensorError, *_ZIP_ERRORS, *_HEADER_ERRORS) as error:
        if isinstance(error, InputError) and str(error).startswith(name):
            raise
        own = isinstance(error, InputError)
        text = str(error) if own else f"cannot be read: {error}"
        raise InputError(f"{name} {text}") from error
