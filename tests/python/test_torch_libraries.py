"""The real libraries, each in a few lines: diffusers, pythae, lightning and our own autoencoders.

All are built small, with random weights; nothing is downloaded. Each is imported within its test,
since that takes seconds.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import zbins
from coding import images, labels, refused
from zbins.torch import LatentGenerator

PICTURES = images(10, 3, 16, 16)
LOADER = DataLoader(TensorDataset(PICTURES, labels(10)), batch_size=4)


@pytest.fixture(autouse=True)
def one_thread():
    """For networks this small, threads only wait for each other where cores are few."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def by_hand(call):
    """What a call gives for the pictures, batch by batch."""
    with torch.no_grad():
        return np.concatenate([call(part).numpy() for part in PICTURES.split(4)])


# -- diffusers ---------------------------------------------------------------------------------


def diffusers_model(name, **more):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    return getattr(diffusers, name)(**more)


def kl():
    return diffusers_model(
        "AutoencoderKL",
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 4),
        layers_per_block=1,
        latent_channels=2,
        norm_num_groups=2,
        sample_size=16,
    )


def test_diffusers_autoencoder_kl():
    vae = kl().train()
    generator = LatentGenerator(vae.encode, vae.decode, zbins.PMFSampler(8))
    generator.fit(LOADER, with_labels=True)
    drawn = generator.sample(5, 1, batch_size=2, random_state=0)

    assert drawn.shape == (5, 3, 16, 16)
    assert generator.latent_shape_ == (2, 8, 8)
    assert all(part.training for part in vae.modules())
    vae.eval()
    assert np.array_equal(generator.latents_, by_hand(lambda x: vae.encode(x).latent_dist.mode()))
    with torch.no_grad():
        wanted = vae.decode(generator.sample_latents(5, 1, random_state=0)).sample
    assert torch.allclose(drawn, wanted, atol=1e-5)


def test_diffusers_posterior_and_scaled_latents():
    vae = kl()
    draws = LatentGenerator(vae.encode, vae.decode, posterior="sample", random_state=0)
    z = draws.fit(PICTURES).latents_
    torch.manual_seed(0)
    noise = z - LatentGenerator(vae.encode).fit(PICTURES).latents_
    variance = by_hand(lambda x: vae.encode(x).latent_dist.var)
    assert abs(np.mean(noise**2 / variance) - 1) < 0.2
    assert np.array_equal(draws.fit(PICTURES).latents_, z)
    # Tuples, and the scale that diffusion models use.
    plain = LatentGenerator(
        lambda x: vae.encode(x, return_dict=False)[0].mode() * vae.config.scaling_factor,
        lambda z: vae.decode(z / vae.config.scaling_factor, return_dict=False),
        modules=[vae],
    )
    assert plain.fit(PICTURES).sample(2).shape == (2, 3, 16, 16)
    tuples = LatentGenerator(functools.partial(vae.encode, return_dict=False)).fit(PICTURES)
    assert tuples.latent_shape_ == (2, 8, 8)


def test_diffusers_whole_autoencoder_by_mistake():
    generator = LatentGenerator(kl(), None)
    texts = ["DecoderOutput", "encode=lambda x: model(x)[0]"]
    refused(TypeError, texts, lambda: generator.fit(PICTURES), generator)


def test_diffusers_in_half_precision():
    vae = kl().to(torch.bfloat16)
    generator = LatentGenerator(vae.encode, vae.decode).fit(PICTURES.double().numpy())
    assert generator.latents_.dtype == np.float32
    assert generator.sample(2).dtype == torch.bfloat16


def test_diffusers_autoencoder_tiny():
    vae = diffusers_model(
        "AutoencoderTiny",
        encoder_block_out_channels=(4, 4),
        decoder_block_out_channels=(4, 4),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
        latent_channels=2,
        upsampling_scaling_factor=2,
    )
    generator = LatentGenerator(vae.encode, vae.decode).fit(LOADER)
    assert generator.sample(3).shape == (3, 3, 16, 16)
    vae.eval()
    assert np.array_equal(generator.latents_, by_hand(lambda x: vae.encode(x).latents))


def test_diffusers_vq_model():
    vq = diffusers_model(
        "VQModel",
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 4),
        latent_channels=2,
        num_vq_embeddings=16,
        norm_num_groups=2,
    )
    generator = LatentGenerator(vq.encode, vq.decode).fit(LOADER)
    assert generator.latent_shape_ == (2, 8, 8)
    assert generator.sample(3).shape == (3, 3, 16, 16)
    refused(
        ValueError,
        "without a variance",
        lambda: LatentGenerator(vq.encode, posterior="sample").fit(LOADER),
    )


# -- pythae ------------------------------------------------------------------------------------


def pythae_model(name):
    models = pytest.importorskip("pythae.models")
    config = getattr(models, "WAE_MMD_Config" if name == "WAE_MMD" else f"{name}Config")(
        input_dim=(3, 16, 16), latent_dim=4
    )
    torch.manual_seed(0)
    return getattr(models, name)(config)


@pytest.mark.parametrize("name", ["AE", "VAE", "WAE_MMD", "BetaVAE"])
def test_pythae(name):
    model = pythae_model(name).train()
    generator = LatentGenerator(model.encoder, model.decoder, zbins.PMFSampler(8))
    generator.fit(LOADER)
    drawn = generator.sample(5, batch_size=2)

    assert drawn.shape == (5, 3, 16, 16)
    assert model.training
    model.eval()
    assert np.array_equal(generator.latents_, by_hand(lambda x: model.encoder(x).embedding))


def test_pythae_data_sets_and_draws_from_the_posterior():
    model = pythae_model("VAE")
    from pythae.data.datasets import BaseDataset

    data = BaseDataset(PICTURES, labels(10))
    generator = LatentGenerator(
        model.encoder, model.decoder, posterior="sample", random_state=0
    ).fit(data, with_labels=True)
    assert generator.labels_.tolist() == labels(10).tolist()
    assert generator.sample(3, 2).shape == (3, 3, 16, 16)
    assert np.array_equal(generator.latents_, generator.fit(data).latents_)
    assert not np.array_equal(generator.latents_, LatentGenerator(model.encoder).fit(data).latents_)


# -- lightning ---------------------------------------------------------------------------------


@pytest.mark.parametrize("package", ["lightning", "pytorch_lightning"])
def test_lightning_module(package):
    lightning = pytest.importorskip(package)

    class Autoencoder(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(768, 8), nn.Dropout(0.5))
            self.decoder = nn.Linear(4, 768)

        def forward(self, x):
            return self.encoder(x).chunk(2, dim=1)  # mean and log variance

        def decode(self, z):
            return self.decoder(z).reshape(-1, 3, 16, 16)

        def training_step(self, batch, index):
            return self.decode(self(batch[0])[0]).square().mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters())

    model = Autoencoder().train()
    generator = LatentGenerator(model, model.decode, zbins.PMFSampler(8))
    generator.fit(LOADER)
    drawn = generator.sample(5)

    assert drawn.shape == (5, 3, 16, 16)
    assert model.encoder[2].training
    model.eval()
    assert np.array_equal(generator.latents_, by_hand(lambda x: model(x)[0]))


# -- our own, and plain ones -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["AE", "VAE", "WAE"])
def test_zbins_autoencoders(name):
    from zbins import autoencoders

    model = getattr(autoencoders, name)("small", input_shape=(3, 16, 16), random_state=0)
    generator = LatentGenerator(model.encode, model.decode, zbins.PMFSampler(8))
    generator.fit(LOADER)
    drawn = generator.sample(5, random_state=0)

    assert drawn.shape == (5, 3, 16, 16)
    assert model.training
    model.eval()
    mean = (lambda x: model.encode(x)[0]) if name == "VAE" else model.encode
    assert np.array_equal(generator.latents_, by_hand(mean))
    whole = LatentGenerator(model)  # by mistake
    texts = [f"encode is the {name} itself", "(3, 16, 16)", "whole autoencoder", "pass its encode"]
    refused(ValueError, texts, lambda: whole.fit(PICTURES), whole)


def test_a_plain_module():
    encoder, decoder = nn.Conv2d(3, 2, 4, stride=4), nn.ConvTranspose2d(2, 3, 4, stride=4)
    generator = LatentGenerator(encoder, decoder, zbins.PMFSampler(8))
    generator.fit(LOADER)
    drawn = generator.sample(5)

    assert drawn.shape == (5, 3, 16, 16)
    assert generator.latent_shape_ == (2, 4, 4)
