"""A file on disk is the old one or the new one, whole, whatever happens while saving (law 7)."""

from __future__ import annotations

import errno
import os
import stat
import threading

import numpy as np
import pytest

import zbins
from helpers import fingerprint, refused, rows, run_python

OLD = zbins.PMFSampler(3, bounds=(-9, 9)).fit(rows(20, 3))
NEW = zbins.PMFSampler(5, bounds=(-9, 9)).fit(rows(20, 3, seed=1), np.arange(20) % 2)
MODELS = [fingerprint(OLD)[2:], fingerprint(NEW)[2:]]


@pytest.fixture
def path(tmp_path):
    """A folder that holds the old file and nothing else."""
    OLD.save(tmp_path / "m.zbins")
    return tmp_path / "m.zbins"


def assert_old(path, data):
    assert path.read_bytes() == data
    assert os.listdir(path.parent) == [path.name], "something was left behind"


def test_saving_over_a_file(path):
    NEW.save(path)
    assert fingerprint(zbins.load(path))[2:] == MODELS[1]
    assert os.listdir(path.parent) == [path.name]


STEPS = [  # what a save calls, in turn
    "os.open",
    "os.close",
    "safetensors.numpy.serialize_file",
    "mmap.mmap",
    "hashlib.blake2b",
    "os.fsync",
    "os.replace",
]
ERRORS = {
    "Ctrl-C": KeyboardInterrupt(),
    "exit": SystemExit(),
    "memory": MemoryError(),
    "disk full": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    "disk broken": OSError(errno.EIO, os.strerror(errno.EIO)),
    "quota": OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    "no permission": PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("step", STEPS)
def test_whatever_happens_at_any_step(step, error, path, monkeypatch):
    data = path.read_bytes()
    raised = ERRORS[error]

    def fail(*_, **__):
        raise raised

    monkeypatch.setattr(step, fail)
    with pytest.raises(type(raised)) as caught:
        NEW.save(path)
    monkeypatch.undo()
    assert_old(path, data)
    if isinstance(raised, OSError):
        assert str(path) in str(caught.value)
        assert caught.value.filename == str(path)
        assert caught.value.errno == raised.errno
    NEW.save(path)
    assert fingerprint(zbins.load(path))[2:] == MODELS[1]


def fsync_but_of_folders(error):
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise error
        real(descriptor)

    return fsync


def test_an_interrupt_after_the_rename_leaves_the_new_file(path, monkeypatch):
    monkeypatch.setattr(os, "fsync", fsync_but_of_folders(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        NEW.save(path)
    monkeypatch.undo()
    assert fingerprint(zbins.load(path))[2:] == MODELS[1]
    assert os.listdir(path.parent) == [path.name]


def test_a_folder_that_cannot_be_synced_is_no_error(path, monkeypatch):
    error = OSError(errno.EINVAL, "no sync of folders here")
    monkeypatch.setattr(os, "fsync", fsync_but_of_folders(error))
    NEW.save(path)
    assert fingerprint(zbins.load(path))[2:] == MODELS[1]


def test_the_data_is_on_disk_before_the_rename(path, monkeypatch):
    done = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *a, real=real, name=name: (done.append(name), real(*a))[1]
        )
    NEW.save(path)
    assert done == ["fsync", "replace", "fsync"]


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are POSIX")
def test_a_full_disk_at_every_size(tmp_path):
    """The kernel refuses to write past a limit, as it does when a disk is full."""
    code = """
        import os, pathlib, resource, signal, sys
        import numpy as np, zbins
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        path = pathlib.Path(sys.argv[1]) / "m.zbins"
        rng = np.random.default_rng(0)
        zbins.PMFSampler(3).fit(np.eye(2)).save(path)
        old = path.read_bytes()
        new = zbins.PMFSampler(50).fit(rng.normal(size=(6000, 3)))
        new.save(path.with_name("other"))
        size = path.with_name("other").stat().st_size
        assert size > 40_000
        path.with_name("other").unlink()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        for limit in [0, 1, 8, 500, 1000, 4096, 8192, size // 2, size - 8193, size - 100, size - 1]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                new.save(path)
            except OSError as error:
                caught = error
            else:
                raise AssertionError(f"saved within {limit} bytes")
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            assert str(path) in str(caught), caught
            assert path.read_bytes() == old, limit
            assert os.listdir(path.parent) == ["m.zbins"], os.listdir(path.parent)
        new.save(path)
        assert zbins.load(path).n_samples_seen_ == 6000
        print("done")
    """
    assert run_python(code, tmp_path) == "done\n"


# -- others at the same time -------------------------------------------------------------------


def test_readers_see_the_old_file_or_the_new_one(path):
    stop = threading.Event()
    reads, failures = [0, 0], []

    def read(reader):
        while not stop.is_set():
            try:
                if fingerprint(zbins.load(path))[2:] not in MODELS:
                    failures.append("a mixture of two models")
            except Exception as error:  # any at all is a failure
                failures.append(repr(error))
            reads[reader] += 1

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(2)]
    for reader in readers:
        reader.start()
    saves = 0
    while saves < 20 or (min(reads) < 100 and saves < 10_000):
        NEW.save(path)
        OLD.save(path)
        saves += 1
    stop.set()
    for reader in readers:
        reader.join()
    assert failures[:3] == []
    assert min(reads) > 0, "nobody read"
    assert os.listdir(path.parent) == [path.name]


def test_a_file_replaced_while_it_is_read(path, monkeypatch):
    """What was checked is what is used: the file is not opened by its name a second time."""
    other = path.with_name("other")
    NEW.save(other)
    real = os.fstat

    def replace_once_open(descriptor):
        os.replace(other, path)
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", replace_once_open)
    loaded = zbins.load(path)
    monkeypatch.undo()
    assert fingerprint(loaded)[2:] == MODELS[0]
    assert fingerprint(zbins.load(path))[2:] == MODELS[1]


def test_two_saves_at_once(path):
    savers = [
        threading.Thread(target=lambda s=sampler: [s.save(path) for _ in range(30)])
        for sampler in (OLD, NEW)
    ]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join()
    assert fingerprint(zbins.load(path))[2:] in MODELS
    assert os.listdir(path.parent) == [path.name]


# -- what could not be loaded again is not saved -----------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"n_bins": 0}, ValueError),
        ({"n_bins": "x"}, TypeError),
        ({"n_bins": None}, TypeError),
        ({"n_bins": [3, 3, 3]}, ValueError),
        ({"bounds": (0, np.nan)}, ValueError),
        ({"bounds": 3}, ValueError),
        ({"bounds": ([0, 0, 0], 1)}, ValueError),
        ({"bounds": (object(), 1)}, TypeError),
        ({"out_of_range": "x"}, ValueError),
        ({"out_of_range": None}, ValueError),
    ],
    ids=lambda value: str(value)[:20],
)
def test_parameters_set_after_the_fit_are_checked_before_saving(path, parameters, kind):
    data = path.read_bytes()
    (name,) = parameters
    sampler = zbins.PMFSampler(3).fit(rows()).set_params(**parameters)
    refused(kind, name, lambda: sampler.save(path), sampler)
    assert_old(path, data)
