"""What `SamplerCallback` cannot work with it refuses, if it can tell before an epoch is spent."""

from __future__ import annotations

import pytest
import torch
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture

pytest.importorskip("lightning")

import lightning_helpers as tiny
import zbins
from lightning_helpers import fingerprint_of, module_of, one_thread, trainer_of  # noqa: F401
from zbins.torch import SamplerCallback

pytestmark = [pytest.mark.filterwarnings(text) for text in tiny.ADVICE]
PL = "lightning.pytorch"


PARAMETERS = [
    ({"encode": 3}, TypeError, "encode is a int"),
    ({"decode": torch.nn.Linear}, TypeError, "decode is the class Linear"),
    ({"sampler": GaussianMixture()}, TypeError, "a GaussianMixture; a PMFSampler is needed"),
    ({"sampler": zbins.PMFSampler}, TypeError, "the class PMFSampler"),
    ({"modules": torch.nn.Linear(2, 2)}, TypeError, "modules is a Linear"),
    ({"every_n_epochs": 0}, ValueError, "every_n_epochs is 0; it must be at least 1"),
    ({"every_n_epochs": 1.5}, TypeError, "every_n_epochs is 1.5"),
    ({"posterior": "mode"}, ValueError, "posterior is 'mode'"),
    ({"with_labels": 1}, TypeError, "with_labels is 1"),
    ({"loader": torch.zeros(3, 2)}, TypeError, "loader is a Tensor"),
    ({"loader": iter([])}, TypeError, "can be read only once"),
    ({"loader": 7}, TypeError, "loader is a int"),
    ({"limit_batches": 0}, ValueError, "limit_batches is 0"),
    ({"n_images": -1}, ValueError, "n_images is -1"),
    ({"value_range": 1}, TypeError, "value_range is 1"),
    ({"value_range": (1, 1)}, ValueError, "rising"),
    ({"random_state": "0"}, TypeError, "random_state is '0'"),
    ({"name": ""}, TypeError, "name is ''"),
    ({"name": "../../../esc"}, ValueError, "without a path separator"),
    ({"name": "/tmp/esc"}, ValueError, "without a path separator"),
    ({"name": "..\\esc"}, ValueError, "without a path separator"),
    ({"name": ".."}, ValueError, "name is '..'"),
]


OUTSIDE = torch.nn.Flatten().train()


def fails():
    raise OSError("no such file")
    yield


class Torn:
    """It breaks as it is read, which is not the same as no batches."""

    def __iter__(self):
        return fails()


def nameless():
    return module_of(names=())


def once():
    return (batch for batch in tiny.loader())


# The callback, what is said, and what the training has: a module, data, steps that are done.
TRAININGS = [
    ({}, ValueError, "Module has no attribute 'encode'; pass encode=", {"module": nameless}),
    ({"encode": "net.down"}, ValueError, "has no attribute 'net.down'", {}),
    ({"encode": "down", "decode": "up.1.x"}, ValueError, "'up.1.x'; pass decode=", {}),
    ({"encode": "seen"}, TypeError, "seen is a list", {}),
    ({"sampler": zbins.PMFSampler(0)}, ValueError, "n_bins is 0", {}),
    ({}, ValueError, "a dict of dataloaders", {"data": lambda: {"a": tiny.loader()}}),
    ({}, TypeError, "dataloader is a generator, which can be read only once", {"data": once}),
    ({"encode": lambda x: "words"}, TypeError, "encode returned a str", {"steps": 4}),
    ({"encode": lambda x: x.flatten(1)[:3]}, ValueError, "(3, 16) for a batch of 16", {"steps": 4}),
    ({"encode": lambda x: x.flatten(1) / 0}, ValueError, "for input 0 of batch 0", {"steps": 4}),
    ({"encode": lambda x: x.flatten(1) * 1j}, TypeError, "complex", {"steps": 4}),
    (
        {"encode": lambda x: OUTSIDE(x)},
        ValueError,
        "a Flatten ran in training mode inside encode",
        {"steps": 4},
    ),
    (
        {"sampler": zbins.PMFSampler(bounds=(100, 101), out_of_range="error")},
        ValueError,
        "at row 0, column 0",
        {"steps": 4},
    ),
    ({"loader": []}, ValueError, "no inputs", {"steps": 4}),
    ({"loader": Torn()}, OSError, "no such file", {"steps": 4}),
    (
        {"loader": [tiny.images()], "with_labels": True},
        ValueError,
        "batch 0 has no labels",
        {"steps": 4},
    ),
]


@pytest.mark.parametrize(("parameters", "kind", "text"), PARAMETERS)
def test_parameters(parameters, kind, text):
    with pytest.raises(kind) as caught:
        SamplerCallback(**parameters)
    assert text in str(caught.value)


@pytest.mark.parametrize(("parameters", "kind", "text", "having"), TRAININGS)
def test_trainings(parameters, kind, text, having):
    """The training ends with this error, after so many steps; the callback is as it was."""
    callback, module = SamplerCallback(**parameters), having.get("module", module_of)()
    trainer = trainer_of(PL, callback, limit_train_batches=4)
    with pytest.raises(kind) as caught:
        trainer.fit(module, having.get("data", tiny.loader)())
    assert text in str(caught.value)
    assert trainer.global_step == having.get("steps", 0)
    assert not hasattr(callback, "sampler_")
    assert all(part.training for part in module.modules())


def test_before_a_refit():
    callback = SamplerCallback()
    for name in ("sampler_", "generator_", "epoch_"):
        with pytest.raises(NotFittedError, match="no sampler yet"):
            getattr(callback, name)
    assert callback.state_dict() == {}


def test_a_train_dataloader_that_can_be_read_once_beside_a_loader():
    callback = SamplerCallback(loader=tiny.loader())
    trainer_of(PL, callback, max_epochs=1, limit_train_batches=4).fit(module_of(), once())
    assert callback.sampler_.n_samples_seen_ == tiny.N


def test_several_processes_without_a_group():
    callback, module = SamplerCallback(), module_of()
    trainer = trainer_of(PL, callback)
    trainer.strategy.world_size = 2  # as of XLA, which has transports of its own
    text = r"in 2 processes \(SingleDeviceStrategy\) that no torch.distributed process group joins"
    with pytest.raises(RuntimeError, match=text):
        trainer.fit(module, tiny.loader())
    assert trainer.global_step == 0


def test_a_picture_that_fails_ends_no_training(tmp_path):
    logger = tiny.lightning_of(PL).loggers.CSVLogger(tmp_path, name="run", version=1)
    for decode, text in (("up", "which are no images"), (lambda z: z[:2], "64 latents")):
        callback = SamplerCallback(decode=decode)
        trainer = trainer_of(PL, callback, max_epochs=1, logger=logger)
        with pytest.warns(UserWarning, match=f"no picture of samples is logged .*{text}"):
            trainer.fit(module_of(), tiny.loader())
        assert callback.epoch_ == 0


def test_a_state_of_something_else(tmp_path):
    callback = SamplerCallback(sampler=zbins.PMFSampler(6))
    trainer_of(PL, callback, max_epochs=1).fit(module_of(), tiny.loader())
    good, before = callback.state_dict(), fingerprint_of(callback.sampler_)
    counts = "sampler.counts"
    for bad, text in (
        ({"epoch": 3}, "no state of a SamplerCallback"),
        ({"epoch": "3", "sampler": good["sampler"]}, "no state of a SamplerCallback"),
        ({"epoch": 3, "sampler": {}}, "damaged"),
        ({"epoch": 3, "sampler": good["sampler"] | {counts: -good["sampler"][counts]}}, "damaged"),
    ):
        with pytest.raises(ValueError, match=text):
            callback.load_state_dict(bad)
        assert fingerprint_of(callback.sampler_) == before
        assert callback.epoch_ == 0
