"""The state of `SamplerCallback` in checkpoints: plain, and a training goes on with it."""

from __future__ import annotations

import pickle

import pytest
import torch

pytest.importorskip("lightning")

import lightning_helpers as tiny
import zbins
from lightning_helpers import fingerprint_of, module_of, one_thread, trained, trainer_of  # noqa: F401
from zbins.torch import SamplerCallback

pytestmark = [pytest.mark.filterwarnings(text) for text in tiny.ADVICE]
PL = "lightning.pytorch"


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
