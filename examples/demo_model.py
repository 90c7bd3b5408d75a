"""The data and the two networks: an autoencoder, and the classifier that judges its pictures."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

N_TRAIN, N_VALIDATION, N_TEST = 700, 700, 397  # all of the 1,797 digits
N_LATENT = 6
N_FEATURES = 32  # well below N_TEST, or the covariances of the Fréchet distance mean nothing
BATCH = 50


@dataclass(frozen=True)
class Digits:
    """Three disjoint parts of the digits, each with the same share of every class.

    The networks see `train` only. The samplers are fitted on the latents of `validation` (as in
    the PMFS paper), and `test` is what nobody has seen: the reference of all measures.
    """

    train: torch.Tensor
    train_labels: torch.Tensor
    validation: torch.Tensor
    validation_labels: torch.Tensor
    test: torch.Tensor
    test_labels: torch.Tensor


def load_parts(seed: int) -> Digits:
    """Return the bundled digits as images of shape (n, 1, 8, 8) in [0, 1], split in three."""
    pixels, classes = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    labels = torch.tensor(classes)
    rest, test = train_test_split(
        np.arange(len(labels)), test_size=N_TEST, stratify=classes, random_state=seed
    )
    train, validation = train_test_split(
        rest, train_size=N_TRAIN, stratify=classes[rest], random_state=seed
    )
    parts = (train, validation, test)
    return Digits(*(of for rows in parts for of in (images[rows], labels[rows])))


def _narrower(n_in: int, n_out: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]


def _wider(n_in: int, n_out: int) -> list[nn.Module]:
    layer = nn.ConvTranspose2d(n_in, n_out, 4, 2, 1, bias=False)
    return [layer, nn.BatchNorm2d(n_out), nn.ReLU()]


def make_encoder() -> nn.Sequential:
    """Return images (n, 1, 8, 8) -> latents (n, N_LATENT)."""
    return nn.Sequential(
        *_narrower(1, 24, 1),
        *_narrower(24, 48, 2),
        *_narrower(48, 96, 2),
        nn.Flatten(),
        nn.Linear(96 * 2 * 2, N_LATENT),
        # Latents of unit variance give the noise below, and the bandwidth of KDE, a scale.
        nn.BatchNorm1d(N_LATENT, affine=False),
    )


def make_decoder() -> nn.Sequential:
    """Return latents (n, N_LATENT) -> images (n, 1, 8, 8)."""
    return nn.Sequential(
        nn.Linear(N_LATENT, 96 * 2 * 2),
        nn.ReLU(),
        nn.Unflatten(1, (96, 2, 2)),
        *_wider(96, 48),
        *_wider(48, 24),
        nn.Conv2d(24, 1, 3, 1, 1),
        nn.Sigmoid(),
    )


def make_features() -> nn.Sequential:
    """Return images -> features (n, N_FEATURES): the classifier without its last layer."""
    return nn.Sequential(
        *_narrower(1, 32, 1),
        *_narrower(32, 64, 2),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(64 * 4 * 4, N_FEATURES),
        nn.ReLU(),
    )


def train_autoencoder(digits: Digits, epochs: int) -> tuple[nn.Sequential, nn.Sequential]:
    """Train encoder and decoder on the pixels' squared error; return them in eval mode."""
    encoder, decoder = make_encoder(), make_decoder()
    images = digits.train

    def loss(rows: torch.Tensor) -> torch.Tensor:
        wanted = images[rows]
        latents = encoder(wanted + 0.05 * torch.randn_like(wanted))
        # Noise on the latents keeps the decoder smooth between them; 700 images alone do not.
        return nn.functional.mse_loss(decoder(latents + 0.1 * torch.randn_like(latents)), wanted)

    _train("autoencoder", [encoder, decoder], loss, len(images), epochs)
    return encoder, decoder


def train_classifier(digits: Digits, epochs: int) -> tuple[nn.Sequential, float]:
    """Train the classifier; return its features in eval mode, and its accuracy on `test`."""
    features, head = make_features(), nn.Linear(N_FEATURES, 10)
    images, labels = digits.train, digits.train_labels

    def loss(rows: torch.Tensor) -> torch.Tensor:
        seen = images[rows]
        scores = head(features(seen + 0.1 * torch.randn_like(seen)))
        return nn.functional.cross_entropy(scores, labels[rows])

    _train("classifier", [features, head], loss, len(images), epochs)
    with torch.inference_mode():
        right = head(features(digits.test)).argmax(1) == digits.test_labels
    return features, float(right.float().mean())


def _train(
    title: str,
    networks: list[nn.Module],
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    n: int,
    epochs: int,
) -> None:
    """Minimize `loss_of(rows)` over shuffled batches of the rows 0 to n - 1."""
    parameters = [p for network in networks for p in network.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=4e-3)
    steps = epochs * (n // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    begin = time.monotonic()
    for epoch in range(1, epochs + 1):
        total = 0.0
        batches = torch.randperm(n)[: n // BATCH * BATCH].split(BATCH)
        for rows in batches:
            optimizer.zero_grad()
            loss = loss_of(rows)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        _report(title, epoch, epochs, total / len(batches), time.monotonic() - begin)
    for network in networks:
        network.eval()


def _report(title: str, epoch: int, epochs: int, loss: float, seconds: float) -> None:
    """Show one moving line on a terminal, and ten plain lines in a log."""
    last = epoch == epochs
    line = f"  {title}: epoch {epoch:3d} of {epochs}, loss {loss:.4f}, {seconds:.0f} s"
    if sys.stderr.isatty():
        print(f"\r{line:<78}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif last or epoch % max(1, epochs // 10) == 0:
        print(line, file=sys.stderr, flush=True)
