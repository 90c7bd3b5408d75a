"""Laws 4, 5 and 6: every sample equals the oracle's, however asked for, and stays in its bin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reference as ref
import zbins
from compare import expected_grid
from strategies import latents, n_bins, seeds

each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
starts = st.one_of(st.integers(0, 100), st.sampled_from([2**32 - 2, 2**63, 2**64 - 50]))


@st.composite
def fitted(draw, dtype, max_columns):
    X = draw(latents(max_columns=max_columns, dtype=dtype))
    k = draw(n_bins(X.shape[1]))
    grid = expected_grid(X, k)
    assume(grid is not None)
    return X, k, grid


@each_dtype
@given(data=st.data(), seed=seeds, start=starts)
def test_samples_equal_the_oracle(dtype, data, seed, start):
    X, k, grid = data.draw(fitted(dtype, max_columns=17))
    sampler = zbins.PMFSampler(k).fit(X)
    model = ref.count(grid, X)
    n = 3
    got = sampler.sample(n, random_state=seed, start=start)
    assert got.dtype == dtype
    for i in range(n):
        wanted, b, _ = ref.sample(model, seed, start + i)
        assert np.array_equal(got[i], wanted)
        assert not np.signbit(got[i][got[i] == 0]).any()  # -0.0 is +0.0
        assert np.array_equal(sampler.quantize(got[i : i + 1])[0], model.codes[b])


@each_dtype
@given(data=st.data(), seed=seeds)
def test_closure(dtype, data, seed):
    """No sample ever lies in an unoccupied bin, past the range, or beyond an edge."""
    X, k, grid = data.draw(fitted(dtype, max_columns=300))
    sampler = zbins.PMFSampler(k).fit(X)
    model = ref.count(grid, X)
    n = 64 if X.shape[1] <= 33 else 8
    samples = sampler.sample(n, random_state=seed)
    assert sampler.contains(samples).all()
    assert (samples >= sampler.lower_).all()
    assert (samples <= sampler.upper_).all()
    codes, inside = ref.codes_of(grid, samples)
    assert inside.all()
    picked = [ref.pick(model.counts, ref.rank_of(seed, i, len(X)))[0] for i in range(n)]
    assert np.array_equal(codes, model.codes[picked])


@each_dtype
@given(data=st.data(), seed=seeds)
def test_closure_on_grown_grids(dtype, data, seed):
    X, k, _ = data.draw(fitted(dtype, max_columns=17))
    half = max(1, len(X) // 2)
    grid = expected_grid(X[:half], k)
    assume(grid is not None)
    grid = ref.grow(grid, X[half:]) if half < len(X) else grid
    assume(grid is not None)
    sampler = zbins.PMFSampler(k).partial_fit(X[:half]).partial_fit(X[half:])
    samples = sampler.sample(64, random_state=seed)
    assert sampler.contains(samples).all()
    model = ref.count(grid, X)
    for i in range(2):
        assert np.array_equal(samples[i], ref.sample(model, seed, i)[0])


@each_dtype
@given(data=st.data(), seed=seeds, start=starts)
def test_batches_starts_and_threads_leave_no_trace(dtype, data, seed, start):
    X, k, _ = data.draw(fitted(dtype, max_columns=100))
    n = data.draw(st.integers(0, 50))
    sampler = zbins.PMFSampler(k, n_jobs=1).fit(X)
    whole = sampler.sample(n, random_state=seed, start=start)
    assert whole.shape == (n, X.shape[1])

    size = data.draw(st.integers(1, 20))
    batches = list(sampler.sample_batches(n, size, random_state=seed, start=start))
    assert [len(b) for b in batches] == [min(size, n - i) for i in range(0, n, size)]
    assert np.array_equal(np.concatenate([whole[:0], *batches]), whole)

    cut = data.draw(st.integers(0, n))
    first = sampler.sample(cut, random_state=seed, start=start)
    second = sampler.sample(n - cut, random_state=seed, start=start + cut)
    assert np.array_equal(np.concatenate([first, second]), whole)

    out = np.full_like(whole, 7)
    assert sampler.sample(n, random_state=seed, start=start, out=out) is out
    assert np.array_equal(out, whole)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZBINS_NUM_THREADS", "5")
        again = zbins.PMFSampler(k).fit(X).sample(n, random_state=seed, start=start)
    assert np.array_equal(again, whole)


@each_dtype
@given(data=st.data(), seed=seeds)
def test_labels_of_draws_equal_the_oracle(dtype, data, seed):
    """The rank's remainder gives the label, so labels never change the points drawn."""
    X, k, grid = data.draw(fitted(dtype, max_columns=5))
    y = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 4, len(X))
    labelled = zbins.PMFSampler(k).fit(X, y)
    model = ref.count(grid, X, y.tolist())
    classes = labelled.classes_.tolist()

    samples, drawn = labelled.sample(4, random_state=seed, return_y=True)
    assert np.array_equal(samples, zbins.PMFSampler(k).fit(X).sample(4, random_state=seed))
    assert drawn.tolist() == [ref.sample(model, seed, i, labels=classes)[2] for i in range(4)]

    wanted = data.draw(st.lists(st.sampled_from(classes), min_size=4, max_size=4))
    mixed, given_back = labelled.sample(4, y=wanted, random_state=seed, return_y=True)
    assert given_back.tolist() == wanted
    for i, label in enumerate(wanted):
        alone = labelled.sample(4, y=label, random_state=seed)
        assert np.array_equal(mixed[i], alone[i])
        assert np.array_equal(mixed[i], ref.sample(model, seed, i, y=label)[0])
        code = labelled.quantize(mixed[i : i + 1])[0]
        assert (labelled.quantize(X[y == label]) == code).all(axis=1).any()
    parts = list(labelled.sample_batches(4, 3, y=wanted, random_state=seed))
    assert np.array_equal(np.concatenate(parts), mixed)
