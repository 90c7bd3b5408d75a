"""Pinned answers: published vectors, the paper's example, and what may never change by accident."""

from __future__ import annotations

import numpy as np
import pytest

import reference as ref
import zbins
from zbins import _core  # no call returns a word of Philox, or a hash

PHILOX = [  # Random123's known answers for philox4x32-10: counter, key, words
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), PHILOX)
def test_philox_is_the_published_one(counter, key, words):
    seed = key[0] | key[1] << 32
    assert tuple(_core.philox4x32(seed, *counter)) == words
    assert tuple(int(w) for w in ref.philox(seed, *counter)) == words


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_appendix_a_of_the_paper(dtype):
    """z = [1.5, 2.6, 8] in the ranges [-19, 5.7], [-5, 3], [0, 20] with k = 10."""
    lower, upper = [-19, -5, 0], [5.7, 3, 20]
    z = np.array([[1.5, 2.6, 8]], dtype)
    sampler = zbins.PMFSampler(10, bounds=(lower, upper)).fit(z)
    assert sampler.quantize(z).tolist() == [[8, 9, 4]]
    assert sampler.codes_.tolist() == [[8, 9, 4]]


def test_errata_2_and_3_no_wrap_and_the_maximum_inside():
    """int8 codes wrap for k > 127, and the maximum lands in bin k: not here."""
    X = np.linspace(0, 1, 4001)[:, None]
    for k in (127, 128, 129, 200, 255, 256, 257, 65536):
        codes = zbins.PMFSampler(k).fit(X).quantize(X)
        assert codes.max() == k - 1
        assert codes[-1, 0] == k - 1
        assert (np.diff(codes[:, 0].astype(int)) >= 0).all()


GOLDEN_HASHES = {
    (0,): 0x8B172F19D02C3B2B,
    (1,): 0x3D13FF473CFD3F9D,
    (9223372036854775808,): 0x694D955635F72460,
    (0, 0): 0xCD8F88D0689A63B1,
    (0x0123456789ABCDEF, 0xFEDCBA9876543210): 0x447E134725121C78,
    (0, 1, 2, 3, 4, 5, 6, 7): 0xD4A25056DC5ECB6A,
}


def test_hash_is_pinned():
    """The canonical order, and so every model file, hangs on these values."""
    for key, value in GOLDEN_HASHES.items():
        assert _core.fixed_hash(list(key)) == ref.fixed_hash(key) == value


GOLDEN_SAMPLES = {
    "float32": [
        ["0x1.30b2f40000000p-4", "-0x1.5e56e40000000p-1", "0x1.4000000000000p+2"],
        ["0x1.30baf80000000p-4", "-0x1.fe2bcc0000000p-1", "0x1.4000000000000p+2"],
    ],
    "float64": [
        ["0x1.43523a6e98597p-3", "-0x1.d1a18eb38d175p-1", "0x1.4000000000000p+2"],
        ["0x1.d4348e4c2eb80p-10", "-0x1.bc301dac4f9e8p-1", "0x1.4000000000000p+2"],
    ],
}


def test_samples_are_pinned():
    """Law 4 promises these bits for ever (stream version 1)."""
    assert _core.stream_version == 1
    X = np.array([[0.0, -1.0, 5.0], [1.0, 1.0, 5.0], [0.25, 0.5, 5.0], [0.3, 0.6, 5.0]])
    for dtype, text in GOLDEN_SAMPLES.items():
        samples = zbins.PMFSampler(4).fit(X.astype(dtype)).sample(2, random_state=2024)
        assert [[value.hex() for value in row] for row in samples.tolist()] == text
