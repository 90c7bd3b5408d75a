"""A device and the framework whose memory is used on it, as a backend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np

from .. import _core
from .._common.arrays import is_tensor
from .._common.checks import is_int
from .._common.labels import encode
from .._types import Array
from .backend import Counted, Grid, Labels, Rows, same_codes
from .cuda_rows import DeviceLabels, DeviceRows
from .framework import Framework, bytes_of, no_memory
from .frameworks import FRAMEWORKS, adopted, framework_of, place_name, place_of
from .host import checked_first, labels_elsewhere
from .module import cuda_module
from .staging import sent_ahead

_ROWS_AT_ONCE = 1 << 30  # of one table: rows are numbered with 30 bits in it


class _CudaCounter:
    """A table, and so a run, for each chunk (or for each 2**30 rows of one)."""

    def __init__(self, backend: Cuda, grid: Grid) -> None:
        self._backend, self._grid = backend, grid

    def add(self, X: Any, y: Labels | None, inside: bool) -> tuple[int, list[Counted]]:
        backend = self._backend
        labels = None if y is None else backend._labels(y)
        runs, counted = [], 0
        for begin in range(0, len(X), _ROWS_AT_ONCE):
            rows = X[begin : begin + _ROWS_AT_ONCE]
            places, classes = 0, 0
            if labels is not None:
                places = backend.address(labels.places[begin : begin + _ROWS_AT_ONCE])
                classes = len(labels.classes)
            pmf = cuda_module().count(
                backend.handle, self._grid, rows.described, inside, places, classes
            )
            counted += pmf.total
            if len(pmf):
                runs.append((pmf, None if labels is None else labels.classes))
        return len(X) - counted, runs

    def finish(self) -> list[Counted]:
        return []


class Cuda:
    """One device of one framework; see `Backend`. Rows that are here are `DeviceRows`.

    Attributes
    ----------
    framework : Framework
        Its arrays are taken and returned.
    ordinal : int
        The device's number.
    """

    def __init__(self, framework: Framework, ordinal: int) -> None:
        self.framework = framework
        self.ordinal = ordinal
        self.kind = f"{framework.name}:cuda:{ordinal}"
        self.place = place_name(framework, ordinal)
        tensors = framework.name.startswith("torch")
        self.host_kind = "torch" if tensors else "numpy"
        self._wide = np.dtype(np.int32 if tensors else np.uint16)
        self._handle: Any = None
        self._lock = Lock()

    @property
    def handle(self) -> Any:
        """What the module's functions take for the device: one object, made at the first use."""
        with self._lock:
            if self._handle is None:
                self._handle = self._new_handle()
        return self._handle

    def _new_handle(self) -> Any:
        framework, ordinal = self.framework, self.ordinal

        def allocate(nbytes: int) -> tuple[int, Any]:
            block = framework.empty((nbytes,), "uint8", ordinal)
            return framework.address(block), block

        return cuda_module().Device(
            ordinal,
            allocate,
            lambda: framework.stream(ordinal),
            lambda owners: framework.use(owners, ordinal),
        )

    def address(self, x: Any) -> int:
        """Return where an array's first element lies; 0 for None."""
        return 0 if x is None else self.framework.address(x)

    def _labels(self, y: Labels) -> DeviceLabels:
        """Return labels for rows that are here; those of the host are sorted there."""
        if isinstance(y, DeviceLabels):
            if y.backend is not self:
                raise ValueError(
                    f"X is on {self.place} and y on {y.backend.place}; both must be in one place"
                )
            return y
        classes, places = np.unique(y.host(), return_inverse=True)
        return DeviceLabels(classes, self._upload(places.astype(np.int32)), self)

    def _upload(self, values: Array) -> Any:
        return self.framework.upload(values, self.ordinal)

    def counter(self, grid: Grid, threads: int, labelled: bool) -> _CudaCounter:
        return _CudaCounter(self, grid)

    def chunks(self, chunks: Iterator[tuple[Any, Rows]]) -> Iterator[tuple[Any, Rows]]:
        return sent_ahead(self, chunks)

    def host_pmf(self, pmf: Any, grid: Grid) -> _core.Pmf:
        host: _core.Pmf = pmf.to_host(grid)
        return host

    def uploaded(self, pmf: _core.Pmf) -> Any:
        return cuda_module().Pmf.from_host(self.handle, pmf)

    def merged(
        self,
        a: tuple[Any, Grid],
        b: tuple[Any, Grid],
        grid: Grid,
        labels: list[int],
        other_labels: list[int],
        classes: int,
        threads: int,
    ) -> Any:
        mine, theirs = (self.rebased(pmf, older, grid, threads) for pmf, older in (a, b))
        return mine.merged(theirs, labels, other_labels, classes, threads)

    def rebased(self, pmf: Any, older: Grid, grid: Grid, threads: int) -> Any:
        if same_codes(pmf, older, grid):
            return pmf
        return pmf.rebased(grid.widest, grid.shift_from(older), threads)

    def prepare(self, pmf: Any, grid: Grid) -> None:
        cuda_module().prepare(grid, pmf)

    def codes(self, pmf: Callable[[], Any], grid: Grid, X: Any, threads: int) -> Any:
        dtype = np.dtype(np.uint8) if grid.widest <= 256 else self._wide
        codes = self.empty(X.shape, dtype)
        if len(X):
            cuda_module().quantize(grid, pmf(), X.described, self.address(codes), dtype.itemsize)
        return codes

    def _bins(self, pmf: Any, grid: Grid, X: DeviceRows) -> Any:
        """Return the number of every row's bin, or -1, as an array of the framework (int64)."""
        bins = self.empty((len(X),), np.dtype(np.int64))
        if len(X):
            cuda_module().find_bins(grid, pmf, X.described, self.address(bins))
        return bins

    def occupied(self, pmf: Any, grid: Grid, X: Any, threads: int) -> Any:
        return self._bins(pmf, grid, X) >= 0

    def log_densities(self, pmf: Any, grid: Grid, X: Any, threads: int) -> Any:
        bins = self._bins(pmf, grid, X)
        densities = self.empty((len(X),), np.dtype(np.float64))
        if len(X):
            at, to = self.address(bins), self.address(densities)
            cuda_module().log_densities(pmf, grid.log_bin_volume, at, len(X), to)
        return densities

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
        if (nbytes := bytes_of(shape, dtype.name)) > sys.maxsize:  # which frameworks trip over
            raise no_memory(self.framework, self.ordinal, nbytes)
        return self.framework.empty(shape, dtype.name, self.ordinal)

    def checked_out(self, out: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
        out = adopted(out, "out")
        there = place_of(out)
        if there is None and not isinstance(out, np.ndarray) and not is_tensor(out):
            raise TypeError(
                f"out is a {type(out).__name__}; accepted is an array where the model is"
            )
        if there != self.place:
            raise ValueError(
                f"out is on {there or 'the CPU'} and the model on {self.place}; out must be where "
                "the model is"
            )
        framework = self.framework
        if framework.address(framework.plain(out, "out")) != framework.address(out):
            raise ValueError(
                "out is not aligned in memory; pass an array of the framework's making"
            )
        if getattr(out, "requires_grad", False):
            raise ValueError("out requires grad and cannot be written in place; pass out.detach()")
        if framework.dtype(out) != dtype.name:
            raise TypeError(f"out has the dtype {framework.dtype(out)}; samples are {dtype}")
        if tuple(out.shape) != shape:
            raise ValueError(
                f"out has the shape {tuple(out.shape)}; samples have the shape {shape}"
            )
        strides = framework.strides(out)
        gaps = (shape[0] > 1 and strides[0] != shape[1]) or (shape[1] > 1 and strides[1] != 1)
        if gaps:
            raise ValueError(f"out has the strides {strides}; it must be C-contiguous")
        if hasattr(out, "is_neg") and out.is_neg():
            raise ValueError("out is a negated view; pass out.resolve_neg()")
        return out

    def checked_start(self, start: Any, n: int, random_state: object) -> Any:
        start = adopted(start, "start")
        framework = framework_of(start)
        if framework is None:
            return checked_first(start, n, random_state)
        there = place_of(start)
        if there != self.place:
            raise ValueError(
                f"start is on {there} and the model on {self.place}; pass an int, or start there"
            )
        framework.plain(start, "start")
        dtype, size = framework.dtype(start), int(np.prod(start.shape, dtype=object))
        if dtype not in ("int64", "uint64") or size != 1:
            raise TypeError(
                f"start is an array of {dtype} with {size} entries; accepted on a device is one "
                "int64"
            )
        if not is_int(random_state):
            raise ValueError(
                f"start is on {there}, which needs an int random_state (the same for every share), "
                f"got {random_state!r}"
            )
        return start

    def condition(self, labels: Labels, classes: Array) -> Any:
        if not isinstance(labels, DeviceLabels):
            return self._upload(encode(labels.host(), classes))
        if labels.backend is not self:
            raise labels_elsewhere(labels, self.place)
        return self._upload(encode(labels.classes, classes))[labels.places]

    def draw(
        self,
        pmf: Any,
        grid: Grid,
        seed: int,
        start: Any,
        out: Any,
        condition: Any,
        classes: Array | None,
        threads: int,
    ) -> Any:
        n = int(out.shape[0])
        places = None if classes is None else self.empty((n,), np.dtype(np.int32))
        one = type(condition) is np.ndarray  # for all of them
        on_device = not isinstance(start, int)
        if n:
            cuda_module().draw(
                grid,
                pmf,
                seed,
                0 if on_device else start,
                self.address(start) if on_device else 0,
                n,
                self.address(out),
                0 if one else self.address(condition),
                int(condition[0]) if one else -1,
                self.address(places),
            )
        if classes is None:
            return None
        with self.framework.memory(self.ordinal):
            if classes.dtype.kind == "U":
                labels: Array = classes[self.framework.download(places)]
                return labels
            return self._upload(classes)[places]

    def returned(self, array: Any) -> Any:
        return array


@lru_cache(maxsize=64)
def cuda(name: str, ordinal: int) -> Cuda:
    """Return the one backend of a device and a framework, by the framework's name."""
    for framework in FRAMEWORKS:
        if framework.name == name:
            return Cuda(framework, ordinal)
    raise ValueError(f"{name!r} is no framework with CUDA arrays")
