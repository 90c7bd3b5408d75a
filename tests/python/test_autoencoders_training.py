"""Training learns, does the same twice, takes images of every kind, and stops when told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from test_autoencoders_architectures import MODELS, same, state_of
from zbins.autoencoders import AE, VAE, WAE, _training

SHAPE = (1, 8, 8)


def pictures(n=24, seed=0, shape=SHAPE):
    """Smooth pictures that a small network can learn."""
    draw = torch.rand(n, shape[0], 2, 2, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(draw, shape[1:], mode="bilinear")


def made(kind=VAE, random_state=0, **parameters):
    parameters = {"input_shape": SHAPE, "latent_dim": 3, **parameters}
    return kind("small", random_state=random_state, **parameters)


def global_numpy_state():
    return repr(np.random.get_state())  # noqa: NPY002 - the global state is meant


@pytest.mark.parametrize("kind", MODELS)
def test_a_few_epochs_reduce_the_loss(kind):
    model = made(kind)
    assert model.fit(pictures(96), epochs=12, batch_size=16) is model
    assert not model.training
    history = model.history_
    assert [entry["epoch"] for entry in history] == list(range(1, 13))
    assert history[-1]["loss"] < history[0]["loss"]
    assert history[-1]["reconstruction"] < 0.8 * history[0]["reconstruction"]
    terms = {"loss", "reconstruction"} | ({"kl"} if model._stochastic else set())
    if model._at_least == 2:
        terms |= {"mmd"}
    assert all(set(entry) == {"epoch", *terms} for entry in history)


def test_the_same_call_gives_the_same_bits_and_leaves_global_states_alone():
    data = pictures()
    first = made().fit(data, epochs=2, batch_size=8)
    torch.manual_seed(9)
    before, numpy_before = torch.get_rng_state(), global_numpy_state()
    again = made().fit(data, epochs=2, batch_size=8)
    assert torch.equal(torch.get_rng_state(), before)
    assert global_numpy_state() == numpy_before
    assert same(state_of(again), state_of(first))
    assert again.history_ == first.history_
    other = made().fit(data, epochs=2, batch_size=8, random_state=1)
    assert not same(state_of(other), state_of(first))


class Pairs(Dataset):
    """Images with labels, read one by one."""

    def __init__(self, images, labelled=True):
        self.images, self.labelled = images, labelled

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return (self.images[i], i % 3) if self.labelled else self.images[i]


def test_images_of_every_kind_train_alike():
    pixels = (pictures() * 255).to(torch.uint8)
    floats = pixels.float() / 255
    labels = torch.arange(len(pixels))
    read_only = pixels.numpy().copy()
    read_only.flags.writeable = False
    expected = state_of(made().fit(floats, epochs=1, batch_size=8))
    for data in (
        pixels,
        floats.numpy(),
        read_only,
        (floats, labels),
        TensorDataset(floats),
        TensorDataset(floats, labels),
        Pairs(floats),
        Pairs(pixels.numpy(), labelled=False),
    ):
        assert same(state_of(made().fit(data, epochs=1, batch_size=8)), expected)


@pytest.mark.parametrize("labelled", [False, True])
def test_a_data_loader_trains_too(labelled):
    loader = DataLoader(Pairs(pictures(), labelled), batch_size=8, shuffle=True)
    first = state_of(made().fit(loader, epochs=2))
    torch.manual_seed(3)
    assert same(state_of(made().fit(loader, epochs=2)), first), "shuffling follows random_state"
    with_validation = made().fit(loader, epochs=1, validation=loader)
    assert "validation_kl" in with_validation.history_[0]


class Recording(Pairs):
    def __getitem__(self, i):
        self.seen.append(i)
        return super().__getitem__(i)


def test_every_epoch_sees_every_image_once_in_another_order():
    data = Recording(pictures())
    data.seen = []
    made().fit(data, epochs=3, batch_size=8)
    orders = [data.seen[at : at + 24] for at in range(0, 72, 24)]
    assert [sorted(order) for order in orders] == [list(range(24))] * 3
    assert len({tuple(order) for order in orders} | {tuple(range(24))}) == 4


def test_noise_is_fresh_in_training_and_the_same_in_validation(monkeypatch):
    model, drawn = made(), {True: [], False: []}
    real = model._noise

    def noise(n, generator):
        drawn[model.training].append(real(n, generator))
        return drawn[model.training][-1]

    monkeypatch.setattr(model, "_noise", noise)
    model.fit(pictures(), epochs=3, batch_size=12, validation=pictures(12, seed=1))
    assert len({noise[0, 0, 0].item() for noise in drawn[True]}) == 6
    assert len(drawn[False]) == 3
    assert all(torch.equal(noise, drawn[False][0]) for noise in drawn[False])


class Stream(IterableDataset):
    def __iter__(self):
        return iter(pictures())


def test_a_data_loader_over_a_stream():
    model = made(AE).fit(DataLoader(Stream(), batch_size=10), epochs=1, progress=True)
    assert len(model.history_) == 1


def test_memory_mapped_images(tmp_path):
    np.save(tmp_path / "x.npy", pictures().numpy())
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    model = made().fit(mapped, epochs=1, batch_size=8)
    assert same(state_of(model), state_of(made().fit(pictures(), epochs=1, batch_size=8)))


@pytest.mark.parametrize("kind", [AE, WAE])
def test_one_image_left_over_joins_another_batch(kind):
    assert made(kind).fit(pictures(9), epochs=1, batch_size=4).history_[0]["loss"] > 0
    loader = DataLoader(pictures(9), batch_size=4)
    assert made(kind).fit(loader, epochs=1).history_[0]["loss"] > 0
    sizes = [len(b) for b in _training.at_least_two(iter(pictures(9).split(4)), "data")]
    assert sizes == [4, 5]


def test_means_of_the_terms_weigh_images_alike():
    """With no learning to speak of, the history is the loss of the model over all images."""
    model, data = made(AE), pictures(23)
    model.fit(data, epochs=1, batch_size=8, learning_rate=1e-30, validation=data)
    found = model.history_[0]["validation_reconstruction"]
    assert found == pytest.approx(model.loss(data)["reconstruction"].item(), rel=1e-5)


def test_no_epochs_train_nothing():
    model = made()
    before = state_of(model)
    assert model.fit(pictures(), epochs=0).history_ == []
    assert same(state_of(model), before)


def test_fits_go_on_from_the_weights_that_are_there():
    model = made(AE).fit(pictures(), epochs=5, batch_size=8)
    before = model.history_[-1]["loss"]
    model.fit(pictures(), epochs=1, batch_size=8)
    assert len(model.history_) == 1
    assert model.history_[0]["loss"] < 1.2 * before


def test_the_first_images_decide_the_shape():
    model = AE("small", random_state=0)
    assert model.input_shape == (1, 28, 28)
    model.fit(pictures(shape=(3, 12, 8)), epochs=1)
    assert model.input_shape == (3, 12, 8)
    expected = AE("small", input_shape=(3, 12, 8), random_state=0)
    expected.fit(pictures(shape=(3, 12, 8)), epochs=1)
    assert same(state_of(model), state_of(expected))
    with pytest.raises(ValueError, match=r"\(1, 8, 8\).*\(3, 12, 8\)"):
        model.fit(pictures(), epochs=1)
    for data in (Pairs(pictures()), DataLoader(pictures(), batch_size=8)):
        assert AE("small", random_state=0).fit(data, epochs=1).input_shape == SHAPE


# -- validation and early stopping -----------------------------------------------------------------


def test_a_share_is_held_out():
    model = made().fit(pictures(40), epochs=2, batch_size=8, validation=0.25)
    assert {"validation_loss", "validation_reconstruction", "validation_kl"} <= set(
        model.history_[0]
    )
    source = _training.source_of(pictures(40), "data")
    kept, out = _training._split(source, 0.25, 7)
    rows = kept._rows.tolist() + out._rows.tolist()
    assert (kept.n, out.n, sorted(rows)) == (30, 10, list(range(40)))


def test_validation_changes_no_weights():
    plain = made().fit(pictures(), epochs=2, batch_size=8)
    watched = made().fit(pictures(), epochs=2, batch_size=8, validation=pictures(7, seed=1))
    assert same(state_of(plain), state_of(watched))


def test_early_stopping_takes_the_best_weights(monkeypatch):
    losses = [5.0, 3.0, 4.0, 3.5, 2.0]
    seen = []
    real = _training._Run._epoch

    def epoch(self, number, progress):
        entry = real(self, number, progress) | {"validation_loss": losses[number - 1]}
        seen.append(state_of(self._model))
        return entry

    monkeypatch.setattr(_training._Run, "_epoch", epoch)
    model = made().fit(pictures(), epochs=5, batch_size=8, validation=pictures(), patience=2)
    assert len(model.history_) == 4
    assert same(state_of(model), seen[1])
    patient = made().fit(pictures(), epochs=5, batch_size=8, validation=pictures(), patience=3)
    assert len(patient.history_) == 5
    assert same(state_of(patient), seen[-1])


# -- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_training_that_fails_leaves_the_model_as_it_was(error):
    class Failing(Pairs):
        def __getitem__(self, i):
            if calls.append(i) or len(calls) > 40:
                raise error("now")
            return super().__getitem__(i)

    calls = []
    model = AE("small", random_state=0).train()
    before, modules = state_of(model), list(model.modules())
    with pytest.raises(error, match="now"):
        model.fit(Failing(pictures()), epochs=5, batch_size=8)
    assert same(state_of(model), before)
    assert list(model.modules()) == modules
    assert (model.training, model.input_shape, model.history_) == (True, (1, 28, 28), [])
    assert model.fit(pictures(), epochs=1).input_shape == SHAPE


def test_a_loss_that_is_not_finite():
    model = made(AE)
    before = state_of(model)
    model.decoder[0].weight.data[0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match="is nan in epoch 1; a learning_rate"):
        model.fit(pictures(), epochs=1)
    model.decoder[0].weight.data[0, 0] = before["decoder.0.weight"][0, 0]
    assert same(state_of(model), before)


def test_progress_shows_the_epoch_and_the_terms(capsys):
    made().fit(pictures(), epochs=2, batch_size=8, progress=True)
    shown = capsys.readouterr().err
    assert "epoch 2/2 loss " in shown
    assert " kl " in shown
    made().fit(pictures(), epochs=1, progress=False)
    assert capsys.readouterr().err == ""
