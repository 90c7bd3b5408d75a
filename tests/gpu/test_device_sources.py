"""Streams into a device: buffers used again, chunks from here and there, and other layers."""

import copy
import sys

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import zbins
from cases import arrays_of, fitted_pair, rows, same_bits
from zbins._device.border import backend_of
from zbins.pmf import stream


@pytest.fixture
def to_device(device, monkeypatch):
    """Makes device="cuda" mean the device under test."""
    original = stream.backend_of_device

    def backend_of_name(wanted):
        return backend_of(device.kind) if wanted == "cuda" else original(wanted)

    monkeypatch.setattr(stream, "backend_of_device", backend_of_name)


def chunks_of(X, y, size=150):
    return [(X[i : i + size], y[i : i + size]) for i in range(0, len(X), size)]


def test_chunks_of_the_host(device, to_device):
    X, y = rows(1000, 5), np.arange(1000) % 3
    host = zbins.PMFSampler(6).fit_batches(chunks_of(X, y))
    there = zbins.PMFSampler(6).fit_batches(chunks_of(X, y), device="cuda")
    assert there._model.kind == device.kind
    assert arrays_of(there) == arrays_of(host)
    bounded = zbins.PMFSampler(6, bounds=(-1, 1), out_of_range="ignore")
    there = copy.deepcopy(bounded).fit_batches(chunks_of(X, y), device="cuda")
    assert arrays_of(there) == arrays_of(bounded.fit_batches(chunks_of(X, y)))


@pytest.mark.parametrize("kind", ["bool", "str", "int"])
@pytest.mark.parametrize("where", ["host", "device"])
def test_buffers_that_are_used_again(device, to_device, kind, where):
    """Every chunk overwrites the one before, as loaders that save memory do."""
    X = rows(600, 4)
    y = {"bool": X[:, 0] > 0, "str": np.array(["a", "b"])[(X[:, 1] > 0).astype(int)]}.get(
        kind, np.arange(600) % 5
    )
    host = zbins.PMFSampler(5).fit_batches(chunks_of(X, y, 100))
    on_device = where == "device"
    rows_buffer = device.array(X[:100]) if on_device else X[:100].copy()
    labels_buffer = device.array(y[:100]) if on_device and kind != "str" else y[:100].copy()

    def source():
        for begin in range(0, 600, 100):
            end = begin + 100
            rows_buffer[:] = device.array(X[begin:end]) if on_device else X[begin:end]
            labels_buffer[:] = (
                y[begin:end] if type(labels_buffer) is np.ndarray else device.array(y[begin:end])
            )
            yield rows_buffer, labels_buffer

    assert arrays_of(zbins.PMFSampler(5).fit_batches(source, device="cuda")) == arrays_of(host)


def test_chunks_from_here_and_there(device, to_device):
    X, y = rows(600, 4), np.arange(600) % 3
    chunks = chunks_of(X, y)
    host = zbins.PMFSampler(5).fit_batches(chunks)
    mixed = [
        (device.array(a), device.array(b)) if i % 2 else (a, b) for i, (a, b) in enumerate(chunks)
    ]
    there = zbins.PMFSampler(5).fit_batches(mixed, device="cuda")
    assert arrays_of(there) == arrays_of(host)
    same_bits(device.host(there.sample(9, random_state=1)), host.sample(9, random_state=1))
    here = zbins.PMFSampler(5).fit_batches(mixed, device="cpu")
    assert here._model.kind == "torch"
    assert arrays_of(here) == arrays_of(host)
    same_bits(here.sample(9, random_state=1).numpy(), host.sample(9, random_state=1))
    with pytest.raises(ValueError, match=r"chunk 1 .*X is on cuda:0"):
        zbins.PMFSampler(5).fit_batches(mixed)


def test_a_source_that_fails_midway(device, to_device):
    X = rows(600, 4)
    there = zbins.PMFSampler(5).fit(device.array(X[:50]))
    before = arrays_of(there)

    def source():
        yield X[:200]
        yield X[200:400]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        there.fit_batches(source, device="cuda")
    bad = X.copy()
    bad[5, 1] = np.nan
    with pytest.raises(ValueError, match=r"chunk 1 .*NaN at row 5, column 1"):
        there.fit_batches([X, bad, X], device="cuda")
    assert arrays_of(there) == before


def test_labels_elsewhere_are_refused(device):
    other = [d for d in sys.modules["conftest"].DEVICES.values() if d().kind != device.kind]
    if not other:
        pytest.skip("needs a second framework")
    X, y = rows(60, 3), np.arange(60) % 2
    there = zbins.PMFSampler(5)
    with pytest.raises(ValueError, match=r"X is on cuda:0 .* and y on cuda:0"):
        there.fit(device.array(X), other[0]().array(y))
    there.fit(device.array(X), device.array(y))
    with pytest.raises(ValueError, match="y is on"):
        there.sample(60, y=other[0]().array(y))
    with pytest.raises(ValueError, match="X is on"):
        there.partial_fit(other[0]().array(X), device.array(y))


def test_strides_of_half_a_value(device):
    """Rows cut out of records: 17 bytes apart, and not on whole values."""
    if "cupy" not in device.kind or device.emulator is None:
        pytest.skip("tensors have strides of whole values, and CuPy's arrays are hard to cut so")
    X = rows(40, 4)
    for offset in (0, 1):
        raw = device.array(np.zeros(40 * 17 + 1, np.uint8))
        view = np.ndarray((40, 4), np.float32, raw, offset, (17, 4)).view(type(raw))
        view[...] = X
        assert arrays_of(zbins.PMFSampler(5).fit(view)) == arrays_of(zbins.PMFSampler(5).fit(X))
    there = zbins.PMFSampler(5).fit(device.array(X))
    with pytest.raises(ValueError, match="not aligned"):
        there.sample(40, out=view)


def test_rows_that_repeat_or_run_backwards(device):
    X = rows(1, 6)
    repeated = device.array(X)[[0] * 50]
    host = zbins.PMFSampler(5).fit(np.repeat(X, 50, axis=0))
    assert arrays_of(zbins.PMFSampler(5).fit(repeated)) == arrays_of(host)
    if "cupy" in device.kind:
        X = rows(50, 6)
        there = zbins.PMFSampler(5).fit(device.array(X)[::-1, ::-1])
        assert arrays_of(there) == arrays_of(zbins.PMFSampler(5).fit(X[::-1, ::-1]))


def test_memory_of_every_stream_is_kept(device, emulator):
    """The grid is made by the first draw, on its stream; the framework is told of the others."""
    X = device.array(rows(200, 4))
    there = zbins.PMFSampler(5).partial_fit(X)
    emulator.stream, emulator.used = 64, 0
    try:
        there.sample(3)
        assert emulator.used == 3  # keys, sums and guide
        emulator.stream, emulator.used = 0, 0
        there.sample(3)
        assert emulator.used == 1  # the grid
        there.score_samples(X)
        assert emulator.used == 2
    finally:
        emulator.stream = 0


def test_other_layers(device):
    X, y = rows(300, 4), np.arange(300) % 3
    host, there = fitted_pair(device, X, y, n_bins=5)
    assert arrays_of(copy.deepcopy(there)) == arrays_of(host)
    pipe = make_pipeline(FunctionTransformer(), zbins.PMFSampler(5)).fit(device.array(X))
    assert pipe[-1]._model.kind == device.kind
    dask = pytest.importorskip("zbins.dask")
    drawn = dask.sample(there, 500, chunks=100, random_state=3).compute()
    same_bits(drawn, host.sample(500, random_state=3))


def test_more_samples_than_any_device_holds(device):
    _, there = fitted_pair(device, rows(30, 3), n_bins=4)
    for n in (10**18, 2**63, 10**30):
        with pytest.raises(MemoryError, match="more are needed"):
            there.sample(n)


class Exported:
    """Memory on a device that nobody here can take over."""

    @property
    def __cuda_array_interface__(self):
        return {"shape": (3, 2), "typestr": "<f4", "data": (0, True), "version": 3}


def test_arrays_that_nobody_takes_over(device, emulator):
    with pytest.raises(TypeError, match="X is a Exported on a CUDA device"):
        zbins.PMFSampler().fit(Exported())
    with pytest.raises(TypeError, match="y is a Exported on a CUDA device"):
        zbins.PMFSampler().fit(device.array(rows(3, 2)), Exported())
