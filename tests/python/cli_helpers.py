"""Shared by the tests of the command line: runs in this process, and runs as a user's."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import types

import pytest

pytest.importorskip("typer")
pytest.importorskip("rich")

from zbins.cli import main

OK, ERROR, USAGE, HANGUP, INTERRUPTED, BROKEN_PIPE, TERMINATED = 0, 1, 2, 129, 130, 141, 143


def run(*arguments, code=OK):
    """Run in this process, with an exit code in mind; return what was printed."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
    with (
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
        pytest.raises(SystemExit) as ended,
    ):
        main([str(argument) for argument in arguments])
    stdout, stderr = (stream.buffer.getvalue().decode() for stream in streams)
    assert ended.value.code == code, (ended.value.code, stdout + stderr)
    return types.SimpleNamespace(stdout=stdout, stderr=stderr, output=stdout + stderr)


def run_json(*arguments):
    """Run with --json; return what it prints, which is one line and all there is."""
    result = run(*arguments, "--json")
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def refuses(*arguments, says, code=ERROR):
    """Run what must fail: one line on stderr with these texts, no result, no traceback."""
    result = run(*arguments, code=code)
    assert result.stdout == ""
    for text in [says] if isinstance(says, str) else says:
        assert str(text) in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    if code == ERROR:
        assert result.stderr.startswith("zbins: error: ")
        assert result.stderr.count("\n") == 1
    return result.stderr


def start(*arguments, prelude="", **options):
    """Start a process of its own, in which Ctrl-C is obeyed even where the shell ignores it."""
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # under nohup it would be ignored
        f"{prelude}\n"
        "from zbins.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run_process(*arguments, cwd=None, **environment):
    """Run `python -m zbins` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "zbins", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
