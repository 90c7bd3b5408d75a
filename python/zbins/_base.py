"""The fitted state of an estimator and its attributes; the methods come in the modules above."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from . import _core
from ._config import n_threads
from ._device._rows import DeviceRows
from ._model import Model
from ._runs import Run
from ._types import Array
from ._validate import as_latents


class Fitted(BaseEstimator):  # type: ignore[misc]
    """Holds the model, published by one assignment (law 7)."""

    _model: Model | None = None
    n_jobs: int | None
    random_state: Any

    def __sklearn_is_fitted__(self) -> bool:
        return self._model is not None

    @property
    def lower_(self) -> Array:
        """Smallest value inside the grid, per column."""
        return self._fitted().grid.lower

    @property
    def upper_(self) -> Array:
        """Largest value inside the grid, per column."""
        return self._fitted().grid.upper

    @property
    def n_bins_(self) -> Array:
        """Bins per column."""
        return self._fitted().grid.n_bins

    @property
    def codes_(self) -> Array:
        """Codes of the occupied bins, in canonical order."""
        return self._fitted().codes

    @property
    def counts_(self) -> Array:
        """Rows in each occupied bin."""
        return self._fitted().counts

    @property
    def n_samples_seen_(self) -> int:
        """Rows counted."""
        return self._fitted().n_seen

    @property
    def n_samples_ignored_(self) -> int:
        """Rows skipped under ``out_of_range="ignore"``."""
        return self._fitted().n_ignored

    @property
    def n_features_in_(self) -> int:
        """Columns."""
        return self._fitted().grid.d

    @property
    def feature_names_in_(self) -> Array:
        """Names of the columns, if the first rows had them."""
        names: Array | None = self._fitted().feature_names
        if names is None:
            raise AttributeError("the sampler was fitted on data without feature names")
        return names

    @property
    def classes_(self) -> Array:
        """Sorted labels, if fitted with y."""
        classes = self._fitted().classes
        if classes is None:
            raise AttributeError("the sampler was fitted without labels")
        return classes

    def _fitted(self) -> Model:
        if self._model is None:
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet; call fit, partial_fit or "
                "fit_batches first, or zbins.load"
            )
        return self._model

    def _ordered(self, model: Model) -> Run:
        """Return the model as one run, on several threads if that is still to be made."""
        return model.ordered(1 if model.is_ordered else n_threads(self.n_jobs, 1 << 40))

    def _rows(self, model: Model, X: Any) -> Array | DeviceRows:
        """Return X as the model's dtype, where the model is."""
        rows: Array | DeviceRows = as_latents(
            X, type(self).__name__, model.known, min_rows=0, clip=True
        ).array
        return rows

    def _all_inside(self, model: Model, X: Array) -> bool:
        """Refuse NaN and infinity in X; tell whether it is within the bounds of the lattice."""
        low, high = _core.bounds(X, n_threads(self.n_jobs, X.nbytes))
        return model.grid.spans(low, high)
