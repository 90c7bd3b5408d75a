"""Laws 4 to 6 across devices: the same samples, bit for bit, each in the bin that was picked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
import zbins
from cases import fitted_pair, rows, same_bits

EXAMPLES = 60


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_samples_are_those_of_the_host(device, data):
    X = data.draw(strategies.latents(max_rows=60))
    k = data.draw(strategies.n_bins(X.shape[1]))
    try:
        host = zbins.PMFSampler(k).fit(X)
    except ValueError:
        return
    if data.draw(st.booleans()):  # a grid that has grown below its origin and above its top
        try:
            host.partial_fit(X * np.asarray(1.5, X.dtype))
        except ValueError:
            return
    there = device.moved(zbins.PMFSampler(k).fit(X))
    there._model = host._model.returning(device.kind).finished(1)
    seed = data.draw(strategies.seeds)
    start = data.draw(st.sampled_from([0, 1, 2**32 - 5, 2**63]))
    n = data.draw(st.integers(0, 70))
    expected = host.sample(n, random_state=seed, start=start)
    drawn = there.sample(n, random_state=seed, start=start)
    same_bits(device.host(drawn), expected)
    if n:
        assert device.host(there.contains(drawn)).all()


@pytest.mark.parametrize("d", [1, 2, 3, 4, 5, 31, 32, 64, 127, 128, 129, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_width(device, d, dtype):
    host, there = fitted_pair(device, rows(200, d, dtype), n_bins=10)
    same_bits(device.host(there.sample(100, random_state=3)), host.sample(100, random_state=3))


def test_batches_and_starts(device):
    host, there = fitted_pair(device, rows(500, 6), n_bins=8)
    whole = host.sample(1000, random_state=7)
    parts = [device.host(x) for x in there.sample_batches(1000, 333, random_state=7)]
    same_bits(np.concatenate(parts), whole)
    same_bits(device.host(there.sample(100, random_state=7, start=900)), whole[900:])


@pytest.mark.parametrize("labels", ["int", "bool", "str"])
def test_labels(device, labels):
    X = rows(600, 4)
    y = {"int": np.arange(600) % 7 - 3, "bool": X[:, 1] > 0, "str": np.arange(600) % 3}[labels]
    if labels == "str":
        y = np.array(["a", "bb", "c"])[y]
        host = zbins.PMFSampler(5).fit(X, y)
        there = zbins.PMFSampler(5).fit(device.array(X), y)  # str labels stay on the host
    else:
        host, there = fitted_pair(device, X, y, n_bins=5)
    a, a_labels = host.sample(300, random_state=1, return_y=True)
    b, b_labels = there.sample(300, random_state=1, return_y=True)
    same_bits(device.host(b), a)
    assert np.array_equal(device.host(b_labels), a_labels)
    for label in host.classes_:
        want = host.sample(50, y=label, random_state=2)
        same_bits(device.host(there.sample(50, y=label, random_state=2)), want)
    each = np.resize(host.classes_, 90)
    want, want_labels = host.sample(90, y=each, random_state=4, return_y=True)
    ways = [each] if labels == "str" else [each, device.array(each)]
    for wanted in ways:
        got, got_labels = there.sample(90, y=wanted, random_state=4, return_y=True)
        same_bits(device.host(got), want)
        assert np.array_equal(device.host(got_labels), want_labels)
        batches = there.sample_batches(90, 40, y=wanted, random_state=4)
        same_bits(np.concatenate([device.host(x) for x in batches]), want)


def test_out_is_written_and_returned(device):
    host, there = fitted_pair(device, rows(300, 6), n_bins=8)
    out = device.array(np.full((40, 6), np.nan, np.float32))
    assert there.sample(40, random_state=0, out=out) is out
    same_bits(device.host(out), host.sample(40, random_state=0))
    beside = device.array(np.full((41, 6), np.nan, np.float32))
    there.sample(40, random_state=0, out=beside[1:])  # not on 16 bytes
    same_bits(device.host(beside)[1:], host.sample(40, random_state=0))
    assert np.isnan(device.host(beside)[0]).all()


def test_start_on_the_device_moves_on(device):
    host, there = fitted_pair(device, rows(300, 5), n_bins=8)
    start = device.array(np.array(17, np.int64))
    whole = host.sample(500, random_state=9)
    first = device.host(there.sample(100, random_state=9, start=start))
    second = device.host(there.sample(70, random_state=9, start=start))
    same_bits(first, whole[17:117])
    same_bits(second, whole[117:187])
    assert int(start) == 187
    parts = there.sample_batches(60, 25, random_state=9, start=start)
    same_bits(np.concatenate([device.host(x) for x in parts]), whole[187:247])


def test_offsets_at_the_edges_of_bins(device):
    """Where a bin holds a handful of values, draws are rounded over its edges all the time."""
    X = (1e8 + np.random.default_rng(0).integers(0, 400, size=(300, 8))).astype(np.float32)
    host, there = fitted_pair(device, X, n_bins=40)
    same_bits(device.host(there.sample(2000, random_state=5)), host.sample(2000, random_state=5))
