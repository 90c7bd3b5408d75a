"""What pictures of samples are made of, in plots and in trainings."""

from __future__ import annotations

import numpy as np
import pytest

# Neither a plot nor a training shows all of it: what is not finite is refused, or replaced.
from zbins._common.images import check_black_and_white, mosaic, unit_values


def test_values_from_black_to_white():
    values = np.array([-3, -1, 0, 1, 7, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(unit_values(values, -1, 1), [0, 0, 0.5, 1, 1, 1, 0, np.nan])
    np.testing.assert_array_equal(unit_values(values[:4], 1, 1), np.zeros(4))
    far = np.array([-1e308, 0, 1e308])
    np.testing.assert_array_equal(unit_values(far, -1e308, 1e308), [0, 0.5, 1])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_mosaic_has_every_image_at_its_place(dtype):
    tiles = np.arange(5 * 2 * 3 * 4).reshape(5, 2, 3, 4).astype(dtype) + 1
    pixels = mosaic(tiles, columns=3, gap=1)
    assert pixels.dtype == dtype
    assert pixels.shape == (2 * 3 - 1, 3 * 4 - 1, 4)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, 3)
        place = pixels[3 * row : 3 * row + 2, 4 * column : 4 * column + 3]
        np.testing.assert_array_equal(place, tile)
    assert pixels.astype(float).sum() == tiles.astype(float).sum()  # else zero


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ((1, 0), ValueError),
        ((0, 0), ValueError),
        ((0, np.nan), ValueError),
        ((0, np.inf), ValueError),
        ((0, 10**400), ValueError),
        ((0, 1, 2), TypeError),
        (("a", 1), TypeError),
        (None, TypeError),
        (3, TypeError),
    ],
)
def test_what_is_no_range(value, kind):
    with pytest.raises(kind, match=r"value_range is .*; accepted is a pair"):
        check_black_and_white(value, "accepted is a pair")


def test_a_range():
    assert check_black_and_white(np.array([-1, 2]), "") == (-1.0, 2.0)
