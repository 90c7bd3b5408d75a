"""A model file holds the whole model and nothing else: round trips, and the same bytes always."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.exceptions import NotFittedError

import zbins
from crafting import crafted, take_apart
from helpers import fingerprint, refused, rows, several_runs
from stored import as_fitted, device_of

X = rows(200, 3)
y = np.arange(200) % 5
STRANGE = ['"checksum":"' + "0" * 64, "\\", "é\n\u2028", "\ud800", "", "𝔃"]


def fit(X=X, y=None, **parameters):
    return zbins.PMFSampler(**{"n_bins": 4, **parameters}).fit(X, y)


def grown():
    return fit().partial_fit(10 * X).partial_fit(-20 * X[:5])


MODELS = {
    "plain": fit,
    "float32": lambda: fit(X.astype(np.float32)),
    "tensor": lambda: fit(torch.from_numpy(X)),
    "n_bins list": lambda: fit(n_bins=[2, 300, 65_536]),
    "n_bins array": lambda: fit(n_bins=np.array([2, 3, 4])),
    "n_bins NumPy int": lambda: fit(n_bins=np.int64(7)),
    "bounds numbers": lambda: fit(bounds=(-9, 9.5)),
    "bounds arrays": lambda: fit(bounds=(np.full(3, -9.0), np.array([9, 8, 7], np.float32))),
    "bounds list": lambda: fit(bounds=[[-9, -8, -7], 9]),
    "bounds matrix": lambda: fit(bounds=np.array([[-9.0] * 3, [9.0] * 3])),
    "bounds NumPy floats": lambda: fit(bounds=(np.float32(-9), np.float64(9))),
    "bounds quantile": lambda: fit(bounds=("quantile", 0.1), out_of_range="ignore"),
    "bounds NumPy quantile": lambda: fit(bounds=("quantile", np.float64(0.1))),
    "ignored rows": lambda: fit(bounds=(-1, 1), out_of_range="ignore"),
    "error policy": lambda: fit(out_of_range="error"),
    "grown": grown,
    "several runs": several_runs,
    "constant column": lambda: fit(X * [1, 0, 1]),
    "one row": lambda: fit(X[:1]),
    "one column": lambda: fit(X[:, :1]),
    "wide": lambda: fit(rows(9, 4096)),
    "labels int": lambda: fit(y=y),
    "labels of 64 bits": lambda: fit(y=np.array([-(2**63), 2**63 - 1])[y % 2]),
    "labels bool": lambda: fit(y=y > 2),
    "labels one bool": lambda: fit(y=y < 9),
    "labels str": lambda: fit(y=y.astype(str)),
    "labels strange": lambda: fit(y=[STRANGE[i] for i in y]),
    "labels grown": lambda: fit(y=y).partial_fit(10 * X, y + 3),
    "names": lambda: fit(pd.DataFrame(X, columns=["a", "b", "c"])),
    "names strange": lambda: fit(pd.DataFrame(X, columns=STRANGE[:3])),
    "random_state and n_jobs": lambda: fit(random_state=5, n_jobs=2),
}


def plain(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


@pytest.mark.parametrize("name", MODELS)
def test_round_trip(name, tmp_path):
    sampler = MODELS[name]()
    before = fingerprint(sampler)
    first, second = tmp_path / "first.zbins", str(tmp_path / "second.zbins")
    assert sampler.save(first) is None
    assert fingerprint(sampler) == before
    loaded = zbins.load(first, device=device_of(sampler))
    assert type(loaded) is zbins.PMFSampler
    assert fingerprint(loaded)[2:] == before[2:]
    for parameter in ("n_bins", "bounds", "out_of_range"):
        given, kept = getattr(sampler, parameter), getattr(loaded, parameter)
        assert plain(kept) == plain(given)
        assert isinstance(kept, (int, list, tuple, str, type(None)))
    assert (loaded.random_state, loaded.n_jobs) == (None, -1)
    draws = sampler.sample(50, random_state=1), loaded.sample(50, random_state=1)
    assert np.array_equal(*map(np.asarray, draws))
    assert type(draws[0]) is type(draws[1])
    loaded.save(second)
    assert pathlib.Path(second).read_bytes() == first.read_bytes()
    _goes_on(sampler, loaded)


def _goes_on(sampler, loaded):
    """Both take the same next chunk to the same model."""
    more = as_fitted(sampler, sampler.sample(20, random_state=3))
    labels = np.resize(sampler.classes_, 20) if hasattr(sampler, "classes_") else None
    sampler.partial_fit(more, labels)
    loaded.partial_fit(more, labels)
    assert fingerprint(sampler)[2:] == fingerprint(loaded)[2:]


def bytes_of(sampler, folder):
    path = folder / "some.zbins"
    sampler.save(path)
    return path.read_bytes()


PARAMETERS = {"n_bins": [3, 4, 5], "bounds": (-1, 1)}


def whole():
    return zbins.PMFSampler(**PARAMETERS).fit(X, y)


def shuffled(seed):
    order = np.random.default_rng(seed).permutation(len(X))
    return zbins.PMFSampler(**PARAMETERS).fit(X[order], y[order])


def chunked(sizes):
    sampler = zbins.PMFSampler(**PARAMETERS)
    for part in np.array_split(np.arange(len(X)), sizes):
        sampler.partial_fit(X[part], y[part])
    return sampler


def batched(sizes):
    parts = np.array_split(np.arange(len(X)), sizes)
    return zbins.PMFSampler(**PARAMETERS).fit_batches([(X[part], y[part]) for part in parts])


def merged(order):
    parts = [
        zbins.PMFSampler(**PARAMETERS).fit(X[part], y[part])
        for part in np.array_split(np.arange(len(X)), 4)
    ]
    first, *others = (parts[i] for i in order)
    for other in others:
        first.merge(other)
    return first


WAYS = {
    "shuffled": lambda: shuffled(1),
    "chunks": lambda: chunked(7),
    "one row at a time": lambda: chunked(200),
    "batches": lambda: batched(9),
    "merged": lambda: merged([0, 1, 2, 3]),
    "merged backward": lambda: merged([3, 2, 1, 0]),
    "merged crosswise": lambda: merged([2, 0, 3, 1]),
    "two threads": lambda: zbins.PMFSampler(**PARAMETERS, n_jobs=2).fit(X, y),
    "Fortran": lambda: zbins.PMFSampler(**PARAMETERS).fit(np.asfortranarray(X), list(y)),
    "tensors": lambda: zbins.PMFSampler(**PARAMETERS).fit(torch.tensor(X), torch.tensor(y)),
    "another seed": lambda: zbins.PMFSampler(**PARAMETERS, random_state=3).fit(X, y),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_rows_give_the_same_bytes(way, tmp_path):
    expected = bytes_of(whole(), tmp_path)
    assert whole().n_bins_.max() > 5  # grown
    assert bytes_of(WAYS[way](), tmp_path) == expected
    assert bytes_of(whole(), tmp_path) == expected


def pinned():
    """A small model with a bit of everything, of rows written out."""
    literal = np.array(
        [[0, 0.5], [1, -0.0], [0.25, 3], [0.25, 3.25], [-1, 0.75], [8, 8]], np.float32
    )
    names = pd.DataFrame(literal, columns=["u", "v"])
    labels = ["b", "a", "b", "c", "a", "a"]
    return zbins.PMFSampler([4, 3], bounds=(0, [1, 2])).fit(names, labels)


PINNED = {
    "origin": np.array([0, 0], "f4"),
    "top": np.array([1, 2], "f4"),
    "k": np.array([4, 3], "i4"),
    "first_bin": np.array([-4, 0], "i4"),
    "n_bins": np.array([37, 13], "i4"),
    "codes": np.array(
        [[0x0504 << 48], [0x0001 << 48], [0x0400 << 48], [0x0700 << 48], [0x240C << 48]], "u8"
    ),
    "counts": np.array([2, 1, 1, 1, 1], "i8"),
    "label_start": np.array([0, 2, 3, 4, 5, 6], "u8"),
    "label": np.array([1, 2, 0, 1, 0, 0], "i4"),
    "label_count": np.array([1, 1, 1, 1, 1, 1], "u8"),
}
PINNED_METADATA = {
    "bounds": [0, [1, 2]],
    "class_type": "str",
    "classes": ["a", "b", "c"],
    "feature_names": ["u", "v"],
    "format_version": 1,
    "n_bins": [4, 3],
    "n_samples_ignored": 0,
    "n_samples_seen": 6,
    "out_of_range": "grow",
}


def test_pinned_bytes(tmp_path):
    """A change of these is a change of the format: raise its version, and go on reading this."""
    data = bytes_of(pinned(), tmp_path)
    digest = "02bc4a4166e42254254ef51d793334f6590739e63913ed7bb1f8f703759aaa15"
    assert (len(data), hashlib.sha256(data).hexdigest()) == (1200, digest)
    assert crafted(PINNED, PINNED_METADATA) == data
    loaded = zbins.load(tmp_path / "some.zbins")
    assert fingerprint(loaded)[2:] == fingerprint(pinned())[2:]


def test_there_is_nothing_else_in_it(tmp_path):
    tensors, metadata = take_apart(bytes_of(fit(random_state=5, n_jobs=2, y=y), tmp_path))
    assert set(tensors) == {
        *("origin", "top", "k", "first_bin", "n_bins", "codes", "counts"),
        *("label_start", "label", "label_count"),
    }
    assert metadata.pop("checksum").isalnum()
    assert metadata == {
        "bounds": None,
        "class_type": "int",
        "classes": [0, 1, 2, 3, 4],
        "feature_names": None,
        "format_version": 1,
        "n_bins": 4,
        "n_samples_ignored": 0,
        "n_samples_seen": 200,
        "out_of_range": "grow",
    }


def test_it_is_a_safetensors_file(tmp_path):
    from safetensors import safe_open

    sampler = fit()
    sampler.save(tmp_path / "m.zbins")
    with safe_open(tmp_path / "m.zbins", framework="numpy") as file:
        assert list(file.metadata()) == ["zbins"]
        text = file.metadata()["zbins"]
        assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
        assert np.array_equal(file.get_tensor("counts"), sampler.counts_)
        assert (file.get_tensor("counts") > 0).all()


def test_loading_into_torch(tmp_path):
    fit(y=y).save(tmp_path / "m.zbins")
    for device in ("cpu", torch.device("cpu"), "cpu:0"):
        loaded = zbins.load(tmp_path / "m.zbins", device=device)
        samples, labels = loaded.sample(3, return_y=True)
        assert isinstance(samples, torch.Tensor)
        assert isinstance(labels, torch.Tensor)
        assert np.array_equal(loaded.codes_, fit().codes_)
    assert isinstance(zbins.load(tmp_path / "m.zbins").sample(3), np.ndarray)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "cuda:999", "meta", "nonsense", "", 3])
def test_devices_that_are_not_there(device, tmp_path):
    if str(device).startswith("cuda") and torch.cuda.is_available() and device != "cuda:999":
        pytest.skip("it is there")
    fit().save(tmp_path / "m.zbins")
    texts = [f"device is {device!r}"]
    texts += ["CUDA" if str(device).startswith("cuda") else "accepted are None, 'cpu', 'cuda'"]
    refused(ValueError, texts, lambda: zbins.load(tmp_path / "m.zbins", device=device))
    sampler = fit()
    refused(ValueError, texts, lambda: sampler.to(device), sampler)
    refused(ValueError, texts, lambda: sampler.fit_batches([X], device=device), sampler)


def test_moving_between_kinds_of_the_host():
    sampler = fit(y=y)
    expected = sampler.sample(20, random_state=1)
    assert sampler.to("cpu") is sampler
    assert np.array_equal(sampler.sample(20, random_state=1).numpy(), expected)
    assert isinstance(sampler.to(None).sample(2), np.ndarray)
    assert fingerprint(sampler) == fingerprint(fit(y=y))
    with pytest.raises(NotFittedError):
        zbins.PMFSampler().to("cpu")


def test_chunks_for_a_kind_of_the_host():
    assert isinstance(zbins.PMFSampler().fit_batches([X], device="cpu").sample(2), torch.Tensor)


def test_paths_of_every_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("plain", pathlib.Path("with space.zbins"), tmp_path / "ü.x", "./a.zbins"):
        fit().save(path)
        assert fingerprint(zbins.load(path)) == fingerprint(fit())
    assert sorted(os.listdir(tmp_path)) == ["a.zbins", "plain", "with space.zbins", "ü.x"]
    for bad in (3, None, 2.5):
        refused(TypeError, type(bad).__name__, lambda bad=bad: fit().save(bad))
        refused(TypeError, type(bad).__name__, lambda bad=bad: zbins.load(bad))
