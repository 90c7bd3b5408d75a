"""Streams that cannot be read twice, or are not the same twice, are refused (law 7 and 8)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import zbins
from helpers import fingerprint, passes, refused, rows, table, with_value

X, y = rows(), np.zeros(20, int)
V, T = ValueError, TypeError
AGAIN = ["same rows each time", "no shuffling", "bounds=(lower, upper)"]


@pytest.fixture(params=["unfitted", "fitted"])
def sampler(request):
    made = zbins.PMFSampler(3)
    return made if request.param == "unfitted" else made.fit(rows(seed=5), np.zeros(20, int))


ONCE = ["only once", "a list", "a fresh generator"]
NO_STREAM = "iterable of X or (X, y)"
# Functions, for a stream that is read is used up.
STREAMS = [
    ("generator", T, lambda: (X for _ in range(2)), "batches is a generator", *ONCE),
    ("iterator", T, lambda: iter([X]), "batches is a list_iterator", *ONCE),
    ("map", T, lambda: map(np.asarray, [X]), "batches is a map", *ONCE),
    ("zip", T, lambda: zip([X], [y], strict=True), "batches is a zip", *ONCE),
    ("None", T, lambda: None, "batches is a NoneType", NO_STREAM, "function"),
    ("int", T, lambda: 3, "batches is a int", NO_STREAM, "function"),
    ("float", T, lambda: 2.5, "batches is a float", NO_STREAM, "function"),
    ("object", T, lambda: object(), "batches is a object", NO_STREAM, "function"),
    ("returns None", T, lambda: lambda: None, "batches", "NoneType", NO_STREAM),
    ("returns an int", T, lambda: lambda: 3, "batches", "int", NO_STREAM),
    ("rows", T, lambda: X, "batches is a ndarray", "[X] for a single X"),
    ("tensor", T, lambda: torch.from_numpy(X), "batches is a Tensor", "[X] for a single X"),
    ("frame", T, lambda: pd.DataFrame(X), "batches is a DataFrame", "[X] for a single X"),
    ("str", T, lambda: "a", "batches is a str", "[X] for a single X"),
    ("dict", T, lambda: {"a": X}, "batches is a dict", "[X] for a single X"),
    ("single rows", V, lambda: list(X), "chunk 0", "Expected 2D array"),
    ("three parts", V, lambda: [(X, y, y)], "chunk 0", "3 parts", "X and (X, y)"),
    ("a list of three", V, lambda: [[X, y, y]], "chunk 0", "3 parts", "X and (X, y)"),
]


@pytest.mark.parametrize("bounds", [None, (-9, 9)], ids=["two passes", "one pass"])
@table(STREAMS)
def test_what_is_no_stream(sampler, row, bounds):
    _, kind, make, *texts = row
    sampler.set_params(bounds=bounds)
    refused(kind, texts, lambda: sampler.fit_batches(make()), sampler)


def test_a_function_that_returns_the_same_generator_twice(sampler):
    stream = iter([X, X])
    texts = ["chunk 0 of the first pass is missing in the second", *AGAIN]
    refused(ValueError, texts, lambda: sampler.fit_batches(lambda: stream), sampler)


def test_an_iterable_of_chunks_may_have_a_shape():
    class Chunks(list):
        shape = (40, 2)

    assert zbins.PMFSampler().fit_batches(Chunks([X, X])).n_samples_seen_ == 2 * len(X)


def test_a_stack_of_chunks_is_an_iterable():
    """Of three dimensions, or an array of objects."""
    stack = np.stack([X, X + 1])
    objects = np.empty(2, object)
    objects[:] = list(stack)
    for batches in (stack, objects):
        assert zbins.PMFSampler().fit_batches(batches).n_samples_seen_ == 2 * len(X)


DIFFERENT = {
    "fewer rows": ([X, X[:9]], ["chunk 1", "9 rows in the second pass, 20 in the first"]),
    "more rows": ([X, np.vstack([X, X])], ["chunk 1", "40 rows in the second pass, 20 in the"]),
    "fewer chunks": ([X], ["chunk 1 of the first pass is missing in the second"]),
    "no chunks": ([], ["chunk 0 of the first pass is missing in the second"]),
    "more chunks": ([X, X, X[:7]], ["chunk 2", "7 rows in the second pass, 0 in the first"]),
    "an emptied chunk": ([X[:0], X], ["chunk 0 of the first pass is missing in the second"]),
    "a value above": (
        [X, with_value(X, 9.5, (7, 1), (8, 1))],
        ["chunk 1", "9.5 at row 7, column 1", "outside the range", "the first pass found"],
    ),
    "a value below": ([with_value(X, -9.5, (3, 0)), X], ["chunk 0", "-9.5 at row 3, column 0"]),
    "NaN": ([X, with_value(X, np.nan, (4, 1))], ["chunk 1", "NaN at row 4, column 1"]),
    "halved": ([X / 2, X / 2], ["the second pass"]),
    "noisy": ([X - 1e-3 * (X.min(axis=0) < X)] * 2, ["the second pass"]),
    "one column": ([X, X[:, :1]], ["chunk 1", "X has 1 features", "2 features"]),
    "one column at once": ([X[:, :1], X[:, :1]], ["chunk 0", "1", "2"]),
    "three columns at once": ([rows(d=3), rows(d=3)], ["chunk 0", "3", "2"]),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_a_second_pass_that_differs(sampler, case):
    second, texts = DIFFERENT[case]
    batches = passes([X, X], second)
    if "NaN" not in case and "column" not in case:
        texts = [*texts, *AGAIN]
    refused(ValueError, texts, lambda: sampler.fit_batches(batches), sampler)


def test_chunks_in_another_order_make_the_same_model():
    chunks = [rows(seed=seed) for seed in range(4)]
    shuffled = passes(chunks, [chunk[::-1] for chunk in reversed(chunks)])
    whole = fingerprint(zbins.PMFSampler(3).fit(np.vstack(chunks)))
    assert fingerprint(zbins.PMFSampler(3).fit_batches(shuffled)) == whole


@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("f8", "f4")], ids=" then ".join)
def test_the_first_chunk_of_the_first_pass_fixes_the_dtype(dtypes):
    Z = rows(dtype=np.float32)
    first, second = ([Z.astype(dtype), Z.astype(dtype)] for dtype in dtypes)
    sampler = zbins.PMFSampler(3).fit_batches(passes(first, second))
    assert fingerprint(sampler) == fingerprint(zbins.PMFSampler(3).fit(np.vstack(first)))


class StreamError(Exception):
    pass


@pytest.mark.parametrize("passes_before", [0, 1], ids=["first pass", "second pass"])
@pytest.mark.parametrize("chunks_before", [0, 1, 2])
@pytest.mark.parametrize(
    "error",
    [StreamError("the disk is gone"), ValueError("shard 7 is corrupt"), KeyboardInterrupt()],
)
def test_an_error_of_the_stream_itself_is_left_alone(sampler, error, chunks_before, passes_before):
    def broken():
        yield from [X] * chunks_before
        raise error

    batches = passes(*[[X, X]] * passes_before, broken())
    refused(type(error), str(error), lambda: sampler.fit_batches(batches), sampler)


def test_a_failing_chunk_names_its_cause(sampler):
    with pytest.raises(ValueError, match="chunk 1") as caught:
        sampler.fit_batches([X, with_value(X, np.nan, (0, 0))])
    assert isinstance(caught.value.__cause__, ValueError)


def test_frames_in_batches():
    frame = pd.DataFrame(X, columns=["u", "v"])
    sampler = zbins.PMFSampler(3).fit_batches([frame, frame[:0], frame])
    assert list(sampler.feature_names_in_) == ["u", "v"]
    other = frame.rename(columns={"u": "w"})
    texts = ["chunk 1", "feature names should match"]
    refused(ValueError, texts, lambda: sampler.fit_batches([frame, other]), sampler)
