"""The constructor's parameters that belong to a model, and whether they go with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._config import strictly
from ._grid import bounds_of, check_n_bins, has_fixed_bounds
from ._model import Model


def check_parameters(sampler: Any, model: Model) -> None:
    """Refuse parameters that do not go with the model: a file of theirs could not be loaded."""
    sampler._settings()
    check_n_bins(sampler.n_bins, model.grid.d)
    if has_fixed_bounds(sampler.bounds):
        bounds_of(sampler.bounds, None, model.grid.origin, model.grid.top)


@strictly
def plain_parameters(sampler: Any) -> dict[str, Any]:
    """Return n_bins, bounds and out_of_range as JSON values."""

    def plain(value: Any) -> Any:
        return value if value is None or isinstance(value, str) else np.asarray(value).tolist()

    bounds = sampler.bounds
    return {
        "n_bins": plain(sampler.n_bins),
        "bounds": None if bounds is None else [plain(side) for side in bounds],
        "out_of_range": sampler.out_of_range,
    }
