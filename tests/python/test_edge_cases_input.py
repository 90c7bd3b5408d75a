"""Every layout and kind of input gives the same model, and samples come back as what went in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import zbins
from helpers import fingerprint, rows

X = rows(64, 5)


def fit(X, y=None, **parameters):
    return zbins.PMFSampler(**{"n_bins": 4, "random_state": 0, **parameters}).fit(X, y)


# -- layouts -----------------------------------------------------------------------------------


def read_only(X):
    X = X.copy()
    X.setflags(write=False)
    return X


def unaligned(X):
    raw = np.empty(X.nbytes + 1, np.uint8)
    view = raw[1:].view(X.dtype).reshape(X.shape)
    view[:] = X
    assert not view.flags.aligned
    return view


def field(X):
    records = np.empty(X.shape, np.dtype([("flag", "i1"), ("value", X.dtype)]))
    records["value"] = X
    assert records["value"].strides[1] % X.itemsize
    return records["value"]


def memory_mapped(X, folder):
    path = folder / "X.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    return mapped


class Subclass(np.ndarray):
    pass


class WithArray:
    def __init__(self, X):
        self.X = X

    def __array__(self, dtype=None, copy=None):
        return self.X if dtype is None else self.X.astype(dtype)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        return self.X[row]


LAYOUTS = {
    "Fortran": lambda X, _: np.asfortranarray(X),
    "every other row": lambda X, _: np.repeat(X, 2, axis=0)[::2],
    "every other column": lambda X, _: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed rows": lambda X, _: X[::-1].copy()[::-1],
    "reversed columns": lambda X, _: X[:, ::-1].copy()[:, ::-1],
    "both reversed": lambda X, _: X[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": lambda X, _: read_only(X),
    "unaligned": lambda X, _: unaligned(X),
    "field of records": lambda X, _: field(X),
    "memory-mapped": memory_mapped,
    "swapped": lambda X, _: X.astype(X.dtype.newbyteorder()),
    "subclass": lambda X, _: X.view(Subclass),
    "unmasked": lambda X, _: np.ma.masked_array(X),
    "__array__": lambda X, _: WithArray(X),
    "tensor": lambda X, _: torch.from_numpy(X),
    "frame": lambda X, _: pd.DataFrame(X).rename(columns=lambda name: int(name)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_leave_no_trace(layout, dtype, tmp_path):
    plain = X.astype(dtype)
    other = LAYOUTS[layout](plain, tmp_path)
    expected = fit(plain)
    kept = plain.copy()
    streamed = zbins.PMFSampler(4, random_state=0).partial_fit(other)
    batched = zbins.PMFSampler(4, random_state=0).fit_batches([other])
    for sampler in (fit(other), streamed, batched):
        assert fingerprint(sampler.to(None)) == fingerprint(expected)
    assert np.array_equal(expected.quantize(other), expected.quantize(plain))
    assert np.array_equal(expected.score_samples(other), expected.score_samples(plain))
    assert expected.contains(other).all()
    assert np.array_equal(plain, kept), "the input was written to"


def test_broadcast_rows_have_no_stride():
    repeated = np.broadcast_to(X[:1], (50, 5))
    assert fit(repeated).counts_.tolist() == [50]
    columns = np.broadcast_to(X[:, :1], (64, 7))
    assert fingerprint(fit(columns)) == fingerprint(fit(columns.copy()))


def test_lists_and_tuples():
    expected = fingerprint(fit(X))
    assert fingerprint(fit(X.tolist())) == expected
    assert fingerprint(fit(tuple(map(tuple, X)))) == expected


def test_the_input_may_be_changed_after_a_fit():
    mine = X.copy()
    sampler = fit(mine)
    before = fingerprint(sampler)
    mine[:] = np.nan
    assert fingerprint(sampler) == before


def test_fitted_arrays_cannot_damage_the_model():
    sampler = fit(X)
    before = fingerprint(sampler)
    for name in ("lower_", "upper_", "n_bins_", "codes_", "counts_"):
        array = getattr(sampler, name)
        if array.flags.writeable:
            array[:] = 0
    assert fingerprint(sampler) == before
    assert sampler.counts_.sum() == len(X)


# -- dtypes ------------------------------------------------------------------------------------

WHOLE = np.arange(40).reshape(20, 2) % 7


@pytest.mark.parametrize(
    ("dtype", "of_model"),
    [
        ("f2", "f4"),
        ("f4", "f4"),
        ("f8", "f8"),
        ("g", "f8"),
        ("i1", "f8"),
        ("u1", "f8"),
        ("i4", "f8"),
        ("i8", "f8"),
        ("u8", "f8"),
        ("?", "f8"),
        (">f2", "f4"),
        (">f4", "f4"),
        (">i4", "f8"),
    ],
)
def test_dtypes(dtype, of_model):
    Z = (WHOLE % 2 if dtype == "?" else WHOLE).astype(dtype)
    sampler = fit(Z)
    assert fingerprint(sampler) == fingerprint(fit(Z.astype(of_model)))
    for values in (sampler.lower_, sampler.upper_, sampler.sample(3)):
        assert values.dtype == of_model
    assert sampler.score_samples(Z).dtype == np.float64
    assert sampler.counts_.dtype == np.int64
    assert sampler.contains(Z).all()


@pytest.mark.parametrize(
    ("dtype", "of_model"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
        (torch.int32, torch.float64),
        (torch.uint8, torch.float64),
        (torch.bool, torch.float64),
    ],
    ids=str,
)
def test_dtypes_of_tensors(dtype, of_model):
    Z = torch.from_numpy(WHOLE).to(dtype)
    sampler = fit(Z)
    assert fingerprint(sampler) == fingerprint(fit(Z.to(of_model)))
    assert sampler.sample(3).dtype == of_model
    assert sampler.contains(Z).all()


@pytest.mark.parametrize(("first", "second"), [("f4", "f8"), ("f8", "f4"), ("f4", "i8")])
def test_the_first_chunk_fixes_the_dtype(first, second):
    a, b = 9 * X.astype(first), (9 * X[::-1] / 2).astype(second)
    sampler = zbins.PMFSampler(4, random_state=0).partial_fit(a).partial_fit(b)
    twin = zbins.PMFSampler(4, random_state=0).partial_fit(a).partial_fit(b.astype(first))
    assert sampler.lower_.dtype == first
    assert fingerprint(sampler) == fingerprint(twin)
    batched = zbins.PMFSampler(4, random_state=0).fit_batches([a, b])
    assert fingerprint(batched) == fingerprint(fit(np.vstack([a, b.astype(first)])))


def test_rounding_to_float32_stays_in_the_same_bin_as_the_rounded_rows():
    sampler = fit(X.astype(np.float32))
    assert np.array_equal(sampler.quantize(X), sampler.quantize(X.astype(np.float32)))
    assert sampler.contains(X).all()


# -- torch -------------------------------------------------------------------------------------


def test_tensors_of_every_kind_make_the_same_model():
    plain = torch.from_numpy(X.copy())
    expected = fingerprint(fit(plain))
    leaf = plain.clone().requires_grad_()
    tensors = {
        "leaf": leaf,
        "in a graph": leaf * 1,
        "transposed": plain.T.contiguous().T,
        "strided": torch.repeat_interleave(plain, 2, dim=1)[:, ::2],
        "offset": torch.cat([plain, plain])[64:],
        "negated": torch._neg_view(-plain),
        "real part": torch.complex(plain, plain).real,
        "parameter": torch.nn.Parameter(plain.clone()),
        "inference": torch.inference_mode()(lambda: plain + 0)(),
    }
    for name, tensor in tensors.items():
        assert fingerprint(fit(tensor)) == expected, name
    assert leaf.grad is None


def test_tensors_come_back_as_tensors():
    Z = torch.from_numpy(X.astype(np.float32))
    y = torch.arange(64) % 3
    sampler = fit(Z, y)
    samples, labels = sampler.sample(7, return_y=True)
    assert (samples.dtype, samples.shape) == (torch.float32, (7, 5))
    assert not samples.requires_grad
    assert (labels.dtype, labels.shape) == (torch.int64, (7,))
    assert sampler.quantize(Z).dtype == torch.uint8
    assert sampler.contains(Z).dtype == torch.bool
    assert sampler.score_samples(Z).dtype == torch.float64
    assert isinstance(sampler.score(Z), float)
    batches = list(sampler.sample_batches(10, batch_size=4, return_y=True))
    assert all(isinstance(part, torch.Tensor) for batch in batches for part in batch)
    assert isinstance(sampler.contains(X), torch.Tensor)  # the kind it was fitted on
    wide = fit(Z, n_bins=257)
    assert wide.quantize(Z).dtype == torch.int32
    assert wide.codes_.dtype == np.uint16
    assert np.array_equal(wide.quantize(Z).numpy(), fit(Z.numpy(), n_bins=257).quantize(Z.numpy()))
    for name in ("lower_", "upper_", "n_bins_", "codes_", "counts_", "classes_"):
        assert isinstance(getattr(sampler, name), np.ndarray)


def test_tensor_and_array_draw_the_same_bits():
    a, t = fit(X, np.arange(64) % 3), fit(torch.from_numpy(X), torch.arange(64) % 3)
    assert np.array_equal(a.sample(99), t.sample(99).numpy())
    assert np.array_equal(a.sample(99, y=1), t.sample(99, y=torch.tensor(1)).numpy())
    wanted = torch.arange(99) % 3
    assert np.array_equal(a.sample(99, y=wanted.numpy()), t.sample(99, y=wanted).numpy())


def test_labels_of_str_stay_numpy():
    sampler = fit(torch.from_numpy(X), ["a", "b"] * 32)
    samples, labels = sampler.sample(3, return_y=True)
    assert isinstance(samples, torch.Tensor)
    assert labels.dtype.kind == "U"
    _, labels = fit(torch.from_numpy(X), [True, False] * 32).sample(3, return_y=True)
    assert labels.dtype == torch.bool


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("fitted_on", ["numpy", "torch"])
def test_out_is_written_and_returned(fitted_on, kind):
    sampler = fit(X if fitted_on == "numpy" else torch.from_numpy(X), np.arange(64) % 2)
    out = np.zeros((9, 5)) if kind == "numpy" else torch.zeros(9, 5, dtype=torch.float64)
    assert sampler.sample(9, out=out) is out
    assert np.array_equal(np.asarray(out), np.asarray(sampler.sample(9)))
    part = out[3:6]
    samples, _ = sampler.sample(3, out=part, random_state=1, return_y=True)
    assert samples is part
    assert np.array_equal(np.asarray(out)[3:6], np.asarray(sampler.sample(3, random_state=1)))
    empty = out[:0]
    assert sampler.sample(0, out=empty) is empty


# -- data frames -------------------------------------------------------------------------------


def test_frames_have_names():
    frame = pd.DataFrame(X, columns=list("abcde"))
    sampler = fit(frame)
    assert sampler.feature_names_in_.tolist() == list("abcde")
    assert isinstance(sampler.sample(2), np.ndarray)
    assert sampler.contains(frame).all()
    assert sampler.partial_fit(frame).feature_names_in_.tolist() == list("abcde")
    streamed = zbins.PMFSampler(4, random_state=0).partial_fit(frame[:0]).partial_fit(frame)
    assert streamed.feature_names_in_.tolist() == list("abcde")
    assert not hasattr(fit(X), "feature_names_in_")
    assert not hasattr(fit(pd.DataFrame(X)), "feature_names_in_")
    assert not hasattr(sampler.fit(X), "feature_names_in_")


def test_frames_of_several_dtypes():
    frame = pd.DataFrame({"a": np.arange(5, dtype=np.int8), "b": np.arange(5, dtype=np.float32)})
    assert fit(frame).lower_.dtype in (np.float32, np.float64)
    nullable = pd.DataFrame({"a": pd.array([1, 2, 3], dtype="Int64")})
    assert fit(nullable).lower_.dtype == np.float64
    assert fit(frame, pd.Series(list("xyxyx"), dtype="category")).classes_.tolist() == ["x", "y"]
