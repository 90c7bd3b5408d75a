"""CelebA: faces, with the partition and the attributes that come with them."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._types import Array
from ._folder import ImageFiles, Reading
from ._paths import as_folder, find
from ._split import Split, Splits

_IMAGES = ("img_align_celeba", "Img/img_align_celeba")
_PARTITION = ("list_eval_partition.txt", "Eval/list_eval_partition.txt")
_ATTRIBUTES = ("list_attr_celeba.txt", "Anno/list_attr_celeba.txt")
_PARTS = ("train", "validation", "test")  # 0, 1, 2 in the partition file


def celeba(
    path: str | os.PathLike[str],
    size: Any = 64,
    *,
    attributes: str | Sequence[str] | None = None,
    channels: int = 3,
    crop: Any = None,
    cache: str | os.PathLike[str] | None = None,
) -> Splits:
    """Open CelebA: 202,599 faces, aligned, of 218 by 178 pixels, in the split it comes with.

    Parameters
    ----------
    path : path-like
        A folder with ``img_align_celeba`` (or ``Img/img_align_celeba``) and
        ``list_eval_partition.txt`` (or ``Eval/list_eval_partition.txt``): every line of that has
        the name of an image and 0 for training, 1 for validation or 2 for testing. Images that it
        does not name are left out.
    size : int or (int, int), default=64
        Height and width as trained on. The PMFS paper takes them as they are: ``size=(218, 178)``;
        FlexAE takes 64.
    attributes : str, sequence of str or None, default=None
        Labels, from ``list_attr_celeba.txt`` (or ``Anno/list_attr_celeba.txt``). One name, such as
        "Smiling": label 1 where the file has 1, and 0 where it has -1. Several: one column each.
        None: no labels.
    channels : {3, 1}, default=3
        As in `image_folder`.
    crop : int, (int, int) or None, default=None
        As in `image_folder`; None is 178 by 178 for a square size. The paper on empirical beta
        copulas takes ``crop=140``.
    cache : None, "memory" or path-like, default=None
        As in `image_folder`; every split has a file of its own.

    Returns
    -------
    splits : Splits
        Of 162,770, 19,867 and 19,962 images, in the order of the file. None is decoded yet.

    Raises
    ------
    ImportError
        If Pillow is not installed.
    OSError
        If a folder, file or image is not there, saying what was looked for.
    ValueError
        If a line is not as above (naming file and line), there is no such attribute, or an
        argument is out of range.
    TypeError
        For an argument of another type.

    References
    ----------
    Z. Liu, P. Luo, X. Wang, X. Tang: "Deep learning face attributes in the wild", ICCV 2015.

    Examples
    --------
    >>> from zbins.data import celeba
    >>> faces = celeba("/data/celeba", 64, cache="/data/cache")  # doctest: +SKIP
    >>> faces.validation.arrays()[0].shape  # doctest: +SKIP
    (19867, 3, 64, 64)
    """
    reading = Reading.of(size, channels, crop, cache)
    wanted = _checked_names(attributes)
    folder = as_folder(path, "CelebA: img_align_celeba and list_eval_partition.txt")
    root = find(folder, "the images of CelebA are not there", _IMAGES, directory=True)
    listing = find(folder, "the partition of CelebA is not there", _PARTITION)
    parts = _partition(listing)
    _check_there(root, listing, parts)
    rows: dict[str, Array] = {}
    if wanted:
        rows = _attributes(find(folder, "the attributes are not there", _ATTRIBUTES), wanted)
    splits = []
    for part, names in zip(_PARTS, parts, strict=True):
        source = ImageFiles(f"celeba-{part}", root, names, reading)
        labels = _labels(names, rows, wanted) if wanted else None
        if labels is not None and isinstance(attributes, str):
            labels = labels[:, 0]
        classes = (f"not {attributes}", attributes) if isinstance(attributes, str) else wanted
        splits.append(Split(source, labels, classes))
    return Splits(*splits)


def _checked_names(attributes: object) -> tuple[str, ...]:
    if attributes is None:
        return ()
    names = (attributes,) if isinstance(attributes, str) else attributes
    if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
        raise TypeError(
            f"attributes is {attributes!r}; accepted are None, a name and a sequence of names"
        )
    if not names:
        raise ValueError(f"attributes is {attributes!r}; accepted are None and one name or more")
    return tuple(names)


def _partition(listing: str) -> tuple[list[str], list[str], list[str]]:
    """Return the names of the images of the three parts, in order."""
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    seen: set[str] = set()
    with open(listing, encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = line.split()
            if not words:
                continue
            if len(words) != 2 or words[1] not in ("0", "1", "2"):
                raise ValueError(
                    f"line {number:,} of {listing!r} is {line.strip()[:80]!r}; expected the name "
                    "of an image and 0 (train), 1 (validation) or 2 (test)"
                )
            name = words[0]
            if name in seen:
                raise ValueError(f"line {number:,} of {listing!r} names {name!r} a second time")
            seen.add(name)
            parts[int(words[1])].append(name)
    if not seen:
        raise ValueError(f"{listing!r} names no images; expected lines such as '000001.jpg 0'")
    return parts


def _check_there(root: str, listing: str, parts: Sequence[list[str]]) -> None:
    there = set(os.listdir(root))  # so nothing like "../x" passes either
    absent = [name for names in parts for name in names if name not in there]
    if absent:
        more = f" and {len(absent) - 10:,} more" if len(absent) > 10 else ""
        raise FileNotFoundError(
            errno.ENOENT,
            f"{listing!r} names {len(absent):,} images that are not there: "
            f"{', '.join(sorted(absent)[:10])}{more}; expected all of them in this folder",
            root,
        )


def _attributes(path: str, wanted: tuple[str, ...]) -> dict[str, Array]:
    """Return the row of wanted attributes, 0 or 1, of every image.

    The file has the number of images in line 1, the names of the attributes in line 2, then the
    name of an image and its 1 or -1 for each of them.
    """
    with open(path, encoding="utf-8", errors="replace") as file:
        first, known = file.readline().strip(), file.readline().split()
        if not first.isdecimal():
            raise ValueError(f"line 1 of {path!r} is {first[:80]!r}; expected the number of images")
        for name in wanted:
            if name not in known:
                raise ValueError(
                    f"attributes has {name!r}, which {path!r} has not; accepted are "
                    f"{', '.join(known)}"
                )
        columns = [known.index(name) + 1 for name in wanted]
        rows: dict[str, Array] = {}
        for number, line in enumerate(file, 3):
            words = line.split()
            if not words:
                continue
            values = [words[j] for j in columns] if len(words) == len(known) + 1 else [""]
            if not all(value in ("1", "-1") for value in values):
                raise ValueError(
                    f"line {number:,} of {path!r} is {line.strip()[:80]!r}; expected the name of "
                    f"an image and {len(known)} numbers that are 1 or -1"
                )
            rows[words[0]] = np.array([value == "1" for value in values], np.int64)
    if len(rows) != int(first):
        raise ValueError(f"{path!r} has {len(rows):,} images; expected the {first} of its line 1")
    return rows


def _labels(names: list[str], rows: dict[str, Array], wanted: tuple[str, ...]) -> Array:
    labels = np.empty((len(names), len(wanted)), np.int64)
    for i, name in enumerate(names):
        if name not in rows:
            raise ValueError(f"the file of attributes has no line for {name!r}")
        labels[i] = rows[name]
    return labels
