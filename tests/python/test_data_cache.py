"""The cache of decoded images: made once, shared, and never believed when stale or damaged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

from data_helpers import each, pixels, record_decoding, refused_image, same, save
from helpers import refused
from zbins.data import celeba, image_folder, mobius

pytest.importorskip("PIL.Image")
NAMES = [f"{i:03}.png" for i in range(20)]


@pytest.fixture
def root(tmp_path):
    for i, name in enumerate(NAMES):
        save(tmp_path / "faces" / name, pixels(9, 9, i))
    return tmp_path / "faces"


@pytest.fixture
def decoded(monkeypatch):
    """The names of the image files that were opened, in order."""
    return record_decoding(monkeypatch)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def the_file(cache):
    (name,) = os.listdir(cache)
    return cache / name


def test_decoded_once_for_all_runs(root, cache, decoded):
    plain = image_folder(root, 6).arrays()[0]
    decoded.clear()
    split = image_folder(root, 6, cache=cache)
    assert decoded == []
    assert not cache.exists()
    image = split[7][0]
    assert sorted(decoded) == NAMES
    assert np.array_equal(image, plain[7] / np.float32(255))
    decoded.clear()
    for _ in range(2):
        again = image_folder(root, 6, cache=str(cache))
        assert np.array_equal(again.arrays()[0], plain)
        assert np.array_equal(again[7][0], image)
    assert decoded == []
    path = the_file(cache)
    assert path.name.startswith("faces-3x6x6-")
    assert np.array_equal(np.load(path), plain)
    images = again.arrays()[0]
    assert isinstance(images.base, np.memmap) or isinstance(images, np.memmap)
    assert not images.flags.writeable


def test_decoded_at_every_access_without_a_cache(root, decoded):
    split = image_folder(root, 6)
    split[3], split[3], split[4]
    assert decoded == ["003.png", "003.png", "004.png"]


def test_decoded_once_in_memory(root, decoded):
    split = image_folder(root, 6, cache="memory")
    split[3], split[3], split[4]
    assert decoded == ["003.png", "004.png"]
    images, _ = split.arrays()
    assert sorted(decoded) == NAMES
    assert np.array_equal(images, image_folder(root, 6).arrays()[0])
    image, _ = split[3]
    image[:] = 0  # the caller's own
    assert np.array_equal(split.arrays()[0], images)


def test_other_sizes_crops_and_channels_have_files_of_their_own(root, cache, decoded):
    for arguments in ({"size": 6}, {"size": 7}, {"size": 6, "crop": 6}, {"size": 6, "channels": 1}):
        for _ in range(2):
            image_folder(root, cache=cache, **arguments)[0]
    assert len(decoded) == 4 * len(NAMES)
    assert len(os.listdir(cache)) == 4


@pytest.mark.parametrize("change", ["content", "date", "added", "removed", "renamed"])
def test_a_stale_cache_is_rebuilt(root, cache, decoded, change):
    image_folder(root, 6, cache=cache)[0]
    before = the_file(cache)
    first = root / "000.png"
    if change == "content":
        save(first, pixels(9, 9, 99))
    elif change == "date":
        os.utime(first, ns=(1, 1))
    elif change == "added":
        save(root / "000a.png", pixels(9, 9, 99))
    elif change == "removed":
        first.unlink()
    else:
        first.rename(root / "zzz.png")
    decoded.clear()
    images = image_folder(root, 6, cache=cache).arrays()[0]
    assert len(decoded) == len(images) == len(os.listdir(root))
    assert the_file(cache) != before  # and the stale one is gone
    assert np.array_equal(images, image_folder(root, 6).arrays()[0])


def damages(content):
    flipped = bytearray(content)
    flipped[200] ^= 1
    yield bytes(flipped)  # image 0
    flipped = bytearray(content)
    flipped[-1] ^= 1
    yield bytes(flipped)  # the sum of the sums
    yield content[:50] + b"?" + content[51:]  # the header
    yield content[:-7] + b"?" + content[-6:]  # the sum of an image
    yield from (content[:-1], content + b"\0", b"", bytes(len(content)))


def test_a_damaged_cache_is_rebuilt(root, cache, decoded):
    wanted = image_folder(root, 6).arrays()[0]
    image_folder(root, 6, cache=cache)[0]
    path = the_file(cache)
    content = path.read_bytes()
    for damaged in damages(content):
        for read in ("item", "arrays"):
            path.write_bytes(damaged)
            decoded.clear()
            split = image_folder(root, 6, cache=cache)
            if read == "item":
                assert np.array_equal(split[0][0], wanted[0] / np.float32(255))
            assert np.array_equal(split.arrays()[0], wanted)
            assert len(decoded) == len(NAMES)
            assert path.read_bytes() == content


def test_a_cache_that_cannot_be_finished_leaves_nothing(root, cache, monkeypatch):
    (root / "015.png").write_bytes(b"no image")
    split = image_folder(root, 6, cache=cache)
    for _ in range(2):
        refused_image(15, ["image 15, ", "015.png"], lambda: split[0])
        assert os.listdir(cache) == []
    save(root / "015.png", pixels(9, 9, 15))

    def interrupted(*_):
        raise KeyboardInterrupt

    split = image_folder(root, 6, cache=cache)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            split[0]
    assert os.listdir(cache) == []
    usage = type("Usage", (), {"free": 10})
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        refused(OSError, ["10 are free", str(cache)], lambda: split[0])
    assert split[0][0].shape == (3, 6, 6)


CODE = """
import sys
from PIL import Image
from zbins.data import image_folder
real, count = Image.open, 0
def counting(*arguments):
    global count
    count += 1
    return real(*arguments)
Image.open = counting
split = image_folder(sys.argv[1], 6, cache=sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print(count, split.arrays()[0].tobytes().hex()) if split[0] else None
"""


def test_two_processes_at_once(root, cache):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, root, cache],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60)[0] for process in processes]
    counts, images = zip(*(answer.split() for answer in answers), strict=True)
    wanted = image_folder(root, 6).arrays()[0].tobytes().hex()
    assert images == (wanted, wanted)
    if os.name == "posix":  # one of them waited
        assert sum(map(int, counts)) == len(NAMES)
    assert the_file(cache)


def test_threads_at_once(root, cache, decoded):
    split = image_folder(root, 6, cache=cache)
    wanted = image_folder(root, 6).arrays()[0]
    decoded.clear()
    wrong = []

    def read():
        if not np.array_equal(split.arrays()[0], wanted):
            wrong.append(1)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(decoded) == len(NAMES)


def test_splits_of_mobius_and_all_seeds_share_a_cache(tmp_path, cache, decoded):
    for subject in ("1", "2"):
        for k in range(10):
            name = f"{subject}_1i_Ll_{k}.jpg"
            save(tmp_path / "m" / "Images" / subject / name, pixels(9, 9, k))
    data = mobius(tmp_path / "m", 6, cache=cache)
    for split in each(data):
        split[0]
    mobius(tmp_path / "m", 6, cache=cache, seed=3).train[0]
    assert len(decoded) == 20
    assert same(data, mobius(tmp_path / "m", 6))


def test_splits_of_celeba_are_decoded_apart_and_may_be_empty(tmp_path, cache, decoded):
    root = tmp_path / "c"
    for i in range(6):
        save(root / "img_align_celeba" / f"{i}.jpg", pixels(9, 9, i))
    lines = [f"{i}.jpg {int(i > 3)}" for i in range(6)]
    (root / "list_eval_partition.txt").write_text("\n".join(lines))
    data = celeba(root, 6, cache=cache)
    assert data.validation.arrays()[0].shape == (2, 3, 6, 6)
    assert sorted(decoded) == ["4.jpg", "5.jpg"]
    assert data.test.arrays()[0].shape == (0, 3, 6, 6)
    assert len(data.test) == len(list(data.test)) == 0
    assert len(os.listdir(cache)) == 1
