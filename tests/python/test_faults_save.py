"""Writers that are killed, disks that are full, folders that vanish: the old file or the new one.

Each fault is made for real, by the kernel; test_files_save.py makes them step by step.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import pkgutil
import random
import shutil
import subprocess
import sys
import tempfile

import pytest

import zbins
from helpers import fingerprint, refused, rows, run_python

OLD = zbins.PMFSampler(3, bounds=(-9, 9)).fit(rows(20, 3))
NEW = zbins.PMFSampler(1000, bounds=(-9, 9)).fit(rows(6000, 3, seed=1))
BEFORE, AFTER = (fingerprint(sampler)[2:] for sampler in (OLD, NEW))


def folder_of_a_writer():
    """What a writer on this machine calls the folder in which it writes."""
    made, real = [], os.mkdir
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "mkdir", lambda name, mode: (made.append(name), real(name, mode)))
        OLD.save(pathlib.Path(folder) / "m.zbins")
    return os.path.basename(made[0])


MINE = folder_of_a_writer()  # a dot, eight digits of the machine, and sixteen at random
ABANDONED = MINE[:9] + "0123456789abcdef" + MINE[25:]
ELSEWHERE = "." + "0" * 8 + ABANDONED[9:]  # where another machine wrote


@pytest.fixture
def path(tmp_path):
    """A folder that holds the old file and nothing else."""
    OLD.save(tmp_path / "m.zbins")
    return tmp_path / "m.zbins"


# -- writers that are killed -------------------------------------------------------------------


@pytest.mark.parametrize("trials", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_a_writer_killed_at_random_moments(trials, tmp_path, capsys):
    seed = random.SystemRandom().randrange(1 << 32)  # other moments each time, and it is printed
    program = pathlib.Path(__file__).with_name("kill_writer.py")
    done = subprocess.run(
        [sys.executable, program, tmp_path, str(trials), str(seed)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    found = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\nkilled with SIGKILL (seed {seed}): {found}")
    assert found["whole"] == found["trials"] >= trials
    assert min(found["held"]) > 0, "never one of the two: not random moments"
    assert found["in_mid_save"] > 0, "no writer was killed while it wrote"
    assert found["most_left"] <= 1, "what dead writers left was not removed by the next"
    assert found["left_in_the_end"] == []


def abandon(folder, called=ABANDONED):
    (folder / called).mkdir()
    for name in ("model", ".tmpAbCdEf"):
        (folder / called / name).write_bytes(b"half a model")


def test_what_the_dead_left_is_removed_by_the_next_save(path):
    abandon(path.parent)
    NEW.save(path.with_name("other"))
    assert sorted(os.listdir(path.parent)) == ["m.zbins", "other"]


def test_what_another_machine_left_goes_after_a_day(path):
    abandon(path.parent, ELSEWHERE)  # it may live, and its lock not be seen here
    NEW.save(path)
    assert sorted(os.listdir(path.parent / ELSEWHERE)) == [".tmpAbCdEf", "model"]
    long_ago = (path.parent / ELSEWHERE).stat().st_mtime - 90_000
    os.utime(path.parent / ELSEWHERE, (long_ago, long_ago))
    NEW.save(path)
    assert os.listdir(path.parent) == [path.name]


def test_a_link_with_the_name_of_an_abandoned_folder(path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").write_text("mine")
    (path.parent / ABANDONED).symlink_to(elsewhere)
    NEW.save(path)
    assert (elsewhere / "precious").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
def test_what_another_user_left_stays(path):
    abandon(path.parent)
    os.chown(path.parent / ABANDONED, 12345, -1)
    NEW.save(path)
    assert sorted(os.listdir(path.parent / ABANDONED)) == [".tmpAbCdEf", "model"]


def test_what_a_living_writer_holds_stays(path, monkeypatch):
    """One that is about to put its file in place while another begins and ends."""
    other, real = path.with_name("other"), os.replace

    def replace(source, target):
        monkeypatch.undo()
        OLD.save(other)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    NEW.save(path)
    assert fingerprint(zbins.load(path))[2:] == AFTER
    assert fingerprint(zbins.load(other))[2:] == BEFORE
    assert sorted(os.listdir(path.parent)) == [path.name, other.name]


def test_what_only_looks_alike_stays(path):
    others = [
        "x.zbins.tmp",
        ".0123.zbins.tmp",
        ABANDONED + "x",
        ABANDONED[:9] + ABANDONED[9:].upper(),
    ]
    for name in others:
        (path.parent / name).mkdir()
    NEW.save(path)
    assert sorted(os.listdir(path.parent)) == sorted([*others, path.name])


def test_a_file_system_without_locks(path, monkeypatch):
    def flock(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", flock)
    abandon(path.parent)
    NEW.save(path)
    assert fingerprint(zbins.load(path))[2:] == AFTER
    assert sorted(os.listdir(path.parent)) == sorted([ABANDONED, path.name])  # whose, none can say


def test_a_folder_taken_for_abandoned_before_it_was_held(path, monkeypatch):
    """Another writer may come between the making of a folder and its lock."""
    real, taken = os.mkdir, []

    def mkdir(name, mode=0o777):
        real(name, mode)
        if not taken:
            taken.append(name)
            os.rmdir(name)

    monkeypatch.setattr(os, "mkdir", mkdir)
    NEW.save(path)
    assert len(taken) == 1
    assert fingerprint(zbins.load(path))[2:] == AFTER
    assert os.listdir(path.parent) == [path.name]


# -- full disks ----------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(folder, kib):
    """A file system of so many KiB, where one may be mounted."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("mount") is None,
    reason="only root mounts a small disk; test_files_save.py limits file sizes instead",
)
@pytest.mark.parametrize("free", [0, 4, 8, 20, 40])
def test_a_full_disk(tmp_path, free):
    """6,000 bins take 100 KB: the disk is full when it begins, or at some point on the way."""
    with small_disk(tmp_path, 256):
        path = tmp_path / "m.zbins"
        OLD.save(path)
        data = path.read_bytes()
        filler = tmp_path / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        os.truncate(filler, max(0, filler.stat().st_size - free * 1024))
        message = refused(OSError, [str(path), "No space left"], lambda: NEW.save(path), NEW)
        assert "cannot save the model" in message
        assert path.read_bytes() == data
        assert sorted(os.listdir(tmp_path)) == ["filler", "m.zbins"]
        filler.unlink()
        NEW.save(path)
        assert fingerprint(zbins.load(path))[2:] == AFTER


# -- folders that vanish, permission that goes ---------------------------------------------------


@pytest.mark.parametrize(
    "step", ["safetensors.numpy.serialize_file", "mmap.mmap", "hashlib.blake2b"]
)
@pytest.mark.parametrize("gone", ["the folder", "what is being written"])
def test_a_folder_that_vanishes(tmp_path, step, gone):
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "m.zbins"
    OLD.save(path)
    data = path.read_bytes()
    real = pkgutil.resolve_name(step)

    def vanish(*arguments, **more):
        for victim in [folder] if gone == "the folder" else folder.glob(".*.zbins.tmp"):
            shutil.rmtree(victim)
        return real(*arguments, **more)

    def save():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(step, vanish)
            NEW.save(path)

    refused(FileNotFoundError, [str(path), "cannot save the model"], save, NEW)
    if gone == "the folder":
        assert os.listdir(tmp_path) == []
        folder.mkdir()
        NEW.save(path)
    else:
        assert path.read_bytes() == data
        assert os.listdir(folder) == ["m.zbins"]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_permission_that_goes_while_saving():
    """As root everything is allowed, so a child gives that up first."""
    code = """
        import os, pathlib, sys
        import numpy as np, safetensors.numpy
        from zbins import PMFSampler  # now: later the libraries may be closed too
        folder = pathlib.Path(sys.argv[1])
        if os.getuid() == 0:
            os.chown(folder, 65534, 65534)
            os.setgroups([]); os.setgid(65534); os.setuid(65534)
        path = folder / "m.zbins"
        PMFSampler(3).fit(np.eye(2)).save(path)
        old, real = path.read_bytes(), safetensors.numpy.serialize_file
        def close(*arguments, **more):
            folder.chmod(0o555)
            return real(*arguments, **more)
        safetensors.numpy.serialize_file = close
        new = PMFSampler(4).fit(np.eye(3))
        try:
            new.save(path)
        except PermissionError as error:
            assert str(path) in str(error), error
        else:
            raise AssertionError("saved into a closed folder")
        folder.chmod(0o755)
        assert path.read_bytes() == old
        safetensors.numpy.serialize_file = real
        new.save(path)  # and removes what could not be removed
        assert os.listdir(folder) == ["m.zbins"], os.listdir(folder)
        print("done")
    """
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        assert run_python(code, folder) == "done\n"
