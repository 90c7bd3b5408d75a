"""The networks: one table per table of the paper, and a small one for any image size.

Tables 3 to 5 of Bouayed, Iaccovelli, Naccache, *Sampling From Autoencoders' Latent Space via
Quantization And Probability Mass Function Concepts*; training settings from its section 5.2. Where
what is printed is no network for the paper's images, the nearest that is stands here, with a
comment; docs/decisions/0007-architectures.md has the arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from .._common.checks import is_int

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Layer:
    """A convolution, or a transposed one, of height and width.

    Attributes
    ----------
    channels : int
        That come out.
    kernel : (int, int)
        Height and width.
    stride : int
        Of both.
    padding : (int, int)
        Height and width; of a transposed convolution what is cut off each side.
    """

    channels: int
    kernel: tuple[int, int]
    stride: int = 2
    padding: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Architecture:
    """An encoder, a decoder, and how they are trained.

    Attributes
    ----------
    input_shape : (int, int, int)
        Channels, height and width of an image.
    latent_dim : int
        Of a latent.
    encoder : tuple of Layer
        Convolutions, each followed by batch normalization and ReLU; then a linear layer (two in
        the stochastic models).
    features : (int, int, int)
        What the linear layer of the decoder gives: channels, height and width.
    decoder : tuple of Layer
        Transposed convolutions, each followed by batch normalization and ReLU, the last by a
        sigmoid.
    norm_features : bool
        Whether batch normalization and ReLU follow the linear layer of the decoder.
    epochs, batch_size, learning_rate : int, int and float
        With Adam, beta_1 = 0.9 and beta_2 = 0.999.
    """

    input_shape: Shape
    latent_dim: int
    encoder: tuple[Layer, ...]
    features: Shape
    decoder: tuple[Layer, ...]
    norm_features: bool = True
    epochs: int = 50
    batch_size: int = 64
    learning_rate: float = 1e-3


def _halving(*channels: int) -> tuple[Layer, ...]:
    """Return convolutions that halve height and width each, or transposed ones that double them."""
    return tuple(Layer(n, (4, 4), 2, (1, 1)) for n in channels)


_OF_THE_PAPER = {
    "mnist": Architecture(  # Table 3
        input_shape=(1, 28, 28),
        latent_dim=32,
        encoder=_halving(128, 256, 512, 1024),
        features=(1024, 4, 4),
        decoder=(
            Layer(512, (4, 4), 2, (1, 1)),
            Layer(256, (4, 4), 2, (2, 2)),
            Layer(1, (4, 4), 2, (1, 1)),  # printed: 256 channels, where an image has one
        ),
        norm_features=False,  # as printed, unlike Tables 4 and 5
    ),
    "celeba": Architecture(  # Table 4
        input_shape=(3, 218, 178),
        latent_dim=256,
        encoder=_halving(128, 256, 512, 1024),
        features=(1024, 13, 11),  # printed: (1024, 4, 4), of 146,432 values: 1024 * 13 * 11
        decoder=(
            Layer(512, (3, 4), 2, (0, 1)),
            Layer(256, (3, 4), 2, (0, 1)),
            Layer(128, (3, 4), 2, (1, 1)),
            Layer(3, (2, 4), 2, (0, 0)),
        ),
        epochs=100,
        learning_rate=1e-4,
    ),
    "mobius": Architecture(  # Table 5
        input_shape=(3, 1700, 3000),
        latent_dim=256,
        encoder=(
            Layer(32, (7, 7), 3),
            Layer(64, (7, 7), 3),
            Layer(128, (7, 7), 3),
            Layer(256, (7, 7), 3),
            Layer(512, (7, 7), 3),
            Layer(1024, (5, 5), 2),
        ),
        features=(1024, 1, 3),
        decoder=(
            Layer(512, (7, 7), 2, (0, 0)),
            Layer(256, (5, 7), 3, (1, 0)),
            Layer(128, (5, 7), 3, (1, 2)),
            Layer(64, (5, 7), 3, (1, 2)),
            Layer(32, (5, 7), 3, (1, 2)),
            Layer(3, (4, 6), 3, (1, 0)),
        ),
    ),
}
_NAMES = (*_OF_THE_PAPER, "small")


def _small(input_shape: Shape) -> Architecture:
    """Return a network of two convolutions that a CPU trains in minutes (ours, not the paper's).

    Parameters
    ----------
    input_shape : (int, int, int)
        Channels, height and width; the last two divisible by 4.
    """
    channels, height, width = input_shape
    return Architecture(
        input_shape=input_shape,
        latent_dim=16,
        encoder=_halving(16, 32),
        features=(32, height // 4, width // 4),
        decoder=_halving(16, channels),
    )


def architecture_of(name: object, input_shape: object, latent_dim: object) -> Architecture:
    """Return the architecture of that name, for that shape and dimension (None: its own).

    Raises
    ------
    ValueError
        For an unknown name, a shape that the architecture is not made for, or a dimension below 1.
    TypeError
        For a name that is no string, a shape not of three ints, or a dimension that is no int.
    """
    if not isinstance(name, str):
        raise TypeError(f"architecture is {name!r}; accepted are {', '.join(map(repr, _NAMES))}")
    if name not in _NAMES:
        raise ValueError(f"architecture is {name!r}; accepted are {', '.join(map(repr, _NAMES))}")
    shape = None if input_shape is None else _as_shape(input_shape)
    if name == "small":
        architecture = _small(_divisible_by_four(shape or (1, 28, 28)))
    else:
        architecture = _OF_THE_PAPER[name]
        if shape not in (None, architecture.input_shape):
            raise ValueError(
                f"input_shape is {shape}; architecture {name!r} is for {architecture.input_shape}, "
                "and 'small' for any height and width divisible by 4"
            )
    if latent_dim is None:
        return architecture
    if not is_int(latent_dim):
        raise TypeError(f"latent_dim is {latent_dim!r}; accepted are None and an int of at least 1")
    if int(latent_dim) < 1:  # type: ignore[call-overload]
        raise ValueError(f"latent_dim is {latent_dim}; accepted are None and an int of at least 1")
    return replace(architecture, latent_dim=int(latent_dim))  # type: ignore[call-overload]


def _as_shape(value: Any) -> Shape:
    """Return channels, height and width as ints, or refuse them."""
    plain = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    if not plain or len(value) != 3 or not all(is_int(size) for size in value):
        raise TypeError(
            f"input_shape is {value!r}; accepted are three ints: channels, height and width"
        )
    if min(value) < 1:
        raise ValueError(f"input_shape is {tuple(value)}; its sizes must be at least 1")
    channels, height, width = (int(size) for size in value)
    return channels, height, width


def _divisible_by_four(shape: Shape) -> Shape:
    if shape[1] % 4 or shape[2] % 4:
        raise ValueError(
            f"the height and width of input_shape {shape} are {shape[1]} and {shape[2]}; "
            "architecture 'small' takes images whose height and width are divisible by 4"
        )
    return shape


def encoder_of(architecture: Architecture) -> tuple[torch.nn.Module, int]:
    """Return the convolutions, flattened at the end, and how many values come out of them."""
    channels, height, width = architecture.input_shape
    layers: list[torch.nn.Module] = []
    for layer in architecture.encoder:
        layers += [
            torch.nn.Conv2d(channels, layer.channels, layer.kernel, layer.stride, layer.padding),
            torch.nn.BatchNorm2d(layer.channels),
            torch.nn.ReLU(),
        ]
        channels = layer.channels
        height, width = (
            (size + 2 * padding - kernel) // layer.stride + 1
            for size, padding, kernel in zip(
                (height, width), layer.padding, layer.kernel, strict=True
            )
        )
    return torch.nn.Sequential(*layers, torch.nn.Flatten()), channels * height * width


def decoder_of(architecture: Architecture) -> torch.nn.Module:
    """Return the network from a latent to an image."""
    channels, height, width = architecture.features
    size = channels * height * width
    layers: list[torch.nn.Module] = [torch.nn.Linear(architecture.latent_dim, size)]
    if architecture.norm_features:
        layers += [torch.nn.BatchNorm1d(size), torch.nn.ReLU()]
    layers.append(torch.nn.Unflatten(1, architecture.features))
    widths = [channels, *(layer.channels for layer in architecture.decoder)]
    for layer, (before, after) in zip(
        architecture.decoder, itertools.pairwise(widths), strict=True
    ):
        layers += [
            torch.nn.ConvTranspose2d(before, after, layer.kernel, layer.stride, layer.padding),
            torch.nn.BatchNorm2d(after),
            torch.nn.ReLU(),
        ]
    return torch.nn.Sequential(*layers[:-2], torch.nn.Sigmoid())
