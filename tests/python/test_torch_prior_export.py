"""A decoder with its prior, exported or compiled: the draws keep laws 5 and 6, and stay random."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch

import zbins
from test_torch_prior_state import Generator, sampler_of
from zbins.torch import PMFPrior


class Conditional(Generator):
    """One draw per row of a condition."""

    def forward(self, condition):
        return super().forward(condition.shape[0])


theirs = pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning")


def stored_and_loaded(program):
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return torch.export.load(file).module()


def check_draws(sampler, first, second):
    for z, images in (first, second):
        assert sampler.contains(z.detach().numpy()).all()
        assert images.shape == (len(z), 3)
    assert not torch.equal(first[0], second[0])


@theirs
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_export_of_a_fixed_n(dtype):
    sampler = sampler_of(dtype=dtype)
    module = Generator(sampler)
    program = stored_and_loaded(torch.export.export(module, (64,)))
    check_draws(sampler, program(64), program(64))
    torch.manual_seed(2)
    z, images = program(64)
    torch.manual_seed(2)
    wanted = module(64)
    assert torch.equal(z, wanted[0])
    assert torch.equal(images, wanted[1])


@theirs
@pytest.mark.parametrize("strict", [False, True])
def test_export_of_any_n_from_2(strict):
    sampler = sampler_of()
    sizes = {"n": torch.export.Dim.DYNAMIC}
    program = torch.export.export(Generator(sampler), (8,), dynamic_shapes=sizes, strict=strict)
    program = stored_and_loaded(program)
    for n in (2, 3, 500):
        assert program(n)[0].shape == (n, 2)
        check_draws(sampler, program(n), program(n))


@theirs
def test_export_of_any_n_by_a_shape():
    sampler = sampler_of()
    sizes = {"condition": {0: torch.export.Dim.DYNAMIC}}
    condition = torch.zeros(8, 1)
    program = torch.export.export(Conditional(sampler), (condition,), dynamic_shapes=sizes)
    program = stored_and_loaded(program)
    for n in (0, 1, 2, 500):
        assert program(torch.zeros(n, 1))[0].shape == (n, 2)
    check_draws(sampler, program(torch.zeros(99, 1)), program(torch.zeros(99, 1)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_compile(dtype):
    """A compiler may fuse and has random numbers of its own; the laws hold all the same."""
    far = 1e8 + np.random.default_rng(0).integers(0, 40, size=(1000, 2))
    sampler = zbins.PMFSampler(4).fit(far.astype(dtype))
    prior = torch.compile(PMFPrior(sampler), fullgraph=True)
    torch.manual_seed(0)
    z = [prior(n) for n in (8, 100_000)][-1].numpy()
    assert z.dtype == dtype
    assert sampler.contains(z).all()
    assert not torch.equal(prior(8), prior(8))
    flat = np.array([4, 1])
    observed = np.bincount(sampler.quantize(z) @ flat, minlength=16)
    expected = np.zeros(16)
    expected[sampler.codes_ @ flat] = len(z) * sampler.counts_ / 1000
    assert (abs(observed - expected) <= 5 * np.sqrt(expected)).all()
