"""Networks run in eval mode, without gradients, and every part gets its own mode back (law 7)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from coding import LATENT, WIDTH, Plain, images, made, parts_of, unchanged
from zbins.torch import LatentGenerator


class Watching(Plain):
    """Notes the modes of all parts while it runs, and then raises what it is told to."""

    def __init__(self):
        super().__init__()
        self.train()
        self.decoder[1].eval()  # frozen, while all else trains
        self.seen, self.error = [], None

    def modes(self):
        return [part.training for part in self.modules()]

    def watch(self):
        self.seen.append((any(self.modes()), torch.is_grad_enabled()))
        if self.error is not None:
            raise self.error

    def encode(self, x):
        self.watch()
        return super().encode(x)

    def decode(self, z):
        self.watch()
        return super().decode(z)


def test_eval_mode_and_no_gradients_while_they_run():
    model = Watching()
    before = model.modes()
    assert len(set(before)) == 2
    generator = made(model).fit(images())
    assert model.modes() == before
    drawn = generator.sample(5)
    assert model.modes() == before
    assert model.seen == [(False, False)] * 2
    assert torch.is_grad_enabled()
    assert not drawn.requires_grad
    assert drawn.grad_fn is None
    assert torch.equal(torch.from_numpy(generator.latents_), model.by_hand(images()))
    assert all(p.requires_grad and p.grad is None for p in model.parameters())


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, MemoryError, StopIteration])
def test_modes_come_back_when_something_is_raised(error):
    model = Watching()
    before = model.modes()
    generator = made(model).fit(images())
    model.error = error()
    for call in (
        lambda: generator.fit(images(seed=1)),
        lambda: generator.sample(3),
        lambda: next(generator.sample_batches(3)),
    ):
        was = parts_of(generator)
        with pytest.raises((error, RuntimeError)):  # a generator makes one of StopIteration
            call()
        assert model.modes() == before
        assert torch.is_grad_enabled()
        unchanged(generator, was)
    random = made(model, posterior="sample")
    state = torch.get_rng_state()
    with pytest.raises((error, RuntimeError)):
        random.fit(images())
    assert torch.equal(torch.get_rng_state(), state)


def test_modes_between_the_batches_of_a_sample():
    model = Watching()
    before = model.modes()
    for batch in made(model).fit(images()).sample_batches(6, batch_size=2):
        assert model.modes() == before
        assert len(batch) == 2


def test_ctrl_c_within_the_data_and_the_sampler():
    def interrupted():
        yield images(8)
        raise KeyboardInterrupt

    model = Watching()
    before = model.modes()
    generator = made(model).fit(images())
    was = parts_of(generator)
    with pytest.raises(KeyboardInterrupt):
        generator.fit(interrupted())
    unchanged(generator, was)
    assert model.modes() == before

    class Interrupted:
        def fit(self, X):
            raise KeyboardInterrupt

        def sample(self, n):
            raise AssertionError

    generator.sampler = Interrupted()
    was = parts_of(generator)
    for call in (generator.fit, generator.fit_latents):
        with pytest.raises(KeyboardInterrupt):
            call(images())
        unchanged(generator, was)


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.enable_grad])
def test_networks_with_a_mode_of_gradients_of_their_own(mode):
    model = Plain()
    encode, decode = mode()(model.encode), mode()(model.decode)
    drawn = LatentGenerator(encode, decode, modules=[model]).fit(images()).sample(3)
    assert not drawn.is_inference()
    assert not drawn.requires_grad


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("data", [images(), images().double().numpy(), images().half()])
def test_inputs_take_the_dtype_of_the_networks(dtype, data):
    model = Plain().to(dtype)
    generator = made(model).fit(data)
    wide = np.float64 if dtype == torch.float64 else np.float32
    assert generator.latents_.dtype == wide
    assert generator.sample(3).dtype == dtype
    by_hand = Plain().to(dtype).by_hand(torch.as_tensor(data).to(dtype))
    assert np.array_equal(generator.latents_, by_hand.to(torch.float64))


def test_whole_numbers_are_left_as_they_are():
    embed = nn.Sequential(nn.Embedding(9, 4), nn.Flatten())
    generator = LatentGenerator(embed).fit(torch.arange(24).reshape(8, 3) % 9)
    assert generator.latents_.shape == (8, 12)


@pytest.mark.parametrize(
    ("autocast", "inside"),
    [
        (False, torch.float32),
        (None, torch.float32),
        (True, torch.bfloat16),
        (torch.bfloat16, torch.bfloat16),
        (torch.float16, torch.float16),
    ],
)
def test_autocast(autocast, inside):
    seen = []

    class Noting(nn.Linear):
        def forward(self, x):
            z = super().forward(x)
            seen.append(z.dtype)
            return z

    generator = LatentGenerator(Noting(WIDTH, LATENT), Noting(LATENT, WIDTH), autocast=autocast)
    drawn = generator.fit(images()).sample(3)
    assert seen == [inside, inside]
    assert generator.latents_.dtype == np.float32
    assert drawn.dtype == inside
    assert not torch.is_autocast_enabled("cpu")
