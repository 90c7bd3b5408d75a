"""Random inputs through every instruction set and several numbers of threads, and the oracle.

``python tests/fuzz/differential.py SECONDS [SEED]``: case number i of a seed is always the same. A
process per instruction set works on the same cases and reports what it got, as a digest; the first
also asks the oracle. ``python tests/fuzz/differential.py --case SEED I`` repeats one case here.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import warnings

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "python"))

import numpy as np

import colliding
import reference as ref
import zbins
from compare import assert_is, expected_grid, state
from strategies import STYLES
from zbins import _core

CASE_SECONDS = 120  # one that takes longer hangs, and fails
BINS = (1, 2, 3, 4, 5, 8, 10, 16, 17, 100, 255, 256, 257, 4096, 65535, 65536)
SIDES = (1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 130)
LABELS = (
    None,
    lambda rng, n: rng.integers(-3, 3, n),
    lambda rng, n: rng.random(n) < 0.3,
    lambda rng, n: np.array(["a", "", "label", "ü"])[rng.integers(0, 4, n)],
)
LAYOUTS = (
    lambda X: X,
    np.asfortranarray,
    lambda X: np.repeat(X, 2, axis=0)[::2],
    lambda X: np.repeat(X, 3, axis=1)[:, ::3],
    lambda X: X[::-1].copy()[::-1],
    lambda X: np.flip(np.flip(X, 1).copy(), 1),
    lambda X: np.frombuffer(b"x" + X.tobytes(), X.dtype, X.size, 1).reshape(X.shape),
)


def crafted(rng, n):
    """Rows of one hash, and others between them."""
    rows = [colliding.colliding_rows(n, int(rng.integers(1 << 30))), colliding.random_rows(n)]
    X = np.concatenate(rows)[rng.permutation(2 * n)[: max(1, n)]]
    return X.astype(rng.choice([np.float32, np.float64])), 65536, colliding.BOUNDS


def case(seed, number):
    """Rows, labels, n_bins, bounds and a generator for the rest of the choices."""
    rng = np.random.default_rng([seed, number])
    n = int(rng.integers(1, 60))
    if rng.random() < 0.15:
        X, k, bounds = crafted(rng, n)
    else:
        d = int(rng.choice(SIDES))
        dtype = np.dtype(rng.choice([np.float32, np.float64]))
        X = STYLES[rng.integers(len(STYLES))](rng, n, d).astype(dtype)
        k = int(rng.choice(BINS)) if rng.random() < 0.7 else rng.integers(1, 300, d)
        bounds = None
        if rng.random() < 0.3:
            low, high = np.sort(rng.choice(X.reshape(-1), 2))
            bounds = (float(low), float(high))
    if n > 2 and rng.random() < 0.5:
        X[rng.integers(0, n, n // 2)] = X[0]
    label = LABELS[rng.integers(len(LABELS))]
    y = None if label is None else label(rng, len(X))
    return LAYOUTS[rng.integers(len(LAYOUTS))](X), y, k, bounds, rng


def run(seed, number, with_oracle):
    """What one case gives, as a digest; AssertionError where it is not what the laws say."""
    X, y, k, bounds, rng = case(seed, number)
    plan = random.Random(int(rng.integers(1 << 60)))
    grid = expected_grid(X, k, bounds)
    policy = "ignore" if bounds is not None and plan.random() < 0.6 else "grow"
    digest = hashlib.sha256()
    states = set()
    for threads in ("1", "3"):
        os.environ["ZBINS_NUM_THREADS"] = threads
        sampler = zbins.PMFSampler(k, bounds=bounds, out_of_range=policy)
        try:
            sampler.fit(X, y)
        except ValueError as error:
            refused_rightly(grid, X, policy)
            digest.update(str(error).encode())
            continue
        if with_oracle and threads == "1":
            compare_with_oracle(sampler, grid, X, y, policy, plan.getrandbits(64))
        states.add(repr(state(sampler)))
        streamed(sampler, grid, X, y, plan)
        for part in (
            sampler.sample(20, random_state=number, start=(1 << 32) - 7),
            sampler.quantize(X),
            sampler.contains(X * X.dtype.type(1.01)),
            sampler.score_samples(X),
        ):
            digest.update(part.tobytes())
    assert len(states) <= 1, "threads differ"
    digest.update(repr(states).encode())
    return digest.hexdigest()


def refused_rightly(grid, X, policy):
    """The oracle refuses too: there is no grid, no row lies in it, or none holds all rows."""
    if grid is not None and policy == "ignore":
        assert not ref.codes_of(grid, X)[1].any()
    elif grid is not None:
        assert ref.grow(grid, X) is None


def compare_with_oracle(sampler, grid, X, y, policy, seed):
    assert grid is not None, "the law wants an error"
    if policy == "grow":
        inside = (grid.origin <= X).all() and (grid.top >= X).all()
        grid = grid if inside else ref.grow(grid, X)
        assert grid is not None, "the law wants an error"
    model = ref.count(grid, X, None if y is None else y.tolist())
    assert_is(sampler, model)
    assert sampler.n_samples_ignored_ == len(X) - model.counts.sum()
    labels = None if y is None else sampler.classes_.tolist()
    drawn = sampler.sample(4, random_state=seed, return_y=y is not None)
    points, drawn_labels = (drawn, None) if y is None else drawn
    for i in range(4):
        point, _, label = ref.sample(model, seed, i, labels)
        assert np.array_equal(points[i], point), i
        assert label is None or drawn_labels[i] == label
    codes, inside = ref.codes_of(grid, X)
    assert np.array_equal(sampler.quantize(X), np.clip(codes, 0, grid.bins - 1))
    assert np.array_equal(sampler.contains(X), inside)
    got, wanted = sampler.score_samples(X), ref.log_density(model, X)
    assert np.allclose(got, wanted, rtol=1e-9, atol=1e-9), np.abs(got - wanted).max()


def streamed(sampler, grid, X, y, plan):
    """The same rows chunk by chunk, or in two models, one from a file, that are merged."""
    if sampler.bounds is None:
        cuts = sorted(plan.randrange(len(X) + 1) for _ in range(plan.randrange(4)))
        chunks = [(X[c], None if y is None else y[c]) for c in np.split(np.arange(len(X)), cuts)]
        whole = unfitted(sampler).fit_batches([x if y is None else (x, z) for x, z in chunks])
        assert state(whole) == state(sampler)
        return
    if grid.constant.any():  # each half would fix a width of its own
        return
    cut = plan.randrange(len(X) + 1)
    parts = [unfitted(sampler) for _ in range(2)]
    for part, rows in zip(parts, (slice(cut), slice(cut, None)), strict=True):
        part.partial_fit(X[rows], None if y is None else y[rows])
    if cut in (0, len(X)) or any(part.n_samples_seen_ == 0 for part in parts):
        return
    with tempfile.TemporaryDirectory() as folder:
        parts[1].save(pathlib.Path(folder) / "m.zbins")
        parts[1] = zbins.load(pathlib.Path(folder) / "m.zbins")
    assert state(parts[0].merge(parts[1])) == state(sampler)


def unfitted(sampler):
    """One with the same parameters."""
    return zbins.PMFSampler(**sampler.get_params())


# -- processes -----------------------------------------------------------------------------------


def work(seed, with_oracle):
    """Answer the numbers of cases that come in with digests."""
    for line in sys.stdin:
        print(run(seed, int(line), with_oracle), flush=True)


def start(seed, level, with_oracle):
    command = [sys.executable, "-W", "error", __file__, "--work", str(seed), str(int(with_oracle))]
    return subprocess.Popen(
        command,
        env={**os.environ, "ZBINS_SIMD": level},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def drive(seconds, seed):
    levels = _core.simd_levels()
    workers = [start(seed, level, place == 0) for place, level in enumerate(levels)]
    print(f"differential: seed {seed}, {seconds} s, {', '.join(levels)}", flush=True)
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for worker in workers:
            print(number, file=worker.stdin, flush=True)
        hangs = threading.Timer(CASE_SECONDS, lambda: [worker.kill() for worker in workers])
        hangs.start()
        answers = [worker.stdout.readline().strip() for worker in workers]
        hangs.cancel()
        if len(set(answers)) != 1 or not answers[0]:
            told = dict(zip(levels, answers, strict=True))
            sys.exit(
                f"FAILED: case {number} of seed {seed}: {told}\n{__file__} --case {seed} {number}"
            )
        number += 1
    for worker in workers:
        worker.communicate()
    print(f"differential: {number} cases, the same bits from {len(levels)} instruction sets")


def main():
    warnings.simplefilter("error")
    if sys.argv[1] == "--work":
        work(int(sys.argv[2]), sys.argv[3] == "1")
    elif sys.argv[1] == "--case":
        print(run(int(sys.argv[2]), int(sys.argv[3]), True))
    else:
        given = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(32)
        drive(int(sys.argv[1]), given)


if __name__ == "__main__":
    main()
