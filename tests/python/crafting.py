"""Model files taken apart, changed and put together again with a checksum that is right."""

from __future__ import annotations

import hashlib
import json
import pathlib
import tempfile

import numpy as np
import pandas as pd

import zbins
from helpers import refused, rows
from stored import OF
from stored import take_apart as take_apart

BLANK = "0" * 64
DTYPES = {dtype: name for name, dtype in OF.items()}  # in the order in which they are laid out


def entries_of(tensors):
    """Return the header's entries, and the bytes they point to."""
    entries, body = {}, b""
    rank = list(DTYPES)
    for name, array in sorted(tensors.items(), key=lambda t: (rank.index(t[1].dtype.str), t[0])):
        raw = np.ascontiguousarray(array).tobytes()
        entries[name] = {
            "dtype": DTYPES[array.dtype.str],
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    return entries, body


def inner_text(metadata):
    """Our metadata as text, its checksum blank."""
    return json.dumps({**metadata, "checksum": BLANK}, sort_keys=True, separators=(",", ":"))


def put_together(entries, inner, body):
    """Return the bytes of a file with these entries, this text as our metadata, and this body."""
    header = json.dumps(
        {"__metadata__": {"zbins": inner}, **entries}, separators=(",", ":")
    ).encode()
    return sealed(header, body)


def sealed(header, body):
    """Return the bytes of a file with this header, its blank checksum filled in rightly."""
    header += b" " * (-len(header) % 8)
    length = len(header).to_bytes(8, "little")
    checksum = hashlib.blake2b(length + header + body, digest_size=32).hexdigest()
    return length + header.replace(BLANK.encode(), checksum.encode(), 1) + body


def crafted(tensors, metadata):
    """Return the bytes of a file with these tensors and this metadata."""
    entries, body = entries_of(tensors)
    return put_together(entries, inner_text(metadata), body)


def labelled():
    frame = pd.DataFrame(rows(200, 3), columns=["a", "b", "c"])
    return zbins.PMFSampler([3, 4, 3], bounds=(-1, 1)).fit(frame, ["x", "y", "z", "y"] * 50)


def one_bin():
    """d = 1, k = 3: a code has 2 bits, of which 3 is outside the grid."""
    return zbins.PMFSampler(3, bounds=(0, 1)).fit([[0.5], [0.5]])


def one_row():
    """Two constant columns: a code has 1 bit a column, of which 1 is outside the grid."""
    return zbins.PMFSampler(3).fit([[0.5, 2.0]])


def constant():
    return zbins.PMFSampler(3).fit([[0.5, 2.0], [1.5, 2.0]])


def tight():
    """float32, k = 100 bins over 8 values: most bins hold no value."""
    return zbins.PMFSampler(100).fit(1 + np.arange(9, dtype=np.float32)[:, None] * 2**-23)


def model_files():
    """The bytes of the files of some small models, by name."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.zbins"
        for make in (labelled, one_bin, one_row, constant, tight):
            make().save(path)
            files[make.__name__] = path.read_bytes()
    return files


def load_crafted(folder, tensors, metadata):
    path = folder / "crafted.zbins"
    path.write_bytes(crafted(tensors, metadata))
    return zbins.load(path)


def refuse_crafted(folder, tensors, metadata, texts=()):
    """The file of these is refused as damaged, naming it, in few words."""
    texts = ["crafted.zbins", *([texts] if isinstance(texts, str) else texts)]
    message = refused(ValueError, texts, lambda: load_crafted(folder, tensors, metadata))
    assert len(message) < 1000
