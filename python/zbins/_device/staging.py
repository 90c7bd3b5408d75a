"""Chunks of the host on their way to a device: one is copied while the one before is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._types import Array
from .place import Place
from .rows import DeviceRows


def sent_ahead(
    place: Place, chunks: Iterator[tuple[Any, Array | DeviceRows]]
) -> Iterator[tuple[Any, DeviceRows]]:
    """Yield every chunk on the device; a chunk of the host is copied before its turn comes.

    Only what is copied may run ahead: its source may be overwritten by the next chunk.

    Parameters
    ----------
    place : Place
        Where to.
    chunks : iterator of pairs
        What goes with a chunk (and stays as it is when the next is made), and its rows.
    """
    sender: Any = None
    waiting: tuple[Any, Any, np.dtype[Any]] | None = None
    for what, rows in chunks:
        sent = None
        if not isinstance(rows, DeviceRows):
            if sender is None:
                sender = place.framework.sender(place.ordinal)
            sent = (what, sender.send(np.ascontiguousarray(rows)), rows.dtype)
        if waiting is not None:
            yield waiting[0], DeviceRows(sender.receive(waiting[1]), waiting[2], place)
        waiting = sent
        if isinstance(rows, DeviceRows):
            yield what, rows
    if waiting is not None:
        yield waiting[0], DeviceRows(sender.receive(waiting[1]), waiting[2], place)
