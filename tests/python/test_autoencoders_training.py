"""Training learns, does the same twice, takes images of every kind, and stops when told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from autoencoder_helpers import (
    MODELS,
    SHAPE,
    STOCHASTIC,
    WITH_MMD,
    Pairs,
    Scripted,
    made,
    pictures,
    same,
    state_of,
)
from zbins.autoencoders import AE, WAE


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
    terms = ["kl"] * (kind in STOCHASTIC) + ["mmd"] * (kind in WITH_MMD)
    assert all(list(entry) == ["epoch", "loss", "reconstruction", *terms] for entry in history)


def test_the_same_call_gives_the_same_bits_and_leaves_global_states_alone():
    data = pictures()
    first = made().fit(data, epochs=2, batch_size=8)
    torch.manual_seed(9)
    before, numpy_before = torch.get_rng_state(), global_numpy_state()
    again = made().fit(data, epochs=2, batch_size=8)
    assert torch.equal(torch.get_rng_state(), before)
    assert global_numpy_state() == numpy_before
    assert same(again, first)
    assert again.history_ == first.history_
    other = made().fit(data, epochs=2, batch_size=8, random_state=1)
    assert not same(other, first)


def test_images_of_every_kind_train_alike():
    pixels = (pictures() * 255).to(torch.uint8)
    floats = pixels.float() / 255
    labels = torch.arange(len(pixels))
    read_only = pixels.numpy().copy()
    read_only.flags.writeable = False
    expected = made().fit(floats, epochs=1, batch_size=8)
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
        assert same(made().fit(data, epochs=1, batch_size=8), expected)


@pytest.mark.parametrize("labelled", [False, True])
def test_a_data_loader_trains_too(labelled):
    loader = DataLoader(Pairs(pictures(), labelled), batch_size=8, shuffle=True)
    first = made().fit(loader, epochs=2)
    torch.manual_seed(3)
    assert same(made().fit(loader, epochs=2), first), "shuffling follows random_state"
    with_validation = made().fit(loader, epochs=1, validation=loader)
    assert "validation_kl" in with_validation.history_[0]


class Recording(Pairs):
    """Notes which images are read in the train mode of a model, and which in its eval mode."""

    def __init__(self, images, model):
        super().__init__(images)
        self.model, self.seen = model, {True: [], False: []}

    def __getitem__(self, i):
        self.seen[self.model.training].append(i)
        return super().__getitem__(i)


def test_every_epoch_sees_every_image_once_in_another_order():
    model = made()
    data = Recording(pictures(), model)
    model.fit(data, epochs=3, batch_size=8)
    orders = [data.seen[True][at : at + 24] for at in range(0, 72, 24)]
    assert [sorted(order) for order in orders] == [list(range(24))] * 3
    assert len({tuple(order) for order in orders} | {tuple(range(24))}) == 4


def test_noise_is_fresh_in_training_and_the_same_in_validation(monkeypatch):
    model, drawn, real = made(), {True: [], False: []}, torch.randn

    def randn(*arguments, **options):
        drawn[model.training].append(real(*arguments, **options))
        return drawn[model.training][-1]

    monkeypatch.setattr(torch, "randn", randn)
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
    assert same(model, made().fit(pictures(), epochs=1, batch_size=8))


@pytest.mark.parametrize("kind", [AE, WAE])
@pytest.mark.parametrize("load", [False, True])
def test_one_image_left_over_joins_another_batch(kind, load):
    model, sizes = made(kind), []
    model.encoder.register_forward_hook(lambda _, asked, __: sizes.append(len(asked[0])))
    data = DataLoader(pictures(9), batch_size=4) if load else pictures(9)
    model.fit(data, epochs=1, batch_size=None if load else 4)
    assert sizes == [4, 5]
    assert model.history_[0]["loss"] > 0


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
    assert same(model, before)


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
    assert same(model, expected)
    with pytest.raises(ValueError, match=r"\(1, 8, 8\).*\(3, 12, 8\)"):
        model.fit(pictures(), epochs=1)
    for data in (Pairs(pictures()), DataLoader(pictures(), batch_size=8)):
        assert AE("small", random_state=0).fit(data, epochs=1).input_shape == SHAPE


# -- validation and early stopping -----------------------------------------------------------------


def test_a_share_is_held_out():
    model = made()
    data = Recording(pictures(40), model)
    model.fit(data, epochs=2, batch_size=8, validation=0.25)
    terms = ["validation_loss", "validation_reconstruction", "validation_kl"]
    assert set(terms) <= set(model.history_[0])
    kept, out = set(data.seen[True]), set(data.seen[False])
    assert (len(kept), len(out), kept | out) == (30, 10, set(range(40)))


def test_validation_changes_no_weights():
    plain = made().fit(pictures(), epochs=2, batch_size=8)
    watched = made().fit(pictures(), epochs=2, batch_size=8, validation=pictures(7, seed=1))
    assert same(plain, watched)


@pytest.mark.parametrize(("patience", "epochs", "best"), [(2, 4, 2), (3, 5, 5)])
def test_early_stopping_takes_the_best_weights(patience, epochs, best):
    model = made(AE)
    validation = Scripted(model, [0.5, 0.3, 0.4, 0.35, 0.0])
    model.fit(pictures(), epochs=5, batch_size=8, validation=validation, patience=patience)
    losses = [entry["validation_loss"] for entry in model.history_]
    assert sorted(losses[:4]) == [losses[i] for i in (1, 3, 2, 0)], "as wrong as scripted"
    assert len(model.history_) == epochs
    assert same(model, validation.states[best - 1])
    assert not same(model, validation.states[0])


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
    assert same(model, before)
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
    assert same(model, before)


def test_progress_shows_the_epoch_and_the_terms(capsys):
    made().fit(pictures(), epochs=2, batch_size=8, progress=True)
    shown = capsys.readouterr().err
    assert "epoch 2/2 loss " in shown
    assert " kl " in shown
    made().fit(pictures(), epochs=1, progress=False)
    assert capsys.readouterr().err == ""
