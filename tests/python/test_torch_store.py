"""Latents beyond a limit lie in a temporary file: the same model, and nothing is left behind."""

from __future__ import annotations

import copy
import errno
import os
import resource
import tempfile

import numpy as np
import pytest
import torch

import zbins
from coding import Normal, images, labels, made, refused, same_model
from zbins.torch import LatentGenerator

X = images(50)
BYTES = 50 * 3 * 4


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("limit", [0, 1, 100, BYTES - 1, BYTES, 1 << 40])
def test_the_same_model_wherever_they_lie(limit, folder):
    generator = made().fit((X, labels(50)), with_labels=True, batch_size=8, memory_limit=limit)
    memory = made().fit((X, labels(50)), with_labels=True)
    assert isinstance(generator.latents_, np.memmap) == (limit < BYTES)
    assert np.array_equal(generator.latents_, memory.latents_)
    assert same_model(generator.sampler_, memory.sampler_)
    assert torch.equal(generator.sample(9, 1, random_state=0), memory.sample(9, 1, random_state=0))
    assert list(folder.iterdir()) == [], "the file has no name"


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.uint8])
def test_other_dtypes_and_shapes(dtype, folder):
    x = (100 * images(9, 2, 3, 3)).to(dtype)
    generator = LatentGenerator(lambda x: x.transpose(1, 3)).fit(x, batch_size=2, memory_limit=0)
    assert np.array_equal(generator.latents_, x.transpose(1, 3).numpy())
    assert generator.latents_.dtype == x.numpy().dtype
    single = LatentGenerator(lambda x: x[:, 0, 0, 0]).fit(x, memory_limit=0)
    assert single.latents_.shape == (9,)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_the_file_ends_with_the_array(folder):
    def files():
        return [
            name
            for name in map("/proc/self/map_files/".__add__, os.listdir("/proc/self/map_files"))
            if str(folder) in os.readlink(name)
        ], [fd for fd in os.listdir("/proc/self/fd") if str(folder) in link(fd)]

    def link(fd):
        try:
            return os.readlink(f"/proc/self/fd/{fd}")
        except FileNotFoundError:  # that of the listing
            return ""

    generator = made().fit(X, memory_limit=0)
    mapped, held = files()
    assert len(mapped) == 1
    generator.fit(X, memory_limit=0)
    assert len(files()[0]) == 1, "that of the first fit is gone"
    assert len(held) <= 1
    copied = copy.copy(generator)
    del generator
    assert np.array_equal(copied.latents_, made().fit(X).latents_)
    del copied
    assert files() == ([], [])


def test_refit_on_latents_in_the_file(folder):
    generator = made().fit(X, memory_limit=0)
    other = made(sampler=zbins.PMFSampler(3)).fit_latents(generator.latents_)
    assert same_model(other.sampler_, zbins.PMFSampler(3).fit(np.array(generator.latents_)))
    sampler = made(sampler=Normal()).fit_latents(generator.latents_)
    del generator
    assert isinstance(sampler.latents_, np.memmap)
    assert sampler.sample(3).shape == (3, 6)


def test_shapes_and_dtypes_that_change(folder):
    for limit in (0, 1 << 30):
        generator = LatentGenerator(lambda x: x).fit(X)
        for batches, texts in (
            ([X, X[:, :5]], ["(n, 5)", "(n, 6)"]),
            ([X, X[:, :, None]], ["(n, 6, 1)", "(n, 6)"]),
            ([X, X.double()], ["float64", "float32"]),
            ([X[:, 0], X], ["(n, 6)", "(n,)"]),
        ):
            fit = lambda b=batches, m=limit: generator.fit(b, memory_limit=m)  # noqa: B023, E731
            refused(ValueError, texts, fit, generator)
    assert list(folder.iterdir()) == []


class Full:
    """A file on a disk with room for a few bytes; a write may write less than it is given."""

    def __init__(self, room):
        self.room, self.content, self.closed = room, bytearray(), False

    def write(self, data):
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = min(self.room, len(data), 64)
        self.room -= written
        self.content += data[:written]
        return written

    def close(self):
        self.closed = True


def test_a_full_disk_by_a_fake(monkeypatch, tmp_path):
    made_files = []

    def temporary(**_):
        made_files.append(Full(300))
        return made_files[-1]

    generator = made().fit(X)
    monkeypatch.setattr(tempfile, "TemporaryFile", temporary)
    texts = ["cannot keep", "No space left", "memory_limit", "TMPDIR", tempfile.gettempdir()]
    fit = lambda: generator.fit(X, batch_size=8, memory_limit=0)  # noqa: E731
    refused(OSError, texts, fit, generator)
    (file,) = made_files
    assert file.closed
    assert bytes(file.content) == generator.latents_.tobytes()[:300], (
        "short writes are gone on with"
    )


def test_a_full_disk(folder):
    """The kernel refuses, as on a full disk, wherever the limit falls."""
    generator = LatentGenerator(lambda x: x).fit(X)
    x, none = images(5000, 4), resource.getrlimit(resource.RLIMIT_FSIZE)

    def fit(room, limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, none[1]))
        try:
            generator.fit(x, batch_size=100, memory_limit=limit)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, none)

    texts = ["File too large", "memory_limit", str(folder)]
    for room in (0, 1, 4096, 79_999):
        for limit in (0, 40_000):
            refused(OSError, texts, lambda r=room, m=limit: fit(r, m), generator)
    fit(80_000, 0)
    assert np.array_equal(generator.latents_, x.numpy())
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    generator = made().fit(X)
    fit = lambda: generator.fit(X, memory_limit=0)  # noqa: E731
    texts = [str(tmp_path / "gone"), "set TMPDIR to a folder with room"]
    refused(FileNotFoundError, texts, fit, generator)
    assert generator.fit(X).latents_.shape == (50, 3)
