"""Chunks of the host on their way to a device: one is copied while the one before is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._types import Array
from ._place import Place
from ._rows import DeviceRows


class Staging:
    """Copies chunks to a place, one ahead of the reader.

    With PyTorch a chunk goes by way of memory that cannot be paged out, on a stream of its own; the
    current stream waits for it before it is read. Two blocks of such memory take turns.

    Parameters
    ----------
    place : Place
        Where to.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._pinned: list[Any] = [None, None]
        self._copied: list[Any] = [None, None]  # events: the block may be written again
        self._turn = 0
        self._stream: Any = None

    def ahead(
        self, chunks: Iterator[tuple[Any, Array | DeviceRows]]
    ) -> Iterator[tuple[Any, DeviceRows]]:
        """Yield every chunk on the device; the next is on its way meanwhile.

        Parameters
        ----------
        chunks : iterator of pairs
            What goes with a chunk, and its rows.
        """
        before: tuple[Any, DeviceRows, Any] | None = None
        for what, rows in chunks:
            under_way = (what, *self._send(rows))
            if before is not None:
                yield self._arrived(*before)
            before = under_way
        if before is not None:
            yield self._arrived(*before)

    def _send(self, rows: Array | DeviceRows) -> tuple[DeviceRows, Any]:
        if isinstance(rows, DeviceRows):
            if rows.place.kind != self._place.kind:
                raise ValueError(f"X is on {rows.place.kind}, and device is {self._place.kind}")
            return rows, None
        if self._place.framework.name != "torch":
            values = self._place.upload(np.ascontiguousarray(rows))
            return DeviceRows(values, rows.dtype, self._place), None
        import torch

        if self._stream is None:
            self._stream = torch.cuda.Stream(self._place.ordinal)
        turn = self._turn = 1 - self._turn
        if self._copied[turn] is not None:
            self._copied[turn].synchronize()
        pinned = self._pinned[turn]
        if pinned is None or pinned.numel() < rows.nbytes:
            pinned = torch.empty(rows.nbytes, dtype=torch.uint8, pin_memory=True)
            self._pinned[turn] = pinned
        block = pinned[: rows.nbytes].view(getattr(torch, rows.dtype.name)).view(rows.shape)
        np.copyto(block.numpy(), rows)
        values = self._place.empty(rows.shape, rows.dtype)
        # The memory may have been another's on this stream a moment ago.
        self._stream.wait_stream(torch.cuda.current_stream(self._place.ordinal))
        with torch.cuda.stream(self._stream):
            values.copy_(block, non_blocking=True)
            done = torch.cuda.Event()
            done.record(self._stream)
        values.record_stream(self._stream)
        self._copied[turn] = done
        return DeviceRows(values, rows.dtype, self._place), done

    def _arrived(self, what: Any, rows: DeviceRows, done: Any) -> tuple[Any, DeviceRows]:
        if done is not None:
            import torch

            torch.cuda.current_stream(self._place.ordinal).wait_event(done)
        return what, rows
