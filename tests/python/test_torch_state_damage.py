"""Damaged and hostile states and files of LatentGenerator: refused by name, and nothing changes."""

from __future__ import annotations

import copy
import json

import pytest
import torch
from safetensors.torch import save_file
from sklearn.mixture import GaussianMixture

import zbins
from coding import images, made, parts_of, refused, unchanged
from crafting import crafted, take_apart
from zbins.torch import LatentGenerator


def fitted(sampler=None):
    return made(sampler=sampler).fit(images())


MIXTURE = fitted(GaussianMixture(2, init_params="random_from_data", random_state=0))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "generator.safetensors"


def test_files_cut_short_or_with_a_byte_changed(path):
    LatentGenerator(None, None, zbins.PMFSampler(2)).fit_latents([[0.5], [1.5]]).save(path)
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(0, len(whole), 97)] + [b"", whole + b"\0"]
    for place in range(0, len(whole), 50):
        for flip in (1, 0x80, 0xFF):
            data = bytearray(whole)
            data[place] ^= flip
            damaged.append(bytes(data))
    for data in damaged:
        path.write_bytes(data)
        texts = [str(path), "not a file of a LatentGenerator, or is damaged"]
        refused(ValueError, texts, lambda: LatentGenerator.load(path))


def test_files_of_another_kind(path):
    fitted().sampler_.save(path)
    refused(ValueError, [str(path), "zbins.load"], lambda: LatentGenerator.load(path))
    fitted().save(path)
    refused(ValueError, "LatentGenerator.load", lambda: zbins.load(path))
    save_file(fitted().state_dict(), path)
    refused(ValueError, [str(path), "zbins"], lambda: LatentGenerator.load(path))
    torch.save(fitted().state_dict(), path)
    refused(ValueError, str(path), lambda: LatentGenerator.load(path))


def altered(path, **changes):
    """A file whose metadata is changed, under a right checksum."""
    tensors, inner = take_apart(path.read_bytes())
    assert crafted(tensors, inner) == path.read_bytes()
    path.write_bytes(crafted(tensors, inner | changes))


STATE = fitted().state_dict()
META = json.loads(STATE["metadata"].numpy().tobytes())


def metadata(**changes):
    text = json.dumps(META | changes).encode()
    return torch.frombuffer(bytearray(text), dtype=torch.uint8)


def details(**changes):
    return metadata(details=META["details"] | changes)


def text(value):
    return torch.frombuffer(bytearray(value), dtype=torch.uint8)


HOSTILE = {
    "no metadata": {"metadata": None},
    "metadata of numbers": {"metadata": torch.zeros(3)},
    "empty metadata": {"metadata": torch.empty(0, dtype=torch.uint8)},
    "metadata that is no text": {"metadata": text(b"\xff\xfe\x00")},
    "metadata that is no JSON": {"metadata": text(b"{'a': 1}")},
    "metadata that is a list": {"metadata": text(b"[1]")},
    "deep metadata": {"metadata": text(b"[" * 100_000)},
    "a huge number": {"metadata": text(b"1" * 5000)},
    "metadata elsewhere": {"metadata": torch.empty(9, dtype=torch.uint8, device="meta")},
    "another version": {"metadata": metadata(format_version=2)},
    "a version that is a bool": {"metadata": metadata(format_version=True)},
    "one name more": {"metadata": metadata(more=1)},
    "a shape of text": {"metadata": metadata(latent_shape="3")},
    "a shape of floats": {"metadata": metadata(latent_shape=[3.0])},
    "a shape of nothing": {"metadata": metadata(latent_shape=[3, 0])},
    "a negative shape": {"metadata": metadata(latent_shape=[-3])},
    "another shape": {"metadata": metadata(latent_shape=[2, 2])},
    "a huge shape": {"metadata": metadata(latent_shape=[1 << 62] * 50)},
    "a shape of too many": {"metadata": metadata(latent_shape=[1] * 100_000)},
    "details of another kind": {"metadata": metadata(details=[1])},
    "no details": {"metadata": metadata(details={})},
    "one detail more": {"metadata": details(more=1)},
    "a checksum of its own": {"metadata": details(checksum="0" * 8)},
    "one detail less": {"metadata": metadata(details={"n_bins": 5})},
    "rows below zero": {"metadata": details(n_samples_ignored=-1)},
    "names of too few columns": {"metadata": details(feature_names=["a"])},
    "another number of rows": {"metadata": details(n_samples_seen=41)},
    "bins of text": {"metadata": details(n_bins="many")},
    "bounds of another kind": {"metadata": details(bounds={"a": 1})},
    "classes out of nowhere": {"metadata": details(classes=[1], class_type="int")},
    "no counts": {"sampler.counts": None},
    "one tensor more": {"sampler.more": torch.ones(3)},
    "counts of floats": {"sampler.counts": STATE["sampler.counts"].double()},
    "counts of bfloat16": {"sampler.counts": STATE["sampler.counts"].bfloat16()},
    "counts below zero": {"sampler.counts": -STATE["sampler.counts"]},
    "sparse counts": {"sampler.counts": STATE["sampler.counts"].to_sparse()},
    "counts elsewhere": {"sampler.counts": STATE["sampler.counts"].to("meta")},
    "fewer counts": {"sampler.counts": STATE["sampler.counts"][:-1]},
    "codes out of order": {"sampler.codes": STATE["sampler.codes"].flip(0)},
    "a grid of NaN": {"sampler.origin": STATE["sampler.origin"] * torch.nan},
    "a grid of one number": {"sampler.origin": torch.tensor(1.0)},
    "no tensor": {"sampler.counts": [1, 2, 3]},
    "a name that is none": {7: torch.ones(3)},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_states(name):
    changed = {**STATE, **HOSTILE[name]}
    state = {key: value for key, value in changed.items() if value is not None}
    generator = fitted()
    message = refused(
        ValueError,
        "no state of a LatentGenerator, or damaged",
        lambda: generator.load_state_dict(state),
        generator,
    )
    assert len(message) < 1000


@pytest.mark.parametrize("state", [None, [], "state", torch.ones(3), {}, {"a": 1}])
def test_what_is_no_state(state):
    generator = fitted()
    load = lambda: generator.load_state_dict(state)  # noqa: E731
    refused(ValueError, "no state of a LatentGenerator", load, generator)


def of_mixture(**changes):
    state = MIXTURE.state_dict()
    meta = json.loads(state["metadata"].numpy().tobytes())
    return {**state, "metadata": text(json.dumps(meta | changes).encode())}


@pytest.mark.parametrize(
    "state",
    [
        of_mixture(details={}),
        of_mixture(details={"attributes": [1], "parameters": {}}),
        of_mixture(details={"attributes": {}, "parameters": [1]}),
        of_mixture(details={"attributes": {"sample": 1}, "parameters": {}}),
        of_mixture(details={"attributes": {"__class__": 1}, "parameters": {}}),
        of_mixture(details={"attributes": {"_fit_": 1}, "parameters": {}}),
        of_mixture(details={"attributes": {}, "parameters": {"fit": 1}}),
        of_mixture(details={"attributes": {}, "parameters": {"a__b": 1}}),
        of_mixture(latent_shape=[4]),
        {**MIXTURE.state_dict(), "sampler.fit": torch.ones(3)},
        {**MIXTURE.state_dict(), "sampler.__dict__": torch.ones(3)},
        {**MIXTURE.state_dict(), "sampler.means_": torch.ones(2, 3).bfloat16()},
    ],
)
def test_hostile_states_of_a_mixture(state):
    generator = copy.copy(MIXTURE)
    before = parts_of(generator)
    load = lambda: generator.load_state_dict(state)  # noqa: E731
    refused(ValueError, "no state of a LatentGenerator, or damaged", load)
    unchanged(generator, before)


@pytest.mark.parametrize(("name", "value"), [("means_", torch.nan), ("weights_", 5.0)])
def test_states_that_could_not_be_drawn_from(name, value):
    state = MIXTURE.state_dict()
    state["sampler." + name].fill_(value)
    with pytest.raises(ValueError, match=r"damaged: its|damaged: it cannot be drawn from"):
        copy.copy(MIXTURE).load_state_dict(state)


def test_a_hostile_file_under_a_right_checksum(path):
    fitted().save(path)
    for changes in ({"posterior": "median"}, {"posterior": 7}, {"posterior": None}):
        altered(path, **changes)
        refused(ValueError, [str(path), "posterior"], lambda: LatentGenerator.load(path))
