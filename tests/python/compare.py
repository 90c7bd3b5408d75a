"""Comparing a sampler with the oracle, and samplers with each other, bit for bit."""

from __future__ import annotations

import numpy as np

import reference as ref
from stored import stored


def bits(array):
    """An array as a value that only an array of the same bits equals."""
    return array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes()


def state(sampler):
    """Everything the laws say about a fitted model, as one comparable value."""
    tensors, metadata = stored(sampler)
    del metadata["feature_names"]
    return {name: bits(array) for name, array in tensors.items()}, metadata


def expected_grid(X, n_bins, bounds=None):
    """The oracle's grid for a fit of X, or None where the law wants an error."""
    if bounds is None:
        lower, upper = X.min(axis=0), X.max(axis=0)
    else:
        lower, upper = (np.broadcast_to(np.asarray(b, X.dtype), (X.shape[1],)) for b in bounds)
    return ref.make_grid(lower, upper, n_bins)


def assert_is(sampler, model):
    """The sampler's model is the oracle's, in every attribute and in its file."""
    grid = model.grid
    tensors, _ = stored(sampler)
    assert np.array_equal(sampler.n_bins_, grid.bins)
    assert np.array_equal(tensors["first_bin"], grid.first)
    assert np.array_equal(tensors["origin"], grid.origin)
    assert np.array_equal(tensors["top"], grid.top)
    assert np.array_equal(sampler.codes_, model.codes)
    assert np.array_equal(sampler.counts_, model.counts)
    assert sampler.counts_.dtype == np.int64
    assert sampler.counts_.sum() == sampler.n_samples_seen_
    assert sampler.n_features_in_ == grid.d


def assert_ends(sampler, grid):
    """lower_ and upper_ are the smallest and largest value of the dtype inside the grid."""
    for values, outward in ((sampler.lower_, -np.inf), (sampler.upper_, np.inf)):
        assert values.dtype == grid.dtype
        assert ref.codes_of(grid, values[None])[1].all()
        with np.errstate(over="ignore"):
            beyond = np.nextafter(values, grid.dtype.type(outward))
        codes = ref.raw_bins(grid, beyond[None])[0] - grid.first
        assert ((codes < 0) | (codes >= grid.bins) | ~np.isfinite(beyond)).all()
