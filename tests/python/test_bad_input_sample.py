"""Arguments of `sample` and `sample_batches` that are not accepted, and memory there is not."""

from __future__ import annotations

import resource
import sys

import numpy as np
import pytest
import torch

import zbins
from helpers import DRAWS, refused, refused_at, rows, table

SAMPLER = zbins.PMFSampler(3, random_state=0).fit(rows())
SAMPLER32 = zbins.PMFSampler(3, random_state=0).fit(rows(dtype=np.float32))
V, T = ValueError, TypeError
NOT_INTS = [1.0, True, np.float64(3), np.array(3), np.array([3]), "3", None, [3]]
SEEDS = "at least 0 and below 2**64"
END = str(2**64 + 1), "below 2**64"
EVERYWHERE = [
    *(
        ({"n_samples": n}, T, f"n_samples is {n!r} of type {type(n).__name__}", "must be an int")
        for n in NOT_INTS
    ),
    ({"n_samples": -1}, V, "n_samples is -1", "at least 0"),
    ({"n_samples": -(2**63)}, V, f"n_samples is {-(2**63)}", "at least 0"),
    ({"n_samples": np.int8(-1)}, V, "n_samples is -1", "at least 0"),
    *(({"start": start}, T, f"start is {start!r}", "must be an int") for start in NOT_INTS),
    ({"start": -1}, V, "start is -1", "at least 0"),
    ({"start": 2**64 - 2}, V, *END),
    ({"start": 2**64, "n_samples": 1}, V, *END),
    ({"start": 1, "n_samples": 2**64}, V, *END),
    ({"random_state": 1.0}, T, "random_state is 1.0 of type float", "accepted are None, an int"),
    ({"random_state": True}, T, "random_state is True of type bool", "torch.Generator"),
    ({"random_state": "0"}, T, "random_state is '0' of type str", "RandomState"),
    ({"random_state": [1]}, T, "random_state is [1] of type list"),
    ({"random_state": np.array(1)}, T, "random_state is array(1) of type ndarray"),
    ({"random_state": np.random}, T, "of type module"),
    ({"random_state": np.random.SeedSequence(1)}, T, "of type SeedSequence"),
    ({"random_state": np.random.PCG64(1)}, T, "of type PCG64", "numpy.random.Generator"),
    ({"random_state": -1}, V, "random_state is -1", SEEDS),
    ({"random_state": 2**64}, V, "random_state is 18446744073709551616", SEEDS),
]
BATCHES = [
    ({"batch_size": 0}, V, "batch_size is 0", "at least 1"),
    ({"batch_size": -1}, V, "batch_size is -1", "at least 1"),
    *(({"batch_size": size}, T, f"batch_size is {size!r}", "must be an int") for size in NOT_INTS),
    *(
        ({"progress": bad}, T, f"progress is {bad!r}", "None, True and False")
        for bad in (3, "yes", 0.0)
    ),
]


@table(EVERYWHERE)
def test_an_argument(row):
    given, kind, *texts = row
    refused_at(DRAWS, kind, texts, SAMPLER, **{"n_samples": 3, **given})
    if "random_state" in given:
        sampler = zbins.PMFSampler(3).fit(rows()).set_params(**given)
        refused_at(DRAWS, kind, texts, sampler, 3)


@table(BATCHES)
def test_an_argument_of_batches(row):
    given, kind, *texts = row
    refused_at(["sample_batches"], kind, texts, SAMPLER, 3, **given)
    if "progress" in given:
        refused_at(["fit_batches"], kind, texts, zbins.PMFSampler(), rows(), **given)


def test_options_are_keywords():
    with pytest.raises(TypeError, match="positional argument"):
        SAMPLER.sample(3, 1)
    with pytest.raises(TypeError, match="positional argument"):
        SAMPLER.sample_batches(3, 1, 1)


@pytest.mark.parametrize(
    "random_state",
    [None, np.random.RandomState(0), np.random.default_rng(0), torch.Generator()],
    ids=["None", "RandomState", "Generator", "torch.Generator"],
)
def test_start_needs_an_int_seed(random_state):
    sampler = zbins.PMFSampler(3, random_state=random_state).fit(rows())
    texts = ["start is 5", "needs an int random_state"]
    refused_at(DRAWS, ValueError, texts, sampler, 3, start=5)
    if random_state is not None:
        refused_at(DRAWS, ValueError, texts, SAMPLER, 3, start=5, random_state=random_state)
    assert sampler.sample(3, start=0).shape == (3, 2)


def test_sample_numbers_end_at_64_bits():
    last = SAMPLER.sample(3, start=2**64 - 3)
    assert np.array_equal(last[2:], SAMPLER.sample(1, start=2**64 - 1))
    assert SAMPLER.sample(0, start=2**64).shape == (0, 2)


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10**12, 10**15, 2**62, 2**63, 2**64, 2**70], ids=repr)
def test_more_samples_than_memory(n):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sampler, nbytes in ((SAMPLER, 16), (SAMPLER32, 8)):
        texts = [f"{n:,} samples", f"{nbytes * n:,} bytes", "use sample_batches"]
        refused_at(["sample"], MemoryError, texts, sampler, n)
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
    refused_at(["sample"], MemoryError, "samples take", sampler, 10**15)
    refused_at(["sample"], TypeError, "out is a list", sampler, 3, out=[])
    refused_at(["sample"], ValueError, "without labels", sampler, 3, y=3)
    assert np.array_equal(sampler.sample(3), first)


# -- out -----------------------------------------------------------------------------------------


def read_only():
    out = np.zeros((3, 2))
    out.setflags(write=False)
    return out


def tensor(dtype=torch.float64, **options):
    return torch.zeros(3, 2, dtype=dtype, **options)


OUT = [
    ("read-only", V, read_only(), "out is read-only", "writeable"),
    ("rows", V, np.zeros((2, 2)), "out has the shape (2, 2)", "(3, 2)"),
    ("columns", V, np.zeros((3, 3)), "out has the shape (3, 3)", "(3, 2)"),
    ("1-D", V, np.zeros(6), "out has the shape (6,)", "(3, 2)"),
    ("float32", T, np.zeros((3, 2), "f4"), "dtype float32", "are float64"),
    ("int", T, np.zeros((3, 2), "i8"), "dtype int64", "are float64"),
    ("swapped", T, np.zeros((3, 2), ">f8"), "dtype >f8", "are float64"),
    ("Fortran", V, np.zeros((3, 2), order="F"), "strides", "C-contiguous"),
    ("every other", V, np.zeros((6, 2))[::2], "strides", "C-contiguous"),
    ("reversed", V, np.zeros((3, 2))[::-1], "strides", "C-contiguous"),
    ("list", T, [[0.0, 0.0]] * 3, "out is a list", "NumPy array or a tensor"),
    ("grad", V, tensor(requires_grad=True), "requires grad", "out.detach()"),
    ("in a graph", V, tensor(requires_grad=True) * 2, "requires grad"),
    ("transposed", V, torch.zeros(2, 3).double().T, "C-contiguous"),
    ("float32 tensor", T, tensor(torch.float32), "float32", "are float64"),
    ("meta", V, tensor(device="meta"), "out is on meta", "CPU"),
    ("sparse", T, tensor().to_sparse(), "out is a torch.sparse_coo tensor"),
]
OUT32 = [
    ("bfloat16", T, tensor(torch.bfloat16), "out has the dtype bfloat16", "samples are float32"),
    ("float16", T, tensor(torch.float16), "out has the dtype float16", "samples are float32"),
    ("float64", T, tensor(torch.float64), "out has the dtype float64", "samples are float32"),
    # NumPy sees only a copy of it: to be refused, never returned unwritten.
    ("a negated view", V, torch._neg_view(tensor(torch.float32)), "out"),
]


@table(OUT)
def test_out(row):
    _, kind, out, *texts = row
    refused_at(["sample"], kind, texts, SAMPLER, 3, out=out)


@table(OUT32)
def test_out_of_a_float32_model(row):
    _, kind, out, *texts = row
    refused_at(["sample"], kind, texts, SAMPLER32, 3, out=out)


def test_a_refused_out_is_not_written():
    out = np.full((3, 2), 7.0)
    refused_at(["sample"], ValueError, "without labels", SAMPLER, 3, out=out, y=1)
    refused_at(["sample"], ValueError, "start", SAMPLER, 3, out=out, start=-1)
    assert (out == 7).all()
