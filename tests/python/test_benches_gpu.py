"""The benches for GPUs, as far as they run without one: their PMFS, their data, their report."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import zbins
from bench_modules import BENCHES, importable

torch = pytest.importorskip("torch")

GPU = BENCHES / "gpu"
SCRIPTS = (
    "ceilings",
    "quantize",
    "fit",
    "sample",
    "identical",
    "reading",
    "streams",
    "peers",
    "small_case",
)


def module_of(name):
    """A module of benches/gpu by its path: `report` and others exist elsewhere too."""
    spec = importlib.util.spec_from_file_location(f"benches_gpu_{name}", GPU / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def on_path():
    with importable(GPU):
        yield


@pytest.fixture(scope="module")
def data(on_path):
    return module_of("data")


@pytest.fixture(scope="module")
def torch_pmfs():
    return module_of("torch_pmfs")


@pytest.mark.parametrize(("n", "d", "k"), [(5_000, 3, 4), (2_000, 32, 8), (1_000, 40, 20)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_plain_pytorch_counts_the_same_bins(data, torch_pmfs, n, d, k, dtype):
    z = torch.randn((n, d), dtype=dtype, generator=torch.Generator().manual_seed(0))
    sampler = zbins.PMFSampler(n_bins=k).fit(z.numpy())
    for pack in (False, True):
        model = torch_pmfs.TorchPMFS(k, pack).fit(z)
        data.check_bins(model.codes, model.counts, (sampler.codes_, sampler.counts_))
        assert model.total == n
    for draw in (model.sample, model.sample_multinomial):
        samples = draw(2_000)
        assert samples.dtype == dtype
        assert sampler.contains(samples.numpy()).mean() > 0.95


def test_plain_pytorch_with_a_constant_column(data, torch_pmfs):
    z = torch.randn((500, 3), generator=torch.Generator().manual_seed(0))
    z[:, 1] = 2.5
    sampler = zbins.PMFSampler(n_bins=6).fit(z.numpy())
    model = torch_pmfs.TorchPMFS(6).fit(z)
    data.check_bins(model.codes, model.counts, (sampler.codes_, sampler.counts_))
    assert (model.sample(10)[:, 1] == 2.5).all()


def test_dense_counts_are_those_of_the_occupied_bins(torch_pmfs):
    z = torch.randn((5_000, 3), generator=torch.Generator().manual_seed(0))
    codes = torch_pmfs.quantized(z, *torch_pmfs.lattice(z, 5), 5)
    counts = torch_pmfs.nonzero(torch_pmfs.dense_counts(codes, 5))
    # Row-major bins are in lexicographic order, as those of torch.unique.
    assert torch.equal(counts, torch.unique(codes, dim=0, return_counts=True)[1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize(("d", "k", "crowd"), [(4, 8, 0.0), (32, 8, 0.5), (16, 20, 0.0)])
def test_rows_have_the_bins_they_were_made_for(data, dtype, d, k, crowd):
    z, codes, counts = data.few(4_000, d, k, 200, device="cpu", dtype=dtype, crowd=crowd)
    sampler = zbins.PMFSampler(n_bins=k).fit(z)
    data.check_fit(sampler, (codes, counts))
    assert counts.sum() == len(z)
    if crowd:
        assert counts.max() > 0.45 * len(z)


def test_distinct_rows_are_alone_in_their_bins(data):
    sampler = zbins.PMFSampler(n_bins=8).fit(data.distinct(5_000, 32, device="cpu"))
    assert len(sampler.counts_) == 5_000


def test_checks_of_bins_find_what_is_wrong(data, monkeypatch):
    codes = np.random.default_rng(0).integers(0, 8, (500, 5)).astype(np.uint8)
    codes, counts = np.unique(codes, axis=0, return_counts=True)
    turned = np.roll(np.arange(len(codes)), 7)
    other_code, other_count = codes.copy(), counts.copy()
    other_code[3, 2] ^= 1
    other_count[4] += 1
    for many in (0, 1_000):  # by sums of hashes, and one by one
        monkeypatch.setattr(data, "MANY", many)
        data.check_bins(codes[turned], counts[turned], (codes, counts))
        data.check_bins(torch.from_numpy(codes), torch.from_numpy(counts), (codes, counts))
        for wrong in ((other_code, counts), (codes, other_count), (codes[1:], counts[1:])):
            with pytest.raises(AssertionError):
                data.check_bins(*wrong, (codes, counts))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("script", SCRIPTS)
def test_without_a_device_one_line_is_printed(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [f"{script}.py", "--quick"])
    with pytest.raises(SystemExit) as left:
        module_of(script).main()
    assert left.value.code == 2
    assert capsys.readouterr().out.splitlines() == [
        f"{script}.py: no CUDA device that PyTorch can use; nothing was measured"
    ]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_the_script_says_that_there_is_no_gpu(tmp_path):
    done = subprocess.run(
        ["/bin/bash", str(GPU / "run_all.sh"), str(tmp_path / "r.json")],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 2, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_steps_are_ended_and_described(tmp_path):
    steps = module_of("steps")
    code = "print('x' * 9); raise SystemExit(3)"
    commands = {
        "fails": [sys.executable, "-c", code],
        "late": ["/bin/sh", "-c", "sleep 30 & sleep 30"],
        "absent": ["/nowhere/at/all"],
        "well": ["/bin/sh", "-c", "echo ========= ERROR SUMMARY: 0 errors"],
    }
    running = [
        steps.Running(
            steps.Step(name, command, 0.5 if name == "late" else 20), 20, {}, tmp_path, GPU
        )
        for name, command in commands.items()
    ]
    running[1].limit = 0.5
    ended = {result["name"]: result for result in (one.finished() for one in running)}
    assert ended["fails"]["exit"] == 3
    assert ended["fails"]["tail"] == "x" * 9 + "\n"
    assert "took more than" in ended["late"]["reason"]
    assert "cannot be run" in ended["absent"]["reason"]
    assert {name for name, result in ended.items() if result["failed"]} == {
        "fails",
        "late",
        "absent",
    }
    assert ended["well"]["sanitizer"]["summary"] == "0 errors"
    skipped = steps.Running(
        steps.Step("s", [], 9, skip="not here"), 9, {}, tmp_path, GPU
    ).finished()
    assert skipped["status"] == "skipped"
    assert not skipped["failed"]


def made_up(report):
    """Results as run_all.py writes them, of a run that had a failure of every kind."""
    spread = {"median": 0.02, "low": 0.019, "high": 0.021}
    timed = {"seconds": spread, "wall": spread, "raw": [[0.02, 0.02]], "bytes": 1 << 33}
    timed |= {"calls_per_measurement": 1, "rate": 4e12}
    goal = {"what": "seconds", "wanted": 0.03, "measured": 0.02, "met": True}
    missed = {"what": "share", "wanted": 0.9, "measured": None, "met": False}
    peers = {
        "torch.unique": timed
        | {"ratio": {"median": 120.4, "low": 9.9, "high": 130.0}, "note": "n"},
        "torch.histogramdd": {"kind": "dense", "error": "NotImplementedError: no | such\nmore"},
    }
    fit = timed | {"share": 0.5, "peers": {}, "occupied": 5, "peak_bytes": 1 << 20}
    fit |= {"input_bytes": 1 << 30, "model_bytes": None, "target": goal}
    identical = {"job": "same", "occupied": 9, "file_bytes": 99, "sha256": "ab" * 32}
    failed = [{"step": "wide", "error": "OutOfMemoryError: much\nmore", "trace": ""}]
    benches = {
        "ceilings": {"rows": [timed | {"job": "copy on the device"}], "failed": []},
        "fit": {"rows": [fit | {"job": "fit, few bins"}], "failed": failed},
        "quantize": {"rows": [timed | {"job": "quantize", "target": missed}], "failed": []},
        "peers": {"rows": [timed | {"job": "fit, few", "peers": peers}], "failed": []},
        "identical": {"rows": [identical | {"identical": True}], "failed": []},
    }
    steps = [
        {"name": "tests", "status": "done", "seconds": 9.0, "tail": "3 passed", "failed": False}
    ]
    steps += [{"name": "memcheck", "status": "failed", "seconds": 9.0, "tail": "", "failed": True}]
    steps[1]["sanitizer"] = {"summary": "1 error"}
    return {
        "date": "2026-01-02T03:04:05+00:00",
        "quick": False,
        "machine": {"card": {"name": "NVIDIA Made Up"}},
        "steps": steps,
        "benches": benches,
        "failed": ["memcheck"],
        "total_seconds": 12.0,
    }


def test_the_report_has_every_figure_and_every_failure(tmp_path):
    report = module_of("report")
    results = made_up(report)
    text = report.section(json.loads(json.dumps(results)))
    assert "## On NVIDIA Made Up" in text
    assert "| fit, few bins | 20 ms | 19 ms to 21 ms | 4,000 | 0.50 | at most 30 ms | met |" in text
    assert "at least 90% of the ceiling | missed |" in text
    assert "| torch.unique | 20 ms | 120× | 9.9× to 130× | n |" in text
    assert "| torch.histogramdd | | does not run | | NotImplementedError: no / such |" in text
    assert "| tests | done | 9 s | 3 passed |" in text
    assert "| memcheck | failed | 9 s | 1 error |" in text
    assert "- step memcheck" in text
    assert "- fit, wide: OutOfMemoryError: much" in text
    assert "abababababababab" in text
    for line in text.splitlines():
        assert line.startswith(("|", "-", "#")) or len(line) <= 100
    for table in text.split("\n\n"):
        if table.startswith("|"):
            assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_the_report_of_a_run_of_which_nothing_ran():
    report = module_of("report")
    nothing = {"date": "2026-01-02", "quick": True, "machine": {}, "steps": [], "benches": {}}
    assert "## On a GPU" in report.section(nothing)


def test_the_report_says_how_to_make_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["report.py", str(tmp_path / "none.json")])
    with pytest.raises(SystemExit, match=r"bash benches/gpu/run_all\.sh"):
        module_of("report").main()


def test_the_table_at_the_end_of_a_run():
    run_all = module_of("run_all")
    results = made_up(None)
    text = run_all.printed(results)
    assert "fit, few bins" in text
    assert "met" in text
    assert "fit: wide: OutOfMemoryError" in text
    assert {*SCRIPTS, "mixture"} == {*run_all.BENCHES, "small_case"}
    for name in run_all.BENCHES:
        assert (GPU / f"{name}.py").is_file()
