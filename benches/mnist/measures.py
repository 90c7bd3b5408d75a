"""How close decoded samples come to the test images, and how new they are."""

from __future__ import annotations

import functools
from typing import Any

import models
import torch
from classifier import BLOCK, as_unit
from digits import Array, Digits
from torch import nn

from zbins._common.arrays import to_host
from zbins._common.nearest import nearest_rows
from zbins.metrics import Novelty, frechet_distance, novelty

VERSION = 2  # one more, and samplers are measured again; networks are not trained again


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
    def reconstructions(self) -> torch.Tensor:
        """The decoded held-out rows."""
        return self.decode(self.held_out)

    @functools.cached_property
    def _references(self) -> tuple[torch.Tensor, torch.Tensor]:
        return self.features(self.real(self._digits.test))

    def real(self, images: Array) -> torch.Tensor:
        """Return stored images as those that are decoded."""
        return as_unit(images, str(self._device))

    def features(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the features of images behind the last part of the network, and in front of it."""
        behind, front = [], []
        with torch.inference_mode():
            for block in images.split(BLOCK):
                front.append(self._features[:-1](block))
                behind.append(self._features[-1](front[-1]))
        return torch.cat(behind), torch.cat(front)

    def measured(self, images: torch.Tensor) -> dict[str, float]:
        """Return the Fréchet distances to the test images, behind the last part and in front."""
        behind, front = map(frechet_distance, self.features(images), self._references)
        return {"frechet": behind, "frechet_in_front": front}

    def novelty(self, images: torch.Tensor) -> Novelty:
        """Return how new images are among decoded rows, in pixels."""
        return novelty(images, self.copies, self.reconstructions, features="pixels")

    def pairs(self, images: torch.Tensor) -> dict[str, Array]:
        """Return images, and the nearest decoded fitted row of each, as uint8."""
        index, _ = nearest_rows(*(to_host(part.flatten(1)) for part in (images, self.copies)))
        return {"images": as_bytes(images), "nearest": as_bytes(self.copies)[index]}


def as_bytes(images: torch.Tensor) -> Array:
    """Return images in [0, 1] as uint8 of shape (n, height, width)."""
    return to_host((images[:, 0] * 255).round().to(torch.uint8))
