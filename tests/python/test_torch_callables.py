"""The networks behind any callable are found: left in train mode, their dropout would go unseen."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn

from coding import Plain, images
from zbins.torch import LatentGenerator
from zbins.torch._modules import modules_of

MODEL = Plain()


def through_a_global(x):
    return MODEL.encode(x)


def through_another_function(x):
    return through_a_global(x)


class Holder:
    """No module, but holds some."""

    def __init__(self, model):
        self.model = model

    def encode(self, x):
        return self.model.encode(x)

    __call__ = encode


class ByName:
    """Neither."""

    def __call__(self, x):
        return through_a_global(x)


def decorated(call):
    @functools.wraps(call)
    def wrapped(*values):
        return call(*values)

    return wrapped


def closing_over(model):
    encode = model.encode
    if model is None:
        later = 1  # it has no value, which is no reason to miss the model
    holder = Holder(model)
    networks, named = [model], {"model": model}
    return {
        "a module": model.encoder,
        "a bound method": model.encode,
        "a lambda": lambda x: model.encode(x),
        "a lambda over a method": lambda x: encode(x),
        "a lambda with a default": lambda x, m=model: m.encode(x),
        "a keyword-only default": lambda x, *, m=model: m.encode(x),
        "a lambda over a list": lambda x: networks[0].encode(x),
        "a lambda over a dictionary": lambda x: named["model"].encode(x),
        "a lambda over an object": lambda x: holder.encode(x),
        "a lambda over an unset variable": lambda x: later if x is None else model.encode(x),
        "a comprehension": lambda x: torch.cat([model.encode(part) for part in x.split(2)]),
        "a partial": functools.partial(Plain.encode, model),
        "a partial of a method": functools.partial(model.encode),
        "a partial with a keyword": functools.partial(lambda x, net: net.encode(x), net=model),
        "an object": holder,
        "its method": holder.encode,
        "decorated": decorated(lambda x: model.encode(x)),
        "a Sequential of it": nn.Sequential(model.encoder),
        "two functions": (lambda inner: lambda x: inner(x))(lambda x: model.encode(x)),
    }


@pytest.mark.parametrize("name", closing_over(MODEL))
def test_the_module_behind_a_callable(name):
    model = Plain().train()
    generator = LatentGenerator(closing_over(model)[name], None).fit(images())
    assert np.allclose(generator.latents_, model.by_hand(images()), atol=1e-6)
    assert all(part.training for part in model.modules())


@pytest.mark.parametrize(
    "call",
    [
        through_a_global,
        through_another_function,
        ByName(),
        lambda x: torch.cat([MODEL.encode(part) for part in (x,)]),
        lambda x: (lambda part: MODEL.encode(part))(x),
    ],
)
def test_the_module_behind_a_global_name(call):
    MODEL.train()
    generator = LatentGenerator(call).fit(images())
    assert np.array_equal(generator.latents_, MODEL.by_hand(images()))
    assert all(part.training for part in MODEL.modules())


def test_functions_that_call_each_other():
    model = Plain()
    calls = {}

    def even(x):
        return calls["odd"](x) if x is None else model.encode(x)

    calls["odd"] = lambda x: even(x)
    assert modules_of(even) == [model]
    assert modules_of(calls["odd"], even, None) == [model]


def test_attributes_are_no_names():
    # `MODEL` is a global of this file, and an attribute here.
    class Other:
        MODEL = staticmethod(lambda x: x[:, :2])

    assert modules_of(lambda x: Other.MODEL(x)) == []


@pytest.mark.slow
def test_a_compiled_module():
    compiled = torch.compile(Plain().encoder.train(), backend="eager")
    generator = LatentGenerator(compiled).fit(images())
    assert np.allclose(generator.latents_, Plain().by_hand(images()), atol=1e-6)
    assert compiled.training
    assert compiled._orig_mod.training


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_a_scripted_module():
    scripted = torch.jit.script(Plain().encoder.train())
    generator = LatentGenerator(scripted).fit(images())
    assert np.allclose(generator.latents_, Plain().by_hand(images()), atol=1e-6)
    assert all(part.training for part in scripted.modules())


def test_a_wrapper_of_a_module():
    wrapped = nn.DataParallel(Plain().encoder).train()
    generator = LatentGenerator(wrapped).fit(images())
    assert np.array_equal(generator.latents_, Plain().by_hand(images()))
    assert wrapped.module.training
