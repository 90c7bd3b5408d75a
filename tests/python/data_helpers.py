"""Shared by the tests of zbins.data: data sets in the layouts they are distributed in, refusals."""

from __future__ import annotations

import gzip
import pathlib
import struct

import numpy as np
import pytest

N_TRAIN, N_TEST = 60, 10
PARTS = ("train", "validation", "test")
CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def refused_image(number, texts, call):
    """The call raises a ValueError that says the texts, and knows which image it is about."""
    with pytest.raises(ValueError) as caught:
        call()
    assert caught.value.row == number
    for text in (str(number), *texts):
        assert text in str(caught.value)


def each(splits):
    return [getattr(splits, part) for part in PARTS]


def same(a, b):
    """Tell whether two data sets have the same images and labels in every part."""
    return all(
        np.array_equal(x.labels, y.labels) and np.array_equal(x.arrays()[0], y.arrays()[0])
        for x, y in zip(each(a), each(b), strict=True)
    )


# -- arrays ----------------------------------------------------------------------------------------


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
                name, content = name + ".gz", gzip.compress(content)
            (folder / name).write_bytes(content)
    return folder


# -- files of images -------------------------------------------------------------------------------


def pixels(height=8, width=10, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def save(path, array, **options):
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def record_decoding(monkeypatch):
    """Return a list that the name of every image file is added to when Pillow opens it."""
    from PIL import Image

    names, real = [], Image.open

    def recording(path, *arguments):
        names.append(pathlib.Path(path).name)
        return real(path, *arguments)

    monkeypatch.setattr(Image, "open", recording)
    return names


def make_celeba(root, n=12, original=False):
    """CelebA in one folder (torchvision's), or in those of the original archive."""
    images, parts, attributes = (root / name for name in ("Img", "Eval", "Anno"))
    if not original:
        images = parts = attributes = root
    names = [f"{i:06}.jpg" for i in range(1, n + 1)]
    for i, name in enumerate(names):
        save(images / "img_align_celeba" / name, pixels(218, 178, i), quality=90)
    for folder in (parts, attributes):
        folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {0 if i < n - 4 else 1 + i % 2}" for i, name in enumerate(names)]
    (parts / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    lines = [f"{name}  {1 if i % 3 else -1} {-1 if i % 2 else 1}" for i, name in enumerate(names)]
    text = "\n".join([str(n), "Smiling Male ", *lines])
    (attributes / "list_attr_celeba.txt").write_text(text + "\n")
    return root


def make_mobius(root, subjects=(1, 2, 10), bad=2):
    """Images/<person>/<person>_<phone><light>_<eye><gaze>_<number>.jpg, with what lies beside."""
    for subject in subjects:
        folder = root / "Images" / str(subject)
        for k, gaze in enumerate("lrsu"):
            name = f"{subject}_1i_L{gaze}_"
            save(folder / f"{name}1.jpg", pixels(34, 60, 10 * subject + k))
            if k < bad:
                save(folder / f"{name}bad.jpg", pixels(34, 60, 99))
        save(root / "Masks" / str(subject) / f"{subject}_1i_Ll_1.png", pixels(34, 60))
    (root / "data.csv").write_text("ID,Gender\n")
    (root / "Images" / ".DS_Store").write_bytes(b"")
    return root
