"""Memory that runs out: MemoryError with a hint, and the estimator as it was (law 7).

tests/cpp/alloc_faults.cpp lets every allocation of the core fail in turn; here the kernel refuses.
"""

from __future__ import annotations

import sys

import pytest

from helpers import run_python

CODE = """
import os, resource, sys, tempfile
import numpy as np
sys.path.insert(0, os.environ["TESTS"])
import zbins
from helpers import fingerprint

MIB = 1 << 20
X = np.random.default_rng(0).random((2_000_000, 4), np.float32)  # all distinct: 56 MB of model
large = zbins.PMFSampler(65536, bounds=(0, 1), n_jobs=2).fit(X)
sampler = zbins.PMFSampler(65536, bounds=(0, 1), n_jobs=2).fit(X[:1000])
folder = tempfile.TemporaryDirectory()
path = os.path.join(folder.name, "m.zbins")
large.save(path)
calls = {
    "fit": lambda: sampler.fit(X),
    "partial_fit": lambda: sampler.partial_fit(X),
    "fit_batches": lambda: sampler.fit_batches([X[:1_000_000], X[1_000_000:]]),
    "merge": lambda: sampler.merge(large),
    "sample": lambda: sampler.sample(20_000_000),
    "load": lambda: zbins.load(path),
}

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

hard = resource.getrlimit(resource.RLIMIT_AS)[1]
for name, call in calls.items():
    before, failed = fingerprint(sampler), 0
    for spare in (2, 6, 12):
        resource.setrlimit(resource.RLIMIT_AS, (used() + spare * MIB, hard))
        try:
            call()
        except MemoryError as error:
            text = str(error)
            failed += 1
        else:
            raise AssertionError(f"{name} needs no more than {spare} MiB")
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        assert "bad_alloc" not in text and len(text) > 20, text
        assert fingerprint(sampler) == before, name
    print(name, failed)
assert sampler.fit(X).sample(3).shape == (3, 4)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_memory_that_runs_out(request):
    # Large blocks straight from the system and back: what malloc keeps would serve the next call.
    kept = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20)}
    printed = run_python(CODE, TESTS=str(request.path.parent), **kept)
    assert printed.split() == [
        *("fit", "3", "partial_fit", "3", "fit_batches", "3", "merge", "3", "sample", "3"),
        *("load", "3"),
    ]
