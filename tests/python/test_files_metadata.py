"""Files with a right checksum and metadata that cannot be: refused by name, as damage is."""

from __future__ import annotations

import pytest

import zbins
from crafting import model_files, refuse_crafted, take_apart
from helpers import rows

FILES = model_files()
WRONG = {
    "n_samples_seen": [0, -1, 199, 201, 200.0, "200", None, True, [200], float("nan")],
    "n_samples_ignored": [-1, 0.5, 0.0, "0", None, False, [], 2**63, 10**30],
    "classes": [
        [],
        ["x", "y"],
        ["x", "y", "z", "zz"],
        ["x", "z", "y"],
        ["x", "y", "y"],
        ["y", "y\0", "z"],
        ["x", "y", 3],
        ["x", "y", None],
        [1, 2, 3],
        [True, False, True],
        "xyz",
        {"x": 1, "y": 2, "z": 3},
        3,
        None,
    ],
    "class_type": ["int", "bool", "float", "", None, 3, ["str"], {}],
    "feature_names": [[], ["a", "b"], ["a", "b", "c", "d"], ["a", "b", 3], "abc", 3, {"a": 1}],
    "n_bins": [
        0,
        -1,
        65_537,
        3.0,
        None,
        True,
        "3",
        [],
        [3, 0, 3],
        [[3, 4, 3]],
        [3],
        [3] * 4,
        {},
        float("nan"),
    ],
    "bounds": [
        3,
        "ab",
        [1],
        [1, 2, 3],
        ["quantile", 0.5],
        ["quantil", 0.1],
        [None, 1],
        [[[0]], 1],
        [[0, 0], 1],
        [True, False],
        [float("nan"), 1],
        [0, float("inf")],
        [10**400, 1],
        {"0": 0, "1": 1},
        True,
    ],
    "out_of_range": ["x", "", None, 3, True, ["grow"], {"grow": 1}],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
    ids=lambda value: repr(value)[:30],
)
def test_metadata_that_cannot_be(name, value, tmp_path):
    tensors, metadata = take_apart(FILES["labelled"])
    refuse_crafted(tmp_path, tensors, {**metadata, name: value})


def test_classes_of_ints_and_bools(tmp_path):
    X = rows(40)
    for y, wrong in (
        ([0, 1] * 20, [[1, 0], [0, 0], [0, 2**63], [-(2**70), 0], [0.0, 1.0], [False, True]]),
        ([False, True] * 20, [[True, False], [0, 1], [False], [False, True, True]]),
    ):
        zbins.PMFSampler(3).fit(X, y).save(tmp_path / "m.zbins")
        tensors, metadata = take_apart((tmp_path / "m.zbins").read_bytes())
        for classes in wrong:
            refuse_crafted(tmp_path, tensors, {**metadata, "classes": classes})


@pytest.mark.parametrize("name", ["class_type", "n_samples_seen", "n_bins", "classes"])
def test_names_missing_or_surplus(name, tmp_path):
    tensors, metadata = take_apart(FILES["labelled"])
    fewer = {key: value for key, value in metadata.items() if key != name}
    refuse_crafted(tmp_path, tensors, fewer, "other names than expected")
    refuse_crafted(tmp_path, tensors, {**metadata, name + "_": 1}, "other names than expected")


def test_a_class_type_without_classes(tmp_path):
    tensors, metadata = take_apart(FILES["one_bin"])
    refuse_crafted(tmp_path, tensors, {**metadata, "class_type": "int"})
