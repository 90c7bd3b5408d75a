"""What training needs to go on as if it had never stopped.

A checkpoint holds the weights ("model."), Adam's moments and step of each parameter ("optimizer."),
with early stopping the weights of the best epoch ("best."), the state of a DataLoader's own
generator ("loader"), and in its metadata the settings, the seed and the history. All other draws
of an epoch are seeded anew from the seed and the number of the epoch, so that no other state is
left to keep.
"""

from __future__ import annotations

import math
import os
from typing import Any

import torch

from ._files import Tensors, check_state, damaged, description, read, write

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")


def save_checkpoint(
    path: str | os.PathLike[str],
    model: Any,
    optimizer: Any,
    training: dict[str, Any],
    best: Tensors | None,
    loader: torch.Generator | None,
) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    training : dict
        "settings", "seed" and "history", as JSON values.
    best : dict of Tensor or None
        State of the best epoch so far.
    loader : torch.Generator or None
        What the DataLoader shuffles with.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": moments[name] for name in _MOMENTS}
    tensors |= {f"best.{name}": value for name, value in (best or {}).items()}
    if loader is not None:
        tensors["loader"] = loader.get_state()
    write(path, tensors, description(model, training))


class Checkpoint:
    """A checkpoint that was read, its metadata checked.

    Attributes
    ----------
    seed : int
        Of the training.
    history : list of dict
        Of the epochs so far, at least one.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is damaged, or no checkpoint.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._tensors, self._metadata = read(path)
        try:
            self._training = _training_of(self._metadata["training"])
        except ValueError as error:
            raise damaged(path, error) from error
        self.seed: int = self._training["seed"]
        self.history: list[dict[str, float]] = self._training["history"]

    def restore(
        self,
        model: Any,
        optimizer: Any,
        settings: dict[str, Any],
        seed: int,
        loader: torch.Generator | None,
    ) -> Tensors | None:
        """Put the model, the optimizer and the loader's generator into the checkpoint's state.

        Parameters
        ----------
        settings : dict
            Those of this call: the checkpoint's must be equal.
        seed : int
            Likewise.

        Returns
        -------
        best : dict of Tensor or None
            Weights of the best epoch, with early stopping.

        Raises
        ------
        ValueError
            If it is of another model or other settings, or its tensors are not those of a
            checkpoint. Then nothing has changed.
        """
        self._check_model(description(model))
        self._check_settings({**settings, "random_state": seed})
        try:
            parts = _parts(self._tensors)
            check_state(parts["model"], model.state_dict(), "model.")
            moments = _moments_of(parts["optimizer"], optimizer)
            best = parts.get("best")
            if best is not None:
                check_state(best, model.state_dict(), "best.")
            if (best is None) != (settings["patience"] is None):
                raise ValueError("it has no best weights, or some without early stopping")
            self._restore_loader(parts.get("loader", {}).get(""), loader)
        except (ValueError, RuntimeError, TypeError) as error:
            raise damaged(self._path, error) from error
        model.load_state_dict(parts["model"])
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
        return best

    def _restore_loader(self, state: torch.Tensor | None, loader: torch.Generator | None) -> None:
        if (state is None) != (loader is None):
            which = "no generator" if state is None else "a generator"
            raise ValueError(f"it was made with {which} of a DataLoader's own, unlike this call")
        if loader is not None:
            loader.set_state(state)

    def _check_model(self, expected: dict[str, Any]) -> None:
        for key in ("autoencoder", "arguments"):
            if self._metadata[key] != expected[key]:
                raise ValueError(
                    f"the checkpoint {os.fspath(self._path)!r} is of another model: it has the "
                    f"{key} {self._metadata[key]!r}; this model has {expected[key]!r}"
                )

    def _check_settings(self, wanted: dict[str, Any]) -> None:
        found = {**self._training["settings"], "random_state": self.seed}
        for key in sorted(set(found) | set(wanted)):
            if found.get(key) != wanted.get(key):
                raise ValueError(
                    f"the checkpoint {os.fspath(self._path)!r} was made with "
                    f"{key}={found.get(key)!r}; this call has {key}={wanted.get(key)!r}"
                )


def _parts(tensors: Tensors) -> dict[str, Tensors]:
    """Return the tensors by the first word of their names."""
    parts: dict[str, Tensors] = {"model": {}, "optimizer": {}}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        if part not in ("model", "optimizer", "best", "loader"):
            raise ValueError(f"the tensor {name!r} is not one of a checkpoint")
        parts.setdefault(part, {})[rest] = value
    return parts


def _moments_of(tensors: Tensors, optimizer: Any) -> dict[int, Tensors]:
    """Return Adam's state by the number of the parameter."""
    parameters = optimizer.param_groups[0]["params"]
    expected = {
        f"{number}.{name}": torch.zeros((), device="meta") if name == "step" else parameter
        for number, parameter in enumerate(parameters)
        for name in _MOMENTS
    }
    check_state(
        {name: value for name, value in tensors.items() if not name.endswith("step")},
        {name: value for name, value in expected.items() if not name.endswith("step")},
        "optimizer.",
    )
    steps = {name: value for name, value in tensors.items() if name.endswith("step")}
    check_state(steps, {n: v for n, v in expected.items() if n.endswith("step")}, "optimizer.")
    return {
        number: {name: tensors[f"{number}.{name}"] for name in _MOMENTS}
        for number in range(len(parameters))
    }


def _training_of(value: Any) -> dict[str, Any]:
    """Return the metadata on training, or refuse what cannot be that."""
    if not isinstance(value, dict) or set(value) != {"settings", "seed", "history"}:
        raise ValueError("it is a model without a state of training")
    history = value["history"]
    if type(value["seed"]) is not int or not 0 <= value["seed"] < 1 << 64:
        raise ValueError(f"its seed is {value['seed']!r}")
    if not isinstance(value["settings"], dict) or not isinstance(history, list) or not history:
        raise ValueError("it has no settings, or no history")
    for number, entry in enumerate(history, 1):
        if not isinstance(entry, dict) or entry.get("epoch") != number or "loss" not in entry:
            raise ValueError(f"its history has no epoch {number}")
        if not all(type(v) in (int, float) and math.isfinite(v) for v in entry.values()):
            raise ValueError(f"epoch {number} of its history has a value that is not finite")
        if value["settings"].get("patience") is not None and "validation_loss" not in entry:
            raise ValueError(f"epoch {number} of its history has no validation loss")
    return value
