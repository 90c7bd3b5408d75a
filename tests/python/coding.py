"""Shared by the tests of LatentGenerator: tiny networks, their data, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import zbins
from helpers import fingerprint, is_fitted
from zbins.torch import LatentGenerator

WIDTH, LATENT = 6, 3


def images(n=40, *shape, seed=0):
    """Inputs in [0, 1)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((n, *(shape or (WIDTH,))), generator=generator)


def labels(n=40):
    return torch.arange(n) % 3


class Plain(nn.Module):
    """An autoencoder whose dropout tells the modes apart."""

    def __init__(self, seed=0):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.encoder = nn.Sequential(nn.Dropout(0.5), nn.Linear(WIDTH, LATENT))
            self.decoder = nn.Sequential(nn.Linear(LATENT, WIDTH), nn.Dropout(0.5))

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def by_hand(self, x):
        """Latents, without dropout."""
        with torch.no_grad():
            return self.encoder[1](x)


class Variational(Plain):
    """Encodes to (mean, log variance)."""

    def encode(self, x):
        return self.encoder(x), torch.full((len(x), LATENT), -2.0)


def made(model=None, sampler=None, **parameters):
    model = Plain() if model is None else model
    sampler = zbins.PMFSampler(5) if sampler is None else sampler
    return LatentGenerator(model.encode, model.decode, sampler, **parameters)


def same_model(a, b):
    """Tell whether two fitted PMFSamplers are the same, bit for bit."""
    return fingerprint(a)[2:] == fingerprint(b)[2:]


def parts_of(generator):
    """All that a generator is; what a fit leaves is published by one assignment."""
    fit = generator._fit
    held = None
    if fit is not None:
        latents = None if fit.latents is None else fit.latents.tobytes()
        fitted = isinstance(fit.sampler, zbins.PMFSampler) and is_fitted(fit.sampler)
        held = (latents, fingerprint(fit.sampler) if fitted else None)
    return {**vars(generator), "_fit": fit}, held


def unchanged(generator, before):
    now = parts_of(generator)
    assert now[0].keys() == before[0].keys()
    assert all(now[0][name] is before[0][name] for name in now[0])
    assert now[1] == before[1]


def refused(kind, texts, call, generator=None):
    """The call raises exactly `kind`, says all the texts, and the generator is as it was."""
    before = None if generator is None else parts_of(generator)
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert caught.type is kind, f"{caught.type.__name__}: {message}"
    for text in [texts] if isinstance(texts, str) else texts:
        assert text in message, f"{text!r} is not in {message!r}"
    if generator is not None:
        unchanged(generator, before)
    return message


class Normal:
    """A sampler of somebody else: fit and sample, and no more."""

    def fit(self, X):
        self.mean, self.std = X.mean(0), X.std(0)

    def sample(self, n):
        return self.mean + self.std * np.linspace(-1, 1, n)[:, None]
