"""Fits and draws on Dask: from many cores to many machines, with the bits of one.

Needs ``pip install 'zbins[dask]'``. Every task computes on one thread, for Dask already runs as
many tasks as its workers have threads; ZBINS_NUM_THREADS overrides.
"""

try:
    import dask.array  # noqa: F401
except ImportError as error:
    raise ImportError(
        f"zbins.dask needs Dask ({error}); install it with: pip install 'zbins[dask]'"
    ) from error

from ._dask_fit import fit
from ._dask_sample import sample

__all__ = ["fit", "sample"]
