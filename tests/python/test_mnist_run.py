"""`make mnist`: stages that are done once, trainings that go on, images that are not accepted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from bench_modules import ROOT
from mnist_helpers import HERE, module_of, on_path  # noqa: F401 - a fixture


def write_digits(path, n_train, n_test):
    """Write an npz like MNIST's, of scikit-learn's digits made larger."""
    pixels, labels = load_digits(return_X_y=True)
    images = np.kron(pixels.reshape(-1, 8, 8) * 15.9, np.ones((3, 3))).astype(np.uint8)
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)))
    labels, end = labels.astype(np.uint8), n_train + n_test
    np.savez(
        path,
        x_train=images[:n_train],
        y_train=labels[:n_train],
        x_test=images[n_train:end],
        y_test=labels[n_train:end],
    )
    return path


@pytest.fixture
def store(tmp_path):
    def fresh():
        lines = []
        made = module_of("stages").Store(tmp_path / "stages", lines.append)
        return made, lines

    return fresh


def test_a_stage_is_made_once_under_the_same_settings(store):
    def make(stage):
        stage.store(numbers=np.arange(3))
        stage.path("unfinished").write_text("scratch")
        return {"value": 1}

    first = store()[0].run("stage", {"k": [1, 2]}, make)
    assert first.made_now
    assert not first.path("unfinished").exists()
    again, lines = store()
    second = again.run("stage", {"k": [1, 2]}, lambda stage: pytest.fail("made again"))
    assert (second.result, second.seconds) == ({"value": 1}, first.seconds)
    assert np.array_equal(second.arrays()["numbers"], np.arange(3))
    assert lines == ["stage: there already"]
    other = again.run("stage", {"k": [1, 3]}, make)
    assert other.made_now
    assert other.key != first.key


@pytest.mark.parametrize("damage", ["npz", "json", "half"])
def test_a_stage_of_which_something_is_missing_is_made_again(store, damage):
    def make(stage):
        stage.store(numbers=np.arange(3))
        return {}

    stage = store()[0].run("stage", {}, make)
    if damage == "half":
        stage.path("json").write_text(stage.path("json").read_text()[:20])
    else:
        stage.path(damage).unlink()
    assert store()[0].run("stage", {}, make).made_now
    assert not store()[0].run("stage", {}, make).made_now


def test_a_stage_that_fails_leaves_no_record(store):
    def fail(stage):
        stage.store(numbers=np.arange(3))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store()[0].run("stage", {}, fail)
    assert store()[0].run("stage", {}, lambda stage: {}).made_now


def test_files_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_whole = module_of("stages").write_whole
    path = tmp_path / "file"
    write_whole(path, "old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_training_that_was_cut_off_goes_on_with_the_same_bits(tmp_path, store):
    models, settings = module_of("models"), module_of("settings").quick(epochs=3)
    digits = module_of("digits").open_digits(
        str(write_digits(tmp_path / "mnist.npz", 240, 60)), settings
    )
    lines = []

    def train(stage, say=lines.append):
        return models.train("VAE", digits, settings, stage, say)

    def cut_off(text):
        lines.append(text)
        if "epoch 2" in text:
            raise KeyboardInterrupt

    whole = store()[0].run("whole", {}, train)
    lines.clear()
    with pytest.raises(KeyboardInterrupt):
        store()[0].run("cut", {}, lambda stage: train(stage, cut_off))
    cut = store()[0].run("cut", {}, train)
    assert [line.split(",")[0] for line in lines] == [
        f"  VAE: epoch {epoch} of 3" for epoch in (1, 2, 3)
    ]
    assert cut.path("safetensors").read_bytes() == whole.path("safetensors").read_bytes()
    assert cut.result["history"] == whole.result["history"]
    assert cut.seconds > sum(cut.result["epoch_seconds"][:2])  # those of the first run too
    assert sorted(path.suffix for path in cut.folder.glob("cut-*")) == [".json", ".safetensors"]


def run_with(monkeypatch, *arguments):
    run = module_of("run")
    monkeypatch.setattr(sys, "argv", ["run.py", *map(str, arguments)])
    return run.main()


@pytest.mark.parametrize("kind", ["nothing", "absent", "empty", "other", "few"])
def test_images_that_are_not_what_is_needed(kind, tmp_path, monkeypatch, capsys):
    path = tmp_path / kind
    if kind == "nothing":
        path = ""
    elif kind == "empty":
        path.mkdir()
    elif kind == "other":
        path = path.with_suffix(".npz")
        np.savez(path, x=np.zeros(3))
    elif kind == "few":
        path = write_digits(tmp_path / "mnist.npz", 60, 20).parent  # the folder will do
    assert run_with(monkeypatch, "--data", path, "--out", tmp_path / "out") == 2
    written = capsys.readouterr().err
    assert written.startswith("mnist: ")
    assert written.count("\n") == 1
    expected = "MNIST has 50,000 + 10,000 + 10,000" if kind == "few" else "the four idx files"
    assert expected in written
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("--epochs", "0"), ("--seed", "-1"), ("--device", "tpu")])
def test_options_out_of_range(arguments, monkeypatch, capsys):
    with pytest.raises(SystemExit) as left:
        run_with(monkeypatch, "--data", "x", *arguments)
    assert left.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_help_needs_no_torch():
    code = "import sys; sys.argv = ['run.py', '--help']; import run\ntry: run.main()\nfinally: "
    code += "assert not {'torch', 'sklearn', 'numpy'} & set(sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(HERE)},
    )
    assert "--quick" in done.stdout


def test_only_a_default_run_is_published():
    run, settings = module_of("run"), module_of("settings")
    options = {"quick": False, "epochs": None, "seed": None}

    def of(device="cpu", **more):
        return run._settings(run.argparse.Namespace(**options | more), device)

    assert of() == of(seed=0, epochs=settings.EPOCHS["small"]) == settings.Settings()
    for other in ({"seed": 1}, {"epochs": 2}, {"quick": True}):
        assert of(**other) != of()
    paper = of("cuda")
    assert (paper.architecture, paper.epochs, paper.batch_size) == ("mnist", 50, 64)
    assert of("cuda", quick=True).architecture == "small"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(tmp_path, monkeypatch, capsys):
    data = write_digits(tmp_path / "mnist.npz", 60, 20)
    arguments = ("--data", data, "--out", tmp_path / "out", "--quick", "--device", "cuda")
    assert run_with(monkeypatch, *arguments) == 2
    assert "no GPU that PyTorch can use" in capsys.readouterr().err


@pytest.mark.slow
def test_a_quick_run_from_end_to_end_and_again(tmp_path):
    data, out = write_digits(tmp_path / "mnist.npz", 1_200, 300), tmp_path / "out"
    command = [sys.executable, "-W", "error", "-u", str(HERE / "run.py"), "--data", str(data)]
    command += ["--out", str(out), "--quick", "--epochs", "3", "--device", "cpu"]
    published = [ROOT / "docs" / "mnist.md", ROOT / "benches" / "results" / "mnist.json"]
    before = [path.exists() and path.stat().st_mtime_ns for path in published]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as cut_off:
        for line in cut_off.stdout:
            if "VAE: epoch 1 of 3" in line:
                cut_off.send_signal(signal.SIGINT)
                break
        assert cut_off.wait() == 130
        assert cut_off.stderr.read().splitlines() == [
            "",
            "mnist: interrupted; the same command goes on from here",
        ]

    def go():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout, json.loads((out / "quick" / "mnist.json").read_text(encoding="utf-8"))

    said, first = go()
    assert "ae-training: there already" in said
    assert "VAE: epoch 3 of 3" in said
    assert "VAE: epoch 1 of 3" not in said
    said, second = go()
    assert "epoch" not in said
    assert said.count("there already") == len(second["stages"])
    assert first == second
    assert before == [path.exists() and path.stat().st_mtime_ns for path in published]

    for model in second["models"].values():
        novelty = {row["slug"]: row["novelty"] for row in model["rows"]}
        assert novelty["copies"] == [0]
        assert novelty["reconstructions"] == [1]
        copied = {row["slug"]: row["copied_share"] for row in model["rows"]}
        assert copied["copies"] == [1]
        assert copied["reconstructions"] == [pytest.approx(0.01, abs=0.004)]
        assert copied["pmfs-8"][0] > copied["pmfs-2"][0]
        assert len(model["equal_novelty"]) == 2
    text = (out / "quick" / "mnist.md").read_text(encoding="utf-8")
    assert "its numbers mean nothing" in text
    assert str(tmp_path) not in text + json.dumps(second)
    for line in text.splitlines():
        assert line.startswith(("|", "!", "#")) or len(line) <= 100
    for table in (part for part in text.split("\n\n") if part.startswith("|")):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table
    for name in ("ae", "vae", "trade"):
        picture = out / "quick" / "images" / f"mnist-{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert f"images/{picture.name}" in text
