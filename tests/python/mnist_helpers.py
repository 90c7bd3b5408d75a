"""Where the tests of `make mnist` find its modules."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "benches" / "mnist"


@pytest.fixture(scope="module", autouse=True)
def on_path():
    """Its modules have short names: they are found, and known, for as long as these tests run."""
    path, modules = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(HERE.parent) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def module_of(name):
    return importlib.import_module(name)
