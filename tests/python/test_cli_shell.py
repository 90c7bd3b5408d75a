"""What a shell sees: help, version, exit codes, completion, pipes, a missing extra."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import zbins
from cli_helpers import BROKEN_PIPE, ERROR, OK, USAGE, run, run_process, start
from helpers import rows, run_python

Z = rows(100, 3)
COMMANDS = ["fit", "sample", "info", "merge", "convert", "bench"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    zbins.PMFSampler(bounds=(-9, 9)).fit(Z).save("m.zbins")
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


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "z.npy", "-o", "x"],
        ["sample", "m.zbins", "-n", "1", "-o", "x.npy"],
        ["merge", "m.zbins", "n.zbins", "-o", "x"],
        ["convert", "z.npy", "-o", "x.npz"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_clock_starts_after_the_imports(arguments, folder):
    """The time told is that of the work, not of importing scikit-learn."""
    shutil.copy("m.zbins", "n.zbins")
    told = run_python(
        """
        import contextlib, sys, time
        clock = time.perf_counter
        # Whatever is read before the import is a long time ago.
        time.perf_counter = lambda: clock() + ("sklearn" in sys.modules) * 1e6
        from zbins.cli import main
        with contextlib.suppress(SystemExit):
            main([*sys.argv[1:], "--json"])
        """,
        *arguments,
    )
    assert 0 < json.loads(told)["seconds"] < 1e5


# -- streams of the process -----------------------------------------------------------------------


def shell(line, **environment):
    """Run a line of shell in which `zbins` is ours; return its exit code and what it printed."""
    program = f'zbins() {{ "{sys.executable}" -m zbins "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", program + line],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_closed_stdout(folder):
    assert shell("zbins fit z.npy --n-bins 2 -o new.zbins >&-") == (OK, b"", b"")
    assert zbins.load("new.zbins").n_samples_seen_ == 100
    code, _, said = shell("zbins sample m.zbins -n 3 -o - >&-")
    assert code == USAGE
    assert b"stdout, which is closed" in said


def test_a_reader_that_went_away(folder):
    code, _, said = shell('zbins info m.zbins | (exec <&-; sleep 3); exit "${PIPESTATUS[0]}"')
    assert (code, said) == (BROKEN_PIPE, b"")


def test_a_full_stdout():
    code, _, said = shell("zbins --version > /dev/full")
    assert code == ERROR
    assert said.startswith(b"zbins: error: No space left")


def test_a_name_that_is_no_text(folder):
    """Where names cannot be printed as they are, they are printed all the same."""
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    code, shown, said = shell("zbins fit z.npy --n-bins 2 -o $'w\\xff.zbins'", **strict)
    assert (code, said) == (OK, b"")
    assert b"w\\udcff.zbins" in shown
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": Z[:, 0]}), "p.parquet")
    os.rename("p.parquet", b"p\xff.parquet")
    assert shell("zbins convert $'p\\xff.parquet' -o out.npy", **strict)[0] == OK
    assert np.array_equal(np.load("out.npy")[:, 0], Z[:, 0])
