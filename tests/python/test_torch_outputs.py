"""What encoders and decoders return in the wild is recognized; all else is refused by name."""

from __future__ import annotations

from collections import OrderedDict, UserDict, namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.distributions import (
    Bernoulli,
    Independent,
    Normal,
    TransformedDistribution,
)
from torch.distributions.transforms import TanhTransform

from coding import images, refused
from zbins.torch import LatentGenerator

N = 5
MEAN = torch.arange(N * 2.0).reshape(N, 2)
LOG_VAR = torch.full((N, 2), -4.0)


def latents_of(output, posterior="mean", seed=None):
    """The latents of a generator whose encoder returns this."""
    own = LatentGenerator(lambda x: output, posterior=posterior, random_state=seed)
    return torch.from_numpy(own.fit(torch.zeros(N, 1)).latents_)


def images_of(output):
    """The images of a generator whose decoder returns this."""
    return LatentGenerator(None, lambda z: output).fit_latents(MEAN).sample(N)


class Diagonal:
    """As diffusers' DiagonalGaussianDistribution."""

    def __init__(self, deterministic=False):
        self.mean, self.logvar = MEAN, LOG_VAR
        self.std = torch.zeros(N, 2) if deterministic else torch.exp(LOG_VAR / 2)

    def mode(self):
        return self.mean

    def sample(self, generator=None):
        return self.mean + self.std * torch.randn(N, 2, generator=generator)


class Concentrated:
    """A distribution of one's own: a mode and draws, and no mean."""

    def mode(self):
        return MEAN

    def sample(self):
        return MEAN + 0.1


Pair = namedtuple("Pair", ["mu", "logvar"])

WITHOUT_VARIANCE = {
    "tensor": MEAN,
    "array": MEAN.numpy(),
    "array of big-endian numbers": MEAN.numpy().astype(">f4"),
    "parameter": torch.nn.Parameter(MEAN),
    "tuple of one": (MEAN,),
    "list of one": [MEAN],
    "embedding": SimpleNamespace(embedding=MEAN),
    "pythae": OrderedDict(embedding=MEAN),
    "latents": SimpleNamespace(latents=MEAN),
    "latent": {"latent": MEAN},
    "z": UserDict(z=MEAN),
    "embedding and nothing": SimpleNamespace(embedding=MEAN, log_covariance=None),
}
WITH_VARIANCE = {
    "pair": (MEAN, LOG_VAR),
    "list": [MEAN, LOG_VAR],
    "named pair": Pair(MEAN, LOG_VAR),
    "arrays": (MEAN.numpy(), LOG_VAR.numpy()),
    "pair of one": ((MEAN, LOG_VAR),),
    "normal": Normal(MEAN, torch.exp(LOG_VAR / 2)),
    "independent normal": Independent(Normal(MEAN, torch.exp(LOG_VAR / 2)), 1),
    "latent_dist": SimpleNamespace(latent_dist=Diagonal()),
    "latent_dist of torch": SimpleNamespace(latent_dist=Normal(MEAN, torch.exp(LOG_VAR / 2))),
    "latent_dist under a key": {"latent_dist": Diagonal()},
    "tuple of one distribution": (Diagonal(),),
    "distribution": Diagonal(),
    "log_covariance": SimpleNamespace(embedding=MEAN, log_covariance=LOG_VAR),
    "mu and log_var": {"mu": MEAN, "log_var": LOG_VAR, "z": MEAN + 9},
    "z_mean and z_log_var": {"z_mean": MEAN, "z_log_var": LOG_VAR},
}


@pytest.mark.parametrize("name", [*WITHOUT_VARIANCE, *WITH_VARIANCE])
def test_the_mean_is_found(name):
    output = {**WITHOUT_VARIANCE, **WITH_VARIANCE}[name]
    assert torch.equal(latents_of(output), MEAN)


@pytest.mark.parametrize("name", WITH_VARIANCE)
def test_a_draw_has_mean_and_variance(name):
    draws = [latents_of(WITH_VARIANCE[name], "sample", seed) for seed in range(100)]
    noise = torch.stack(draws) - MEAN
    assert abs(noise.mean()) < 0.02
    assert abs(noise.std() - np.exp(-2)) < 0.02


def test_a_distribution_draws_as_it_does():
    fixed = SimpleNamespace(latent_dist=Diagonal(deterministic=True))
    assert torch.equal(latents_of(fixed, "sample"), MEAN)
    assert torch.equal(latents_of(Concentrated()), MEAN)
    assert torch.equal(latents_of(Concentrated(), "sample"), MEAN + 0.1)


@pytest.mark.parametrize("name", WITHOUT_VARIANCE)
def test_a_draw_without_a_variance(name):
    texts = ["posterior is 'sample'", "without a variance", "(5, 2)", "posterior='mean'"]
    refused(ValueError, texts, lambda: latents_of(WITHOUT_VARIANCE[name], "sample"))


UNKNOWN = {
    "nothing": (None, "a NoneType"),
    "a number": (3.5, "a float"),
    "text": ("z", "a str"),
    "three": ((MEAN, MEAN, LOG_VAR), "a tuple of 3 (a tensor of shape (5, 2), "),
    "reconstruction and latents": (
        (torch.zeros(N, 9), MEAN),
        "a tuple of 2 (a tensor of shape (5, 9), a tensor of shape (5, 2))",
    ),
    "latents and a loss": ((MEAN, torch.tensor(0.5)), "a tensor of shape ()"),
    "nothing in a tuple": ((), "a tuple of 0 ()"),
    "many": ([MEAN] * 9, "a list of 9 ("),
    "a list of lists": ([[0.5]] * N, "a list of 5 (a list, a list, a list, a list, ...)"),
    "other keys": ({"code": MEAN, "loss": 1}, "a dict with the keys 'code', 'loss'"),
    "no keys": ({}, "keys none"),
    "a decoder's": (SimpleNamespace(sample=MEAN), "a SimpleNamespace"),
    "a class": (SimpleNamespace, "a type"),
    "objects": (np.array([None] * N), "an array of object and shape (5,)"),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("posterior", ["mean", "sample"])
def test_other_outputs_of_encoders(name, posterior):
    output, text = UNKNOWN[name]
    message = refused(TypeError, text, lambda: latents_of(output, posterior))
    for accepted in ("accepted are a tensor", "latent_dist", "encode=lambda x: model(x)[0]"):
        assert accepted in message
    assert len(message) < 500


@pytest.mark.parametrize(
    ("kind", "text", "output"),
    [
        (ValueError, ["(4, 2)", "batch of 5", "(5, ...)"], MEAN[:4]),
        (ValueError, "(6, 2)", (torch.zeros(6, 2), torch.zeros(6, 2))),
        (ValueError, "shape ()", torch.tensor(1.0)),
        (TypeError, "complex64", MEAN.to(torch.complex64)),
        (TypeError, "torch.bool", MEAN > 0),
        (TypeError, "sparse_coo", MEAN.to_sparse()),
    ],
)
def test_latents_that_are_none(kind, text, output):
    refused(kind, text, lambda: latents_of(output))


def test_distributions_without_a_mean():
    squashed = TransformedDistribution(Normal(MEAN, 1.0), [TanhTransform()])
    texts = ["TransformedDistribution", "no mean", "posterior='sample'"]
    refused(ValueError, ["encode", *texts], lambda: latents_of(squashed))
    refused(ValueError, ["decode", *texts[:2]], lambda: images_of(squashed))
    assert latents_of(squashed, "sample").shape == (N, 2)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_half_precision_is_widened(dtype):
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    assert latents_of(MEAN.to(dtype)).dtype == wide
    assert images_of(MEAN.to(dtype)).dtype == dtype


def test_whole_numbers_stay():
    assert latents_of(MEAN.long()).dtype == torch.int64
    generator = LatentGenerator(lambda x: (9 * x).to(torch.uint8), lambda z: z).fit(images())
    assert generator.latents_.dtype == np.uint8
    assert generator.sample(3).dtype == torch.float64


IMAGES = {
    "tensor": MEAN,
    "array": MEAN.numpy(),
    "tuple of one": (MEAN,),
    "sample": SimpleNamespace(sample=MEAN),
    "pythae": OrderedDict(reconstruction=MEAN),
    "recon_x": {"loss": torch.tensor(1.0), "recon_x": MEAN},
    "distribution": Independent(Normal(torch.nn.Parameter(MEAN), 1.0), 1),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_are_found(name):
    found = images_of(IMAGES[name])
    assert torch.equal(found, MEAN)
    assert not found.requires_grad


def test_probabilities_of_pixels_are_the_images():
    p = torch.full((N, 4), 0.25)
    assert torch.equal(images_of(Bernoulli(p)), p)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (None, "a NoneType"),
        ((MEAN, MEAN), "a tuple of 2"),
        ({"pixels": MEAN}, "'pixels'"),
        (Diagonal(), "a Diagonal"),
        (MEAN.numpy() > 1, "an array of bool and shape (5, 2)"),
        ([[0.5]], "a list of 1 (a list)"),
    ],
)
def test_other_outputs_of_decoders(output, text):
    texts = [text, "reconstruction", "decode=lambda z: model.decode(z)[0]"]
    refused(TypeError, texts, lambda: images_of(output))


def test_too_few_images():
    refused(ValueError, ["(4, 2)", "5 latents"], lambda: images_of(MEAN[:4]))
    refused(ValueError, "()", lambda: images_of(torch.tensor(1.0)))


def test_a_decoder_whose_images_change_in_shape():
    generator = LatentGenerator(lambda x: x, lambda z: z[:, :1] if len(z) == 2 else z)
    generator.fit(images())
    texts = ["(2, 1)", "(n, 6)"]
    refused(ValueError, texts, lambda: generator.sample(5, batch_size=3), generator)


def test_a_decoder_whose_dtype_changes():
    kinds = iter([torch.float16, torch.float32])
    generator = LatentGenerator(None, lambda z: z.to(next(kinds))).fit_latents(MEAN)
    with pytest.raises(ValueError, match=r"torch.float32; those before were .* torch.float16"):
        generator.sample(4, batch_size=2)


def test_names_win_over_places():
    pair = namedtuple("pair", "logvar mu")
    assert torch.equal(latents_of(pair(LOG_VAR, MEAN)), MEAN)
