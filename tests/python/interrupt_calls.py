"""Presses Ctrl-C at random moments of long calls: a program, so that no other one is hit.

``python interrupt_calls.py ROWS TRIALS SEED CALL...`` prints, for each call, how long it takes and
how long after the signal KeyboardInterrupt arrived, in milliseconds, as JSON. A signal that comes
when the call is over is sent again, so that each call is interrupted TRIALS times.
"""

from __future__ import annotations

import json
import pathlib
import pickle
import random
import signal
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np

import zbins
from helpers import fingerprint
from stored import twin_of

# In a process of its own, so that a call that holds the interpreter cannot delay the signal.
KILLER = """
import os, signal, sys, time
for line in sys.stdin:
    time.sleep(float(line))
    sent = time.monotonic()
    os.kill(os.getppid(), signal.SIGINT)
    print(repr(sent), flush=True)
"""


def calls(rows, folder):
    """What is interrupted, by name: a function that makes (sampler, call), afresh each time.

    Files are written into the folder.
    """
    X = np.random.default_rng(0).random((rows, 2), np.float32)
    y = np.arange(rows) % 5
    kept = {}

    def small():
        return zbins.PMFSampler(65536, bounds=(0, 1)).fit(X[:1000])

    def large():
        if "large" not in kept:
            kept["large"] = zbins.PMFSampler(65536, bounds=(0, 1)).fit(X)
        return kept["large"]

    def unread():
        """Of the same rows, but without what the first lookup makes."""
        return pickle.loads(pickle.dumps(large(), protocol=5))

    def fit(k, **parameters):
        def make():
            sampler = zbins.PMFSampler(k, **parameters).fit(X[:1000])
            return sampler, lambda: sampler.fit(X)

        return make

    def of(make_sampler, call):
        def make():
            sampler = make_sampler()
            return sampler, lambda: call(sampler)

        return make

    def narrow():
        """Of 250 bins a column, so that growth packs them with 16 bits instead of 8."""
        if "narrow" not in kept:
            wide = X[: rows // 2].reshape(-1, 4)
            kept["narrow"] = zbins.PMFSampler(250, bounds=(0, 1)).fit(wide)
        return kept["narrow"]

    def saved():
        path = folder / "large.zbins"
        if not path.exists():
            large().save(path)
        return large(), lambda: zbins.load(path)

    def pickled():
        if "pickled" not in kept:
            kept["pickled"] = pickle.dumps(large(), protocol=5)
        return large(), lambda: pickle.loads(kept["pickled"])

    far = np.full((1, 4), 1.5, np.float32)
    return {
        "fit, all distinct": fit(65536),
        "fit, few bins": fit(16),
        "fit with labels": lambda: (s := small_labelled(X, y), lambda: s.fit(X, y)),
        "fit_batches": of(small, lambda s: s.fit_batches([X[i::5] for i in range(5)])),
        "partial_fit": of(small, lambda s: s.partial_fit(X)),
        "growth": of(narrow, lambda s: twin_of(s).partial_fit(far).counts_),
        "merge": of(large, lambda s: twin_of(s).merge(s)),
        "sample": of(large, lambda s: s.sample(4 * len(X), random_state=0)),
        "first lookup": of(unread, lambda s: s.contains(X[:10])),
        "contains": of(large, lambda s: s.contains(X)),
        "score_samples": of(large, lambda s: s.score_samples(X)),
        "quantize": of(large, lambda s: s.quantize(X)),
        "codes_": of(large, lambda s: twin_of(s).codes_),
        "counts_": of(large, lambda s: twin_of(s).counts_),
        "load": saved,
        "unpickle": pickled,
    }


def small_labelled(X, y):
    return zbins.PMFSampler(65536, bounds=(0, 1)).fit(X[:1000], y[:1000])


def content(sampler):
    """All of a small model; of a large one its codes and counts."""
    if sampler.n_samples_seen_ <= 1000:
        return fingerprint(sampler)
    return sampler.n_samples_seen_, *(zlib.crc32(a) for a in (sampler.codes_, sampler.counts_))


def interrupted(killer, sampler, call, delay):
    """Milliseconds from the signal to KeyboardInterrupt, or None where the call was over first."""
    seen = sampler.n_samples_seen_
    finished = False
    try:
        print(delay, file=killer.stdin, flush=True)  # the signal may come before this returns
        call()
        finished = True
        time.sleep(60)
    except KeyboardInterrupt:
        arrived = time.monotonic()
    sent = float(killer.stdout.readline())
    if finished:
        return None
    if sampler.n_samples_seen_ > seen:  # the signal came between the end and the return
        return None
    return (arrived - sent) * 1e3


def main(rows, trials, seed, names):
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    rng = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", KILLER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as killer,
    ):
        found = calls(rows, pathlib.Path(folder))
        for name in names or found:
            sampler, call = found[name]()
            before = content(sampler)
            begin = time.perf_counter()
            call()
            seconds = time.perf_counter() - begin
            waits = []
            for _ in range(50 * trials):
                if len(waits) == trials:
                    break
                sampler, call = found[name]()
                wait = interrupted(killer, sampler, call, rng.uniform(0, seconds))
                if wait is not None:
                    waits.append(wait)
                    assert content(sampler) == before, "the model has changed"
                    sampler.partial_fit(np.empty((0, sampler.n_features_in_)))  # not kept out
            print(json.dumps([name, round(seconds * 1e3), [round(w, 1) for w in sorted(waits)]]))
            sys.stdout.flush()
        killer.stdin.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]), sys.argv[4:])
