"""Files with a right checksum and a wrong meaning are refused by name: nothing in them is trusted.

Who can write a file can compute its checksum; loading must still never crash or give a model that
breaks a law.
"""

from __future__ import annotations

import numpy as np
import pytest

from crafting import load_crafted, model_files, refuse_crafted, take_apart

FILES = model_files()


def put(name, place, value):
    """A change: one entry of a tensor gets another value."""

    def change(tensors):
        tensors[name][place] = value

    return change


def add(name, place, value):
    def change(tensors):
        tensors[name][place] += tensors[name].dtype.type(value)

    return change


def swap(name, a, b):
    def change(tensors):
        tensors[name][[a, b]] = tensors[name][[b, a]]

    return change


def both(*changes):
    def change(tensors):
        for one in changes:
            one(tensors)

    return change


POSITIVE, INCREASING = "count is not positive", "strictly increasing"
BOUNDS = ["column 0", "must be finite"]
EXTENTS = ["column 1", "first_bin", "n_bins", "no growth"]
MEANINGS = {
    "codes swapped": ("labelled", swap("codes", 0, 1), INCREASING),
    "last codes swapped": ("labelled", swap("codes", -1, -2), INCREASING),
    "a code twice": ("labelled", lambda t: put("codes", 1, t["codes"][0])(t), INCREASING),
    "bits beyond the columns": ("labelled", add("codes", 0, 1), "bits set beyond"),
    "bits beyond one column": ("one_bin", add("codes", 0, 1), "bits set beyond"),
    "a code outside": ("one_bin", put("codes", 0, 3 << 62), ["column 0", "is 3", "3 bins"]),
    "a code in a constant column": ("one_row", put("codes", 0, 1 << 62), ["column 1", "1 bins"]),
    "a bin without a value": ("tight", lambda t: shift_codes(t), ["column 0", "no value"]),
    "count 0": ("one_bin", put("counts", 0, 0), POSITIVE),
    "count negative": ("one_bin", put("counts", 0, -2), POSITIVE),
    "count least": ("one_bin", put("counts", 0, -(2**63)), POSITIVE),
    "count 0 among others": ("labelled", put("counts", 3, 0), POSITIVE),
    "counts that wrap": ("labelled", put("counts", slice(2), 2**62 + 2**61), []),
    "count one more": ("one_bin", add("counts", 0, 1), ["add up to 3", "says 2"]),
    "count one less": ("one_bin", add("counts", 0, -1), ["add up to 1", "says 2"]),
    "counts shuffled": ("labelled", lambda t: t["counts"].__setitem__([0, 1], [1, 999]), []),
    "origin NaN": ("one_bin", put("origin", 0, np.nan), BOUNDS),
    "origin -inf": ("one_bin", put("origin", 0, -np.inf), BOUNDS),
    "top inf": ("one_bin", put("top", 0, np.inf), BOUNDS),
    "top NaN": ("one_bin", put("top", 0, np.nan), BOUNDS),
    "reversed": ("one_bin", put("top", 0, -1), [*BOUNDS, "[0, -1]"]),
    "range too large": (
        "one_bin",
        both(put("origin", 0, -1.7e308), put("top", 0, 1.7e308)),
        ["column 0", "too large"],
    ),
    "range too small": ("one_bin", put("top", 0, 5e-324), ["column 0", "too small"]),
    "now constant": ("one_bin", put("top", 0, 0), ["column 0"]),
    "no longer constant": ("constant", put("top", 1, 3), ["column 1"]),
    "k 0": ("one_bin", put("k", 0, 0), ["column 0", "is 0", "1 to 65536"]),
    "k negative": ("one_bin", put("k", 0, -3), ["column 0", "is -3"]),
    "k least": ("one_bin", put("k", 0, -(2**31)), ["column 0"]),
    "k 65537": ("one_bin", put("k", 0, 65_537), ["column 0", "is 65537"]),
    "k 0 in a constant column": ("constant", put("k", 1, 0), ["column 1", "is 0"]),
    "k more than n_bins": ("labelled", put("k", 1, 60_000), EXTENTS),
    "first_bin positive": ("labelled", put("first_bin", 1, 1), EXTENTS),
    "first_bin far": ("labelled", put("first_bin", 1, -65_536), EXTENTS),
    "first_bin least": ("labelled", put("first_bin", 1, -(2**31)), EXTENTS),
    "first_bin greatest": ("labelled", put("first_bin", 1, 2**31 - 1), EXTENTS),
    "n_bins 0": ("labelled", put("n_bins", 1, 0), EXTENTS),
    "n_bins negative": ("labelled", put("n_bins", 1, -1), EXTENTS),
    "n_bins less": ("labelled", put("n_bins", 1, 3), EXTENTS),
    "n_bins 65537": ("labelled", put("n_bins", 1, 65_537), EXTENTS),
    "n_bins greatest": ("labelled", put("n_bins", 1, 2**31 - 1), EXTENTS),
    "n_bins 2 in a constant column": ("constant", put("n_bins", 1, 2), EXTENTS),
    "first_bin in a constant column": ("constant", put("first_bin", 1, -1), EXTENTS),
    "wider codes": ("labelled", put("n_bins", 1, 60_000), []),
    "no bins": ("one_bin", lambda t: t.update(codes=t["codes"][:0], counts=t["counts"][:0]), []),
    "no columns": ("one_bin", lambda t: no_columns(t), []),
    "labels that start late": ("labelled", put("label_start", 0, 1), "label counts"),
    "labels that end early": ("labelled", put("label_start", -1, 5), "label counts"),
    "labels that go back": ("labelled", put("label_start", 5, 0), "label counts"),
    "labels far away": ("labelled", put("label_start", 5, 2**63), "label counts"),
    "labels farthest away": ("labelled", put("label_start", 5, 2**64 - 1), "label counts"),
    "a bin without labels": ("labelled", lambda t: empty_bin(t), "label counts"),
    "label count 0": ("labelled", put("label_count", 0, 0), "add up"),
    "label count more": ("labelled", add("label_count", 0, 1), "add up"),
    "label count huge": ("labelled", put("label_count", 0, 2**64 - 1), "add up"),
    "label negative": ("labelled", put("label", 0, -1), ["labels", "class"]),
    "label no class": ("labelled", put("label", 0, 3), ["labels", "class"]),
    "label greatest": ("labelled", put("label", 0, 2**31 - 1), ["labels", "class"]),
    "labels of a bin swapped": ("labelled", lambda t: swap_labels(t), "not increasing"),
    "a label twice in a bin": ("labelled", lambda t: label_twice(t), "not increasing"),
    "a label without rows": ("labelled", lambda t: t["label"].__setitem__(t["label"] == 2, 1), []),
}


def shift_codes(tensors):
    """Move the last bin next to the first, where no float32 lies."""
    tensors["codes"][:] = 1 << 56
    tensors["codes"] = tensors["codes"][:1]
    tensors["counts"] = tensors["counts"].sum(keepdims=True)


def no_columns(tensors):
    for name in ("origin", "top", "k", "first_bin", "n_bins"):
        tensors[name] = tensors[name][:0]


def fullest(tensors):
    """A place in `label` at which a bin has at least two entries."""
    start = tensors["label_start"].astype(np.int64)
    return start[np.argmax(np.diff(start))]


def swap_labels(tensors):
    at = fullest(tensors)
    for name in ("label", "label_count"):
        swap(name, at, at + 1)(tensors)


def label_twice(tensors):
    at = fullest(tensors)
    tensors["label"][at + 1] = tensors["label"][at]


def empty_bin(tensors):
    tensors["label_start"][1] = 0


@pytest.mark.parametrize("case", MEANINGS)
def test_tensors_that_cannot_be_a_model(case, tmp_path):
    model, change, texts = MEANINGS[case]
    tensors, metadata = take_apart(FILES[model])
    change(tensors)
    refuse_crafted(tmp_path, tensors, metadata, texts)


def test_the_last_good_values_still_load(tmp_path):
    """What is refused above is refused for its own sake: one step before, it loads."""
    tensors, metadata = take_apart(FILES["one_bin"])
    put("n_bins", 0, 4)(tensors)
    put("codes", 0, 3 << 62)(tensors)
    assert load_crafted(tmp_path, tensors, metadata).codes_.tolist() == [[3]]
    put("counts", 0, 2**63 - 1)(tensors)
    loaded = load_crafted(tmp_path, tensors, {**metadata, "n_samples_seen": 2**63 - 1})
    assert loaded.n_samples_seen_ == 2**63 - 1
    assert loaded.contains(loaded.sample(100, random_state=0)).all()


@pytest.mark.parametrize("name", ["origin", "k", "first_bin", "n_bins", "codes", "counts"])
def test_shapes_and_dtypes(name, tmp_path):
    tensors, metadata = take_apart(FILES["labelled"])
    array = tensors[name]
    wrong = {
        "longer": np.concatenate([array, array[:1]]),
        "shorter": array[:-1],
        "empty": array[:0],
        "one axis more": array[:, None],
        "no axis": array.reshape(-1)[0].reshape(()),
        "flat": array.reshape(1, -1),
        "missing": None,
        **{
            dtype: array.astype(dtype)
            for dtype in ("<f4", "<f8", "<i4", "<u4", "<i8", "<u8", "|b1", "|u1")
            if np.dtype(dtype) != array.dtype
        },
    }
    for bad in wrong.values():
        changed = {key: value for key, value in tensors.items() if key != name}
        if bad is not None:
            changed[name] = bad
        refuse_crafted(tmp_path, changed, metadata)


@pytest.mark.parametrize("name", ["label_start", "label", "label_count"])
def test_shapes_and_dtypes_of_labels(name, tmp_path):
    tensors, metadata = take_apart(FILES["labelled"])
    array = tensors[name]
    for bad in (array[:-1], array[:0], array[:, None], array.astype("<f8"), array.astype("|u1")):
        refuse_crafted(tmp_path, {**tensors, name: bad}, metadata)
    changed = {key: value for key, value in tensors.items() if key != name}
    refuse_crafted(tmp_path, changed, metadata, [name])


def test_surplus_tensors(tmp_path):
    tensors, metadata = take_apart(FILES["one_bin"])
    for name in ("more", "label", ""):
        refuse_crafted(tmp_path, {**tensors, name: np.zeros(1)}, metadata, "it has the tensors")
    refuse_crafted(tmp_path, {}, metadata, "it has the tensors")
