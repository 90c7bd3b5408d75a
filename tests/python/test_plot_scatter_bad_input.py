"""Bad input of the scatter: refused by name before anything is drawn or sampled."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

import zbins
from helpers import refused
from plot_helpers import SAMPLER, Generator, Unseeded, X, cases, nothing_drawn  # noqa: F401
from zbins.plot import LatentScatterDisplay

OF_THREE = zbins.PMFSampler(3).fit(X[:, :3])
HUGE = 1e200 * X / np.abs(X).max()


@cases(
    "bad",
    (np.zeros(4), ValueError, ["(4,)", "(n, d)"]),
    (2.0, ValueError, ["()"]),
    (np.zeros((0, 4)), ValueError, ["(0, 4)"]),
    (np.zeros((3, 0)), ValueError, ["(3, 0)"]),
    (np.array([[0, np.nan, 0, 0]]), ValueError, ["nan at row 0, column 1"]),
    (torch.tensor([[0, 0, 0, -np.inf]]), ValueError, ["-inf at row 0, column 3"]),
    (np.zeros((3, 4), complex), TypeError, ["complex128"]),
    ("X", TypeError, ["str"]),
    (None, TypeError, ["NoneType"]),
    (HUGE, ValueError, ["1e+200", "1e+100"]),
)
def test_latents(bad, error, said):
    named = ["X ", *said]
    refused(error, named, lambda: LatentScatterDisplay.from_estimator(SAMPLER, bad), SAMPLER)
    refused(error, named, lambda: LatentScatterDisplay.from_latents(bad, X))
    refused(error, said, lambda: LatentScatterDisplay.from_latents(X, bad))
    refused(error, said, lambda: LatentScatterDisplay.from_latents(X, {"mine": bad}))
    if bad is not HUGE:  # which is only too large to be projected
        refused(error, said, lambda: LatentScatterDisplay(bad, {"mine": X[:, :2]}))
        refused(error, said, lambda: LatentScatterDisplay(X[:, :2], {"mine": bad}))


@cases(
    "constant",
    (X[:1], ValueError, ["X has 1 row(s), all the same", "at least two"]),
    (np.ones((5, 4)), ValueError, "X has 5 row(s), all the same"),
)
def test_nothing_varies(constant, error, said):
    refused(error, said, lambda: LatentScatterDisplay.from_latents(constant, X))


@cases(
    "sampler",
    (zbins.PMFSampler(), NotFittedError, "PMFSampler"),
    (GaussianMixture(), NotFittedError, "GaussianMixture"),
    ({"kde": KernelDensity()}, NotFittedError, "KernelDensity"),
    (zbins.PMFSampler, TypeError, "class PMFSampler"),
    ({"pmf": SAMPLER, "kde": 3}, TypeError, "kde is a int without sample"),
    ([SAMPLER], TypeError, "a list without sample"),
    ({}, ValueError, "empty dict"),
    ({3: SAMPLER}, TypeError, "the key 3 of type int"),
    ({"new": OF_THREE}, ValueError, "samples of new have 3 columns and X has 4"),
    (Generator(X[:7]), ValueError, "gave 7 samples where 100"),
    (Generator(np.full((100, 4), np.nan)), ValueError, "nan at row 0, column 0"),
    (Unseeded(), TypeError, "random_state is 0, but Unseeded takes none in sample; leave it out"),
)
def test_samplers(sampler, error, said):
    refused(error, said, lambda: LatentScatterDisplay.from_estimator(sampler, X, random_state=0))


@cases(
    "arguments",
    ({"n_samples": 0}, ValueError, "n_samples is 0; it must be at least 1"),
    ({"n_samples": -5}, ValueError, "n_samples is -5"),
    ({"n_samples": 2.0}, TypeError, "n_samples is 2.0"),
    ({"n_samples": None}, TypeError, "n_samples is None"),
    ({"y": [1, 2, 3]}, ValueError, "y has 3 labels for 30 rows of X"),
    ({"y": np.full(30, 0.5)}, TypeError, "0.5"),
    ({"size": 0}, ValueError, "size is 0"),
    ({"size": float("nan")}, ValueError, "size is nan"),
    ({"size": "big"}, TypeError, "size is 'big'"),
    ({"size": True}, TypeError, "size is True"),
    ({"ax": "left"}, TypeError, "ax is a str"),
    ({"random_state": -1}, ValueError, "random_state is -1"),
    ({"random_state": 1.0}, TypeError, "random_state is 1.0"),
)
def test_arguments(arguments, error, said):
    refused(
        error, said, lambda: LatentScatterDisplay.from_estimator(SAMPLER, X, **arguments), SAMPLER
    )
    if "random_state" not in arguments:
        refused(error, said, lambda: LatentScatterDisplay.from_latents(X, X, **arguments))


@cases(
    "points arguments",
    (X, {}, ValueError, ["points has 4 columns", "1 and 2"]),
    (X[:, :1], {}, ValueError, "samples of a have 2 columns and points has 1"),
    (X[:, :2], {"labels": [1, 2]}, ValueError, "y has 2 labels for 30 points"),
    (X[:, :2], {"explained_variance_ratio": (0.5,)}, ValueError, "variance_ratio is (0.5,)"),
)
def test_points(points, arguments, error, said):
    refused(error, said, lambda: LatentScatterDisplay(points, {"a": X[:, :2]}, **arguments))
