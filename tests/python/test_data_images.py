"""Folders of images: CelebA and MOBIUS as distributed, images of every kind, and damaged ones."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from torch.utils.data import DataLoader

from data_helpers import (
    each,
    make_celeba,
    make_mobius,
    pixels,
    record_decoding,
    refused_image,
    same,
    save,
)
from zbins.data import celeba, image_folder, mobius

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def decoded(monkeypatch):
    """The names of the image files that were opened, in order."""
    return record_decoding(monkeypatch)


@pytest.fixture(params=[None, "memory", "folder"])
def cache(request, tmp_path):
    return tmp_path / "cache" if request.param == "folder" else request.param


@pytest.mark.parametrize("original", [False, True])
def test_celeba(tmp_path, original, decoded):
    data = celeba(make_celeba(tmp_path / "c", original=original), attributes="Smiling")
    assert [len(split) for split in each(data)] == [8, 2, 2]
    assert decoded == []
    assert data.train.labels.tolist() == [0, 1, 1, 0, 1, 1, 0, 1]
    assert data.validation.labels.tolist() == [1, 1]  # 000009 and 000011
    assert data.test.labels.tolist() == [0, 1]
    assert data.train.classes == ("not Smiling", "Smiling")
    image, label = data.validation[1]
    assert decoded == ["000011.jpg"]
    assert label == 1
    assert image.shape == (3, 64, 64)
    assert image.dtype == np.float32
    folder = tmp_path / "c" / ("Img" if original else "") / "img_align_celeba"
    with Image.open(folder / "000011.jpg") as opened:
        wanted = opened.resize((64, 64), Image.Resampling.BILINEAR, box=(0, 20, 178, 198))
    assert np.array_equal(image, np.asarray(wanted).transpose(2, 0, 1) / np.float32(255))


def test_mobius(tmp_path, decoded):
    root = make_mobius(tmp_path / "m")
    data = mobius(root, (17, 30))
    parts = each(data)
    assert [len(part) for part in parts] == [8, 2, 2]
    assert data.train.classes == ("1", "2", "10")
    assert decoded == []
    assert sorted(np.concatenate([part.labels for part in parts])) == [0] * 4 + [1] * 4 + [2] * 4
    assert data.test[0][0].shape == (3, 17, 30)
    assert mobius(root).train.image_shape == (3, 1700, 3000)
    assert same(mobius(root, (17, 30)), data)
    assert not same(mobius(root, (17, 30), seed=1), data)
    assert sum(map(len, each(mobius(root, 8, bad=True)))) == 18
    everything = np.concatenate([part.arrays()[0] for part in parts])
    assert len(np.unique(everything, axis=0)) == 12


def test_image_folder_with_classes(tmp_path):
    for k, name in enumerate(("b/2.png", "b/1.png", "a/deep/3.PNG", "a/._x.png", "a/notes.txt")):
        save(tmp_path / "f" / name, pixels(seed=k), format="png")
    split = image_folder(tmp_path / "f", (8, 10), labels="folder")
    assert split.classes == ("a", "b")
    assert split.labels.tolist() == [0, 1, 1]
    wanted = [pixels(seed=k).transpose(2, 0, 1) for k in (2, 1, 0)]
    assert np.array_equal(split.arrays()[0], wanted)
    assert np.array_equal(split[1][0], wanted[1] / np.float32(255))
    save(tmp_path / "f" / "top.png", pixels())
    assert len(image_folder(tmp_path / "f", 8)) == 4


def test_images_of_several_modes(tmp_path):
    """Each is a grey of 100 (102 in the palette), whatever it is stored as."""
    grey = Image.new("L", (9, 7), 100)
    for mode in ("L", "RGB", "P", "RGBA", "LA", "CMYK", "YCbCr"):
        ending = "jpg" if mode in ("CMYK", "YCbCr") else "png"
        grey.convert("RGB").convert(mode).save(tmp_path / f"{mode}.{ending}")
    Image.fromarray(np.full((7, 9), 100 * 257, np.uint16)).save(tmp_path / "16.png")
    Image.fromarray(np.full((7, 9), 100 * 257, np.int32)).save(tmp_path / "32.tif")
    clear = Image.new("RGBA", (9, 7), (0, 0, 0, 155))  # over white
    clear.save(tmp_path / "clear.png")
    grey.save(tmp_path / "two.gif", save_all=True, append_images=[Image.new("L", (9, 7), 3)])
    for channels in (1, 3):
        split = image_folder(tmp_path, (5, 6), channels=channels)
        images, _ = split.arrays()
        assert images.shape == (11, channels, 5, 6)
        assert (abs(images.astype(int) - 100) <= 2).all()
    wide = Image.new("1", (9, 7), 1)
    wide.save(tmp_path / "A.png")
    assert (image_folder(tmp_path, 4).arrays()[0][2] == 255).all()


def test_images_are_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn it clockwise
    save(tmp_path / "a.png", pixels(8, 10), exif=exif)
    image = image_folder(tmp_path, (10, 8)).arrays()[0][0]
    assert np.array_equal(image, np.rot90(pixels(8, 10), -1).transpose(2, 0, 1))


def test_crop_and_proportions(tmp_path):
    save(tmp_path / "a.png", pixels(8, 11))
    whole = pixels(8, 11).transpose(2, 0, 1)

    def image(size, **options):
        return image_folder(tmp_path, size, **options).arrays()[0][0]

    assert np.array_equal(image((8, 11)), whole)
    assert np.array_equal(image(8), whole[:, :, 1:9])
    assert np.array_equal(image((2, 11)), whole[:, 3:5])
    assert np.array_equal(image((4, 3), crop=(4, 3)), whole[:, 2:6, 4:7])
    assert image((1, 300)).shape == (3, 1, 300)
    assert image((300, 1)).shape == (3, 300, 1)
    flat = image(1, crop=(8, 8))[:, 0, 0]
    assert (abs(flat - whole[:, :, 1:9].mean((1, 2))) < 40).all()
    split = image_folder(tmp_path, 4, crop=9)
    refused_image(0, ["a.png", "8 x 11", "(9, 9)"], lambda: split[0])


def test_damaged_images_are_named(tmp_path, cache):
    root = tmp_path / "f"
    for i in range(3):
        save(root / f"{i}.jpg", pixels(40, 40, i))
    whole = (root / "1.jpg").read_bytes()
    floats = tmp_path / "f.tif"
    Image.fromarray(np.zeros((4, 4), np.float32)).save(floats)
    for content in (whole[: len(whole) // 2], whole[:10], b"no image", b"", floats.read_bytes()):
        (root / "1.jpg").write_bytes(content)
        split = image_folder(root, 8, cache=cache)
        if not isinstance(cache, os.PathLike):
            assert split[0][0].shape == split[2][0].shape
        for call in (lambda: split[1], split.arrays):  # noqa: B023
            refused_image(1, ["image 1, ", repr(str(root / "1.jpg"))], call)
        if isinstance(cache, os.PathLike):
            assert os.listdir(cache) == []
    (root / "1.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"1\.jpg"):
        split[1]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12, of torch's threads
def test_a_data_loader_with_workers_gives_the_same(tmp_path, cache):
    root = make_celeba(tmp_path / "c")
    split = celeba(root, 16, attributes="Male", cache=cache).train

    def batches(workers):
        loader = DataLoader(split, batch_size=3, num_workers=workers)
        return [(x.numpy(), y.numpy()) for x, y in loader]

    # The workers come first: with a folder, both find no cache there.
    both, one = batches(2), batches(0)
    assert len(both) == 3
    for (x, y), (x1, y1) in zip(both, one, strict=True):
        assert x.dtype == np.float32
        assert np.array_equal(x, x1)
        assert np.array_equal(y, y1)
    images, labels = split.arrays(np.float32)
    assert np.array_equal(np.concatenate([x for x, _ in one]), images)
    assert np.array_equal(np.concatenate([y for _, y in one]), labels)


def test_pickling_leaves_the_images_behind(tmp_path, cache):
    data = mobius(make_mobius(tmp_path / "m"), 64, cache=cache)
    before = pickle.dumps(data)
    images, _ = data.train.arrays()
    assert len(pickle.dumps(data)) == len(before) < images.nbytes / 4
    again = pickle.loads(pickle.dumps(data))
    assert same(again, data)
    assert np.array_equal(again.test[0][0], data.test[0][0])
