"""PyTorch's tensors on a CUDA device."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .._types import Array
from .framework import Sender, bytes_of, no_memory


class Torch:
    """CUDA tensors."""

    name = "torch"

    def owns(self, x: object) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(x, torch.Tensor) and bool(x.is_cuda)

    def adopt(self, x: Any) -> Any:
        import torch

        if hasattr(x, "__dlpack__"):
            return torch.from_dlpack(x)
        return torch.as_tensor(x, device="cuda")

    def ordinal(self, x: Any) -> int:
        return int(x.device.index)

    def plain(self, x: Any, name: str) -> Any:
        import torch

        if x.layout != torch.strided or x.is_quantized:
            raise TypeError(f"{name} is a {x.layout} tensor; accepted are dense tensors")
        if x.is_complex():
            raise TypeError(f"{name} is a tensor of {x.dtype}; accepted are real numbers")
        return x.detach().resolve_neg()

    def dtype(self, x: Any) -> str:
        return str(x.dtype).removeprefix("torch.")

    def address(self, x: Any) -> int:
        return int(x.data_ptr())

    def strides(self, x: Any) -> tuple[int, ...]:
        return tuple(x.stride())

    def empty(self, shape: tuple[int, ...], dtype: str, ordinal: int) -> Any:
        import torch

        device = torch.device("cuda", ordinal)
        try:
            return torch.empty(shape, dtype=getattr(torch, dtype), device=device)
        except torch.OutOfMemoryError as error:
            raise no_memory(self, ordinal, bytes_of(shape, dtype)) from error

    def upload(self, values: Array, ordinal: int) -> Any:
        import torch

        x = self.empty(values.shape, values.dtype.name, ordinal)
        # A copy where PyTorch would warn of read-only memory, or does not take the strides.
        plain = values.flags.c_contiguous and values.flags.writeable
        return x.copy_(torch.from_numpy(values if plain else np.array(values, order="C")))

    def download(self, x: Any) -> Array:
        import torch

        values: Array = (x.float() if x.dtype == torch.bfloat16 else x).cpu().numpy()
        return values

    def cast(self, x: Any, dtype: str) -> Any:
        import torch

        return x.to(getattr(torch, dtype))

    def finite(self, x: Any) -> Any:
        return x.isfinite()

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        return x.where(condition, y)

    def clip(self, x: Any, low: float, high: float) -> Any:
        return x.clamp(low, high)

    def sort(self, x: Any) -> Any:
        return x.sort().values

    def unique(self, x: Any) -> tuple[Array, Any]:
        import torch

        values, places = x.unique(sorted=True, return_inverse=True)
        return self.download(values), places.to(torch.int32)

    def stream(self, ordinal: int) -> int:
        import torch

        return int(torch.cuda.current_stream(ordinal).cuda_stream)

    def use(self, owners: list[Any], ordinal: int) -> None:
        import torch

        stream = torch.cuda.current_stream(ordinal)
        for owner in owners:
            owner.record_stream(stream)

    @contextmanager
    def memory(self, ordinal: int) -> Iterator[None]:
        import torch

        try:
            yield
        except torch.OutOfMemoryError as error:
            raise no_memory(self, ordinal) from error

    def free_bytes(self, ordinal: int) -> int:
        import torch

        return int(torch.cuda.mem_get_info(ordinal)[0])

    def sender(self, ordinal: int) -> Sender:
        return PinnedSender(self, ordinal)


class PinnedSender:
    """Copies by way of memory that cannot be paged out, on a stream of its own.

    Two blocks of such memory take turns.
    """

    def __init__(self, framework: Torch, ordinal: int) -> None:
        import torch

        self._framework, self._ordinal = framework, ordinal
        self._stream = torch.cuda.Stream(ordinal)
        self._blocks: list[Any] = [None, None]
        self._copied: list[Any] = [None, None]  # events: the block may be written again
        self._turn = 0

    def send(self, rows: Array) -> Any:
        import torch

        turn = self._turn = 1 - self._turn
        if self._copied[turn] is not None:
            self._copied[turn].synchronize()
        block = self._blocks[turn]
        if block is None or block.numel() < rows.nbytes:
            block = torch.empty(rows.nbytes, dtype=torch.uint8, device="cpu", pin_memory=True)
            self._blocks[turn] = block
        pinned = block[: rows.nbytes].view(getattr(torch, rows.dtype.name)).view(rows.shape)
        np.copyto(pinned.numpy(), rows)
        x = self._framework.empty(rows.shape, rows.dtype.name, self._ordinal)
        # The memory may have been another's on the current stream a moment ago.
        self._stream.wait_stream(torch.cuda.current_stream(self._ordinal))
        x.record_stream(self._stream)
        with torch.cuda.stream(self._stream):
            x.copy_(pinned, non_blocking=True)
            copied = torch.cuda.Event()
            copied.record(self._stream)
        self._copied[turn] = copied
        return x, copied

    def receive(self, sent: Any) -> Any:
        import torch

        x, copied = sent
        torch.cuda.current_stream(self._ordinal).wait_event(copied)
        return x
