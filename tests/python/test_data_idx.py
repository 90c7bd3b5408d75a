"""idx files: MNIST and Fashion-MNIST as distributed, and every way they can be damaged."""

from __future__ import annotations

import gzip
import pickle
import struct

import numpy as np
import pytest

import zbins.data._idx as idx_module
from helpers import refused
from zbins.data import fashion_mnist, load_idx, mnist, npz

N_TRAIN, N_TEST = 60, 10
CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def idx_bytes(array, shape=None):
    code = CODES[array.dtype.str.lstrip("|")]
    shape = array.shape if shape is None else shape
    return (
        bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()
    )


def images_of(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28)).astype(np.uint8)


def labels_of(n):
    return (np.arange(n) % 10).astype(np.uint8)


def make_mnist(folder, packed=False):
    """The four files in the layout of MNIST."""
    folder.mkdir(exist_ok=True)
    for part, n in (("train", N_TRAIN), ("t10k", N_TEST)):
        for name, array in (
            (f"{part}-images-idx3-ubyte", images_of(n, n)),
            (f"{part}-labels-idx1-ubyte", labels_of(n)),
        ):
            content = idx_bytes(array)
            if packed:
                (folder / (name + ".gz")).write_bytes(gzip.compress(content))
            else:
                (folder / name).write_bytes(content)
    return folder


def same(a, b):
    return all(
        len(x) == len(y)
        and np.array_equal(x.labels, y.labels)
        and np.array_equal(x.arrays()[0], y.arrays()[0])
        for x, y in ((a.train, b.train), (a.validation, b.validation), (a.test, b.test))
    )


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", [(), (5,), (0,), (3, 0, 2), (4, 3), (2, 3, 4, 5)])
def test_idx_of_every_type_and_shape(tmp_path, kind, shape):
    array = np.random.default_rng(0).integers(0, 100, shape)
    array = np.asarray(array).astype(kind)
    for name, content in (("a", idx_bytes(array)), ("b", gzip.compress(idx_bytes(array)))):
        (tmp_path / name).write_bytes(content)
        read = load_idx(tmp_path / name)
        assert read.shape == shape
        assert read.dtype == array.dtype.newbyteorder("=")
        assert read.dtype.isnative
        assert read.flags.writeable
        assert np.array_equal(read, array)


def test_idx_known_bytes(tmp_path):
    (tmp_path / "a").write_bytes(bytes.fromhex("00000b02 00000001 00000002 0102 fffe"))
    assert load_idx(str(tmp_path / "a")).tolist() == [[258, -2]]


@pytest.mark.parametrize("packed", [False, True])
def test_idx_cut_at_every_byte_or_too_long(tmp_path, packed):
    path, content = tmp_path / "x", idx_bytes(labels_of(7))
    for cut in range(len(content)):
        path.write_bytes(gzip.compress(content[:cut]) if packed else content[:cut])
        refused(ValueError, [repr(str(path))], lambda: load_idx(path))
    path.write_bytes(gzip.compress(content + b"!") if packed else content + b"!")
    refused(ValueError, [str(path), "(7,)"], lambda: load_idx(path))
    path.write_bytes(gzip.compress(content) if packed else content)
    assert len(load_idx(path)) == 7


def test_idx_a_packed_file_cut_at_every_byte_or_damaged(tmp_path):
    path, content = tmp_path / "x.gz", gzip.compress(idx_bytes(labels_of(9)))
    for cut in range(1, len(content)):
        path.write_bytes(content[:cut])
        refused(ValueError, [str(path)], lambda: load_idx(path))
    for place in range(10, len(content)):  # the packed bytes, their checksum and length
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        if place == len(content) - 9:  # the bits that fill its last byte mean nothing
            assert load_idx(path).tolist() == list(range(9))
        else:
            refused(ValueError, [str(path)], lambda: load_idx(path))


@pytest.mark.parametrize("magic", ["01000801", "00010801", "00000701", "00000a01", "89504e47"])
def test_idx_wrong_magic(tmp_path, magic):
    (tmp_path / "x").write_bytes(bytes.fromhex(magic) + bytes(8))
    shown = bytes.fromhex(magic).hex(" ")
    refused(ValueError, ["no idx file", shown], lambda: load_idx(tmp_path / "x"))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(1 << 31,), ((1 << 32) - 1,) * 3, ((1 << 32) - 1,) * 255])
def test_idx_lengths_that_overflow_ask_for_no_memory(tmp_path, monkeypatch, packed, shape):
    content = idx_bytes(labels_of(100), shape)
    (tmp_path / "x").write_bytes(gzip.compress(content) if packed else content)
    monkeypatch.setattr(idx_module.np, "empty", lambda *_: pytest.fail("memory was asked for"))
    refused(ValueError, ["promises"], lambda: load_idx(tmp_path / "x"))


@pytest.mark.parametrize("shape", [(1,) * 255, (0, *[(1 << 32) - 1] * 4)])
def test_idx_shapes_that_numpy_has_not(tmp_path, shape):
    (tmp_path / "x").write_bytes(idx_bytes(labels_of(int(np.prod(shape))), shape))
    refused(ValueError, [str(tmp_path / "x")], lambda: load_idx(tmp_path / "x"))


@pytest.mark.parametrize("path", [None, 3, b"bytes", ["a"]])
def test_paths_of_another_type(path):
    for call in (load_idx, mnist, npz):
        refused(TypeError, [repr(path), "pathlib.Path"], lambda call=call: call(path))


@pytest.mark.parametrize("open_it", [mnist, fashion_mnist])
@pytest.mark.parametrize("packed", [False, True])
def test_mnist(tmp_path, packed, open_it):
    data = open_it(make_mnist(tmp_path / "m", packed))
    assert [len(s) for s in (data.train, data.validation, data.test)] == [50, 10, 10]
    images, labels = data.test.arrays()
    assert np.array_equal(images[:, 0], images_of(N_TEST, N_TEST))
    assert np.array_equal(labels, labels_of(N_TEST))
    assert labels.dtype == np.int64
    image, label = data.test[3]
    assert image.dtype == np.float32
    assert image.shape == data.test.image_shape == (1, 28, 28)
    assert image.flags.writeable
    assert np.array_equal(image, images[3] / np.float32(255))
    assert type(label) is int
    assert len(data.train.classes) == 10
    # Train and validation are the training file, each image once.
    both = np.concatenate([data.train.arrays()[0], data.validation.arrays()[0]])
    assert sorted(map(bytes, both)) == sorted(map(bytes, images_of(N_TRAIN, N_TRAIN)))


def test_mnist_in_an_npz_file_is_the_same(tmp_path):
    folder = make_mnist(tmp_path / "m")
    parts = {}
    for part, n in (("train", N_TRAIN), ("test", N_TEST)):
        parts |= {f"x_{part}": images_of(n, n), f"y_{part}": labels_of(n)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "m.npz", **parts)
        assert same(mnist(tmp_path / "m.npz", seed=5), mnist(folder, seed=5))


def test_mnist_splits_by_seed_and_number(tmp_path):
    folder = make_mnist(tmp_path / "m")
    assert same(mnist(folder), mnist(folder, seed=0))
    assert not np.array_equal(mnist(folder).train.labels, mnist(folder, seed=1).train.labels)
    assert len(mnist(folder, validation=0).train) == 60
    assert len(mnist(folder, validation=59).train) == 1
    refused(ValueError, ["validation is 60", "below 60"], lambda: mnist(folder, validation=60))
    refused(ValueError, ["validation is -1"], lambda: mnist(folder, validation=-1))
    refused(TypeError, ["validation is 0.1"], lambda: mnist(folder, validation=0.1))
    refused(TypeError, ["seed is None"], lambda: mnist(folder, seed=None))
    refused(ValueError, ["seed is -1", "2**64"], lambda: mnist(folder, seed=-1))


def test_mnist_says_what_is_missing_and_what_is_there(tmp_path):
    folder = make_mnist(tmp_path / "m")
    (folder / "t10k-labels-idx1-ubyte").unlink()
    wanted = ["t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz", "train-images-idx3", "MNIST"]
    refused(FileNotFoundError, [*wanted, str(folder)], lambda: mnist(folder))
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(FileNotFoundError, ["the folder holds nothing"], lambda: mnist(empty))
    for i in range(13):
        (empty / f"f{i:02}").mkdir()
    message = refused(FileNotFoundError, ["f00/", "f09/ and 3 more"], lambda: mnist(empty))
    assert "f10" not in message
    refused(FileNotFoundError, ["four idx files"], lambda: mnist(tmp_path / "nowhere"))
    file = folder / "train-labels-idx1-ubyte"
    refused(NotADirectoryError, ["expected a folder", ".npz"], lambda: mnist(file))


def test_mnist_malformed(tmp_path):
    folder = make_mnist(tmp_path / "m")
    labels, images = folder / "train-labels-idx1-ubyte", folder / "train-images-idx3-ubyte"

    def with_file(path, array, *texts):
        before = path.read_bytes()
        path.write_bytes(idx_bytes(array))
        refused(ValueError, [str(folder), *texts], lambda: mnist(folder))
        path.write_bytes(before)

    with_file(labels, labels_of(59), "59 labels", "60 images")
    with_file(labels, images_of(60), "labels", "(60, 28, 28)")
    with_file(labels, np.arange(60, dtype="u1"), "label of image 10 ", "is 10;", "0 to 9")
    with_file(images, labels_of(60), "(n, 28, 28)", "(60,)")
    with_file(images, images_of(60)[:, 1:], "1 x 27 x 28", "1 x 28 x 28")
    images.write_bytes(images.read_bytes()[:-1])
    refused(ValueError, ["cut short", "47,039"], lambda: mnist(folder))


def test_images_are_read_at_the_first_access_and_do_not_travel(tmp_path, monkeypatch):
    folder, read = make_mnist(tmp_path / "m", packed=True), []
    from zbins.data import _mnist

    real = _mnist._load
    monkeypatch.setattr(_mnist, "_load", lambda name: read.append(name) or real(name))
    data = mnist(folder)
    assert read == []
    data.train[0], data.validation[0], data.train.arrays()
    assert len(read) == 1
    monkeypatch.undo()
    data = mnist(folder)
    before = len(pickle.dumps(data.train))
    data.train[0]
    assert len(pickle.dumps(data.train)) == before
    again = pickle.loads(pickle.dumps(data))
    assert same(again, data)
