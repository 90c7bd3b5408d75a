"""Where a model file can be written and read: folders, links, permissions; errors name the path."""

from __future__ import annotations

import os
import stat
import tempfile

import numpy as np
import pytest

import zbins
from helpers import fingerprint, refused, rows, run_python

OLD = zbins.PMFSampler(3, bounds=(-9, 9)).fit(rows(20, 3))
NEW = zbins.PMFSampler(5, bounds=(-9, 9)).fit(rows(20, 3, seed=1), np.arange(20) % 2)
AFTER = fingerprint(NEW)[2:]


@pytest.fixture
def path(tmp_path):
    """A folder that holds the old file and nothing else."""
    OLD.save(tmp_path / "m.zbins")
    return tmp_path / "m.zbins"


def test_a_missing_folder(tmp_path):
    path = tmp_path / "none" / "m.zbins"
    message = refused(FileNotFoundError, str(path), lambda: NEW.save(path))
    assert "cannot save the model" in message
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_a_file(path):
    data = path.read_bytes()
    below = path / "m.zbins"
    refused(NotADirectoryError, str(below), lambda: NEW.save(below))
    assert path.read_bytes() == data


def test_a_directory(tmp_path):
    refused(IsADirectoryError, [str(tmp_path), "save"], lambda: NEW.save(tmp_path))
    refused(IsADirectoryError, str(tmp_path), lambda: zbins.load(tmp_path))
    assert os.listdir(tmp_path) == []


def test_a_missing_file(tmp_path):
    path = tmp_path / "none.zbins"
    refused(FileNotFoundError, str(path), lambda: zbins.load(path))


def test_the_longest_name_a_file_can_have(tmp_path):
    path = tmp_path / ("m" * 255)
    NEW.save(path)
    assert fingerprint(zbins.load(path))[2:] == AFTER
    too_long = tmp_path / ("m" * 256)
    refused(OSError, str(too_long), lambda: NEW.save(too_long))
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_no_permission():
    """In a process of its own, which gives up root where it has it."""
    code = """
        import os, pathlib, sys
        import numpy as np, zbins
        folder = pathlib.Path(sys.argv[1])
        sampler = zbins.PMFSampler(3).fit(np.eye(2))
        closed, secret = folder / "closed", folder / "secret.zbins"
        closed.mkdir()
        sampler.save(closed / "m.zbins")
        sampler.save(secret)
        old = (closed / "m.zbins").read_bytes()
        (closed / "m.zbins").chmod(0o644)
        closed.chmod(0o555)
        secret.chmod(0)
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        for path, call in (
            (closed / "m.zbins", sampler.save),
            (closed / "other", sampler.save),
            (secret, zbins.load),
        ):
            try:
                call(path)
            except PermissionError as error:
                assert str(path) in str(error), error
            else:
                raise AssertionError(path)
        assert os.listdir(closed) == ["m.zbins"]
        assert (closed / "m.zbins").read_bytes() == old
        print("done")
    """
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        assert run_python(code, folder) == "done\n"
        os.chmod(os.path.join(folder, "closed"), 0o755)


# -- links and permissions ---------------------------------------------------------------------


@pytest.mark.parametrize("relative", [True, False], ids=["relative", "absolute"])
def test_a_symbolic_link_is_followed(path, relative):
    link = path.parent / "sub" / "link.zbins"
    link.parent.mkdir()
    link.symlink_to("../m.zbins" if relative else path)
    NEW.save(link)
    assert link.is_symlink()
    assert not path.is_symlink()
    for name in (link, path):
        assert fingerprint(zbins.load(name))[2:] == AFTER
    assert os.listdir(link.parent) == ["link.zbins"]
    assert sorted(os.listdir(path.parent)) == ["m.zbins", "sub"]


def test_a_link_to_nothing_yet(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "m.zbins")
    NEW.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert fingerprint(zbins.load(tmp_path / "m.zbins"))[2:] == AFTER


def test_a_link_to_a_directory_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    refused(IsADirectoryError, "link", lambda: NEW.save(tmp_path / "link"))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, umask):
    NEW.save(tmp_path / "m.zbins")
    assert mode(tmp_path / "m.zbins") == 0o666 & ~umask


@pytest.mark.parametrize("permissions", [0o600, 0o640, 0o644, 0o664], ids=oct)
def test_saving_over_a_file_keeps_its_permissions(path, umask, permissions):
    """What was private stays private."""
    path.chmod(permissions)
    NEW.save(path)
    assert mode(path) == permissions
