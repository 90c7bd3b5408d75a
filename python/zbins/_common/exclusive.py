"""One fit at a time: a second one on the same estimator is refused, not raced against the first.

Reads need no lock, since a fitted model never changes. Who is fitting is written down here and not
in the estimator, so that there is nothing to copy, clone or pickle.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])


class _Claim:
    """What a call that fits holds. It dies with the call, also where Ctrl-C cut that short."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()


class _Claims:
    """The claims that stand, by the id of the estimator (which is alive while its method runs)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: dict[int, weakref.ref[_Claim]] = {}

    def take(self, estimator: object, claim: _Claim) -> None:
        with self._lock:
            before = self._standing(estimator)
            if before is None:
                self._of[id(estimator)] = weakref.ref(claim)
        if before is not None:
            who = "another thread" if before.thread != claim.thread else "this thread"
            raise RuntimeError(
                f"{who} is fitting this {type(estimator).__name__} already, and fits of one "
                "estimator cannot overlap; give each thread its own and merge() them, or wait for "
                "the first"
            )

    def give_back(self, estimator: object, claim: _Claim) -> None:
        with self._lock:
            if self._standing(estimator) is claim:
                del self._of[id(estimator)]

    def _standing(self, estimator: object) -> _Claim | None:
        found = self._of.get(id(estimator))
        return None if found is None else found()


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
        claims, claim = _claims, _Claim()
        try:
            claims.take(self, claim)
            return method(self, *args, **kwargs)
        finally:
            claims.give_back(self, claim)

    return alone  # type: ignore[return-value]
