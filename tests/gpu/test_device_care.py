"""Errors and moves: what is refused, by what words, and that nothing is lost by it."""

import pickle

import numpy as np
import pytest
import torch

import zbins
from cases import arrays_of, fitted_pair, rows, same_bits


def refused(kind, text, call, *samplers):
    before = [arrays_of(sampler) for sampler in samplers]
    with pytest.raises(kind, match=text):
        call()
    assert [arrays_of(sampler) for sampler in samplers] == before


def test_rows_where_the_model_is_not(device):
    X = rows(100, 3)
    host, there = fitted_pair(device, X, n_bins=4)
    for call in ("partial_fit", "quantize", "contains", "score_samples"):
        refused(
            ValueError,
            "X is on the CPU and the model on",
            lambda c=call: getattr(there, c)(X),
            there,
        )
        refused(
            ValueError,
            "and the model on the CPU",
            lambda c=call: getattr(host, c)(device.array(X)),
            host,
        )
    refused(ValueError, "one sampler is on", lambda: host.merge(there), host, there)
    refused(ValueError, "one sampler is on", lambda: there.merge(host), host, there)
    refused(
        ValueError,
        "out must be where the model is",
        lambda: there.sample(4, out=np.empty((4, 3), np.float32)),
        there,
    )
    refused(
        ValueError,
        "out must be where the model is",
        lambda: host.sample(4, out=device.array(X[:4])),
        host,
    )
    start = device.array(np.array(1, np.int64))
    refused(ValueError, "start is on", lambda: host.sample(4, random_state=0, start=start), host)


def test_what_out_and_start_must_be(device):
    X = rows(100, 3)
    _, there = fitted_pair(device, X, n_bins=4)
    refused(
        TypeError,
        "out has the dtype float64",
        lambda: there.sample(4, out=device.array(X[:4].astype(float))),
        there,
    )
    refused(
        ValueError, "out has the shape", lambda: there.sample(5, out=device.array(X[:4])), there
    )
    refused(
        ValueError, "C-contiguous", lambda: there.sample(4, out=device.array(X[:8])[::2]), there
    )
    refused(
        TypeError,
        "one int64",
        lambda: there.sample(4, random_state=0, start=device.array(np.array(1.5))),
        there,
    )
    start = device.array(np.array(1, np.int64))
    refused(ValueError, "int random_state", lambda: there.sample(4, start=start), there)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((3,), "Expected 2D array"),
        ((2, 2, 2), "Expected 2D array"),
        ((4, 0), "0 feature"),
        ((4, 7), "7 features"),
    ],
)
def test_shapes(device, shape, text):
    _, there = fitted_pair(device, rows(50, 3), n_bins=4)
    refused(ValueError, text, lambda: there.partial_fit(device.array(np.ones(shape))), there)


def test_complex_rows_and_labels_of_another_kind(device):
    X = rows(50, 3)
    _, there = fitted_pair(device, X, np.arange(50) % 2, n_bins=4)
    refused(
        TypeError, "real numbers", lambda: there.quantize(device.array(X.astype(complex))), there
    )
    refused(
        TypeError,
        "labels of type",
        lambda: there.partial_fit(device.array(X), device.array(X[:, 0] > 0)),
        there,
    )
    refused(
        ValueError,
        "49 labels for 50",
        lambda: there.partial_fit(device.array(X), device.array(np.arange(49))),
        there,
    )
    refused(
        TypeError,
        "accepted",
        lambda: there.partial_fit(device.array(X), device.array(X[:, 0])),
        there,
    )
    refused(ValueError, "not among the labels", lambda: there.sample(3, y=9), there)
    refused(
        ValueError,
        "not among the labels",
        lambda: there.sample(2, y=device.array(np.array([0, 9]))),
        there,
    )


def test_every_allocation_fails_in_turn(device, emulator):
    """The estimator is as it was, the error says how much was wanted, and the next call works."""
    X = rows(400, 5)
    there = zbins.PMFSampler(6).fit(device.array(X[:200]), device.array(np.arange(200) % 3))
    more, labels = device.array(X[200:] * 2), device.array(np.arange(200) % 4)
    whole = zbins.PMFSampler(6).fit(X[:200], np.arange(200) % 3)
    states = [arrays_of(there)]
    whole.partial_fit(X[200:] * 2, np.arange(200) % 4)
    states.append(arrays_of(whole))
    for call in (
        lambda: there.partial_fit(more, labels),
        lambda: there.sample(10, random_state=0, return_y=True),
        lambda: there.contains(more),
    ):
        number = 0
        while True:
            number += 1
            before = arrays_of(there)
            emulator.fail_allocation(number)
            try:
                call()
            except MemoryError as error:
                assert "12,345 bytes left" in str(error)
                emulator.fail_allocation(-1)
                assert arrays_of(there) == before
            else:
                break
            finally:
                emulator.fail_allocation(-1)
        assert number > 2
        assert arrays_of(there) == states[-1]


def test_every_kernel_fails_in_turn(device, emulator):
    X, y = rows(300, 5), np.arange(300) % 3
    there = zbins.PMFSampler(6).fit(device.array(X[:100]))
    before = arrays_of(there)
    number = 0
    while True:
        number += 1
        emulator.fail_kernel(number)
        fresh = zbins.PMFSampler(6)
        try:
            fresh.fit(device.array(X), device.array(y))
            there.merge(zbins.PMFSampler(6).fit(device.array(X[:100])))
        except RuntimeError as error:
            assert "cudaErrorLaunchFailure" in str(error)
            assert fresh._model is None or fresh.n_samples_seen_ == 300
            assert arrays_of(there) == before
        else:
            break
        finally:
            emulator.fail_kernel(-1)
    assert number > 20


def test_no_driver_and_one_too_old(device, emulator):
    X = device.array(rows(10, 2))
    emulator.fail_driver(35)
    with pytest.raises(RuntimeError, match=r"driver of this machine is for CUDA|no CUDA driver"):
        zbins.PMFSampler().fit(X)
    assert "not usable" in zbins.show_config(as_dict=True)["cuda"]
    emulator.fail_driver(0)
    assert "not usable" not in zbins.show_config(as_dict=True)["cuda"]


def test_moves_keep_every_bit(device):
    X = rows(500, 6)
    host, there = fitted_pair(device, X, np.arange(500) % 4, n_bins=7)
    expected = host.sample(50, random_state=1)
    there.to(None)
    assert type(there.sample(1)) is np.ndarray
    same_bits(there.sample(50, random_state=1), expected)
    there.to("cpu")
    assert type(there.sample(1)) is torch.Tensor
    device.moved(there)
    same_bits(device.host(there.sample(50, random_state=1)), expected)
    assert arrays_of(there) == arrays_of(host)


def test_bad_devices(device):
    _, there = fitted_pair(device, rows(50, 3), n_bins=4)
    for wrong in ("gpu", 3.5, "meta", "cuda:99", object()):
        refused(ValueError, "device is", lambda w=wrong: there.to(w), there)


def test_pickles_stay_on_the_device(device):
    _, there = fitted_pair(device, rows(200, 4), np.arange(200) % 3, n_bins=5)
    again = pickle.loads(pickle.dumps(there))
    assert again._model.kind == device.kind
    assert arrays_of(again) == arrays_of(there)


def test_load_and_save(device, tmp_path):
    _, there = fitted_pair(device, rows(200, 4), n_bins=5)
    there.save(tmp_path / "m.zbins")
    again = device.moved(zbins.load(tmp_path / "m.zbins"))
    assert arrays_of(again) == arrays_of(there)


def test_a_model_of_ignored_rows_only(device):
    there = zbins.PMFSampler(4, bounds=(100, 101), out_of_range="ignore")
    there.partial_fit(device.array(rows(30, 3)))
    assert there.n_samples_ignored_ == 30
    with pytest.raises(ValueError, match="nothing to draw from"):
        there.sample(1)
    assert not device.host(there.contains(device.array(rows(5, 3)))).any()
    assert np.isinf(device.host(there.score_samples(device.array(rows(5, 3))))).all()
