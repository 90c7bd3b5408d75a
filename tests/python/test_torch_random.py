"""Draws of LatentGenerator are governed by random_state; torch's global generator is left alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch.utils.data import TensorDataset

import zbins
from coding import Variational, images, made


def mixture(**parameters):
    return GaussianMixture(2, init_params="random_from_data", **parameters)  # k-means takes long


@pytest.mark.parametrize(
    "state",
    [
        lambda: 7,
        lambda: np.int64(7),
        lambda: 2**64 - 1,
        lambda: np.random.RandomState(7),
        lambda: np.random.default_rng(7),
        lambda: torch.Generator().manual_seed(7),
    ],
)
@pytest.mark.parametrize("sampler", [zbins.PMFSampler(5), mixture(random_state=0)])
def test_random_states_of_every_kind(state, sampler):
    generator = made(sampler=sampler).fit(images())
    a, b = (generator.sample(6, random_state=state()) for _ in range(2))
    assert torch.equal(a, b)
    mine = made(sampler=sampler, random_state=state()).fit(images())
    assert torch.equal(mine.sample(6), a)
    advancing = state()
    c, d = (generator.sample(6, random_state=advancing) for _ in range(2))
    assert torch.equal(c, d) == isinstance(advancing, (int, np.integer))


def test_the_seed_of_numpy_governs_where_none_is_given():
    for sampler in (zbins.PMFSampler(5), mixture()):
        generator = made(sampler=sampler).fit(images())
        draws = []
        for _ in range(2):
            np.random.seed(3)  # noqa: NPY002 - the global state is what is tested
            draws.append(generator.sample(6))
        assert torch.equal(*draws)
        assert not torch.equal(generator.sample(6), draws[0])


def test_draws_from_the_posterior():
    model = Variational()
    generator = made(model, posterior="sample", random_state=0)
    x = images(2000)
    before = torch.get_rng_state()
    first = generator.fit(x).latents_
    assert torch.equal(torch.get_rng_state(), before), "torch's global generator is left alone"
    torch.rand(5)
    assert np.array_equal(generator.fit(x).latents_, first)
    noise = (first - model.by_hand(x).numpy()) / np.exp(-1)
    assert abs(noise.mean()) < 0.05
    assert abs(noise.std() - 1) < 0.05
    other = made(model, posterior="sample", random_state=1).fit(x)
    assert not np.array_equal(other.latents_, first)
    assert np.array_equal(made(model).fit(x).latents_, model.by_hand(x).numpy())


def test_draws_from_the_posterior_take_one_seed_a_fit():
    def latents(state):
        return made(Variational(), posterior="sample", random_state=state).fit(images()).latents_

    assert np.array_equal(*[latents(np.random.default_rng(1)) for _ in range(2)])
    assert np.array_equal(*[latents(torch.Generator().manual_seed(1)) for _ in range(2)])
    shared = np.random.default_rng(1)
    assert not np.array_equal(latents(shared), latents(shared))
    before = torch.get_rng_state()
    assert not np.array_equal(latents(None), latents(None))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_fit_on_data_in_memory_draws_nothing():
    before = torch.get_rng_state()
    made().fit(TensorDataset(images())).fit(images())
    assert torch.equal(torch.get_rng_state(), before)
