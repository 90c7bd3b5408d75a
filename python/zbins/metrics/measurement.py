"""What a metric is given, at the one border of all of them; and what it gives back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from .._common.arrays import as_rows, check_squares, real_numbers
from .._common.chunks import at_once
from .._common.scales import robust_scales
from .._common.seeds import draw_seed
from .._types import Array

M = TypeVar("M", bound="Measurement")
Features = str | Callable[[Any], Any] | None

AS_GIVEN = "as given"
NORMAL_95 = 1.959963984540054  # 95 of 100 normal values are nearer to their mean, in deviations
_TINY = 1e-141
_OUTLYING = 30.0


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
        If one has too few rows, no columns, another shape than the others, a value that is not
        finite (naming row and column) or is beyond 1e100, if all values are so small that their
        squares are 0, or if a callable gives another number of rows than it was given.

    Warns
    -----
    UserWarning
        If bytes stand beside floats from 0 to 1.
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
        kinds = _Kinds()
        for name, value in arrays.items():
            found = real_numbers(_featured(value, features, name), name)
            rows = as_rows(found, name, least=least)
            check_squares(rows, name)
            kinds.add(name, found, rows)
            self.rows[name] = _in_order(rows)
        kinds.check()
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

    def warn_of_outliers(self, *names: str) -> None:
        """Say so if a few rows far away make the deviation of a column, by which it is divided."""
        rows = np.concatenate([self.rows[name] for name in names])
        deviation, robust = rows.std(axis=0), robust_scales(rows)
        times = np.divide(deviation, robust, out=np.ones_like(robust), where=robust > 0)
        column = int(times.argmax())
        if times[column] > _OUTLYING:
            warnings.warn(
                f"a few rows of {' and '.join(names)} lie so far away in column {column} that its "
                f"standard deviation is {times[column]:,.0f} times that of the others, which "
                "cannot be told apart in it any more: take those rows out, or clip them",
                stacklevel=3,
            )

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


def compared(samples: Any, fitted: Any, held_out: Any) -> dict[str, Any]:
    """Return the arguments of a metric that does without held-out rows too; fitted rows last."""
    if held_out is None:
        return {"samples": samples, "fitted": fitted}
    return {"samples": samples, "held_out": held_out, "fitted": fitted}


class _Kinds:
    """What each argument holds: rows that only look alike are told apart."""

    def __init__(self) -> None:
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._bytes: dict[str, int] = {}
        self._units: dict[str, float] = {}
        self._largest = 0.0

    def add(self, name: str, given: Array, rows: Array) -> None:
        """Note one of them."""
        if given.ndim > 2:  # rows that are flat may be images that were flattened
            self._shapes[name] = tuple(side for side in given.shape[1:] if side != 1)
        low, high = float(rows.min()), float(rows.max())
        if given.dtype == np.uint8 and high > 1:
            self._bytes[name] = int(high)
        elif given.dtype.kind in "fb" and low >= 0 and high <= 1:
            self._units[name] = high
        self._largest = max(self._largest, high, -low)

    def check(self) -> None:
        """Refuse what cannot be compared, and warn of what hardly can."""
        if 0 < self._largest < _TINY:
            raise ValueError(
                f"no value is larger than {self._largest}, and squares of such values are 0; "
                f"accepted are rows with values from {_TINY} on: scale them"
            )
        if len(set(self._shapes.values())) > 1:
            shown = ", ".join(f"{name} of shape {shape}" for name, shape in self._shapes.items())
            raise ValueError(f"rows differ in shape: {shown}; accepted are rows of one kind")
        if self._bytes and self._units:
            (of_bytes, high), *_ = self._bytes.items()
            warnings.warn(
                f"{of_bytes} holds bytes up to {high}, {next(iter(self._units))} floats from 0 to "
                "1: divide the one by 255, if both are images",
                stacklevel=4,
            )


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
    digest = np.zeros(len(rows), np.uint64)
    step = at_once(16 * rows.shape[1])
    for begin in range(0, len(rows), step):
        part = digest[begin : begin + step]
        bits = (rows[begin : begin + step] + 0.0).view(np.uint64)  # one zero
        for column in bits.T:  # splitmix64 of each value, chained
            part[:] = (part ^ column) * np.uint64(0xBF58476D1CE4E5B9)
            part[:] = (part ^ (part >> np.uint64(29))) * np.uint64(0x94D049BB133111EB)
            part ^= part >> np.uint64(32)
    return rows[np.argsort(digest, kind="stable")]
