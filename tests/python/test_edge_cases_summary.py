"""What `summary` says in words, and that it prints."""

from __future__ import annotations

import re

import numpy as np
import pytest

import zbins
from helpers import rows, several_runs


def fit(X, n_bins=8, **parameters):
    return zbins.PMFSampler(n_bins, **parameters).fit(X)


def test_numbers():
    X = np.array([[0.0, 5.0], [0.1, 5.0], [1.0, 5.0], [9.0, 5.0]])
    sampler = fit(X, 2, bounds=([0, 5], [1, 5]), out_of_range="ignore")
    summary = sampler.summary()
    assert (summary.n_samples_seen, summary.n_samples_ignored) == (3, 1)
    assert (summary.n_features, summary.n_constant) == (2, 1)
    assert (summary.n_occupied, summary.n_alone) == (2, 1)
    assert summary.share_alone == pytest.approx(1 / 3)
    assert summary.lower.tolist() == [0, 5]
    assert summary.upper.tolist() == [1, 5]
    assert summary.n_bins.tolist() == [2, 1]
    assert summary.nbytes > 0
    assert isinstance(summary, zbins.Summary)


@pytest.mark.parametrize("n", [200, 1000, 5000])
def test_an_outlier_that_stretches_the_grid_is_told_with_a_remedy_that_helps(n):
    X = rows(n, 3)
    X[17, 1] = 1e6
    (warning,) = (w for w in fit(X).summary().warnings if "stretch" in w)
    for text in ("1 of 3 columns (1)", "outliers stretch the grid", "out_of_range='ignore'"):
        assert text in warning
    q = float(re.search(r"bounds=\('quantile', ([0-9.]+)\)", warning)[1])
    cured = fit(X, bounds=("quantile", q), out_of_range="ignore")
    assert not any("stretch" in w for w in cured.summary().warnings)
    assert len(cured.counts_) > len(fit(X).counts_)


def test_many_stretched_columns_are_told_briefly():
    X = rows(1000, 40)
    X[3] = 1e6
    (warning,) = (w for w in fit(X).summary().warnings if "stretch" in w)
    assert "40 of 40 columns (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...)" in warning


def test_jitter_is_told():
    summary = fit(rows(100, 20)).summary()
    assert summary.share_alone == 1
    (warning,) = summary.warnings
    for text in ("100% of the rows are alone", "jitter", "novelty", "Fewer n_bins"):
        assert text in warning


def test_all_in_one_bin_is_told():
    (warning,) = fit(rows(100), 1).summary().warnings
    assert "all rows share one bin" in warning


def test_constant_columns_are_told():
    X = rows(1000)
    X[:, 0] = 3
    (warning,) = fit(X, 4).summary().warnings
    assert "1 of 2 columns are constant" in warning


def test_ignored_rows_are_told():
    X = rows(1000)
    warnings = fit(X, 4, bounds=(-1, 1), out_of_range="ignore").summary().warnings
    assert any("ignored" in w and "%" in w and "outside the bounds" in w for w in warnings)


def test_a_good_fit_has_no_warnings():
    assert fit(rows(5000), 8).summary().warnings == ()


def test_it_prints():
    sampler = several_runs()
    summary = sampler.summary()
    text = str(summary)
    lines = dict(line.split(maxsplit=1) for line in text.splitlines())
    assert lines["rows"] == "1,220"
    assert lines["columns"] == "3"
    for name in ("bins", "range", "occupied", "alone", "memory"):
        assert name in lines
    for warning in summary.warnings:
        assert f"warning: {warning}" in text
    assert "Summary(" in repr(summary)
    assert len(repr(summary)) < 2000


def test_it_prints_for_the_smallest_and_the_widest():
    assert "rows            1" in str(fit([[1.5]]).summary())
    assert "columns         4,096 (4,096 constant)" in str(fit(np.ones((2, 4096))).summary())
    assert "65536" in str(fit(rows(dtype=np.float32), 65_536).summary())
