"""`SamplerCallback`: a sampler that follows the training of a LightningModule.

Lightning is two packages of the same code, `lightning.pytorch` and `pytorch_lightning`, each with
a Callback of its own; a Trainer of either calls hooks by their names, whichever it comes from.
"""

from __future__ import annotations

import importlib
import math
import sys
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError

from ..._common.checks import check_count
from ..._common.extras import pip_install
from ..._common.seeds import check_random_state
from ...distributed.ranks import check_mergeable
from ...pmf.grid import Settings
from ...pmf.sampler import PMFSampler, check_pmf
from ..encode import Encoding
from ..generator import Fit, LatentGenerator
from ..networks import Running, check_call, check_modules
from ..outputs import check_posterior
from ..state import from_state, state_of
from .loaders import Share, check_loader, dealt, own_share, undisturbed
from .picture import check_range, picture_of, show
from .refit import (
    Refit,
    as_validation,
    link_of,
    refitted,
    train_data,
    with_buffers_of_rank_zero,
)

_PACKAGES = ("lightning.pytorch", "pytorch_lightning")


def _bases() -> tuple[Any, ...]:
    """Return the Callback of the packages that are imported, or of the first that is installed."""
    names = [name for name in _PACKAGES if sys.modules.get(name) is not None]
    for name in () if names else _PACKAGES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in (name, name.split(".")[0]):
                raise
            continue
        names = [name]
        break
    if not names:
        raise ImportError(
            "zbins.torch.SamplerCallback needs Lightning; install it with: "
            + pip_install("lightning")
        )
    return tuple(sys.modules[name].Callback for name in names)


class SamplerCallback(*_bases()):  # type: ignore[misc]
    """Refits a PMFSampler to the latents every few epochs of a training, and logs samples.

    At the end of an epoch the encoder runs as it is then, in eval mode, over the training data.
    That is before the validation of the last batch of the epoch, if there is one, so that its
    steps, metrics and checkpoints find a sampler that goes with the weights; else when the epoch
    ends. Besides every n-th, the last epoch counts: a training that ends, also early, leaves a
    sampler of its final weights. The training does not notice: random states, modes of the
    networks and loaders are given back as they were. Batches go through the hooks of the module
    (`on_after_batch_transfer`) as in a validation: ``trainer.validating`` is true, also where there
    is none. In several processes each encodes its own share of the data, with the buffers of rank
    zero, and all get the model of all rows; the weights must be whole in each (as under DDP).

    Parameters
    ----------
    encode, decode : str, callable or None, default=None
        As of a `LatentGenerator`. A string names an attribute of the LightningModule, as
        "model.encoder"; None: "encode" and "decode". Without `decode` no images are logged.
        Networks of the module are known, also where these are functions.
    sampler : PMFSampler or None, default=None
        It is not changed. None: ``PMFSampler()``.
    modules : iterable of Module, default=()
        Networks outside the LightningModule that functions run; as of a `LatentGenerator`.
    every_n_epochs : int, default=1
        How often.
    posterior : {"mean", "sample"}, default="mean"
        Of a stochastic encoder: fit the means, or one draw for each input.
    with_labels : bool, default=False
        Give the sampler the labels of the batches, to draw by them.
    loader : DataLoader, iterable of batches or None, default=None
        What to encode, as held-out images (the paper). In several processes give all of them the
        same: each encodes its part, none of the rows lost or doubled. (What is no DataLoader of an
        indexed data set is read whole by all, and refused if it gives other batches in one of
        them.) None: the train dataloader, one pass of as many batches as the epoch had, in each
        process its own (where a DistributedSampler repeats some rows to make shares even, and
        ``drop_last`` drops some).
    limit_batches : int or None, default=None
        Encode no more than these many batches: of `loader` in all processes together, of the train
        dataloader in each.
    n_images : int, default=64
        Samples in the picture that is logged after a refit, in rank zero. Loggers with `log_image`
        (WandbLogger) or `experiment.add_image` (TensorBoardLogger) get it; for others, as
        CSVLogger, it is written into their folder, if Pillow is installed. 0: no picture.
    value_range : pair of float, default=(0, 1)
        What is black and what is white; values beyond are clipped.
    random_state : int, default=0
        Of these samples; the same draws each time make pictures comparable.
    name : str, default="samples"
        Of the picture (of its folder, too: no path) and of the state in the checkpoint: of two
        callbacks in one Trainer, give one another name.

    Attributes
    ----------
    sampler_ : PMFSampler
        The fitted sampler, the same in every process.
    generator_ : LatentGenerator
        The sampler with the networks: ``callback.generator_.sample(16)``.
    epoch_ : int
        The epoch after which it was fitted; the first is 0.

    Raises
    ------
    TypeError, ValueError
        For parameters other than these, naming what is accepted. At the start of a training, if
        the module has no such `encode` or `decode`, or there is no single train dataloader that can
        be read more than once. At a refit, as `LatentGenerator.fit`.
    RuntimeError
        If the training runs in several processes without a torch.distributed process group; at a
        refit, if another process failed.

    Examples
    --------
    >>> from zbins.torch import SamplerCallback  # doctest: +SKIP
    >>> callback = SamplerCallback(sampler=zbins.PMFSampler(8), every_n_epochs=5)  # doctest: +SKIP
    >>> Trainer(callbacks=[callback]).fit(module, loader)  # doctest: +SKIP
    >>> images = callback.generator_.sample(64, random_state=0)  # doctest: +SKIP
    """

    def __init__(
        self,
        encode: Any = None,
        decode: Any = None,
        sampler: PMFSampler | None = None,
        *,
        modules: Any = (),
        every_n_epochs: int = 1,
        posterior: str = "mean",
        with_labels: bool = False,
        loader: Any = None,
        limit_batches: int | None = None,
        n_images: int = 64,
        value_range: tuple[float, float] = (0.0, 1.0),
        random_state: Any = 0,
        name: str = "samples",
    ) -> None:
        super().__init__()
        self.encode = encode if isinstance(encode, str) else check_call("encode", encode)
        self.decode = decode if isinstance(decode, str) else check_call("decode", decode)
        self.sampler = PMFSampler() if sampler is None else check_pmf(sampler)
        self.modules = check_modules(modules)
        self.every_n_epochs = check_count("every_n_epochs", every_n_epochs, least=1)
        self.posterior = check_posterior(posterior)
        if not isinstance(with_labels, (bool, np.bool_)):
            raise TypeError(f"with_labels is {with_labels!r}; accepted are True and False")
        self.with_labels = bool(with_labels)
        if loader is not None:
            check_loader(loader)
        self.loader = loader
        self.limit_batches = limit_batches
        if limit_batches is not None:
            check_count("limit_batches", limit_batches, least=1)
        self.n_images = check_count("n_images", n_images)
        self.value_range = check_range(value_range)
        check_random_state(random_state)
        self.random_state = random_state
        self.name = _check_name(name)
        # What is named is found in the module of a training.
        self._encode = None if isinstance(self.encode, str) else self.encode
        self._decode = None if isinstance(self.decode, str) else self.decode
        self._modules = self.modules
        self._fit: Refit | None = None
        self._trained: int | None = None  # the epoch, if weights changed since the last refit

    @property
    def sampler_(self) -> PMFSampler:
        """The fitted sampler."""
        return self._fitted().sampler

    @property
    def epoch_(self) -> int:
        """The epoch after which it was fitted."""
        return self._fitted().epoch

    @property
    def generator_(self) -> LatentGenerator:
        """The fitted sampler with the networks."""
        return self._generator(self._fitted())

    def _fitted(self) -> Refit:
        if self._fit is None:
            raise NotFittedError(
                f"This {type(self).__name__} has no sampler yet: it comes at the end of the first "
                f"of every {self.every_n_epochs} epochs, or from a checkpoint"
            )
        return self._fit

    @property
    def state_key(self) -> str:
        """What the state is found by in a checkpoint."""
        return str(self._generate_state_key(name=self.name))

    def state_dict(self) -> dict[str, Any]:
        """Return the sampler as plain tensors and numbers; nothing before the first refit."""
        if self._fit is None:
            return {}
        fit = self._fit
        return {"epoch": fit.epoch, "sampler": state_of(fit.sampler, fit.shape)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the sampler from a checkpoint, of any size.

        Raises
        ------
        ValueError
            If the state is damaged; the callback is as it was.
        """
        if not state_dict:
            self._fit = None
            return
        if set(state_dict) != {"epoch", "sampler"} or type(state_dict["epoch"]) is not int:
            raise ValueError(
                f"this is no state of a {type(self).__name__}: accepted are an int under 'epoch' "
                f"and tensors under 'sampler', got the keys {', '.join(map(repr, state_dict))}"
            )
        sampler, shape = from_state(state_dict["sampler"], self.sampler)
        sampler.set_params(random_state=self.sampler.random_state, n_jobs=self.sampler.n_jobs)
        self._fit = Refit(sampler, shape, state_dict["epoch"])

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Find the networks; refuse what cannot work, before an epoch is spent."""
        self._trained = None
        encode = decode = None
        try:
            if self.decode is not None or hasattr(pl_module, "decode"):
                decode = _network_of(pl_module, "decode", self.decode)
            encode = _network_of(pl_module, "encode", self.encode)
        except (ValueError, TypeError):
            if stage == "fit":
                raise
        if stage == "fit":
            Settings.of(self.sampler)
            if trainer.world_size > 1:
                check_mergeable(self.sampler)
        wanted = stage == "fit" and self.n_images and trainer.loggers
        if decode is None and wanted and trainer.is_global_zero:
            warnings.warn(
                f"{type(pl_module).__name__} has no decode, so no images are logged; pass decode=, "
                "or n_images=0",
                stacklevel=2,
            )
        self._encode, self._decode = encode, decode
        self._modules = (*self.modules, pl_module)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Refuse what cannot be encoded, or not by all processes, before an epoch is spent."""
        link_of(trainer, type(self).__name__)
        self._data(trainer)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        """Note that the weights have changed."""
        self._trained = trainer.current_epoch

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """Refit, if this is the validation at the end of an epoch that counts."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking and trainer.is_last_batch:
            self._at_epoch_end(trainer, pl_module)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Refit, if no validation came before."""
        self._at_epoch_end(trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Refit, if the training ended early or between."""
        self._refit(trainer, pl_module)

    def _at_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        done = trainer.current_epoch + 1
        if done % self.every_n_epochs == 0 or done == trainer.max_epochs:
            self._refit(trainer, pl_module)

    def _refit(self, trainer: Any, pl_module: Any) -> None:
        """Fit the sampler to the weights as they are, unless it is; every process calls it."""
        if self._trained is None:
            return
        link = link_of(trainer, type(self).__name__)
        data = self._data(trainer)
        context = trainer.precision_plugin.forward_context()
        whole = with_buffers_of_rank_zero(pl_module, link)
        evaluating = Running("the training's module", pl_module)
        with undisturbed(data), evaluating(), as_validation(trainer), whole, context:
            how = Encoding(self._encode, self._modules, self.posterior, seed=link.rank)
            share = Share(self._batches(trainer, data, link), trainer.strategy.batch_to_device)
            fit = refitted(self.sampler, how, share, self.with_labels, link, self._trained)
            error = None
            try:  # on rank zero alone, but all hear how it went
                if link.rank == 0 and self.n_images and self._decode is not None:
                    self._log(trainer, fit)
            except Exception as problem:  # a picture is not worth a training
                warnings.warn(
                    f"no picture of samples is logged after epoch {fit.epoch}: "
                    f"{type(problem).__name__}: {problem}",
                    stacklevel=2,
                )
            except BaseException as found:
                error = found
            link.agree(error)
        self._fit = fit
        self._trained = None

    def _batches(self, trainer: Any, data: Any, link: Any) -> Iterable[Any]:
        limit = math.inf if self.limit_batches is None else self.limit_batches
        if self.loader is None:
            return own_share(data, min(limit, trainer.num_training_batches))
        return dealt(data, min(limit, trainer.fast_dev_run or math.inf), link)

    def _data(self, trainer: Any) -> Any:
        """Return what is encoded."""
        return train_data(trainer) if self.loader is None else self.loader

    def _log(self, trainer: Any, fit: Refit) -> None:
        if not trainer.loggers:
            return
        images = self._generator(fit).sample(
            self.n_images, random_state=self.random_state, progress=False
        )
        picture = picture_of(images, self.value_range)
        folder = trainer.default_root_dir
        show(picture, trainer.loggers, self.name, fit.epoch, trainer.global_step, folder)

    def _generator(self, fit: Refit) -> LatentGenerator:
        generator = LatentGenerator(
            self._encode,
            self._decode,
            self.sampler,
            modules=self._modules,
            posterior=self.posterior,
        )
        generator._fit = Fit(fit.sampler, fit.shape, None, None)
        return generator


def _network_of(pl_module: Any, role: str, network: Any) -> Any:
    """Return a network, by name from the module if it was not given itself."""
    if network is not None and not isinstance(network, str):
        return network
    name = role if network is None else network
    found = pl_module
    for part in name.split("."):
        if not hasattr(found, part):
            raise ValueError(
                f"{type(pl_module).__name__} has no attribute {name!r}; pass {role}= a callable or "
                f"the name of one of its attributes, as {role}='model.{role}'"
            )
        found = getattr(found, part)
    return check_call(name, found)


def _check_name(name: object) -> str:
    """Return what pictures and the state are called, or refuse what is no name of a folder."""
    accepted = "accepted is a string of at least one character"
    if not isinstance(name, str) or not name:
        raise TypeError(f"name is {name!r}; {accepted}")
    if name in (".", "..") or set(name) & set("/\\\0"):
        raise ValueError(
            f"name is {name!r}; {accepted}, without a path separator and not '.' or '..': it is "
            "the name of a folder too"
        )
    return name
