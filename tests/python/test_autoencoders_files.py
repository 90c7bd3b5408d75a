"""Models saved and loaded: the same bits, whole files, and damage that is named."""

from __future__ import annotations

import json
import os
import stat

import pytest
import safetensors
import torch
from safetensors.torch import save_file

import zbins
from test_autoencoders_architectures import MODELS, same, state_of
from test_autoencoders_training import made, pictures
from zbins.autoencoders import AE, VAE, WAE, BetaVAE, InfoVAE, _files


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.mark.parametrize("kind", MODELS)
def test_round_trip(path, kind):
    model = made(kind).fit(pictures(), epochs=1)
    model.save(path)
    loaded = kind.load(path)
    assert type(loaded) is kind
    assert same(state_of(loaded), state_of(model))
    assert not loaded.training
    assert (loaded.input_shape, loaded.latent_dim) == (model.input_shape, model.latent_dim)
    assert loaded._factors == model._factors
    assert repr(loaded) == repr(model)
    assert torch.equal(loaded(pictures()), model(pictures()))
    assert all(p.requires_grad and p.device.type == "cpu" for p in loaded.parameters())
    assert loaded.fit(pictures(), epochs=1, random_state=0).history_, "it can be trained on"
    model.save(path.with_name("again"))
    kind.load(path).save(path.with_name("once more"))
    assert path.read_bytes() == path.with_name("again").read_bytes()
    assert path.read_bytes() == path.with_name("once more").read_bytes()


def test_parameters_of_the_constructor(path):
    made(InfoVAE, alpha=-1, lambda_=7.5).save(path)
    loaded = InfoVAE.load(path)
    assert (loaded.alpha, loaded.lambda_) == (-1, 7.5)
    made(WAE, beta=3).save(path)
    assert WAE.load(path, device="cpu").beta == 3


def test_a_network_of_the_paper(path):
    model = AE("mnist", random_state=0)
    model.save(path)
    assert same(state_of(AE.load(path)), state_of(model))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_precisions(path, dtype):
    model = made().to(dtype)
    model.save(path)
    assert same(state_of(VAE.load(path)), state_of(model))


def test_one_metadata_entry(path):
    made().save(path)
    with safetensors.safe_open(path, "pt") as file:
        assert set(file.metadata()) == {"zbins"}
        entry = json.loads(file.metadata()["zbins"])
    assert entry["autoencoder"] == "VAE"
    assert entry["arguments"] == {
        "architecture": "small",
        "input_shape": [1, 8, 8],
        "latent_dim": 3,
    }


def test_the_shape_of_a_loaded_model_is_fixed(path):
    AE("small", random_state=0).save(path)
    loaded = AE.load(path)
    with pytest.raises(ValueError, match="the model takes images of shape"):
        loaded.fit(pictures(), epochs=1)
    model = AE("small", random_state=1)
    model.load_state_dict(loaded.state_dict())
    with pytest.raises(ValueError, match="the model takes images of shape"):
        model.fit(pictures(), epochs=1)


# -- writing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_the_old_file_or_the_new_one(path, monkeypatch, call):
    made().save(path)
    old = path.read_bytes()

    def fail(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(KeyboardInterrupt):
        made(random_state=1).save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_permissions_and_links_are_kept(path):
    made().save(path)
    path.chmod(0o640)
    link = path.with_name("link")
    link.symlink_to(path)
    made(random_state=1).save(link)
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert same(state_of(VAE.load(path)), state_of(made(random_state=1)))


def test_paths_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        made().save(tmp_path / "nowhere" / "model")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        made().save(tmp_path)
    with pytest.raises(FileNotFoundError, match="nothing"):
        VAE.load(tmp_path / "nothing")


# -- reading what is none --------------------------------------------------------------------------


def refused(path, *texts, kind=VAE):
    with pytest.raises(ValueError) as caught:
        kind.load(path)
    for text in (str(path), *texts):
        assert text in str(caught.value)


def test_files_cut_at_many_bytes_and_bits_flipped(path):
    made().save(path)
    data = path.read_bytes()
    for size in [0, 1, 7, 8, 9, *range(10, len(data), len(data) // 60)]:
        path.write_bytes(data[:size])
        refused(path, "damaged")
    for at in [*range(16), *range(16, len(data), len(data) // 100)]:
        broken = bytearray(data)
        broken[at] ^= 1 << at % 8
        path.write_bytes(broken)
        refused(path, "damaged")
    path.write_bytes(data + b"\0")
    refused(path, "damaged")


def test_other_files(path):
    torch.save({"a": torch.zeros(2)}, path)  # a pickle
    refused(path, "damaged")
    save_file({"a": torch.zeros(2)}, path)
    refused(path, "no entry 'zbins'")
    zbins.PMFSampler(3).fit(torch.zeros(2, 2).numpy()).save(path)
    refused(path, "it is for zbins.load to read")
    made().save(path)
    with pytest.raises(ValueError, match="not a model file"):
        zbins.load(path)


def test_models_of_another_class(path):
    made(BetaVAE).save(path)
    refused(path, "'BetaVAE'", "'VAE'")
    made(VAE).fit(pictures(), epochs=1, checkpoint=path)
    refused(path, "is a checkpoint", "resume=True")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda t, m: t.pop("to_latent.bias"), "'to_latent.bias' is missing"),
        (lambda t, m: t.update(more=torch.zeros(1)), "'more' is not one of this model"),
        (lambda t, m: t.update({"to_latent.bias": torch.zeros(4)}), "(4,)"),
        (lambda t, m: t.update({"to_latent.bias": torch.zeros(3).double()}), "float"),
        (lambda t, m: t.update({"to_latent.bias": torch.zeros(3).long()}), "int64"),
        (lambda t, m: m["arguments"].update(latent_dim=4), "of shape"),
        (lambda t, m: m["arguments"].update(latent_dim=10**15), ""),
        (lambda t, m: m["arguments"].update(latent_dim=10**40), ""),
        (lambda t, m: m["arguments"].update(latent_dim="3"), "latent_dim is '3'"),
        (lambda t, m: m["arguments"].update(input_shape=[1, 9, 8]), "divisible by 4"),
        (lambda t, m: m["arguments"].update(input_shape=[1, 1 << 40, 1 << 40]), ""),
        (lambda t, m: m["arguments"].update(architecture="huge"), "'huge'"),
        (lambda t, m: m["arguments"].update(architecture=["small"]), "architecture is"),
        (lambda t, m: m["arguments"].update(random_state=1), "random_state"),
        (lambda t, m: m["arguments"].update(shell="ls"), "shell"),
        (lambda t, m: m["arguments"].pop("architecture"), "architecture"),
        (lambda t, m: m.update(arguments=[]), "no object"),
        (lambda t, m: m.update(format_version=2), "2; this release reads 1"),
        (lambda t, m: m.update(format_version=True), "True"),
        (lambda t, m: m.update(more=1), "other names"),
    ],
)
def test_crafted_files(path, change, text):
    """With a right checksum, and a meaning that is wrong."""
    made().save(path)
    tensors, metadata = _files.read(path)
    change(tensors, metadata)
    _files.write(path, tensors, metadata)
    refused(path, text, "damaged")
