"""How a file is read: whole whatever it says of its size, and other threads run meanwhile."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
import types

import numpy as np
import pytest

import zbins
from helpers import fingerprint, refused, rows
from zbins import _core  # its reader alone, as it lets go of the interpreter

SAMPLER = zbins.PMFSampler(1000).fit(rows(10_000, 3))


@pytest.fixture
def path(tmp_path):
    SAMPLER.save(tmp_path / "m.zbins")
    return tmp_path / "m.zbins"


@pytest.mark.parametrize("said", [0, 1, 70_000, 10_000_000, "the size", "less", "more"])
def test_a_size_that_is_only_a_hint(path, monkeypatch, said):
    """As of a file that grows or shrinks while it is read."""
    size = path.stat().st_size
    assert size > 100_000
    said = {"the size": size, "less": size - 1, "more": size + 1}.get(said, said)
    monkeypatch.setattr(os, "fstat", lambda _: types.SimpleNamespace(st_size=said))
    loaded = zbins.load(path)
    monkeypatch.undo()
    assert fingerprint(loaded)[2:] == fingerprint(SAMPLER)[2:]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe(path, tmp_path):
    data = path.read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for sent, whole in ((data, True), (data[:-1], False)):
        writer = threading.Thread(target=pipe.write_bytes, args=(sent,))
        writer.start()
        if whole:
            assert fingerprint(zbins.load(pipe))[2:] == fingerprint(SAMPLER)[2:]
        else:
            refused(ValueError, str(pipe), lambda: zbins.load(pipe))
        writer.join()


@pytest.mark.skipif(sys.platform != "linux", reason="this file is Linux's")
def test_a_disk_that_fails():
    """As the memory of a process, of which the first bytes cannot be read."""
    path = "/proc/self/mem"
    refused(OSError, [path, os.strerror(errno.EIO)], lambda: zbins.load(path))


def test_other_threads_run_while_a_file_is_judged(tmp_path):
    X = np.random.default_rng(0).random((200_000, 32), np.float32)
    zbins.PMFSampler(200, bounds=(0, 1)).fit(X).save(tmp_path / "m.zbins")
    content = np.fromfile(tmp_path / "m.zbins", np.uint8)
    turns, stop = [], threading.Event()

    def take_turns():
        while not stop.is_set():
            turns.append(None)
            time.sleep(0.001)

    other = threading.Thread(target=take_turns)
    other.start()
    every = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # no thread gives way but by itself
    try:
        for _ in range(100):  # on a busy machine the other thread may come late
            before = len(turns)
            _core.read_model(content, 1)
            if taken := len(turns) - before:
                break
    finally:
        sys.setswitchinterval(every)
        stop.set()
        other.join()
    assert taken > 0, "the interpreter was held throughout"


def test_what_is_no_content():
    for bad in (b"", np.zeros(3), np.zeros(3, np.int8), "x", None):
        with pytest.raises(TypeError):
            _core.read_model(bad, 1)
    with pytest.raises(ValueError, match="too few for the header"):
        _core.read_model(np.zeros(0, np.uint8), 1)
