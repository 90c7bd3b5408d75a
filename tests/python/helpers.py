"""Shared by the tests of bad input, edge cases and files: what an estimator is, and refusals."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import zbins
from compare import bits
from stored import device_of, stored


def rows(n=20, d=2, dtype=np.float64, seed=0):
    """Plain latents."""
    return np.random.default_rng(seed).normal(size=(n, d)).astype(dtype)


def with_value(X, value, *places):
    """A copy of X with the value at the given (row, column) places."""
    X = X.copy()
    for place in places:
        X[place] = value
    return X


def _parameter(value):
    if isinstance(value, torch.Generator):
        return value.get_state().numpy().tobytes()
    if isinstance(value, (np.random.RandomState, np.random.Generator)):
        return pickle.dumps(value)
    return repr(value)


def is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True


def fingerprint(estimator):
    """All that an estimator is, as one comparable value; reading it changes nothing."""
    attributes = sorted(name for name in vars(estimator) if not name.startswith("_"))
    parameters = {k: _parameter(v) for k, v in estimator.get_params(deep=False).items()}
    assert attributes == sorted(parameters), "a parameter has gone, or an attribute came"
    if not is_fitted(estimator):
        assert not hasattr(estimator, "n_features_in_")
        return attributes, parameters
    tensors, metadata = stored(estimator)
    arrays = {name: bits(array) for name, array in tensors.items()}
    counters = estimator.n_samples_seen_, estimator.n_samples_ignored_
    return attributes, parameters, (counters, device_of(estimator), metadata, arrays)


def public_kind(error):
    """The class of an error; where it knows its row or chunk, the public one that it is made of."""
    return next(base for base in type(error).__mro__ if base.__module__ != "zbins._errors")


def refused(kind, texts, call, *estimators):
    """The call raises exactly `kind`, says all the texts, and the estimators are as they were."""
    before = [fingerprint(estimator) for estimator in estimators]
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert public_kind(caught.value) is kind, f"{caught.type.__name__}: {message}"
    for name in ("row", "chunk"):
        number = getattr(caught.value, name, None)
        assert number is None or f"{name} {number}" in message
    for text in [texts] if isinstance(texts, str) else texts:
        assert text in message, f"{text!r} is not in {message!r}"
    assert [fingerprint(estimator) for estimator in estimators] == before
    return message


FITS = ("fit", "partial_fit", "fit_batches")
READS = ("quantize", "contains", "score_samples")
DRAWS = ("sample", "sample_batches")


def fit_on_dask(sampler, X, y=None):
    """A fit of these rows in chunks of seven."""
    import dask
    import dask.array as da

    import zbins.dask

    latents = da.from_array(X, chunks=(7, -1))
    with dask.config.set(scheduler="synchronous"):
        return zbins.dask.fit(sampler, latents, None if y is None else da.from_array(y, chunks=7))


def refused_at(doors, kind, texts, sampler, *arguments, **keywords):
    """Each of these methods refuses in the same words, as does a fit on Dask if that is among them.

    An argument that is a function is called for each of them, to make what is passed.
    """
    for door in doors:

        def call(door=door):
            given = [a() if isinstance(a, types.FunctionType) else a for a in arguments]
            if door == "fit_batches":
                given = [[given[0] if len(given) == 1 else tuple(given)]]
            if door == "dask":
                return fit_on_dask(sampler, *given)
            return getattr(sampler, door)(*given, **keywords)

        refused(kind, texts, call, sampler)


def refused_by_every_fit(kind, texts, X, y=None, **parameters):
    """fit, partial_fit and fit_batches of an unfitted sampler refuse; it stays unfitted."""
    rows = (X,) if y is None else (X, y)
    refused_at(FITS, kind, texts, zbins.PMFSampler(**parameters), *rows)


def table(rows):
    """A test for each row: what is passed, the type of the error, and what it says."""
    return pytest.mark.parametrize(
        "row", rows, ids=lambda row: ascii(row[0])[:40].replace("::", ":")
    )


def passes(*streams):
    """A callable that gives another stream of chunks each time it is called."""
    remaining = list(streams)
    return lambda: iter(remaining.pop(0))


def several_runs():
    """A labelled sampler that still holds several unmerged runs on a grid that has grown."""
    sampler = zbins.PMFSampler(n_bins=4, random_state=0)
    for size, factor in ((1000, 1), (200, 3), (20, 9)):
        X = factor * rows(size, 3, seed=size)
        sampler.partial_fit(X, np.arange(size) % 4)
    return sampler


def all_ignored(**parameters):
    """A sampler that has seen rows, but none inside its bounds."""
    sampler = zbins.PMFSampler(bounds=(100, 101), out_of_range="ignore", **parameters)
    return sampler.partial_fit(rows())


def run_python(code, *arguments, **environment):
    """Run code in a fresh interpreter; return what it printed."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
