"""MOBIUS: pictures of eyes taken with mobile phones."""

from __future__ import annotations

import os
from typing import Any

from ._folder import ImageFiles, Reading, listed, numbered
from ._paths import as_folder, find, missing
from ._split import Split, Splits, partition


def mobius(
    path: str | os.PathLike[str],
    size: Any = (1700, 3000),
    *,
    bad: bool = False,
    seed: int = 0,
    channels: int = 3,
    crop: Any = None,
    cache: str | os.PathLike[str] | None = None,
) -> Splits:
    """Open MOBIUS: 16,717 pictures of eyes of 100 people.

    The PMFS paper (appendix D.3) leaves out the blurry ones, and splits the 14,331 others into
    9,172, 2,293 and 2,866. It does not say how: here "blurry" are those that the data set itself
    calls unusable (their names end with ``_bad``), and the split is drawn at random over images,
    by the shares that give these numbers (see `partition`). So one person's eye is in all three:
    take `labels`, and `Split.at`, to split by person.

    Parameters
    ----------
    path : path-like
        A folder with ``Images``, and in it one folder per person (1 to 100) of files that are
        named by person, phone and light, eye and gaze, and number: ``1/1_1i_Ll_1.jpg``. Masks and
        ``data.csv``, which lie beside it, are not used.
    size : int or (int, int), default=(1700, 3000)
        Height and width as trained on; the default is that of the pictures, as in the paper. A
        cache of all of them at that size takes 219 GB.
    bad : bool, default=False
        Whether to keep those that end with ``_bad``.
    seed : int, default=0
        Of the split: at least 0 and below 2**64. The same seed gives the same for ever.
    channels, crop, cache
        As in `image_folder`. The three splits share one cache, and so do all seeds.

    Returns
    -------
    splits : Splits
        Labelled by person: `classes` has the names of the folders, in the order of numbers.

    Raises
    ------
    ImportError, OSError, ValueError, TypeError
        As `image_folder`; also if nothing is left for training.

    References
    ----------
    M. Vitek, P. Rot, V. Štruc, P. Peer: "A comprehensive investigation into sclera biometrics: a
    novel dataset and performance study", Neural Computing & Applications, 2020.
    """
    reading = Reading.of(size, channels, crop, cache)
    if not isinstance(bad, bool):
        raise TypeError(f"bad is {bad!r}; accepted are True and False")
    expected = "the folder Images of MOBIUS, with one folder per person"
    folder = as_folder(path, expected)
    root = find(folder, "MOBIUS keeps its pictures elsewhere", ["Images"], directory=True)
    names = [name for name in listed(root) if os.sep in name and (bad or not _is_bad(name))]
    if not names:
        raise missing(root, "there are no pictures of MOBIUS", ["1/1_1i_Ll_1.jpg and the like"])
    numbers, classes = numbered(names)
    title = "mobius-with-bad" if bad else "mobius"
    source = ImageFiles(title, root, names, reading)
    return partition(Split(source, numbers, classes), seed=seed)


def _is_bad(name: str) -> bool:
    return os.path.splitext(name)[0].lower().endswith("_bad")
