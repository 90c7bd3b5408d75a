"""Fits and draws on Dask: from many cores to many machines, with the bits of one.

Needs the extra ``dask`` (``pip install '.[dask]'`` in a checkout). Every task computes on one
thread, for Dask already runs as many tasks as its workers have threads; ZBINS_NUM_THREADS
overrides.
"""

from ._common.extras import pip_install

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"zbins.dask needs Dask ({error}); install it with: {pip_install('dask')}"
    ) from error

from .distributed.dask import fit, sample

__all__ = ["fit", "sample"]
