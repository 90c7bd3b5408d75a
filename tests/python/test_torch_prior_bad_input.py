"""Bad input of PMFPrior: refused, named, and nothing has changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

import zbins
from helpers import all_ignored, rows
from zbins.torch import PMFPrior

SAMPLERS = [
    (rows(), TypeError, ["ndarray", "a PMFSampler is needed"]),
    (zbins.PMFSampler, TypeError, ["the class PMFSampler", "a PMFSampler is needed"]),
    ("model.zbins", TypeError, ["str"]),
    (zbins.PMFSampler(), NotFittedError, ["not fitted"]),
    (all_ignored(), ValueError, ["nothing to draw from"]),
]
CALLS = [
    (lambda prior: prior.update(None), TypeError, ["NoneType", "PMFSampler"]),
    (lambda prior: prior(-1), ValueError, ["n is -1", "at least 0"]),
    (lambda prior: prior(True), TypeError, ["n is True", "int"]),
    (lambda prior: prior(2.0), TypeError, ["n is 2.0", "float"]),
    (lambda prior: prior(None), TypeError, ["n is None"]),
    (lambda prior: prior("3"), TypeError, ["n is '3'"]),
    (lambda prior: prior(torch.tensor(3)), TypeError, ["n is tensor(3)"]),
    (lambda prior: prior((3,)), TypeError, ["n is (3,)"]),
    (lambda prior: prior(np.True_), TypeError, ["True", "bool"]),
    (lambda prior: prior(3, 0), TypeError, ["int", "torch.Generator"]),
    (lambda prior: prior(3, np.random.default_rng(0)), TypeError, ["Generator"]),
]
EMPTY = [
    (lambda prior: prior(3), NotFittedError, ["empty", "update", "load_state_dict"]),
    (lambda prior: prior(0), NotFittedError, ["empty"]),
    (lambda prior: prior(-1), ValueError, ["n is -1"]),
]


def made():
    return PMFPrior(zbins.PMFSampler(4).fit(rows()))


def refused(kind, texts, call, prior):
    before = {name: table.clone() for name, table in prior.state_dict().items()}
    with pytest.raises(kind) as caught:
        call(prior)
    assert caught.type is kind
    for text in texts:
        assert text in str(caught.value), f"{text!r} is not in {str(caught.value)!r}"
    after = prior.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize(("sampler", "kind", "texts"), SAMPLERS)
def test_samplers(sampler, kind, texts):
    for prior in (made(), PMFPrior()):
        refused(kind, texts, lambda prior: prior.update(sampler), prior)
        refused(kind, texts, lambda prior: PMFPrior(sampler), prior)


@pytest.mark.parametrize(("call", "kind", "texts"), CALLS)
def test_calls(call, kind, texts):
    refused(kind, texts, call, made())


@pytest.mark.parametrize(("call", "kind", "texts"), EMPTY)
def test_an_empty_prior(call, kind, texts):
    refused(kind, texts, call, PMFPrior())


def test_a_generator_on_another_device():
    with pytest.raises(ValueError, match="generator is on cpu and the prior on meta"):
        made().to("meta")(3, torch.Generator())
