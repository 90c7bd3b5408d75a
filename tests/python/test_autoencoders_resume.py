"""A training that is interrupted and resumed ends with the bits of one that was not."""

from __future__ import annotations

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from test_autoencoders_architectures import MODELS, same, state_of
from test_autoencoders_training import made, pictures
from zbins.autoencoders import AE, VAE, _checkpoints, _files, _training


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
    assert same(state_of(resumed), state_of(whole))
    assert resumed.history_ == whole.history_
    assert not resumed.training


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("k", [1, 3, 4])
def test_arrays(path, kind, k):
    check_resumed(path, kind, k, pictures, batch_size=8)


def test_with_validation_and_early_stopping(path):
    check_resumed(path, VAE, 2, lambda: pictures(40), batch_size=8, validation=0.2, patience=3)
    check_resumed(path, VAE, 2, pictures, batch_size=8, validation=pictures(7, seed=1))


def test_early_stopping_at_the_same_epoch(path, monkeypatch):
    losses = [5.0, 3.0, 4.0, 3.5, 2.0]
    real = _training._Run._epoch
    monkeypatch.setattr(
        _training._Run,
        "_epoch",
        lambda run, n, p: real(run, n, p) | {"validation_loss": losses[n - 1]},
    )
    settings = {"batch_size": 8, "validation": pictures(), "patience": 2}
    whole = made().fit(pictures(), epochs=5, **settings)
    made().fit(pictures(), epochs=3, checkpoint=path, **settings)
    for _ in range(2):  # the second time, it has already stopped
        resumed = made().fit(pictures(), epochs=5, checkpoint=path, resume=True, **settings)
        assert len(resumed.history_) == 4
        assert same(state_of(resumed), state_of(whole))


class Noisy(Dataset):
    """Draws from torch's global state, as many transforms do."""

    def __init__(self):
        self.images = pictures()

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return (self.images[i] + 0.1 * torch.rand(1)).clamp(0, 1)


def test_transforms_that_draw(path):
    check_resumed(path, AE, 2, Noisy, batch_size=8)


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
    seed = _checkpoints.Checkpoint(path).seed
    whole.fit(pictures(40), epochs=3, validation=0.2, random_state=seed)
    first.fit(pictures(40), epochs=3, validation=0.2, checkpoint=path, resume=True)
    assert same(state_of(first), state_of(whole))


def test_interrupted_in_the_middle_of_an_epoch(path):
    class Interrupting(Noisy):
        def __getitem__(self, i):
            calls.append(i)
            if len(calls) == limit:
                raise KeyboardInterrupt
            return self.images[i]

    calls, limit = [], 24 * 2 + 5
    with pytest.raises(KeyboardInterrupt):
        made().fit(Interrupting(), epochs=4, batch_size=8, checkpoint=path)
    assert len(_checkpoints.Checkpoint(path).history) == 2
    resumed = made().fit(Interrupting(), epochs=4, batch_size=8, checkpoint=path, resume=True)
    whole = made().fit(pictures(), epochs=4, batch_size=8)
    assert same(state_of(resumed), state_of(whole))


def test_resume_without_a_checkpoint_starts(path):
    fresh = made().fit(pictures(), epochs=1, checkpoint=path, resume=True)
    assert same(state_of(fresh), state_of(made().fit(pictures(), epochs=1)))
    assert path.exists()


def test_a_checkpoint_is_written_anew_without_resume(path):
    made().fit(pictures(), epochs=3, checkpoint=path)
    made().fit(pictures(), epochs=1, checkpoint=path)
    assert len(_checkpoints.Checkpoint(path).history) == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_shapes_of_the_first_fit(path):
    AE("small", random_state=0).fit(pictures(), epochs=1, checkpoint=path)
    resumed = AE("small", random_state=0).fit(pictures(), epochs=2, checkpoint=path, resume=True)
    whole = AE("small", random_state=0).fit(pictures(), epochs=2)
    assert same(state_of(resumed), state_of(whole))


# -- checkpoints that do not fit -------------------------------------------------------------------


def refused(texts, path, model, data=None, **settings):
    before, history = state_of(model), model.history_
    settings = {"epochs": 4, "batch_size": 8, **settings}
    with pytest.raises(ValueError) as caught:
        model.fit(pictures() if data is None else data, checkpoint=path, resume=True, **settings)
    for text in (str(path), *texts):
        assert text in str(caught.value)
    assert same(state_of(model), before)
    assert model.history_ is history


def test_checkpoints_of_another_model(path):
    made(VAE).fit(pictures(), epochs=2, batch_size=8, checkpoint=path)
    refused(["another model", "'VAE'", "'AE'"], path, made(AE))
    refused(["another model", "latent_dim"], path, made(VAE, latent_dim=4))
    refused(["batch_size=8", "batch_size=4"], path, made(), batch_size=4)
    refused(["learning_rate"], path, made(), learning_rate=0.1)
    refused(["random_state=0", "random_state=1"], path, made(), random_state=1)
    refused(["images=24", "images=23"], path, made(), data=pictures(23))
    refused(["validation_images"], path, made(), validation=pictures())
    refused(["epochs is 1", "2 already"], path, made(), epochs=1)


def test_checkpoints_of_another_kind_of_loader(path):
    made().fit(DataLoader(pictures(), batch_size=8), epochs=1, checkpoint=path)
    loader = DataLoader(pictures(), batch_size=8, generator=torch.Generator())
    refused(["generator"], path, made(), data=loader, batch_size=None)


def test_damaged_checkpoints(path):
    made().fit(pictures(), epochs=1, batch_size=8, checkpoint=path)
    data = path.read_bytes()
    for damaged in (data[:100], data[:-1], data[:-3] + b"abc", b"", b"not this"):
        path.write_bytes(damaged)
        refused(["damaged"], path, made())
    made().save(path)
    refused(["without a state of training"], path, made())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda tensors, training: tensors.pop("optimizer.0.step"), "0.step"),
        (lambda tensors, training: tensors.pop("model.to_latent.bias"), "to_latent.bias"),
        (lambda tensors, training: tensors.update(other=torch.zeros(1)), "'other'"),
        (lambda tensors, training: tensors.update({"best.x": torch.zeros(1)}), "'best."),
        (lambda tensors, training: tensors.update(loader=torch.zeros(3)), "generator"),
        (
            lambda tensors, training: tensors.update({"optimizer.0.exp_avg": torch.zeros(2)}),
            "exp_avg",
        ),
        (lambda tensors, training: training.update(seed=-1), "seed"),
        (lambda tensors, training: training.update(seed=True), "seed"),
        (lambda tensors, training: training.update(history=[]), "history"),
        (lambda tensors, training: training["history"][0].update(epoch=7), "epoch 1"),
        (lambda tensors, training: training["history"][0].update(loss="low"), "epoch 1"),
        (lambda tensors, training: training.update(settings=None), "settings"),
        (lambda tensors, training: training.pop("seed"), "state of training"),
    ],
)
def test_crafted_checkpoints(path, change, text):
    made().fit(pictures(), epochs=1, batch_size=8, checkpoint=path)
    tensors, metadata = _files.read(path)
    change(tensors, metadata["training"])
    _files.write(path, tensors, metadata)
    refused([text, "damaged"], path, made())
