"""Images in .npz files, and what the loaders without Pillow need: NumPy only."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from data_helpers import images_of, make_mnist, refused_image
from helpers import refused, run_python
from zbins.data import npz


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.npz"


def test_npz_layouts(path):
    grey = images_of(4)
    last = np.random.default_rng(0).integers(0, 256, (4, 6, 7, 3)).astype(np.uint8)
    first = np.moveaxis(last, 3, 1)
    np.savez(path, x=grey, last=last, first=first, f=np.asfortranarray(last), y=np.arange(4) - 1)
    assert np.array_equal(npz(path).arrays()[0], grey[:, None])
    assert npz(path).arrays()[1] is None
    assert npz(path)[-1][1] == -1
    for name in ("last", "first", "f"):
        split = npz(path, images=name, labels="y", classes=["a", "b"])
        assert np.array_equal(split.arrays()[0], first)
        assert split.image_shape == (3, 6, 7)
        assert split.labels.tolist() == [-1, 0, 1, 2]
        assert split.classes == ("a", "b")
    np.savez(path, x=np.zeros((2, 3, 5, 3), np.uint8))
    assert npz(path, channels="first").image_shape == (3, 5, 3)
    assert npz(path, channels="last").image_shape == (3, 3, 5)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_npz_floats_are_kept_and_checked(path, dtype):
    values = np.random.default_rng(0).random((5, 4, 4)).astype(dtype)
    np.savez(path, x=values)
    images, _ = npz(path).arrays()
    assert images.dtype == np.float32
    assert np.array_equal(images[:, 0], values.astype(np.float32))
    assert np.array_equal(npz(path)[2][0][0], values[2].astype(np.float32))
    for wrong in (1.5, -0.5, np.nan, np.inf):
        values[3, 1, 1] = wrong
        np.savez(path, x=values)
        split = npz(path)  # nothing is read yet
        refused_image(3, [str(path), str(wrong), "[0, 1]"], lambda: split[0])  # noqa: B023


def test_npz_damaged(path):
    np.savez(path, x=images_of(3))
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refused(ValueError, str(path), lambda: npz(path))
    place = whole.index(images_of(3)[1].tobytes())
    path.write_bytes(whole[:place] + b"?!" + whole[place + 2 :])
    refused(ValueError, [str(path), "damaged", "CRC"], lambda: npz(path)[0])


def test_npz_that_promises_more_than_it_has(path):
    head = b"\x93NUMPY\x01\x00\x76\x00"
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 28, 28), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", head + text.ljust(117) + b"\n" + bytes(100))
    refused(ValueError, ["784,000,000,000,000", "100 follow"], lambda: npz(path))


def test_neither_torch_nor_pillow_is_imported(tmp_path, path):
    np.savez(path, x=images_of(3))
    out = run_python(
        """
        import sys
        import zbins
        print("zbins.data" in sys.modules)
        sys.modules["PIL"] = None  # as if it were not installed
        import zbins.data
        data = zbins.data.mnist(sys.argv[1])
        data.train[0], zbins.data.npz(sys.argv[2])[0]
        print("torch" in sys.modules)
        for call in (zbins.data.celeba, zbins.data.mobius, zbins.data.image_folder):
            try:
                call(sys.argv[1], 64)
            except ImportError as error:
                print(error)
        """,
        make_mnist(tmp_path / "m"),
        path,
    ).splitlines()
    assert out[:2] == ["False", "False"]
    assert len(out) == 5
    assert all("Pillow" in line and "pip install " in line for line in out[2:])
