"""A grid of images as one picture, and the loggers that take it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..._common.arrays import to_host
from ..._common.extras import pip_install
from ..._common.images import check_black_and_white, mosaic, unit_values
from ..._io.atomic import atomic_file
from ..._types import Array

_GAP = 2  # pixels


def check_range(value_range: Any) -> tuple[float, float]:
    """Return what is black and what is white, or refuse it."""
    return check_black_and_white(value_range, "accepted is (lowest, highest)")


def picture_of(images: torch.Tensor, value_range: tuple[float, float]) -> torch.Tensor:
    """Return images as one, in about as many rows as columns.

    Parameters
    ----------
    images : Tensor of shape (n, c, height, width) or (n, height, width)
        With 1 or 3 channels; at least one.
    value_range : pair of float
        What is black and what is white; values beyond are clipped. NaN is black, so that a training
        that goes wrong is seen.

    Returns
    -------
    picture : float32 Tensor of shape (c, rows * (height + 2) + 2, columns * (width + 2) + 2)
        From 0 to 1, on the CPU; with black pixels around each image.

    Raises
    ------
    ValueError
        For another shape.
    """
    shape = tuple(images.shape)
    if images.ndim == 3:
        images = images.unsqueeze(1)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not images.numel():
        raise ValueError(
            f"decode makes tensors of shape {shape}, which are no images; accepted are (n, height, "
            "width) and (n, c, height, width) with 1 or 3 channels: reshape them in decode, or "
            "pass n_images=0"
        )
    values = to_host(images).transpose(0, 2, 3, 1)
    unit = np.nan_to_num(unit_values(values, *value_range)).astype(np.float32)
    inner = mosaic(unit, math.ceil(math.sqrt(len(unit))), _GAP)
    picture = np.pad(inner, ((_GAP, _GAP), (_GAP, _GAP), (0, 0)))
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


def show(
    picture: torch.Tensor, loggers: Iterable[Any], name: str, epoch: int, step: int, folder: str
) -> None:
    """Hand a picture to loggers; where one takes none, write a PNG into its folder.

    Parameters
    ----------
    picture : Tensor of shape (c, height, width)
        From 0 to 1.
    loggers : iterable of Logger
        Lightning's: those with ``log_image`` (Weights & Biases), and those whose ``experiment`` has
        ``add_image`` (TensorBoard), take images.
    name : str
        What the images are called there.
    epoch, step : int
        When they were made.
    folder : str
        Where pictures go of a logger that has no folder.
    """
    for logger in loggers:
        if callable(getattr(logger, "log_image", None)):
            logger.log_image(key=name, images=[_pixels(picture)], step=step)
        elif callable(getattr(logger.experiment, "add_image", None)):
            logger.experiment.add_image(name, picture, global_step=step)
        else:
            chosen = getattr(logger, "log_dir", None) or getattr(logger, "save_dir", None)
            path = Path(chosen or folder) / name / f"epoch={epoch}-step={step}.png"
            _write(path, picture, type(logger).__name__)


def _pixels(picture: torch.Tensor) -> Array:
    """Return a picture as uint8 of shape (height, width) or (height, width, 3)."""
    levels = (picture * 255).round().to(torch.uint8).numpy()
    pixels: Array = (
        levels[0] if len(levels) == 1 else np.ascontiguousarray(levels.transpose(1, 2, 0))
    )
    return pixels


def _write(path: Path, picture: torch.Tensor, logger: str) -> None:
    try:
        from PIL import Image
    except ImportError:
        warnings.warn(
            f"images are not logged: {logger} takes none (TensorBoardLogger and WandbLogger do), "
            "and Pillow, which would write them to files, is not installed: "
            f"{pip_install('data')}; "
            "or pass n_images=0",
            stacklevel=2,
        )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        Image.fromarray(_pixels(picture)).save(file, "PNG")
