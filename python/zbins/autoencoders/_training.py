"""Training: Adam over shuffled batches, validation, early stopping, checkpoints; its parameters."""

from __future__ import annotations

import contextlib
import math
import numbers
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from .._common.checks import is_int
from .._common.progress import Progress, check_progress
from .._common.seeds import check_random_state, draw_seed
from ..torch.networks import device_of, seeded
from ._architectures import Architecture
from ._checkpoints import Checkpoint, save_checkpoint
from ._files import Tensors
from ._images import ImageLoader, Images, as_unit, at_least_two, source_of

# Purposes of the seeds of an epoch; epoch 0 is before the first.
_SHUFFLE, _NOISE, _GLOBAL, _SPLIT = range(4)

History = list[dict[str, float]]


class Plan:
    """What `AE.fit` was asked for, checked, the paper's settings filled in.

    Parameters
    ----------
    architecture : Architecture
        Has the paper's settings.
    epochs, batch_size, ... : object
        As in `AE.fit`.

    Attributes
    ----------
    batch_size_given : bool
        Whether the caller said so, rather than the paper.
    validation : float, object or None
        The share of the images held out, or what has them.
    device : torch.device or None
        None: where the model is.

    Raises
    ------
    ValueError, TypeError
        Naming the parameter, its value, and what is accepted.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        epochs: Any,
        batch_size: Any,
        learning_rate: Any,
        validation: Any,
        patience: Any,
        checkpoint: Any,
        resume: Any,
        random_state: Any,
        device: Any,
        mixed_precision: Any,
        compile: Any,
        progress: Any,
    ) -> None:
        check_random_state(random_state)
        for name, value in {
            "resume": resume,
            "mixed_precision": mixed_precision,
            "compile": compile,
        }.items():
            if not isinstance(value, bool):
                raise TypeError(f"{name} is {value!r}; accepted are True and False")
        if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
            raise TypeError(f"checkpoint is {checkpoint!r}; accepted are None and a path")
        if resume and checkpoint is None:
            raise ValueError(
                "resume is True, but checkpoint is None; there is nothing to go on from"
            )
        share = _share_of(validation)
        self.validation: Any = validation if share is None else share
        self.patience = None if patience is None else _whole("patience", patience, 1)
        if patience is not None and validation is None:
            raise ValueError(
                f"patience is {patience}, but validation is None; early stopping needs it"
            )
        self.epochs = architecture.epochs if epochs is None else _whole("epochs", epochs, 0)
        self.batch_size_given = batch_size is not None
        self.batch_size = (
            _whole("batch_size", batch_size, 2)
            if self.batch_size_given
            else architecture.batch_size
        )
        self.learning_rate = (
            architecture.learning_rate if learning_rate is None else _rate_of(learning_rate)
        )
        self.checkpoint = None if checkpoint is None else os.fspath(checkpoint)
        self.resume, self.random_state = resume, random_state
        self.device = None if device is None else device_of(device)
        self.mixed_precision, self.compile = mixed_precision, compile
        self.progress = check_progress(progress)


def _whole(name: str, value: Any, least: int) -> int:
    if not is_int(value):
        raise TypeError(f"{name} is {value!r}; accepted are None and an int of at least {least}")
    if value < least:
        raise ValueError(f"{name} is {value}; accepted are None and an int of at least {least}")
    return int(value)


def _rate_of(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"learning_rate is {value!r}; accepted are None and a number above 0")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"learning_rate is {value}; accepted are None and a finite number above 0")
    return float(value)


def _share_of(validation: Any) -> float | None:
    """Return the share held out, if validation is one."""
    if isinstance(validation, bool) or not isinstance(validation, numbers.Real):
        return None
    if not 0 < float(validation) < 1:
        raise ValueError(
            f"validation is {validation}; a share of the images lies between 0 and 1, without both"
        )
    return float(validation)


def _title(epoch: int, epochs: int, entry: dict[str, float]) -> str:
    """Return the epoch, and the loss with its terms, for the progress bar."""
    shown = " ".join(f"{k} {v:.4g}" for k, v in entry.items() if k != "epoch")
    return f"epoch {epoch}/{epochs} {shown}".rstrip()


def train(model: Any, data: Any, plan: Plan) -> History:
    """Train a model in place, and leave it in eval mode; what fails leaves it as it was.

    Returns
    -------
    history : list of dict
        Per epoch its number and the means of the terms of the loss.

    Raises
    ------
    ValueError, TypeError, FloatingPointError, OSError
        As `AE.fit` says.
    """
    source = source_of(data, "data")
    if isinstance(source, ImageLoader):
        _check_loader(plan)
    _check_number(source, "data")
    shape = source.shape() if model._any_shape else model.input_shape
    source.check(shape)
    found = None
    if plan.resume and plan.checkpoint is not None and os.path.exists(plan.checkpoint):
        found = Checkpoint(plan.checkpoint)
    seed = found.seed if found and not is_int(plan.random_state) else draw_seed(plan.random_state)
    held_out: Images | None = None
    if isinstance(plan.validation, float):
        source, held_out = _split(source, plan.validation, seed)
    elif plan.validation is not None:
        held_out = source_of(plan.validation, "validation")
        _check_number(held_out, "validation")
        held_out.check(shape)
    with _restored_on_failure(model):
        model._adapt(shape)
        if plan.device is not None:
            model.to(plan.device)
        history = _Run(model, source, held_out, plan, seed).go(found)
        model._any_shape = False
        model.eval()
    return history


def _check_loader(plan: Plan) -> None:
    if plan.batch_size_given:
        raise ValueError(
            f"batch_size is {plan.batch_size}; data is a DataLoader, which has its own: pass None"
        )
    if isinstance(plan.validation, float):
        raise ValueError(
            f"validation is {plan.validation}; a share of a DataLoader cannot be held out: pass "
            "the images"
        )


def _check_number(images: Images, name: str) -> None:
    if images.n is not None and images.n < 2:
        raise ValueError(f"{name} has {images.n} images; accepted are at least 2")


def _split(source: Images, share: float, seed: int) -> tuple[Images, Images]:
    """Return the images without and with those held out."""
    assert source.n is not None
    out = round(share * source.n)
    if out < 2 or source.n - out < 2:
        raise ValueError(
            f"validation is {share} of {source.n} images, which leaves {source.n - out} and {out}; "
            "accepted is what leaves at least 2 of both"
        )
    generator = torch.Generator().manual_seed(_seed_of(seed, 0, _SPLIT))
    order = torch.randperm(source.n, generator=generator)
    return source.take(order[out:].sort().values), source.take(order[:out].sort().values)


@contextlib.contextmanager
def _restored_on_failure(model: Any) -> Iterator[None]:
    """Give the model its networks, weights, device and mode back if the block fails."""
    networks = dict(model._modules)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [(module, module.training) for module in model.modules()]
    place, shape, any_shape = model._place(), model.input_shape, model._any_shape
    try:
        yield
    except BaseException:
        for name, network in networks.items():
            setattr(model, name, network)
        model.to(place).load_state_dict(state)
        for module, training in modes:
            module.training = training
        model.input_shape, model._any_shape = shape, any_shape
        raise
    finally:
        model.zero_grad(set_to_none=True)


class _Run:
    """One training: the model, its optimizer, and what has come out so far."""

    def __init__(
        self, model: Any, source: Images, held_out: Images | None, plan: Plan, seed: int
    ) -> None:
        self._model, self._source, self._held_out = model, source, held_out
        self._plan, self._seed = plan, seed
        self._place, self._kind = model._place(), model._kind()
        self._optimizer = torch.optim.Adam(
            model.parameters(), lr=plan.learning_rate, betas=(0.9, 0.999)
        )
        self._terms: Callable[..., dict[str, torch.Tensor]] = (
            torch.compile(model._terms) if plan.compile else model._terms
        )
        self._history: History = []
        self._best: Tensors | None = None

    def go(self, found: Checkpoint | None) -> History:
        """Train to the end of the plan, from the checkpoint if there is one."""
        epochs = self._plan.epochs
        if found is not None:
            if len(found.history) > epochs:
                raise ValueError(
                    f"epochs is {epochs}; the checkpoint {self._plan.checkpoint!r} has seen "
                    f"{len(found.history)} already"
                )
            self._best = found.restore(
                self._model, self._optimizer, self._settings(), self._seed, self._loader()
            )
            self._history = list(found.history)
        per_epoch = self._source.n_batches(self._plan.batch_size)
        left = None if per_epoch is None else per_epoch * (epochs - len(self._history))
        with Progress(self._plan.progress, left, "training", "batch") as progress:
            for epoch in range(len(self._history) + 1, epochs + 1):
                if self._stale():
                    break
                progress.describe(_title(epoch, epochs, self._history[-1] if self._history else {}))
                self._history.append(self._epoch(epoch, progress))
                progress.describe(_title(epoch, epochs, self._history[-1]))
                self._keep()
        if self._best is not None:
            self._model.load_state_dict(self._best)
        return self._history

    def _epoch(self, epoch: int, progress: Progress) -> dict[str, float]:
        """See all images once; what a Dataset draws from torch follows from the seed too."""
        shuffling = torch.Generator().manual_seed(_seed_of(self._seed, epoch, _SHUFFLE))
        entry: dict[str, float] = {"epoch": epoch}
        with seeded(_seed_of(self._seed, epoch, _GLOBAL)):
            self._model.train()
            noise = torch.Generator(self._place).manual_seed(_seed_of(self._seed, epoch, _NOISE))
            entry |= self._pass(self._source, "data", shuffling, noise, progress)
            if self._held_out is not None:
                self._model.eval()
                # The same draws at every epoch: the losses differ by the weights alone.
                noise = torch.Generator(self._place).manual_seed(_seed_of(self._seed, 0, _NOISE))
                with torch.no_grad():
                    found = self._pass(self._held_out, "validation", None, noise, None)
                entry |= {f"validation_{name}": value for name, value in found.items()}
        for name, value in entry.items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} is {value} in epoch {epoch}; a learning_rate below "
                    f"{self._plan.learning_rate:g} may help"
                )
        return entry

    def _pass(
        self,
        images: Images,
        name: str,
        shuffling: torch.Generator | None,
        noise: torch.Generator,
        progress: Progress | None,
    ) -> dict[str, float]:
        """Return the means of the terms over all images; with a progress, learn from them."""
        totals: dict[str, torch.Tensor] = {}
        n = 0
        shape = self._model.input_shape
        batches = images.batches(self._plan.batch_size, shape, shuffling)
        for raw in at_least_two(batches, name):
            batch = as_unit(raw, self._place, self._kind)
            with torch.autocast(
                self._place.type, torch.bfloat16, enabled=self._plan.mixed_precision
            ):
                terms = self._terms(batch, self._model._noise(len(batch), noise))
            if progress is not None:
                self._optimizer.zero_grad(set_to_none=True)
                terms["loss"].backward()
                self._optimizer.step()
                progress.advance(1, len(batch))
            n += len(batch)
            for term, value in terms.items():  # summed on the device: nothing waits for it
                totals[term] = totals.get(term, 0) + value.detach().double() * len(batch)
        if not n:
            raise ValueError(f"{name} gave no images; accepted are at least 2")
        return {term: total.item() / n for term, total in totals.items()}

    def _stale(self) -> bool:
        """Tell whether the validation loss has not fallen for as long as patience lasts."""
        if self._plan.patience is None or not self._history:
            return False
        return len(self._history) - self._best_epoch() >= self._plan.patience

    def _best_epoch(self) -> int:
        losses = [entry["validation_loss"] for entry in self._history]
        return 1 + losses.index(min(losses))

    def _keep(self) -> None:
        """Remember the best weights, and write the checkpoint."""
        epoch = len(self._history)
        if self._plan.patience is not None and self._best_epoch() == epoch:
            state = self._model.state_dict()
            self._best = {name: value.clone() for name, value in state.items()}
        if self._plan.checkpoint is not None:
            training = {
                "settings": self._settings(),
                "seed": self._seed,
                "history": self._history,
            }
            save_checkpoint(
                self._plan.checkpoint,
                self._model,
                self._optimizer,
                training,
                self._best,
                self._loader(),
            )

    def _loader(self) -> torch.Generator | None:
        return self._source.generator if isinstance(self._source, ImageLoader) else None

    def _settings(self) -> dict[str, Any]:
        """Return what a resumed training must have in common with the one before."""
        loads = isinstance(self._source, ImageLoader)
        return {
            "batch_size": None if loads else self._plan.batch_size,
            "learning_rate": self._plan.learning_rate,
            "mixed_precision": self._plan.mixed_precision,
            "patience": self._plan.patience,
            "images": self._source.n,
            "validation_images": None if self._held_out is None else self._held_out.n,
        }


def _seed_of(seed: int, *path: int) -> int:
    """Return one of the independent seeds that a seed stands for, as (epoch, purpose)."""
    return int(np.random.SeedSequence([seed, *path]).generate_state(1, np.uint64)[0])
