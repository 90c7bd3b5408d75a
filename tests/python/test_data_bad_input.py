"""What every loader refuses: paths, arguments, folders of something else; and what it says."""

from __future__ import annotations

import numpy as np
import pytest

from data_helpers import images_of, make_celeba, make_mnist, make_mobius, pixels, save
from helpers import refused
from zbins.data import celeba, image_folder, load_idx, mnist, mobius, npz, partition

pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """A folder with one of each."""
    root = tmp_path_factory.mktemp("data")
    make_mnist(root / "mnist")
    (make_mnist(root / "part") / "t10k-labels-idx1-ubyte").unlink()
    make_celeba(root / "celeba", n=5)
    make_mobius(root / "mobius")
    save(root / "faces" / "top.png", pixels())
    (root / "empty" / "Images" / "1").mkdir(parents=True)
    for i in range(13):
        (root / "many" / f"f{i:02}").mkdir(parents=True)
    np.savez(
        root / "a.npz",
        x=images_of(3),
        y=np.arange(2),
        z=np.arange(3.0),
        i=images_of(3).astype(int),
        o=np.array([{}], object),
        both=np.zeros((2, 3, 5, 3), np.uint8),
    )
    np.savez(root / "n.npz", x=np.zeros((103, 1, 1), np.uint8))
    return root


@pytest.mark.parametrize(
    ("call", "kind", "texts"),
    [
        (lambda at: mnist(at / "mnist", validation=60), ValueError, ["is 60", "below 60"]),
        (lambda at: mnist(at / "mnist", validation=-1), ValueError, "validation is -1"),
        (lambda at: mnist(at / "mnist", validation=0.1), TypeError, "validation is 0.1"),
        (lambda at: mnist(at / "mnist", seed=None), TypeError, "seed is None"),
        (lambda at: mnist(at / "mnist", seed=-1), ValueError, ["seed is -1", "2**64"]),
        (lambda at: npz(at / "a.npz", images="no"), ValueError, ["no array 'no'", "'x', 'y', 'z'"]),
        (lambda at: npz(at / "a.npz", labels="y"), ValueError, ["2 labels", "3 images"]),
        (lambda at: npz(at / "a.npz", labels="z"), ValueError, ["float64", "labels"]),
        (lambda at: npz(at / "a.npz", images="i"), ValueError, ["int64", "uint8"]),
        (lambda at: npz(at / "a.npz", images="z"), ValueError, "(n, h, w)"),
        (lambda at: npz(at / "a.npz", images="o"), ValueError, "objects"),
        (lambda at: npz(at / "a.npz", images=3), TypeError, "images is 3"),
        (lambda at: npz(at / "a.npz", images="both"), ValueError, ["s='first'", "(2, 3, 5, 3)"]),
        (lambda at: npz(at / "a.npz", images="both", channels="middle"), ValueError, "'middle'"),
        (
            lambda at: celeba(at / "celeba", attributes="Hat"),
            ValueError,
            ["'Hat'", "Smiling, Male"],
        ),
        (lambda at: celeba(at / "celeba", attributes=3), TypeError, "attributes is 3"),
        (lambda at: celeba(at / "celeba", attributes=[]), ValueError, "attributes is []"),
        (lambda at: mobius(at / "mobius", bad=1), TypeError, "bad is 1"),
        (lambda at: mobius(at / "mobius", seed=0.5), TypeError, "seed is 0.5"),
        (lambda at: image_folder(at / "faces", 8, labels="x"), ValueError, "'x'"),
        (lambda at: image_folder(at / "faces", 8, labels="folder"), ValueError, "labels=None"),
        (lambda at: partition(np.zeros(3)), TypeError, "ndarray"),
        (lambda at: partition(npz(at / "n.npz"), test=-1), ValueError, "test is -1"),
        (lambda at: partition(npz(at / "n.npz"), test=True), TypeError, "test is True"),
        (lambda at: partition(npz(at / "n.npz"), test=99, validation=4), ValueError, "none of 103"),
        (lambda at: npz(at / "n.npz")[103], IndexError, ["103", "-103 to 102"]),
        (lambda at: npz(at / "n.npz")[-104], IndexError, "-104"),
        (lambda at: npz(at / "n.npz")[1.0], TypeError, "arrays()"),
        (lambda at: npz(at / "n.npz")["1"], TypeError, "arrays()"),
        (lambda at: npz(at / "n.npz")[:3], TypeError, "arrays()"),
        (lambda at: npz(at / "n.npz")[True], TypeError, "arrays()"),
        (lambda at: npz(at / "n.npz")[None], TypeError, "arrays()"),
        (lambda at: npz(at / "n.npz").arrays("float64"), TypeError, "float64"),
    ],
)
def test_arguments(at, call, kind, texts):
    refused(kind, texts, lambda: call(at))


@pytest.mark.parametrize("open_it", [image_folder, celeba, mobius])
@pytest.mark.parametrize(
    ("arguments", "kind", "texts"),
    [
        ({"size": 0}, ValueError, ["size is 0", "1 to 65,536"]),
        ({"size": (8, -1)}, ValueError, "(8, -1)"),
        ({"size": 8.0}, TypeError, ["size is 8.0", "(height, width)"]),
        ({"size": (8, 8, 3)}, TypeError, "(8, 8, 3)"),
        ({"size": None}, TypeError, "size is None"),
        ({"crop": 0}, ValueError, "crop is 0"),
        ({"crop": "140"}, TypeError, "crop is '140'"),
        ({"channels": 4}, ValueError, "channels is 4"),
        ({"channels": "RGB"}, TypeError, "channels is 'RGB'"),
        ({"cache": 3}, TypeError, "cache is 3"),
        ({"cache": __file__}, ValueError, "which is a file"),
    ],
)
def test_how_images_are_read(tmp_path, open_it, arguments, kind, texts):
    """Looked at before the folder is."""
    refused(kind, texts, lambda: open_it(tmp_path, **{"size": 8, **arguments}))


@pytest.mark.parametrize("path", [None, 3, b"bytes", ["a"]])
@pytest.mark.parametrize("open_it", [load_idx, mnist, npz])
def test_paths_of_another_type(open_it, path):
    refused(TypeError, [repr(path), "pathlib.Path"], lambda: open_it(path))


ONE_IS_MISSING = ["t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz", "train-images", "MNIST"]


@pytest.mark.parametrize(
    ("open_it", "name", "kind", "texts"),
    [
        (mnist, "part", FileNotFoundError, ONE_IS_MISSING),
        (mnist, "empty/Images/1", FileNotFoundError, "the folder holds nothing"),
        (mnist, "many", FileNotFoundError, ["f00/", "f09/ and 3 more"]),
        (mnist, "nowhere", FileNotFoundError, "four idx files"),
        (mnist, "mnist/train-labels-idx1-ubyte", NotADirectoryError, ["a folder", ".npz"]),
        (npz, "nowhere", FileNotFoundError, "nowhere"),
        (celeba, "nowhere", FileNotFoundError, "CelebA"),
        (mobius, "mobius/Images", FileNotFoundError, ["looked for Images/", "1/, 10/, 2/"]),
        (mobius, "empty", FileNotFoundError, ["1/1_1i_Ll_1.jpg", "holds 1/"]),
        (lambda path: image_folder(path, 8), "many", FileNotFoundError, ["*.jpg", "holds f00/"]),
    ],
)
def test_what_is_not_there(at, open_it, name, kind, texts):
    """The message says what was looked for, and what is there instead."""
    texts = [texts] if isinstance(texts, str) else texts
    message = refused(kind, [str(at / name), *texts], lambda: open_it(at / name))
    assert "f10" not in message
