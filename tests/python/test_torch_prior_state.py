"""What a module must bear: checkpoints of any size, moves, casts, copies."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import nn

import zbins
from helpers import rows
from zbins.torch import PMFPrior

NAMES = list(PMFPrior().state_dict())
OTHERS = [(7, 3, np.float32, 4), (400, 1, np.float64, 1000), (60, 40, np.float32, 8)]


def sampler_of(n=50, d=2, dtype=np.float64, k=5):
    return zbins.PMFSampler(k).fit(rows(n, d, dtype))


def draws(prior, n=200):
    return prior(n, torch.Generator().manual_seed(3))


def same(state, other):
    return list(state) == list(other) and all(
        torch.equal(state[name], other[name]) and state[name].dtype == other[name].dtype
        for name in state
    )


def copied(module):
    return {name: table.clone() for name, table in module.state_dict().items()}


class Generator(nn.Module):
    """A decoder with its prior."""

    def __init__(self, sampler=None, d=2):
        super().__init__()
        self.prior = PMFPrior(sampler)
        self.decoder = nn.Linear(d, 3)

    def forward(self, n):
        z = self.prior(n)
        return z, self.decoder(z.to(self.decoder.weight.dtype))


# -- checkpoints -----------------------------------------------------------------------------------


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("start", [None, (50, 2, np.float64, 5)])
def test_a_checkpoint_of_another_size(other, assign, start):
    source = PMFPrior(sampler_of(*other))
    state = copied(source)
    prior = PMFPrior(None if start is None else sampler_of(*start))
    done = prior.load_state_dict(state, strict=True, assign=assign)
    assert not done.missing_keys
    assert not done.unexpected_keys
    assert same(prior.state_dict(), state)
    assert torch.equal(draws(prior), draws(source))
    shared = prior.raw.data_ptr() == state["raw"].data_ptr()
    assert shared == assign
    assert not any(isinstance(table, nn.Parameter) for table in prior.buffers())


def test_as_part_of_a_bigger_module():
    source = nn.ModuleDict({"a": Generator(sampler_of(90, 4), 4), "b": PMFPrior(sampler_of())})
    target = nn.ModuleDict({"a": Generator(None, 4), "b": PMFPrior(sampler_of(9, 5))})
    target.load_state_dict(source.state_dict())
    assert same(target.state_dict(), source.state_dict())
    assert torch.equal(draws(target["b"]), draws(source["b"]))


@pytest.mark.parametrize("assign", [False, True])
def test_an_empty_checkpoint(assign):
    prior = PMFPrior(sampler_of())
    prior.load_state_dict(PMFPrior().state_dict(), assign=assign)
    assert repr(prior) == "PMFPrior(empty)"


def test_torch_and_safetensors_files():
    source = Generator(sampler_of())
    file = io.BytesIO()
    torch.save(source.state_dict(), file)
    file.seek(0)
    for state in (torch.load(file, weights_only=True), load(save(source.state_dict()))):
        target = Generator()
        target.load_state_dict(state)
        assert same(target.state_dict(), source.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_missing_names(name):
    source, prior = PMFPrior(sampler_of(9, 3)), PMFPrior(sampler_of())
    before, state = copied(prior), copied(source)
    del state[name]
    with pytest.raises(RuntimeError, match=f'Missing key.*"{name}"'):
        prior.load_state_dict(state)
    assert prior.load_state_dict(state, strict=False).missing_keys == [name]
    assert same(prior.state_dict(), before)


def test_unexpected_names():
    source, prior = PMFPrior(sampler_of(9, 3)), PMFPrior(sampler_of())
    state = copied(source) | {"weight": torch.zeros(2)}
    with pytest.raises(RuntimeError, match=r'Unexpected key.*"weight"'):
        prior.load_state_dict(state)
    prior = PMFPrior(sampler_of())
    assert prior.load_state_dict(state, strict=False).unexpected_keys == ["weight"]
    assert same(prior.state_dict(), source.state_dict())


def changed(at, value):
    def change(table):
        table = table.clone()
        table[at] = value
        return table

    return change


def also_last(table):
    return torch.cat([table, table[-1:]])


DAMAGES = [
    ("cumulative", lambda t: t[:-1], "cumulative has the shape"),
    ("cumulative", lambda t: t.int(), "cumulative is torch.int32"),
    ("cumulative", changed(0, 0), "cumulative has 0 at 0"),
    ("cumulative", changed(0, -5), "cumulative has -5 at 0"),
    ("cumulative", changed(1, 2**62), "at 2; it must ascend"),
    ("cumulative", also_last, "cumulative has the shape"),
    ("places", changed((3, 1), 200), "to 200 in column 1"),
    ("places", lambda t: changed((3, 0), -1)(t.int()), "-1 to"),
    ("places", lambda t: t[0], "it must have two dimensions"),
    ("places", lambda t: t[:0], "0 bins"),
    ("places", lambda t: t.long(), "places is torch.int64"),
    ("starts", changed(1, 0), "starts must ascend"),
    ("starts", changed(0, 1), "starts must ascend"),
    ("starts", changed(1, 2**62), "starts must ascend"),
    ("starts", changed(1, -(2**63)), "starts must ascend"),
    ("starts", changed(1, 1), "codes occur"),
    ("raw", changed(1, torch.nan), "raw has nan at 1"),
    ("raw", changed(1, 0.5), "raw has 0.5 at 1"),
    ("raw", changed(4, 1e30), "raw has 1e+30 at 4"),
    ("raw", changed(1, 0), "column 0 do not ascend at 1"),
    ("raw", lambda t: t.float(), "they must be alike"),
    ("raw", lambda t: t.half(), "raw is torch.float16"),
    ("raw", lambda t: t[:1], "2 columns with 1 codes"),
    ("raw", also_last, "and 11 codes"),
    ("first", changed(2, torch.inf), "first has inf at 2"),
    ("first", changed(2, 1e9), "first is 1000000000.0"),
    ("first", changed(1, -1e9), "column 0 do not ascend at 1"),
    ("last", changed(2, -1e9), "last -1000000000.0 at 2"),
    ("last", lambda t: t.to_sparse(), "dense"),
    ("last", lambda t: t.to("meta"), "last is on meta and raw on cpu"),
    ("last", lambda t: t.tolist(), "last is a list"),
    ("origin", changed(0, -torch.inf), "origin has -inf at 0"),
    ("origin", lambda t: t[:, None], "origin has the shape (2, 1)"),
    ("width", changed(1, -0.5), "width has -0.5 at 1"),
    ("width", changed(1, torch.nan), "width has nan at 1"),
]


@pytest.mark.parametrize(("name", "change", "text"), DAMAGES)
@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("child", [False, True])
def test_damaged_states(name, change, text, assign, child):
    source = PMFPrior(sampler_of())
    assert len(source.raw) == 10
    prior = Generator(sampler_of(9, 3), 3) if child else PMFPrior(sampler_of(9, 3))
    before = copied(prior)
    prefix = "prior." if child else ""
    state = before | {prefix + key: table for key, table in copied(source).items()}
    state[prefix + name] = change(state[prefix + name])
    with pytest.raises(RuntimeError) as caught:
        prior.load_state_dict(state, assign=assign)
    assert text in str(caught.value)
    assert (prefix or "PMFPrior") in str(caught.value)
    assert same(prior.state_dict(), before)


def test_loading_keeps_what_was_loaded_apart():
    """The module has tensors of its own, and those it had are not written to."""
    source, prior = PMFPrior(sampler_of()), PMFPrior(sampler_of())
    old, before = prior.raw, prior.raw.clone()
    prior.load_state_dict(source.state_dict())
    assert prior.raw is not old
    source.raw.fill_(7)
    assert torch.equal(old, before)
    assert torch.equal(prior.raw, before)


class NoRoom(torch.Tensor):
    """A tensor that cannot be taken over."""

    def detach(self):
        raise MemoryError


@pytest.mark.parametrize("assign", [False, True])
def test_a_load_that_runs_out_of_memory_leaves_the_prior_as_it_was(assign):
    prior, state = Generator(sampler_of()), copied(Generator(sampler_of(9, 2)))
    before = copied(prior.prior)
    state["prior.first"] = state["prior.first"].as_subclass(NoRoom)
    with pytest.raises(MemoryError):
        prior.load_state_dict(state, strict=False, assign=assign)
    assert same(prior.prior.state_dict(), before)


# -- moves, casts and copies -----------------------------------------------------------------------


CASTS = {
    "half": lambda m: m.half(),
    "bfloat16": lambda m: m.bfloat16(),
    "double": lambda m: m.double(),
    "float": lambda m: m.float(),
    "to float16": lambda m: m.to(torch.float16),
    "to cpu and bfloat16": lambda m: m.to("cpu", torch.bfloat16),
    "type": lambda m: m.type(torch.float16),
    "to a tensor": lambda m: m.to(torch.zeros(1, dtype=torch.float16)),
}


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_casts_leave_the_prior_as_it_is(cast, dtype):
    X = (1e8 + np.arange(400)[:, None] * [1, 2]).astype(dtype)
    sampler = zbins.PMFSampler(300).fit(X)
    module = Generator(sampler)
    before = copied(module.prior)
    assert CASTS[cast](module) is module
    assert same(module.prior.state_dict(), before)
    z, images = module(100)
    assert sampler.contains(z.numpy()).all()
    assert images.dtype == module.decoder.weight.dtype


def test_meta():
    sampler = sampler_of()
    prior = PMFPrior(sampler)
    state = copied(prior)
    assert prior.to("meta") is prior
    assert prior.device.type == "meta"
    assert prior(4).shape == (4, 2)
    assert repr(prior) == f"PMFPrior(n_features=2, n_occupied={len(sampler.counts_)}, dtype=" + (
        "torch.float64)"
    )
    prior.to_empty(device="cpu")
    prior.load_state_dict(state)
    assert same(prior.state_dict(), state)
    with torch.device("meta"):
        empty, full = PMFPrior(), PMFPrior(sampler)
    assert empty.device.type == full.device.type == "meta"
    for prior in (empty, full):
        prior.load_state_dict(state, assign=True)
        assert same(prior.state_dict(), state)
    full.load_state_dict({name: t.to("meta") for name, t in state.items()}, assign=True)
    assert full.device.type == "meta"


def test_copies():
    prior = PMFPrior(sampler_of())
    for twin in (copy.deepcopy(prior), pickle.loads(pickle.dumps(prior))):
        assert same(twin.state_dict(), prior.state_dict())
        twin.update(sampler_of(9, 4))
        assert prior.n_features == 2
    file = io.BytesIO()
    torch.save(prior, file)
    file.seek(0)
    assert same(torch.load(file, weights_only=False).state_dict(), prior.state_dict())


def test_torchs_own_uses_of_a_module():
    prior, other = PMFPrior(sampler_of()), PMFPrior(sampler_of(9, 4))
    prior.share_memory()
    assert all(table.is_shared() for table in prior.buffers())
    called = torch.func.functional_call(prior, dict(other.named_buffers()), (5,))
    assert called.shape == (5, 4)
    assert prior(5).shape == (5, 2)
    with torch.autocast("cpu"):
        assert prior(5).dtype == torch.float64
    sequence = nn.Sequential(PMFPrior(sampler_of(dtype=np.float32)), nn.Linear(2, 3))
    sequence(5).sum().backward()
    assert sequence[1].weight.grad is not None
