"""Images that lie together in one file, read whole at the first access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._types import Array


class StoredImages:
    """A `Source` over one array.

    Parameters
    ----------
    load : callable
        Returns the array, of shape (n, c, h, w). It must be picklable (a `functools.partial` of a
        function of a module): only it travels to the workers of a DataLoader, not the array.
    shape : tuple of int
        Of that array, known from the file's header.
    """

    def __init__(self, load: Callable[[], Array], shape: tuple[int, int, int, int]) -> None:
        self._load = load
        self.shape = shape
        self._array: Array | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}

    def read(self, number: int) -> Array:
        """See `Source.read`."""
        image: Array = self.whole()[number]
        return image

    def whole(self) -> Array:
        """See `Source.whole`."""
        if self._array is None:
            array = self._load()
            array.flags.writeable = False  # splits share it
            self._array = array
        return self._array


def checked_labels(labels: Array, n_images: int, name: str) -> Array:
    """Return labels as int64, one per image.

    Parameters
    ----------
    labels : ndarray
        As the file has them.
    n_images : int
        How many there must be.
    name : str
        Of the file, for messages.

    Raises
    ------
    ValueError
        If they are not whole numbers in one column, or not as many as the images.
    """
    if labels.ndim != 1 or labels.dtype.kind not in "iub":
        raise ValueError(
            f"{name} has the shape {labels.shape} and the dtype {labels.dtype}; expected one "
            "column of whole numbers, the labels"
        )
    if len(labels) != n_images:
        raise ValueError(f"{name} holds {len(labels):,} labels, but there are {n_images:,} images")
    if labels.dtype == np.uint64 and labels.size and int(labels.max()) >= 1 << 63:
        raise ValueError(f"{name} holds the label {labels.max()}, which int64 cannot")
    return labels.astype(np.int64)
