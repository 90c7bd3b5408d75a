"""A file that is cut, has a bit flipped, or is no model file is refused by name: never loaded.

Never another exception than ValueError, and never a long wait or much memory (law 7).
"""

from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest

import zbins
from crafting import (
    BLANK,
    crafted,
    entries_of,
    inner_text,
    put_together,
    sealed,
    take_apart,
)
from helpers import fingerprint, refused

# The smallest file there is: one row, one column.
SMALL = zbins.PMFSampler(3).fit(np.array([[1.0]], np.float32))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.zbins"
    SMALL.save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "damaged.zbins"


def refuse(path, data, *texts):
    """The bytes are refused as a model file, naming the file, and soon."""
    path.write_bytes(data)
    begin = time.perf_counter()
    message = refused(ValueError, [str(path), *texts], lambda: zbins.load(path))
    assert time.perf_counter() - begin < 5
    assert len(message) < 1000
    return message


def test_the_whole_file_is_fine(small, path):
    path.write_bytes(small)
    assert fingerprint(zbins.load(path))[2:] == fingerprint(SMALL)[2:]
    assert crafted(*take_apart(small)) == small


def test_cut_at_every_byte(small, path):
    assert len(small) < 800
    for length in range(len(small)):
        refuse(path, small[:length], "not a model file of zbins, or is damaged")


def test_every_bit_flipped(small, path):
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.write(descriptor, small)
    for place in range(len(small)):
        for bit in range(8):
            os.pwrite(descriptor, bytes([small[place] ^ (1 << bit)]), place)
            with pytest.raises(ValueError, match=path.name) as caught:
                zbins.load(path)
            assert caught.type is ValueError, (place, bit)
        os.pwrite(descriptor, small[place : place + 1], place)
    os.close(descriptor)
    assert path.read_bytes() == small


@pytest.mark.parametrize("more", [b"\0", b" ", b"x" * 1000], ids=["zero", "space", "many"])
def test_something_after_the_end_or_before_the_start(small, path, more):
    refuse(path, small + more)
    refuse(path, more + small)
    refuse(path, small + small)


def test_halves_of_two_files(path, tmp_path):
    parts = []
    for X in ([[0.1], [0.5]], [[0.2], [0.6]]):
        zbins.PMFSampler(10, bounds=(0, 1)).fit(X).save(tmp_path / "part")
        parts.append((tmp_path / "part").read_bytes())
    a, b = parts
    assert len(a) == len(b)
    body = 8 + int.from_bytes(a[:8], "little")
    refuse(path, a[:body] + b[body:], "checksum")
    refuse(path, b[:body] + a[body:], "checksum")


JUNK = {
    "empty": b"",
    "one byte": b"x",
    "eight zeros": bytes(8),
    "zeros": bytes(4096),
    "text": b"a file of words, not of models\n" * 50,
    "numpy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }",
    "zip": b"PK\x03\x04" + bytes(100),
    "pickle": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00cbuiltins\nprint\n.",
    "length only": (2).to_bytes(8, "little") + b"{}",
    "length past the end": (10**6).to_bytes(8, "little") + b"{}",
    "length 2**31": (2**31).to_bytes(8, "little") + b"{}" * 9,
    "length 2**63": (2**63).to_bytes(8, "little") + b"{}" * 9,
    "length 2**64 - 1": (2**64 - 1).to_bytes(8, "little") + b"{}" * 9,
}


@pytest.mark.parametrize("name", JUNK)
def test_junk(path, name):
    refuse(path, JUNK[name], "not a model file of zbins, or is damaged")


HEADERS = {
    "list": b"[]",
    "number": b"3",
    "null": b"null",
    "string": b'"x"',
    "not JSON": b"{x}",
    "not text": b"\xff\xfe\xfd" * 9,
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "no metadata": b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
    "metadata null": b'{"__metadata__":null}',
    "metadata a list": b'{"__metadata__":["zbins"]}',
    "metadata a string": b'{"__metadata__":"zbins"}',
    "metadata empty": b'{"__metadata__":{}}',
    "metadata of others": b'{"__metadata__":{"format":"pt"}}',
    "metadata with more": b'{"__metadata__":{"zbins":"{}","format":"pt"}}',
    "zbins a number": b'{"__metadata__":{"zbins":3}}',
    "zbins an object": b'{"__metadata__":{"zbins":{}}}',
    "zbins empty": b'{"__metadata__":{"zbins":""}}',
    "zbins a list": b'{"__metadata__":{"zbins":"[]"}}',
    "zbins null": b'{"__metadata__":{"zbins":"null"}}',
    "zbins NaN": b'{"__metadata__":{"zbins":"NaN"}}',
    "zbins without names": b'{"__metadata__":{"zbins":"{}"}}',
    "bomb": b"[" * 1_000_000,
    "bomb of objects": b'{"a":' * 200_000,
    "bomb in metadata": b'{"__metadata__":{"zbins":"' + b"[" * 1_000_000 + b'"}}',
    "long number": b'{"__metadata__":{"zbins":"' + b"9" * 100_000 + b'"}}',
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_mean_nothing(path, name):
    refuse(path, sealed(HEADERS[name], b""), "not a model file of zbins, or is damaged")


def test_names_that_occur_twice(small, path):
    tensors, metadata = take_apart(small)
    entries, body = entries_of(tensors)
    inner = inner_text(metadata)
    whole = put_together(entries, inner, body)
    header = whole[8 : 8 + int.from_bytes(whole[:8], "little")].rstrip()
    blank = header.replace(take_apart(whole)[1]["checksum"].encode(), BLANK.encode())
    zbins_twice = blank.replace(b'{"zbins":', b'{"zbins":"{}","zbins":')
    counts_twice = blank[:-1] + b',"counts":' + b'{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}'
    metadata_twice = blank[:-1] + b',"__metadata__":{}}'
    for bad in (zbins_twice, counts_twice, metadata_twice):
        refuse(path, sealed(bad, body), "twice")
    twice = inner.replace('"n_bins":3', '"n_bins":3,"n_bins":3')
    assert twice != inner
    refuse(path, put_together(entries, twice, body), "twice")


@pytest.mark.parametrize("version", [0, 2, 99, -1, 1.5, "1", None, True, [1], {}])
def test_another_format_version_is_named(small, path, version):
    tensors, metadata = take_apart(small)
    data = crafted(tensors, {**metadata, "format_version": version})
    refuse(path, data, f"format version is {version!r}", "this release reads 1")


def test_a_future_version_may_have_other_names(small, path):
    tensors, metadata = take_apart(small)
    data = crafted(tensors, {**metadata, "format_version": 2, "new": 3})
    refuse(path, data, "format version is 2")


@pytest.mark.parametrize("checksum", ["", "0" * 63, "1" * 64, "g" * 64, "é" * 64, None, 3, []])
def test_checksums_that_are_none(small, path, checksum):
    tensors, metadata = take_apart(small)
    entries, body = entries_of(tensors)
    inner = inner_text(metadata).replace(f'"{BLANK}"', json.dumps(checksum))
    refuse(path, put_together(entries, inner, body))


# -- entries that point nowhere ----------------------------------------------------------------

HUGE = [4194305, 4194305, 211106198978564]  # 64-bit products of these wrap to something small
ENTRIES = {
    "a huge shape": {"shape": HUGE},
    "a huge shape of no bytes": {"shape": [*HUGE, 0], "data_offsets": [0, 0]},
    "2**63 entries": {"shape": [2**63]},
    "2**64 entries": {"shape": [2**64]},
    "2**61 entries of 8 bytes": {"shape": [2**61]},
    "a negative size": {"shape": [-1]},
    "a fraction": {"shape": [1.0]},
    "a shape that is a number": {"shape": 1},
    "a shape that is null": {"shape": None},
    "many dimensions": {"shape": [1] * 100},
    "beyond the end": {"data_offsets": [0, 10**9]},
    "far beyond the end": {"data_offsets": [2**63, 2**63 + 8]},
    "wrapping": {"data_offsets": [2**64 - 8, 2**64]},
    "backward": {"data_offsets": [8, 0]},
    "negative": {"data_offsets": [-8, 0]},
    "too short": {"data_offsets": [0, 4]},
    "over another": {"data_offsets": [8, 16]},
    "three offsets": {"data_offsets": [0, 8, 16]},
    "no offsets": {"data_offsets": []},
    **{
        f"dtype {name}": {"dtype": name}
        for name in ("F64", "I64", "BF16", "F8_E4M3", "F8_E5M2", "F4", "BOOL", "C64", "u64", "", 3)
    },
}


@pytest.mark.parametrize("name", ENTRIES)
def test_entries_that_lie(small, path, name):
    tensors, metadata = take_apart(small)
    entries, body = entries_of(tensors)
    assert entries["codes"] == {"dtype": "U64", "shape": [1, 1], "data_offsets": [0, 8]}
    entries["codes"] = entries["codes"] | ENTRIES[name]
    refuse(path, put_together(entries, inner_text(metadata), body))


def test_entries_that_are_no_objects(small, path):
    tensors, metadata = take_apart(small)
    entries, body = entries_of(tensors)
    for bad in (None, [], "x", 3, {}):
        changed = put_together(entries | {"codes": bad}, inner_text(metadata), body)
        refuse(path, changed)


def test_bytes_that_belong_to_no_tensor(small, path):
    tensors, metadata = take_apart(small)
    entries, body = entries_of(tensors)
    refuse(path, put_together(entries, inner_text(metadata), body + bytes(8)))
