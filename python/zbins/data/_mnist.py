"""MNIST and Fashion-MNIST, from the four idx files they are distributed as, or one npz."""

from __future__ import annotations

import functools
import os
import zipfile

import numpy as np

from .._errors import RowError
from .._types import Array
from ._arrays import StoredImages, checked_labels, npz
from ._idx import idx_header, load_idx
from ._paths import as_folder, as_path, find
from ._split import Split, Splits, checked_count, permutation

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_SIDE = 28  # pixels


def mnist(path: str | os.PathLike[str], *, validation: int | None = None, seed: int = 0) -> Splits:
    """Open MNIST: grey images of 28 by 28 pixels, of ten digits.

    Parameters
    ----------
    path : path-like
        A folder with the four files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each as it is or with ``.gz``;
        or an .npz file with ``x_train``, ``y_train``, ``x_test`` and ``y_test``, as Keras has it.
    validation : int or None, default=None
        How many of the training images are for validation; None for a sixth: 10,000 of 60,000, as
        in the PMFS paper (appendix D.1). The paper does not say which, so they are drawn at random.
    seed : int, default=0
        Of that draw: at least 0 and below 2**64. The same seed gives the same split for ever.

    Returns
    -------
    splits : Splits
        Of 50,000, 10,000 and 10,000 images of shape (1, 28, 28); the last are the test files, in
        their order. Images are read at the first access.

    Raises
    ------
    OSError
        If a file is not there, saying what was looked for and what is there instead; or cannot be
        read.
    ValueError
        If a file is damaged, images and labels differ in number, a label is not below 10, or
        `validation` or `seed` is out of range.
    TypeError
        If the path, `validation` or the seed is of another type.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998.

    Examples
    --------
    >>> from zbins.data import mnist
    >>> digits = mnist("/data/mnist")  # doctest: +SKIP
    >>> len(digits.train), len(digits.validation), len(digits.test)  # doctest: +SKIP
    (50000, 10000, 10000)
    """
    return _open(path, "MNIST", _DIGITS, validation, seed)


def fashion_mnist(
    path: str | os.PathLike[str], *, validation: int | None = None, seed: int = 0
) -> Splits:
    """Open Fashion-MNIST, which is made as MNIST is: see `mnist` for parameters and errors.

    Parameters
    ----------
    path : path-like
        The folder or file; the names in it are those of MNIST, so mind which one it is.
    validation : int or None, default=None
        As for `mnist`.
    seed : int, default=0
        As for `mnist`.

    Returns
    -------
    splits : Splits
        As for `mnist`; `classes` names the ten kinds of clothes.

    References
    ----------
    H. Xiao, K. Rasul, R. Vollgraf: "Fashion-MNIST: a novel image dataset for benchmarking machine
    learning algorithms", arXiv:1708.07747, 2017.
    """
    return _open(path, "Fashion-MNIST", _CLOTHES, validation, seed)


def _open(
    path: str | os.PathLike[str],
    title: str,
    classes: tuple[str, ...],
    validation: int | None,
    seed: int,
) -> Splits:
    name = as_path(path)
    if os.path.isfile(name) and zipfile.is_zipfile(name):
        trained = npz(name, images="x_train", labels="y_train", classes=classes)
        test = npz(name, images="x_test", labels="y_test", classes=classes)
        for split, part in ((trained, "x_train"), (test, "x_test")):
            _check(split, f"{part} of {name!r}")
    else:
        folder = as_folder(
            name, f"the four idx files of {title} (or an .npz file with x_train, y_train, ...)"
        )
        trained = _from_idx(folder, title, "train", classes)
        test = _from_idx(folder, title, "t10k", classes)
    n = len(trained)
    held_out = n // 6 if validation is None else checked_count(validation, "validation")
    if held_out >= n:
        raise ValueError(
            f"validation is {held_out:,}; accepted are numbers below {n:,}, the training images"
        )
    order = permutation(n, seed)
    return Splits(trained.at(order[held_out:]), trained.at(order[:held_out]), test)


def _from_idx(folder: str, title: str, part: str, classes: tuple[str, ...]) -> Split:
    stems = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    images, labels = (
        find(folder, f"a file of {title} is not there", (stem, stem + ".gz")) for stem in stems
    )
    header = idx_header(images)
    if header.dtype != np.uint8 or len(header.shape) != 3:
        raise ValueError(
            f"{images!r} holds {header.dtype} of shape {header.shape}; expected bytes of shape "
            f"(n, {_SIDE}, {_SIDE})"
        )
    n, height, width = header.shape
    source = StoredImages(functools.partial(_load, images), (n, 1, height, width))
    numbers = checked_labels(load_idx(labels), n, repr(labels))
    split = Split(source, numbers, classes)
    _check(split, repr(images))
    return split


def _load(name: str) -> Array:
    return load_idx(name)[:, None]


def _check(split: Split, name: str) -> None:
    if split.image_shape != (1, _SIDE, _SIDE):
        c, h, w = split.image_shape
        raise ValueError(
            f"{name} holds images of {c} x {h} x {w}; expected 1 x {_SIDE} x {_SIDE} (channels, "
            "height, width)"
        )
    assert split.labels is not None
    wrong = np.flatnonzero((split.labels < 0) | (split.labels >= len(split.classes)))
    if len(wrong):
        label = split.labels[wrong[0]]
        raise RowError(
            f"the label of image {{row}} of {name} is {label}; expected 0 to "
            f"{len(split.classes) - 1}",
            int(wrong[0]),
            value=label,
        )
