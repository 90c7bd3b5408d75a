"""The build where CUDA is amiss: AUTO does without it and says why in a line, ON ends with that.

Nothing is compiled but the probe of cpp/cuda/probe, and that only where there is an nvcc.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pybind11 = pytest.importorskip("pybind11")

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CMAKE = shutil.which("cmake", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")
NVCC = shutil.which("nvcc")
FATAL = "crt/host_config.h:138:2: error: #error -- unsupported GNU version! gcc 15 is the latest"

needs_nvcc = pytest.mark.skipif(NVCC is None, reason="needs an nvcc")


def configure(cmake, folder, *settings, **variables):
    """Configures zbins; whether that went well, and what it said, with the lines joined."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CUDA")}
    done = subprocess.run(
        [cmake, "-S", ROOT, "-B", folder, *(f"-D{setting}" for setting in settings)],
        capture_output=True,
        text=True,
        env=environment | variables,
    )
    return done.returncode == 0, re.sub(r"\s+", " ", done.stdout + done.stderr)


def fresh(cmake, folder, *settings):
    """Configures for the first time, which takes seconds; changes then take less than one."""
    return configure(
        cmake,
        folder,
        "ZBINS_PYTHON=ON",
        f"pybind11_DIR={pybind11.get_cmake_dir()}",
        f"Python_EXECUTABLE={sys.executable}",
        *settings,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    if CMAKE is None:
        pytest.skip("needs CMake")
    folder = tmp_path_factory.mktemp("build")
    well, said = fresh(CMAKE, folder, "ZBINS_CUDA=OFF")
    assert well, said
    assert "CUDA" not in said
    return folder


@pytest.fixture
def fake(tmp_path):
    """A function that makes an nvcc of a shell script."""

    def make(script):
        path = tmp_path / "nvcc"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    return make


def one_line(said):
    """What the build says of the CUDA module; it says it once."""
    (line,) = re.findall(r"zbins: no CUDA module: (.*?) -- Configuring", said)
    return line


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("echo 'nvcc: no licence' >&2; exit 1", "'{nvcc} --version' failed: nvcc: no licence"),
        ("exit 3", "'{nvcc} --version' failed: it ends with 3"),
        ("echo release 12.4, V12.4.99", "{nvcc} is nvcc 12.4, and 12.8 or later is needed"),
        ("echo; echo clang version 14", "{nvcc} is no nvcc: '--version' says 'clang version 14'"),
    ],
    ids=["broken", "silent", "old", "no nvcc"],
)
def test_an_nvcc_that_will_not_do(folder, fake, script, cause):
    nvcc = fake(script)
    cause = cause.format(nvcc=nvcc)
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", CUDACXX=nvcc)
    assert well, said
    assert one_line(said) == cause
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=ON", CUDACXX=nvcc)
    assert not well
    assert f"ZBINS_CUDA is ON, but {cause} " in said


def test_no_nvcc_at_all(folder, tmp_path):
    hide = "CMAKE_IGNORE_PATH=/usr/local/bin;/usr/bin;/bin"  # CMake looks there without PATH too
    cause = "there is no nvcc on PATH, and CUDACXX names none"
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", hide, PATH=str(tmp_path))
    assert well, said
    assert one_line(said) == cause
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=ON", hide, PATH=str(tmp_path))
    assert not well
    assert f"ZBINS_CUDA is ON, but {cause} " in said
    nowhere = {"CUDACXX": "/nowhere/nvcc"}
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", "CMAKE_IGNORE_PATH=", **nowhere)
    assert well, said
    assert one_line(said) == "'/nowhere/nvcc --version' failed: no such file or directory"


def test_a_host_compiler_that_nvcc_refuses(folder, fake):
    nvcc = fake(
        'case "$*" in *--version*) echo release 13.0, V13.0.88; exit;; esac\n'
        f"echo 'In file included from cuda_runtime.h:82,' >&2; echo '{FATAL}' >&2; exit 1"
    )
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", CUDACXX=nvcc, CUDAARCHS="90")
    assert well, said
    assert one_line(said).startswith(f"nvcc 13.0 cannot build for 90: {FATAL} (more in ")
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=ON", CUDACXX=nvcc, CUDAARCHS="90")
    assert not well
    assert f"ZBINS_CUDA is ON, but nvcc 13.0 cannot build for 90: {FATAL} " in said


@needs_nvcc
@pytest.mark.parametrize(
    ("complaint", "when"),
    [
        ("probe.cu(12): fatal error: cub/cub.cuh: No such file or directory", "probe.cu"),
        ("nvcc fatal : Value 'c++20' is not defined for option 'std'", "-std=c++20"),
    ],
    ids=["no CUB", "no C++20"],
)
def test_an_nvcc_that_only_does_for_less(folder, fake, complaint, when):
    """It passes CMake's own check."""
    nvcc = fake(f'case "$*" in *{when}*) echo "{complaint}" >&2; exit 1;; esac\nexec {NVCC} "$@"')
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", CUDACXX=nvcc, CUDAARCHS="90")
    assert well, said
    assert complaint in one_line(said)


@needs_nvcc
def test_architectures_that_nvcc_does_not_know(folder):
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", CUDAARCHS="20")
    assert well, said
    assert "cannot build for 20: nvcc fatal : Unsupported gpu architecture" in one_line(said)
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", CUDAARCHS="garbage")
    assert well, said
    assert "cannot build for garbage: CMAKE_CUDA_ARCHITECTURES: garbage is not" in one_line(said)


def test_a_cmake_that_is_too_old(fake, tmp_path):
    version = r"cmake version (\d+)\.(\d+)\.(\d+)"
    for cmake in filter(
        None, (shutil.which(name, path=os.defpath) for name in ("cmake", "cmake3"))
    ):
        text = subprocess.run([cmake, "--version"], capture_output=True, text=True).stdout
        found = tuple(map(int, re.match(version, text).groups()))
        if (3, 24) <= found < (3, 25, 2):
            break
    else:
        pytest.skip("needs a system with CMake 3.24.0 to 3.25.1")
    well, said = fresh(cmake, tmp_path, "ZBINS_CUDA=OFF")
    assert well, said  # else it will do
    nvcc = fake("echo release 13.0, V13.0.88")
    is_old = f"nvcc 13.0 needs CMake 3.25.2 or later and this is {'.'.join(map(str, found))} "
    well, said = configure(cmake, tmp_path, "ZBINS_CUDA=AUTO", CUDACXX=nvcc)
    assert well, said
    assert one_line(said).startswith(is_old)
    well, said = configure(cmake, tmp_path, "ZBINS_CUDA=ON", CUDACXX=nvcc)
    assert not well
    assert f"ZBINS_CUDA is ON, but {is_old}" in said


def test_the_attempt_after_one_that_failed(folder):
    """As pyproject.toml has it made, after a build with the CUDA module that failed."""
    again = ("ZBINS_RETRY=ON", "ZBINS_LAST_HAD_CUDA=ON")
    cause = "the build with it failed, see the errors above"
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", *again)
    assert well, said
    assert one_line(said) == cause
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=ON", *again)
    assert not well
    assert f"ZBINS_CUDA is ON, but {cause}" in said
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=AUTO", "ZBINS_RETRY=OFF", CUDACXX="/no")
    assert well, said
    assert cause not in said


def test_a_setting_that_means_nothing(folder):
    well, said = configure(CMAKE, folder, "ZBINS_CUDA=MAYBE")
    assert not well
    assert "ZBINS_CUDA is 'MAYBE'; accepted are AUTO, ON and OFF" in said
