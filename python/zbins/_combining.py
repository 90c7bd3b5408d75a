"""Sums of models: `merge` of two, and `all_reduce` over the processes of a group."""

from __future__ import annotations

from typing import Any, TypeVar

from . import _distributed
from ._base import Fitted
from ._config import n_threads
from ._exclusive import exclusive
from ._merging import check_labelling, check_place, united_grid

Self = TypeVar("Self", bound="Combining")


class Combining(Fitted):
    """The methods that add models; only a `PMFSampler` has them."""

    @exclusive
    def merge(self: Self, other: Combining) -> Self:
        """Add the rows of another fitted sampler to this one, exactly.

        Parameters
        ----------
        other : PMFSampler
            Fitted on the same lattice: the same columns, bounds and bins (give both the same
            `bounds`). Their grids may have grown differently.

        Returns
        -------
        self : PMFSampler
            With the rows of both.

        Raises
        ------
        ValueError
            If the lattices differ (naming the column), one is labelled and the other not, the
            two are on different devices, or the rows together exceed 2**63 - 1.
        TypeError
            If `other` is no PMFSampler, or its labels are of another type.
        RuntimeError
            If another thread is fitting this sampler.
        """
        if not isinstance(other, Combining):
            raise TypeError(f"cannot merge a {type(other).__name__}; a PMFSampler is needed")
        mine, theirs = self._fitted(), other._fitted()
        check_place(mine, theirs)
        grid = united_grid(mine, theirs)
        check_labelling(mine.labelled, theirs.labelled)
        threads = n_threads(self.n_jobs, 1 << 40)
        merged = mine.on_grid(grid).extended(theirs.on_grid(grid), threads)
        self._model = merged.finished(threads)
        return self

    def all_reduce(self: Self, group: Any = None) -> Self:
        """Merge the models of all processes of a torch.distributed group, exactly.

        Every process calls it, as any collective, and ends with the same model: that of all rows.
        Give all the same `n_bins` and numbers as `bounds`, so that they have one lattice.

        Parameters
        ----------
        group : torch.distributed.ProcessGroup, default=None
            None: all processes.

        Returns
        -------
        self : PMFSampler
            With the rows of all. A process that is not fitted (it got no rows) takes part and is
            fitted then. If anything is raised, every process raises and is as it was.

        Raises
        ------
        RuntimeError
            If torch.distributed is not initialised, or another process failed (naming its rank).
        NotFittedError
            If no process is fitted.
        ValueError, TypeError
            As `merge`, naming the ranks, the same in every process.
        """
        _distributed.all_reduce(self, group)
        return self
