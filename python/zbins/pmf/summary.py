"""What a fitted model is like, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._common.threads import strictly
from .._types import Array
from .model import Model

_MANY_ALONE = 0.5  # share of rows alone in their bin from which samples are mostly jitter
_CROWDED = 0.99  # share of rows in one code from which a column counts as stretched
_MANY_IGNORED = 0.05
_ENOUGH_ROWS = 20  # below it, one row elsewhere is no outlier


@dataclass(frozen=True)
class Summary:
    """The answer of `PMFSampler.summary`; ``print`` it for people.

    Attributes
    ----------
    n_samples_seen, n_samples_ignored : int
        Rows counted, and rows skipped under ``out_of_range="ignore"``.
    n_features : int
        Columns.
    n_occupied : int
        Occupied bins.
    n_alone : int
        Rows that are the only one in their bin.
    share_alone : float
        The same as a share of the rows counted. Near 1, samples are jitter of one bin's width
        around the rows fitted, and all but copies of them once decoded.
    nbytes : int
        Memory the model takes.
    lower, upper : ndarray of shape (n_features,)
        Range of the grid.
    n_bins : ndarray of shape (n_features,)
        Bins per column.
    n_constant : int
        Columns that are constant so far.
    warnings : tuple of str
        What deserves attention, in words.
    """

    n_samples_seen: int
    n_samples_ignored: int
    n_features: int
    n_occupied: int
    n_alone: int
    share_alone: float
    nbytes: int
    lower: Array = field(repr=False)
    upper: Array = field(repr=False)
    n_bins: Array = field(repr=False)
    n_constant: int
    warnings: tuple[str, ...]

    @strictly
    def __str__(self) -> str:
        bins = np.unique(self.n_bins)
        per_column = f"{bins[0]}" if len(bins) == 1 else f"{bins[0]} to {bins[-1]}"
        lines = [
            f"rows            {self.n_samples_seen:,}"
            + (f" ({self.n_samples_ignored:,} ignored)" if self.n_samples_ignored else ""),
            f"columns         {self.n_features:,}"
            + (f" ({self.n_constant:,} constant)" if self.n_constant else ""),
            f"bins per column {per_column}",
            f"range           {self.lower.min():.6g} to {self.upper.max():.6g}",
            f"occupied bins   {self.n_occupied:,}",
            f"alone in a bin  {self.n_alone:,} rows ({self.share_alone:.1%})",
            f"memory          {self.nbytes:,} bytes",
        ]
        lines += [f"warning: {text}" for text in self.warnings]
        return "\n".join(lines)


@strictly
def summarize(model: Model) -> Summary:
    """Return the summary of a model with rows."""
    pmf, grid, _ = model.ordered()
    counts = model.counts
    seen = model.n_seen
    alone = int((counts == 1).sum())
    share = alone / seen if seen else 0.0
    constant = int((grid.origin == grid.top).sum())
    return Summary(
        n_samples_seen=seen,
        n_samples_ignored=model.n_ignored,
        n_features=grid.d,
        n_occupied=len(pmf),
        n_alone=alone,
        share_alone=share,
        nbytes=pmf.nbytes,
        lower=grid.lower,
        upper=grid.upper,
        n_bins=grid.n_bins,
        n_constant=constant,
        warnings=tuple(_warnings(model, share, constant)),
    )


def _warnings(model: Model, share: float, constant: int) -> list[str]:
    pmf, grid, _ = model.ordered()
    found = []
    if share >= _MANY_ALONE and model.n_seen > 1:
        found.append(
            f"{share:.0%} of the rows are alone in their bin: samples are little more than jitter "
            "around the rows fitted, good in fidelity and poor in novelty. Fewer n_bins, fewer "
            "columns (PCA) or more rows make them newer"
        )
    if len(pmf) == 1 and constant < grid.d:
        found.append("all rows share one bin: samples are uniform over the whole range")
    stretched = _stretched_columns(model)
    if stretched and len(pmf) > 1:
        shown = ", ".join(str(j) for j in stretched[:10]) + (", ..." if len(stretched) > 10 else "")
        found.append(
            f"in {len(stretched)} of {grid.d} columns ({shown}) nearly all "
            "rows share one code while a few lie far away: outliers stretch the grid. "
            "bounds=('quantile', 0.001) with out_of_range='ignore' leaves them out"
        )
    ignored = model.n_ignored / max(1, model.n_seen + model.n_ignored)
    if ignored > _MANY_IGNORED:
        found.append(f"{ignored:.0%} of the rows lay outside the bounds and were ignored")
    if constant:
        found.append(
            f"{constant} of {grid.d} columns are constant: samples repeat the constant, and the "
            "density leaves these columns out"
        )
    return found


def _stretched_columns(model: Model) -> list[int]:
    """Return columns in which nearly all rows share one code, and some do not."""
    pmf, grid = model.host_pmf(), model.grid
    columns = []
    for j, bins in enumerate(grid.n_bins.tolist()):
        if bins < 2 or model.n_seen < _ENOUGH_ROWS:
            continue
        most = int(pmf.marginal(j, bins).max())
        few = max(1.0, (1 - _CROWDED) * model.n_seen)
        if model.n_seen - few <= most < model.n_seen:
            columns.append(j)
    return columns
