"""Arguments of `sample` and `sample_batches` that are not accepted, and memory there is not."""

from __future__ import annotations

import resource
import sys

import numpy as np
import pytest
import torch

import zbins
from helpers import fingerprint, refused, rows

SAMPLER = zbins.PMFSampler(3, random_state=0).fit(rows())
SAMPLER32 = zbins.PMFSampler(3, random_state=0).fit(rows(dtype=np.float32))
BEFORE = fingerprint(SAMPLER), fingerprint(SAMPLER32)

NOT_INTS = [1.0, True, np.float64(3), np.array(3), np.array([3]), "3", None, [3]]


@pytest.fixture(autouse=True)
def unchanged():
    yield
    assert (fingerprint(SAMPLER), fingerprint(SAMPLER32)) == BEFORE


@pytest.mark.parametrize("n", NOT_INTS, ids=repr)
def test_n_samples_is_an_int(n):
    texts = [f"n_samples is {n!r}", f"of type {type(n).__name__}", "must be an int"]
    refused(TypeError, texts, lambda: SAMPLER.sample(n))
    refused(TypeError, texts, lambda: SAMPLER.sample_batches(n))


@pytest.mark.parametrize("n", [-1, -(2**63), np.int8(-1)])
def test_n_samples_is_not_negative(n):
    texts = [f"n_samples is {n}", "at least 0"]
    refused(ValueError, texts, lambda: SAMPLER.sample(n))
    refused(ValueError, texts, lambda: SAMPLER.sample_batches(n))


@pytest.mark.parametrize("n", [10**12, 10**15, 2**62, 2**63, 2**64, 2**70], ids=repr)
def test_more_samples_than_memory(n):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sampler, nbytes in ((SAMPLER, 16), (SAMPLER32, 8)):
        texts = [f"{n:,} samples", f"{nbytes * n:,} bytes", "use sample_batches"]
        refused(MemoryError, texts, lambda sampler=sampler: sampler.sample(n))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB on Linux
    assert grown < 65_536 or sys.platform != "linux"


def test_batches_of_more_samples_than_memory():
    stream = SAMPLER.sample_batches(10**15, batch_size=10)
    assert next(stream).shape == (10, 2)
    assert np.array_equal(next(stream), SAMPLER.sample(20)[10:])
    stream = SAMPLER.sample_batches(10**15, batch_size=10**14)
    refused(MemoryError, "100,000,000,000,000 samples", lambda: next(stream))


@pytest.mark.parametrize("kind", ["RandomState", "Generator", "torch.Generator", "global"])
def test_a_refused_draw_takes_no_seed(kind):
    make = {
        "RandomState": lambda: np.random.RandomState(0),
        "Generator": lambda: np.random.default_rng(0),
        "torch.Generator": lambda: torch.Generator().manual_seed(0),
        "global": lambda: None,
    }[kind]
    sampler = zbins.PMFSampler(3, random_state=make()).fit(rows())
    np.random.seed(3)  # noqa: NPY002 - the global state is what None draws from
    first = zbins.PMFSampler(3, random_state=make()).fit(rows()).sample(3)
    np.random.seed(3)  # noqa: NPY002
    refused(MemoryError, "samples take", lambda: sampler.sample(10**15), sampler)
    refused(TypeError, "out is a list", lambda: sampler.sample(3, out=[]), sampler)
    refused(ValueError, "without labels", lambda: sampler.sample(3, y=3), sampler)
    assert np.array_equal(sampler.sample(3), first)


@pytest.mark.parametrize("start", NOT_INTS, ids=repr)
def test_start_is_an_int(start):
    texts = [f"start is {start!r}", "must be an int"]
    refused(TypeError, texts, lambda: SAMPLER.sample(3, start=start))
    refused(TypeError, texts, lambda: SAMPLER.sample_batches(3, start=start))


def test_start_is_not_negative():
    refused(ValueError, ["start is -1", "at least 0"], lambda: SAMPLER.sample(3, start=-1))


@pytest.mark.parametrize(
    "random_state",
    [None, np.random.RandomState(0), np.random.default_rng(0), torch.Generator()],
    ids=["None", "RandomState", "Generator", "torch.Generator"],
)
def test_start_needs_an_int_seed(random_state):
    sampler = zbins.PMFSampler(3, random_state=random_state).fit(rows())
    texts = ["start is 5", "needs an int random_state"]
    refused(ValueError, texts, lambda: sampler.sample(3, start=5), sampler)
    refused(ValueError, texts, lambda: sampler.sample_batches(3, start=5), sampler)
    if random_state is not None:
        refused(ValueError, texts, lambda: SAMPLER.sample(3, start=5, random_state=random_state))
    assert sampler.sample(3, start=0).shape == (3, 2)


def test_sample_numbers_end_at_64_bits():
    last = SAMPLER.sample(3, start=2**64 - 3)
    assert np.array_equal(last[2:], SAMPLER.sample(1, start=2**64 - 1))
    assert SAMPLER.sample(0, start=2**64).shape == (0, 2)
    texts = [str(2**64 + 1), "below 2**64"]
    for start, n in ((2**64 - 2, 3), (2**64, 1), (1, 2**64)):
        refused(ValueError, texts, lambda n=n, start=start: SAMPLER.sample(n, start=start))
        call = lambda n=n, start=start: SAMPLER.sample_batches(n, start=start)  # noqa: E731
        refused(ValueError, texts, call)


@pytest.mark.parametrize(
    ("random_state", "kind", "texts"),
    [
        (1.0, TypeError, ["random_state is 1.0 of type float", "accepted are None, an int"]),
        (True, TypeError, ["random_state is True of type bool", "torch.Generator"]),
        ("0", TypeError, ["random_state is '0' of type str", "RandomState"]),
        ([1], TypeError, ["random_state is [1] of type list"]),
        (np.array(1), TypeError, ["random_state is array(1) of type ndarray"]),
        (np.random, TypeError, ["of type module"]),
        (np.random.SeedSequence(1), TypeError, ["of type SeedSequence"]),
        (np.random.PCG64(1), TypeError, ["of type PCG64", "numpy.random.Generator"]),
        (-1, ValueError, ["random_state is -1", "at least 0 and below 2**64"]),
        (2**64, ValueError, ["random_state is 18446744073709551616", "below 2**64"]),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_random_state(random_state, kind, texts):
    refused(kind, texts, lambda: SAMPLER.sample(3, random_state=random_state))
    refused(kind, texts, lambda: SAMPLER.sample_batches(3, random_state=random_state))
    sampler = zbins.PMFSampler(3).fit(rows()).set_params(random_state=random_state)
    refused(kind, texts, sampler.sample, sampler)


def read_only():
    out = np.zeros((3, 2))
    out.setflags(write=False)
    return out


def tensor(dtype=torch.float64, **options):
    return torch.zeros(3, 2, dtype=dtype, **options)


BAD_OUT = {
    "read-only": (read_only, ValueError, ["out is read-only", "writeable"]),
    "rows": (lambda: np.zeros((2, 2)), ValueError, ["out has the shape (2, 2)", "(3, 2)"]),
    "columns": (lambda: np.zeros((3, 3)), ValueError, ["out has the shape (3, 3)", "(3, 2)"]),
    "1-D": (lambda: np.zeros(6), ValueError, ["out has the shape (6,)", "(3, 2)"]),
    "float32": (lambda: np.zeros((3, 2), "f4"), TypeError, ["dtype float32", "are float64"]),
    "int": (lambda: np.zeros((3, 2), "i8"), TypeError, ["dtype int64", "are float64"]),
    "swapped": (lambda: np.zeros((3, 2), ">f8"), TypeError, ["dtype >f8", "are float64"]),
    "Fortran": (lambda: np.zeros((3, 2), order="F"), ValueError, ["strides", "C-contiguous"]),
    "every other": (lambda: np.zeros((6, 2))[::2], ValueError, ["strides", "C-contiguous"]),
    "reversed": (lambda: np.zeros((3, 2))[::-1], ValueError, ["strides", "C-contiguous"]),
    "list": (lambda: [[0.0, 0.0]] * 3, TypeError, ["out is a list", "NumPy array or a tensor"]),
    "grad": (lambda: tensor(requires_grad=True), ValueError, ["requires grad", "out.detach()"]),
    "in a graph": (lambda: tensor(requires_grad=True) * 2, ValueError, ["requires grad"]),
    "transposed": (lambda: torch.zeros(2, 3).double().T, ValueError, ["C-contiguous"]),
    "float32 tensor": (lambda: tensor(torch.float32), TypeError, ["float32", "are float64"]),
    "meta": (lambda: tensor(device="meta"), ValueError, ["out is on meta", "CPU"]),
    "sparse": (lambda: tensor().to_sparse(), TypeError, ["out is a torch.sparse_coo tensor"]),
}


@pytest.mark.parametrize("case", BAD_OUT)
def test_out(case):
    make, kind, texts = BAD_OUT[case]
    refused(kind, texts, lambda: SAMPLER.sample(3, out=make()))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64], ids=str)
def test_tensors_of_another_dtype_than_float32(dtype):
    texts = [f"out has the dtype {dtype}".replace("torch.", ""), "samples are float32"]
    refused(TypeError, texts, lambda: SAMPLER32.sample(3, out=tensor(dtype)))


def test_out_that_is_a_negated_view():
    """NumPy sees only a copy of it: to be refused, never returned unwritten."""
    out = torch._neg_view(tensor(torch.float32))
    refused(ValueError, "out", lambda: SAMPLER32.sample(3, out=out))


def test_a_refused_out_is_not_written():
    out = np.full((3, 2), 7.0)
    refused(ValueError, "without labels", lambda: SAMPLER.sample(3, out=out, y=1))
    refused(ValueError, "start", lambda: SAMPLER.sample(3, out=out, start=-1))
    assert (out == 7).all()


@pytest.mark.parametrize("size", [0, -1])
def test_batch_size_is_positive(size):
    texts = [f"batch_size is {size}", "at least 1"]
    refused(ValueError, texts, lambda: SAMPLER.sample_batches(3, batch_size=size))


@pytest.mark.parametrize("size", NOT_INTS, ids=repr)
def test_batch_size_is_an_int(size):
    texts = [f"batch_size is {size!r}", "must be an int"]
    refused(TypeError, texts, lambda: SAMPLER.sample_batches(3, batch_size=size))


@pytest.mark.parametrize("progress", [3, "yes", 0.0], ids=repr)
def test_progress_is_none_true_or_false(progress):
    texts = [f"progress is {progress!r}", "None, True and False"]
    refused(TypeError, texts, lambda: SAMPLER.sample_batches(3, progress=progress))
    sampler = zbins.PMFSampler()
    refused(TypeError, texts, lambda: sampler.fit_batches([rows()], progress=progress), sampler)


def test_options_are_keywords():
    with pytest.raises(TypeError, match="positional argument"):
        SAMPLER.sample(3, 1)
    with pytest.raises(TypeError, match="positional argument"):
        SAMPLER.sample_batches(3, 1, 1)
