"""Bad input of the scatter: refused by name before anything is drawn or sampled."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

import zbins
from helpers import refused
from plot_helpers import SAMPLER, Generator, Unseeded, X, nothing_drawn  # noqa: F401
from zbins.plot import LatentScatterDisplay

BAD_LATENTS = {
    "1-D": (ValueError, ["(4,)", "(n, d)"], np.zeros(4)),
    "0-D": (ValueError, "()", 2.0),
    "no rows": (ValueError, "(0, 4)", np.zeros((0, 4))),
    "no columns": (ValueError, "(3, 0)", np.zeros((3, 0))),
    "nan": (ValueError, "nan at (0, 1)", np.array([[0, np.nan, 0, 0]])),
    "inf": (ValueError, "-inf at (0, 3)", torch.tensor([[0, 0, 0, -np.inf]])),
    "complex": (TypeError, "complex128", np.zeros((3, 4), complex)),
    "str": (TypeError, "str", "X"),
    "None": (TypeError, "NoneType", None),
    "huge": (ValueError, ["1e+200", "1e+100"], 1e200 * X / np.abs(X).max()),
}


@pytest.mark.parametrize("case", BAD_LATENTS)
def test_latents(case):
    error, texts, bad = BAD_LATENTS[case]
    named = ["X ", *([texts] if isinstance(texts, str) else texts)]
    refused(error, named, lambda: LatentScatterDisplay.from_estimator(SAMPLER, bad), SAMPLER)
    refused(error, named, lambda: LatentScatterDisplay.from_latents(bad, X))
    refused(error, texts, lambda: LatentScatterDisplay.from_latents(X, bad))
    refused(error, texts, lambda: LatentScatterDisplay.from_latents(X, {"mine": bad}))
    if case != "huge":
        refused(error, texts, lambda: LatentScatterDisplay(bad, {"mine": X[:, :2]}))
        refused(error, texts, lambda: LatentScatterDisplay(X[:, :2], {"mine": bad}))


@pytest.mark.parametrize("constant", [X[:1], np.ones((5, 4))])
def test_nothing_varies(constant):
    texts = [f"X has {len(constant)} row(s), all the same", "at least two"]
    refused(ValueError, texts, lambda: LatentScatterDisplay.from_latents(constant, X))


@pytest.mark.parametrize(
    ("error", "texts", "sampler"),
    [
        (NotFittedError, "PMFSampler", zbins.PMFSampler()),
        (NotFittedError, "GaussianMixture", GaussianMixture()),
        (NotFittedError, "KernelDensity", {"kde": KernelDensity()}),
        (TypeError, "class PMFSampler", zbins.PMFSampler),
        (TypeError, ["kde is a int, which has no method sample"], {"pmf": SAMPLER, "kde": 3}),
        (TypeError, "a list, which has no method sample", [SAMPLER]),
        (ValueError, "empty dict", {}),
        (TypeError, "the key 3 of type int", {3: SAMPLER}),
        (ValueError, ["samples of new have 3 columns and X has 4"], {"new": SAMPLER}),
        (ValueError, "gave 7 samples where 100", Generator(X[:7])),
        (ValueError, "nan at (0, 0)", Generator(np.full((100, 4), np.nan))),
    ],
)
def test_samplers(error, texts, sampler):
    if isinstance(sampler, dict) and "new" in sampler:
        sampler = {"new": zbins.PMFSampler(3).fit(X[:, :3])}
    refused(error, texts, lambda: LatentScatterDisplay.from_estimator(sampler, X))


@pytest.mark.parametrize(
    ("error", "texts", "arguments"),
    [
        (ValueError, "n_samples is 0; it must be at least 1", {"n_samples": 0}),
        (ValueError, "n_samples is -5", {"n_samples": -5}),
        (TypeError, "n_samples is 2.0", {"n_samples": 2.0}),
        (TypeError, "n_samples is None", {"n_samples": None}),
        (ValueError, "y has 3 labels for 30 rows of X", {"y": [1, 2, 3]}),
        (TypeError, "0.5", {"y": np.full(30, 0.5)}),
        (ValueError, "size is 0", {"size": 0}),
        (ValueError, "size is nan", {"size": float("nan")}),
        (TypeError, "size is 'big'", {"size": "big"}),
        (TypeError, "size is True", {"size": True}),
        (TypeError, "ax is a str", {"ax": "left"}),
        (ValueError, "random_state is -1", {"random_state": -1}),
        (TypeError, "random_state is 1.0", {"random_state": 1.0}),
    ],
)
def test_arguments_of_a_scatter(error, texts, arguments):
    refused(
        error, texts, lambda: LatentScatterDisplay.from_estimator(SAMPLER, X, **arguments), SAMPLER
    )
    if "random_state" not in arguments:
        refused(error, texts, lambda: LatentScatterDisplay.from_latents(X, X, **arguments))


def test_no_place_for_a_random_state():
    refused(
        TypeError,
        ["random_state is 0, but Unseeded takes none in sample; leave it out"],
        lambda: LatentScatterDisplay.from_estimator(Unseeded(), X, n_samples=5, random_state=0),
    )


@pytest.mark.parametrize(
    ("error", "texts", "points", "arguments"),
    [
        (ValueError, ["points has 4 columns", "1 and 2"], X, {}),
        (ValueError, "samples of a have 2 columns and points has 1", X[:, :1], {}),
        (ValueError, "y has 2 labels for 30 points", X[:, :2], {"labels": [1, 2]}),
        (
            ValueError,
            "explained_variance_ratio is (0.5,)",
            X[:, :2],
            {"explained_variance_ratio": (0.5,)},
        ),
    ],
)
def test_points(error, texts, points, arguments):
    refused(error, texts, lambda: LatentScatterDisplay(points, {"a": X[:, :2]}, **arguments))
