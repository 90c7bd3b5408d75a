"""What a sampler is, and one draw from any: ours, scikit-learn's, and what has the same calls.

A sampler is any object with some of these methods; what is done with it says which.

=====================  =============================================================================
``fit(X, y=None)``     learns from latents of shape (n, d)
``sample(n)``          gives n new ones of shape (n, d), or a pair that begins with them
                       (scikit-learn's mixtures); it may take ``random_state=``, and labels ``y=``
``score_samples(X)``   gives the log density of each row
``save(path)``         writes a file
=====================  =============================================================================
"""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np

from ._common.checks import is_int
from ._common.seeds import check_random_state, draw_seed

_SKLEARN_SEEDS = 1 << 32  # numpy.random.RandomState takes no larger ones


def check_sampler(
    sampler: Any, name: str = "sampler", methods: tuple[str, ...] = ("fit", "sample")
) -> Any:
    """Return a sampler, or refuse what has not all of the methods, and classes.

    Parameters
    ----------
    sampler : object
    name : str
        What it is called in messages.
    methods : tuple of str
        What will be called.

    Raises
    ------
    TypeError
        Naming what it is, and what it lacks.
    """
    accepted = f"accepted is an object with {' and '.join(methods)}"
    if isinstance(sampler, type):
        raise TypeError(
            f"{name} is the class {sampler.__name__}; {accepted}, an instance as "
            f"{sampler.__name__}()"
        )
    missing = [method for method in methods if not callable(getattr(sampler, method, None))]
    if missing:
        raise TypeError(
            f"{name} is a {type(sampler).__name__} without {' and '.join(missing)}; {accepted}, as "
            "PMFSampler and GaussianMixture have them"
        )
    return sampler


def check_conditional(sampler: Any, name: str = "sampler") -> None:
    """Refuse labels for a sampler that could not draw by them.

    Raises
    ------
    TypeError
        If its ``sample`` takes no ``y``.
    """
    if not accepts(sampler.sample, "y"):
        raise TypeError(
            f"{_told(name, sampler)} takes no labels y in sample; leave them out, use a "
            "PMFSampler, or fit one generator for each label"
        )


def accepts(method: Any, keyword: str) -> bool:
    """Tell whether a method takes a keyword."""
    try:
        parameters = inspect.signature(method).parameters
    except (TypeError, ValueError):  # some methods of extension modules have none
        return False
    return keyword in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def draw(
    sampler: Any,
    n: int,
    random_state: Any = None,
    *,
    method: str = "sample",
    name: str = "the sampler",
    **conditions: Any,
) -> Any:
    """Return n samples in random order; the sampler stays as it is.

    Parameters
    ----------
    sampler : object
        Fitted, with the method.
    n : int
    random_state : None, int, RandomState, Generator or torch.Generator, default=None
        None: the sampler's own. Where the method takes none (GaussianMixture), a shallow copy of
        the sampler draws, with this as its attribute.
    method : str, default="sample"
        "sample_latents" draws latents of a `zbins.torch.LatentGenerator`.
    name : str
        What the sampler is called in messages.
    **conditions
        Given to the method: ``y=``.

    Returns
    -------
    samples : array or tensor of shape (n, ...)
        As the sampler gives them.

    Raises
    ------
    TypeError
        If a random state is given and there is no place for it, or it is of no accepted type.
    ValueError
        If it is an int out of range, or the sampler gives another number of samples.
    """
    if random_state is not None:
        check_random_state(random_state)
        bound = getattr(sampler, method)
        if str(getattr(bound, "__module__", "")).partition(".")[0] == "sklearn":
            random_state = _for_sklearn(random_state)
        if accepts(bound, "random_state"):
            conditions["random_state"] = random_state
        elif hasattr(sampler, "random_state"):
            sampler = copy.copy(sampler)
            sampler.random_state = random_state
        else:
            raise TypeError(
                f"random_state is {random_state!r}, but {_told(name, sampler)} takes none in "
                f"{method}; leave it out"
            )
    drawn = getattr(_symmetric(sampler), method)(n, **conditions)
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


def _symmetric(sampler: Any) -> Any:
    """Return a mixture fitted in float32 with covariances that are symmetric to the last bit.

    EM leaves them asymmetric by some units in the last place, which NumPy warns of at every draw.
    """
    covariances = getattr(sampler, "covariances_", None)
    if (
        getattr(sampler, "covariance_type", None) not in ("full", "tied")
        or getattr(covariances, "dtype", None) != np.float32
    ):
        return sampler
    wide = np.asarray(covariances, np.float64)
    mended = copy.copy(sampler)
    mended.covariances_ = (wide + wide.swapaxes(-1, -2)) / 2
    return mended


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
