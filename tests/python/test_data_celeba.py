"""CelebA: sizes, attributes, and what is missing or malformed in its lists."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import refused
from test_data_images import Image, make_celeba  # skips where Pillow is not installed
from zbins.data import celeba


def test_celeba_sizes_and_attributes(tmp_path):
    root = make_celeba(tmp_path / "c")
    both = celeba(root, attributes=["Male", "Smiling"]).test
    assert both.labels.tolist() == [[0, 0], [0, 1]]
    assert both.classes == ("Male", "Smiling")
    assert both[0][1].tolist() == [0, 0]
    plain = celeba(root, (218, 178)).test
    assert plain.labels is None
    assert plain[0][1] == -1
    assert plain.arrays()[1] is None
    with Image.open(root / "img_align_celeba" / "000012.jpg") as opened:
        assert np.array_equal(plain.arrays()[0][1], np.asarray(opened).transpose(2, 0, 1))
        wanted = opened.resize((64, 64), Image.Resampling.BILINEAR, box=(19, 39, 159, 179))
    cropped = celeba(root, crop=140).test.arrays()[0]
    assert np.array_equal(cropped[1], np.asarray(wanted).transpose(2, 0, 1))
    assert celeba(root, 32, channels=1).train[0][0].shape == (1, 32, 32)
    refused(ValueError, ["'Hat'", "Smiling, Male"], lambda: celeba(root, attributes="Hat"))
    refused(TypeError, ["attributes is 3"], lambda: celeba(root, attributes=3))
    refused(ValueError, ["attributes is []"], lambda: celeba(root, attributes=[]))


def test_celeba_missing(tmp_path):
    root = make_celeba(tmp_path / "c")
    images = root / "img_align_celeba"
    (images / "000002.jpg").unlink()
    (images / "000012.jpg").unlink()
    wanted = ["names 2 images", "000002.jpg, 000012.jpg", str(images)]
    refused(FileNotFoundError, wanted, lambda: celeba(root))
    (root / "list_attr_celeba.txt").unlink()
    images.rename(root / "images")
    wanted = ["img_align_celeba/ or Img/img_align_celeba/", "holds images/, list_eval"]
    refused(FileNotFoundError, wanted, lambda: celeba(root))
    (root / "images").rename(images)
    (root / "list_eval_partition.txt").rename(root / "partition.txt")
    wanted = ["list_eval_partition.txt or Eval/", "partition.txt"]
    refused(FileNotFoundError, wanted, lambda: celeba(root))
    refused(FileNotFoundError, ["CelebA"], lambda: celeba(tmp_path / "nowhere"))
    root = make_celeba(tmp_path / "d", n=5)
    (root / "list_attr_celeba.txt").unlink()
    assert len(celeba(root).train) == 1
    refused(FileNotFoundError, ["list_attr"], lambda: celeba(root, attributes="Male"))


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("000001.jpg 0", ["line 13 ", "'000001.jpg' a second time"]),
        ("000013.jpg 3", ["line 13 ", "'000013.jpg 3'", "0 (train)"]),
        ("000013.jpg", ["line 13 ", "'000013.jpg'"]),
        ("../x.jpg 0", ["../x.jpg"]),
    ],
)
def test_celeba_malformed_partition(tmp_path, line, texts):
    root = make_celeba(tmp_path / "c")
    with open(root / "list_eval_partition.txt", "a") as file:
        file.write(line + "\n")
    kind = FileNotFoundError if ".." in line else ValueError
    refused(kind, ["list_eval_partition.txt", *texts], lambda: celeba(root))
    (root / "list_eval_partition.txt").write_text("\n")
    refused(ValueError, ["names no images"], lambda: celeba(root))


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        ("12\n", "twelve\n", ["line 1 ", "'twelve'"]),
        ("12\n", "13\n", ["12 images", "13"]),
        ("000003.jpg  1 1", "000003.jpg  1", ["line 5 ", "2 numbers"]),
        ("000003.jpg  1 1", "000003.jpg  1 0", ["line 5 ", "1 or -1"]),
        ("000003.jpg", "x.jpg", ["'000003.jpg'"]),
    ],
)
def test_celeba_malformed_attributes(tmp_path, old, new, texts):
    path = make_celeba(tmp_path / "c") / "list_attr_celeba.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    both = ["Smiling", "Male"]
    refused(ValueError, texts, lambda: celeba(tmp_path / "c", attributes=both))
