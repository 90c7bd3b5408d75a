"""idx files: MNIST and Fashion-MNIST as distributed, and every way they can be damaged."""

from __future__ import annotations

import gzip
import pickle

import numpy as np
import pytest

from data_helpers import (
    CODES,
    N_TEST,
    N_TRAIN,
    each,
    idx_bytes,
    images_of,
    labels_of,
    make_mnist,
    refused_image,
    same,
)
from helpers import refused
from zbins.data import fashion_mnist, load_idx, mnist

HUGE = (1 << 32) - 1


def packed_if(packed, content):
    return gzip.compress(content) if packed else content


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("shape", [(), (5,), (0,), (3, 0, 2), (4, 3), (2, 3, 4, 5)])
def test_idx_of_every_type_and_shape(tmp_path, kind, shape):
    array = np.asarray(np.random.default_rng(0).integers(0, 100, shape)).astype(kind)
    for packed in (False, True):
        (tmp_path / "x").write_bytes(packed_if(packed, idx_bytes(array)))
        read = load_idx(tmp_path / "x")
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
        path.write_bytes(packed_if(packed, content[:cut]))
        refused(ValueError, repr(str(path)), lambda: load_idx(path))
    path.write_bytes(packed_if(packed, content + b"!"))
    refused(ValueError, [str(path), "(7,)"], lambda: load_idx(path))
    path.write_bytes(packed_if(packed, content))
    assert len(load_idx(path)) == 7


def test_idx_a_packed_file_cut_at_every_byte_or_damaged(tmp_path):
    path, content = tmp_path / "x.gz", gzip.compress(idx_bytes(labels_of(9)))
    for cut in range(1, len(content)):
        path.write_bytes(content[:cut])
        refused(ValueError, str(path), lambda: load_idx(path))
    for place in range(10, len(content)):  # the packed bytes, their checksum and length
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        if place == len(content) - 9:  # the bits that fill its last byte mean nothing
            assert load_idx(path).tolist() == list(range(9))
        else:
            refused(ValueError, str(path), lambda: load_idx(path))


@pytest.mark.parametrize("magic", ["01000801", "00010801", "00000701", "00000a01", "89504e47"])
def test_idx_wrong_magic(tmp_path, magic):
    (tmp_path / "x").write_bytes(bytes.fromhex(magic) + bytes(8))
    shown = bytes.fromhex(magic).hex(" ")
    refused(ValueError, ["no idx file", shown], lambda: load_idx(tmp_path / "x"))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("shape", [(1 << 31,), (HUGE,) * 3, (HUGE,) * 255])
def test_idx_lengths_that_overflow_ask_for_no_memory(tmp_path, monkeypatch, packed, shape):
    (tmp_path / "x").write_bytes(packed_if(packed, idx_bytes(labels_of(100), shape)))
    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("memory was asked for"))
    refused(ValueError, "promises", lambda: load_idx(tmp_path / "x"))


@pytest.mark.parametrize("shape", [(1,) * 255, (0, *[HUGE] * 4)])
def test_idx_shapes_that_numpy_has_not(tmp_path, shape):
    (tmp_path / "x").write_bytes(idx_bytes(labels_of(int(np.prod(shape))), shape))
    refused(ValueError, str(tmp_path / "x"), lambda: load_idx(tmp_path / "x"))


# -- MNIST -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("open_it", [mnist, fashion_mnist])
@pytest.mark.parametrize("packed", [False, True])
def test_mnist(tmp_path, packed, open_it):
    data = open_it(make_mnist(tmp_path / "m", packed))
    assert [len(split) for split in each(data)] == [50, 10, 10]
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


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mnist_in_an_npz_file_is_the_same(tmp_path, save):
    parts = {}
    for part, n in (("train", N_TRAIN), ("test", N_TEST)):
        parts |= {f"x_{part}": images_of(n, n), f"y_{part}": labels_of(n)}
    save(tmp_path / "m.npz", **parts)
    assert same(mnist(tmp_path / "m.npz", seed=5), mnist(make_mnist(tmp_path / "m"), seed=5))


def test_mnist_splits_by_seed_and_number(tmp_path):
    folder = make_mnist(tmp_path / "m")
    assert same(mnist(folder), mnist(folder, seed=0))
    assert not np.array_equal(mnist(folder).train.labels, mnist(folder, seed=1).train.labels)
    assert len(mnist(folder, validation=0).train) == 60
    assert len(mnist(folder, validation=59).train) == 1


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("labels-idx1", idx_bytes(labels_of(59)), ["59 labels", "60 images"]),
        ("labels-idx1", idx_bytes(images_of(60)), ["labels", "(60, 28, 28)"]),
        ("images-idx3", idx_bytes(labels_of(60)), ["(n, 28, 28)", "(60,)"]),
        ("images-idx3", idx_bytes(images_of(60)[:, 1:]), ["1 x 27 x 28", "1 x 28 x 28"]),
        ("images-idx3", idx_bytes(images_of(60))[:-1], ["cut short", "47,039"]),
    ],
)
def test_mnist_malformed(tmp_path, name, content, texts):
    folder = make_mnist(tmp_path / "m")
    (folder / f"train-{name}-ubyte").write_bytes(content)
    refused(ValueError, [str(folder), *texts], lambda: mnist(folder))


def test_mnist_labels_that_are_no_digits(tmp_path):
    folder = make_mnist(tmp_path / "m")
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(60, dtype="u1")))
    refused_image(
        10, [str(folder), "label of image 10 ", "is 10;", "0 to 9"], lambda: mnist(folder)
    )


def test_images_are_read_once_at_the_first_access_and_do_not_travel(tmp_path):
    folder = make_mnist(tmp_path / "m", packed=True)
    file = folder / "train-images-idx3-ubyte.gz"
    data = mnist(folder)
    before = pickle.dumps(data.train)
    file.rename(tmp_path / "away")
    with pytest.raises(FileNotFoundError):  # so it was not read yet
        data.train[0]
    (tmp_path / "away").rename(file)
    data.validation[0]
    again = pickle.loads(pickle.dumps(data))
    assert same(again, data)
    file.unlink()
    data.train[0], data.train.arrays()  # nor is it again, for any split of it
    assert len(pickle.dumps(data.train)) == len(before)
