"""What README says of PyTorch runs as it stands, on small stand-ins for the reader's own data."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch

import zbins

matplotlib.use("Agg")

TEXT = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SECTION = TEXT.split("### With your PyTorch autoencoder\n")[1].split("\n### ")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def _given():
    """What the reader has."""
    torch.manual_seed(0)
    images, labels = torch.rand(40, 1, 8, 8), torch.arange(40) % 10
    data = torch.utils.data.TensorDataset(images, labels)
    return {
        "encoder": torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 4)),
        "decoder": torch.nn.Sequential(torch.nn.Linear(4, 64), torch.nn.Unflatten(1, (1, 8, 8))),
        "loader": torch.utils.data.DataLoader(data, batch_size=16),
        "zbins": zbins,
    }


def test_your_own():
    names = _given()
    exec(BLOCKS[0], names)
    assert names["sevens"].shape == names["images"].shape == (64, 1, 8, 8)
    again = names["LatentGenerator"].load("digits.generator", decode=names["decoder"])
    assert torch.equal(again.sample(64, random_state=0), names["images"])


def test_diffusers():
    diffusers = pytest.importorskip("diffusers")
    names = _given()
    exec(BLOCKS[0], names)
    names["vae"] = diffusers.AutoencoderKL(
        in_channels=1, out_channels=1, block_out_channels=(8,), norm_num_groups=4
    )
    exec(BLOCKS[1], names)
    assert names["images"].shape == (16, 1, 8, 8)


def test_from_files(tmp_path):
    rng = np.random.default_rng(0)
    parts = {"train": 60, "test": 10}
    arrays = {f"x_{k}": rng.integers(0, 255, (n, 28, 28), np.uint8) for k, n in parts.items()}
    arrays |= {f"y_{k}": np.arange(n, dtype=np.uint8) % 10 for k, n in parts.items()}
    np.savez(tmp_path / "mnist.npz", **arrays)
    names = _given() | {"LatentGenerator": zbins.torch.LatentGenerator}
    assert "epochs=20" in BLOCKS[2]
    text = BLOCKS[2].replace("/data/mnist", str(tmp_path / "mnist.npz"))
    text = text.replace("epochs=20", "epochs=1").replace("range(10)", "'classes'")
    exec(text, names)
    assert (tmp_path / "digits.png").stat().st_size > 1000
    assert (tmp_path / "run.safetensors").exists()
