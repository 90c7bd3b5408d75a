"""A scikit-learn estimator: its own checks, clones, pickles, pipelines, searches and joblib."""

from __future__ import annotations

import copy
import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

import zbins
from helpers import all_ignored, fingerprint, rows, run_python, several_runs
from zbins import PMFSampler

ESTIMATORS = [
    PMFSampler(),
    PMFSampler(n_bins=3, random_state=0, n_jobs=1),
    PMFSampler(n_bins=7, bounds=("quantile", 0.1), out_of_range="ignore"),
    PMFSampler(n_bins=65_536, bounds=(-1e4, 1e4)),
]


@parametrize_with_checks(ESTIMATORS)
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def test_it_is_a_density_estimator():
    tags = get_tags(PMFSampler())
    assert tags.estimator_type == "density_estimator"
    assert not tags.target_tags.required
    assert not tags.input_tags.sparse
    assert not tags.input_tags.allow_nan


# -- parameters --------------------------------------------------------------------------------

PARAMETERS = {
    "n_bins": [3, 4],
    "bounds": (np.full(2, -9.0), 9),
    "out_of_range": "ignore",
    "random_state": np.random.RandomState(3),
    "n_jobs": 2,
}


def test_parameters_are_those_of_the_constructor_untouched():
    sampler = PMFSampler(**PARAMETERS)
    for name, value in sampler.get_params().items():
        assert value is PARAMETERS[name]
    sampler.fit(rows()).sample(3)
    assert all(sampler.get_params()[name] is value for name, value in PARAMETERS.items())
    assert PMFSampler().get_params() == {
        "n_bins": 10,
        "bounds": None,
        "out_of_range": "grow",
        "random_state": None,
        "n_jobs": -1,
    }
    assert sampler.set_params(n_bins=5) is sampler
    assert sampler.n_bins == 5


def test_a_clone_is_unfitted_and_equal():
    sampler = PMFSampler(**PARAMETERS).fit(rows())
    other = clone(sampler)
    assert not hasattr(other, "n_features_in_")
    assert fingerprint(other.set_params(random_state=0)) == fingerprint(
        PMFSampler(**{**PARAMETERS, "random_state": 0})
    )


def test_repr_and_html():
    assert repr(PMFSampler()) == "PMFSampler()"
    sampler = PMFSampler(4, bounds=(0, 1)).fit(rows())
    assert repr(sampler) == "PMFSampler(bounds=(0, 1), n_bins=4)"
    html = sampler._repr_html_()
    for text in ("PMFSampler", "n_bins", "out_of_range"):
        assert text in html
    assert "PMFSampler" in PMFSampler()._repr_html_()


# -- pickles and copies ------------------------------------------------------------------------


def names():
    return pd.DataFrame(rows(), columns=["u", "v"])


STATES = {
    "unfitted": lambda: PMFSampler(3, random_state=5),
    "fitted": lambda: PMFSampler(3, random_state=5).fit(rows()),
    "float32": lambda: PMFSampler(3).fit(rows(dtype=np.float32)),
    "tensor": lambda: PMFSampler(3).fit(torch.from_numpy(rows())),
    "labels": lambda: PMFSampler(3).fit(rows(), ["a", "b"] * 10),
    "names": lambda: PMFSampler(3).fit(names()),
    "grown": lambda: PMFSampler(3).fit(rows()).partial_fit(9 * rows()),
    "several runs": several_runs,
    "all ignored": all_ignored,
    "all ignored with labels": lambda: PMFSampler(
        bounds=(100, 101), out_of_range="ignore"
    ).partial_fit(rows(), ["a", "b"] * 10),
    "some ignored": lambda: PMFSampler(bounds=(-1, 1), out_of_range="ignore").fit(rows()),
    "generator": lambda: PMFSampler(random_state=np.random.default_rng(3)).fit(rows()),
    "constant": lambda: PMFSampler(3).fit(np.ones((4, 3))),
}


def through_joblib(sampler):
    file = io.BytesIO()
    joblib.dump(sampler, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    **{
        f"pickle {protocol}": lambda s, protocol=protocol: pickle.loads(pickle.dumps(s, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "joblib": through_joblib,
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("state", STATES)
def test_copies_are_the_same_and_apart(state, way):
    sampler = STATES[state]()
    other = COPIES[way](sampler)
    assert fingerprint(other) == fingerprint(sampler) == fingerprint(STATES[state]())
    if state == "unfitted":
        return
    before = fingerprint(sampler)
    more = rows(9, sampler.n_features_in_, seed=7)
    X = pd.DataFrame(more, columns=["u", "v"]) if state == "names" else more
    y = None
    if hasattr(sampler, "classes_"):
        y = [1] * 9 if state == "several runs" else ["c"] * 9
    other.partial_fit(X, y)
    assert fingerprint(sampler) == before
    twin = STATES[state]().partial_fit(X, y)
    assert fingerprint(sampler.partial_fit(X, y)) == fingerprint(twin)


def test_a_changed_pickle_is_refused_as_a_changed_file_is():
    sampler = PMFSampler(3).fit(rows())
    pickled, counts = pickle.dumps(sampler), sampler.counts_
    assert pickled.count(counts.tobytes()) == 1
    with pytest.raises(ValueError, match="count is not positive"):
        pickle.loads(pickled.replace(counts.tobytes(), (-counts).tobytes()))


# -- pipelines and searches --------------------------------------------------------------------


def test_a_pipeline_with_pca_samples_in_the_original_space():
    X = rows(500, 10) @ np.diag(np.arange(1.0, 11))
    pipe = Pipeline([("pca", PCA(3)), ("pmfs", PMFSampler(8, random_state=0))]).fit(X)
    samples = pipe[:-1].inverse_transform(pipe[-1].sample(1000))
    assert samples.shape == (1000, 10)
    assert pipe[-1].contains(pipe[:-1].transform(samples)).mean() > 0.99  # up to rounding
    assert np.abs(samples.mean(axis=0) - X.mean(axis=0)).max() < 1.5
    assert np.array_equal(pipe.score_samples(X), pipe[-1].score_samples(pipe[0].transform(X)))
    assert pipe.score(X) == pytest.approx(pipe.score_samples(X).mean())
    check_is_fitted(pipe)


def test_a_pipeline_keeps_names_and_labels():
    frame = pd.DataFrame(rows(50, 3), columns=list("abc"))
    shift = FunctionTransformer(lambda X: X + 1, feature_names_out="one-to-one")
    pipe = make_pipeline(shift, PMFSampler(4)).fit(frame, ["x", "y"] * 25)
    assert pipe[-1].feature_names_in_.tolist() == list("abc")
    assert pipe[-1].classes_.tolist() == ["x", "y"]


def share_contained(sampler, X, y=None):
    """The share of held-out rows in an occupied bin."""
    return float(np.mean(sampler.contains(X)))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_over_bins(n_jobs):
    X = rows(600, 2)
    grid = {"n_bins": [2, 8, 64, 1024], "bounds": [None, (-9, 9)]}
    search = GridSearchCV(PMFSampler(), grid, scoring=share_contained, cv=3, n_jobs=n_jobs)
    with joblib.parallel_config("threading"):
        search.fit(X)
    assert search.best_params_["n_bins"] == 2
    scores = search.cv_results_["mean_test_score"]
    assert scores.max() > 0.95
    assert scores.min() < 0.2
    assert search.best_estimator_.sample(3).shape == (3, 2)


def test_scoring_by_density():
    """The default scorer: mean log density, -inf as soon as one row is in no occupied bin."""
    scores = cross_val_score(PMFSampler(2, bounds=(-9, 9)), rows(300, 1), cv=3)
    assert np.isfinite(scores).all()
    assert np.isneginf(cross_val_score(PMFSampler(1000), rows(30, 1), cv=3)).all()


# -- joblib ------------------------------------------------------------------------------------


def threads_and_draws(sampler, seed):
    threads = zbins.show_config(as_dict=True)["threads with n_jobs=-1"]
    return threads, sampler.sample(50, random_state=seed)


def test_threads_of_joblib_share_a_sampler():
    sampler = PMFSampler(5).fit(rows(500, 3))
    tasks = (joblib.delayed(threads_and_draws)(sampler, seed) for seed in range(8))
    found = joblib.Parallel(n_jobs=2, backend="threading")(tasks)
    for seed, (threads, draws) in enumerate(found):
        assert threads == 1
        assert np.array_equal(draws, sampler.sample(50, random_state=seed))


def test_processes_of_joblib_get_the_same_sampler():
    """In a process of its own, so that no worker outlives the test."""
    code = """
        import joblib, numpy as np, zbins

        def job(sampler, seed):
            threads = zbins.show_config(as_dict=True)["threads with n_jobs=-1"]
            return threads, sampler.sample(50, random_state=seed)

        sampler = zbins.PMFSampler(5).fit(np.random.default_rng(0).normal(size=(500, 3)))
        found = joblib.Parallel(n_jobs=2, backend="loky")(
            joblib.delayed(job)(sampler, seed) for seed in range(4)
        )
        for seed, (threads, draws) in enumerate(found):
            assert threads == 1, threads
            assert np.array_equal(draws, sampler.sample(50, random_state=seed))
        print("done")
    """
    assert run_python(code, ZBINS_NUM_THREADS="") == "done\n"


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert zbins.__version__ == version("zbins")
