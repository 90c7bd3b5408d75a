"""Latents crafted to collide: the fixed hash run backwards, as an attacker would."""

from __future__ import annotations

import numpy as np

BOUNDS = (0, 65536)  # with 65,536 bins, a value is its code and a half: 8 columns make two words
MASK = (1 << 64) - 1
MULTIPLIER = 0xD6E8FEB86659FD93


def _undo_xorshift(y, shift):
    x = y
    for _ in range(64 // shift + 1):
        x = y ^ (x >> np.uint64(shift))
    return x


def _inverse(odd):
    return np.uint64(pow(odd, -1, 1 << 64))


def undo_mix(h):
    """What mix64 takes to these hashes."""
    h = _undo_xorshift(h, 31) * _inverse(0x94D049BB133111EB)
    h = _undo_xorshift(h, 27) * _inverse(0xBF58476D1CE4E5B9)
    return _undo_xorshift(h, 30)


def last_words(first, wanted):
    """The second words that give keys beginning with `first` (uint64) the hash `wanted`."""
    h = undo_mix(np.full(len(first), wanted, np.uint64))
    h = _undo_xorshift(h, 32) * _inverse(MULTIPLIER)
    state = (np.uint64(0x9E3779B97F4A7C15) ^ first) * np.uint64(MULTIPLIER)
    return h ^ state ^ (state >> np.uint64(32))


def rows_of(words):
    """Rows in the middle of the bins whose keys are these words, 4 columns a word."""
    shifts = np.array([48, 32, 16, 0], np.uint64)
    codes = (words[:, :, None] >> shifts) & np.uint64(0xFFFF)
    return codes.reshape(len(words), -1).astype(np.float32) + np.float32(0.5)


def colliding_rows(n, seed=0, wanted=0xFEDCBA9876543210):
    """n distinct rows of 8 columns, all of one hash."""
    first = np.random.default_rng(seed).integers(0, 1 << 64, n, np.uint64)
    return rows_of(np.stack([first, last_words(first, wanted)], axis=1))


def random_rows(n, seed=0):
    """n rows of 8 columns of the same kind, of any hash."""
    return rows_of(np.random.default_rng(seed).integers(0, 1 << 64, (n, 2), np.uint64))
