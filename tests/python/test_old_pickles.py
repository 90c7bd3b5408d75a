"""Pickles made when modules had other names: samplers, generators and priors still load.

They were made of 60 rows of three columns, ``default_rng(0).normal(size=(60, 3))`` in float32, with
the labels a, b, c in turn: ``PMFSampler(5, random_state=3)``, one of ``bounds=(50, 60)`` that
ignored all rows, an unfitted one, a `LatentGenerator` of two linear layers, and a `PMFPrior` by
``torch.save``.
"""

from __future__ import annotations

import pickle
import pickletools
from pathlib import Path

import numpy as np
import pytest
import torch

import zbins
from zbins.torch import LatentGenerator, PMFPrior

DATA = Path(__file__).parent.parent / "data" / "pickles"
X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
Y = np.array(list("abc"))[np.arange(60) % 3]


def old(name):
    return pickle.loads((DATA / name).read_bytes())


def test_a_fitted_sampler():
    sampler, now = old("fitted.pickle"), zbins.PMFSampler(5, random_state=3).fit(X, Y)
    assert sampler.get_params() == now.get_params()
    assert np.array_equal(sampler.codes_, now.codes_)
    assert np.array_equal(sampler.counts_, now.counts_)
    assert sampler.classes_.tolist() == ["a", "b", "c"]
    assert np.array_equal(sampler.sample(100), now.sample(100))
    assert sampler.partial_fit(X, Y).n_samples_seen_ == 120


def test_a_sampler_whose_rows_were_all_ignored():
    sampler = old("ignored.pickle")
    assert sampler.n_samples_ignored_ == 60
    assert sampler.partial_fit(X + 55).n_samples_seen_ == 60


def test_an_unfitted_sampler():
    sampler = old("unfitted.pickle")
    assert sampler.bounds == (0, 1)
    assert not hasattr(sampler, "codes_")


def test_a_generator():
    generator = old("generator.pickle")
    now = zbins.PMFSampler(5, random_state=0).fit(generator.latents_)
    assert np.array_equal(generator.sampler_.sample(9), now.sample(9))
    assert generator.sample(3, random_state=1).shape == (3, 3)
    assert isinstance(pickle.loads(pickle.dumps(generator)), LatentGenerator)


def test_a_prior():
    prior = torch.load(DATA / "prior.pt", weights_only=False)
    now = PMFPrior(zbins.PMFSampler(5, random_state=3).fit(X, Y))
    for name, values in now.state_dict().items():
        assert torch.equal(prior.state_dict()[name], values), name


def test_an_autoencoder_is_refused_with_what_to_do():
    with pytest.raises(ImportError, match=r"model\.save\(path\)"):
        pickle.loads(b"czbins.autoencoders._models\nAE\n.")


@pytest.mark.parametrize("y", [None, Y])
def test_pickles_name_only_what_is_public(y):
    """So that they outlive the next move of modules too."""
    sampler = zbins.PMFSampler(5, random_state=3).fit(X, y)
    generator = LatentGenerator(sampler=sampler).fit_latents(X)
    for thing in (sampler, generator):
        texts = [text for _, text, _ in pickletools.genops(pickle.dumps(thing))]
        modules = {text for text in texts if isinstance(text, str) and text.startswith("zbins")}
        assert modules <= {"zbins.pmf", "zbins.torch"}
