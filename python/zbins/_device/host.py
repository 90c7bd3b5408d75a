"""The host as a backend: NumPy arrays and tensors of the CPU, counted and drawn by the C++ core."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import _core
from .._common.arrays import FLOAT32, from_tensor, is_tensor
from .._common.checks import check_count, is_int
from .._common.extras import pip_install
from .._common.labels import LabelNumbers, encode
from .._common.threads import strictly
from .._types import Array
from .backend import Counted, Grid, Labels, Rows, same_codes
from .frameworks import adopted, place_of

_INDICES = 1 << 64  # sample numbers are 64 bits
_ROWS_AT_ONCE = 1 << 18
_NO_LABELS = np.empty(0, np.int32)


class HostRows:
    """Rows of the host, of any strides.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        float32 or float64, native byte order.
    backend : Host
        Its kind is what the caller passed.
    feature_names : ndarray of str or None
        Column names, where the input had them.
    """

    def __init__(self, values: Array, backend: Host, feature_names: Array | None = None) -> None:
        self.values = values
        self.backend = backend
        self.feature_names = feature_names
        self.shape: tuple[int, int] = values.shape
        self.dtype = values.dtype
        self.nbytes = values.nbytes

    def __len__(self) -> int:
        return self.shape[0]

    def host(self) -> Array:
        return self.values

    def bounds(self, threads: int) -> tuple[Array, Array]:
        return _core.bounds(self.values, threads)

    def quantiles(self, q: float) -> tuple[Array, Array]:
        lower: Array = np.quantile(self.values, q, axis=0, method="higher")
        upper: Array = np.quantile(self.values, 1 - q, axis=0, method="lower")
        return lower, upper

    def check_inside(self, grid: Grid, threads: int) -> None:
        grid.check_inside(self.values, threads)

    def grown(self, grid: Grid, low: Array, high: Array) -> Grid:
        wider: Grid = grid.grown(low, high, self.values)
        return wider

    def sent_to(self, backend: Any) -> HostRows:
        return self


class HostLabels:
    """Labels of the host.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        int64, bool or str.
    """

    place = "the CPU"

    def __init__(self, values: Array) -> None:
        self.values = values
        self.dtype = values.dtype

    def __len__(self) -> int:
        return len(self.values)

    def host(self) -> Array:
        return self.values

    def copy(self) -> HostLabels:
        return HostLabels(self.values.copy())


class _HostCounter:
    """One table for all chunks, closed at the end."""

    def __init__(self, grid: Grid, threads: int, labelled: bool) -> None:
        of_dtype: Any = _core.Counter32 if grid.origin.dtype == FLOAT32 else _core.Counter64
        self._counter = of_dtype(grid, threads, labelled)
        self._threads = threads  # the core takes fewer where the rows are few
        self._numbers = LabelNumbers() if labelled else None
        self._rows = 0

    def add(self, X: Rows, y: Labels | None, inside: bool) -> tuple[int, list[Counted]]:
        numbers = None
        if self._numbers is not None and y is not None:
            numbers = self._numbers.encode(y.host())
        ignored: int = self._counter.add(X.host(), inside, numbers, self._threads)
        self._rows += len(X) - ignored
        return ignored, []

    def finish(self) -> list[Counted]:
        if self._rows == 0:
            return []
        if self._numbers is None:
            return [(self._counter.finish(_NO_LABELS, self._threads), None)]
        classes, rank = self._numbers.finish()
        return [(self._counter.finish(rank, self._threads), classes)]


class Host:
    """Counts on the host; see `Backend`.

    Parameters
    ----------
    kind : {"numpy", "torch"}
        What arrays are returned as.
    """

    place = "the CPU"

    def __init__(self, kind: str) -> None:
        self.kind = self.host_kind = kind
        self._wide = np.dtype(np.int32 if kind == "torch" else np.uint16)

    def counter(self, grid: Grid, threads: int, labelled: bool) -> _HostCounter:
        return _HostCounter(grid, threads, labelled)

    def chunks(self, chunks: Iterator[tuple[Any, Rows]]) -> Iterator[tuple[Any, Rows]]:
        return chunks

    def host_pmf(self, pmf: _core.Pmf, grid: Grid) -> _core.Pmf:
        return pmf

    def uploaded(self, pmf: _core.Pmf) -> _core.Pmf:
        return pmf

    def merged(
        self,
        a: tuple[_core.Pmf, Grid],
        b: tuple[_core.Pmf, Grid],
        grid: Grid,
        labels: list[int],
        other_labels: list[int],
        classes: int,
        threads: int,
    ) -> _core.Pmf:
        return a[0].merged(b[0], grid, labels, other_labels, classes, threads)

    def rebased(self, pmf: _core.Pmf, older: Grid, grid: Grid, threads: int) -> _core.Pmf:
        return pmf if same_codes(pmf, older, grid) else pmf.rebased(grid, threads)

    def prepare(self, pmf: _core.Pmf, grid: Grid) -> None:
        pass  # the core has all that a draw needs

    def codes(self, pmf: Callable[[], Any], grid: Grid, X: Rows, threads: int) -> Any:
        values = X.host()
        dtype = np.dtype(np.uint8) if grid.widest <= 256 else self._wide
        return self.returned(grid.quantize(values, dtype, _inside(grid, values, threads), threads))

    def occupied(self, pmf: _core.Pmf, grid: Grid, X: Rows, threads: int) -> Any:
        return self.returned(_bins(pmf, grid, X.host(), threads) >= 0)

    def log_densities(self, pmf: _core.Pmf, grid: Grid, X: Rows, threads: int) -> Any:
        return self.returned(_log_densities(pmf, grid, _bins(pmf, grid, X.host(), threads)))

    def empty(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
        nbytes = shape[0] * shape[1] * dtype.itemsize
        too_much = (
            f"{shape[0]:,} samples take {nbytes:,} bytes, more than there is; use sample_batches"
        )
        # Linux grants memory it does not have and kills the process later; refuse what cannot fit.
        if nbytes > min(sys.maxsize, _physical_memory()):
            raise MemoryError(too_much)
        try:
            return np.empty(shape, dtype)
        except MemoryError:
            raise MemoryError(too_much) from None

    def checked_out(self, out: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
        there = place_of(out)
        if there is not None:
            raise ValueError(
                f"out is on {there} and the model on {self.place}; out must be where the model is"
            )
        if is_tensor(out) and (out.is_neg() or str(out.dtype) == "torch.bfloat16"):
            # Reading these as an array makes a copy, and a draw into it would be lost.
            if out.is_neg():
                raise ValueError("out is a negated view; pass out.resolve_neg()")
            raise TypeError(f"out has the dtype bfloat16; samples are {dtype}")
        array = from_tensor(out, "out") if is_tensor(out) else out
        if not isinstance(array, np.ndarray):
            raise TypeError(
                f"out is a {type(out).__name__}; accepted are a NumPy array or a tensor"
            )
        if is_tensor(out) and out.requires_grad:
            raise ValueError("out requires grad and cannot be written in place; pass out.detach()")
        if array.dtype != dtype or not array.dtype.isnative:
            raise TypeError(f"out has the dtype {array.dtype}; samples are {dtype}")
        if array.shape != shape:
            raise ValueError(f"out has the shape {array.shape}; samples have the shape {shape}")
        if not array.flags.writeable:
            raise ValueError("out is read-only; it must be writeable")
        if not array.flags.aligned:
            raise ValueError("out is not aligned in memory; pass an array of NumPy's own making")
        if not array.flags.c_contiguous:
            raise ValueError(f"out has the strides {array.strides}; it must be C-contiguous")
        return array

    def checked_start(self, start: Any, n: int, random_state: object) -> int:
        if not is_int(start):  # an array on a device?
            there = place_of(adopted(start, "start"))
            if there is not None:
                raise ValueError(
                    f"start is on {there} and the model on {self.place}; pass an int, or start "
                    "there"
                )
        return checked_first(start, n, random_state)

    def condition(self, labels: Labels, classes: Array) -> Array:
        if labels.place != self.place:
            raise labels_elsewhere(labels, self.place)
        return encode(labels.host(), classes)

    def draw(
        self,
        pmf: _core.Pmf,
        grid: Grid,
        seed: int,
        start: int,
        out: Array,
        condition: Array | None,
        classes: Array | None,
        threads: int,
    ) -> Array | None:
        n = out.shape[0]
        places = np.empty(n, np.int32) if classes is not None and condition is None else None
        if n:
            _core.draw(grid, pmf, seed, start, out, condition, places, threads)
        if classes is None:
            return None
        if places is None:
            places = np.broadcast_to(condition, (n,))  # type: ignore[arg-type]
        labels: Array = classes[places]
        return labels

    def returned(self, array: Array) -> Any:
        if self.kind == "numpy" or array.dtype.kind == "U":
            return array
        try:
            import torch
        except ImportError as error:  # a pickle from where it is
            raise ImportError(
                f"the model was fitted on tensors, so it returns tensors, which need PyTorch "
                f"({error}); call to(None) for NumPy arrays, or install it with: "
                f"{pip_install('torch')}"
            ) from error

        return torch.from_numpy(array)


HOSTS = {kind: Host(kind) for kind in ("numpy", "torch")}


def labels_elsewhere(labels: Labels, place: str) -> ValueError:
    """Return the error about labels on a device where the model is not."""
    return ValueError(
        f"y is on {labels.place} and the model on {place}; pass y there, or on the CPU"
    )


def checked_first(start: Any, n: int, random_state: object) -> int:
    """Return the number of the first of n samples, or refuse it."""
    first = check_count("start", start)
    if first and not is_int(random_state):
        raise ValueError(
            f"start is {first}, which needs an int random_state (the same for every share), got "
            f"{random_state!r}"
        )
    if first + n > _INDICES:
        raise ValueError(f"start + n_samples is {first + n}; sample numbers end below 2**64")
    return first


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return sys.maxsize


def _inside(grid: Grid, X: Array, threads: int) -> bool:
    """Refuse NaN and infinity in X; tell whether it is within the bounds of the lattice."""
    low, high = _core.bounds(X, threads)
    return grid.spans(low, high)


def _bins(pmf: _core.Pmf, grid: Grid, X: Array, threads: int) -> Array:
    """Return the number of every row's bin, or -1."""
    return _core.find_bins(grid, pmf, X, _inside(grid, X, threads), threads)


@strictly
def _log_densities(pmf: _core.Pmf, grid: Grid, bins: Array) -> Array:
    cumulative, rows = pmf.cumulative, max(1, pmf.total)
    density = np.empty(len(bins))
    with np.errstate(divide="ignore"):
        for begin in range(0, len(bins), _ROWS_AT_ONCE):  # in between, Ctrl-C is obeyed
            some = bins[begin : begin + _ROWS_AT_ONCE]
            counts = np.where(some >= 0, cumulative[some + 1] - cumulative[some], 0)
            density[begin : begin + len(some)] = np.log(counts) - np.log(rows) - grid.log_bin_volume
    return density
