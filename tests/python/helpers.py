"""Shared by the tests of bad input, edge cases and files: what an estimator is, and refusals."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

import zbins

GRID_ARRAYS = ("origin", "top", "k", "first_bin", "n_bins")


def rows(n=20, d=2, dtype=np.float64, seed=0):
    """Plain latents."""
    return np.random.default_rng(seed).normal(size=(n, d)).astype(dtype)


def with_value(X, value, *places):
    """A copy of X with the value at the given (row, column) places."""
    X = X.copy()
    for place in places:
        X[place] = value
    return X


def _bits(array):
    return array.dtype.str, array.shape, np.ascontiguousarray(array).tobytes()


def _parameter(value):
    if isinstance(value, torch.Generator):
        return value.get_state().numpy().tobytes()
    if isinstance(value, (np.random.RandomState, np.random.Generator)):
        return pickle.dumps(value)
    return repr(value)


def fingerprint(estimator):
    """All that an estimator is, as one comparable value; reading it changes nothing."""
    attributes = sorted(vars(estimator))
    parameters = {k: _parameter(v) for k, v in estimator.get_params(deep=False).items()}
    model = estimator._model
    if model is None:
        assert set(attributes) <= set(parameters), "an unfitted estimator grew an attribute"
        assert not hasattr(estimator, "n_features_in_")
        return attributes, parameters
    names = None if model.feature_names is None else list(model.feature_names)
    fields = (model.n_seen, model.n_ignored, model.labelled, model.kind, names)
    arrays = {name: _bits(getattr(model.grid, name)) for name in GRID_ARRAYS}
    if model.n_seen:
        run = model.returning(model.kind).ordered()  # of a copy: the runs stay as they are
        arrays |= {"codes": _bits(run.pmf.keys), "counts": _bits(run.pmf.counts)}
        if model.labelled:
            arrays |= {f"label{i}": _bits(a) for i, a in enumerate(run.pmf.label_counts)}
            arrays["classes"] = run.classes.dtype.kind, run.classes.tolist()
    return attributes, parameters, fields, arrays


def refused(kind, texts, call, *estimators):
    """The call raises exactly `kind`, says all the texts, and the estimators are as they were."""
    before = [fingerprint(estimator) for estimator in estimators]
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    # What knows its row is of a class that is not public, made of one that is.
    public = next(base for base in caught.type.__mro__ if base.__module__ != "zbins._errors")
    assert public is kind, f"{caught.type.__name__}: {message}"
    assert public is caught.type or f"row {caught.value.row}" in message
    for text in [texts] if isinstance(texts, str) else texts:
        assert text in message, f"{text!r} is not in {message!r}"
    assert [fingerprint(estimator) for estimator in estimators] == before
    return message


def refused_by_every_fit(kind, texts, X, y=None, **parameters):
    """fit, partial_fit and fit_batches of an unfitted sampler refuse; it stays unfitted."""
    sampler = zbins.PMFSampler(**parameters)
    chunk = X if y is None else (X, y)
    refused(kind, texts, lambda: sampler.fit(X, y), sampler)
    refused(kind, texts, lambda: sampler.partial_fit(X, y), sampler)
    refused(kind, texts, lambda: sampler.fit_batches([chunk]), sampler)


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
    assert len(sampler._model._runs) > 1
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
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
