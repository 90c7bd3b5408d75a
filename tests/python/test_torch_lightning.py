"""`SamplerCallback` in real trainings: what it fits, that nobody notices, and how it is resumed."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

import lightning_helpers as tiny
import zbins
from helpers import run_python
from lightning_helpers import fingerprint_of, latents_of, module_of, one_thread, trainer_of  # noqa: F401
from zbins.torch import LatentGenerator, SamplerCallback

pytestmark = [pytest.mark.filterwarnings(text) for text in tiny.ADVICE]
PL = "lightning.pytorch"


def trained(callback, module=None, data=None, package=PL, **options):
    module = module_of(package) if module is None else module
    trainer = trainer_of(package, callback, **options)
    trainer.fit(module, tiny.loader() if data is None else data)
    return module, trainer


class Refits(SamplerCallback):
    """Writes down after which epochs it refits, in which hook, and of which weights."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.epochs, self.hooks, self.expected = [], [], []

    def _refit(self, trainer, pl_module):
        before = self._fit
        super()._refit(trainer, pl_module)
        if self._fit is not before:
            self.epochs.append(self.epoch_)
            self.hooks.append(pl_module._current_fx_name)
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
            seen.append(callback._fit and (callback.epoch_, callback.generator_.sample(2).shape))

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
    return torch.utils.data.DataLoader(_Noisy(), 16, shuffle=True, generator=generator)


@pytest.mark.parametrize(
    "data",
    [
        tiny.loader,
        _noisy_loader,
        lambda: tiny.loader(num_workers=1, persistent_workers=True, batch_size=32),
    ],
    ids=["shuffled", "noisy", "workers"],
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


def test_names_and_callables():
    expected = SamplerCallback()
    trained(expected)
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
        trained(callback, module)
        rows = latents_of(module, tiny.images())
        assert fingerprint_of(callback.sampler_) == fingerprint_of(zbins.PMFSampler().fit(rows))
        if decode is not None:
            assert callback.generator_.sample(2).shape == (2, 16)


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


@pytest.mark.parametrize("with_labels", [False, True])
def test_the_state_is_plain_and_comes_back(tmp_path, with_labels):
    sampler = zbins.PMFSampler([6, 7, 300], random_state=5, n_jobs=1)
    callback = SamplerCallback(sampler=sampler, with_labels=with_labels, every_n_epochs=2)
    _, trainer = trained(callback)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    checkpoint = torch.load(tmp_path / "a.ckpt", weights_only=True)
    state = checkpoint["callbacks"][callback.state_key]
    assert all(isinstance(tensor, torch.Tensor) for tensor in state["sampler"].values())

    other = SamplerCallback(sampler=zbins.PMFSampler(random_state=5, n_jobs=1), every_n_epochs=2)
    assert other.state_key == callback.state_key
    other.load_state_dict(state)
    assert fingerprint_of(other.sampler_) == fingerprint_of(callback.sampler_)
    draws = [one.sampler_.sample(9).tobytes() for one in (callback, other)]
    assert draws[0] == draws[1]
    assert other.epoch_ == 1

    # A training that goes on has it from the start, and makes another of another size.
    found = []
    other = SamplerCallback(sampler=sampler, with_labels=with_labels, every_n_epochs=4)
    resumed = module_of()
    resumed.on_train_start = lambda: found.append(fingerprint_of(other.sampler_))
    again = trainer_of(PL, other, max_epochs=4)
    again.fit(resumed, tiny.loader(128), ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert found == [fingerprint_of(callback.sampler_)]
    assert other.epoch_ == 3
    assert other.sampler_.n_samples_seen_ == 128
    other.load_state_dict(state)
    assert fingerprint_of(other.sampler_) == fingerprint_of(callback.sampler_)

    # Nothing is trained: the sampler of the checkpoint stays, and testing finds it too.
    other = SamplerCallback(with_labels=with_labels)
    done = trainer_of(PL, other, max_epochs=2)
    done.fit(resumed, tiny.loader(), ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert fingerprint_of(other.sampler_) == fingerprint_of(callback.sampler_)
    assert other.generator_.sample(3).shape == (3, 1, 4, 4)
    other = SamplerCallback("elsewhere", with_labels=with_labels)
    resumed.test_step = lambda batch, batch_idx: found.append(other.generator_.sample(2).shape)
    trainer_of(PL, other).test(
        resumed, tiny.loader(shuffle=False, batch_size=64), ckpt_path=tmp_path / "a.ckpt",
        weights_only=True,
    )  # fmt: skip
    assert found[1:] == [(2, 1, 4, 4)]


def test_a_checkpoint_saved_before_the_first_refit(tmp_path):
    callback = SamplerCallback(every_n_epochs=3)
    module = module_of()
    module.on_train_epoch_end = lambda: module.trainer.save_checkpoint(tmp_path / "a.ckpt")
    trained(callback, module, max_epochs=4, limit_train_batches=2)
    early = module_of()
    early.on_train_epoch_end = lambda: (
        early.current_epoch == 0 and (early.trainer.save_checkpoint(tmp_path / "early.ckpt"))
    )
    trained(SamplerCallback(every_n_epochs=3), early, max_epochs=2)
    checkpoint = torch.load(tmp_path / "early.ckpt", weights_only=True)
    assert callback.state_key not in checkpoint["callbacks"]
    other = SamplerCallback(every_n_epochs=3)
    again = trainer_of(PL, other, max_epochs=3)
    again.fit(module_of(), tiny.loader(), ckpt_path=tmp_path / "early.ckpt", weights_only=True)
    assert other.epoch_ == 2
    other.load_state_dict({})
    assert other.state_dict() == {}


def test_the_checkpoint_of_an_epoch_has_its_sampler(tmp_path):
    pl = tiny.lightning_of(PL)
    callback = SamplerCallback()
    for options in ({}, {"save_on_train_epoch_end": False}):
        saving = pl.callbacks.ModelCheckpoint(
            tmp_path, save_top_k=-1, filename="{epoch}", **options
        )
        module = module_of(validates=lambda module, batch, _: None)
        trainer = trainer_of(PL, callback, saving, enable_checkpointing=True)
        trainer.fit(module, tiny.loader(), tiny.loader(shuffle=False))
        for path in tmp_path.glob("*.ckpt"):
            checkpoint = torch.load(path, weights_only=True)
            state = checkpoint["callbacks"][callback.state_key]
            assert state["epoch"] == checkpoint["epoch"]
            path.unlink()


def test_two_callbacks_and_copies():
    first, second = SamplerCallback(), SamplerCallback(limit_batches=1, name="few")
    assert first.state_key != second.state_key
    trainer = trainer_of(PL, first, second)
    trainer.fit(module_of(), tiny.loader())
    assert first.sampler_.n_samples_seen_ == 64
    assert second.sampler_.n_samples_seen_ == 16
    other = pickle.loads(pickle.dumps(SamplerCallback("down", sampler=zbins.PMFSampler(6))))
    assert other.state_key == first.state_key
    assert other.sampler.n_bins == 6


def test_lightning_is_imported_when_it_is_asked_for():
    printed = run_python(
        """
        import sys, zbins.torch
        assert "SamplerCallback" not in zbins.torch.__all__
        assert not [name for name in sys.modules if "lightning" in name]
        sys.modules["lightning"] = sys.modules["pytorch_lightning"] = None  # not installed
        try:
            zbins.torch.SamplerCallback
        except ImportError as error:
            print(error)
        try:
            zbins.torch.Other
        except AttributeError as error:
            print(error)
        """
    )
    assert "pip install lightning" in printed
    assert "has no attribute 'Other'" in printed
