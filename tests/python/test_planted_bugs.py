"""The bugs that `make mutate` plants still have a place to be planted in."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

TESTS = pathlib.Path(__file__).parents[1]


def bugs(name):
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.BUGS


@pytest.mark.parametrize("group", ["bugs_core", "bugs_cuda"])
def test_what_a_bug_replaces_stands_there_once(group):
    found = {
        name: (TESTS.parent / file).read_text(encoding="utf-8").count(old)
        for name, (file, old, new) in bugs(group).items()
        if old != new
    }
    assert len(found) == len(bugs(group)), "a bug changes nothing"
    assert {name: times for name, times in found.items() if times != 1} == {}
