"""The networks take and give images of the paper's sizes; encoders, decoders and their shapes."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import torch

from autoencoder_helpers import MODELS, STOCHASTIC, same, state_of
from crafting import crafted
from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE

PAPER = {
    "mnist": ((1, 28, 28), 32),
    "celeba": ((3, 218, 178), 256),
    "mobius": ((3, 1700, 3000), 256),
}


def images(n, shape, seed=0):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


def check_shapes(model, n, shape, latent_dim):
    assert model.input_shape == shape
    assert model.latent_dim == latent_dim
    with torch.no_grad():
        latents = model.encode(images(n, shape))
        if isinstance(model, STOCHASTIC):
            mean, log_var = latents
            assert log_var.shape == (n, latent_dim)
            assert not torch.equal(mean, log_var)
            latents = mean
        assert latents.shape == (n, latent_dim)
        decoded = model.decode(latents)
    assert decoded.shape == (n, *shape)
    assert decoded.min() >= 0
    assert decoded.max() <= 1


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 4, 4), (2, 8, 20)])
def test_small_models_of_any_shape(kind, shape):
    check_shapes(kind("small", input_shape=shape, random_state=0).eval(), 2, shape, 16)


@pytest.mark.parametrize("kind", MODELS)
def test_mnist(kind):
    check_shapes(kind("mnist", random_state=0).eval(), 2, *PAPER["mnist"])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(kind, name, marks=() if kind is VAE else pytest.mark.slow)
        for kind in MODELS
        for name in ("celeba", "mobius")
    ],
)
def test_large_images(kind, name):
    check_shapes(kind(name, random_state=0).eval(), 1, *PAPER[name])


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", PAPER)
def test_every_network_on_shapes_alone(kind, name):
    """On the meta device nothing is computed, and shapes are those of the real one."""
    shape, latent_dim = PAPER[name]
    with torch.device("meta"):
        model = kind(name, random_state=0).eval()
        latents = model.encode(torch.empty(1, *shape))
    for part in latents if kind in STOCHASTIC else [latents]:
        assert part.shape == (1, latent_dim)
    assert model.decode(torch.empty(1, latent_dim, device="meta")).shape == (1, *shape)


def layers_of(network, kind):
    return [layer for layer in network if isinstance(layer, kind)]


@pytest.mark.parametrize(
    ("name", "shape", "printed", "features"),
    [
        ("mnist", (1, 28, 28), 1024, 16384),
        ("celeba", (3, 218, 178), 146432, 146432),
        ("mobius", (3, 1700, 3000), 3072, 3072),
        ("small", (3, 8, 12), 32 * 2 * 3, 32 * 2 * 3),
    ],
)
def test_the_arithmetic_of_the_tables(name, shape, printed, features):
    """The formulas of PyTorch's documentation; the printed sizes of the linear layers."""
    with torch.device("meta"):
        model = AE(name, input_shape=shape, random_state=0)
    size = shape[1:]
    layers = layers_of(model.encoder, torch.nn.Conv2d)
    for layer in layers:
        sizes = zip(size, layer.padding, layer.kernel_size, layer.stride, strict=True)
        size = tuple(math.floor((n + 2 * p - k) / s + 1) for n, p, k, s in sizes)
    assert model.to_latent.in_features == layers[-1].out_channels * math.prod(size) == printed
    (unflatten,) = layers_of(model.decoder, torch.nn.Unflatten)
    _, *size = unflatten.unflattened_size
    assert model.decoder[0].out_features == math.prod(unflatten.unflattened_size) == features
    layers = layers_of(model.decoder, torch.nn.ConvTranspose2d)
    for layer in layers:
        sizes = zip(size, layer.padding, layer.kernel_size, layer.stride, strict=True)
        size = tuple((n - 1) * s - 2 * p + k for n, p, k, s in sizes)
    assert (layers[-1].out_channels, *size) == shape


@pytest.mark.parametrize(
    ("name", "epochs", "batch_size", "learning_rate"),
    [("mnist", 50, 64, 1e-3), ("celeba", 100, 64, 1e-4), ("mobius", 50, 64, 1e-3)],
)
def test_settings_of_the_paper(tmp_path, name, epochs, batch_size, learning_rate):
    """Checkpoints of other settings are refused by what they differ in, before anything is run."""
    shape, latent_dim = PAPER[name]
    with torch.device("meta"):
        model = AE(name, random_state=0)
    data = torch.zeros(1, dtype=torch.uint8).expand(2, *shape)

    def said(n_epochs, **settings):
        metadata = {
            "autoencoder": "AE",
            "arguments": {"architecture": name, "input_shape": shape, "latent_dim": latent_dim},
            "format_version": 1,
            "training": {
                "settings": settings,
                "seed": 0,
                "history": [{"epoch": i, "loss": 0.0} for i in range(1, n_epochs + 1)],
            },
        }
        (tmp_path / "checkpoint").write_bytes(crafted({}, metadata))
        with pytest.raises(ValueError) as caught:
            model.fit(data, checkpoint=tmp_path / "checkpoint", resume=True)
        return str(caught.value)

    assert f"epochs is {epochs};" in said(1000)
    assert f"this call has batch_size={batch_size}" in said(1)
    settings = {"batch_size": batch_size, "images": 2}
    assert f"this call has learning_rate={learning_rate}" in said(1, **settings)


def test_factors_of_the_paper():
    assert [BetaVAE("small").beta, WAE("small").beta] == [2, 100]
    assert [InfoVAE("small").alpha, InfoVAE("small").lambda_] == [0, 1000]


def test_another_latent_dimension():
    model = VAE("mnist", latent_dim=3, random_state=0).eval()
    check_shapes(model, 2, (1, 28, 28), 3)
    assert "latent_dim=3" in repr(model)


@pytest.mark.parametrize("training", [False, True])
def test_encode_and_decode_take_what_there_is(training):
    model = AE("small", input_shape=(1, 8, 8), random_state=0).train(training)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 1, 8, 8)).astype(np.uint8)
    as_float = torch.from_numpy(pixels).float() / 255
    model.train(training)
    expected = model.encode(as_float)
    assert torch.equal(model.encode(pixels), expected)
    assert torch.equal(model.encode(torch.from_numpy(pixels)), expected)
    assert torch.allclose(model.encode(as_float.double().numpy()), expected)
    pixels.flags.writeable = False
    assert torch.equal(model.encode(pixels), expected)
    reversed_ = as_float.numpy()[::-1]
    assert torch.allclose(model.encode(reversed_), expected.flip(0), atol=1e-6)
    assert model.decode(expected.detach().double().numpy()).dtype == torch.float32
    assert model.training is training


def test_no_images_give_no_latents():
    model = VAE("small", random_state=0).eval()
    assert model.encode(torch.empty(0, 1, 28, 28))[0].shape == (0, 16)
    assert model.decode(torch.empty(0, 16)).shape == (0, 1, 28, 28)


@pytest.mark.parametrize("kind", MODELS)
def test_gradients_flow_through_the_model(kind):
    model = kind("small", input_shape=(1, 8, 8), random_state=0)
    x = images(6, (1, 8, 8)).requires_grad_()
    model.loss(x, random_state=0)["loss"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert all(
        p.grad.abs().sum() > 0 for p in (model.to_latent.weight, *model.decoder[0].parameters())
    )
    assert x.grad.abs().sum() > 0
    z = torch.zeros(2, 16, requires_grad=True)
    model.eval().decode(z).sum().backward()
    assert z.grad.abs().sum() > 0


def test_forward_is_the_reconstruction_of_the_mean():
    x = images(2, (1, 8, 8))
    for kind in (AE, VAE):
        model = kind("small", input_shape=(1, 8, 8), random_state=0).eval()
        latents = model.encode(x)
        mean = latents[0] if kind is VAE else latents
        assert torch.equal(model(x), model.decode(mean))


def test_seeds_decide_the_weights_and_nothing_else():
    first = state_of(VAE("small", random_state=0))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert same(VAE("small", random_state=0), first)
    assert not same(VAE("small", random_state=1), first)
    assert torch.equal(torch.get_rng_state(), before)
    np.random.seed(0)  # noqa: NPY002 - the global state is meant
    drawn = VAE("small")
    np.random.seed(0)  # noqa: NPY002 - the global state is meant
    assert same(VAE("small", random_state=None), drawn)


def test_copies_and_pickles():
    model = InfoVAE("small", input_shape=(1, 8, 8), lambda_=7, random_state=0).eval()
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert same(copied, model)
        assert copied.lambda_ == 7
