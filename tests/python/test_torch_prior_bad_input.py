"""Bad input of PMFPrior: refused, named, and nothing has changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

import zbins
from helpers import all_ignored, rows
from zbins.torch._prior import PMFPrior


def made():
    return PMFPrior(zbins.PMFSampler(4).fit(rows()))


def refused(kind, texts, call, prior=None):
    before = None if prior is None else {k: v.clone() for k, v in prior.state_dict().items()}
    with pytest.raises(kind) as caught:
        call()
    assert caught.type is kind
    for text in texts:
        assert text in str(caught.value), f"{text!r} is not in {str(caught.value)!r}"
    if prior is not None:
        after = prior.state_dict()
        assert list(after) == list(before)
        assert all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("error", "texts", "sampler"),
    [
        (TypeError, ["ndarray", "zbins.PMFSampler"], rows()),
        (TypeError, ["type", "zbins.PMFSampler"], zbins.PMFSampler),
        (TypeError, ["str"], "model.zbins"),
        (NotFittedError, ["not fitted"], zbins.PMFSampler()),
        (ValueError, ["nothing to draw from"], all_ignored()),
    ],
)
def test_samplers(error, texts, sampler):
    refused(error, texts, lambda: PMFPrior(sampler))
    prior = made()
    refused(error, texts, lambda: prior.update(sampler), prior)
    empty = PMFPrior()
    refused(error, texts, lambda: empty.update(sampler), empty)


def test_update_needs_a_sampler():
    prior = made()
    refused(TypeError, ["NoneType", "PMFSampler"], lambda: prior.update(None), prior)


@pytest.mark.parametrize(
    ("error", "texts", "n"),
    [
        (ValueError, ["n is -1", "at least 0"], -1),
        (TypeError, ["n is True", "int"], True),
        (TypeError, ["n is 2.0", "float"], 2.0),
        (TypeError, ["n is None"], None),
        (TypeError, ["n is '3'"], "3"),
        (TypeError, ["n is tensor(3)"], torch.tensor(3)),
        (TypeError, ["n is (3,)"], (3,)),
        (TypeError, ["True", "bool"], np.True_),
    ],
)
def test_n(error, texts, n):
    prior = made()
    refused(error, texts, lambda: prior(n), prior)


def test_generators():
    prior = made()
    refused(TypeError, ["int", "torch.Generator"], lambda: prior(3, 0), prior)
    refused(TypeError, ["Generator"], lambda: prior(3, np.random.default_rng(0)), prior)
    away = made().to("meta")
    with pytest.raises(ValueError, match="generator is on cpu and the prior on meta"):
        away(3, torch.Generator())


def test_an_empty_prior():
    prior = PMFPrior()
    refused(NotFittedError, ["empty", "update", "load_state_dict"], lambda: prior(3), prior)
    refused(NotFittedError, ["empty"], lambda: prior(0), prior)
    refused(ValueError, ["n is -1"], lambda: prior(-1), prior)
