"""`zbins fit` gives the model of PMFSampler.fit byte for byte, from any format and any chunking."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

import zbins
from cli_helpers import run, run_json
from helpers import rows

Z = rows(500, 3, np.float32)
Y = np.arange(500) % 3


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    np.save("y.npy", Y)
    return tmp_path


def saved(sampler, folder):
    sampler.save(folder / "expected.zbins")
    return (folder / "expected.zbins").read_bytes()


def write_parquet(path, **columns):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(columns), path, row_group_size=123)


def write_formats():
    np.save("fortran.npy", np.asfortranarray(Z))
    np.save("swapped.npy", Z.astype(">f4"))
    np.savez("one.npz", Z)
    np.savez_compressed("fortran.npz", z=np.asfortranarray(Z))
    np.savez("two.npz", z=Z, y=Y)
    save_file({"z": Z, "y": Y}, "two.safetensors")


@pytest.mark.parametrize("chunk_rows", [1, 7, 500, 10_000])
@pytest.mark.parametrize(
    "arguments",
    [
        "z.npy",
        "fortran.npy",
        "one.npz",
        "fortran.npz",
        "two.npz --key z",
        "two.safetensors --key z",
    ],
)
def test_formats_and_chunks(arguments, chunk_rows, folder):
    write_formats()
    run("fit", *arguments.split(), "--n-bins", 4, "-o", "m.zbins", "--chunk-rows", chunk_rows)
    assert (folder / "m.zbins").read_bytes() == saved(zbins.PMFSampler(4).fit(Z), folder)


def test_other_byte_order(folder):
    write_formats()
    run("fit", "swapped.npy", "--n-bins", 4, "-o", "m.zbins")
    assert (folder / "m.zbins").read_bytes() == saved(zbins.PMFSampler(4).fit(Z), folder)


def test_bfloat16(folder):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as save_tensors

    half = torch.from_numpy(Z).bfloat16()
    save_tensors({"a": torch.zeros(3), "z": half}, "z.safetensors")
    arguments = ("fit", "z.safetensors", "--key", "z", "-o", "m.zbins", "--chunk-rows", 99)
    run(*arguments)
    expected = zbins.PMFSampler(10).fit(half.float().numpy())
    assert (folder / "m.zbins").read_bytes() == saved(expected, folder)


@pytest.mark.parametrize("chunk_rows", [1, 100, 10_000])
def test_parquet_keeps_the_names_of_columns(chunk_rows, folder):
    columns = {name: Z[:, j] for j, name in enumerate("abc")}
    write_parquet("z.parquet", word=np.array(["x", "y", "z"])[Y], **columns)
    arguments = ("fit", "z.parquet", "--label-column", "word", "--chunk-rows", chunk_rows)
    run(*arguments, "-o", "m.zbins")
    sampler = zbins.load("m.zbins")
    assert list(sampler.feature_names_in_) == ["a", "b", "c"]
    assert list(sampler.classes_) == ["x", "y", "z"]
    plain = zbins.PMFSampler().fit(Z, np.array(["x", "y", "z"])[Y])
    assert (sampler.sample(50, random_state=1) == plain.sample(50, random_state=1)).all()
    run("fit", "z.parquet", "--columns", "c,a", "-o", "ca.zbins")
    assert (zbins.load("ca.zbins").codes_ == zbins.PMFSampler().fit(Z[:, [2, 0]]).codes_).all()


def test_parquet_lists(folder):
    pa = pytest.importorskip("pyarrow")
    expected = saved(zbins.PMFSampler().fit(Z), folder)
    write_parquet("fixed.parquet", z=pa.FixedSizeListArray.from_arrays(Z.reshape(-1), 3))
    write_parquet("lists.parquet", z=pa.array(list(Z)))
    for name in ("fixed.parquet", "lists.parquet"):
        run("fit", name, "-o", "m.zbins", "--chunk-rows", 77)
        assert (folder / "m.zbins").read_bytes() == expected


def test_labels_from_anywhere(folder):
    write_formats()
    expected = saved(zbins.PMFSampler().fit(Z, Y), folder)
    np.save("a.npy", Z[:200])
    np.save("b.npy", Z[200:])
    np.save("ya.npy", Y[:200])
    np.save("yb.npy", Y[200:])
    for arguments in (
        "z.npy --labels y.npy",
        "a.npy b.npy --labels y.npy --chunk-rows 33",
        "a.npy b.npy --labels ya.npy --labels yb.npy",
        "two.npz --label-column y",
        "two.safetensors --label-column y",
    ):
        run("fit", *arguments.split(), "-o", "m.zbins")
        assert (folder / "m.zbins").read_bytes() == expected, arguments


def test_globs_are_expanded_in_order(folder):
    for part in range(5):
        np.save(f"part-{part}.npy", Z[100 * part : 100 * part + 100])
    run("fit", "part-*.npy", "-o", "m.zbins")
    assert (folder / "m.zbins").read_bytes() == saved(zbins.PMFSampler().fit(Z), folder)
    np.save("odd[1].npy", Z)  # a name that looks like a glob is a name
    run("fit", "odd[1].npy", "-o", "m.zbins")


def test_bounds_policies_and_bins(folder):
    run("fit", "z.npy", "--bounds", "-1,1", "--out-of-range", "ignore", "-o", "m.zbins")
    expected = zbins.PMFSampler(bounds=(-1.0, 1.0), out_of_range="ignore").fit(Z)
    assert (folder / "m.zbins").read_bytes() == saved(expected, folder)
    np.save("bounds.npy", np.array([[-9, -8, -7], [7, 8, 9]]))
    run("fit", "z.npy", "--n-bins", "3,4,5", "--bounds", "bounds.npy", "-o", "m.zbins")
    expected = zbins.PMFSampler([3, 4, 5], bounds=([-9, -8, -7], [7, 8, 9])).fit(Z)
    assert (folder / "m.zbins").read_bytes() == saved(expected, folder)
    arguments = ("fit", "z.npy", "--quantile", 0.05, "--out-of-range", "ignore")
    run(*arguments, "--chunk-rows", 99, "-o", "m.zbins")
    expected = zbins.PMFSampler(bounds=("quantile", 0.05), out_of_range="ignore").fit(Z)
    assert (folder / "m.zbins").read_bytes() == saved(expected, folder)


def test_append_is_partial_fit(folder):
    zbins.PMFSampler(4).fit(Z[:300]).save("m.zbins")
    np.save("more.npy", 2 * Z[300:])
    run("fit", "more.npy", "--append", "m.zbins", "-o", "m.zbins", "--chunk-rows", 50)
    expected = zbins.PMFSampler(4).fit(Z[:300]).partial_fit(2 * Z[300:])
    assert (folder / "m.zbins").read_bytes() == saved(expected, folder)


def test_empty_and_integer_files(folder):
    np.save("none.npy", Z[:0])
    run("fit", "none.npy", "z.npy", "-o", "m.zbins")
    assert (folder / "m.zbins").read_bytes() == saved(zbins.PMFSampler().fit(Z), folder)
    np.save("int.npy", np.arange(12).reshape(6, 2))
    run("fit", "int.npy", "-o", "m.zbins")
    assert zbins.load("m.zbins").lower_.dtype == np.float64


def test_the_result(folder):
    result = run_json("fit", "z.npy", "-o", "m.zbins")
    assert result["path"] == "m.zbins"
    assert (result["n_samples"], result["n_samples_seen"], result["n_features"]) == (500, 500, 3)
    assert result["n_bins"] == [10, 10, 10]
    assert result["n_occupied"] == len(zbins.load("m.zbins").counts_)
    assert result["seconds"] > 0
    assert result["file_bytes"] == (folder / "m.zbins").stat().st_size
    shown = run("fit", "z.npy", "--n-bins", 50, "-o", "m.zbins")
    assert "rows             500\n" in shown.stdout
    assert "zbins: warning:" in shown.stderr  # rows alone in their bin
    quiet = run("fit", "z.npy", "-o", "m.zbins", "-q")
    assert quiet.output == ""


def test_a_forced_bar_goes_to_stderr(folder):
    result = run("fit", "z.npy", "-o", "m.zbins", "--progress", "--json")
    assert result.stdout.startswith("{")
    assert "100%" in result.stderr
    assert "rows/s" in result.stderr


@pytest.mark.parametrize("how", ["fit --quantile 0.01 --out-of-range ignore", "convert"])
def test_labels_of_no_rows_have_no_type(how, folder):
    np.save("none.npy", Z[:0])
    np.save("ynone.npy", np.empty(0))
    given = ("z.npy", "none.npy", "--labels", "y.npy", "--labels", "ynone.npy")
    run(*how.split(), *given, "-o", "out.npz")


def test_lists_of_no_rows_have_no_length(folder):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    lists = pa.array([[1.0, 2.0]], pa.list_(pa.float64()))
    pq.write_table(pa.table({"l": lists[:0]}), "none.parquet")
    pq.write_table(pa.table({"l": lists}), "one.parquet")
    assert run_json("fit", "none.parquet", "one.parquet", "-o", "x")["n_features"] == 2


def test_byte_order_is_no_type(folder):
    np.save("big.npy", Z.astype(">f4"))
    assert run_json("fit", "big.npy", "z.npy", "-o", "x")["n_samples"] == 1000


def test_names_are_no_markup(folder):
    run("fit", "z.npy", "-o", "[bold]m[q].zbins")
    assert "[bold]m[q].zbins" in run("info", "[bold]m[q].zbins").stdout
