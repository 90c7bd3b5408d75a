"""`SamplerCallback` in real trainings: what it fits and when, and that nobody notices."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Subset

pytest.importorskip("lightning")

import lightning_helpers as tiny
import zbins
from lightning_helpers import (
    fingerprint_of,
    latents_of,
    module_of,
    one_thread,  # noqa: F401
    trained,
    trainer_of,
)
from zbins.torch import LatentGenerator, SamplerCallback

pytestmark = [pytest.mark.filterwarnings(text) for text in tiny.ADVICE]
PL = "lightning.pytorch"


class Refits(SamplerCallback):
    """Writes down after which epochs it refits, in which hook, and of which weights."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.epochs, self.hooks, self.expected = [], [], []

    def on_validation_start(self, trainer, pl_module):
        self.noted("on_validation_start", trainer, pl_module)

    def on_train_epoch_end(self, trainer, pl_module):
        self.noted("on_train_epoch_end", trainer, pl_module)

    def on_train_end(self, trainer, pl_module):
        self.noted("on_train_end", trainer, pl_module)

    def noted(self, hook, trainer, pl_module):
        before = getattr(self, "sampler_", None)
        getattr(super(), hook)(trainer, pl_module)
        if getattr(self, "sampler_", None) is not before:
            self.epochs.append(self.epoch_)
            self.hooks.append(hook)
            rows = latents_of(pl_module, tiny.images())
            self.expected.append(fingerprint_of(zbins.PMFSampler(6).fit(rows)))
            assert fingerprint_of(self.sampler_) == self.expected[-1]


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_sampler_is_the_fit_of_the_latents(package):
    callback = SamplerCallback(sampler=zbins.PMFSampler(6))
    module, _ = trained(callback, package=package)
    rows = latents_of(module, tiny.images())
    assert fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler(6).fit(rows))
    assert callback.epoch_ == 1
    generator = callback.generator_
    assert isinstance(generator, LatentGenerator)
    assert generator.sampler_ is callback.sampler_
    assert generator.latent_shape_ == (3,)
    assert generator.sample(5, random_state=0).shape == (5, 1, 4, 4)
    assert not hasattr(callback.sampler, "n_features_in_")  # the one given is not changed


@pytest.mark.parametrize(
    ("every", "max_epochs", "epochs"),
    [(1, 3, [0, 1, 2]), (2, 4, [1, 3]), (2, 3, [1, 2]), (5, 2, [1])],
)
def test_every_n_epochs_and_the_last(every, max_epochs, epochs):
    callback = Refits(sampler=zbins.PMFSampler(6), every_n_epochs=every)
    trained(callback, max_epochs=max_epochs)
    assert callback.epochs == epochs
    assert set(callback.hooks) == {"on_train_epoch_end"}


def test_validation_finds_the_sampler_of_its_weights():
    callback = Refits(sampler=zbins.PMFSampler(6), every_n_epochs=2)
    seen = []

    def validates(module, batch, _):
        if not module.trainer.sanity_checking:
            epoch = getattr(callback, "epoch_", None)
            seen.append(epoch and (epoch, callback.generator_.sample(2).shape))

    module = module_of(validates=validates)
    trainer = trainer_of(PL, callback, max_epochs=4)
    trainer.fit(module, tiny.loader(), tiny.loader(shuffle=False, batch_size=64))
    shape = (2, 1, 4, 4)
    assert seen == [None, (1, shape), (1, shape), (3, shape)]
    assert callback.hooks == ["on_validation_start"] * 2
    assert all(part.training for part in module.modules())


def test_validation_within_an_epoch_or_seldom():
    for options in ({"val_check_interval": 1}, {"check_val_every_n_epoch": 2}):
        callback = Refits(sampler=zbins.PMFSampler(6))
        module = module_of(validates=lambda module, batch, _: None)
        trainer = trainer_of(PL, callback, num_sanity_val_steps=0, **options)
        trainer.fit(module, tiny.loader(), tiny.loader(shuffle=False))
        assert callback.epochs == [0, 1]


def test_a_training_that_stops_early_leaves_the_last_weights():
    callback = Refits(sampler=zbins.PMFSampler(6), every_n_epochs=50)
    module = module_of()
    module.on_train_batch_end = lambda *_: setattr(module.trainer, "should_stop", True)
    trained(callback, module, max_epochs=100)
    assert callback.epochs == [0]
    assert callback.hooks == ["on_train_end"]
    callback = Refits(sampler=zbins.PMFSampler(6), every_n_epochs=50)
    trained(callback, max_epochs=-1, max_steps=6)
    assert callback.epochs == [1]


class _Noisy(torch.utils.data.Dataset):
    """Draws from every generator there is, for each image."""

    def __init__(self):
        self.own = np.random.default_rng(0)

    def __len__(self):
        return tiny.N

    def __getitem__(self, i):
        import random

        noise = torch.rand(()) + random.random() + np.random.rand() + self.own.random()  # noqa: NPY002
        return tiny.images()[i] + 0.01 * noise, i


def _noisy_loader():
    generator = torch.Generator().manual_seed(3)
    return DataLoader(_Noisy(), 16, shuffle=True, generator=generator)


def _loader_with_workers():
    """Workers that stay draw on from where they were: a pass more would change the next epoch."""
    return DataLoader(_Noisy(), 32, num_workers=1, persistent_workers=True)


@pytest.mark.parametrize(
    "data", [tiny.loader, _noisy_loader, _loader_with_workers], ids=["shuffled", "noisy", "workers"]
)
def test_the_training_does_not_notice(data):
    weights, states = [], []
    for callbacks in (
        [],
        [SamplerCallback(posterior="mean")],
        [SamplerCallback(loader=tiny.loader())],
    ):
        tiny.lightning_of(PL).seed_everything(1, verbose=False)
        module = module_of()
        module.up.eval()  # a part that was frozen
        trainer = trainer_of(PL, *callbacks, max_epochs=3)
        trainer.fit(module, data())
        weights.append(copy.deepcopy(module.state_dict()))
        states.append((torch.get_rng_state(), np.random.get_state()[1].tolist()))  # noqa: NPY002
        assert not module.up.training
        assert module.down.training
    for other, state in zip(weights[1:], states[1:], strict=True):
        assert all(torch.equal(value, other[name]) for name, value in weights[0].items())
        assert torch.equal(state[0], states[0][0])
        assert state[1] == states[0][1]


class _Joined:
    """As data sets of one's own, which hold others by name."""

    def __init__(self, held):
        self.datasets = {"a": held}

    def __len__(self):
        return tiny.N

    def __getitem__(self, i):
        return self.datasets["a"][i]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda held: held,
        lambda held: Subset(held, range(16)),
        lambda held: ConcatDataset([_Noisy(), held]),
        lambda held: Subset(ConcatDataset([Subset(held, range(16))]), range(16)),
        _Joined,
    ],
    ids=["plain", "subset", "joined", "nested", "dictionary"],
)
def test_generators_of_the_loader_get_their_state_back(wrapped):
    held = _Noisy()
    held.dataset = held  # it holds itself
    shuffles = torch.Generator().manual_seed(3)
    data = DataLoader(wrapped(held), 16, shuffle=True, generator=shuffles)
    before = copy.deepcopy(held.own.bit_generator.state), shuffles.get_state()
    trained(SamplerCallback(loader=data), max_epochs=1)
    assert held.own.bit_generator.state == before[0]
    assert torch.equal(shuffles.get_state(), before[1])


@pytest.mark.parametrize("validated", [True, False])
def test_hooks_for_batches_are_those_of_a_validation(validated):
    """A module that augments while the trainer trains; `Refits` expects the images as they are."""
    callback = Refits(sampler=zbins.PMFSampler(6))
    module = module_of(validates=(lambda module, batch, _: None) if validated else None)
    stages = []

    def augments(module, batch, _):
        stages.append(module.trainer.state.stage)
        x, y = batch
        return (x + 0.5 if module.trainer.training else x), y

    type(module).on_after_batch_transfer = augments
    module.on_train_epoch_end = lambda: stages.append(module.trainer.state.stage)
    trainer = trainer_of(PL, callback, num_sanity_val_steps=0)
    trainer.fit(module, tiny.loader(), tiny.loader(shuffle=False) if validated else None)
    assert callback.epochs == [0, 1]
    epoch = ["train"] * 4 + ["validate"] * (8 if validated else 4)
    # The hook of the module comes after that of the callback.
    assert stages == [*epoch, "train"] * 2


def test_workers_of_the_training_stay_its_own():
    """A refit starts its own beside them."""
    used = []

    class Looks(SamplerCallback):
        def on_train_epoch_end(self, trainer, pl_module):
            begun = trainer.train_dataloader._iterator
            pids = [worker.pid for worker in begun._workers]
            used.append((id(begun), pids))
            super().on_train_epoch_end(trainer, pl_module)
            after = trainer.train_dataloader._iterator
            assert after is begun
            assert [worker.pid for worker in after._workers] == pids
            assert all(worker.is_alive() for worker in after._workers)

    trained(Looks(), data=_loader_with_workers())
    assert used == used[:1] * 2


def test_names_and_callables():
    module = module_of(names=())
    for encode, decode in (
        ("down", "up"),
        (module.down, module.up),
        (lambda x: module.down(x), lambda z: module.up(z)),
        ("down.forward", None),
    ):
        module.load_state_dict(module_of(names=()).state_dict())
        callback = SamplerCallback(encode, decode, n_images=0)
        torch.manual_seed(0)
        trained(callback, module, tiny.loader(shuffle=False), limit_train_batches=1, max_epochs=1)
        rows = latents_of(module, tiny.images()[:16])
        assert fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler().fit(rows))
        if decode is not None:
            assert callback.generator_.sample(2).shape == (2, 16)
            assert module.up.training


def test_networks_outside_the_module():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout()).train()
    callback = SamplerCallback(lambda x: net(x), modules=[net], n_images=0)
    trained(callback, max_epochs=1)
    rows = tiny.images().flatten(1).numpy()
    assert fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler().fit(rows))
    assert net.training


def test_labels_held_out_images_and_fewer_batches():
    callback = SamplerCallback(with_labels=True)
    trained(callback)
    assert callback.sampler_.classes_.tolist() == [0, 1, 2]
    assert callback.generator_.sample(3, y=1).shape == (3, 1, 4, 4)
    for data in (tiny.loader(40), list(tiny.loader(40))):
        callback = SamplerCallback(loader=data)
        module, _ = trained(callback)
        rows = latents_of(module, tiny.images(40))
        assert fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler().fit(rows))
    callback = SamplerCallback(limit_batches=3)
    trained(callback)
    assert callback.sampler_.n_samples_seen_ == 48
    trained(callback, limit_train_batches=2)
    assert callback.sampler_.n_samples_seen_ == 32


def test_a_distribution():
    def encode(x):
        return torch.distributions.Normal(module.down(x), 1.0)

    for posterior, alike in (("mean", True), ("sample", False)):
        module = module_of()
        callback = SamplerCallback(encode, sampler=zbins.PMFSampler(6), posterior=posterior)
        trained(callback, module)
        rows = latents_of(module, tiny.images())
        same = fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler(6).fit(rows))
        assert same is alike


def test_half_precision():
    callback = SamplerCallback()
    trained(callback, precision="bf16-mixed")
    assert callback.sampler_.lower_.dtype == np.float32
    assert callback.generator_.sample(2).dtype == torch.float32


def test_fast_dev_run_and_two_trainings():
    callback = SamplerCallback(every_n_epochs=2, loader=tiny.loader(40))
    trained(callback, fast_dev_run=True)
    assert callback.sampler_.n_samples_seen_ == 16
    for _ in range(2):
        before = callback.sampler_
        trained(callback, max_epochs=2)
        assert callback.sampler_ is not before
        assert callback.epoch_ == 1
    trainer = trainer_of(PL, callback, max_epochs=2)
    module = module_of()
    trainer.fit(module, tiny.loader())
    trainer.fit_loop.max_epochs = 3
    trainer.fit(module, tiny.loader())
    assert callback.epoch_ == 2
    rows = latents_of(module, tiny.images(40))
    assert fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler().fit(rows))
