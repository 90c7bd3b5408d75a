"""A daemon thread may be at work in the core when the program ends: it ends without a word.

Before Python 3.14 the interpreter ends such a thread by unwinding its stack as soon as it asks for
the GIL, which C++ answered with an abort.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Every trial is a fork of one process that has imported all: it starts the thread, lets it get into
# its loop, and leaves as any script does.
PROGRAM = """
import os, sys, threading, time, warnings
import numpy as np
import zbins

# The BLAS of NumPy may have threads of its own, which a child then lacks; it needs none here.
warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
call, threads, path, trials = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
X = np.random.default_rng(0).normal(size=(20_000, 16))
sampler = zbins.PMFSampler(8, random_state=0, n_jobs=threads).fit(X)
sampler.save(path)
out = np.empty((20_000, 16))
calls = {
    "fit": lambda: zbins.PMFSampler(8, n_jobs=threads).fit(X),
    "sample": lambda: sampler.sample(20_000, out=out),
    "load": lambda: zbins.load(path),
}

def work():
    while True:
        calls[call]()
        begun.set()

def trial(number):
    threading.Thread(target=work, daemon=True).start()
    assert begun.wait(60)
    time.sleep(number * 1e-4)

ended = []
for number in range(trials):
    begun = threading.Event()
    child = os.fork()
    if child == 0:
        trial(number)
        sys.exit(0)
    ended.append(os.waitpid(child, 0)[1])
assert ended == [0] * trials, ended
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("call", ["fit", "sample", "load"])
def test_a_daemon_thread_at_work_while_the_program_ends(call, threads, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, call, str(threads), tmp_path / "m.zbins", "20"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "ZBINS_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
