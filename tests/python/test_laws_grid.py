"""Laws 1, 2 and 3: the grid, the counts and their order equal the oracle's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reference as ref
import zbins
from compare import assert_ends, assert_is, expected_grid, state
from helpers import is_fitted
from stored import stored
from strategies import chunked, latents, n_bins

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@each_dtype
@given(data=st.data())
def test_fit_equals_the_oracle(dtype, data):
    X = data.draw(latents(dtype=dtype))
    k = data.draw(n_bins(X.shape[1]))
    grid = expected_grid(X, k)
    if grid is None:
        with pytest.raises(ValueError, match="range"):
            zbins.PMFSampler(k).fit(X)
        return
    sampler = zbins.PMFSampler(k).fit(X)
    assert_is(sampler, ref.count(grid, X))
    assert_ends(sampler, grid)


@each_dtype
@given(data=st.data())
def test_quantize_contains_and_density_equal_the_oracle(dtype, data):
    X = data.draw(latents(max_columns=65, dtype=dtype))
    k = data.draw(n_bins(X.shape[1]))
    grid = expected_grid(X, k)
    assume(grid is not None)
    sampler = zbins.PMFSampler(k).fit(X)
    model = ref.count(grid, X)
    near = np.nextafter(X, X.dtype.type(data.draw(st.sampled_from([-np.inf, np.inf]))))
    shifted = X + (grid.width * X.dtype.type(data.draw(st.integers(-2, 2))))
    rows = np.concatenate([X, near, shifted])
    rows = rows[np.isfinite(rows).all(axis=1)]
    codes, inside = ref.codes_of(grid, rows)
    quantized = sampler.quantize(rows)
    assert np.array_equal(quantized, np.clip(codes, 0, grid.bins - 1))
    assert quantized.dtype == (np.uint8 if grid.bins.max() <= 256 else np.uint16)
    known = {tuple(c) for c in model.codes.tolist()}
    occupied = [bool(i) and tuple(c) in known for c, i in zip(codes.tolist(), inside, strict=True)]
    assert sampler.contains(rows).tolist() == occupied
    density = sampler.score_samples(rows)
    assert density.dtype == np.float64
    np.testing.assert_allclose(density, ref.log_density(model, rows), rtol=1e-12, atol=1e-9)


@each_dtype
@given(data=st.data())
def test_growth_in_any_order_equals_the_oracle(dtype, data):
    """Streams with far outliers, constant dimensions that start to vary, and chunks of none."""
    X = data.draw(latents(max_columns=33, dtype=dtype))
    k = data.draw(n_bins(X.shape[1]))
    chunks, order = data.draw(chunked(X))
    sampler = zbins.PMFSampler(k)
    grid = None
    for chunk in chunks:
        if len(chunk):
            wanted = expected_grid(chunk, k) if grid is None else ref.grow(grid, chunk)
            before = None if grid is None else state(sampler)
            if wanted is None:
                with pytest.raises(ValueError, match=r"range|bins"):
                    sampler.partial_fit(chunk)
                assert not is_fitted(sampler) if grid is None else state(sampler) == before
                return
            grid = wanted
        sampler.partial_fit(chunk)
    # A bin's rows are found on the last grid, whatever grid they were counted on.
    assert_is(sampler, ref.count(grid, X[order]))
    assert_ends(sampler, grid)


@each_dtype
@given(data=st.data())
def test_model_is_a_pure_function_of_grid_and_rows(dtype, data):
    """Row order, chunks, passes, merge order and threads leave no trace (law 3)."""
    X = data.draw(latents(max_columns=65, dtype=dtype))
    k = data.draw(n_bins(X.shape[1]))
    grid = expected_grid(X, k)
    assume(grid is not None)
    labels = data.draw(st.sampled_from([None, "int", "str"]))
    y = None
    if labels is not None:
        y = np.random.default_rng(0).integers(0, 5, len(X))
        y = y if labels == "int" else np.array([f"class {v}" for v in y])
    bounds = (X.min(axis=0), X.max(axis=0))

    def rows(part):
        return (X[part],) if y is None else (X[part], y[part])

    whole = state(zbins.PMFSampler(k, bounds=bounds).fit(*rows(slice(None))))
    assert state(zbins.PMFSampler(k).fit(*rows(slice(None)))) == whole

    parts = [p for p in data.draw(chunked(np.arange(len(X))))[0] if len(p)]
    streamed = zbins.PMFSampler(k, bounds=bounds)
    for part in parts:
        streamed.partial_fit(*rows(part))
    assert state(streamed) == whole

    batches = [rows(part) for part in parts]
    assert state(zbins.PMFSampler(k).fit_batches(batches)) == whole
    assert state(zbins.PMFSampler(k, bounds=bounds).fit_batches(batches)) == whole

    samplers = [zbins.PMFSampler(k, bounds=bounds).fit(*rows(part)) for part in parts]
    merged = samplers.pop(data.draw(st.integers(0, len(samplers) - 1)))
    for other in samplers:
        merged.merge(other)
    assert state(merged) == whole

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZBINS_NUM_THREADS", str(data.draw(st.integers(2, 9))))
        assert state(zbins.PMFSampler(k).fit(*rows(slice(None)))) == whole


@each_dtype
@given(data=st.data())
def test_policies_for_rows_outside(dtype, data):
    """ "ignore" skips and counts, "error" refuses and names the first, "grow" makes room."""
    X = data.draw(latents(max_columns=17, dtype=dtype))
    k = data.draw(n_bins(X.shape[1]))
    inner = X[: max(1, len(X) // 2)]
    bounds = (inner.min(axis=0), inner.max(axis=0))
    grid = expected_grid(inner, k)
    assume(grid is not None)
    codes, inside = ref.codes_of(grid, X)

    ignoring = zbins.PMFSampler(k, bounds=bounds, out_of_range="ignore").fit(X)
    assert_is(ignoring, ref.count(grid, X))
    assert ignoring.n_samples_ignored_ == (~inside).sum()

    refusing = zbins.PMFSampler(k, bounds=bounds, out_of_range="error")
    if inside.all():
        assert_is(refusing.fit(X), ref.count(grid, X))
    else:
        row = int(np.flatnonzero(~inside)[0])
        column = int(np.flatnonzero((codes[row] < 0) | (codes[row] >= grid.bins))[0])
        with pytest.raises(ValueError, match=f"row {row}, column {column}, outside"):
            refusing.fit(X)
        assert not is_fitted(refusing)

    grown = ref.grow(grid, X)
    growing = zbins.PMFSampler(k, bounds=bounds)
    if grown is None:
        with pytest.raises(ValueError, match=r"range|bins"):
            growing.fit(X)
    else:
        assert_is(growing.fit(X), ref.count(grown, X))


@each_dtype
@given(data=st.data())
def test_labels_are_counted_per_bin(dtype, data):
    X = data.draw(latents(max_columns=9, dtype=dtype))
    grid = expected_grid(X, 3)
    assume(grid is not None)
    y = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=len(X), max_size=len(X))))
    sampler = zbins.PMFSampler(3).fit(X, y)
    model = ref.count(grid, X, y.tolist())
    assert_is(sampler, model)
    tensors, _ = stored(sampler)
    start, label, count = (tensors[name] for name in ("label_start", "label", "label_count"))
    assert sampler.classes_.tolist() == sorted(set(y.tolist()))
    for b, expected in enumerate(model.label_counts):
        entries = slice(start[b], start[b + 1])
        got = dict(
            zip(sampler.classes_[label[entries]].tolist(), count[entries].tolist(), strict=True)
        )
        assert got == dict(expected)
    without, _ = stored(zbins.PMFSampler(3).fit(X))
    assert all(np.array_equal(tensors[name], array) for name, array in without.items())
    assert tensors.keys() - without.keys() == {"label_start", "label", "label_count"}
