"""Progress: on a terminal once the work is long, on demand, and never anywhere else."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import textwrap
import threading

import pytest

from helpers import run_python
from zbins._common.progress import Progress

ON_A_TERMINAL = """
    import sys, time
    from zbins._common.progress import Progress
    with Progress(None, 4, "short", "chunk") as bar:
        for _ in range(4):
            bar.advance(1, 100)
    with Progress(False, 4, "unwanted", "chunk") as bar:
        time.sleep(1.1)
        bar.advance(4, 400)
    with Progress(None, 4, "long", "batch") as bar:
        time.sleep(1.1)
        bar.advance(2, 200)
        bar.describe("longer")
        bar.advance(1, 100)
        raise KeyboardInterrupt
"""


def shown(capsys, show, total, unit, *steps):
    with Progress(show, total, "fit", unit) as bar:
        for units, rows in steps:
            bar.advance(units, rows)
    out, err = capsys.readouterr()
    assert out == ""
    return err.rpartition("\r")[2]


def test_what_is_shown(capsys):
    line = shown(capsys, True, 4, "chunk", (1, 100), (3, 1100))
    assert line.startswith("fit: 100%|")
    assert "4/4 [00:00<00:00, " in line
    assert " chunks/s, 1,200 rows, " in line
    assert line.endswith(" rows/s]\n")


def test_without_a_total(capsys):
    assert shown(capsys, True, None, "batch", (2, 100)).startswith("fit: 2 batches [00:00, ")


def test_rows_as_units_are_told_once(capsys):
    line = shown(capsys, True, 4_000_000, "row", (4_000_000, 4_000_000))
    assert "4.00M/4.00M [" in line
    assert line.count("rows") == 1


@pytest.mark.parametrize("show", [None, False])
def test_nothing_where_there_is_no_terminal(show, capsys):
    assert shown(capsys, show, 4, "chunk", (4, 400)) == ""


def test_nothing_where_stderr_is_closed(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with Progress(True, 4, "fit", "chunk") as bar:
        bar.advance(4, 400)


def test_a_terminal_and_ctrl_c():
    """What is short shows nothing; what is interrupted ends its line."""
    pty = pytest.importorskip("pty")
    fcntl = pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 100, 0, 0))
    code = textwrap.dedent(ON_A_TERMINAL)
    with subprocess.Popen([sys.executable, "-c", code], stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        with open(ours, "rb", buffering=0) as terminal:
            try:
                while part := terminal.read(1000):
                    seen += part
            except OSError:  # the other end is closed
                pass
        assert process.wait(timeout=30) != 0
    text = seen.decode()
    bars, _, traceback = text.partition("Traceback")
    assert "short" not in bars
    assert "unwanted" not in bars
    assert "\rlong:  50%|" in bars
    assert bars.splitlines()[-1].startswith("longer:  75%|")
    assert "300 rows, " in bars
    assert bars.endswith("\r\n"), "the line is not ended"
    assert traceback


def test_no_thread_is_left(capsys):
    """A thread of the bar's own would be in the way of a fork."""
    before = threading.enumerate()
    shown(capsys, True, 4, "chunk", (1, 1))
    assert threading.enumerate() == before


def test_importing_zbins_does_not_import_tqdm():
    code = """
        import sys, zbins, numpy as np
        zbins.PMFSampler(3).fit_batches([np.eye(3)])
        print("tqdm" in sys.modules)
    """
    assert run_python(code) == "False\n"
