"""What a fitted model says of rows and of itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import DensityMixin

from . import _core
from ._base import Fitted
from ._config import n_threads, strictly
from ._device._reading import device_bins, device_codes, device_densities
from ._device._rows import DeviceRows
from ._model import Model
from ._runs import Run
from ._sampling import to_kind
from ._types import Array
from .summary import Summary, summarize

_ROWS_AT_ONCE = 1 << 18


@strictly
def _log_density(run: Run, bins: Array) -> Array:
    cumulative, rows = run.pmf.cumulative, max(1, run.pmf.total)
    density = np.empty(len(bins))
    with np.errstate(divide="ignore"):
        for begin in range(0, len(bins), _ROWS_AT_ONCE):  # in between, Ctrl-C is obeyed
            some = bins[begin : begin + _ROWS_AT_ONCE]
            counts = np.where(some >= 0, cumulative[some + 1] - cumulative[some], 0)
            density[begin : begin + len(some)] = (
                np.log(counts) - np.log(rows) - run.grid.log_bin_volume
            )
    return density


@strictly
def _mean(log_density: Any) -> float:
    return float(log_density.mean())


class Reading(DensityMixin, Fitted):  # type: ignore[misc]
    """The methods that read."""

    def score_samples(self, X: Any) -> Any:
        """Return the log density of every row.

        The density is count / (n * volume of the bin), zero outside the occupied bins. Columns
        that are constant so far have no volume and are left out of it.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_density : ndarray or torch.Tensor of shape (n_samples,)
            Natural logarithm, float64; -inf where no bin is occupied.
        """
        model = self._fitted()
        rows = self._rows(model, X)
        run = self._ordered(model)
        if isinstance(rows, DeviceRows):
            return device_densities(run.grid, run.pmf, rows)
        return to_kind(_log_density(run, self._bins(model, rows)), model.kind)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the mean log density of the rows, as GaussianMixture.score does.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.
        y : ignored
            Present for scikit-learn's conventions.

        Returns
        -------
        score : float
            -inf as soon as one row lies in no occupied bin.
        """
        log_density = self.score_samples(X)
        if not len(log_density):
            raise ValueError("X has no rows; a mean needs at least one")
        return _mean(log_density)

    def quantize(self, X: Any) -> Any:
        """Return the codes of the rows: law 1, clipped into the grid as KBinsDiscretizer does.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        codes : ndarray or torch.Tensor of shape (n_samples, n_features)
            uint8 if every column has at most 256 bins, else uint16 (tensors: int32).
        """
        model = self._fitted()
        rows = self._rows(model, X)
        dtype = model.code_dtype
        if model.kind.startswith("torch") and dtype == np.uint16:
            dtype = np.dtype(np.int32)
        if isinstance(rows, DeviceRows):
            return device_codes(model.grid, self._ordered(model).pmf, rows, dtype)
        inside = self._all_inside(model, rows)
        codes = model.grid.quantize(rows, dtype, inside, n_threads(self.n_jobs, rows.nbytes))
        return to_kind(codes, model.kind)

    def contains(self, X: Any) -> Any:
        """Tell for every row whether it lies in an occupied bin.

        Parameters
        ----------
        X : array-like or torch.Tensor of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        occupied : ndarray or torch.Tensor of bool, shape (n_samples,)
            False outside the grid.
        """
        model = self._fitted()
        rows = self._rows(model, X)
        if isinstance(rows, DeviceRows):
            run = self._ordered(model)
            return device_bins(run.grid, run.pmf, rows) >= 0
        return to_kind(self._bins(model, rows) >= 0, model.kind)

    def summary(self) -> Summary:
        """Return what the model is like, with warnings in words; ``print`` it."""
        return summarize(self._fitted())

    def _bins(self, model: Model, X: Array) -> Array:
        inside = self._all_inside(model, X)
        run = self._ordered(model)
        return _core.find_bins(run.grid, run.pmf, X, inside, n_threads(self.n_jobs, X.nbytes))
