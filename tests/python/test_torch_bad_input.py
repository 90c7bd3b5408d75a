"""Bad input of LatentGenerator: refused, named, and nothing has changed (laws 7 and 8)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity
from torch import nn

import zbins
from coding import Normal, Plain, images, labels, made, refused
from zbins.torch import LatentGenerator

X = images()


@pytest.fixture(scope="module")
def generator():
    return made().fit((X, labels()), with_labels=True)


@pytest.mark.parametrize(
    ("error", "texts", "parameters"),
    [
        (TypeError, ["encode", "str", "model.encode"], {"encode": "model"}),
        (TypeError, ["encode", "Tensor"], {"encode": X}),
        (TypeError, ["decode", "the class Linear"], {"decode": nn.Linear}),
        (TypeError, ["decode", "dict"], {"decode": {}}),
        (TypeError, ["the class PMFSampler", "PMFSampler()"], {"sampler": zbins.PMFSampler}),
        (
            TypeError,
            ["PCA", "without sample"],
            {"sampler": PCA()},
        ),
        (TypeError, ["str", "without fit and sample"], {"sampler": "gmm"}),
        (ValueError, ["'median'", "'mean' and 'sample'"], {"posterior": "median"}),
        (ValueError, "posterior is None", {"posterior": None}),
        (ValueError, "posterior is ['mean']", {"posterior": ["mean"]}),
        (ValueError, "device is 'gpu'", {"device": "gpu"}),
        (ValueError, "device is 'cuda:99'", {"device": "cuda:99"}),
        (ValueError, "device is 'hpu'", {"device": "hpu"}),
        (ValueError, "device is 3.5", {"device": 3.5}),
        (TypeError, ["autocast is 'half'", "torch.bfloat16"], {"autocast": "half"}),
        (TypeError, "autocast is 1", {"autocast": 1}),
        (ValueError, "autocast is torch.float32", {"autocast": torch.float32}),
        (ValueError, "random_state is -1", {"random_state": -1}),
        (TypeError, "random_state is 'a'", {"random_state": "a"}),
        (TypeError, "random_state is 1.5", {"random_state": 1.5}),
    ],
)
def test_constructor(error, texts, parameters):
    refused(error, texts, lambda: LatentGenerator(**parameters))


def test_parameters_are_named_beyond_the_third():
    with pytest.raises(TypeError):
        LatentGenerator(None, None, None, "sample")
    with pytest.raises(TypeError):
        made().fit(X, True)


@pytest.mark.parametrize(
    ("error", "texts", "parameters"),
    [
        (TypeError, "with_labels is 1", {"with_labels": 1}),
        (TypeError, "with_labels is 'y'", {"with_labels": "y"}),
        (ValueError, ["batch_size is 0", "at least 1"], {"batch_size": 0}),
        (TypeError, "batch_size is 2.0", {"batch_size": 2.0}),
        (TypeError, "batch_size is True", {"batch_size": True}),
        (ValueError, "memory_limit is -1", {"memory_limit": -1}),
        (TypeError, "memory_limit is '1 GB'", {"memory_limit": "1 GB"}),
        (TypeError, "memory_limit is None", {"memory_limit": None}),
        (TypeError, "progress is 'yes'", {"progress": "yes"}),
    ],
)
def test_parameters_of_fit(error, texts, parameters, generator):
    refused(error, texts, lambda: generator.fit(X, **parameters), generator)


@pytest.mark.parametrize(
    ("error", "texts", "data"),
    [
        (TypeError, ["NoneType", "DataLoader"], None),
        (TypeError, "int", 5),
        (TypeError, "str", "images/"),
        (TypeError, "dict", {"data": X}),
        (TypeError, "Linear", nn.Linear(2, 2)),
        (ValueError, "single number", torch.tensor(1.0)),
        (ValueError, "single number", np.array(1.0)),
        (ValueError, "no inputs", X[:0]),
        (ValueError, "no inputs", []),
        (ValueError, "no inputs", iter(())),
        (ValueError, "no inputs", [X[:0], X[:0]]),
        (ValueError, ["(40, 6)", "(39,)", "(n,)"], (X, labels(39))),
        (ValueError, ["(40, 6)", "(40, 3)"], (X, torch.zeros(40, 3))),
        (TypeError, ["batch 1", "str"], [X, "x"]),
        (TypeError, ["batch 0", "NoneType"], [None]),
        (TypeError, ["batch 0", "float"], [[0.5, 0.5]]),
        (TypeError, ["batch 0", "tuple"], [()]),
        (ValueError, ["batch 1", "single number"], [X, torch.tensor(1.0)]),
        (TypeError, ["batch 0", "'pixels', 'names'", "pixel_values"], [{"pixels": X, "names": 1}]),
        (TypeError, ["batch 0", "none"], [{}]),
        (TypeError, ["batch 0", "str"], [{"image": "a.png"}]),
        (TypeError, "object", [np.array([None])]),
        (TypeError, "array of <U1", [np.array(["a"])]),
    ],
)
def test_data(error, texts, data, generator):
    refused(error, texts, lambda: generator.fit(data), generator)


@pytest.mark.parametrize(
    ("error", "texts", "data"),
    [
        (ValueError, ["batch 0 has no labels", "pairs"], X),
        (ValueError, "batch 0 has no labels", [(X,)]),
        (ValueError, "batch 1 has no labels", [(X, labels()), (X, None)]),
        (ValueError, ["batch 0", "(39,)", "40 inputs"], [(X, labels(39))]),
        (ValueError, ["batch 0", "(40, 6)"], [(X, X)]),
        (ValueError, ["batch 0", "()"], [(X, torch.tensor(1))]),
        (TypeError, ["0.5", "int, bool and str"], (X, torch.full((40,), 0.5))),
        (TypeError, ["batch 0", "None"], [(X, [None] * 40)]),
        (ValueError, ["batch 0", "2**63"], [(X, np.full(40, 2**63, np.uint64))]),
    ],
)
def test_labels(error, texts, data, generator):
    refused(error, texts, lambda: generator.fit(data, with_labels=True), generator)


def test_a_batch_size_beside_batches(generator):
    for data in ([X], iter([X]), torch.utils.data.DataLoader(X)):
        texts = ["batch_size is 4", type(data).__name__]
        refused(ValueError, texts, lambda: generator.fit(data, batch_size=4), generator)  # noqa: B023


@pytest.mark.parametrize("sampler", [GaussianMixture(2), KernelDensity(), Normal()])
def test_labels_for_a_sampler_without_conditions(sampler):
    own, name = made(sampler=sampler), type(sampler).__name__
    texts = [name, "takes no labels y", "one generator for each label"]
    refused(TypeError, texts, lambda: own.fit((X, labels()), with_labels=True), own)
    refused(TypeError, texts, lambda: own.fit_latents(X, labels()), own)
    own.fit(X)
    refused(TypeError, texts, lambda: own.sample(3, 1), own)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("sampler", [zbins.PMFSampler(), Normal()])
def test_latents_that_are_not_finite(value, sampler):
    own = LatentGenerator(lambda x: x, lambda z: z, sampler).fit(X)
    x = X.clone().reshape(40, 2, 3)
    x[13, 1, 2] = value
    texts = [f"encode returned {value}", "input 3 of batch 1", "[1, 2]", "finite"]
    refused(ValueError, texts, lambda: own.fit(x, batch_size=10), own)
    refused(ValueError, ["row 13, column 5", "finite"], lambda: own.fit_latents(x), own)


def test_latents_that_are_too_few(generator):
    own = LatentGenerator(lambda x: x[:-1], lambda z: z[:-1]).fit_latents(X)
    refused(ValueError, ["(39, 6)", "batch of 40"], lambda: own.fit(X), own)
    refused(ValueError, ["(2, 6)", "3 latents"], lambda: own.sample(3), own)
    own = LatentGenerator(lambda x: x[:, :0]).fit_latents(X)
    refused(ValueError, ["(40, 0)", "at least one value"], lambda: own.fit(X), own)


def test_an_error_of_the_networks_comes_through(generator):
    own = made(Plain()).fit(X)
    refused(RuntimeError, "mat1 and mat2", lambda: own.fit(images(4, 7)), own)


@pytest.mark.parametrize(
    ("error", "texts", "latents"),
    [
        (ValueError, "()", 3.5),
        (ValueError, "()", None),
        (ValueError, "(0,)", []),
        (ValueError, "(0, 3)", torch.empty(0, 3)),
        (ValueError, "(3, 0)", np.empty((3, 0))),
        (TypeError, "sparse", X.to_sparse()),
        (TypeError, "complex", X.to(torch.complex64)),
    ],
)
@pytest.mark.parametrize("sampler", [zbins.PMFSampler(), GaussianMixture(), Normal()])
def test_latents(error, texts, latents, sampler):
    own = made(sampler=sampler)
    if isinstance(latents, torch.Tensor) and latents.is_complex():
        with pytest.raises((TypeError, ValueError), match=r"[Cc]omplex"):  # scikit-learn's
            own.fit_latents(latents)
    else:
        refused(error, texts, lambda: own.fit_latents(latents), own)


def test_labels_of_latents(generator):
    fit = generator.fit_latents
    refused(ValueError, ["39", "40"], lambda: fit(X, labels(39)), generator)
    refused(TypeError, "0.5", lambda: fit(X, [0.5] * 40), generator)


def test_before_a_fit():
    own = made()
    for call in (own.sample, own.sample_latents, lambda: own.sample_batches(3), own.state_dict):
        refused(NotFittedError, ["LatentGenerator", "fit_latents"], call, own)
    for name in ("sampler_", "latents_", "latent_shape_", "labels_"):
        assert not hasattr(own, name)


def test_parts_that_are_missing():
    own = LatentGenerator()
    refused(ValueError, ["encode is None", "fit_latents"], lambda: own.fit(X), own)
    own.fit_latents(X)
    for call in (own.sample, lambda: own.sample(0), lambda: own.sample_batches(3)):
        refused(ValueError, ["decode is None", "sample_latents"], call, own)


@pytest.mark.parametrize(
    ("error", "texts", "arguments"),
    [
        (ValueError, ["n is -1", "at least 0"], {"n": -1}),
        (TypeError, "n is 2.0", {"n": 2.0}),
        (TypeError, "n is True", {"n": True}),
        (TypeError, "n is None", {"n": None}),
        (ValueError, "7, which was not among the labels fitted: 0, 1, 2", {"n": 3, "y": 7}),
        (ValueError, "7", {"n": 0, "y": 7}),
        (TypeError, "str", {"n": 3, "y": "1"}),
        (ValueError, ["2 labels", "3 samples"], {"n": 3, "y": [0, 1]}),
        (ValueError, "random_state is -1", {"n": 3, "random_state": -1}),
        (TypeError, "random_state is 'a'", {"n": 0, "random_state": "a"}),
    ],
)
def test_arguments_of_draws(error, texts, arguments, generator):
    for call in (generator.sample, generator.sample_latents, generator.sample_batches):
        refused(error, texts, lambda: call(**arguments), generator)  # noqa: B023


def test_further_arguments_of_sample(generator):
    for call in (generator.sample, generator.sample_batches):
        for kind, text, arguments in (
            (ValueError, "batch_size is 0", {"batch_size": 0}),
            (TypeError, "batch_size is '8'", {"batch_size": "8"}),
            (TypeError, "progress is 1", {"progress": 1}),
        ):
            refused(kind, text, lambda: call(3, **arguments), generator)  # noqa: B023


def test_a_sampler_that_takes_no_random_state():
    own = made(sampler=Normal()).fit(X)
    texts = ["random_state is 3", "Normal", "leave it out"]
    refused(TypeError, texts, lambda: own.sample(3, random_state=3), own)
    mine = made(sampler=Normal(), random_state=3).fit(X)
    refused(TypeError, texts, mine.sample_latents, mine)


def test_a_sampler_that_returns_something_else():
    class Odd(Normal):
        def sample(self, n):
            return super().sample(n)[self.part]

    cases = {
        "gave 4 samples where 5": slice(1, None),
        "gave 3 samples where 5": 0,
        "shape (5, 2); accepted is (5, 3)": np.s_[:, :2],
    }
    for text, part in cases.items():
        sampler = Odd()
        sampler.part = part
        own = made(sampler=sampler).fit(X)
        refused(ValueError, text, lambda: own.sample_latents(5), own)  # noqa: B023


def test_what_the_sampler_refuses():
    own = made().fit(X)
    own.sampler = zbins.PMFSampler(0)
    refused(ValueError, "n_bins", lambda: own.fit(X), own)
    own.sampler = zbins.PMFSampler(bounds=(5, 6), out_of_range="error")
    refused(ValueError, "row 0", lambda: own.fit(X), own)
    own.sampler = GaussianMixture(50)
    refused(ValueError, "n_components", lambda: own.fit(X), own)


def test_devices_that_are_not_there(generator):
    for device in ("gpu", "cuda:99", "hpu", None, 3.5):
        refused(ValueError, f"device is {device!r}", lambda: generator.to(device), generator)  # noqa: B023
