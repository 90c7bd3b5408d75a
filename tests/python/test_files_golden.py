"""The kept model files: what `save` writes today, and what `load` reads for ever."""

from __future__ import annotations

import pytest

import zbins
from golden import FOLDER, MODELS
from helpers import fingerprint


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_the_same_bytes(make, tmp_path):
    kept = FOLDER / f"{make.__name__}.zbins"
    sampler = make()
    sampler.save(tmp_path / "m.zbins")
    assert (tmp_path / "m.zbins").read_bytes() == kept.read_bytes()
    assert fingerprint(zbins.load(kept))[2:] == fingerprint(sampler)[2:]


def test_no_other_files():
    found = sorted(path.stem for path in FOLDER.glob("*.*"))
    assert found == sorted(make.__name__ for make in MODELS)
