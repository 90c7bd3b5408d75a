"""`zbins info`, `merge`, `convert` and `bench`: what they print and write is what the API says."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from safetensors.numpy import load_file

import zbins
from cli_helpers import run, run_json
from helpers import rows

Z = rows(400, 3, np.float32)
Y = np.array(["a", "b", "c"])[np.arange(400) % 3]
INFO_KEYS = [
    *("path", "file_bytes", "format_version", "dtype", "parameters", "n_samples_seen"),
    *("n_samples_ignored", "n_features", "n_constant", "n_occupied", "n_alone", "share_alone"),
    *("nbytes", "n_bins", "lower", "upper", "feature_names", "classes", "class_counts"),
    "warnings",
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    zbins.PMFSampler(4).fit(Z).save("m.zbins")
    zbins.PMFSampler(4).fit(Z, Y).save("labelled.zbins")
    return tmp_path


def arrays_of(path):
    with np.load(path) as arrays:
        return dict(arrays)


def test_info_as_json(folder):
    sampler = zbins.PMFSampler(4, bounds=(-1, 1), out_of_range="ignore").fit(Z, Y)
    sampler.save("i.zbins")
    facts = run_json("info", "i.zbins")
    assert list(facts) == INFO_KEYS  # scripts rely on them: add, never rename
    summary = sampler.summary()
    for name in ("n_samples_seen", "n_samples_ignored", "n_features", "n_occupied", "share_alone"):
        assert facts[name] == getattr(summary, name)
    assert facts["parameters"] == {"n_bins": 4, "bounds": [-1, 1], "out_of_range": "ignore"}
    assert facts["lower"] == sampler.lower_.tolist()
    assert facts["warnings"] == list(summary.warnings)
    inside = (np.abs(Z) <= 1).all(axis=1)
    assert facts["classes"] == ["a", "b", "c"]
    assert facts["class_counts"] == [int((Y[inside] == label).sum()) for label in "abc"]


def test_info_in_words(folder):
    shown = run("info", "labelled.zbins").stdout
    for line in str(zbins.load("labelled.zbins").summary()).splitlines():
        assert line[16:] in shown
    assert "a (134 rows), b (133 rows)" in shown


def test_merge_is_exact(folder):
    for part in range(4):
        chunk = Z[part * 100 : part * 100 + 100]
        zbins.PMFSampler(6, bounds=(-2, 2)).fit(chunk).save(f"part-{part}.zbins")
    result = run_json("merge", "part-*.zbins", "-o", "all.zbins")
    assert result["models"] == [f"part-{part}.zbins" for part in range(4)]
    assert result["n_samples_seen"] == 400
    zbins.PMFSampler(6, bounds=(-2, 2)).fit(Z).save("expected.zbins")
    assert (folder / "all.zbins").read_bytes() == (folder / "expected.zbins").read_bytes()
    run("merge", "part-0.zbins", "part-1.zbins", "-o", "part-0.zbins")
    assert zbins.load("part-0.zbins").n_samples_seen_ == 200


def test_convert_round_trip(folder):
    pytest.importorskip("pyarrow")
    names = ["z.npy", "b.npz", "c.safetensors", "d.parquet", "e.npy"]
    for source, target in itertools.pairwise(names):
        result = run_json("convert", source, "-o", target, "--chunk-rows", 77)
        assert (result["path"], result["n_samples"]) == (target, 400)
    assert (folder / "e.npy").read_bytes() == (folder / "z.npy").read_bytes()


def test_convert_tells_of_columns_of_several_types(folder):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"i": [1, 2], "f": pa.array([0.5, 1.5], pa.float32())}), "t.parquet")
    shown = run("convert", "t.parquet", "-o", "t.npy").stderr
    assert "'t.parquet' has columns of several types" in shown


@pytest.mark.parametrize("dtype", ["f2", "f8", "i8", "u1", "?", ">f4"])
def test_convert_keeps_types(dtype, folder):
    X = np.abs(10 * Z).astype(dtype)
    np.save("t.npy", np.asfortranarray(X))
    for target in ("t.npz", "t.safetensors", "back.npy"):
        run("convert", "t.npy", "-o", target)
    for read in (arrays_of("t.npz")["X"], load_file("t.safetensors")["X"], np.load("back.npy")):
        assert read.dtype == X.dtype.newbyteorder("=")
        assert np.array_equal(read, X)


def test_convert_many_with_labels(folder):
    pq = pytest.importorskip("pyarrow.parquet")
    np.save("part-0.npy", Z[:150])
    np.save("part-1.npy", Z[150:])
    np.save("y.npy", Y)
    run("convert", "part-*.npy", "--labels", "y.npy", "-o", "all.parquet", "--chunk-rows", 40)
    assert pq.read_table("all.parquet").column_names == ["z0", "z1", "z2", "y"]
    run("convert", "all.parquet", "--label-column", "y", "-o", "all.npz")
    assert np.array_equal(arrays_of("all.npz")["X"], Z)
    assert np.array_equal(arrays_of("all.npz")["y"], Y)


def test_convert_a_model(folder):
    sampler = zbins.load("labelled.zbins")
    run("convert", "labelled.zbins", "-o", "m.npz")
    arrays = arrays_of("m.npz")
    assert np.array_equal(arrays["codes"], sampler.codes_)
    assert np.array_equal(arrays["counts"], sampler.counts_)
    assert np.array_equal(arrays["lower"], sampler.lower_)
    assert list(arrays["classes"]) == ["a", "b", "c"]
    assert {"origin", "top", "k", "first_bin", "n_bins", "label_count"} <= set(arrays)


@pytest.mark.parametrize("name", ["m.zbins", "labelled.zbins"])
def test_convert_a_model_to_a_table(name, folder):
    pq = pytest.importorskip("pyarrow.parquet")
    sampler = zbins.load(name)
    run("convert", name, "-o", "m.parquet")
    table = pq.read_table("m.parquet").to_pydict()
    counts = {}
    labels = table.get("y", [None] * len(table["count"]))
    for *code, label, count in zip(
        *(table[f"z{j}"] for j in range(3)), labels, table["count"], strict=True
    ):
        counts[(*code, label)] = count
    expected = {}
    for code, label in zip(sampler.quantize(Z).tolist(), Y.tolist(), strict=True):
        key = (*code, label if name == "labelled.zbins" else None)
        expected[key] = expected.get(key, 0) + 1
    assert counts == expected


def test_bench(folder):
    sizes = ("--n-rows", 300, "--n-components", 2, "-n", 100)
    result = run_json("bench", *sizes, "--n-features", 4)
    assert (result["n_rows"], result["n_features"]) == (300, 4)
    for what in ("fit", "sample"):
        times = result[what]
        assert times["ratio"] == pytest.approx(times["gmm"] / times["zbins"])
    assert result["machine"]["zbins"] == zbins.__version__
    shown = run("bench", "z.npy", *sizes).stdout
    assert "fit 300 rows" in shown
    assert "3 columns, float32" in shown
