"""What a shell sees: help, version, exit codes, completion, pipes, a missing extra."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import zbins
from cli_helpers import BROKEN_PIPE, ERROR, USAGE, run, run_process, start
from helpers import rows, run_python

COMMANDS = ["fit", "sample", "info", "merge", "convert", "bench"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", rows(100, 3))
    zbins.PMFSampler().fit(rows(100, 3)).save("m.zbins")
    return tmp_path


def test_help():
    shown = run("--help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in shown
        text = run(command, "-h").stdout
        assert f"Example: zbins {command} " in text
        assert "...\n" not in shown.split("Commands:")[1], "a first line is cut off"
    assert "130" in shown


def test_version():
    assert run("--version").stdout == f"zbins {zbins.__version__}\n"


def test_usage_is_2():
    assert "No such command 'frob'" in run("frob", code=USAGE).stderr
    assert "Usage: zbins" in run(code=USAGE).output


def test_a_process_exits_as_it_should(folder):
    done = run_process("info", "none.zbins")
    assert (done.returncode, done.stdout) == (ERROR, "")
    assert done.stderr == "zbins: error: No such file or directory: 'none.zbins'\n"
    done = run_process("info", "none.zbins", ZBINS_TRACEBACK="1")
    assert done.returncode == ERROR
    assert done.stderr.startswith("Traceback")


def test_tracebacks_on_demand(folder):
    shown = run("--traceback", "info", "none.zbins", code=ERROR).stderr
    assert "Traceback" in shown
    assert shown.endswith("zbins: error: No such file or directory: 'none.zbins'\n")


def test_a_mistake_of_ours_is_named(folder, monkeypatch):
    def broken(*_):
        raise KeyError("oops")

    monkeypatch.setattr(zbins, "load", broken)
    shown = run("info", "m.zbins", code=ERROR).stderr
    assert shown == "zbins: error: unexpected KeyError: 'oops' (ZBINS_TRACEBACK=1 shows where)\n"


def test_importing_zbins_imports_none_of_it():
    run_python(
        """
        import sys, zbins
        zbins.PMFSampler, zbins.Summary, zbins.load, zbins.show_config
        assert not {'typer', 'rich', 'zbins.cli'} & set(sys.modules)
        import zbins.cli
        assert not {'typer', 'rich'} & set(sys.modules)
        """
    )


def test_a_reader_that_goes_away(folder):
    process = start("sample", "m.zbins", "-n", 10_000_000, "-o", "-")
    process.stdout.buffer.read(100)
    process.stdout.close()
    assert process.wait(timeout=60) == BROKEN_PIPE
    assert process.stderr.read() == ""
    process.stderr.close()


def test_json_to_a_closed_pipe(folder):
    done = subprocess.run(
        f"{sys.executable} -m zbins info m.zbins --json | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell, monkeypatch):
    environment = {
        "_ZBINS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "zbins me",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "zbins me",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown = run().stdout
    assert "merge" in shown
    assert "sample" not in shown


def test_the_entry_point():
    tomllib = pytest.importorskip("tomllib")
    project = os.path.join(os.path.dirname(__file__), "..", "..", "pyproject.toml")
    with open(project, "rb") as file:
        assert tomllib.load(file)["project"]["scripts"] == {"zbins": "zbins.cli:main"}


def test_help_and_completion_do_not_wait_for_scikit_learn():
    done = run_python(
        "import sys\nfrom zbins.cli import _app\nimport zbins\n"
        "print([m for m in ('sklearn', 'scipy', 'torch', 'dask') if m in sys.modules])"
    )
    assert done == "[]\n", done
