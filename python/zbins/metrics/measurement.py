"""What a metric is given, at the one border of all of them; and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from .._common.arrays import as_rows, check_squares
from .._common.seeds import draw_seed
from .._types import Array

M = TypeVar("M", bound="Measurement")
Features = str | Callable[[Any], Any] | None

AS_GIVEN = "as given"


class Measurement(float):
    """A number, and what was measured: it compares, rounds and is stored as any float.

    Attributes
    ----------
    value : float
        The number itself.
    interval : (float, float) or None
        Where it would lie in 95 of 100 repetitions, if the metric says so.
    rows : dict of str to int
        Rows that were measured, by argument. Fewer than given where the metric takes no more: they
        were drawn at random.
    n_features : int
        Columns of a row, once flattened.
    features : str
        What the rows are: the name of an extractor, or "as given".
    seed : int or None
        Of what was drawn, if anything was.
    settings : dict
        By name, those that the number depends on.
    """

    interval: tuple[float, float] | None = None
    rows: dict[str, int]
    n_features: int
    features: str
    seed: int | None = None
    settings: dict[str, Any]

    def __new__(cls: type[M], value: float, **measured: Any) -> M:
        """Keep what was measured as attributes."""
        self = super().__new__(cls, value)
        vars(self).update(measured)
        return self

    @property
    def value(self) -> float:
        """The number itself."""
        return float(self)

    __str__ = float.__repr__

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({float.__repr__(self)}, {shown})"

    def __getnewargs__(self) -> tuple[float]:  # of pickle and copy; attributes follow
        return (float(self),)


class Given:
    """The arguments of a metric as rows, in an order that does not depend on the one they came in.

    Parameters
    ----------
    arrays : dict of str to array-like or tensor, of shape (n, d) or (n, *shape), on any device
        By the names of the arguments. The last one is what the columns of the others are held to.
    features : None, str or callable
        A callable turns each of them into features; a name says what they are already.
    least : int
        Rows that each must have.
    random_state : None, int, RandomState, Generator or torch.Generator
        For what is drawn.

    Attributes
    ----------
    rows : dict of str to ndarray of float64, shape (n, d)
    rng : numpy.random.Generator
    seed : int

    Raises
    ------
    TypeError
        If one is no array of real numbers, or features is of another type.
    ValueError
        If one has too few rows, no columns, another number of columns than the last, a value that
        is not finite (naming row and column) or is beyond 1e100, or if a callable gives another
        number of rows than it was given.
    """

    def __init__(
        self,
        arrays: Mapping[str, Any],
        features: Features = None,
        *,
        least: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.features = _name(features)
        self.seed = draw_seed(random_state)
        self.rng: Any = np.random.default_rng(self.seed)
        self.rows: dict[str, Array] = {}
        for name, value in arrays.items():
            rows = as_rows(_featured(value, features, name), name, least=least)
            check_squares(rows, name)
            self.rows[name] = _in_order(rows)
        *others, last = self.rows
        self.n_features = self.rows[last].shape[1]
        for name in others:
            if (found := self.rows[name].shape[1]) != self.n_features:
                raise ValueError(
                    f"{name} has {found} columns and {last} has {self.n_features}; accepted are "
                    "rows of one kind"
                )

    def __iter__(self) -> Iterator[Array]:
        return iter(self.rows.values())

    def draw(self, at_most: Mapping[str, int]) -> None:
        """Keep at most so many rows of each, drawn at random without replacement."""
        for name, most in at_most.items():
            if len(self.rows[name]) > most:
                picked = self.rng.permutation(len(self.rows[name]))[:most]
                self.rows[name] = self.rows[name][picked]

    def measured(self, kind: type[M], value: float, **more: Any) -> M:
        """Return a result about these rows.

        Parameters
        ----------
        kind : Measurement, or a subclass of it
        value : float
        **more
            Attributes: ``settings=``, ``interval=``, those of the kind; ``seed=None`` where nothing
            was drawn.
        """
        about = {
            "rows": {name: len(rows) for name, rows in self.rows.items()},
            "n_features": self.n_features,
            "features": self.features,
            "seed": self.seed,
            "settings": {},
        }
        return kind(value, **about | more)


def _featured(value: Any, features: Features, name: str) -> Any:
    if features is None or isinstance(features, str):
        return value
    found = features(value)
    if not hasattr(found, "__len__") or len(found) != len(value):
        shape = getattr(found, "shape", type(found).__name__)
        raise ValueError(
            f"features gave {shape} for the {len(value)} rows of {name}; accepted is an array or "
            "tensor with a row for each"
        )
    return found


def _name(features: Features) -> str:
    if features is None:
        return AS_GIVEN
    if isinstance(features, str):
        return features
    if not callable(features):
        raise TypeError(
            f"features is {features!r}; accepted are None, a name, and a callable that turns the "
            "rows into features"
        )
    named = getattr(features, "name", None)
    if isinstance(named, str):
        return named
    return getattr(features, "__qualname__", type(features).__name__)


def _in_order(rows: Array) -> Array:
    """Return rows in the order of a hash of their bits, which no order they came in changes.

    So a number does not depend on that order, not even in what is drawn at random. The first m of
    them are still no random rows where some are equal, which lie side by side: whoever wants fewer
    draws them.
    """
    bits = (rows + 0.0).view(np.uint64)  # one zero
    digest = np.zeros(len(rows), np.uint64)
    for column in bits.T:  # splitmix64 of each value, chained
        digest = (digest ^ column) * np.uint64(0xBF58476D1CE4E5B9)
        digest = (digest ^ (digest >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
        digest ^= digest >> np.uint64(32)
    return rows[np.argsort(digest, kind="stable")]
