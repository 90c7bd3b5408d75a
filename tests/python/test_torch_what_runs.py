"""Networks that nobody could find beforehand run in eval mode too; threads share them in peace."""

import functools
import threading
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture

import zbins
from zbins.torch import LatentGenerator
from zbins.torch._modes import Evaluating, _training

X = torch.rand(60, 6, generator=torch.Generator().manual_seed(0))


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.BatchNorm1d(6), torch.nn.Dropout(), torch.nn.Linear(6, 3)
    ).train()


class Slots:
    __slots__ = ("net",)


def _deep(net):
    outer = SimpleNamespace(trainer=SimpleNamespace(model=net))
    return lambda x: outer.trainer.model(x)


def _boxes(net):
    nets = {"ae": {"enc": net}}
    return lambda x: nets["ae"]["enc"](x)


def _pairs(net):
    steps = [("first", net)]
    return lambda x: steps[0][1](x)


def _slots(net):
    held = Slots()
    held.net = net
    return lambda x: held.net(x)


def _decorated(net):
    def after(function):
        @functools.wraps(function)
        def both(x):
            return net(function(x))

        return both

    return after(lambda x: x)


@pytest.mark.parametrize("hide", [_deep, _boxes, _pairs, _slots, _decorated])
def test_a_network_that_is_hidden(hide):
    net = network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = LatentGenerator(hide(net)).fit(X, batch_size=20).latents_
    assert all(part.training for part in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    np.testing.assert_array_equal(found, net.eval()(X).detach().numpy())


def test_a_hidden_decoder_and_what_it_raises():
    net = torch.nn.Sequential(torch.nn.Linear(3, 6), torch.nn.Dropout()).train()
    own = LatentGenerator(None, _deep(net)).fit_latents(X[:, :3])
    first, second = (own.sample(9, random_state=0, batch_size=4) for _ in range(2))
    assert torch.equal(first, second)
    hidden = _boxes(net)
    own = LatentGenerator(None, lambda z: hidden(z).no_such_name).fit_latents(X[:, :3])
    with pytest.raises(AttributeError, match="no_such_name"):
        own.sample(2)
    assert all(part.training for part in net.modules())
    assert not torch.nn.modules.module._global_forward_pre_hooks
    assert not _training


def test_threads_that_draw_with_one_network():
    net = torch.nn.Dropout().train()
    inside, leave = threading.Event(), threading.Event()

    def wait():
        with Evaluating([net])():
            inside.set()
            leave.wait(20)

    thread = threading.Thread(target=wait)
    thread.start()
    inside.wait(20)
    with Evaluating([net])():
        leave.set()
        thread.join()
        assert not net.training
    assert net.training
    assert not _training


def test_networks_of_different_dtypes_leave_the_inputs_alone():
    pipe = SimpleNamespace(text=torch.nn.Linear(6, 3).half(), vae=torch.nn.Linear(6, 3))
    own = LatentGenerator(lambda x: pipe.vae(x)).fit(X)
    np.testing.assert_array_equal(own.latents_, pipe.vae(X).detach().numpy())


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_frozen_script_has_no_mode():
    frozen = torch.jit.freeze(torch.jit.script(torch.nn.Linear(6, 3).eval()))
    assert LatentGenerator(frozen).fit(X).latents_.shape == (60, 3)


def test_latents_are_copied():
    rows = X[:, :3].numpy().copy()
    own = LatentGenerator().fit_latents(rows)
    rows[:] = 7
    assert own.latents_.max() < 1
    kept = own.latents_
    assert own.fit_latents(kept).latents_ is kept


def test_a_dtype_that_changes():
    kinds = iter([torch.float16, torch.float32])
    own = LatentGenerator(None, lambda z: z.to(next(kinds))).fit_latents(X[:, :3])
    with pytest.raises(ValueError, match=r"torch.float32; those before were .* torch.float16"):
        own.sample(4, batch_size=2)


def test_a_refit_after_loading(tmp_path):
    path = tmp_path / "a"
    LatentGenerator(sampler=zbins.PMFSampler(3, bounds=(0, 1))).fit_latents(X).save(path)
    loaded = LatentGenerator.load(path)
    assert loaded.fit_latents(X).sampler_.get_params()["n_bins"] == 3
    assert repr(loaded.sampler) == repr(zbins.PMFSampler(3, bounds=(0, 1)))
    sampler = zbins.PMFSampler().fit(X)
    sampler.save(tmp_path / "b")
    with pytest.raises(ValueError, match=r"it is for zbins\.torch\.LatentGenerator\.load to read"):
        zbins.load(path)
    with pytest.raises(ValueError, match=r"it is for zbins\.load to read"):
        LatentGenerator.load(tmp_path / "b")


def test_a_whole_autoencoder():
    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = torch.nn.Linear(6, 3), torch.nn.Linear(3, 6)

        def forward(self, x):
            return self.decoder(self.encoder(x))

    with pytest.raises(ValueError, match="as a whole autoencoder does; pass its encoder"):
        LatentGenerator(Whole()).fit(X)


def test_bytes():
    with pytest.raises(TypeError, match=r"a batch of torch\.uint8 .*x / 255"):
        LatentGenerator(torch.nn.Linear(6, 3)).fit((X * 255).byte())


def test_what_belongs_to_a_run_stays(tmp_path):
    own = LatentGenerator(sampler=zbins.PMFSampler(3, random_state=5)).fit_latents(X)
    state = own.state_dict()
    draws = own.sample_latents(4)
    assert torch.equal(own.load_state_dict(state).sample_latents(4), draws)
    mixture = LatentGenerator(sampler=GaussianMixture(2, random_state=0)).fit_latents(X)
    state = mixture.state_dict()
    other = LatentGenerator(sampler=GaussianMixture(random_state=7)).load_state_dict(state)
    assert other.sampler_.random_state == 7
    before = other.sample_latents(4)
    for tensor in state.values():
        tensor.zero_()
    assert torch.equal(other.sample_latents(4), before)


def test_states_that_could_not_be_drawn_from():
    own = LatentGenerator(sampler=GaussianMixture(2, random_state=0)).fit_latents(X)
    for name, change in (("means_", float("nan")), ("weights_", 5.0)):
        state = own.state_dict()
        state["sampler." + name].fill_(change)
        with pytest.raises(ValueError, match=r"damaged: its|damaged: it cannot be drawn from"):
            own.load_state_dict(state)


def test_names_win_over_places():
    pair = namedtuple("pair", "logvar mu")
    own = LatentGenerator(lambda x: pair(x * 0 - 9, x)).fit(X)
    np.testing.assert_array_equal(own.latents_, X.numpy())


def test_a_folder_for_large_latents_that_is_not_there(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(OSError, match=r"latents: .* set TMPDIR to a folder with room"):
        LatentGenerator(torch.nn.Linear(6, 3)).fit(X, memory_limit=0)
