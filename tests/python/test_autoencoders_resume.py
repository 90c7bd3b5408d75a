"""A training that is interrupted and resumed ends with the bits of one that was not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from autoencoder_helpers import (
    MODELS,
    Pairs,
    Scripted,
    made,
    pictures,
    recraft,
    refused,
    same,
    state_of,
    training_in,
)
from zbins.autoencoders import AE, VAE


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.safetensors"


def check_resumed(path, kind, k, data, **settings):
    """After k epochs a new process goes on: here, a new model with other weights."""
    whole = made(kind).fit(data(), epochs=4, **settings)
    made(kind).fit(data(), epochs=k, checkpoint=path, **settings)
    resumed = made(kind, random_state=99)
    settings.setdefault("random_state", 0)
    assert resumed.fit(data(), epochs=4, checkpoint=path, resume=True, **settings) is resumed
    assert same(resumed, whole)
    assert resumed.history_ == whole.history_
    assert not resumed.training


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("k", [1, 3, 4])
def test_arrays(path, kind, k):
    check_resumed(path, kind, k, pictures, batch_size=8)


def test_with_validation_and_early_stopping(path):
    check_resumed(path, VAE, 2, lambda: pictures(40), batch_size=8, validation=0.2, patience=3)
    check_resumed(path, VAE, 2, pictures, batch_size=8, validation=pictures(7, seed=1))


def test_early_stopping_at_the_same_epoch(path):
    errors = [0.5, 0.3, 0.4, 0.35, 0.0]

    def fit(epochs, seen=0, **settings):
        model = made(AE)
        validation = Scripted(model, errors[seen:])
        settings |= {"batch_size": 8, "validation": validation, "patience": 2}
        return model.fit(pictures(), epochs=epochs, **settings)

    whole = fit(5)
    fit(3, checkpoint=path)
    for seen in (3, 4):  # the second time, it has already stopped
        resumed = fit(5, seen, checkpoint=path, resume=True)
        assert len(resumed.history_) == 4
        assert same(resumed, whole)


class Noisy(Pairs):
    """Draws from torch's global state, as many transforms do."""

    def __getitem__(self, i):
        return (self.images[i] + 0.1 * torch.rand(1)).clamp(0, 1)


def test_transforms_that_draw(path):
    check_resumed(path, AE, 2, lambda: Noisy(pictures()), batch_size=8)


@pytest.mark.parametrize("seeded", [False, True])
def test_data_loaders(path, seeded):
    def loader():
        generator = torch.Generator().manual_seed(4) if seeded else None
        return DataLoader(pictures(), batch_size=8, shuffle=True, generator=generator)

    check_resumed(path, VAE, 2, loader)


def test_an_unnamed_seed_is_that_of_the_checkpoint(path):
    whole = made(random_state=None)
    start = state_of(whole)
    first = made(random_state=None)
    first.load_state_dict(start)
    first.fit(pictures(40), epochs=1, validation=0.2, checkpoint=path)
    seed = training_in(path)["seed"]
    whole.fit(pictures(40), epochs=3, validation=0.2, random_state=seed)
    first.fit(pictures(40), epochs=3, validation=0.2, checkpoint=path, resume=True)
    assert same(first, whole)


def test_interrupted_in_the_middle_of_an_epoch(path):
    class Interrupting(Pairs):
        def __getitem__(self, i):
            calls.append(i)
            if len(calls) == limit:
                raise KeyboardInterrupt
            return self.images[i]

    calls, limit, data = [], 24 * 2 + 5, Interrupting(pictures())
    with pytest.raises(KeyboardInterrupt):
        made().fit(data, epochs=4, batch_size=8, checkpoint=path)
    assert len(training_in(path)["history"]) == 2
    resumed = made().fit(data, epochs=4, batch_size=8, checkpoint=path, resume=True)
    whole = made().fit(pictures(), epochs=4, batch_size=8)
    assert same(resumed, whole)


def test_resume_without_a_checkpoint_starts(path):
    fresh = made().fit(pictures(), epochs=1, checkpoint=path, resume=True)
    assert same(fresh, made().fit(pictures(), epochs=1))
    assert path.exists()


def test_a_checkpoint_is_written_anew_without_resume(path):
    made().fit(pictures(), epochs=3, checkpoint=path)
    made().fit(pictures(), epochs=1, checkpoint=path)
    assert len(training_in(path)["history"]) == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_shapes_of_the_first_fit(path):
    AE("small", random_state=0).fit(pictures(), epochs=1, checkpoint=path)
    resumed = AE("small", random_state=0).fit(pictures(), epochs=2, checkpoint=path, resume=True)
    whole = AE("small", random_state=0).fit(pictures(), epochs=2)
    assert same(resumed, whole)


# -- checkpoints that do not fit -------------------------------------------------------------------


def refuse_to_resume(texts, path, model, data=None, **settings):
    settings = {"epochs": 4, "batch_size": 8, "checkpoint": path, "resume": True, **settings}
    call = lambda: model.fit(pictures() if data is None else data, **settings)  # noqa: E731
    refused(ValueError, [str(path), *texts], call, model)


@pytest.mark.parametrize(
    ("texts", "model", "settings"),
    [
        (["another model", "'VAE'", "'AE'"], {"kind": AE}, {}),
        (["another model", "latent_dim"], {"latent_dim": 4}, {}),
        (["batch_size=8", "batch_size=4"], {}, {"batch_size": 4}),
        (["learning_rate"], {}, {"learning_rate": 0.1}),
        (["random_state=0", "random_state=1"], {}, {"random_state": 1}),
        (["images=24", "images=23"], {}, {"data": pictures(23)}),
        (["validation_images"], {}, {"validation": pictures()}),
        (["epochs is 1", "2 already"], {}, {"epochs": 1}),
    ],
)
def test_checkpoints_of_another_training(path, texts, model, settings):
    made(VAE).fit(pictures(), epochs=2, batch_size=8, checkpoint=path)
    refuse_to_resume(texts, path, made(**model), **settings)


def test_checkpoints_of_another_kind_of_loader(path):
    made().fit(DataLoader(pictures(), batch_size=8), epochs=1, checkpoint=path)
    loader = DataLoader(pictures(), batch_size=8, generator=torch.Generator())
    refuse_to_resume(["generator"], path, made(), data=loader, batch_size=None)


def test_damaged_checkpoints(path):
    made().fit(pictures(), epochs=1, batch_size=8, checkpoint=path)
    data = path.read_bytes()
    for damaged in (data[:100], data[:-1], data[:-3] + b"abc", b"", b"not this"):
        path.write_bytes(damaged)
        refuse_to_resume(["damaged"], path, made())
    made().save(path)
    refuse_to_resume(["without a state of training"], path, made())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t, m: t.pop("optimizer.0.step"), "0.step"),
        (lambda t, m: t.pop("model.to_latent.bias"), "to_latent.bias"),
        (lambda t, m: t.update(other=np.zeros(1)), "'other'"),
        (lambda t, m: t.update({"best.x": np.zeros(1)}), "'best."),
        (lambda t, m: t.update(loader=np.zeros(3)), "generator"),
        (
            lambda t, m: t.update({"optimizer.0.exp_avg": np.zeros(2)}),
            "exp_avg",
        ),
        (lambda t, m: m.update(seed=-1), "seed"),
        (lambda t, m: m.update(seed=True), "seed"),
        (lambda t, m: m.update(history=[]), "history"),
        (lambda t, m: m["history"][0].update(epoch=7), "epoch 1"),
        (lambda t, m: m["history"][0].update(loss="low"), "epoch 1"),
        (lambda t, m: m.update(settings=None), "settings"),
        (lambda t, m: m.pop("seed"), "state of training"),
    ],
)
def test_crafted_checkpoints(path, change, text):
    made().fit(pictures(), epochs=1, batch_size=8, checkpoint=path)
    recraft(path, lambda tensors, metadata: change(tensors, metadata["training"]))
    refuse_to_resume([text, "damaged"], path, made())
