"""Bad input of every public class and method: refused, named, and nothing has changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from test_autoencoders_architectures import MODELS, same, state_of
from test_autoencoders_training import SHAPE, Pairs, made, pictures
from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE


def refused(kind, texts, call, model=None):
    before = None if model is None else (state_of(model), model.training, model.history_)
    with pytest.raises(kind) as caught:
        call()
    assert caught.type is kind
    for text in [texts] if isinstance(texts, str) else texts:
        assert text in str(caught.value), f"{text!r} is not in {str(caught.value)!r}"
    if model is not None:
        assert same(state_of(model), before[0])
        assert (model.training, model.history_) == before[1:]


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
    (ValueError, ["nan in image 5, channel 0, row 2, column 3", "[0, 1]"], with_value(torch.nan)),
    (ValueError, ["inf in image 5"], with_value(torch.inf)),
    (ValueError, ["1.5 in image 5"], with_value(1.5)),
    (ValueError, ["-0.25 in image 5"], with_value(-0.25, torch.float64)),
    (ValueError, ["(24, 8, 8)", "[:, None]"], pictures()[:, 0]),
    (ValueError, ["(1, 8, 12)", "(1, 8, 8)"], pictures(shape=(1, 8, 12))),
    (ValueError, ["(3, 8, 8)", "(1, 8, 8)"], pictures(shape=(3, 8, 8))),
    (TypeError, "int64", pictures().long()),
    (TypeError, "bool", pictures() > 0.5),
    (TypeError, "complex64", pictures().to(torch.complex64)),
]


@pytest.mark.parametrize(("error", "texts", "images"), PIXELS)
@pytest.mark.parametrize("as_array", [False, True])
def test_images(error, texts, images, as_array):
    data = images.numpy() if as_array else images
    for model in (made(AE), made(VAE)):
        refused(error, texts, lambda: model.encode(data), model)  # noqa: B023
        refused(error, texts, lambda: model(data), model)  # noqa: B023
        refused(error, texts, lambda: model.loss(data), model)  # noqa: B023
        refused(error, texts, lambda: model.fit(data, epochs=1), model)  # noqa: B023
        valid = lambda: model.fit(pictures(), epochs=1, validation=data)  # noqa: B023, E731
        refused(error, texts, valid, model)


@pytest.mark.parametrize(("error", "texts", "images"), PIXELS[:4])
def test_images_of_datasets_and_loaders(error, texts, images):
    model = made()
    part = texts[0].split(" in image")[0]
    refused(error, part, lambda: model.fit(Pairs(images), epochs=2, batch_size=4), model)
    loader = DataLoader(images, batch_size=4)
    refused(error, [part, "batch 1 of data", "image 1"], lambda: model.fit(loader, epochs=2), model)


def test_no_images_at_all():
    model = made()
    for call in (model.encode, model.loss, model, model.fit):
        refused(TypeError, "str", lambda: call("images"), model)  # noqa: B023
        refused(TypeError, "list", lambda: call([[0.5]]), model)  # noqa: B023
        refused(TypeError, "NoneType", lambda: call(None), model)  # noqa: B023
        refused(TypeError, "object", lambda: call(np.array([None])), model)  # noqa: B023


def test_latents():
    model = made()
    z = torch.zeros(4, 3)
    refused(ValueError, ["(4, 2)", "(n, 3)"], lambda: model.decode(z[:, :2]), model)
    refused(ValueError, "(3,)", lambda: model.decode(z[0]), model)
    refused(TypeError, "int64", lambda: model.decode(z.long()), model)
    refused(TypeError, "uint8", lambda: model.decode(z.to(torch.uint8)), model)
    refused(TypeError, "list", lambda: model.decode([[0.0] * 3]), model)
    for value in (torch.nan, torch.inf):
        bad = z.clone()
        bad[2, 1] = value
        text = f"{value} in row 2, column 1"
        refused(ValueError, text, lambda: model.decode(bad), model)  # noqa: B023
        refused(ValueError, text, lambda: model.decode(bad.numpy()), model)  # noqa: B023


def test_a_loss_with_mmd_needs_two_images():
    for kind in (WAE, InfoVAE):
        model = made(kind).eval()
        refused(ValueError, ["1 images", "at least 2"], lambda: model.loss(pictures(1)), model)  # noqa: B023
    assert made(VAE).eval().loss(pictures(1))["loss"] > 0
    refused(ValueError, "random_state is -1", lambda: made().loss(pictures(), random_state=-1))


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


def test_too_few_images():
    model = made()
    refused(ValueError, "data has 0 images", lambda: model.fit(pictures(2)[:0]), model)
    refused(ValueError, "data has 1 images", lambda: model.fit(pictures(1)), model)
    refused(ValueError, "data has 1 images", lambda: model.fit(Pairs(pictures(1))), model)
    single = DataLoader(pictures(3), batch_size=1)
    refused(ValueError, "batch of 1 image", lambda: model.fit(single, epochs=1), model)
    empty = DataLoader(pictures(3), batch_size=4, drop_last=True)
    refused(ValueError, "no images", lambda: model.fit(empty, epochs=1), model)
    small = AE("small")
    refused(ValueError, "without batches", lambda: small.fit(empty, epochs=1), small)
    odd = torch.zeros(4, 1, 30, 28)
    refused(ValueError, ["(1, 30, 28)", "divisible by 4"], lambda: small.fit(odd, epochs=1), small)


def test_loaders_with_parameters_that_are_not_theirs():
    loader, model = DataLoader(pictures(), batch_size=8), made()
    refused(ValueError, "batch_size is 4", lambda: model.fit(loader, batch_size=4), model)
    refused(ValueError, "validation is 0.5", lambda: model.fit(loader, validation=0.5), model)


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


def test_datasets_of_something_else():
    model = made()
    refused(TypeError, "IterableDataset", lambda: model.fit(Endless()), model)
    refused(TypeError, "without a length", lambda: model.fit(Lengthless()), model)
    uneven = Uneven(pictures())
    refused(ValueError, ["data[3]", "(1, 4, 8)", str(SHAPE)], lambda: model.fit(uneven), model)
    refused(TypeError, ["data[", "dict"], lambda: model.fit(Texts(pictures())), model)


def test_loading():
    refused(ValueError, "device is 'gpu'", lambda: VAE.load(__file__, device="gpu"))
    refused(TypeError, "NoneType", lambda: VAE.load(None))
    refused(TypeError, "NoneType", lambda: made().save(None))
