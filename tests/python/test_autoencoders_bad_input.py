"""Bad input of every public class and method: refused, named, and nothing has changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from autoencoder_helpers import MODELS, SHAPE, WITH_MMD, Pairs, made, pictures, refused
from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE

NAMES = "'mnist', 'celeba', 'mobius', 'small'"


@pytest.mark.parametrize(
    ("kinds", "error", "texts", "parameters"),
    [
        (MODELS, ValueError, ["'MNIST'", NAMES], {"architecture": "MNIST"}),
        (MODELS, TypeError, ["None", NAMES], {"architecture": None}),
        (MODELS, ValueError, ["(1, 30, 28)", "divisible by 4"], {"input_shape": (1, 30, 28)}),
        (MODELS, ValueError, ["(1, 28, 2)", "divisible by 4"], {"input_shape": (1, 28, 2)}),
        (MODELS, ValueError, "at least 1", {"input_shape": (0, 28, 28)}),
        (MODELS, TypeError, "(28, 28)", {"input_shape": (28, 28)}),
        (MODELS, TypeError, "'abc'", {"input_shape": "abc"}),
        (MODELS, TypeError, "28.0", {"input_shape": (1, 28, 28.0)}),
        (MODELS, ValueError, ["(1, 8, 8)", "small"], {"architecture": "celeba"}),
        (MODELS, ValueError, "latent_dim is 0", {"latent_dim": 0}),
        (MODELS, TypeError, "latent_dim is 2.0", {"latent_dim": 2.0}),
        (MODELS, TypeError, "latent_dim is True", {"latent_dim": True}),
        (MODELS, ValueError, "random_state is -1", {"random_state": -1}),
        (MODELS, TypeError, "random_state is 'a'", {"random_state": "a"}),
        ([BetaVAE, WAE], ValueError, ["beta is -1", "at least 0"], {"beta": -1}),
        ([BetaVAE, WAE], ValueError, "beta is nan", {"beta": float("nan")}),
        ([BetaVAE, WAE], ValueError, "beta is inf", {"beta": float("inf")}),
        ([BetaVAE, WAE], TypeError, "beta is '1'", {"beta": "1"}),
        ([InfoVAE], ValueError, ["alpha is 2", "at most 1"], {"alpha": 2}),
        ([InfoVAE], TypeError, "alpha is None", {"alpha": None}),
        ([InfoVAE], ValueError, ["lambda_ is 0.5", "at least 1"], {"lambda_": 0.5}),
        ([InfoVAE], TypeError, "lambda_ is True", {"lambda_": True}),
    ],
)
def test_constructors(kinds, error, texts, parameters):
    parameters = {"architecture": "small", "input_shape": SHAPE, **parameters}
    for kind in kinds:
        refused(error, texts, lambda: kind(**parameters))  # noqa: B023


def with_value(value, dtype=torch.float32):
    x = pictures().to(dtype)
    x[5, 0, 2, 3] = value
    return x


PIXELS = [
    (ValueError, ["nan in image 5, channel 0, row 2, column 3", "[0, 1]"], with_value(torch.nan)),
    (ValueError, ["inf in image 5"], with_value(torch.inf)),
    (ValueError, ["1.5 in image 5"], with_value(1.5)),
    (ValueError, ["-0.25 in image 5"], with_value(-0.25, torch.float64)),
]
OTHERS = [
    (ValueError, ["(24, 8, 8)", "[:, None]"], pictures()[:, 0]),
    (ValueError, ["(1, 8, 12)", "(1, 8, 8)"], pictures(shape=(1, 8, 12))),
    (ValueError, ["(3, 8, 8)", "(1, 8, 8)"], pictures(shape=(3, 8, 8))),
    (TypeError, "int64", pictures().long()),
    (TypeError, "bool", pictures() > 0.5),
    (TypeError, "complex64", pictures().to(torch.complex64)),
]
NO_IMAGES = [
    (TypeError, "str", "images"),
    (TypeError, "list", [[0.5]]),
    (TypeError, "object", np.array([None])),
]
AS_ARRAYS = [(error, texts, images.numpy()) for error, texts, images in PIXELS + OTHERS]


@pytest.mark.parametrize("kind", [AE, VAE])
@pytest.mark.parametrize(("error", "texts", "images"), PIXELS + OTHERS + AS_ARRAYS + NO_IMAGES)
def test_images(kind, error, texts, images):
    row = 5 if "image 5" in str(texts) else None
    model = made(kind)
    for call in (
        lambda: model.encode(images),
        lambda: model(images),
        lambda: model.loss(images),
        lambda: model.fit(images, epochs=1),
        lambda: model.fit(pictures(), epochs=1, validation=images),
    ):
        refused(error, texts, call, model, row)


@pytest.mark.parametrize(("error", "texts", "images"), PIXELS)
def test_images_of_datasets_and_loaders(error, texts, images):
    model, loader = made(), DataLoader(images, batch_size=4)
    refused(error, texts, lambda: model.fit(Pairs(images), epochs=2), model, row=5)
    texts = ["batch 1 of data", "image 1", texts[0].partition(" in image")[0]]
    refused(error, texts, lambda: model.fit(loader, epochs=2), model, row=1)


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


class Endless(IterableDataset):
    def __iter__(self):
        return iter(pictures())


class Lengthless(Dataset):
    def __getitem__(self, i):
        return pictures()[i]


class Texts(Pairs):
    def __getitem__(self, i):
        return {"image": self.images[i]}


class Uneven(Pairs):
    def __getitem__(self, i):
        return self.images[i, :, : 4 if i == 3 else 8]


LOADER = DataLoader(pictures(), batch_size=8)
EMPTY = DataLoader(pictures(3), batch_size=4, drop_last=True)
LATENTS = torch.zeros(4, 3)


@pytest.mark.parametrize(
    ("error", "texts", "call"),
    [
        (ValueError, ["(4, 2)", "(n, 3)"], lambda m: m.decode(LATENTS[:, :2])),
        (ValueError, "(3,)", lambda m: m.decode(LATENTS[0])),
        (TypeError, "int64", lambda m: m.decode(LATENTS.long())),
        (TypeError, "uint8", lambda m: m.decode(LATENTS.to(torch.uint8))),
        (TypeError, "list", lambda m: m.decode([[0.0] * 3])),
        (TypeError, "NoneType", lambda m: m.encode(None)),
        (TypeError, "NoneType", lambda m: m(None)),
        (TypeError, "NoneType", lambda m: m.loss(None)),
        (ValueError, "random_state is -1", lambda m: m.loss(pictures(), random_state=-1)),
        (TypeError, "NoneType", lambda m: m.fit(None)),
        (ValueError, "data has 0 images", lambda m: m.fit(pictures(2)[:0])),
        (ValueError, "data has 1 images", lambda m: m.fit(pictures(1))),
        (ValueError, "data has 1 images", lambda m: m.fit(Pairs(pictures(1)))),
        (ValueError, "batch of 1 image", lambda m: m.fit(DataLoader(pictures(3)), epochs=1)),
        (ValueError, "no images", lambda m: m.fit(EMPTY, epochs=1)),
        (ValueError, "batch_size is 4", lambda m: m.fit(LOADER, batch_size=4)),
        (ValueError, "validation is 0.5", lambda m: m.fit(LOADER, validation=0.5)),
        (TypeError, "IterableDataset", lambda m: m.fit(Endless())),
        (TypeError, "without a length", lambda m: m.fit(Lengthless())),
        (TypeError, ["data[", "dict"], lambda m: m.fit(Texts(pictures()))),
        (ValueError, "device is 'gpu'", lambda m: m.load(__file__, device="gpu")),
        (TypeError, "NoneType", lambda m: m.load(None)),
        (TypeError, "NoneType", lambda m: m.save(None)),
    ],
)
def test_calls(error, texts, call):
    model = made()
    refused(error, texts, lambda: call(model), model)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("as_array", [False, True])
def test_values_of_latents(value, as_array):
    model, z = made(), LATENTS.clone()
    z[2, 1] = value
    z = z.numpy() if as_array else z
    refused(ValueError, f"{value} in row 2, column 1", lambda: model.decode(z), model, row=2)


def test_images_of_different_shapes():
    model, data = made(), Uneven(pictures())
    refused(ValueError, ["data[3]", "(1, 4, 8)", str(SHAPE)], lambda: model.fit(data), model, row=3)


def test_images_that_no_network_is_for():
    model, odd = AE("small"), torch.zeros(4, 1, 30, 28)
    refused(ValueError, ["(1, 30, 28)", "divisible by 4"], lambda: model.fit(odd), model)
    refused(ValueError, "without batches", lambda: model.fit(EMPTY, epochs=1), model)


@pytest.mark.parametrize("kind", MODELS)
def test_a_loss_with_mmd_needs_two_images(kind):
    model = made(kind).eval()
    if kind in WITH_MMD:
        refused(ValueError, ["1 images", "at least 2"], lambda: model.loss(pictures(1)), model)
    else:
        assert model.loss(pictures(1))["loss"] > 0
