"""The extension module itself, and what the package says where there is none."""

import gc
import importlib
import sys

import pytest

import stubs
import zbins
from cases import rows


def test_the_stub_says_what_the_module_has(device):
    stubs.check(importlib.import_module("zbins._cuda"))


def test_show_config_names_the_devices(device):
    words = zbins.show_config(as_dict=True)["cuda"]
    assert words.startswith("built for CUDA ")
    assert "driver for CUDA" in words


def test_a_build_without_the_module(device, monkeypatch):
    X = device.array(rows(10, 2))
    monkeypatch.setitem(sys.modules, "zbins._cuda", None)
    monkeypatch.delattr(zbins, "_cuda", raising=False)
    with pytest.raises(RuntimeError, match="this build of zbins has no CUDA module"):
        zbins.PMFSampler().fit(X)
    assert "no CUDA module" in zbins.show_config(as_dict=True)["cuda"]


def test_memory_is_given_back(device, emulator):
    """Nothing is left allocated when samplers and arrays are gone."""

    def work():
        there = zbins.PMFSampler(6).fit(device.array(rows(500, 5)))
        there.sample(10)
        there.contains(device.array(rows(20, 5)))
        there.partial_fit(device.array(3 * rows(100, 5)))  # a grid that grows
        there.sample(1)

    work()
    gc.collect()
    before = emulator.allocated()
    work()
    gc.collect()
    assert emulator.allocated() == before
