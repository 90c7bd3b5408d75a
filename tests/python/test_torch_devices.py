"""The plug on a CUDA device: where networks, inputs, draws and images are."""

import pytest
import torch

import zbins
from zbins.torch import LatentGenerator, PMFPrior

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.cuda_only,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def networks():
    torch.manual_seed(0)
    return torch.nn.Linear(6, 3), torch.nn.Linear(3, 6)


def inputs():
    return torch.rand(50, 6, generator=torch.Generator().manual_seed(1))


def test_inputs_go_where_the_networks_are():
    encoder, decoder = (network.cuda() for network in networks())
    generator = LatentGenerator(encoder, decoder, zbins.PMFSampler(4)).fit(inputs(), batch_size=16)
    images = generator.sample(10, random_state=0)
    assert images.is_cuda
    by_hand = decoder(generator.sample_latents(10, random_state=0).cuda())
    torch.testing.assert_close(images, by_hand)


def test_to_moves_the_networks_and_the_draws():
    encoder, decoder = networks()
    generator = LatentGenerator(encoder, decoder).fit(inputs())
    before = generator.sample(5, random_state=0)
    after = generator.to("cuda").sample(5, random_state=0)
    assert encoder.weight.is_cuda
    assert after.is_cuda
    torch.testing.assert_close(after.cpu(), before)


@pytest.mark.parametrize("dtype", [True, torch.float16, torch.bfloat16])
def test_autocast(dtype):
    encoder, decoder = (network.cuda() for network in networks())
    generator = LatentGenerator(encoder, decoder, autocast=dtype).fit(inputs())
    assert generator.latents_.dtype == "float32"
    assert generator.sample(5).shape == (5, 6)


def test_draws_from_the_posterior_leave_the_device_generator_alone():
    encoder = networks()[0].cuda()
    before = torch.cuda.get_rng_state()
    both = [
        LatentGenerator(
            lambda x: (encoder(x), encoder(x)),
            modules=[encoder],
            posterior="sample",
            random_state=3,
        ).fit(inputs())
        for _ in range(2)
    ]
    assert (both[0].latents_ == both[1].latents_).all()
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_a_prior_draws_on_its_device():
    sampler = zbins.PMFSampler(4).fit(inputs())
    prior = PMFPrior(sampler).cuda()
    generator = torch.Generator("cuda").manual_seed(0)
    draws = prior(1000, generator=generator)
    assert draws.is_cuda
    assert sampler.contains(draws.cpu()).all()
    state = prior.state_dict()
    other = PMFPrior().cuda()
    other.load_state_dict(state)
    assert sampler.contains(other(1000).cpu()).all()


def test_a_prior_of_a_sampler_on_the_device():
    sampler = zbins.PMFSampler(4).fit(inputs().cuda())
    assert zbins.PMFSampler(4).fit(inputs()).contains(PMFPrior(sampler)(1000)).all()
