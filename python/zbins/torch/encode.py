"""One pass of an encoder over data: latents and labels, on the host or in a temporary file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from .._common.arrays import to_host
from .._common.labels import check_same_kind
from .._common.progress import Progress
from .._types import Array
from .data import batches_of
from .networks import Running, autocasting, seeded
from .outputs import latents_of


@dataclass(frozen=True)
class Encoding:
    """How an encoder is run.

    Attributes
    ----------
    encode : callable
        Inputs to what `latents_of` recognizes.
    modules : tuple of Module
        Networks that it runs besides those that it is or belongs to; see `Running`.
    posterior : {"mean", "sample"}
        Which latent of a stochastic encoder.
    device : torch.device or None
        Where inputs go. None: where the networks are.
    autocast : bool, dtype or None
        As in `autocasting`.
    seed : int
        Of draws from the posterior; torch's global generators get their state back.
    memory_limit : int
        Bytes of latents that are kept in memory.
    """

    encode: Any
    modules: tuple[torch.nn.Module, ...] = ()
    posterior: str = "mean"
    device: torch.device | None = None
    autocast: Any = None
    seed: int = 0
    memory_limit: int = 1 << 30


class Encoded(NamedTuple):
    """Latents of shape (n, ...), and what was given as labels, of shape (n,), or None."""

    latents: Array
    labels: Array | None


def encoded(
    how: Encoding,
    data: Any,
    *,
    with_labels: bool = False,
    batch_size: int | None = None,
    progress: bool | None = None,
) -> Encoded:
    """Run the encoder over all data once, in eval mode and without gradients.

    Raises
    ------
    TypeError, ValueError
        For data, labels or outputs that are not recognized, for networks that are not known and
        run in training mode, and for latents that are NaN or infinite, naming batch and input.
    OSError
        If the temporary file of large latents cannot be written.
    """
    batches = batches_of(data, batch_size, with_labels)
    running = Running("encode", how.encode, how.modules)
    weight = running.weight
    device = how.device if how.device is not None or weight is None else weight.device
    labels: list[Array] = []
    try:
        total = len(batches)  # type: ignore[arg-type]
    except Exception:  # it is for the bar only
        total = None
    draws = contextlib.nullcontext()
    if how.posterior == "sample":
        draws = seeded(how.seed, _devices(device))  # type: ignore[assignment]
    bar = Progress(progress, total, "encode", "batch")
    with contextlib.closing(Latents(how.memory_limit)) as latents, draws, bar:
        for number, batch in enumerate(batches):
            if batch.n:
                inputs = placed(batch.inputs, device, weight)
                with running(), autocasting(how.autocast, inputs.device):
                    output = _output(how.encode, inputs)
                found = latents_of(output, how.posterior, batch.n)
                _check_encodes(how.encode, inputs, found)
                latents.append(_finite(found, number))
                if with_labels:
                    check_same_kind(labels[0] if labels else batch.labels, batch.labels)
                    labels.append(batch.labels)
            bar.advance(1, batch.n)
        every = latents.array()
    if not with_labels:
        return Encoded(every, None)
    return Encoded(every, np.concatenate(labels))


def _devices(device: torch.device | None) -> list[torch.device]:
    """Return where the encoder may draw, if nothing says where it runs: the current device too."""
    if device is not None:
        return [device]
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    return [torch.device("cuda", torch.cuda.current_device())] if cuda else []


def placed(
    tensor: torch.Tensor, device: torch.device | None, like: torch.Tensor | None
) -> torch.Tensor:
    """Return a tensor on a device; floating-point numbers in the dtype of the networks."""
    dtype = like.dtype if like is not None and tensor.is_floating_point() else tensor.dtype
    return tensor.to(device or tensor.device, dtype, non_blocking=True)


def _output(encode: Any, inputs: torch.Tensor) -> Any:
    try:
        return encode(inputs)
    except RuntimeError as error:
        if inputs.dtype != torch.uint8:
            raise
        raise TypeError(
            f"encode cannot take a batch of torch.uint8 ({error}); scale it as the network was "
            "trained, as encode=lambda x: encoder(x / 255)"
        ) from error


def _check_encodes(encode: Any, inputs: torch.Tensor, latents: torch.Tensor) -> None:
    """Refuse a whole autoencoder, whose output is as large as its input."""
    if not isinstance(encode, torch.nn.Module) or latents.shape != inputs.shape:
        return
    for name in ("encode", "encoder"):
        if callable(getattr(encode, name, None)):
            raise ValueError(
                f"encode is the {type(encode).__name__} itself, which returned latents of the "
                f"shape {tuple(inputs.shape[1:])} of its inputs, as a whole autoencoder does; pass "
                f"its {name}"
            )


def _finite(latents: torch.Tensor, number: int) -> Array:
    """Return latents on the host, or name the first that is NaN or infinite."""
    rows = to_host(latents)
    if np.isfinite(rows).all():
        return rows
    place = np.argwhere(~np.isfinite(rows))[0].tolist()
    raise ValueError(
        f"encode returned {rows[tuple(place)]} for input {place[0]} of batch {number} (place "
        f"{place[1:]} of its latent); accepted are finite numbers"
    )


class Latents:
    """Rows that come in batches, and are read as one array in the end.

    A second pass of the encoder would take far longer than any fit, so all of them are kept. The
    file has no name, in the folder that the `tempfile` module chooses (TMPDIR), and ends with the
    array or with the process.

    Parameters
    ----------
    limit : int
        Bytes from which on they lie in the file.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[Array] = []
        self._bytes = self._rows = 0
        self._file: Any = None
        self.shape: tuple[int, ...] | None = None
        self._dtype: np.dtype[Any] | None = None

    def append(self, rows: Array) -> None:
        """Add rows of shape (n, ...).

        Raises
        ------
        ValueError
            If they have another shape than those before.
        OSError
            If the file cannot be written.
        """
        if self.shape is None:
            self.shape, self._dtype = rows.shape[1:], rows.dtype
        if rows.shape[1:] != self.shape or rows.dtype != self._dtype:
            raise ValueError(
                f"encode returned latents of shape {shown(rows.shape[1:])} and {rows.dtype}; those "
                f"before were {shown(self.shape)} and {self._dtype}"
            )
        self._bytes += rows.nbytes
        self._rows += len(rows)
        if self._bytes <= self._limit:
            self._parts.append(np.array(rows))  # not a view of what the encoder writes to again
            return
        if self._file is None:
            with self._explained():
                self._file = tempfile.TemporaryFile(prefix="zbins-", buffering=0)  # noqa: SIM115
            for part in self._parts:
                self._write(part)
            self._parts = []
        self._write(rows)

    def _write(self, rows: Array) -> None:
        left = np.ascontiguousarray(rows).data.cast("B")
        with self._explained():
            while left:  # one write takes at most 2 GiB
                left = left[self._file.write(left) :]

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise type(error)(
                error.errno,
                f"cannot keep {self._bytes:,} bytes of latents: {error.strerror}; raise "
                "memory_limit, or set TMPDIR to a folder with room",
                tempfile.gettempdir(),
            ) from error

    def close(self) -> None:
        """Let go of the file; what `array` gave stays."""
        if self._file is not None:
            self._file.close()

    def array(self) -> Array:
        """Return all rows, shape (n, ...): an array, or a memory map of the file.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not self._rows or self.shape is None:
            raise ValueError("data has no inputs; at least one is needed")
        if self._file is None:
            whole = np.empty((self._rows, *self.shape), self._dtype)
            end = self._rows
            while self._parts:  # each is freed as it is copied
                part = self._parts.pop()
                whole[end - len(part) : end] = part
                end -= len(part)
            return whole
        shape = (self._rows, *self.shape)
        mapped: Array = np.memmap(self._file, self._dtype or float, "r+", shape=shape)
        return mapped


def shown(shape: tuple[int, ...]) -> str:
    """Return the shape of any number of rows of this shape, for messages."""
    return str(("n", *shape)).replace("'", "")
