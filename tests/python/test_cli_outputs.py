"""An output is the old file or the new one, whole: Ctrl-C, full disks, errors in the middle."""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import signal
import stat
import subprocess
import time
import types
import zipfile

import numpy as np
import pytest

import zbins
from cli_helpers import ERROR, HANGUP, INTERRUPTED, TERMINATED, refuses, run, start
from helpers import rows

FORMATS = ["npy", "npz", "safetensors", "parquet"]
SAMPLER = zbins.PMFSampler(5).fit(rows(300, 3), np.arange(300) % 3)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SAMPLER.save("m.zbins")
    return tmp_path


def assert_old(*names):
    for name in names:
        with open(name, "rb") as file:
            assert file.read() == b"old"
    assert set(os.listdir()) - {"m.zbins", "z.npy"} == set(names), "something was left behind"


def put_old(*names):
    for name in names:
        with open(name, "wb") as file:
            file.write(b"old")


def big_latents(gigabytes=6):
    """A file of that many bytes, of zeros that take no space on the disk."""
    n = gigabytes << 30
    with open("z.npy", "wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": (n // 64, 8)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + n)


def wait_for(happened, process):
    for _ in range(3000):
        if happened():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    raise AssertionError("it did not happen in 30 s")


def is_open(path, process):
    folder = f"/proc/{process.pid}/fd"
    for descriptor in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{descriptor}") == os.path.realpath(path):
                return True
        except OSError:
            pass
    return False


def ended(process, code):
    stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (code, "")
    assert "Traceback" not in stderr
    return stderr


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="looks into /proc")
def test_ctrl_c_in_a_fit(folder):
    big_latents()
    put_old("out.zbins")
    process = start("fit", "z.npy", "-o", "out.zbins")
    wait_for(lambda: is_open("z.npy", process), process)
    process.send_signal(signal.SIGINT)
    assert ended(process, INTERRUPTED) == "zbins: interrupted\n"
    assert_old("out.zbins")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED), (signal.SIGHUP, HANGUP)],
)
def test_signals_while_samples_are_written(number, code, folder):
    if shutil.disk_usage(".").free < 20 << 30:
        pytest.skip("needs a disk that would hold the samples")
    put_old("x.npy")
    process = start("sample", "m.zbins", "-n", 800_000_000, "-o", "x.npy")
    wait_for(lambda: len(os.listdir()) > 2, process)
    process.send_signal(number)
    ended(process, code)
    assert_old("x.npy")


def test_a_killed_writer_loses_nothing(folder):
    put_old("x.npy")
    process = start("sample", "m.zbins", "-n", 80_000_000, "-o", "x.npy")
    wait_for(lambda: len(os.listdir()) > 2, process)
    process.kill()
    process.communicate(timeout=30)
    with open("x.npy", "rb") as file:
        assert file.read() == b"old"
    run("sample", "m.zbins", "-n", 5, "-o", "x.npy")  # removes what was left
    assert sorted(os.listdir()) == ["m.zbins", "x.npy"]


ERRORS = {
    "Ctrl-C": (KeyboardInterrupt(), INTERRUPTED),
    "exit": (SystemExit(TERMINATED), TERMINATED),
    "memory": (MemoryError(), ERROR),
    "disk full": (OSError(28, "No space left on device"), ERROR),
    "no permission": (PermissionError(13, "Permission denied"), ERROR),
}


def failing_at(step, error, monkeypatch):
    """Make what is called at this step fail once."""

    def failing(owner, name):
        real, before = getattr(owner, name), []

        def fail(*arguments):
            if not before:
                before.append(name)
                raise error
            return real(*arguments)

        monkeypatch.setattr(owner, name, fail)

    if step == "write":
        real = zbins.PMFSampler.sample_batches

        def sample_batches(*arguments, **options):
            yield from itertools.islice(real(*arguments, **options), 3)
            raise error

        monkeypatch.setattr(zbins.PMFSampler, "sample_batches", sample_batches)
    elif step == "finish":
        failing(zipfile.ZipFile, "close")
        failing(pytest.importorskip("pyarrow.parquet").ParquetWriter, "close")
    else:
        failing(os, step)


@pytest.fixture
def ignoring_ctrl_c():
    """After Ctrl-C the process ignores another: this one is to hear it again."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignoring_ctrl_c")
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    ("step", "extension"),
    [
        *itertools.product(["write", "fsync", "replace"], FORMATS),
        *itertools.product(["finish"], ["npz", "parquet"]),  # the others write nothing then
    ],
)
def test_whatever_happens_at_any_step(step, error, extension, folder, monkeypatch):
    path = f"x.{extension}"
    put_old(path)
    raised, code = ERRORS[error]
    failing_at(step, raised, monkeypatch)
    arguments = ("-n", 100, "--chunk-rows", 10, "-o", path)
    if extension != "npy":
        arguments += ("--with-labels",)
    result = run("sample", "m.zbins", *arguments, code=code)
    if isinstance(raised, OSError):
        assert result.stderr == f"zbins: error: cannot write: {raised.strerror}: {path!r}\n"
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert_old(path)


@pytest.mark.parametrize("extension", FORMATS)
def test_files_that_may_not_grow(extension, folder):
    path = f"x.{extension}"
    put_old(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        arguments = ("-n", 500_000, "--chunk-rows", 1000, "-o", path)
        result = run("sample", "m.zbins", *arguments, code=ERROR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot write" in result.stderr
    assert path in result.stderr
    assert_old(path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None,
    reason="only root mounts a small disk",
)
def test_full_disk(folder, monkeypatch):
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        monkeypatch.chdir(disk)
        put_old("x.npy", "x.parquet")
        arguments = ("sample", "../m.zbins", "-n", 100_000, "-o")
        refuses(*arguments, "x.npy", says=["2,400,000 bytes", "are free"])
        refuses(*arguments, "x.parquet", says=["cannot write", "x.parquet"])
        usage = types.SimpleNamespace(free=1 << 40)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
        refuses(*arguments, "x.npy", says="No space left on device: 'x.npy'")
        assert_old("x.npy", "x.parquet")
    finally:
        monkeypatch.chdir(folder)
        subprocess.run(["umount", "-l", disk], check=True)


def test_links_and_permissions_stay(folder):
    put_old("target.npy")
    os.chmod("target.npy", 0o640)
    os.symlink("target.npy", "x.npy")
    run("sample", "m.zbins", "-n", 5, "-o", "x.npy")
    assert os.path.islink("x.npy")
    assert stat.S_IMODE(os.stat("target.npy").st_mode) == 0o640
    assert np.load("target.npy").shape == (5, 3)


def test_an_input_that_shrinks_while_it_is_read(folder, monkeypatch):
    np.save("z.npy", rows(10_000, 3))
    put_old("out.zbins")

    def shrinking(batches):
        for number, chunk in enumerate(batches):
            if number == 3:
                os.truncate("z.npy", 1000)
            yield chunk

    def fit_batches(self, batches, **options):
        return real(self, lambda: shrinking(batches), **options)

    real = zbins.PMFSampler.fit_batches
    monkeypatch.setattr(zbins.PMFSampler, "fit_batches", fit_batches)
    arguments = ("fit", "z.npy", "-o", "out.zbins", "--chunk-rows", 100)
    refuses(*arguments, says="'z.npy' became shorter while it was being read")
    assert_old("out.zbins")
