"""`SamplerCallback` in two processes: one sampler of all rows; what fails in one fails in both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytest.importorskip("lightning")

import lightning_helpers as tiny
import zbins
from lightning_helpers import latents_of, module_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def met(tmp_path_factory):
    """The folder that both processes wrote to."""
    folder = tmp_path_factory.mktemp("ddp")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    for name in ("LOCAL_RANK", "RANK", "WORLD_SIZE", "MASTER_PORT"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, Path(tiny.__file__), folder],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def module(met):
    """The autoencoder as it was trained."""
    trained = module_of()
    trained.load_state_dict(torch.load(met / "last.ckpt", weights_only=True)["state_dict"])
    return trained


EXPECTED = {
    "samples": (60, {"n_bins": 6}),
    "held out": (61, {"n_bins": 6, "bounds": (-0.01, 0.01)}),
    "subset": (10, {}),
    "one batch": (5, {}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_both_have_the_fit_of_all_rows(met, module, name, tmp_path):
    n, parameters = EXPECTED[name]
    labels = tiny.labels(n) if name == "samples" else None
    rows = latents_of(module, tiny.images(n))
    zbins.PMFSampler(**parameters).fit(rows, labels).save(tmp_path / "one.zbins")
    files = {(met / f"{name}-{rank}.zbins").read_bytes() for rank in (0, 1)}
    assert files == {(tmp_path / "one.zbins").read_bytes()}


def test_the_checkpoint_and_the_picture(met):
    state = torch.load(met / "last.ckpt", weights_only=True)["callbacks"]
    assert state["SamplerCallback{'name': 'samples'}"]["epoch"] == 2
    pictures = sorted(path.name for path in (met / "logs").rglob("*.png"))
    assert [name.split("-")[0] for name in pictures] == ["epoch=1", "epoch=2"]


def test_what_fails_in_one_is_told_in_both(met):
    said = [json.loads((met / f"said-{rank}.json").read_text()) for rank in (0, 1)]
    assert [one["epochs"] for one in said] == [[2, 2, 2, 2]] * 2
    assert said[1]["nan"][0] == "ValueError"
    assert "encode returned nan" in said[1]["nan"][1]
    assert said[0]["nan"][0] == "RuntimeError"
    assert "SamplerCallback failed in rank 1: ValueError" in said[0]["nan"][1]
    assert said[0]["decode"] == ["Stopped", "no picture"]
    assert "failed in rank 0: Stopped: no picture" in said[1]["decode"][1]
    for name, text in (
        ("shapes", "rank 1"),
        ("quantile", "quantiles"),
        ("order", "rank 1"),
        ("stream", "rank 0 gets other batches than rank 1"),
    ):
        assert said[0][name] == said[1][name]
        assert said[0][name][0] == "ValueError"
        assert text in said[0][name][1]
