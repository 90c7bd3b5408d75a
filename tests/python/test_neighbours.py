"""What zbins does to the process it is in, and to other extension modules there: nothing."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

import pytest

COMPILER = shutil.which(os.environ.get("CXX", "c++"))
NM = shutil.which("nm")

# Another module on pybind11, which runs out of memory, and knows types of the same names as ours:
# it embeds the core, say.
OTHER = """
#include <pybind11/pybind11.h>
#include <new>
namespace zbins { inline namespace v1 {
struct Pmf {};
template <class T> struct Grid { T value; };
} }
PYBIND11_MODULE(other, m) {
    namespace py = pybind11;
    m.def("run_out", [] { throw std::bad_alloc(); });
    py::class_<zbins::Pmf>(m, "Pmf").def(py::init<>());
    py::class_<zbins::Grid<float>>(m, "Grid").def(py::init<>());
}
"""

USE = """
import numpy as np
for name in order:
    __import__(name)
import other, zbins
try:
    other.run_out()
except MemoryError as error:
    assert str(error) == "std::bad_alloc", error
else:
    raise AssertionError
assert type(other.Pmf()).__module__ == "other"
sampler = zbins.PMFSampler(4).fit(np.eye(3, dtype=np.float32))
assert sampler.sample(2).shape == (2, 3)
other.Grid()
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    pybind11 = pytest.importorskip("pybind11")
    if COMPILER is None:
        pytest.skip("there is no C++ compiler")
    folder = tmp_path_factory.mktemp("other")
    source = folder / "other.cpp"
    source.write_text(OTHER)
    built = folder / ("other" + sysconfig.get_config_var("EXT_SUFFIX"))
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{pybind11.get_include()}"]
    flags = ["-std=c++17", "-O0", "-shared", "-fPIC", "-fvisibility=hidden"]
    subprocess.run([COMPILER, *flags, *includes, source, "-o", built], check=True)
    return folder


@pytest.mark.parametrize("order", [("other", "zbins._core"), ("zbins._core", "other")])
def test_another_module_is_left_alone(other, order):
    done = subprocess.run(
        [sys.executable, "-c", f"order = {order}\n{USE}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(other)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(NM is None, reason="there is no nm")
def test_the_extension_offers_the_linker_nothing_of_its_own():
    from zbins import _core

    listing = subprocess.run(
        [NM, "--dynamic", "--defined-only", _core.__file__],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [line.split()[-1] for line in listing.splitlines()]
    assert "PyInit__core" in names
    # Templates of the standard library that have our types in their names are the compiler's.
    assert [name for name in names if re.match(r"_Z(T[ISV])?N?K?5zbins", name)] == []


STATE = """
import ctypes, locale, logging, os, random, signal, sys, threading, warnings
import numpy as np
import sklearn

def state():
    libm = ctypes.CDLL("libm.so.6") if sys.platform == "linux" else None
    return {
        "signals": {s: signal.getsignal(s) for s in signal.valid_signals()},
        "numpy errors": np.geterr(),
        "numpy printing": np.get_printoptions(),
        "numpy random": np.random.get_state()[1].tobytes(),
        "random": random.getstate(),
        "warnings": list(warnings.filters),
        "locale": locale.setlocale(locale.LC_ALL),
        "logging": (logging.root.level, list(logging.root.handlers)),
        "environment": dict(os.environ),
        "hooks": (sys.excepthook, sys.displayhook, threading.excepthook, sys.unraisablehook),
        "switch interval": sys.getswitchinterval(),
        "recursion limit": sys.getrecursionlimit(),
        "scikit-learn": sklearn.get_config(),
        "rounding": libm.fegetround() if libm else None,
        "threads": threading.active_count(),
        "folder": os.getcwd(),
    }

before = state()
import zbins
sampler = zbins.PMFSampler(4, random_state=0).fit(np.random.default_rng(0).normal(size=(500, 3)))
sampler.partial_fit(np.zeros((1, 3)))
sampler.sample(10), sampler.score_samples(np.zeros((2, 3))), str(sampler.summary())
sampler.save("m.zbins"), zbins.load("m.zbins"), zbins.show_config(as_dict=True)
after = state()
changed = [name for name in before if before[name] != after[name]]
assert not changed, {name: (before[name], after[name]) for name in changed}
"""


def test_the_process_is_left_as_it_was(tmp_path: pathlib.Path):
    done = subprocess.run(
        [sys.executable, "-c", STATE],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
