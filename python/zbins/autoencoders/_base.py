"""The base of the models: networks that can be fitted, saved and loaded."""

from __future__ import annotations

import os
from typing import Any

from ..torch.networks import device_of
from . import _files
from ._networks import Networks
from ._plan import plan_of
from ._training import train


class Autoencoder(Networks):
    """Base of the models; see `AE` for parameters and attributes."""

    def fit(
        self,
        data: Any,
        *,
        epochs: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        validation: Any = None,
        patience: int | None = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        random_state: Any = None,
        device: Any = None,
        mixed_precision: bool = False,
        compile: bool = False,
        progress: bool | None = None,
    ) -> Autoencoder:
        """Train with Adam (beta_1 = 0.9, beta_2 = 0.999), from the weights that are there.

        On a CPU, with as many threads, the same call gives the same bits, also when it is
        interrupted and resumed. A call that fails, or is interrupted, leaves the weights as they
        were; the checkpoint keeps what was learned.

        Parameters
        ----------
        data : array, Tensor, (images, labels), Dataset, zbins.data.Split or DataLoader
            Images of shape (n, channels, height, width), float in [0, 1] or uint8; labels are
            left out. A Dataset gives an image or (image, label, ...), a DataLoader batches of
            those. At least 2 images; one that an epoch leaves over joins the batch before.
        epochs : int or None, default=None
            Times that all images are seen, at least 0, counting those before a checkpoint. None:
            the paper's, 50, and 100 for "celeba".
        batch_size : int or None, default=None
            At least 2. None: the paper's, 64. A DataLoader has its own.
        learning_rate : float or None, default=None
            Above 0. None: the paper's, 1e-3, and 1e-4 for "celeba".
        validation : float, images as `data`, or None, default=None
            What the loss is also computed for, after every epoch. A number between 0 and 1 is the
            share of the images that is held out (not of a DataLoader).
        patience : int or None, default=None
            At least 1: stop once the validation loss has not fallen for so many epochs, and take
            the weights of the best. None: never.
        checkpoint : path or None, default=None
            Written after every epoch, the old one or the new one, whole.
        resume : bool, default=False
            Go on from the checkpoint, if it is there; else start.
        random_state : int, RandomState, Generator, torch.Generator or None, default=None
            Of shuffling, noise, and what a Dataset draws from torch's CPU generator. None: the
            constructor's.
        device : device, str or None, default=None
            Where to train; the model stays there. None: where it is.
        mixed_precision : bool, default=False
            Run the networks in bfloat16 where that is safe; weights and losses stay as they are.
        compile : bool, default=False
            By torch.compile: a minute at first, faster steps on a GPU.
        progress : bool or None, default=None
            Show epochs, loss and terms on stderr. None: if it is a terminal and takes a while.

        Returns
        -------
        self : Autoencoder
            In eval mode, with `history_`.

        Raises
        ------
        ValueError, TypeError
            For images or parameters other than these, or a checkpoint that is damaged, of another
            model, or of other settings.
        FloatingPointError
            If the loss became NaN or infinite.
        OSError
            If the checkpoint cannot be read or written.
        """
        plan = plan_of(
            self._architecture(),
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            validation=validation,
            patience=patience,
            checkpoint=checkpoint,
            resume=resume,
            random_state=self.random_state if random_state is None else random_state,
            device=device,
            mixed_precision=mixed_precision,
            compile=compile,
            progress=progress,
        )
        self.history_ = train(self, data, plan)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a safetensors file, whole or not at all.

        Parameters
        ----------
        path : path-like
            Overwritten if it exists.

        Raises
        ------
        OSError
            Naming the path.
        """
        state = {name: value.detach() for name, value in self.state_dict().items()}
        _files.write(path, state, _files.description(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: Any = None) -> Any:
        """Read a model that `save` wrote; nothing in the file is ever run.

        Parameters
        ----------
        path : path-like
        device : device, str or None, default=None
            Where to put it. None: the CPU.

        Returns
        -------
        model : object of this class
            In eval mode, with the bits that were saved.

        Raises
        ------
        ValueError
            If the file is damaged, or of another class, naming it; for a device that is not there.
        OSError
            If it cannot be read.
        """
        place = None if device is None else device_of(device)
        return _files.read_model(cls, path, place)
