"""A call uses the device of its data and no other, and leaves the thread as it was.

A context on a device takes half a gigabyte of each process that has one, and since CUDA 12 choosing
a device makes one. What the calling thread's device is decides where the user's next tensor goes.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import zbins
from cases import fitted_pair, rows


def in_a_new_thread(call):
    """What the call gives in a thread that has used no device yet."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def work(device):
    """Every kind of call, on one device; nothing of it stays."""
    X = rows(400, 5)
    there = zbins.PMFSampler(6).fit(device.array(X), device.array(np.arange(400) % 3))
    there.partial_fit(device.array(3 * X), device.array(np.arange(400) % 3))
    there.sample(10, random_state=0)
    more = device.array(rows(20, 5))
    there.quantize(more), there.contains(more), there.score_samples(more)
    there.to(None)
    device.moved(there)
    assert there._model.kind == device.kind


@pytest.mark.parametrize("ordinal", [0, 1])
def test_a_thread_without_a_context_has_none_after_a_call(device, emulator, ordinal):
    used = device.second() if ordinal else device

    def call():
        emulator.forget_contexts()
        work(used)
        return emulator.current_context(), emulator.contexts()

    assert in_a_new_thread(call) == (None, [ordinal])


@pytest.mark.parametrize("ordinal", [0, 1])
@pytest.mark.parametrize("before", [0, 1])
def test_a_device_that_is_in_use_is_so_again(device, emulator, before, ordinal):
    used = device.second() if ordinal else device

    def call():
        emulator.forget_contexts()
        emulator.set_device(before)
        work(used)
        return emulator.current_context(), emulator.contexts()

    assert in_a_new_thread(call) == (before, sorted({before, ordinal}))


@pytest.mark.parametrize("before", [None, 0])
def test_after_a_call_that_fails_too(device, emulator, before):
    X = device.second().array(rows(100, 3))

    def call():
        if before is not None:
            emulator.set_device(before)
        emulator.fail_kernel(2)
        with pytest.raises(RuntimeError, match="cudaErrorLaunchFailure"):
            zbins.PMFSampler(4).fit(X)
        return emulator.current_context()

    assert in_a_new_thread(call) == before


def test_models_on_the_second_device(device, emulator):
    """Which is no other than the first."""
    host, there = fitted_pair(device.second(), rows(300, 4), n_bins=5)
    assert there._model.kind == device.second().kind != device.kind
    drawn = device.host(there.sample(40, random_state=3))
    assert drawn.tobytes() == host.sample(40, random_state=3).tobytes()
