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

X, Y = images(), labels()


def batches(*given):
    return lambda own: own.fit(list(given))


def labelled(data):
    return lambda own: own.fit(data, with_labels=True)


@pytest.fixture(scope="module")
def generator():
    return made().fit((X, Y), with_labels=True)


def same(x):
    return x


# fmt: off
CONSTRUCTOR = [
    ({"encode": "model"}, TypeError, ["encode", "str", "model.encode"]),
    ({"encode": X}, TypeError, ["encode", "Tensor"]),
    ({"decode": nn.Linear}, TypeError, ["decode", "the class Linear"]),
    ({"decode": {}}, TypeError, ["decode", "dict"]),
    ({"sampler": zbins.PMFSampler}, TypeError, ["the class PMFSampler", "PMFSampler()"]),
    ({"sampler": PCA()}, TypeError, ["PCA", "without sample"]),
    ({"sampler": "gmm"}, TypeError, ["str", "without fit and sample"]),
    ({"posterior": "median"}, ValueError, ["'median'", "'mean' and 'sample'"]),
    ({"posterior": None}, ValueError, "posterior is None"),
    ({"posterior": ["mean"]}, ValueError, "posterior is ['mean']"),
    ({"device": "gpu"}, ValueError, "device is 'gpu'"),
    ({"device": "cuda:99"}, ValueError, "device is 'cuda:99'"),
    ({"device": "hpu"}, ValueError, "device is 'hpu'"),
    ({"device": 3.5}, ValueError, "device is 3.5"),
    ({"autocast": "half"}, TypeError, ["autocast is 'half'", "torch.bfloat16"]),
    ({"autocast": 1}, TypeError, "autocast is 1"),
    ({"autocast": torch.float32}, ValueError, "autocast is torch.float32"),
    ({"random_state": -1}, ValueError, "random_state is -1"),
    ({"random_state": "a"}, TypeError, "random_state is 'a'"),
    ({"random_state": 1.5}, TypeError, "random_state is 1.5"),
]
FIT = [
    ({"with_labels": 1}, TypeError, "with_labels is 1"),
    ({"with_labels": "y"}, TypeError, "with_labels is 'y'"),
    ({"batch_size": 0}, ValueError, ["batch_size is 0", "at least 1"]),
    ({"batch_size": 2.0}, TypeError, "batch_size is 2.0"),
    ({"batch_size": True}, TypeError, "batch_size is True"),
    ({"memory_limit": -1}, ValueError, "memory_limit is -1"),
    ({"memory_limit": "1 GB"}, TypeError, "memory_limit is '1 GB'"),
    ({"memory_limit": None}, TypeError, "memory_limit is None"),
    ({"progress": "yes"}, TypeError, "progress is 'yes'"),
]
# What is called with a fitted generator, and what it says.
CALLS = [
    # data
    (lambda own: own.fit(None), TypeError, ["NoneType", "DataLoader"]),
    (lambda own: own.fit(5), TypeError, "int"),
    (lambda own: own.fit("images/"), TypeError, "str"),
    (lambda own: own.fit({"data": X}), TypeError, "dict"),
    (lambda own: own.fit(nn.Linear(2, 2)), TypeError, "Linear"),
    (lambda own: own.fit(torch.tensor(1.0)), ValueError, "single number"),
    (lambda own: own.fit(np.array(1.0)), ValueError, "single number"),
    (lambda own: own.fit(X[:0]), ValueError, "no inputs"),
    (lambda own: own.fit([]), ValueError, "no inputs"),
    (lambda own: own.fit(iter(())), ValueError, "no inputs"),
    (lambda own: own.fit((X, labels(39))), ValueError, ["(40, 6)", "(39,)", "(n,)"]),
    (lambda own: own.fit((X, torch.zeros(40, 3))), ValueError, ["(40, 6)", "(40, 3)"]),
    (batches(X[:0], X[:0]), ValueError, "no inputs"),
    (batches(X, "x"), TypeError, ["batch 1", "str"]),
    (batches(None), TypeError, ["batch 0", "NoneType"]),
    (batches([0.5, 0.5]), TypeError, ["batch 0", "float"]),
    (batches(()), TypeError, ["batch 0", "tuple"]),
    (batches(X, torch.tensor(1.0)), ValueError, ["batch 1", "single number"]),
    (batches({"pixels": X, "names": 1}), TypeError,
     ["batch 0", "'pixels', 'names'", "pixel_values"]),
    (batches({}), TypeError, ["batch 0", "none"]),
    (batches({"image": "a.png"}), TypeError, ["batch 0", "str"]),
    (batches(np.array([None])), TypeError, "object"),
    (batches(np.array(["a"])), TypeError, "array of <U1"),
    (lambda own: own.fit([X], batch_size=4), ValueError, ["batch_size is 4", "list"]),
    (lambda own: own.fit(iter([X]), batch_size=4), ValueError, "list_iterator"),
    (lambda own: own.fit(torch.utils.data.DataLoader(X), batch_size=4), ValueError, "DataLoader"),
    (lambda own: own.fit(images(4, 7)), RuntimeError, "mat1 and mat2"),  # of the networks
    (lambda own: own.fit((X * 255).byte()), TypeError, ["a batch of torch.uint8", "x / 255"]),
    # labels
    (labelled(X), ValueError, ["batch 0 has no labels", "pairs"]),
    (labelled([(X,)]), ValueError, "batch 0 has no labels"),
    (labelled([(X, Y), (X, None)]), ValueError, "batch 1 has no labels"),
    (labelled([(X, labels(39))]), ValueError, ["batch 0", "(39,)", "40 inputs"]),
    (labelled([(X, X)]), ValueError, ["batch 0", "(40, 6)"]),
    (labelled([(X, torch.tensor(1))]), ValueError, ["batch 0", "()"]),
    (labelled((X, torch.full((40,), 0.5))), TypeError, ["0.5", "int, bool and str"]),
    (labelled([(X, [None] * 40)]), TypeError, ["batch 0", "None"]),
    (labelled([(X, np.full(40, 2**63, np.uint64))]), ValueError, ["batch 0", "2**63"]),
    (lambda own: own.fit_latents(X, labels(39)), ValueError, ["39", "40"]),
    (lambda own: own.fit_latents(X, [0.5] * 40), TypeError, "0.5"),
    # devices
    (lambda own: own.to("gpu"), ValueError, "device is 'gpu'"),
    (lambda own: own.to("cuda:99"), ValueError, "device is 'cuda:99'"),
    (lambda own: own.to(None), ValueError, "device is None"),
    (lambda own: own.to(3.5), ValueError, "device is 3.5"),
    # what sample and sample_batches alone take
    *((lambda own, more=more, call=call: getattr(own, call)(3, **more), kind, text)
      for call in ("sample", "sample_batches")
      for more, kind, text in (
          ({"batch_size": 0}, ValueError, "batch_size is 0"),
          ({"batch_size": "8"}, TypeError, "batch_size is '8'"),
          ({"progress": 1}, TypeError, "progress is 1"))),
]
DRAWS = [
    ({"n": -1}, ValueError, ["n is -1", "at least 0"]),
    ({"n": 2.0}, TypeError, "n is 2.0"),
    ({"n": True}, TypeError, "n is True"),
    ({"n": None}, TypeError, "n is None"),
    ({"n": 3, "y": 7}, ValueError, "7, which was not among the labels fitted: 0, 1, 2"),
    ({"n": 0, "y": 7}, ValueError, "7"),
    ({"n": 3, "y": "1"}, TypeError, "str"),
    ({"n": 3, "y": [0, 1]}, ValueError, ["2 labels", "3 samples"]),
    ({"n": 3, "random_state": -1}, ValueError, "random_state is -1"),
    ({"n": 0, "random_state": "a"}, TypeError, "random_state is 'a'"),
]
LATENTS = [
    (3.5, ValueError, "()"),
    (None, ValueError, "()"),
    ([], ValueError, "(0,)"),
    (torch.empty(0, 3), ValueError, "(0, 3)"),
    (np.empty((3, 0)), ValueError, "(3, 0)"),
    (list(X), TypeError, ["a list of tensors", "torch.cat(latents)"]),
    (X.to_sparse(), TypeError, "sparse"),
    (X.to(torch.complex64), (TypeError, ValueError), "omplex"),  # scikit-learn's
]
SAMPLERS = [zbins.PMFSampler(), GaussianMixture(), Normal()]
# fmt: on


@pytest.mark.parametrize(("parameters", "kind", "texts"), CONSTRUCTOR)
def test_constructor(parameters, kind, texts):
    refused(kind, texts, lambda: LatentGenerator(**parameters))


@pytest.mark.parametrize(("parameters", "kind", "texts"), FIT)
def test_parameters_of_fit(parameters, kind, texts, generator):
    refused(kind, texts, lambda: generator.fit(X, **parameters), generator)


@pytest.mark.parametrize(("call", "kind", "texts"), CALLS)
def test_calls(call, kind, texts, generator):
    refused(kind, texts, lambda: call(generator), generator)


@pytest.mark.parametrize("call", ["sample", "sample_latents", "sample_batches"])
@pytest.mark.parametrize(("arguments", "kind", "texts"), DRAWS)
def test_draws(call, arguments, kind, texts, generator):
    refused(kind, texts, lambda: getattr(generator, call)(**arguments), generator)


@pytest.mark.parametrize(("latents", "kind", "texts"), LATENTS)
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_latents(latents, kind, texts, sampler):
    own = made(sampler=sampler)
    if isinstance(kind, tuple):
        with pytest.raises(kind, match=texts):
            own.fit_latents(latents)
    else:
        refused(kind, texts, lambda: own.fit_latents(latents), own)


def test_parameters_are_named_beyond_the_third():
    for call in (lambda: LatentGenerator(None, None, None, "sample"), lambda: made().fit(X, True)):
        with pytest.raises(TypeError):
            call()


@pytest.mark.parametrize("sampler", [GaussianMixture(2), KernelDensity(), Normal()])
def test_labels_for_a_sampler_without_conditions(sampler):
    own, name = made(sampler=sampler), type(sampler).__name__
    texts = [name, "takes no labels y", "one generator for each label"]
    refused(TypeError, texts, lambda: own.fit((X, Y), with_labels=True), own)
    refused(TypeError, texts, lambda: own.fit_latents(X, Y), own)
    own.fit(X)
    refused(TypeError, texts, lambda: own.sample(3, 1), own)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("sampler", [zbins.PMFSampler(), Normal()])
def test_latents_that_are_not_finite(value, sampler):
    own = LatentGenerator(same, same, sampler).fit(X)
    x = X.clone().reshape(40, 2, 3)
    x[13, 1, 2] = value
    texts = [f"encode returned {value}", "input 3 of batch 1", "[1, 2]", "finite"]
    refused(ValueError, texts, lambda: own.fit(x, batch_size=10), own)
    refused(ValueError, ["row 13, column 5", "finite"], lambda: own.fit_latents(x), own)


def test_latents_that_are_too_few():
    own = LatentGenerator(lambda x: x[:-1], lambda z: z[:-1]).fit_latents(X)
    refused(ValueError, ["(39, 6)", "batch of 40"], lambda: own.fit(X), own)
    refused(ValueError, ["(2, 6)", "3 latents"], lambda: own.sample(3), own)
    own = LatentGenerator(lambda x: x[:, :0]).fit_latents(X)
    refused(ValueError, ["(40, 0)", "at least one value"], lambda: own.fit(X), own)


def test_a_whole_autoencoder():
    class Whole(Plain):
        def forward(self, x):
            return self.decoder(self.encoder(x))

    text = "as a whole autoencoder does; pass its encode"
    refused(ValueError, text, lambda: LatentGenerator(Whole()).fit(X))


def test_before_a_fit():
    own = made()
    for call in (own.sample, own.sample_latents, lambda: own.sample_batches(3), own.state_dict):
        refused(NotFittedError, ["LatentGenerator", "fit_latents"], call, own)


def test_parts_that_are_missing():
    own = LatentGenerator()
    refused(ValueError, ["encode is None", "fit_latents"], lambda: own.fit(X), own)
    own.fit_latents(X)
    for call in (own.sample, lambda: own.sample(0), lambda: own.sample_batches(3)):
        refused(ValueError, ["decode is None", "sample_latents"], call, own)


def test_a_sampler_that_takes_no_random_state():
    own = made(sampler=Normal()).fit(X)
    texts = ["random_state is 3", "Normal", "leave it out"]
    refused(TypeError, texts, lambda: own.sample(3, random_state=3), own)
    mine = made(sampler=Normal(), random_state=3).fit(X)
    refused(TypeError, texts, mine.sample_latents, mine)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (slice(1, None), "gave 4 samples where 5"),
        (0, "gave 3 samples where 5"),
        (np.s_[:, :2], "shape (5, 2); accepted is (5, 3)"),
    ],
)
def test_a_sampler_that_returns_something_else(part, text):
    class Odd(Normal):
        def sample(self, n):
            return super().sample(n)[part]

    own = made(sampler=Odd()).fit(X)
    refused(ValueError, text, lambda: own.sample_latents(5), own)


@pytest.mark.parametrize(
    ("sampler", "text"),
    [
        (zbins.PMFSampler(0), "n_bins"),
        (zbins.PMFSampler(bounds=(5, 6), out_of_range="error"), "row 0"),
        (GaussianMixture(50), "n_components"),
    ],
)
def test_what_the_sampler_refuses(sampler, text):
    own = made().fit(X)
    own.sampler = sampler
    refused(ValueError, text, lambda: own.fit(X), own)
