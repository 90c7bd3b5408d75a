"""Bad input of every public class and method: refused, named, and nothing has changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from autoencoder_helpers import MODELS, SHAPE, Pairs, made, pictures, refused
from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize(
    ("error", "texts", "parameters"),
    [
        (
            ValueError,
            ["'MNIST'", "'mnist', 'celeba', 'mobius', 'small'"],
            {"architecture": "MNIST"},
        ),
        (TypeError, ["None", "'small'"], {"architecture": None}),
        (ValueError, ["(1, 30, 28)", "divisible by 4"], {"input_shape": (1, 30, 28)}),
        (ValueError, ["(1, 28, 2)", "divisible by 4"], {"input_shape": (1, 28, 2)}),
        (ValueError, "at least 1", {"input_shape": (0, 28, 28)}),
        (TypeError, "(28, 28)", {"input_shape": (28, 28)}),
        (TypeError, "'abc'", {"input_shape": "abc"}),
        (TypeError, "28.0", {"input_shape": (1, 28, 28.0)}),
        (
            ValueError,
            ["(1, 28, 28)", "small"],
            {"architecture": "celeba", "input_shape": (1, 28, 28)},
        ),
        (ValueError, "latent_dim is 0", {"latent_dim": 0}),
        (TypeError, "latent_dim is 2.0", {"latent_dim": 2.0}),
        (TypeError, "latent_dim is True", {"latent_dim": True}),
        (ValueError, "random_state is -1", {"random_state": -1}),
        (TypeError, "random_state is 'a'", {"random_state": "a"}),
    ],
)
def test_constructors(kind, error, texts, parameters):
    refused(error, texts, lambda: kind(**{"architecture": "small", **parameters}))


@pytest.mark.parametrize(
    ("kind", "error", "texts", "parameters"),
    [
        (BetaVAE, ValueError, ["beta is -1", "at least 0"], {"beta": -1}),
        (WAE, ValueError, "beta is nan", {"beta": float("nan")}),
        (WAE, ValueError, "beta is inf", {"beta": float("inf")}),
        (WAE, TypeError, "beta is '1'", {"beta": "1"}),
        (InfoVAE, ValueError, ["alpha is 2", "at most 1"], {"alpha": 2}),
        (InfoVAE, TypeError, "alpha is None", {"alpha": None}),
        (InfoVAE, ValueError, ["lambda_ is 0.5", "at least 1"], {"lambda_": 0.5}),
        (InfoVAE, TypeError, "lambda_ is True", {"lambda_": True}),
    ],
)
def test_weights_of_the_terms(kind, error, texts, parameters):
    refused(error, texts, lambda: kind("small", **parameters))


def with_value(value, dtype=torch.float32):
    x = pictures().to(dtype)
    x[5, 0, 2, 3] = value
    return x


PIXELS = [
    ("nan in image {}, channel 0, row 2, column 3; accepted are values in [0, 1]", torch.nan),
    ("inf in image {}", torch.inf),
    ("1.5 in image {}", 1.5),
    ("-0.25 in image {}", -0.25),
]
OTHER_IMAGES = [
    (ValueError, ["(24, 8, 8)", "[:, None]"], pictures()[:, 0]),
    (ValueError, ["(1, 8, 12)", "(1, 8, 8)"], pictures(shape=(1, 8, 12))),
    (ValueError, ["(3, 8, 8)", "(1, 8, 8)"], pictures(shape=(3, 8, 8))),
    (TypeError, "int64", pictures().long()),
    (TypeError, "bool", pictures() > 0.5),
    (TypeError, "complex64", pictures().to(torch.complex64)),
]


def calls_of(model, images):
    """Every call that takes images."""
    yield lambda: model.encode(images)
    yield lambda: model(images)
    yield lambda: model.loss(images)
    yield lambda: model.fit(images, epochs=1)
    yield lambda: model.fit(pictures(), epochs=1, validation=images)


@pytest.mark.parametrize("kind", [AE, VAE])
@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("text", "value"), PIXELS)
def test_values_of_images(kind, as_array, dtype, text, value):
    model, images = made(kind), with_value(value, dtype)
    for call in calls_of(model, images.numpy() if as_array else images):
        refused(ValueError, text.format(5), call, model, row=5)


@pytest.mark.parametrize("kind", [AE, VAE])
@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize(("error", "texts", "images"), OTHER_IMAGES)
def test_shapes_and_types_of_images(kind, as_array, error, texts, images):
    model = made(kind)
    for call in calls_of(model, images.numpy() if as_array else images):
        refused(error, texts, call, model)


@pytest.mark.parametrize(("text", "value"), PIXELS)
def test_values_of_images_in_datasets_and_loaders(text, value):
    model, images = made(), with_value(value)
    loader = DataLoader(images, batch_size=4)
    refused(ValueError, text.format(5), lambda: model.fit(Pairs(images), epochs=2), model, row=5)
    texts = ["batch 1 of data", text.format(1)]
    refused(ValueError, texts, lambda: model.fit(loader, epochs=2), model, row=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("images", "str"),
        ([[0.5]], "list"),
        (None, "NoneType"),
        (np.array([None]), "object"),
    ],
)
def test_no_images_at_all(value, text):
    model = made()
    *calls, with_validation = calls_of(model, value)
    for call in calls if value is None else (*calls, with_validation):  # None: no validation
        refused(TypeError, text, call, model)


@pytest.mark.parametrize(
    ("latents", "error", "texts"),
    [
        (torch.zeros(4, 2), ValueError, ["(4, 2)", "(n, 3)"]),
        (torch.zeros(3), ValueError, "(3,)"),
        (torch.zeros(4, 3).long(), TypeError, "int64"),
        (torch.zeros(4, 3).to(torch.uint8), TypeError, "uint8"),
        ([[0.0] * 3], TypeError, "list"),
    ],
)
def test_shapes_and_types_of_latents(latents, error, texts):
    model = made()
    refused(error, texts, lambda: model.decode(latents), model)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("as_array", [False, True])
def test_values_of_latents(value, as_array):
    model, z = made(), torch.zeros(4, 3)
    z[2, 1] = value
    z = z.numpy() if as_array else z
    text = f"{value} in row 2, column 1"
    refused(ValueError, text, lambda: model.decode(z), model, row=2)


@pytest.mark.parametrize("kind", [WAE, InfoVAE])
def test_a_loss_with_mmd_needs_two_images(kind):
    model = made(kind).eval()
    refused(ValueError, ["1 images", "at least 2"], lambda: model.loss(pictures(1)), model)


def test_a_loss_without_mmd_does_with_one():
    model = made(VAE).eval()
    assert model.loss(pictures(1))["loss"] > 0
    refused(ValueError, "random_state is -1", lambda: model.loss(pictures(), random_state=-1))


@pytest.mark.parametrize(
    ("error", "texts", "parameters"),
    [
        (ValueError, "epochs is -1", {"epochs": -1}),
        (TypeError, "epochs is 1.0", {"epochs": 1.0}),
        (TypeError, "epochs is True", {"epochs": True}),
        (ValueError, "batch_size is 1", {"batch_size": 1}),
        (TypeError, "batch_size is '8'", {"batch_size": "8"}),
        (ValueError, "learning_rate is 0", {"learning_rate": 0}),
        (ValueError, "learning_rate is nan", {"learning_rate": float("nan")}),
        (TypeError, "learning_rate is 'fast'", {"learning_rate": "fast"}),
        (ValueError, "validation is 1.0", {"validation": 1.0}),
        (ValueError, "validation is 0", {"validation": 0}),
        (ValueError, ["validation is 0.01", "24 and 0"], {"validation": 0.01}),
        (ValueError, ["validation is 0.99", "0 and 24"], {"validation": 0.99}),
        (TypeError, "validation is a bool", {"validation": True}),
        (TypeError, "validation is a str", {"validation": "some"}),
        (ValueError, "validation has 1 images", {"validation": pictures(1)}),
        (ValueError, "patience is 0", {"patience": 0, "validation": 0.5}),
        (ValueError, "validation is None", {"patience": 1}),
        (TypeError, "checkpoint is 5", {"checkpoint": 5}),
        (ValueError, "checkpoint is None", {"resume": True}),
        (TypeError, "resume is 1", {"resume": 1}),
        (TypeError, "mixed_precision is None", {"mixed_precision": None}),
        (TypeError, "compile is 'yes'", {"compile": "yes"}),
        (TypeError, "progress is 'yes'", {"progress": "yes"}),
        (ValueError, "random_state is -5", {"random_state": -5}),
        (ValueError, "device is 'gpu'", {"device": "gpu"}),
        (ValueError, "cuda:99", {"device": "cuda:99"}),
    ],
)
def test_parameters_of_fit(error, texts, parameters):
    model = made().train()
    refused(error, texts, lambda: model.fit(pictures(), **{"epochs": 1, **parameters}), model)


EMPTY = DataLoader(pictures(3), batch_size=4, drop_last=True)


@pytest.mark.parametrize(
    ("data", "texts", "parameters"),
    [
        (pictures(2)[:0], "data has 0 images", {}),
        (pictures(1), "data has 1 images", {}),
        (Pairs(pictures(1)), "data has 1 images", {}),
        (DataLoader(pictures(3), batch_size=1), "batch of 1 image", {}),
        (EMPTY, "no images", {}),
        (EMPTY, "without batches", {"input_shape": None}),
        (torch.zeros(4, 1, 30, 28), ["(1, 30, 28)", "divisible by 4"], {"input_shape": None}),
    ],
)
def test_too_few_images_and_none_to_tell_the_shape(data, texts, parameters):
    model = made(**parameters)
    refused(ValueError, texts, lambda: model.fit(data, epochs=1), model)


@pytest.mark.parametrize("setting", [("batch_size", 4), ("validation", 0.5)])
def test_loaders_with_parameters_that_are_not_theirs(setting):
    name, value = setting
    loader, model = DataLoader(pictures(), batch_size=8), made()
    refused(ValueError, f"{name} is {value}", lambda: model.fit(loader, **{name: value}), model)


class Endless(IterableDataset):
    def __iter__(self):
        return iter(pictures())


class Lengthless(Dataset):
    def __getitem__(self, i):
        return pictures()[i]


class Uneven(Pairs):
    def __getitem__(self, i):
        return self.images[i, :, : 4 if i == 3 else 8]


class Texts(Pairs):
    def __getitem__(self, i):
        return {"image": self.images[i]}


@pytest.mark.parametrize(
    ("data", "error", "texts", "row"),
    [
        (Endless(), TypeError, "IterableDataset", None),
        (Lengthless(), TypeError, "without a length", None),
        (Uneven(pictures()), ValueError, ["data[3]", "(1, 4, 8)", str(SHAPE)], 3),
        (Texts(pictures()), TypeError, ["data[", "dict"], None),
    ],
)
def test_datasets_of_something_else(data, error, texts, row):
    model = made()
    refused(error, texts, lambda: model.fit(data), model, row)


def test_loading_and_saving():
    refused(ValueError, "device is 'gpu'", lambda: VAE.load(__file__, device="gpu"))
    refused(TypeError, "NoneType", lambda: VAE.load(None))
    refused(TypeError, "NoneType", lambda: made().save(None))
