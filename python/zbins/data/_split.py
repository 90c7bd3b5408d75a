"""Images with their labels, and how a set of them is split: the same for ever under one seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .._common.checks import is_int
from .._types import Array

_SEEDS = 1 << 64


class Source(Protocol):
    """Where images come from: a file of arrays, or files of one image each."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(n, c, h, w), known without reading an image."""

    def read(self, number: int) -> Array:
        """Return image `number`, of shape (c, h, w): uint8, or float32 in [0, 1]."""

    def whole(self) -> Array:
        """Return all images, of shape (n, c, h, w), shared or memory-mapped where that can be."""


class Split:
    """A sequence of (image, label): a map-style data set for `torch.utils.data.DataLoader`.

    Images are read when they are asked for. It can be pickled, and so be given to the workers of
    a DataLoader; it imports no torch.

    Parameters
    ----------
    source : Source
        The images.
    labels : ndarray of int64, shape (n,) or (n, k), or None
        Of all images of the source.
    classes : tuple of str
        What label i, or column i of the labels, means; empty where the file does not say.
    rows : slice or ndarray of int64
        Which images of the source, in this order.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,) or (n, k), or None
        Of the images of this split, in order.
    classes : tuple of str
        As above.
    image_shape : tuple of int
        (c, h, w): channels, height, width.

    Examples
    --------
    >>> from zbins.data import mnist
    >>> train = mnist("/data/mnist").train  # doctest: +SKIP
    >>> image, label = train[0]  # doctest: +SKIP
    >>> image.shape, image.dtype, label  # doctest: +SKIP
    ((1, 28, 28), dtype('float32'), 5)
    """

    def __init__(
        self,
        source: Source,
        labels: Array | None,
        classes: tuple[str, ...] = (),
        rows: slice | Array = slice(None),
    ) -> None:
        self._source, self._all_labels, self._rows = source, labels, rows
        self.labels = None if labels is None else labels[rows]
        self.classes = classes
        self.image_shape = source.shape[1:]
        if isinstance(rows, slice):
            self._length = len(range(source.shape[0])[rows])
        else:
            self._length = len(rows)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> tuple[Array, Any]:
        """Return one image and its label.

        Parameters
        ----------
        index : int
            From -n to n - 1, as in a list.

        Returns
        -------
        image : ndarray of float32, shape (c, h, w)
            In [0, 1], the caller's own.
        label : int or ndarray of int64, shape (k,)
            -1 where the images have no labels.

        Raises
        ------
        TypeError
            If the index is no whole number.
        IndexError
            If it is out of range.
        ValueError
            If the image is damaged, naming its file and number.
        """
        if not is_int(index):
            raise TypeError(
                f"the index is {index!r} of type {type(index).__name__}; accepted is one whole "
                "number: use arrays() for many"
            )
        at = int(index)
        if not -len(self) <= at < len(self):
            raise IndexError(f"the index is {at}; accepted are {-len(self)} to {len(self) - 1}")
        at %= len(self)
        if isinstance(self._rows, slice):
            row = range(self._source.shape[0])[self._rows][at]
        else:
            row = int(self._rows[at])
        label: Any = -1
        if self.labels is not None:
            label = int(self.labels[at]) if self.labels.ndim == 1 else self.labels[at].copy()
        return unit(self._source.read(row)), label

    def __iter__(self) -> Iterator[tuple[Array, Any]]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        c, h, w = self.image_shape
        kinds = "" if self.labels is None else ", labelled"
        return f"<Split: {len(self):,} images of {c}x{h}x{w}{kinds}>"

    def arrays(self, dtype: Any = None) -> tuple[Array, Array | None]:
        """Return all images and labels at once.

        Parameters
        ----------
        dtype : None or float32, default=None
            None: as stored, which is uint8 from 0 to 255, or float32 in [0, 1] if the file holds
            floats. float32: in [0, 1], as items are, at four times the memory.

        Returns
        -------
        images : ndarray of shape (n, c, h, w)
            As stored, they may be read-only and memory-mapped: those of an idx or npz file are
            shared, and those of a cache folder mapped, where the split is a range of it
            (`image_folder`, `celeba`). A split drawn at random is a copy.
        labels : ndarray of int64, shape (n,) or (n, k), or None
            None where the images have none.

        Raises
        ------
        TypeError
            For another dtype.
        ValueError
            If an image is damaged, naming its file and number.
        """
        if dtype is not None and np.dtype(dtype) != np.float32:
            raise TypeError(f"dtype is {dtype!r}; accepted are None (as stored) and float32")
        images = self._source.whole()[self._rows]
        return (images if dtype is None else unit(images)), self.labels

    def at(self, places: Array) -> Split:
        """Return the split of some of these images.

        Parameters
        ----------
        places : ndarray of int or bool
            As NumPy indexes with them: of this split, in the new order; or a mask.

        Returns
        -------
        split : Split
            Of the same source; nothing is read.
        """
        rows = np.arange(self._source.shape[0], dtype=np.int64)[self._rows][places]
        return Split(self._source, self._all_labels, self.classes, rows)


@dataclass(frozen=True)
class Splits:
    """A data set as the papers split it.

    Attributes
    ----------
    train, validation, test : Split
        Disjoint. The PMFS paper trains on the first, fits samplers to latents of the second, and
        compares with the third.
    """

    train: Split
    validation: Split
    test: Split


def unit(images: Array) -> Array:
    """Return images as float32 in [0, 1], always new and writable."""
    if images.dtype == np.uint8:
        scaled: Array = images.astype(np.float32)
        scaled /= np.float32(255)
        return scaled
    return np.array(images, np.float32)


def permutation(n: int, seed: int) -> Array:
    """Return the numbers below n in an order that is the same for ever under one seed.

    They are sorted by n words of PCG64. NumPy promises that the words of its bit generators never
    change (NEP 19), but not the orders of ``Generator.permutation``.

    Raises
    ------
    TypeError, ValueError
        If the seed is no whole number, or not at least 0 and below 2**64.
    """
    if not is_int(seed):
        raise TypeError(
            f"seed is {seed!r} of type {type(seed).__name__}; accepted is a whole number, so that "
            "the split can be repeated"
        )
    if not 0 <= int(seed) < _SEEDS:
        raise ValueError(f"seed is {seed}; accepted are whole numbers of at least 0, below 2**64")
    words = np.random.PCG64(int(seed)).random_raw(n)
    return np.argsort(words, kind="stable").astype(np.int64)  # stable: a tie (p ~ n²/2⁶⁵) too


def partition(
    split: Split, *, test: int | None = None, validation: int | None = None, seed: int = 0
) -> Splits:
    """Split images at random: test, validation, and the rest for training.

    Without numbers these are the shares of MOBIUS in the PMFS paper (appendix D.3): a fifth for
    testing, and a fifth of the rest for validation; of its 14,331 images 2,866 and 2,293.

    Parameters
    ----------
    split : Split
        What to split.
    test, validation : int or None, default=None
        Number of images; None for a fifth, rounded down.
    seed : int, default=0
        At least 0 and below 2**64.

    Returns
    -------
    splits : Splits
        Disjoint, together everything, each in random order.

    Raises
    ------
    TypeError
        If `split` is no Split, or a number or the seed is not whole.
    ValueError
        If a number is below 0, or nothing is left to train on; for a seed out of range.
    """
    if not isinstance(split, Split):
        raise TypeError(f"split is a {type(split).__name__}; accepted is a zbins.data.Split")
    n = len(split)
    n_test = n // 5 if test is None else checked_count(test, "test")
    n_validation = (
        max(0, n - n_test) // 5 if validation is None else checked_count(validation, "validation")
    )
    if n_test + n_validation >= n:
        raise ValueError(
            f"test is {n_test:,} and validation {n_validation:,}, which leaves none of {n:,} "
            "images to train on"
        )
    order = permutation(n, seed)
    tested, validated = order[:n_test], order[n_test : n_test + n_validation]
    return Splits(split.at(order[n_test + n_validation :]), split.at(validated), split.at(tested))


def checked_count(count: object, name: str) -> int:
    """Return a number of images, or say what is wrong with it."""
    if not is_int(count):
        raise TypeError(
            f"{name} is {count!r} of type {type(count).__name__}; accepted are None and a whole "
            "number of images"
        )
    if int(count) < 0:  # type: ignore[call-overload]
        raise ValueError(f"{name} is {count}; accepted are None and numbers from 0")
    return int(count)  # type: ignore[call-overload, no-any-return]
