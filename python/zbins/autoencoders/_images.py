"""From what the caller passes as images to checked batches of tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from .._errors import RowError
from .._types import Array
from ..data import Split
from ._architectures import Shape

_AT_ONCE = 1 << 24  # values looked at together, so that memory stays small


class Images:
    """Images in memory: an array or a tensor of shape (n, channels, height, width).

    Attributes
    ----------
    n : int or None
        Images, where known.
    n_batches : callable
        Batches of a size, where known.
    """

    def __init__(self, values: Any, name: str, rows: torch.Tensor | None = None) -> None:
        self._values, self._name, self._rows = values, name, rows
        self.n: int | None = len(values) if rows is None else len(rows)

    def shape(self) -> Shape:
        """Return channels, height and width."""
        return as_image_shape(self._values.shape, self._name)

    def check(self, shape: Shape) -> None:
        """Refuse images of another shape, or with values that are none of pixels."""
        step = max(1, _AT_ONCE // int(np.prod(shape)))
        for first in range(0, len(self._values), step):
            batch = as_tensor(self._values[first : first + step], self._name)
            check_images(batch, shape, self._name, first)

    def take(self, rows: torch.Tensor) -> Images:
        """Return some of them, without a copy."""
        return type(self)(self._values, self._name, rows)

    def n_batches(self, size: int) -> int | None:
        """Return how many batches of that size there are."""
        return None if self.n is None else -(-self.n // size)

    def batches(
        self, size: int, shape: Shape, generator: torch.Generator | None
    ) -> Iterator[torch.Tensor]:
        """Give all images once, in a drawn order, or in theirs."""
        assert self.n is not None
        rows = torch.arange(self.n) if generator is None else None
        order = torch.randperm(self.n, generator=generator) if rows is None else rows
        if self._rows is not None:
            order = self._rows[order]
        for some in order.split(size):
            yield self._batch(some, shape)

    def _batch(self, rows: torch.Tensor, shape: Shape) -> torch.Tensor:
        if isinstance(self._values, torch.Tensor):
            return self._values[rows.to(self._values.device)].detach()
        return as_tensor(self._values[rows.numpy()], self._name)


class ImageDataset(Images):
    """Images of a torch Dataset, read one by one and checked as they come."""

    def shape(self) -> Shape:
        with torch.random.fork_rng(devices=[]):  # its transforms may draw
            return as_image_shape((1, *self._image(0).shape), self._name)

    def check(self, shape: Shape) -> None:
        """Nothing to do before they are read."""

    def _image(self, row: int) -> torch.Tensor:
        return as_tensor(without_label(self._values[row]), f"{self._name}[{row}]")

    def _batch(self, rows: torch.Tensor, shape: Shape) -> torch.Tensor:
        images = []
        for row in rows.tolist():
            image = self._image(row)
            if tuple(image.shape) != shape:
                raise RowError(
                    f"{self._name}[{{row}}] has the shape {tuple(image.shape)}; the model takes "
                    f"images of shape {shape}",
                    row,
                )
            check_images(image[None], shape, self._name, row)
            images.append(image)
        return torch.stack(images)


class ImageLoader(Images):
    """Batches that a torch DataLoader makes, in its order and of its size."""

    def __init__(self, loader: Any, name: str) -> None:
        self._loader, self._name, self.n = loader, name, None

    @property
    def generator(self) -> torch.Generator | None:
        """What the loader shuffles with, if it has its own."""
        found: torch.Generator | None = getattr(self._loader, "generator", None)
        return found

    def shape(self) -> Shape:
        generator = self.generator
        state = None if generator is None else generator.get_state()
        try:
            with torch.random.fork_rng(devices=[]):
                for batch in self._loader:
                    images = as_tensor(without_label(batch), f"a batch of {self._name}")
                    return as_image_shape(images.shape, f"a batch of {self._name}")
        finally:
            if generator is not None:
                generator.set_state(state)
        raise ValueError(f"{self._name} is a DataLoader without batches")

    def check(self, shape: Shape) -> None:
        """Nothing to do before they are read."""

    def n_batches(self, size: int) -> int | None:
        try:
            return len(self._loader)
        except TypeError:  # of an IterableDataset
            return None

    def batches(
        self, size: int, shape: Shape, generator: torch.Generator | None
    ) -> Iterator[torch.Tensor]:
        for number, raw in enumerate(self._loader):
            name = f"batch {number} of {self._name}"
            batch = as_tensor(without_label(raw), name)
            check_images(batch, shape, name)
            yield batch.detach()


def source_of(data: Any, name: str) -> Images:
    """Return the images that `data` holds, labels left out.

    Raises
    ------
    TypeError
        If it is none of what `fit` takes.
    """
    if isinstance(data, torch.utils.data.DataLoader):
        return ImageLoader(data, name)
    if isinstance(data, torch.utils.data.IterableDataset):
        raise TypeError(f"{name} is an IterableDataset; pass a DataLoader over it")
    if isinstance(data, (torch.utils.data.Dataset, Split)):
        if not hasattr(data, "__len__"):
            raise TypeError(f"{name} is a Dataset without a length; pass a DataLoader over it")
        return ImageDataset(data, name)
    if isinstance(data, tuple) and len(data) == 2 and getattr(data[0], "ndim", 0) == 4:
        data = data[0]
    if not isinstance(data, torch.Tensor):
        if not hasattr(data, "__array__"):
            raise TypeError(
                f"{name} is a {type(data).__name__}; accepted are an array or a tensor of shape "
                "(n, channels, height, width), a pair of it and labels, a torch Dataset, and a "
                "DataLoader"
            )
        data = np.asarray(data)
    _check_type(data.dtype, name)
    as_image_shape(data.shape, name)
    return Images(data, name)


def without_label(item: Any) -> Any:
    """Return the image, or the batch, of what a Dataset or a DataLoader gives."""
    return item[0] if isinstance(item, (tuple, list)) and item else item


def as_tensor(values: Any, name: str) -> torch.Tensor:
    """Return an array as a tensor; a tensor stays what it is."""
    if isinstance(values, torch.Tensor):
        _check_type(values.dtype, name)
        return values
    if not hasattr(values, "__array__"):
        raise TypeError(
            f"{name} is a {type(values).__name__}; accepted are arrays and tensors of float or "
            "uint8"
        )
    array: Array = np.asarray(values)
    _check_type(array.dtype, name)
    # PyTorch takes neither read-only memory nor foreign byte order nor negative strides.
    if not array.flags.writeable or not array.dtype.isnative or min(array.strides, default=0) < 0:
        array = array.astype(array.dtype.newbyteorder("="))
    return torch.from_numpy(array)


def _check_type(dtype: Any, name: str) -> None:
    torch_float = isinstance(dtype, torch.dtype) and dtype.is_floating_point
    numpy_float = isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize <= 8
    if not torch_float and not numpy_float and dtype not in (torch.uint8, np.dtype(np.uint8)):
        raise TypeError(
            f"{name} is of {dtype}; accepted are float, with values in [0, 1], and uint8"
        )


def as_image_shape(shape: Any, name: str) -> Shape:
    """Return channels, height and width of a batch, or refuse its shape."""
    if len(shape) != 4:
        hint = f"; for images of one channel, pass {name}[:, None]" if len(shape) == 3 else ""
        raise ValueError(
            f"{name} has the shape {tuple(shape)}; accepted is (n, channels, height, width){hint}"
        )
    return int(shape[1]), int(shape[2]), int(shape[3])


def check_images(batch: torch.Tensor, shape: Shape, name: str, first: int = 0) -> None:
    """Refuse images of another shape, NaN, and what is not in [0, 1].

    Parameters
    ----------
    batch : Tensor of shape (n, channels, height, width)
        float or uint8.
    shape : (int, int, int)
        What the model takes.
    first : int
        Number of the first image, for the message.
    """
    if as_image_shape(batch.shape, name) != shape:
        raise ValueError(
            f"{name} has images of shape {tuple(batch.shape[1:])}; the model takes images of shape "
            f"{shape}"
        )
    if batch.dtype == torch.uint8 or not can_look(batch):
        return
    least, most = torch.aminmax(batch.detach())
    if least >= 0 and most <= 1:  # false with NaN
        return
    wrong = ~((batch >= 0) & (batch <= 1))
    image, channel, row, column = wrong.nonzero()[0].tolist()
    value = batch[image, channel, row, column].item()
    raise RowError(
        f"{name} has the value {value:g} in image {{row}}, channel {channel}, row {row}, column "
        f"{column}; accepted are values in [0, 1], and uint8",
        first + image,
        value=value,
    )


def can_look(tensor: torch.Tensor) -> bool:
    """Tell whether values can be read: there are some, and no graph is being recorded."""
    if not tensor.numel() or tensor.is_meta or torch.compiler.is_compiling():
        return False
    return not (tensor.is_cuda and torch.cuda.is_current_stream_capturing())


def as_unit(batch: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Return images on a device, in [0, 1]: uint8 divided by 255 there."""
    moved = batch.to(device, non_blocking=True)
    return moved.to(dtype) / 255 if batch.dtype == torch.uint8 else moved.to(dtype)


def at_least_two(batches: Iterator[torch.Tensor], name: str) -> Iterator[torch.Tensor]:
    """Join a batch of one image to its neighbour: neither batch norm nor MMD can do with one."""
    held: torch.Tensor | None = None
    for batch in batches:
        if held is not None and 1 in (len(held), len(batch)):
            yield torch.cat([held, batch])
            held = None
        else:
            if held is not None:
                yield held
            held = batch
    if held is not None:
        if len(held) < 2:
            raise ValueError(
                f"{name} ends with a batch of {len(held)} image by itself; accepted are batches of "
                "at least 2"
            )
        yield held
