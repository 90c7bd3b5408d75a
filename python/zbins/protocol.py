"""One draw from any sampler: zbins' own, scikit-learn's, and what has the same method."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np

from ._common.checks import is_int
from ._common.seeds import check_random_state, draw_seed

_SKLEARN_SEEDS = 1 << 32  # numpy.random.RandomState takes no larger ones


def check_drawable(sampler: Any, name: str, method: str = "sample") -> None:
    """Refuse what has no such method, and classes, by name."""
    if isinstance(sampler, type):
        raise TypeError(
            f"{name} is the class {sampler.__name__}; accepted is an instance of it, fitted"
        )
    if not callable(getattr(sampler, method, None)):
        raise TypeError(
            f"{name} is a {type(sampler).__name__}, which has no method {method}; accepted is a "
            f"fitted object with {method}(n, random_state=)"
        )


def accepts(method: Any, keyword: str) -> bool:
    """Tell whether a method takes a keyword."""
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):  # some methods of extension modules have none
        return False
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def draw(sampler: Any, method: str, n: int, random_state: Any, name: str, **more: Any) -> Any:
    """Return n samples in random order; the sampler stays as it is.

    Parameters
    ----------
    random_state : None, int, RandomState, Generator or torch.Generator
        None: the sampler's own. Where the method takes none (GaussianMixture), a shallow copy of
        the sampler draws, with this as its attribute.

    Raises
    ------
    TypeError
        If a random state is given and there is no place for it, or it is of no accepted type.
    ValueError
        If it is an int out of range, or the sampler gives another number of samples.
    """
    bound = getattr(sampler, method)
    if random_state is not None:
        check_random_state(random_state)
        if str(getattr(bound, "__module__", "")).partition(".")[0] == "sklearn":
            random_state = _for_sklearn(random_state)
        if accepts(bound, "random_state"):
            more["random_state"] = random_state
        elif hasattr(sampler, "random_state"):
            sampler = copy.copy(sampler)
            sampler.random_state = random_state
            bound = getattr(sampler, method)
        else:
            raise TypeError(
                f"random_state is {random_state!r}, but {_told(name, sampler)} takes none in "
                f"{method}; leave it out"
            )
    drawn = bound(n, **more)
    if isinstance(drawn, tuple) and drawn:  # scikit-learn's GaussianMixture: samples, components
        seed = getattr(sampler, "random_state", None) if random_state is None else random_state
        drawn = _shuffled(drawn[0], seed)
    if hasattr(drawn, "__len__") and np.ndim(drawn) and len(drawn) != n:
        raise ValueError(f"{name} gave {len(drawn)} samples where {n} were asked for")
    return drawn


def _told(name: str, sampler: Any) -> str:
    """Return a name with the class, once: callers' names often have it in brackets."""
    kind = type(sampler).__name__
    return name if kind in name else f"{name}, a {kind},"


def _shuffled(drawn: Any, random_state: Any) -> Any:
    """Return samples that came component by component in random order."""
    if not hasattr(drawn, "__getitem__"):
        return drawn
    order: Any = np.random.default_rng(draw_seed(random_state)).permutation(len(drawn))
    return drawn[order]


def _for_sklearn(random_state: Any) -> Any:
    if isinstance(random_state, np.random.RandomState):
        return random_state
    if is_int(random_state) and random_state < _SKLEARN_SEEDS:
        return random_state
    return draw_seed(random_state) % _SKLEARN_SEEDS
