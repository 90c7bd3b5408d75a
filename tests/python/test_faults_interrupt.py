"""Ctrl-C comes back within 100 ms and leaves the estimator as it was (law 7).

That is the aim on an idle machine. Here the figures are printed; the tests by the clock have
bounds, wider ones, since they run on busy machines too. What cannot be cut short is one call of
NumPy over all rows: the sort of ``bounds=("quantile", q)``, and the checks of labels and of rows
that are no float array yet. Nor can `save` while safetensors writes the file.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

PROGRAM = pathlib.Path(__file__).with_name("interrupt_calls.py")


def waits(rows, trials, *names, threads=""):
    """By call: the milliseconds it takes, and those from each signal to KeyboardInterrupt."""
    seed = random.SystemRandom().randrange(1 << 32)
    done = subprocess.run(
        [sys.executable, PROGRAM, str(rows), str(trials), str(seed), *names],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ZBINS_NUM_THREADS": threads},
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stderr}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def show(capsys, rows, found):
    with capsys.disabled():
        print(f"\nCtrl-C at random moments, {rows:,} rows:")
        for name, whole, each in found:
            worst = f"worst {max(each)} ms" if each else "over before each signal"
            print(f"  {name}: takes {whole} ms; {len(each)} interrupted, {worst}")


@pytest.mark.parametrize("threads", ["1", "2"])
def test_any_long_call(threads, capsys):
    found = waits(1_500_000, 2, threads=threads)
    show(capsys, 1_500_000, found)
    for name, _, each in found:
        assert each, f"{name} was never interrupted"


@pytest.mark.slow
@pytest.mark.clock
def test_any_long_call_of_many_rows(capsys):
    found = waits(30_000_000, 10)
    show(capsys, 30_000_000, found)
    for name, _, each in found:
        assert each, f"{name} was never interrupted"
        assert sorted(each)[len(each) // 2] < 100, name
        assert max(each) < 1_000, name


@pytest.mark.slow
@pytest.mark.clock
def test_a_fit_of_a_hundred_million_rows(capsys):
    found = waits(100_000_000, 20, "fit, all distinct", "fit, few bins")
    show(capsys, 100_000_000, found)
    for name, _, each in found:
        assert len(each) > 10, name
        assert sorted(each)[len(each) // 2] < 100, name
        assert max(each) < 1_000, name
