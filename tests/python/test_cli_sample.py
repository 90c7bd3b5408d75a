"""`zbins sample` writes the bits of PMFSampler.sample, in every format, a chunk at a time."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file

import zbins
from cli_helpers import refuses, run, run_json, run_process
from helpers import rows

Z = rows(300, 3, np.float32)
SAMPLER = zbins.PMFSampler(5).fit(Z, np.array(["a", "b", "c"])[np.arange(300) % 3])
NUMBERED = zbins.PMFSampler(5).fit(Z, np.arange(300) % 3 == 1)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    SAMPLER.save("m.zbins")
    NUMBERED.save("numbered.zbins")
    return tmp_path


def read(path, key="X"):
    if path.endswith(".npy"):
        return np.load(path)
    if path.endswith(".npz"):
        with np.load(path) as arrays:
            return arrays[key]
    if path.endswith(".safetensors"):
        return load_file(path)[key]
    table = pytest.importorskip("pyarrow.parquet").read_table(path)
    if key == "y":
        return np.asarray(table["y"])
    return np.column_stack([table[name] for name in table.column_names if name != "y"])


@pytest.mark.parametrize("extension", ["npy", "npz", "safetensors", "parquet"])
@pytest.mark.parametrize("chunk_rows", [1, 37, 1000])
def test_bits(extension, chunk_rows, folder):
    path = f"x.{extension}"
    arguments = ("-n", 100, "--seed", 7, "--start", 50, "--chunk-rows", chunk_rows)
    run("sample", "m.zbins", *arguments, "-o", path)
    X = read(path)
    assert X.dtype == np.float32
    assert np.array_equal(X, SAMPLER.sample(100, random_state=7, start=50))
    assert sorted(os.listdir()) == ["m.zbins", "numbered.zbins", path]


def test_npy_and_npz_are_as_numpy_writes_them(folder):
    run("sample", "m.zbins", "-n", 100, "--seed", 7, "-o", "x.npy")
    np.save("numpy.npy", SAMPLER.sample(100, random_state=7))
    assert (folder / "x.npy").read_bytes() == (folder / "numpy.npy").read_bytes()
    for name in ("a.npz", "b.npz"):
        run("sample", "m.zbins", "-n", 100, "--seed", 7, "-o", name, "--with-labels")
    assert (folder / "a.npz").read_bytes() == (folder / "b.npz").read_bytes()


@pytest.mark.parametrize("extension", ["npz", "safetensors", "parquet"])
@pytest.mark.parametrize("name", ["m.zbins", "numbered.zbins"])
def test_labels(name, extension, folder):
    arguments = ("sample", name, "-n", 101, "--seed", 1, "--with-labels", "--chunk-rows", 20)
    path = f"x.{extension}"
    if extension == "safetensors" and name == "m.zbins":
        refuses(*arguments, "-o", path, says="holds no strings")
        assert not os.path.exists(path)
        return
    run(*arguments, "-o", path)
    X, y = zbins.load(name).sample(101, random_state=1, return_y=True)
    assert np.array_equal(read(path), X)
    assert np.array_equal(read(path, "y"), y)


def test_one_label(folder):
    run("sample", "m.zbins", "-n", 50, "--seed", 1, "--label", "b", "-o", "x.npy")
    assert np.array_equal(np.load("x.npy"), SAMPLER.sample(50, random_state=1, y="b"))
    run("sample", "numbered.zbins", "-n", 50, "--seed", 1, "--label", "true", "-o", "x.npy")
    assert np.array_equal(np.load("x.npy"), NUMBERED.sample(50, random_state=1, y=True))


def test_a_round_trip_of_parquet(folder):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({name: Z[:, j] for j, name in enumerate("abc")}), "z.parquet")
    run("fit", "z.parquet", "-o", "named.zbins")
    run("sample", "named.zbins", "-n", 20, "-o", "x.parquet")
    assert pq.read_table("x.parquet").column_names == ["a", "b", "c"]
    run("fit", "x.parquet", "--append", "named.zbins", "-o", "named.zbins")
    pq.write_table(pa.table({name: Z[:, j] for j, name in enumerate("bac")}), "z.parquet")
    arguments = ("fit", "z.parquet", "--append", "named.zbins", "-o", "named.zbins")
    refuses(*arguments, says=["z.parquet", "feature names"])


def test_none(folder):
    for path in ("x.npy", "x.npz", "x.safetensors", "x.parquet"):
        run("sample", "m.zbins", "-n", 0, "-o", path)
        assert read(path).shape == (0, 3)


def test_a_seed_is_shown_where_none_was_given(folder):
    result = run_json("sample", "m.zbins", "-n", 10, "-o", "x.npy")
    assert (result["path"], result["n_samples"], result["start"]) == ("x.npy", 10, 0)
    assert np.array_equal(np.load("x.npy"), SAMPLER.sample(10, random_state=result["seed"]))
    assert run_json("sample", "m.zbins", "-n", 10, "-o", "x.npy")["seed"] != result["seed"]


def test_stdout(folder):
    arguments = (sys.executable, "-m", "zbins", "sample", "m.zbins", "-n", "20", "--seed", "1")
    import io
    import subprocess

    done = subprocess.run([*arguments, "-o", "-"], capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    assert np.array_equal(np.load(io.BytesIO(done.stdout)), SAMPLER.sample(20, random_state=1))


def test_a_whole_run_as_a_user(folder):
    np.save("z.npy", Z)
    done = run_process("fit", "z.npy", "--n-bins", 16, "-o", "u.zbins")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "rows             300")
    done = run_process("sample", "u.zbins", "-n", 100, "-o", "x.npy")
    assert (done.returncode, done.stderr) == (0, "")
    assert np.load("x.npy").shape == (100, 3)
