"""Bad input of the grid: refused by name before anything is drawn or sampled."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

import zbins
from helpers import refused
from plot_helpers import SAMPLER, Generator, Unseeded, X, nothing_drawn  # noqa: F401
from zbins.plot import SampleGridDisplay

IMAGES = np.zeros((6, 4, 5))


class Unlabelled:
    def sample(self, n, *, random_state=None):
        return np.zeros((n, 4, 5))


SHAPES = "(n, c, h, w), (n, h, w) or (n, h, w, c), with c of 1 or 3"
NAN = np.full((2, 3, 4), np.nan)
INF = np.where(np.arange(24).reshape(2, 3, 4) == 17, np.inf, 0.0)

BAD_IMAGES = {
    "flat": (ValueError, ["(64, 16)", SHAPES, "latents to be decoded"], np.zeros((64, 16))),
    "1-D": (ValueError, ["(5,)", SHAPES], np.zeros(5)),
    "0-D": (ValueError, ["()", SHAPES], 3.0),
    "5-D": (ValueError, ["(1, 1, 1, 2, 2)", SHAPES], np.zeros((1, 1, 1, 2, 2))),
    "two channels": (ValueError, ["(4, 2, 5, 6)", "neither 2 nor 6"], np.zeros((4, 2, 5, 6))),
    "four channels": (ValueError, ["(4, 5, 6, 4)", "neither 5 nor 4"], np.zeros((4, 5, 6, 4))),
    "none": (ValueError, ["(0, 1, 4, 4)", "none empty"], np.zeros((0, 1, 4, 4))),
    "no list": (ValueError, ["(0,)", SHAPES], []),
    "no height": (ValueError, ["(2, 0, 4)", "none empty"], np.zeros((2, 0, 4))),
    "nan": (ValueError, ["nan at (0, 0, 0)", "finite"], NAN),
    "nan tensor": (ValueError, ["nan at (0, 0, 0)"], torch.tensor(NAN).bfloat16()),
    "inf": (ValueError, ["inf at (1, 1, 1)"], INF),
    "int64": (TypeError, ["int64", "floats, uint8 and bool"], np.zeros((2, 3, 4), int)),
    "int32 tensor": (TypeError, "int32", torch.zeros((2, 3, 4), dtype=torch.int32)),
    "complex": (TypeError, ["complex128", "real numbers"], np.zeros((2, 3, 4), complex)),
    "str": (TypeError, "a str of dtype", "images"),
    "None": (TypeError, "a NoneType of dtype object", None),
    "ragged": (ValueError, "ragged", [np.zeros((2, 3)), np.zeros((4, 5))]),
    "sparse": (TypeError, "a csr_matrix", csr_matrix(np.eye(3))),
    "sparse tensor": (TypeError, "dense", torch.eye(3).to_sparse()),
    "masked": (TypeError, "masked", np.ma.masked_less(INF, 1)),
}


@pytest.mark.parametrize("case", BAD_IMAGES)
def test_images(case):
    error, texts, images = BAD_IMAGES[case]
    refused(error, texts, lambda: SampleGridDisplay(images))
    refused(error, texts, lambda: SampleGridDisplay.from_images(images))


STYLES = [
    (ValueError, "columns is 0; it must be at least 1", {"columns": 0}),
    (ValueError, "columns is -3", {"columns": -3}),
    (TypeError, "columns is 2.0 of type float", {"columns": 2.0}),
    (TypeError, "columns is True", {"columns": True}),
    (ValueError, "gap is -1; it must be at least 0", {"gap": -1}),
    (TypeError, "gap is 'wide'", {"gap": "wide"}),
    (ValueError, ["value_range is 'minmax'", '"auto"'], {"value_range": "minmax"}),
    (ValueError, ["value_range is (1, 0)", "rising"], {"value_range": (1, 0)}),
    (ValueError, "value_range is (1, 1)", {"value_range": (1, 1)}),
    (ValueError, "value_range is (0, nan)", {"value_range": (0, float("nan"))}),
    (ValueError, "value_range is (0, inf)", {"value_range": (0, float("inf"))}),
    (TypeError, "value_range is (0, 1, 2)", {"value_range": (0, 1, 2)}),
    (TypeError, "value_range is 1", {"value_range": 1}),
    (TypeError, "value_range is (None, 1)", {"value_range": (None, 1)}),
    (ValueError, ["cmap is 'no such map'", "'viridis'"], {"cmap": "no such map"}),
    (TypeError, ["cmap is None", "'viridis'"], {"cmap": None}),
    (TypeError, ["ax is a ndarray", "Axes"], {"ax": np.array([None])}),
]


@pytest.mark.parametrize(("error", "texts", "style"), STYLES)
def test_style_of_a_grid(error, texts, style):
    display = SampleGridDisplay(IMAGES)
    generator = Generator()
    refused(error, texts, lambda: display.plot(**style))
    refused(error, texts, lambda: SampleGridDisplay.from_images(IMAGES, **style))
    refused(error, texts, lambda: SampleGridDisplay.from_estimator(generator, 6, **style))
    assert generator.calls == 0
    assert not hasattr(display, "ax_")


@pytest.mark.parametrize(
    ("error", "texts", "arguments"),
    [
        (ValueError, "n is 0; it must be at least 1", {"n": 0}),
        (ValueError, "n is -1", {"n": -1}),
        (TypeError, "n is 2.5 of type float", {"n": 2.5}),
        (TypeError, "n is '3'", {"n": "3"}),
        (ValueError, "y is empty", {"y": []}),
        (TypeError, "y is 3; accepted are None and a sequence", {"y": 3}),
        (TypeError, "y is {1, 2}", {"y": {1, 2}}),
        (ValueError, ["y is 'seven'", "'classes'", "['seven']"], {"y": "seven"}),
        (ValueError, ["Generator has no classes_", "not fitted with labels"], {"y": "classes"}),
        (ValueError, "the label 2 twice", {"y": [1, 2, 2]}),
        (TypeError, "mixes labels", {"y": [1, "a"]}),
        (TypeError, "1.5", {"y": [1.5]}),
        (ValueError, ["columns is 3", "leave it out"], {"y": [1, 2], "columns": 3}),
        (ValueError, "random_state is -1", {"random_state": -1}),
        (TypeError, "random_state is 'a'", {"random_state": "a"}),
    ],
)
def test_arguments_of_a_grid(error, texts, arguments):
    generator = Generator()
    refused(error, texts, lambda: SampleGridDisplay.from_estimator(generator, **arguments))
    assert generator.calls == 0


@pytest.mark.parametrize(
    ("error", "texts", "generator"),
    [
        (TypeError, ["PMFSampler", "latents, not images", "zbins.torch.LatentGenerator"], SAMPLER),
        (ValueError, ["generator (KernelDensity)", "(64, 4)", "latents"], KernelDensity().fit(X)),
        (
            ValueError,
            ["generator (GaussianMixture)", "(64, 4)", "latents"],
            GaussianMixture(random_state=0).fit(X),
        ),
        (TypeError, ["is the class PMFSampler", "instance"], zbins.PMFSampler),
        (TypeError, ["a ndarray, which has no method sample"], IMAGES),
        (TypeError, "NoneType", None),
        (NotFittedError, "not fitted", KernelDensity()),
        (ValueError, "gave 10 samples where 64 were asked for", Generator(n=10)),
        (ValueError, "neither 2 nor 6", Generator(np.zeros((64, 2, 5, 6)))),
        (ValueError, "nan at (0, 0, 0)", Generator(np.full((64, 3, 4), np.nan))),
        (TypeError, "a dict of dtype object", Generator({"images": 3})),
    ],
)
def test_generators(error, texts, generator):
    refused(error, texts, lambda: SampleGridDisplay.from_estimator(generator))


def test_generators_that_cannot():
    refused(
        TypeError,
        ["Unlabelled, whose sample takes no y"],
        lambda: SampleGridDisplay.from_estimator(Unlabelled(), y=[1]),
    )
    refused(
        TypeError,
        ["random_state is 0, but generator (Unseeded) takes none in sample; leave it out"],
        lambda: SampleGridDisplay.from_estimator(Unseeded(), random_state=0),
    )
    generator = Generator()
    generator.sample = lambda n, y: np.zeros((n, 4, 4 + y))
    refused(
        ValueError,
        ["label 2", "(10, 4, 6, 1)", "(10, 4, 5, 1) for 1"],
        lambda: SampleGridDisplay.from_estimator(generator, y=[1, 2]),
    )


@pytest.mark.parametrize(
    ("error", "texts", "labels"),
    [
        (ValueError, ["4 labels for 6 images"], ["a", "b", "c", "d"]),
        (ValueError, "row_labels is empty", []),
        (TypeError, "row_labels is 'ab'", "ab"),
        (TypeError, "row_labels is 2", 2),
    ],
)
def test_row_labels(error, texts, labels):
    refused(error, texts, lambda: SampleGridDisplay(IMAGES, row_labels=labels))


def test_columns_beside_row_labels():
    display = SampleGridDisplay(IMAGES, row_labels=["a", "b"])
    refused(ValueError, "columns is 3, but a row", lambda: display.plot(columns=3))
