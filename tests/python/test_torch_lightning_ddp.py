"""`SamplerCallback` in two processes: one sampler of all rows; what fails in one fails in both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

import lightning_helpers as tiny
import lightning_ranks
import zbins
from lightning_helpers import latents_of, module_of


@pytest.fixture(scope="module")
def met(tmp_path_factory):
    """The folder that both processes wrote to."""
    folder = tmp_path_factory.mktemp("ddp")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1"}
    for name in ("LOCAL_RANK", "RANK", "WORLD_SIZE", "MASTER_PORT"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, Path(lightning_ranks.__file__), folder],
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
}


@pytest.fixture(scope="module")
def said(met):
    """What each process said of errors, and of what it read."""
    return [json.loads((met / f"said-{rank}.json").read_text()) for rank in (0, 1)]


def files_of(met, name):
    return {(met / f"{name}-{rank}.zbins").read_bytes() for rank in (0, 1)}


@pytest.mark.parametrize("name", EXPECTED)
def test_both_have_the_fit_of_all_rows(met, module, name, tmp_path):
    n, parameters = EXPECTED[name]
    labels = tiny.labels(n) if name == "samples" else None
    rows = latents_of(module, tiny.images(n))
    zbins.PMFSampler(**parameters).fit(rows, labels).save(tmp_path / "one.zbins")
    assert files_of(met, name) == {(tmp_path / "one.zbins").read_bytes()}


@pytest.mark.parametrize("name", lightning_ranks.DEALT)
def test_a_loader_is_dealt_and_no_row_is_lost_or_doubled(met, name, tmp_path):
    rows = np.array(lightning_ranks.DEALT[name][2], np.float32)[:, None]
    zbins.PMFSampler().fit(rows).save(tmp_path / "one.zbins")
    assert files_of(met, name) == {(tmp_path / "one.zbins").read_bytes()}


def test_each_reads_only_its_own(said):
    for name in ("plain", "shuffled"):
        shares = [one["read"][name] for one in said]
        assert sorted(shares[0] + shares[1]) == list(range(lightning_ranks.ROWS))
        assert abs(len(shares[0]) - len(shares[1])) <= 4
    for name in ("vast", "endless"):
        assert [one["read"][name] for one in said] == [[0, 2], [1]]


def test_the_checkpoint_and_the_picture(met, said):
    assert [one["epochs"] for one in said] == [[2, 2]] * 2
    state = torch.load(met / "last.ckpt", weights_only=True)["callbacks"]
    assert state["SamplerCallback{'name': 'samples'}"]["epoch"] == 2
    pictures = sorted(path.name for path in (met / "logs").rglob("*.png"))
    assert [name.split("-")[0] for name in pictures][:2] == ["epoch=1", "epoch=2"]


IN_ONE = {
    "nan": (1, "ValueError", "encode returned nan"),
    "decode": (0, "Stopped", "no picture"),
    "buffers": (1, "MemoryError", "no room"),
    "sampler": (1, "Stopped", "no order"),
}
IN_BOTH = {
    "shapes": "rank 1",
    "quantile": "quantiles",
    "indices": "rank 0 gets other batches than rank 1",
    **{f"unlike {name}": "rank 0 gets other batches" for name in lightning_ranks.UNLIKE},
}


@pytest.mark.parametrize("name", IN_ONE)
def test_what_fails_in_one_is_told_in_both(said, name):
    where, kind, text = IN_ONE[name]
    assert said[where][name][0] == kind
    assert text in said[where][name][1]
    assert said[1 - where][name][0] == "RuntimeError"
    assert f" failed in rank {where}: {kind}: " in said[1 - where][name][1]


@pytest.mark.parametrize("name", IN_BOTH)
def test_what_both_can_see_is_refused_alike(said, name):
    assert said[0][name] == said[1][name]
    assert said[0][name][0] == "ValueError"
    assert IN_BOTH[name] in said[0][name][1]
