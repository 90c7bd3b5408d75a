"""The images: MNIST from a file or folder, split as in the paper, known again by their content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from settings import Settings

from zbins.data import mnist

Array = NDArray[np.generic]

EXPECTED = (
    "accepted are mnist.npz (with x_train, y_train, x_test, y_test), a folder that holds it, and a "
    "folder with the four idx files of MNIST (train-images-idx3-ubyte, ..., each with or without "
    ".gz)"
)


class BadDataError(Exception):
    """DATA is not what is needed; the message says what is."""


@dataclass(frozen=True)
class Digits:
    """Three disjoint parts; images are uint8 of shape (n, 1, 28, 28).

    The networks see `train` only, the samplers are fitted on the latents of `validation`, and
    `test` is what all are measured against.
    """

    train: Array
    train_labels: Array
    validation: Array
    test: Array
    test_labels: Array
    identity: str


def open_digits(path: str, settings: Settings) -> Digits:
    """Read the images.

    Raises
    ------
    BadDataError
        If they are not there, damaged, or, in a full run, not as many as those of MNIST.
    """
    if not path:
        raise BadDataError(f"no images were given: make mnist DATA=PATH; {EXPECTED}")
    place = Path(path)
    if (place / "mnist.npz").is_file():
        place = place / "mnist.npz"
    try:
        splits = mnist(place)
        parts = [
            (np.array(images[:n]), labels[:n])  # torch wants arrays it could write to
            for (images, labels), n in zip(
                (split.arrays() for split in (splits.train, splits.validation, splits.test)),
                settings.sizes,
                strict=True,
            )
        ]
    except (OSError, ValueError) as error:
        raise BadDataError(f"DATA is {path!r}: {error}; {EXPECTED}") from error
    found = tuple(len(images) for images, _ in parts)
    if not settings.quick and found != settings.sizes:
        raise BadDataError(
            f"DATA is {path!r}, which gives {' + '.join(f'{n:,}' for n in found)} images for "
            f"training, validation and testing; MNIST has 50,000 + 10,000 + 10,000 "
            "(--quick takes any number)"
        )
    (train, train_labels), (validation, _), (test, test_labels) = parts
    return Digits(train, train_labels, validation, test, test_labels, _identity(parts))


def _identity(parts: list[tuple[Array, Array]]) -> str:
    """Return a digest of pixels and labels: the same images in another file are the same."""
    digest = hashlib.sha256()
    for part in parts:
        for array in part:
            digest.update(f"{array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
