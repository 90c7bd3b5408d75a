"""Model files that are kept in tests/data, one of each kind: C++ tests read them.

``python tests/python/golden.py`` writes them anew. A change of their bytes is a change of the
format: raise its version, and go on reading these.
"""

from __future__ import annotations

import pathlib

import numpy as np
import pandas as pd

import zbins

FOLDER = pathlib.Path(__file__).parents[1] / "data"
Z = np.array([[0, 0.5], [1, 2], [0.25, 3], [0.25, 3.25], [-1, 0.75], [8, 8], [0.25, 3]])


def float32():
    return zbins.PMFSampler(4).fit(Z.astype(np.float32))


def float64():
    return zbins.PMFSampler([4, 300]).fit(Z)


def int_labels():
    return zbins.PMFSampler(4).fit(Z, [3, -1, 3, 3, 2**62, -1, -1])


def bool_labels():
    return zbins.PMFSampler(4).fit(Z, [True, False, True, True, True, False, False])


def str_labels():
    return zbins.PMFSampler(4).fit(Z, ["b", "a", "é", "b", "\ud800", "𝔃", "a"])


def grown():
    return zbins.PMFSampler(4).fit(Z[:4]).partial_fit(Z[4:])


def constant():
    return zbins.PMFSampler(3).fit(Z * [1, 0])


def names():
    return zbins.PMFSampler(4, bounds=(0, [1, 2])).fit(pd.DataFrame(Z, columns=["u", "v"]))


def quantile():
    return zbins.PMFSampler(3, bounds=("quantile", 0.2), out_of_range="ignore").fit(Z)


MODELS = [
    float32,
    float64,
    int_labels,
    bool_labels,
    str_labels,
    grown,
    constant,
    names,
    quantile,
]


def main():
    FOLDER.mkdir(exist_ok=True)
    for make in MODELS:
        make().save(FOLDER / f"{make.__name__}.zbins")


if __name__ == "__main__":
    main()
