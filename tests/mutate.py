"""Plants known bugs, one at a time, and checks that the tests catch each of them.

    .venv/bin/python tests/mutate.py                 # all, about half an hour
    .venv/bin/python tests/mutate.py core            # those of the core, or `cuda`
    .venv/bin/python tests/mutate.py cuda draw       # those of them whose name holds "draw"

A bug that survives means the tests have a hole. The working tree is not touched: bugs are built in
a copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import bugs_core
import bugs_cuda

ROOT = Path(__file__).parent.parent

QUICK = [
    f"tests/python/test_{name}.py"
    for name in (
        "known_answers",
        "laws_grid",
        "laws_draws",
        "threads_and_levels",
        "bad_input_values",
        "float_modes",
    )
]


def run(command: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        check=False,
    )


TOOLS = f"{ROOT}/.venv/bin:{os.environ['PATH']}"


def build(copy: Path, *options: str) -> None:
    pybind = run([sys.executable, "-m", "pybind11", "--cmakedir"], copy).stdout.strip()
    configure = ["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DZBINS_CUDA=OFF", *options]
    configure += [f"-DPython_EXECUTABLE={sys.executable}", f"-Dpybind11_DIR={pybind}"]
    for command in (configure, ["cmake", "--build", "build"]):
        done = run(command, copy, PATH=TOOLS)
        if done.returncode:
            raise SystemExit(f"the copy does not build:\n{done.stdout}{done.stderr}")


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """What a run of pytest caught, or nothing."""
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return failed[0][:120] if failed else ("Python: crashed" if done.returncode else "")


def core_tests(copy: Path) -> str:
    """Build the core of the copy and run its tests; return what caught the bug, or nothing."""
    build(copy, "-DZBINS_PYTHON=ON", "-DZBINS_TESTS=ON")
    done = run(
        ["ctest", "--test-dir", "build", "--stop-on-failure", "--timeout", "60"], copy, PATH=TOOLS
    )
    if done.returncode:
        failed = [line for line in done.stdout.splitlines() if "***" in line]
        return "C++: " + (failed[0].strip() if failed else "crashed")
    package = copy / "package" / "zbins"
    shutil.copytree(copy / "python" / "zbins", package, dirs_exist_ok=True)
    for extension in (copy / "build" / "cpp").glob("_core*.so"):
        shutil.copy(extension, package)
    python = f"import sys; sys.path.insert(0, {str(package.parent)!r}); "
    # The editable install of this checkout would otherwise come first.
    python += "sys.meta_path[:] = [f for f in sys.meta_path if 'Redirect' not in str(f)]; "
    python += "import pytest, zbins; "
    python += "assert zbins.__file__.startswith(sys.path[0]), zbins.__file__; "
    python += f"sys.exit(pytest.main({['-xq', '-p', 'no:cacheprovider', *QUICK]!r}))"
    return failure(run([sys.executable, "-c", python], copy, ZBINS_HYPOTHESIS="quick"))


def cuda_tests(copy: Path) -> str:
    """The same for the device code, on the emulator."""
    build(copy, "-DZBINS_EMULATED=ON")
    command = [sys.executable, "-m", "pytest", "-xq", "-p", "no:cacheprovider", "tests/gpu"]
    return failure(run(command, copy, ZBINS_EMULATED_CUDA=str(copy / "build" / "emulated")))


GROUPS: dict[str, tuple[dict[str, tuple[str, str, str]], Callable[[Path], str]]] = {
    "core": (bugs_core.BUGS, core_tests),
    "cuda": (bugs_cuda.BUGS, cuda_tests),
}


def survivors_of(group: str, wanted: str) -> list[str]:
    bugs, tests = GROUPS[group]
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "zbins"
        skip = shutil.ignore_patterns(".git", ".venv", "build", "demo-out", "__pycache__")
        shutil.copytree(ROOT, copy, ignore=skip)
        for name, (file, old, new) in bugs.items():
            if wanted not in name:
                continue
            text = (copy / file).read_text()
            if text.count(old) != 1:
                raise SystemExit(f"{name}: {file} holds the text {text.count(old)} times, not once")
            (copy / file).write_text(text.replace(old, new))
            caught = tests(copy)
            (copy / file).write_text(text)
            print(f"{'caught  ' if caught else 'SURVIVED'} {group}: {name}: {caught}", flush=True)
            if not caught:
                survivors.append(name)
    return survivors


def main() -> None:
    groups, words = list(GROUPS), sys.argv[1:]
    if words and words[0] in GROUPS:
        groups, words = [words[0]], words[1:]
    survivors = [name for group in groups for name in survivors_of(group, " ".join(words))]
    sys.exit(f"{len(survivors)} planted bugs survived" if survivors else 0)


if __name__ == "__main__":
    main()
