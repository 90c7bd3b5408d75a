"""Chunks of the host on their way to a device: one is copied while the one before is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .backend import Rows
from .cuda_rows import DeviceRows


def sent_ahead(backend: Any, chunks: Iterator[tuple[Any, Rows]]) -> Iterator[tuple[Any, Rows]]:
    """Yield every chunk on the device; a chunk of the host is copied before its turn comes.

    Only what is copied may run ahead: its source may be overwritten by the next chunk.

    Parameters
    ----------
    backend : Cuda
        Where to.
    chunks : iterator of pairs
        What goes with a chunk (and stays as it is when the next is made), and its rows.
    """
    sender: Any = None
    waiting: tuple[Any, Any, Rows] | None = None

    def received() -> Iterator[tuple[Any, Rows]]:
        if waiting is not None:
            what, sent, rows = waiting
            values = sender.receive(sent)
            yield what, DeviceRows(values, rows.dtype, backend, rows.feature_names)

    for what, rows in chunks:
        sent = None
        if rows.backend is not backend:
            if sender is None:
                sender = backend.framework.sender(backend.ordinal)
            sent = (what, sender.send(np.ascontiguousarray(rows.host())), rows)
        yield from received()
        waiting = sent
        if sent is None:
            yield what, rows
    yield from received()
