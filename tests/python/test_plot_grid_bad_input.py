"""Bad input of the grid: refused by name before anything is drawn or sampled."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

import zbins
from helpers import refused
from plot_helpers import SAMPLER, Generator, Unseeded, X, cases, nothing_drawn  # noqa: F401
from zbins.plot import SampleGridDisplay

IMAGES = np.zeros((6, 4, 5))
SHAPES = "(n, c, h, w), (n, h, w) or (n, h, w, c), with c of 1 or 3"
NAN = np.full((2, 3, 4), np.nan)
INF = np.where(np.arange(24).reshape(2, 3, 4) == 17, np.inf, 0.0)


@cases(
    "images",
    (np.zeros((64, 16)), ValueError, ["(64, 16)", SHAPES, "latents to be decoded"]),
    (np.zeros(5), ValueError, ["(5,)", SHAPES]),
    (3.0, ValueError, ["()", SHAPES]),
    (np.zeros((1, 1, 1, 2, 2)), ValueError, ["(1, 1, 1, 2, 2)", SHAPES]),
    (np.zeros((4, 2, 5, 6)), ValueError, ["(4, 2, 5, 6)", "neither 2 nor 6"]),
    (np.zeros((4, 5, 6, 4)), ValueError, ["(4, 5, 6, 4)", "neither 5 nor 4"]),
    (np.zeros((0, 1, 4, 4)), ValueError, ["(0, 1, 4, 4)", "none empty"]),
    ([], ValueError, ["(0,)", SHAPES]),
    (np.zeros((2, 0, 4)), ValueError, ["(2, 0, 4)", "none empty"]),
    (NAN, ValueError, ["nan at row 0, index (0, 0)", "finite"]),
    (torch.tensor(NAN).bfloat16(), ValueError, "nan at row 0, index (0, 0)"),
    (INF, ValueError, "inf at row 1, index (1, 1)"),
    (np.zeros((2, 3, 4), int), TypeError, ["int64", "floats, uint8 and bool"]),
    (torch.zeros((2, 3, 4), dtype=torch.int32), TypeError, "int32"),
    (np.zeros((2, 3, 4), complex), TypeError, ["complex128", "real numbers"]),
    ("images", TypeError, "a str of dtype"),
    (None, TypeError, "a NoneType of dtype object"),
    ([np.zeros((2, 3)), np.zeros((4, 5))], ValueError, "ragged"),
    (csr_matrix(np.eye(3)), TypeError, "a csr_matrix"),
    (torch.eye(3).to_sparse(), TypeError, "dense"),
    (np.ma.masked_less(INF, 1), TypeError, "masked"),
)
def test_images(images, error, said):
    refused(error, said, lambda: SampleGridDisplay(images))
    refused(error, said, lambda: SampleGridDisplay.from_images(images))


@cases(
    "style",
    ({"columns": 0}, ValueError, "columns is 0; it must be at least 1"),
    ({"columns": -3}, ValueError, "columns is -3"),
    ({"columns": 2.0}, TypeError, "columns is 2.0 of type float"),
    ({"columns": True}, TypeError, "columns is True"),
    ({"gap": -1}, ValueError, "gap is -1; it must be at least 0"),
    ({"gap": "wide"}, TypeError, "gap is 'wide'"),
    ({"value_range": "minmax"}, ValueError, ["value_range is 'minmax'", '"auto"']),
    ({"value_range": (1, 0)}, ValueError, ["value_range is (1, 0)", "rising"]),
    ({"value_range": (1, 1)}, ValueError, "value_range is (1, 1)"),
    ({"value_range": (0, float("nan"))}, ValueError, "value_range is (0, nan)"),
    ({"value_range": (0, float("inf"))}, ValueError, "value_range is (0, inf)"),
    ({"value_range": (0, 1, 2)}, TypeError, "value_range is (0, 1, 2)"),
    ({"value_range": 1}, TypeError, "value_range is 1"),
    ({"value_range": (None, 1)}, TypeError, "value_range is (None, 1)"),
    ({"cmap": "no such map"}, ValueError, ["cmap is 'no such map'", "'viridis'"]),
    ({"cmap": None}, TypeError, ["cmap is None", "'viridis'"]),
    ({"ax": np.array([None])}, TypeError, ["ax is a ndarray", "Axes"]),
)
def test_style(style, error, said):
    display, generator = SampleGridDisplay(IMAGES), Generator()
    refused(error, said, lambda: display.plot(**style))
    refused(error, said, lambda: SampleGridDisplay.from_images(IMAGES, **style))
    refused(error, said, lambda: SampleGridDisplay.from_estimator(generator, 6, **style))
    assert generator.calls == 0
    assert not hasattr(display, "ax_")


@cases(
    "arguments",
    ({"n": 0}, ValueError, "n is 0; it must be at least 1"),
    ({"n": -1}, ValueError, "n is -1"),
    ({"n": 2.5}, TypeError, "n is 2.5 of type float"),
    ({"n": "3"}, TypeError, "n is '3'"),
    ({"y": []}, ValueError, "y is empty"),
    ({"y": 3}, TypeError, "y is 3; accepted are None and a sequence"),
    ({"y": {1, 2}}, TypeError, "y is {1, 2}"),
    ({"y": "seven"}, ValueError, ["y is 'seven'", "'classes'", "['seven']"]),
    ({"y": "classes"}, ValueError, ["Generator has no classes_", "not fitted with labels"]),
    ({"y": [1, 2, 2]}, ValueError, "the label 2 twice"),
    ({"y": [1, "a"]}, TypeError, "mixes labels"),
    ({"y": [1.5]}, TypeError, "1.5"),
    ({"y": [1, 2], "columns": 3}, ValueError, ["columns is 3", "leave it out"]),
    ({"random_state": -1}, ValueError, "random_state is -1"),
    ({"random_state": "a"}, TypeError, "random_state is 'a'"),
)
def test_arguments(arguments, error, said):
    generator = Generator()
    refused(error, said, lambda: SampleGridDisplay.from_estimator(generator, **arguments))
    assert generator.calls == 0


def growing(n, y):
    return np.zeros((n, 4, 4 + y))


@cases(
    "generator arguments",
    (SAMPLER, {}, TypeError, ["latents, not images", "zbins.torch.LatentGenerator"]),
    (KernelDensity().fit(X), {}, ValueError, ["(KernelDensity)", "(64, 4)", "latents"]),
    (GaussianMixture().fit(X), {}, ValueError, ["(GaussianMixture)", "(64, 4)", "latents"]),
    (zbins.PMFSampler, {}, TypeError, ["generator is the class PMFSampler", "instance"]),
    (IMAGES, {}, TypeError, "a ndarray without sample"),
    (None, {}, TypeError, "NoneType"),
    (KernelDensity(), {}, NotFittedError, "not fitted"),
    (Generator(n=10), {}, ValueError, "gave 10 samples where 64 were asked for"),
    (Generator(np.zeros((64, 2, 5, 6))), {}, ValueError, "neither 2 nor 6"),
    (Generator(np.full((64, 3, 4), np.nan)), {}, ValueError, "nan at row 0, index (0, 0)"),
    (Generator({"images": 3}), {}, TypeError, "a dict of dtype object"),
    (Unseeded(), {"y": [1]}, TypeError, "(Unseeded) takes no labels y in sample"),
    (Unseeded(), {"random_state": 0}, TypeError, "(Unseeded) takes none in sample; leave it"),
    (Generator(growing), {"y": [1, 2]}, ValueError, ["2", "(10, 4, 6, 1)", "(10, 4, 5, 1)"]),
)
def test_generators(generator, arguments, error, said):
    refused(error, said, lambda: SampleGridDisplay.from_estimator(generator, **arguments))


@cases(
    "labels",
    (["a", "b", "c", "d"], ValueError, "4 labels for 6 images"),
    ([], ValueError, "row_labels is empty"),
    ("ab", TypeError, "row_labels is 'ab'"),
    (2, TypeError, "row_labels is 2"),
)
def test_row_labels(labels, error, said):
    refused(error, said, lambda: SampleGridDisplay(IMAGES, row_labels=labels))


def test_columns_beside_row_labels():
    display = SampleGridDisplay(IMAGES, row_labels=["a", "b"])
    refused(ValueError, "columns is 3, but a row", lambda: display.plot(columns=3))
