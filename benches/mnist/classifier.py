"""The network in whose features images are compared: a small classifier, trained in the run."""

from __future__ import annotations

from typing import Any

import torch
from digits import Array, Digits
from safetensors.torch import load_file, save
from settings import Settings
from stages import Stage, write_whole
from torch import nn

N_FEATURES = 64
LAYER = "after the last ReLU"  # where the features are taken
BATCH = 128
BLOCK = 1_000  # images that go through a network at once where nothing is learned


def make_classifier() -> nn.Sequential:
    """Return images (n, 1, 28, 28) in [0, 1] -> logits (n, 10), in three parts.

    The last normalization gives every feature variance 1 over the training images before its ReLU,
    and with it the Fréchet distance a scale that does not depend on the run.
    """
    convolutions = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, N_FEATURES, bias=False),
        nn.BatchNorm1d(N_FEATURES, affine=False),
    )
    return nn.Sequential(convolutions, nn.ReLU(), nn.Linear(N_FEATURES, 10))


def as_unit(images: Array, device: str) -> torch.Tensor:
    """Return uint8 images as floats in [0, 1]."""
    return torch.as_tensor(images).to(device).float() / 255


def train(digits: Digits, settings: Settings, stage: Stage) -> dict[str, Any]:
    """Train on the training images, keep the weights, and return the accuracy on the others."""
    torch.manual_seed(settings.seed)
    network = make_classifier().to(settings.device)
    images = torch.as_tensor(digits.train).to(settings.device)
    labels = torch.as_tensor(digits.train_labels).to(settings.device)
    steps = settings.classifier_epochs * -(-len(images) // BATCH)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=max(2, steps))
    for _ in range(settings.classifier_epochs):
        for rows in torch.randperm(len(images)).to(settings.device).split(BATCH):
            loss = nn.functional.cross_entropy(network(images[rows].float() / 255), labels[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()
    with torch.inference_mode():
        named = torch.cat([network(as_unit(x, settings.device)).argmax(1) for x in _blocks(digits)])
    accuracy = float((named.cpu() == torch.as_tensor(digits.test_labels)).double().mean())
    write_whole(stage.path("safetensors"), save(network.state_dict()))
    return {
        "accuracy": accuracy,
        "features": N_FEATURES,
        "epochs": settings.classifier_epochs,
        "parameters": sum(weight.numel() for weight in network.parameters()),
    }


def load_features(stage: Stage, device: str) -> nn.Module:
    """Return the trained network up to its features, in two parts; the second is the last ReLU.

    The features are those behind it, which the last layer reads: what the ReLU takes away the
    classifier does not use. The page has the comparison in front of it too, which comes out
    differently.
    """
    network = make_classifier()
    network.load_state_dict(load_file(stage.path("safetensors")))
    return network[:2].to(device).eval()


def _blocks(digits: Digits) -> list[Array]:
    return [digits.test[i : i + BLOCK] for i in range(0, len(digits.test), BLOCK)]
