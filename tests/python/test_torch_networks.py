"""Networks that are known run in eval mode; what else runs in train mode is refused (law 7)."""

from __future__ import annotations

import functools
import threading

import numpy as np
import pytest
import torch
from torch import nn

from coding import WIDTH, Plain, images, refused
from zbins.torch import LatentGenerator

X = images()


class Holder:
    """No module, but holds one."""

    def __init__(self, model):
        self.model = model

    def encode(self, x):
        return self.model.encode(x)

    __call__ = encode


def bare(x, model):
    return model.encode(x)


KNOWN = {
    "a module": lambda model: model.encoder,
    "a bound method": lambda model: model.encode,
    "a partial of a function": lambda model: functools.partial(bare, model=model),
    "a partial of an unbound method": lambda model: functools.partial(Plain.encode, model),
    "a partial of a bound method": lambda model: functools.partial(model.encode),
    "a partial of a partial": lambda model: functools.partial(functools.partial(bare), model=model),
    "a partial with a bound method": lambda model: functools.partial(
        lambda encode, x: encode(x), model.encode
    ),
    "a Sequential of it": lambda model: nn.Sequential(model.encoder),
    "a wrapper of a module": lambda model: nn.DataParallel(model.encoder),
}
UNKNOWN = {
    "a lambda": lambda model: lambda x: model.encode(x),
    "a lambda with a default": lambda model: lambda x, m=model: m.encode(x),
    "a lambda over a list": lambda model: lambda x, nets=[model]: nets[0].encode(x),
    "an object": Holder,
    "its method": lambda model: Holder(model).encode,
    "a decorated method": lambda model: torch.inference_mode()(model.encode),
    "a partial over an object": lambda model: functools.partial(bare, model=Holder(model)),
}


@pytest.mark.parametrize("name", [*KNOWN, *UNKNOWN])
def test_networks_in_train_mode(name):
    model = Plain().train()
    call = {**KNOWN, **UNKNOWN}[name](model)
    generator = LatentGenerator(call, modules=[] if name in KNOWN else [model])
    assert np.allclose(generator.fit(X).latents_, model.by_hand(X), atol=1e-6)
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize("name", UNKNOWN)
def test_networks_that_are_not_known(name):
    model = Plain().train()
    generator = LatentGenerator(UNKNOWN[name](model)).fit_latents(X)
    texts = ["a Sequential ran in training mode inside encode", "modules=[...]", ".eval()"]
    refused(ValueError, texts, lambda: generator.fit(X), generator)
    assert all(part.training for part in model.modules())
    model.eval()
    assert np.array_equal(generator.fit(X).latents_, model.by_hand(X))


def test_nothing_has_changed_where_one_is_refused():
    net = nn.Sequential(nn.BatchNorm1d(WIDTH), nn.Linear(WIDTH, 3)).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    for own in (
        LatentGenerator(lambda x: net(x)),
        LatentGenerator(lambda x: net[0](x)),
        LatentGenerator(lambda x: net(x), modules=[net[0]]),  # not all of it
    ):
        refused(ValueError, "inside encode", lambda: own.fit(X))  # noqa: B023
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(part.training for part in net.modules())
    assert torch.is_grad_enabled()


def test_decoders():
    model = Plain().train()
    own = LatentGenerator(None, lambda z: model.decode(z)).fit_latents(X[:, :3])
    text = "a Sequential ran in training mode inside decode"
    refused(ValueError, text, lambda: own.sample(2), own)
    own = LatentGenerator(None, own.decode, modules=[model]).fit_latents(X[:, :3])
    drawn = [own.sample(9, random_state=0, batch_size=4) for _ in range(2)]
    assert torch.equal(*drawn)
    assert model.training


def test_what_is_raised_comes_through_and_nothing_keeps_watching():
    model = Plain()
    own = LatentGenerator(lambda x: model.encode(x).no_such_name, modules=[model])
    with pytest.raises(AttributeError, match="no_such_name"):
        own.fit(X)
    assert all(part.training for part in model.modules())
    model.encoder(X)  # in train mode, by itself


@pytest.mark.parametrize(
    ("modules", "text"),
    [
        (Plain(), "modules is a Plain; accepted is a list of torch.nn.Module, as [model]"),
        (None, "modules is a NoneType"),
        ([Plain().encode], "modules has a method"),
        ([Plain], "modules has a Plain"),
        (["model"], "modules has a str"),
    ],
)
def test_what_is_no_list_of_modules(modules, text):
    refused(TypeError, text, lambda: LatentGenerator(modules=modules))


def test_to_moves_what_is_known_and_nothing_else():
    model, other, unknown = Plain(), Plain(), Plain()
    generator = LatentGenerator(lambda x: unknown.encode(x), model.decode, modules=[other])
    assert generator.to("cpu") is generator
    assert generator.device == torch.device("cpu")
    generator.to("meta")
    for network, place in ((model, "meta"), (other, "meta"), (unknown, "cpu")):
        assert {p.device.type for p in network.parameters()} == {place}


def test_inputs_go_to_the_network_of_the_callable_before_those_that_are_named():
    double, half = Plain().double(), Plain().half()
    own = LatentGenerator(double.encode, lambda z: half.decode(z), modules=[half])
    own.fit(X)
    assert own.latents_.dtype == np.float64
    assert own.sample(2).dtype == torch.float16


def test_networks_of_different_dtypes_leave_the_inputs_alone():
    text, model = nn.Linear(6, 3).half(), Plain()
    own = LatentGenerator(lambda x: model.encode(x), modules=[text, model]).fit(X)
    assert np.array_equal(own.latents_, model.by_hand(X))


def test_threads_that_run_one_network():
    """The first is inside when the second begins, and ends before it: neither sees train mode."""
    net, modes = Plain().train(), []
    inside, leave = threading.Event(), threading.Event()

    class Waits(nn.Module):
        def forward(self, x):
            inside.set()
            leave.wait(20)
            return x

    class Notes(nn.Module):
        def forward(self, x):
            leave.set()
            thread.join()
            modes.append(net.training)
            return x

    first = LatentGenerator(nn.Sequential(net.encoder, Waits()), modules=[net])
    second = LatentGenerator(nn.Sequential(net.encoder, Notes()), modules=[net])
    thread = threading.Thread(target=first.fit, args=(X,))
    thread.start()
    inside.wait(20)
    second.fit(X)
    assert modes == [False]
    assert all(part.training for part in net.modules())
    assert np.array_equal(first.latents_, second.latents_)


def test_a_network_that_trains_in_another_thread_is_let_be():
    net, model = nn.Linear(WIDTH, 3).train(), Plain().eval()

    def encode(x):
        thread = threading.Thread(target=net, args=(x,))
        thread.start()
        thread.join()
        return model.encode(x)

    assert np.array_equal(LatentGenerator(encode).fit(X).latents_, model.by_hand(X))


def test_a_compiled_function_needs_its_networks():
    model = Plain().train()
    compiled = torch.compile(lambda x: model.encode(x), backend="eager")
    text = "encode is a compiled function, whose networks are not known; pass them as modules=[...]"
    for call in (compiled, functools.partial(compiled)):
        refused(ValueError, text, lambda: LatentGenerator(call).fit(X))  # noqa: B023
    own = LatentGenerator(None, compiled).fit_latents(X)
    refused(ValueError, "decode is a compiled function", lambda: own.sample(2), own)


@pytest.mark.slow
def test_what_is_compiled():
    for compile_, modules in (
        (lambda model: torch.compile(model.encoder, backend="eager"), lambda model: []),
        (lambda model: torch.compile(model.encode, backend="eager"), lambda model: [model]),
    ):
        model = Plain().train()
        generator = LatentGenerator(compile_(model), modules=modules(model)).fit(X)
        assert np.allclose(generator.latents_, model.by_hand(X), atol=1e-6)
        assert all(part.training for part in model.modules())


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_scripts():
    scripted = torch.jit.script(Plain().encoder.train())
    generator = LatentGenerator(scripted).fit(X)
    assert np.allclose(generator.latents_, Plain().by_hand(X), atol=1e-6)
    assert all(part.training for part in scripted.modules())
    frozen = torch.jit.freeze(torch.jit.script(nn.Linear(6, 3).eval()))  # it has no mode
    assert LatentGenerator(frozen).fit(X).latents_.shape == (40, 3)
