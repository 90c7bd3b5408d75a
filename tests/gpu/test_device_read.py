"""What a model on a device says of rows: the codes and bins of the host, densities to rounding."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
import zbins
from cases import fitted_pair, outcome, rows


@settings(max_examples=60)
@given(data=st.data())
def test_codes_bins_and_densities(device, data):
    X = data.draw(strategies.latents(max_rows=60))
    k = data.draw(strategies.n_bins(X.shape[1]))
    try:
        host = zbins.PMFSampler(k).fit(X)
        if data.draw(st.booleans()):
            host.partial_fit(X * np.asarray(1.5, X.dtype))
    except ValueError:
        return
    there = zbins.PMFSampler(k).fit(X)
    there._model = host._model.returning(device.kind).finished(1)
    with np.errstate(over="ignore"):
        asked = np.concatenate([X, X * np.asarray(1.3, X.dtype), X[:1] - 1])
    asked = np.nan_to_num(asked)
    on_device = device.array(asked)
    codes = device.host(there.quantize(on_device))
    assert np.array_equal(codes, host.quantize(asked))
    assert np.array_equal(device.host(there.contains(on_device)), host.contains(asked))
    densities, expected = device.host(there.score_samples(on_device)), host.score_samples(asked)
    assert np.array_equal(np.isinf(densities), np.isinf(expected))
    finite = np.isfinite(expected)
    assert np.allclose(densities[finite], expected[finite], rtol=1e-12, atol=1e-12)


def test_score_is_a_number(device):
    X = rows(200, 3)
    host, there = fitted_pair(device, X, n_bins=5)
    assert isinstance(there.score(device.array(X)), float)
    assert np.isclose(there.score(device.array(X)), host.score(X))


def test_the_first_value_that_is_not_finite_is_named(device):
    X = rows(300, 36)
    host, there = fitted_pair(device, X, n_bins=5)
    for places in (((250, 7), (250, 6), (299, 0)), ((0, 35),), ((299, 35),)):
        for value in (np.nan, np.inf, -np.inf):
            bad = X.copy()
            for place in places:
                bad[place] = value
            for call in ("quantize", "contains", "score_samples", "fit", "partial_fit"):
                expected = outcome(lambda c=call, b=bad: getattr(host, c)(b))
                on_device = device.array(bad)
                found = outcome(lambda c=call, b=on_device: getattr(there, c)(b))
                assert found == expected
                assert "at row" in found[1]


def test_quantize_of_wide_grids(device):
    X = rows(100, 4)
    host, there = fitted_pair(device, X, n_bins=1000)
    codes = device.host(there.quantize(device.array(X)))
    assert codes.dtype == (np.int32 if "torch" in device.kind else np.uint16)
    assert np.array_equal(codes, host.quantize(X))


def test_rows_of_float64_for_a_model_of_float32(device):
    """Values beyond the range of float32 lie outside the grid; they are not infinite."""
    X = rows(50, 3)
    host, there = fitted_pair(device, X, n_bins=5)
    far = X.astype(np.float64)
    far[3, 1], far[4, 0] = 1e300, -1e300
    assert np.array_equal(device.host(there.contains(device.array(far))), host.contains(far))
    expected = outcome(lambda: host.partial_fit(far))
    found = outcome(lambda: there.partial_fit(device.array(far)))
    assert found[0] == expected[0] == "RowError"
    assert "1e+300 at row 3, column 1, which is beyond the range of float32" in found[1]
