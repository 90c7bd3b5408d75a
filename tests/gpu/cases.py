"""What the tests of a device compare: a sampler on it with the same on the host."""

from __future__ import annotations

import numpy as np

import zbins


def arrays_of(sampler):
    """All that defines a model, as comparable bytes."""
    model = sampler._model
    if not model.n_seen:
        return {"rows": 0, "ignored": model.n_ignored}
    found = {name: (a.dtype.str, a.shape, a.tobytes()) for name, a in model.to_arrays().items()}
    found["rows"] = model.n_seen, model.n_ignored
    found["classes"] = None if model.classes is None else model.classes.tolist()
    return found


def outcome(call):
    """What a call gives, or the type and words of its error."""
    try:
        return call()
    except (ValueError, TypeError) as error:
        return type(error).__name__, str(error)


def same_bits(a, b):
    assert a.dtype == b.dtype
    assert a.shape == b.shape
    assert a.tobytes() == b.tobytes()


def fitted_pair(device, X, y=None, **parameters):
    """The sampler fitted on the host, and the one fitted on the device."""
    host = zbins.PMFSampler(**parameters).fit(X, y)
    there = zbins.PMFSampler(**parameters).fit(
        device.array(X), None if y is None else device.array(y)
    )
    return host, there


def rows(n, d, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(dtype)
