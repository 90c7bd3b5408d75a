"""How close decoded samples come to the test images, and how new they are."""

from __future__ import annotations

import functools
from typing import Any

import models
import numpy as np
import torch
from classifier import BLOCK, as_unit
from digits import Array, Digits
from torch import nn


def frechet_distance(a: Array, b: Array) -> float:
    """Return |mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2)), squared as in FID.

    A and B are the covariances. The eigenvalues of A B are those of the symmetric A^(1/2) B
    A^(1/2), so the trace of its root is the sum of their roots.

    Parameters
    ----------
    a, b : ndarray of float64, shape (n, d) and (m, d)
        Features.
    """
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    roots = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0))
    shift = a.mean(0) - b.mean(0)
    distance = shift @ shift + np.trace(cov_a) + np.trace(cov_b) - 2 * roots.sum()
    return max(0.0, float(distance))


def nearest(images: torch.Tensor, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which of the rows is the nearest of each image, and how far away it is.

    Matrix products find the row; the distance is then computed from the differences, since
    |x|^2 + |y|^2 - 2xy would cancel for copies.

    Parameters
    ----------
    images, rows : Tensor of shape (n, ...) and (m, ...)
        Of floats; the Euclidean distance is that of all values.
    """
    flat, squares = rows.flatten(1), rows.flatten(1).square().sum(1)
    found = []
    for block in images.flatten(1).split(BLOCK):
        index = torch.addmm(squares, block, flat.T, alpha=-2).argmin(1)
        found.append((index, (block - flat[index]).square().sum(1).sqrt()))
    indices, distances = zip(*found, strict=True)
    return torch.cat(indices), torch.cat(distances)


class Judge:
    """Measures the decoded samples of one model.

    Parameters
    ----------
    model : Autoencoder
    features : nn.Sequential
        Images to what the Fréchet distance is taken in; its last part is left out for another.
    digits : Digits
    fitted, held_out : ndarray of shape (n, d) and (m, d)
        Latents of the validation images, which samplers are fitted on, and of the test images.
    """

    def __init__(
        self, model: Any, features: nn.Sequential, digits: Digits, fitted: Array, held_out: Array
    ) -> None:
        self._model, self._features, self._digits = model, features, digits
        self._device = next(features.parameters()).device
        self.fitted, self.held_out = fitted, held_out

    def decode(self, z: Array) -> torch.Tensor:
        """Return the images of latents."""
        return models.decoded(self._model, z)

    @functools.cached_property
    def copies(self) -> torch.Tensor:
        """The decoded rows that samplers are fitted on."""
        return self.decode(self.fitted)

    @functools.cached_property
    def unseen_distance(self) -> float:
        """The mean distance from decoded held-out rows to the nearest decoded fitted row."""
        return self.distance(self.decode(self.held_out))

    @functools.cached_property
    def _references(self) -> tuple[Array, Array]:
        return self.features(self.real(self._digits.test))

    def real(self, images: Array) -> torch.Tensor:
        """Return stored images as those that are decoded."""
        return as_unit(images, str(self._device))

    def features(self, images: torch.Tensor) -> tuple[Array, Array]:
        """Return the features of images behind the last part of the network, and in front of it."""
        behind, front = [], []
        with torch.inference_mode():
            for block in images.split(BLOCK):
                front.append(self._features[:-1](block))
                behind.append(self._features[-1](front[-1]))
        return tuple(torch.cat(parts).double().cpu().numpy() for parts in (behind, front))

    def measured(self, images: torch.Tensor) -> dict[str, float]:
        """Return the Fréchet distances to the test images, behind the last part and in front."""
        behind, front = map(frechet_distance, self.features(images), self._references)
        return {"frechet": behind, "frechet_in_front": front}

    def distance(self, images: torch.Tensor) -> float:
        """Return the mean distance to the nearest decoded fitted row, in pixels."""
        return float(nearest(images, self.copies)[1].double().mean())

    def novelty(self, images: torch.Tensor) -> float:
        """Return that distance as a multiple of that of held-out rows, equally many of them."""
        return self.distance(images) / self.unseen_distance

    def pairs(self, images: torch.Tensor) -> dict[str, Array]:
        """Return images, and the nearest decoded fitted row of each, as uint8."""
        index, _ = nearest(images, self.copies)
        return {"images": as_bytes(images), "nearest": as_bytes(self.copies[index])}


def as_bytes(images: torch.Tensor) -> Array:
    """Return images in [0, 1] as uint8 of shape (n, height, width)."""
    return (images[:, 0] * 255).round().to(torch.uint8).cpu().numpy()
