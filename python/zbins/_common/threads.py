"""How many threads a call may use, and in which floating-point mode it computes."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import joblib
from joblib.parallel import get_active_backend

from .. import _core

THREADS_VARIABLE = "ZBINS_NUM_THREADS"
_P = ParamSpec("_P")
_T = TypeVar("_T")
_ONE_THREAD_BYTES = 1 << 20  # below about 1 MiB a second thread costs more than it saves
_inside: list[Any] = []  # for each call within one_thread, the limits that the first one set
_changing = threading.Lock()


def strictly(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Make a function compute in the floating-point mode of the laws, whatever the thread's is.

    The core does so by itself. Where NumPy compares or converts values that the grid is made of, a
    thread that flushes subnormal numbers to zero (``torch.set_flush_denormal``) would take two of
    them for one.
    """

    @wraps(function)
    def strict(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with _core.StrictFloats():
            return function(*args, **kwargs)

    return strict


def check_n_jobs(n_jobs: object) -> int | None:
    """Refuse what cannot be a number of jobs; return it as it is."""
    if n_jobs is None:
        return None
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        raise TypeError(
            f"n_jobs must be None or a whole number, got {n_jobs!r} of type {type(n_jobs).__name__}"
        )
    value = int(n_jobs.__index__())
    if value == 0:
        raise ValueError("n_jobs is 0; accepted are None (one), 1, 2, ..., or -1 for all cores")
    return value


def n_threads(n_jobs: object, nbytes: int) -> int:
    """Return the threads for one call over `nbytes` bytes.

    ``-1`` means the cores this process may use (affinity and cgroup), one inside joblib workers;
    ``-2`` one less, and so on; ``None`` means one. The variable ZBINS_NUM_THREADS overrides it.
    """
    jobs = check_n_jobs(n_jobs)
    forced = os.environ.get(THREADS_VARIABLE)
    if forced:
        if not forced.strip().isdecimal() or int(forced) < 1:
            raise ValueError(f"{THREADS_VARIABLE} is {forced!r}; accepted are whole numbers from 1")
        return min(int(forced), 1 << 16)
    if jobs is None or jobs == 1 or nbytes < 2 * _ONE_THREAD_BYTES:
        return 1
    if jobs > 0:
        return min(jobs, 1 << 16)
    if get_active_backend()[0].nesting_level:
        return 1
    return max(1, int(joblib.cpu_count()) + 1 + jobs)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS and OpenMP use one thread.

    Where products are small, several threads spend their time in waiting for each other; and sums
    are rounded as the number of threads has it.
    """
    from threadpoolctl import threadpool_limits

    # The threads of BLAS are one number for the process: whoever comes first sets it, and the last
    # to go sets it back. Those of OpenMP are a number of each thread.
    with _changing:
        _inside.append(_inside[0] if _inside else threadpool_limits(1, "blas"))
    try:
        with threadpool_limits(1, "openmp"):
            yield
    finally:
        with _changing:
            limits = _inside.pop()
            if not _inside:
                limits.restore_original_limits()
