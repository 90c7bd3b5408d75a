"""Micro benches of files: `save` and `load`."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

import zbins


def test_save(benchmark: Any, fitted: Any, tmp_path: Path) -> None:
    """Save; the same model must give the same bytes, and all of its counts must be in them."""
    first, second = tmp_path / "first.zbins", tmp_path / "second.zbins"
    fitted.save(first)
    zbins.load(first).save(second)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)}
    assert len(digests) == 1
    assert first.stat().st_size > fitted.counts_.nbytes
    benchmark.extra_info["bytes"] = first.stat().st_size
    benchmark(fitted.save, first)


def test_load(benchmark: Any, fitted: Any, tmp_path: Path) -> None:
    """Load; what comes back must be what was saved."""
    path = tmp_path / "model.zbins"
    fitted.save(path)
    same = zbins.load(path)
    assert np.array_equal(same.codes_, fitted.codes_)
    assert np.array_equal(same.counts_, fitted.counts_)
    benchmark.extra_info["bytes"] = path.stat().st_size
    benchmark(zbins.load, path)
