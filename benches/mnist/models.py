"""The autoencoders: trained so that a training goes on where it was cut off; their latents."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from classifier import BLOCK
from digits import Array, Digits
from settings import Settings
from stages import Stage, as_json, write_whole

from zbins import autoencoders
from zbins._common.arrays import to_host


def train(
    name: str, digits: Digits, settings: Settings, stage: Stage, say: Callable[[str], None]
) -> dict[str, Any]:
    """Train a model epoch by epoch, keep it, and return its history.

    After every epoch the model's checkpoint lies beside the time spent so far; `fit` gives the
    same bits in one call as in many.
    """
    checkpoint, log = stage.path("unfinished"), stage.path("unfinished.json")
    times = json.loads(log.read_text(encoding="utf-8")) if log.exists() else []
    if not checkpoint.exists():
        times = []
    stage.seconds += sum(entry["seconds"] for entry in times)
    stage.cpu_seconds += sum(entry["cpu_seconds"] for entry in times)
    model = _make(name, settings)
    for epoch in range(min(len(times) + 1, settings.epochs), settings.epochs + 1):
        begin, cpu = time.monotonic(), time.process_time()
        model.fit(
            digits.train,
            epochs=epoch,
            batch_size=settings.batch_size,
            checkpoint=checkpoint,
            resume=True,
            random_state=settings.seed,
            device=settings.device,
        )
        spent = {"seconds": time.monotonic() - begin, "cpu_seconds": time.process_time() - cpu}
        if len(times) < epoch:
            times.append(spent)
            write_whole(log, as_json(times))
        shown = ", ".join(f"{k} {v:.2f}" for k, v in model.history_[-1].items() if k != "epoch")
        say(f"  {name}: epoch {epoch} of {settings.epochs}, {shown}, {spent['seconds']:.1f} s")
    model.save(stage.path("safetensors"))
    return {
        "latent_dim": model.latent_dim,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "history": model.history_,
        "epoch_seconds": [entry["seconds"] for entry in times],
    }


def load(name: str, stage: Stage, settings: Settings) -> Any:
    """Return the trained model."""
    return getattr(autoencoders, name).load(stage.path("safetensors"), device=settings.device)


def latents(model: Any, images: Array) -> Array:
    """Return one latent per image as float32: of a VAE the mean of its distribution."""
    found = []
    with torch.inference_mode():
        for i in range(0, len(images), BLOCK):
            z = model.encode(images[i : i + BLOCK])
            found.append(to_host((z[0] if isinstance(z, tuple) else z).float()))
    return np.concatenate(found)


def decoded(model: Any, z: Array) -> torch.Tensor:
    """Return the images of latents, on the model's device."""
    with torch.inference_mode():
        return torch.cat([model.decode(z[i : i + BLOCK]) for i in range(0, len(z), BLOCK)])


def reconstruction_error(model: Any, z: Array, images: Array) -> float:
    """Return the mean over images of the squared error, summed over pixels."""
    with torch.inference_mode():
        wanted = torch.as_tensor(images).float() / 255
        return float((decoded(model, z).cpu() - wanted).square().flatten(1).sum(1).mean())


def _make(name: str, settings: Settings) -> Any:
    return getattr(autoencoders, name)(settings.architecture, random_state=settings.seed)
