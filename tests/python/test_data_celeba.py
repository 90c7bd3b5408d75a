"""CelebA: sizes, attributes, and what is missing or malformed in its lists."""

from __future__ import annotations

import numpy as np
import pytest

from data_helpers import make_celeba
from helpers import refused
from zbins.data import celeba

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def root(tmp_path):
    return make_celeba(tmp_path / "c")


def test_sizes_and_attributes(root):
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


@pytest.mark.parametrize(
    ("moved", "texts"),
    [
        (
            ["img_align_celeba/000002.jpg", "img_align_celeba/000012.jpg"],
            ["names 2 images", "000002.jpg, 000012.jpg", "img_align_celeba"],
        ),
        (
            ["img_align_celeba"],
            ["img_align_celeba/ or Img/img_align_celeba/", "holds list_attr_celeba.txt, list_eval"],
        ),
        (["list_eval_partition.txt"], ["list_eval_partition.txt or Eval/", "list_attr_celeba.txt"]),
        (["list_attr_celeba.txt"], ["list_attr_celeba.txt or Anno/"]),
    ],
)
def test_what_is_missing(tmp_path, root, moved, texts):
    for i, name in enumerate(moved):
        (root / name).rename(tmp_path / f"elsewhere{i}")
    refused(FileNotFoundError, [str(root), *texts], lambda: celeba(root, attributes="Male"))


def test_attributes_need_not_be_there(root):
    (root / "list_attr_celeba.txt").unlink()
    assert len(celeba(root).train) == 8


@pytest.mark.parametrize(
    ("line", "kind", "texts"),
    [
        ("000001.jpg 0", ValueError, ["line 13 ", "'000001.jpg' a second time"]),
        ("000013.jpg 3", ValueError, ["line 13 ", "'000013.jpg 3'", "0 (train)"]),
        ("000013.jpg", ValueError, ["line 13 ", "'000013.jpg'"]),
        ("../x.jpg 0", FileNotFoundError, ["../x.jpg"]),
        (None, ValueError, ["names no images"]),
    ],
)
def test_malformed_partition(root, line, kind, texts):
    listing = root / "list_eval_partition.txt"
    listing.write_text("\n" if line is None else listing.read_text() + line + "\n")
    refused(kind, ["list_eval_partition.txt", *texts], lambda: celeba(root))


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
def test_malformed_attributes(root, old, new, texts):
    path = root / "list_attr_celeba.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    refused(ValueError, texts, lambda: celeba(root, attributes=["Smiling", "Male"]))
