"""Images in .npz files, and what the loaders without Pillow need: NumPy only."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from helpers import refused, run_python
from test_data_idx import images_of, make_mnist
from zbins.data import npz


def test_npz_layouts(tmp_path):
    grey = images_of(4)
    colour = np.random.default_rng(0).integers(0, 256, (4, 6, 7, 3)).astype(np.uint8)
    last, first = colour, np.moveaxis(colour, 3, 1)
    path = tmp_path / "a.npz"
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
    refused(ValueError, ["channels='first'", "(2, 3, 5, 3)"], lambda: npz(path))
    assert npz(path, channels="first").image_shape == (3, 5, 3)
    assert npz(path, channels="last").image_shape == (3, 3, 5)
    refused(ValueError, ["'middle'"], lambda: npz(path, channels="middle"))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_npz_floats_are_kept_and_checked(tmp_path, dtype):
    path, values = tmp_path / "a.npz", np.random.default_rng(0).random((5, 4, 4)).astype(dtype)
    np.savez(path, x=values)
    images, _ = npz(path).arrays()
    assert images.dtype == np.float32
    assert np.array_equal(images[:, 0], values.astype(np.float32))
    assert np.array_equal(npz(path)[2][0][0], values[2].astype(np.float32))
    for wrong in (1.5, -0.5, np.nan, np.inf):
        values[3, 1, 1] = wrong
        np.savez(path, x=values)
        split = npz(path)  # nothing is read yet
        refused(ValueError, ["image 3 ", str(wrong), "[0, 1]"], lambda s=split: s[0])


def test_npz_malformed(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x=images_of(3), y=np.arange(2), z=np.arange(3.0), i=images_of(3).astype(int))
    np.savez(tmp_path / "o.npz", x=np.array([{}], object))
    refused(ValueError, ["no array 'no'", "'x', 'y', 'z'"], lambda: npz(path, images="no"))
    refused(ValueError, ["2 labels", "3 images"], lambda: npz(path, labels="y"))
    refused(ValueError, ["float64", "labels"], lambda: npz(path, labels="z"))
    refused(ValueError, ["int64", "uint8"], lambda: npz(path, images="i"))
    refused(ValueError, ["(n, h, w)"], lambda: npz(path, images="z"))
    refused(ValueError, ["objects"], lambda: npz(tmp_path / "o.npz"))
    refused(TypeError, ["images is 3"], lambda: npz(path, images=3))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        npz(tmp_path / "nowhere.npz")
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        refused(ValueError, [str(path)], lambda: npz(path))
    place = whole.index(images_of(3)[1].tobytes())
    path.write_bytes(whole[:place] + b"?!" + whole[place + 2 :])
    refused(ValueError, [str(path), "damaged", "CRC"], lambda: npz(path)[0])


def test_npz_that_promises_more_than_it_has(tmp_path):
    path = tmp_path / "a.npz"
    head = b"\x93NUMPY\x01\x00\x76\x00"
    text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 28, 28), }"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", head + text.ljust(117) + b"\n" + bytes(100))
    refused(ValueError, ["784,000,000,000,000", "100 follow"], lambda: npz(path))


def test_neither_torch_nor_pillow_is_imported(tmp_path):
    folder = make_mnist(tmp_path / "m")
    np.savez(tmp_path / "a.npz", x=images_of(3))
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
        for call in (zbins.data.celeba, zbins.data.mobius):
            try:
                call(sys.argv[1])
            except ImportError as error:
                print(error)
        try:
            zbins.data.image_folder(sys.argv[1], 64)
        except ImportError as error:
            print(error)
        """,
        folder,
        tmp_path / "a.npz",
    ).splitlines()
    assert out[:2] == ["False", "False"]
    assert len(out) == 5
    assert all("Pillow" in line and "pip install " in line for line in out[2:])
