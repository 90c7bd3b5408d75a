"""Streams that cannot be read twice, or are not the same twice, are refused (law 7 and 8)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import zbins
from helpers import fingerprint, passes, refused, rows, with_value

X = rows()
AGAIN = ["same rows each time", "no shuffling", "bounds=(lower, upper)"]


@pytest.fixture(params=["unfitted", "fitted"])
def sampler(request):
    made = zbins.PMFSampler(3)
    return made if request.param == "unfitted" else made.fit(rows(seed=5), np.zeros(20, int))


@pytest.mark.parametrize("bounds", [None, (-9, 9)], ids=["two passes", "one pass"])
@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: (X for _ in range(2)), "generator"),
        (lambda: iter([X]), "list_iterator"),
        (lambda: map(np.asarray, [X]), "map"),
        (lambda: zip([X], [np.zeros(20, int)], strict=True), "zip"),
    ],
    ids=["generator", "iterator", "map", "zip"],
)
def test_streams_that_can_be_read_once(sampler, make, name, bounds):
    sampler.set_params(bounds=bounds)
    texts = [f"batches is a {name}", "only once", "a list", "a fresh generator"]
    refused(TypeError, texts, lambda: sampler.fit_batches(make()), sampler)


@pytest.mark.parametrize("batches", [None, 3, 2.5, object()], ids=lambda v: type(v).__name__)
def test_what_is_no_stream(sampler, batches):
    texts = [f"batches is a {type(batches).__name__}", "iterable of X or (X, y)", "function"]
    refused(TypeError, texts, lambda: sampler.fit_batches(batches), sampler)


@pytest.mark.parametrize("returned", [None, 3], ids=repr)
def test_a_function_that_returns_no_stream(sampler, returned):
    texts = ["batches", type(returned).__name__, "iterable of X or (X, y)"]
    refused(TypeError, texts, lambda: sampler.fit_batches(lambda: returned), sampler)


def test_a_function_that_returns_the_same_generator_twice(sampler):
    stream = iter([X, X])
    texts = ["chunk 0 of the first pass is missing in the second", *AGAIN]
    refused(ValueError, texts, lambda: sampler.fit_batches(lambda: stream), sampler)


def test_rows_instead_of_chunks(sampler):
    for batches in (
        X,
        torch.from_numpy(X),
        pd.DataFrame(X),
        "a",
        {"a": X},
    ):
        texts = [f"batches is a {type(batches).__name__}", "[X] for a single X"]
        refused(TypeError, texts, lambda b=batches: sampler.fit_batches(b), sampler)
    texts = ["chunk 0", "Expected 2D array"]
    refused(ValueError, texts, lambda: sampler.fit_batches(list(X)), sampler)


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


def test_too_many_parts(sampler):
    y = np.zeros(20, int)
    texts = ["chunk 0", "3 parts", "X and (X, y)"]
    refused(ValueError, texts, lambda: sampler.fit_batches([(X, y, y)]), sampler)
    refused(ValueError, texts, lambda: sampler.fit_batches([[X, y, y]]), sampler)


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


def test_an_error_of_the_stream_itself_is_left_alone(sampler):
    class StreamError(Exception):
        pass

    def broken(after):
        yield from [X] * after
        raise StreamError("the disk is gone")

    for good in (0, 1, 3):
        refused(
            StreamError,
            "the disk is gone",
            lambda n=good: sampler.fit_batches(lambda: broken(n)),
            sampler,
        )
    batches = passes([X, X], broken(1))
    refused(StreamError, "the disk is gone", lambda: sampler.fit_batches(batches), sampler)


def test_value_errors_of_the_stream_keep_their_words(sampler):
    def broken():
        yield X
        raise ValueError("shard 7 is corrupt")

    refused(ValueError, "shard 7 is corrupt", lambda: sampler.fit_batches(broken), sampler)


def test_an_interrupt_in_the_second_pass_loses_nothing(sampler):
    def interrupted():
        yield X
        raise KeyboardInterrupt

    batches = passes([X, X], interrupted())
    refused(KeyboardInterrupt, [], lambda: sampler.fit_batches(batches), sampler)


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
