"""Shared by the tests of zbins.autoencoders: small models, their images, and refusals."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import Dataset

from crafting import crafted, take_apart
from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE

MODELS = [AE, VAE, BetaVAE, WAE, InfoVAE]
STOCHASTIC = (VAE, BetaVAE, InfoVAE)
WITH_MMD = (WAE, InfoVAE)
SHAPE = (1, 8, 8)


def pictures(n=24, seed=0, shape=SHAPE):
    """Smooth pictures that a small network can learn."""
    draw = torch.rand(n, shape[0], 2, 2, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(draw, shape[1:], mode="bilinear")


def made(kind=VAE, random_state=0, **parameters):
    parameters = {"input_shape": SHAPE, "latent_dim": 3, **parameters}
    return kind("small", random_state=random_state, **parameters)


def state_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    """Tell whether two states, or the weights of two models, are the same bits."""
    a, b = (x if isinstance(x, dict) else x.state_dict() for x in (a, b))
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class Pairs(Dataset):
    """Images with labels, read one by one."""

    def __init__(self, images, labelled=True):
        self.images, self.labelled = images, labelled

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return (self.images[i], i % 3) if self.labelled else self.images[i]


class Scripted(Pairs):
    """Validation images that a model which answers about 0.5 everywhere is as wrong about as told.

    `states` are the weights of the model whenever the images were read: once an epoch.
    """

    def __init__(self, model, errors):
        self.model, self.errors, self.states = model, list(errors), []

    def __len__(self):
        return 4

    def __getitem__(self, i):
        if i == 0:
            self.states.append(state_of(self.model))
        return torch.full(SHAPE, 0.5 + self.errors[len(self.states) - 1])


def refused(kind, texts, call, model=None, row=None):
    """The call raises `kind`, about that row if one is given, says the texts, and changes nothing.

    Without a row it is exactly that kind.
    """
    before = None if model is None else (state_of(model), model.training, model.history_)
    with pytest.raises(kind) as caught:
        call()
    if row is None:
        assert caught.type is kind
    else:
        assert caught.value.row == row
    for text in [texts] if isinstance(texts, str) else texts:
        assert text in str(caught.value), f"{text!r} is not in {str(caught.value)!r}"
    if model is not None:
        assert same(model, before[0])
        assert (model.training, model.history_) == before[1:]


def recraft(path, change):
    """Change the tensors and the metadata of a file, and give it a checksum that is right."""
    tensors, metadata = take_apart(path.read_bytes())
    change(tensors, metadata)
    path.write_bytes(crafted(tensors, metadata))


def training_in(path):
    """What a checkpoint says about the training: its settings, seed and history."""
    return take_apart(path.read_bytes())[1]["training"]
