"""How much is computed at once, so that what stands in memory does not grow with all pairs."""

from __future__ import annotations

from sklearn import get_config

_MEBIBYTES = 32  # more is no faster


def at_once(nbytes: int) -> int:
    """Return how many rows, of so many bytes each, are taken at once: at least one.

    Parameters
    ----------
    nbytes : int
        What a row needs meanwhile. The budget is 32 MiB, or scikit-learn's ``working_memory``
        where that is less.
    """
    return max(1, int(min(get_config()["working_memory"], _MEBIBYTES) * 2**20) // max(1, nbytes))
