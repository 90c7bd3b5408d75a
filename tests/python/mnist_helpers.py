"""Where the tests of `make mnist` find its modules."""

from __future__ import annotations

import importlib

import pytest

from bench_modules import BENCHES, importable

HERE = BENCHES / "mnist"


@pytest.fixture(scope="module", autouse=True)
def on_path():
    with importable(HERE):
        yield


def module_of(name):
    return importlib.import_module(name)
