"""Inputs large enough for threads, and every instruction set of the machine: the same bits."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import zbins
from compare import state
from zbins import _core  # for each of the instruction sets that it has

CASES = [  # rows, columns, bins: all distinct, few bins, wide rows, one column
    (60_000, 32, 8),
    (400_000, 3, 6),
    (3_000, 700, 20),
    (1_500_000, 1, 65_536),
]


def rows(n, d, dtype):
    X = np.random.default_rng(n).normal(size=(n, d)).astype(dtype)
    X[n // 2 :: 7] = X[: len(X[n // 2 :: 7])]
    return X


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "d", "k"), CASES)
def test_threads_leave_no_trace(n, d, k, dtype):
    X = rows(n, d, dtype)
    y = np.random.default_rng(1).integers(0, 10, n)
    alone = zbins.PMFSampler(k, n_jobs=1).fit(X, y)
    together = zbins.PMFSampler(k, n_jobs=3).fit(X, y)
    assert state(alone) == state(together)
    shuffled = np.random.default_rng(2).permutation(n)
    assert state(zbins.PMFSampler(k, n_jobs=2).fit(X[shuffled], y[shuffled])) == state(alone)
    want = alone.sample(50_000, random_state=3, return_y=True)
    got = together.sample(50_000, random_state=3, return_y=True)
    assert all(np.array_equal(a, b) for a, b in zip(want, got, strict=True))
    assert np.array_equal(alone.quantize(X), together.quantize(X))
    assert together.contains(X).all()
    assert np.array_equal(alone.score_samples(X), together.score_samples(X))


def test_rows_outside_are_skipped_by_threads_too():
    X = rows(200_000, 8, np.float32)
    parameters = {"bounds": (-1.0, 1.5), "out_of_range": "ignore"}
    one, many = (zbins.PMFSampler(6, n_jobs=j, **parameters).fit(X) for j in (1, 3))
    inside = ((X >= -1) & (X <= 1.5)).all(axis=1)
    assert one.n_samples_ignored_ == (~inside).sum()
    assert state(one) == state(many)
    selected = zbins.PMFSampler(6, bounds=(-1.0, 1.5)).fit(X[inside])
    assert state(one)[0] == state(selected)[0]


LEVEL_PROGRAM = """
import hashlib, sys
import numpy as np
sys.path[:0] = {path!r}
import zbins
from zbins import _core
from compare import state
digest = hashlib.sha256()
rng = np.random.default_rng(0)
for dtype in (np.float32, np.float64):
    for d in (1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65, 200):
        for k in (1, 2, 3, 8, 17, 300, 65536):
            X = (rng.normal(size=(37, d)) * 10.0 ** rng.integers(-5, 6)).astype(dtype)
            s = zbins.PMFSampler(k).fit(X)
            if k < 1000:
                s.partial_fit(X * dtype(1.2))
            digest.update(repr(state(s)).encode())
            digest.update(s.sample(19, random_state=5, start=2**32 - 7).tobytes())
            digest.update(s.quantize(X * dtype(1.5)).tobytes())
print(_core.simd_level(), digest.hexdigest())
"""


def run_level(level):
    program = LEVEL_PROGRAM.format(path=[os.path.dirname(__file__)])
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ZBINS_SIMD": level},
        capture_output=True,
        text=True,
        check=False,
    )


def test_instruction_sets_give_the_same_bits():
    answers = {}
    for level in _core.simd_levels():
        done = run_level(level)
        assert done.returncode == 0, done.stderr
        name, answers[level] = done.stdout.split()
        assert name == level
    assert len(set(answers.values())) == 1, answers


def test_unknown_instruction_set_is_refused_by_name():
    done = run_level("avx9000")
    assert done.returncode != 0
    assert "ZBINS_SIMD is 'avx9000'" in done.stderr
    assert "baseline" in done.stderr
