"""Kills a writer again and again while it saves: a program, so that its own fork is a small one.

``python kill_writer.py FOLDER TRIALS SEED`` prints counts as JSON. It goes on past TRIALS, up to
20 times as many, until each model was found in the file and a writer was killed while it saved.
"""

from __future__ import annotations

import json
import os
import pathlib
import random
import signal
import sys
import time

import numpy as np

import zbins
from compare import state


def models():
    """Two of different sizes: 0.4 MB, and 2.6 MB with labels and other parameters."""
    rng = np.random.default_rng(0)
    small = zbins.PMFSampler(40).fit(rng.normal(size=(20_000, 4)))
    large = zbins.PMFSampler(50).fit(rng.normal(size=(60_000, 4)), np.arange(60_000) % 3)
    return small, large


def save_for_ever(path, samplers):
    while True:
        for sampler in samplers:
            sampler.save(path)


def trial(path, samplers, states, pause):
    """Kill a writer after the pause; return which model the file holds, and what else is there."""
    child = os.fork()
    if child == 0:
        try:
            save_for_ever(path, samplers)
        finally:
            os._exit(1)
    time.sleep(pause)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), status
    return states.index(state(zbins.load(path))), len(os.listdir(path.parent)) - 1


def main(folder, trials, seed):
    path = pathlib.Path(folder) / "m.zbins"
    samplers = models()
    states = [state(sampler) for sampler in samplers]
    samplers[0].save(path)
    begin = time.perf_counter()
    samplers[1].save(path)
    one_save = time.perf_counter() - begin
    samplers[0].save(path)
    rng = random.Random(seed)
    held, most_left, in_mid_save = [0, 0], 0, 0
    done = 0
    while done < trials or (done < 20 * trials and not (min(held) and in_mid_save)):
        done += 1
        longest = 4 * one_save * (1 + done / trials)  # longer and longer: a machine may get busier
        which, left = trial(path, samplers, states, rng.uniform(0, longest))
        held[which] += 1
        most_left = max(most_left, left)
        in_mid_save += left > 0
    samplers[0].save(path)
    print(
        json.dumps(
            {
                "trials": done,
                "whole": sum(held),
                "held": held,
                "in_mid_save": in_mid_save,
                "most_left": most_left,
                "left_in_the_end": sorted(set(os.listdir(folder)) - {"m.zbins"}),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
