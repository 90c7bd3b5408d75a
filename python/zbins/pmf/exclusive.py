"""One fit at a time: a second one on the same estimator is refused, not raced against the first.

Reads need no lock, since a fitted model never changes. Who is fitting is written down here and not
in the estimator, so that there is nothing to copy, clone or pickle.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


class _Claim(NamedTuple):
    thread: int
    frame: FrameType  # of the call that fits

    def stands(self) -> bool:
        """Tell whether the call still runs: Ctrl-C may have ended it before it signed off."""
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame is not self.frame:
            frame = frame.f_back
        return frame is not None


class _Claims:
    """Who is fitting which estimator (by its id: it is alive while its method runs)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[int, _Claim] = {}

    def take(self, estimator: object, claim: _Claim) -> None:
        with self._lock:
            before = self._of.get(id(estimator))
            if before is not None and before.stands():
                name = type(estimator).__name__
                who = "another thread" if before.thread != claim.thread else "this thread"
                raise RuntimeError(
                    f"{who} is fitting this {name} already, and fits of one estimator cannot "
                    "overlap; give each thread its own and merge() them, or wait for the first"
                )
            # Those that Ctrl-C kept from signing off would keep their frames, and so the latents.
            for key, other in list(self._of.items()):  # others give theirs back meanwhile
                if not other.stands():
                    self._of.pop(key, None)
            self._of[id(estimator)] = claim

    def give_back(self, estimator: object, claim: _Claim) -> None:
        if self._of.get(id(estimator)) is claim:
            del self._of[id(estimator)]


_claims = _Claims()


def _forget() -> None:
    """Start a forked child clean: the fits, and a lock held, are those of the parent's threads."""
    global _claims
    _claims = _Claims()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def exclusive(method: Method) -> Method:
    """Make a method refuse (RuntimeError) to run while the estimator is in another such method."""

    @functools.wraps(method)
    def alone(self: object, *args: Any, **kwargs: Any) -> Any:
        claim = _Claim(threading.get_ident(), sys._getframe())
        claims = _claims
        try:
            claims.take(self, claim)
            return method(self, *args, **kwargs)
        finally:
            claims.give_back(self, claim)
            del claim  # it refers to the frame that refers to it

    return alone  # type: ignore[return-value]
