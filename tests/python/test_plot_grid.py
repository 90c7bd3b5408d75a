"""A grid of samples: every pixel where it belongs, whatever the images come as."""

from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import torch

import zbins

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from zbins.plot import SampleGridDisplay


@pytest.fixture(autouse=True)
def _as_it_was():
    before, backend = dict(matplotlib.rcParams), matplotlib.get_backend()
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before
    assert matplotlib.get_backend() == backend


class Painter:
    """Samples images of one brightness each, and writes down what it was asked."""

    def __init__(self, convert=lambda images: images, classes=None):
        self.convert, self.calls = convert, []
        if classes is not None:
            self.classes_ = np.array(classes)

    def sample(self, n, y=None, *, random_state=None):
        self.calls.append((n, y, random_state))
        level = np.random.default_rng(random_state).random((n, 1, 1, 1))
        return self.convert(np.broadcast_to(level, (n, 1, 4, 5)).astype(np.float32))


def pixels(display):
    return np.asarray(display.im_.get_array())


def by_hand(images, columns, gap):
    """The mosaic, one pixel at a time: images of shape (n, h, w, 3), uint8."""
    n, h, w, _ = images.shape
    rows = -(-n // columns)
    canvas = np.zeros((rows * (h + gap) - gap, columns * (w + gap) - gap, 4), np.uint8)
    for i in range(n):
        top, left = i // columns * (h + gap), i % columns * (w + gap)
        for y in range(h):
            for x in range(w):
                canvas[top + y, left + x] = [*images[i, y, x], 255]
    return canvas


CONVERSIONS = {
    "float64": lambda a: (a / 255).astype(np.float64),
    "float32": lambda a: (a / 255).astype(np.float32),
    "uint8": lambda a: a,
    "list": lambda a: (a / 255).tolist(),
    "grad": lambda a: torch.tensor(a / 255, requires_grad=True),
    "tensor-uint8": torch.tensor,
    "list-of-tensors": lambda a: list(torch.tensor(a / 255, requires_grad=True)),
}


@pytest.mark.parametrize("kind", CONVERSIONS)
@pytest.mark.parametrize("shape", ["n1hw", "n3hw", "nhw1", "nhw3", "nhw"])
def test_every_pixel(kind, shape):
    channels = 3 if "3" in shape else 1
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 6, channels), np.uint8)
    images[0, 0, :4, 0] = [0, 1, 254, 255]
    given = images if shape[-1] in "13" else images.transpose(0, 3, 1, 2)
    given = images[..., 0] if shape == "nhw" else given
    display = SampleGridDisplay.from_images(CONVERSIONS[kind](given), columns=3, gap=2)
    wanted = by_hand(np.broadcast_to(images, (7, 4, 6, 3)), 3, 2)
    np.testing.assert_array_equal(pixels(display), wanted)
    assert display.images.shape == (7, 4, 6, channels)
    assert display.im_.get_interpolation() == "nearest"
    assert len(display.ax_.images) == 1
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize(
    ("n", "columns", "gap", "wanted"),
    [(6, 3, 0, (3, 0)), (2, 5, 1, (2, 1)), (1, None, None, (1, 1)), (5, None, None, (3, 1))],
)
def test_columns_and_gaps(n, columns, gap, wanted):
    images = np.random.default_rng(0).integers(0, 256, (n, 4, 6, 3), np.uint8)
    display = SampleGridDisplay.from_images(images, columns=columns, gap=gap)
    np.testing.assert_array_equal(pixels(display), by_hand(images, *wanted))


def test_every_level_of_gray():
    levels = np.arange(256, dtype=np.uint8)
    for images in (levels, (levels / 255).astype(np.float32)):
        display = SampleGridDisplay.from_images(images.reshape(1, 16, 16))
        np.testing.assert_array_equal(pixels(display)[..., 0].ravel(), levels)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.bool])
def test_narrow_tensors(dtype):
    images = torch.tensor([[[0.0, 1.0], [1.0, 0.0]]]).to(dtype)
    display = SampleGridDisplay.from_images(images)
    assert pixels(display)[..., 0].tolist() == [[0, 255], [255, 0]]


def test_channels_first_where_both_would_do():
    images = np.zeros((1, 3, 5, 3))
    images[0, 0] = 1  # all of the red channel
    display = SampleGridDisplay.from_images(images)
    assert display.images.shape == (1, 5, 3, 3)
    assert (pixels(display) == [255, 0, 0, 255]).all()


@pytest.mark.parametrize(
    ("values", "value_range", "wanted"),
    [
        ([-1.0, 0.0, 0.5, 1.0, 9.0], None, [0, 0, 128, 255, 255]),
        ([-1.0, 0.0, 1.0, 9.0], (0, 1), [0, 0, 255, 255]),
        ([-1.0, 0.0, 1.0, 9.0], (-1, 1), [0, 128, 255, 255]),
        ([2.0, 3.0, 4.0], "auto", [0, 128, 255]),
        ([2.0, 2.0], "auto", [0, 0]),
        ([-1.7e308, 0.0, 1.7e308], "auto", [0, 128, 255]),
        (np.array([0, 1, 2, 255], np.uint8), None, [0, 1, 2, 255]),
        (np.array([0, 1, 2, 255], np.uint8), (0, 2), [0, 128, 255, 255]),
        (np.array([3, 4], np.uint8), "auto", [0, 255]),
    ],
)
def test_value_range(values, value_range, wanted):
    images = np.broadcast_to(np.asarray(values)[None, None, None, :], (1, 3, 2, len(values)))
    before = images.copy()
    display = SampleGridDisplay.from_images(images, value_range=value_range)
    np.testing.assert_array_equal(pixels(display)[0, :, 0], wanted)
    np.testing.assert_array_equal(images, before)


def test_colour_map():
    display = SampleGridDisplay.from_images(np.array([[[0.0, 1.0]]]), cmap="viridis")
    wanted = np.rint(255 * np.array(matplotlib.colormaps["viridis"]([0.0, 1.0])))
    np.testing.assert_array_equal(pixels(display)[0], wanted)


def test_from_estimator_draws_what_it_samples():
    painter = Painter()
    display = SampleGridDisplay.from_estimator(painter, random_state=3)
    assert painter.calls == [(64, None, 3)]
    assert display.images.shape == (64, 4, 5, 1)
    assert pixels(display).shape == (8 * 5 - 1, 8 * 6 - 1, 4)
    again = SampleGridDisplay.from_estimator(painter, random_state=3)
    np.testing.assert_array_equal(pixels(display), pixels(again))
    SampleGridDisplay.from_estimator(painter, 5)
    assert painter.calls[-1] == (5, None, None)


@pytest.mark.parametrize(
    "y",
    [["b", "a"], ("b", "a"), np.array(["b", "a"]), "classes"],
    ids=["list", "tuple", "array", "c"],
)
def test_a_row_for_every_label(y):
    painter = Painter(classes=["b", "a"])
    display = SampleGridDisplay.from_estimator(painter, 6, y=y, random_state=0)
    assert painter.calls == [(6, "b", 0), (6, "a", 0)]
    assert all(type(label) is str for _, label, _ in painter.calls)
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["b", "a"]
    assert display.ax_.get_yticks().tolist() == [1.5, 6.5]  # the middle of images of height 4
    assert pixels(display).shape == (2 * 5 - 1, 6 * 6 - 1, 4)


def test_ten_images_for_each_of_many_labels():
    painter = Painter()
    SampleGridDisplay.from_estimator(painter, y=torch.arange(3))
    assert painter.calls == [(10, 0, None), (10, 1, None), (10, 2, None)]
    SampleGridDisplay.from_estimator(painter, y=range(2))
    assert [type(y) for _, y, _ in painter.calls[3:]] == [int, int]


def test_a_latent_generator():
    from zbins.torch import LatentGenerator

    z = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    generator = LatentGenerator(decode=lambda z: z.sigmoid().reshape(-1, 1, 2, 2))
    generator.fit_latents(z, y=[i % 2 for i in range(50)])
    display = SampleGridDisplay.from_estimator(generator, 5, y="classes", random_state=0)
    wanted = [generator.sample(5, y=label, random_state=0).numpy() for label in (0, 1)]
    np.testing.assert_array_equal(display.images[..., 0], np.concatenate(wanted)[:, 0])


def test_row_labels_of_images():
    display = SampleGridDisplay.from_images(np.zeros((6, 4, 4)), row_labels=["real", "PMFS"])
    assert pixels(display).shape == (9, 14, 4)
    display.figure_.draw_without_rendering()
    for text in display.ax_.get_yticklabels():  # nothing is cut off
        assert text.get_window_extent().x0 >= 0


def test_axes_of_the_caller():
    figure, (left, right) = plt.subplots(1, 2)
    display = SampleGridDisplay.from_images(np.zeros((2, 4, 4)), ax=right)
    assert display.ax_ is right
    assert display.figure_ is figure
    assert not left.images
    assert display.plot(left) is display
    assert display.ax_ is left
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("shape", [(1, 1, 1), (300, 8, 8), (64, 100, 100), (2, 3, 900), (40, 2, 1)])
def test_figures_of_sensible_size(shape):
    display = SampleGridDisplay.from_images(np.zeros(shape))
    assert all(1 <= side <= 12.2 for side in display.figure_.get_size_inches())


def test_imports():
    """Importing zbins loads no matplotlib; zbins.plot loads neither torch nor pyplot."""
    code = (
        "import sys, zbins\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import zbins.plot\n"
        "assert 'torch' not in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
        "assert zbins.plot.__all__ == ['LatentScatterDisplay', 'SampleGridDisplay']\n"
        "import numpy as np, matplotlib; matplotlib.use('Agg')\n"
        "zbins.plot.SampleGridDisplay.from_images(np.zeros((1, 2, 2)))\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_the_module_is_found():
    assert zbins.plot.SampleGridDisplay is SampleGridDisplay
