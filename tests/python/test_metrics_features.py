"""Features of networks, from random weights on disk: what the library gives, in any batches."""

from __future__ import annotations

import json
import pickle
import shutil
import socket

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

import fidelity_oracle
from helpers import refused
from zbins.metrics import DINOv2, Inception, frechet_distance, inception_score, kernel_distance

CONFIG = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "mlp_ratio": 2,
}


def pictures(n, channels=3, side=20, seed=0):
    shape = (n, channels, side, side)
    return np.random.default_rng(seed).integers(0, 256, size=shape, dtype=np.uint8)


@pytest.fixture(autouse=True)
def _nothing_is_reached(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a network is reached")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny DINOv2 network."""
    from transformers import Dinov2Config, Dinov2Model
    from transformers.utils import logging

    path = tmp_path_factory.mktemp("dinov2")
    logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Dinov2Model(Dinov2Config(**CONFIG))
    network.save_pretrained(path)
    logging.enable_progress_bar()
    return path


@pytest.fixture(scope="module")
def dinov2(folder):
    return DINOv2(folder, batch_size=4)


@pytest.fixture(scope="module")
def inception_class():
    module = fidelity_oracle.torch_fidelity("feature_extractor_inceptionv3")
    return module, module.FeatureExtractorInceptionV3


@pytest.fixture(scope="module")
def weights(tmp_path_factory, inception_class):
    """An Inception network of random weights, whose features are neither all 0 nor infinite."""
    module, network_class = inception_class
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    with pytest.MonkeyPatch.context() as patch, torch.random.fork_rng():
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: None)
        patch.setattr(network_class, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        network = network_class("random", ["2048"])
    torch.save(network.state_dict(), path)
    yield path
    path.unlink()  # 96 MB


def directly(folder, images):
    """By the library, each image by itself."""
    from transformers import Dinov2Model

    network = Dinov2Model.from_pretrained(folder, local_files_only=True).eval()
    mean = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    found = []
    for image in images:
        pixels = torch.from_numpy(image[None] / 255).float()
        pixels = torch.nn.functional.interpolate(
            pixels, size=224, mode="bicubic", antialias=True, align_corners=False
        )
        with torch.no_grad():
            output = network((pixels.clip(0, 1) - mean) / deviation)
        found.append(output.pooler_output[0].numpy())
    return np.stack(found)


@pytest.mark.parametrize("side", [20, 300])
def test_dinov2_against_the_library(folder, dinov2, side, capsys):
    images = pictures(5, side=side)
    found = dinov2(images)
    assert (found.shape, found.dtype) == ((5, 16), np.float32)
    assert capsys.readouterr().err == ""
    np.testing.assert_allclose(found, directly(folder, images), atol=1e-4)
    assert np.ptp(found, axis=0).max() > 1e-2, "all images look the same"


def test_inception_against_the_library(weights, inception_class):
    _, network_class = inception_class
    layers = list(network_class.get_provided_features_list())
    network = network_class("all", layers, feature_extractor_weights_path=weights)
    images = pictures(3)
    with torch.no_grad():
        wanted = dict(zip(layers, network(torch.from_numpy(images)), strict=True))
    assert layers == ["64", "192", "768", "2048", "logits_unbiased", "logits"]
    for layer in ("64", "2048", "logits_unbiased"):
        extract = Inception(weights, layer=layer, batch_size=2)
        found = extract(images)
        assert (found.shape, found.dtype) == (wanted[layer].shape, np.float32)
        np.testing.assert_allclose(found, wanted[layer].numpy(), rtol=1e-3, atol=1e-5)
        assert f"Inception, layer {layer}, weights " in extract.name
    score = inception_score(images, logits=True, n_splits=1, features=extract)
    wanted = inception_score(wanted[layer], logits=True, n_splits=1)
    assert score == pytest.approx(wanted, rel=1e-5)
    assert (score.features, score.n_features) == (extract.name, 1008)


def test_inception_in_metrics(weights):
    extract = Inception(weights, layer="64")
    X, Y = pictures(2, side=40), pictures(3, channels=1, side=40, seed=1)
    found = frechet_distance(X, Y, features=extract)
    assert found.features == extract.name
    assert found.n_features == 64
    assert found == pytest.approx(frechet_distance(extract(X), extract(Y)), rel=1e-9)
    below = np.clip(X / 255 - 0.4 / 255, 0, 1)
    unit = frechet_distance(below, torch.from_numpy(Y) / 255, features=extract)
    assert unit == pytest.approx(found, rel=1e-9), "floats are rounded to the same pixels"
    assert kernel_distance(X, Y, features=extract).features == extract.name


def test_the_name_is_that_of_the_weights(folder, dinov2, tmp_path):
    assert "DINOv2, class token" in dinov2.name
    assert DINOv2(folder).name == dinov2.name
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    assert DINOv2(copy).name == dinov2.name
    tensors = load_file(copy / "model.safetensors")
    tensors["layernorm.bias"] += 1
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    other = DINOv2(copy)
    assert other.name != dinov2.name
    np.testing.assert_allclose(other(pictures(2)), dinov2(pictures(2)) + 1, atol=1e-4)
    X, Y = pictures(4), pictures(5, seed=1)
    found = frechet_distance(X, Y, features=dinov2)
    assert (found.features, found.rows) == (dinov2.name, {"X": 4, "Y": 5})
    assert frechet_distance(X[::-1], Y, features=dinov2) == pytest.approx(found, rel=1e-3)


def test_batches_and_order(folder, dinov2):
    images = pictures(9)
    found = dinov2(images)
    for batch_size in (1, 9, 64):
        np.testing.assert_allclose(DINOv2(folder, batch_size=batch_size)(images), found, atol=1e-5)
    np.testing.assert_allclose(dinov2(images[::-1]), found[::-1], atol=1e-5)
    np.testing.assert_allclose(dinov2(images[3:4]), found[3:4], atol=1e-5)


@pytest.mark.parametrize(
    "convert",
    [
        torch.from_numpy,
        lambda a: (a / 255).astype(">f4"),
        lambda a: a / 255,
        lambda a: torch.tensor(a / 255, requires_grad=True),
        lambda a: list(torch.from_numpy(a)),
        lambda a: np.lib.stride_tricks.as_strided(a, writeable=False),
        np.asfortranarray,
    ],
)
def test_any_kind_of_images(dinov2, convert):
    images = pictures(3)
    np.testing.assert_allclose(dinov2(convert(images)), dinov2(images), atol=1e-5)


def test_one_channel_stands_for_three(dinov2):
    grey = pictures(3, channels=1)
    np.testing.assert_allclose(dinov2(grey), dinov2(grey.repeat(3, axis=1)), atol=1e-6)


def test_nothing_of_torch_is_changed(folder, weights):
    state = torch.get_rng_state()
    torch.set_default_dtype(torch.float64)
    try:
        extractors = DINOv2(folder), Inception(weights, layer="64")
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = [extract(pictures(2)) for extract in extractors]
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(state, torch.get_rng_state())
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    again = DINOv2(folder), Inception(weights, layer="64")
    for array, extract in zip(found, again, strict=True):
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, extract(pictures(2)))


def test_a_bar_counts_images(folder, capsys):
    DINOv2(folder, batch_size=2, progress=True)(pictures(5))
    assert "5/5" in capsys.readouterr().err
    DINOv2(folder, batch_size=2)(pictures(5))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("images", "error", "said"),
    [
        (np.zeros((2, 4, 8, 8), np.uint8), ValueError, ["(2, 4, 8, 8)", "1 or 3 channels"]),
        (np.zeros((2, 8, 8, 3), np.uint8), ValueError, ["images have the shape (2, 8, 8, 3)"]),
        (np.zeros((3, 8, 8), np.uint8), ValueError, ["(3, 8, 8)"]),
        (np.zeros((0, 3, 8, 8), np.uint8), ValueError, ["(0, 3, 8, 8)"]),
        (np.uint8(3), ValueError, ["the shape ()"]),
        (np.zeros((2, 3, 8, 8), np.int64), TypeError, ["dtype int64", "uint8"]),
        (pictures(2).tolist(), TypeError, ["dtype int64", "uint8 and floats in [0, 1]"]),
        (torch.zeros((2, 3, 8, 8), dtype=torch.int32), TypeError, ["dtype int32", "uint8"]),
        (np.zeros((2, 3, 8, 8), complex), TypeError, ["complex128"]),
        (torch.zeros((2, 3, 8, 8)) - 1, ValueError, ["floats from -1.0 to -1.0", "[0, 1]"]),
        (np.full((9, 1, 2, 2), 255.0), ValueError, ["floats from 255.0 to 255.0", "uint8"]),
        (np.full((9, 1, 2, 2), np.nan), ValueError, ["floats from nan to nan"]),
        ("images", TypeError, ["images is a str"]),
    ],
)
def test_bad_images(dinov2, images, error, said):
    refused(error, said, lambda: dinov2(images))


def test_all_images_are_looked_at_before_any_work(dinov2, monkeypatch):
    images = np.zeros((9, 1, 2, 2))
    images[8, 0, 1, 1] = 1.5
    monkeypatch.setattr(dinov2, "_network", None)
    refused(ValueError, ["floats from 0.0 to 1.5"], lambda: dinov2(images))


@pytest.mark.parametrize("extractor", [DINOv2, Inception])
@pytest.mark.parametrize(
    ("keywords", "error", "said"),
    [
        ({"batch_size": 0}, ValueError, "batch_size is 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size is 2.0"),
        ({"progress": "yes"}, TypeError, "progress is 'yes'"),
        ({"device": "gpu0"}, ValueError, "device is 'gpu0'"),
        ({"device": "cuda:77"}, ValueError, "device is 'cuda:77'"),
    ],
)
def test_bad_parameters(extractor, tmp_path, keywords, error, said, inception_class):
    refused(error, said, lambda: extractor(tmp_path / "none", **keywords))


@pytest.mark.parametrize("layer", ["pool3", 2048, None, ["2048"]])
def test_layers_that_are_not_there(layer):
    says = [f"layer is {layer!r}; accepted are '64', '192'", "'logits_unbiased'"]
    refused(ValueError, says, lambda: Inception("none", layer=layer))


def test_files_that_are_missing(folder, tmp_path, inception_class):
    path = tmp_path / "weights.pth"
    says = [f"there is no file {path}", "nothing is downloaded", "toshas/torch-fidelity/releases"]
    refused(FileNotFoundError, says, lambda: Inception(path))
    refused(FileNotFoundError, says[1:], lambda: Inception(tmp_path))
    says = [f"{tmp_path / 'config.json'}", "huggingface.co/facebook/dinov2"]
    refused(FileNotFoundError, says, lambda: DINOv2(tmp_path))
    shutil.copy(folder / "config.json", tmp_path)
    says = [f"{tmp_path / 'model.safetensors'}", "huggingface.co/facebook/dinov2"]
    refused(FileNotFoundError, says, lambda: DINOv2(str(tmp_path)))


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("save", [torch.save, lambda value, f: f.write(pickle.dumps(value))])
def test_code_in_a_file_is_not_run(tmp_path, save, inception_class):
    ran, path = tmp_path / "ran", tmp_path / "weights.pth"
    with open(path, "wb") as file:
        save({"fc.bias": Hostile(str(ran))}, file)
    refused(ValueError, [f"{path} has no tensors"], lambda: Inception(path))
    assert not ran.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", {"fc.bias": torch.zeros(3)}, [1, 2], {"a": 1}]
)
def test_files_of_something_else(tmp_path, content, inception_class):
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    says = [f"{path} has no tensors of the Inception network", "torch-fidelity/releases"]
    assert len(refused(ValueError, says, lambda: Inception(path))) < 1_000  # there are 568 tensors


@pytest.mark.parametrize("spoil", ["type", "no json", "missing", "shape", "no tensors"])
def test_folders_of_something_else(folder, tmp_path, spoil):
    path = tmp_path / "folder"
    shutil.copytree(folder, path)
    config = json.loads((path / "config.json").read_text())
    tensors = load_file(path / "model.safetensors")
    said = ""
    if spoil == "type":
        (path / "config.json").write_text(json.dumps(config | {"model_type": "vit"}))
        said = "model_type is 'vit'"
    elif spoil == "no json":
        (path / "config.json").write_text("{")
    elif spoil == "missing":
        del tensors["layernorm.bias"]
        save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
        said = "without 1 tensors, among them layernorm.bias"
    elif spoil == "shape":
        tensors["layernorm.bias"] = np.zeros(3, np.float32)
        save_file(tensors, path / "model.safetensors", metadata={"format": "pt"})
    else:
        (path / "model.safetensors").write_bytes(b"no tensors")
    says = [f"{path} has no DINOv2 network", said, "huggingface.co/facebook/dinov2"]
    assert len(refused(ValueError, says, lambda: DINOv2(path))) < 1_000
