"""Careless and hostile files: one line that names the file and what is wrong, and no output."""

from __future__ import annotations

import os
import pickle
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

import zbins
from cli_helpers import refuses, run
from helpers import rows, with_value

Z = rows(100, 3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    zbins.PMFSampler().fit(Z).save("m.zbins")
    return tmp_path


def no_fit(says, *arguments):
    before = sorted(os.listdir())
    message = refuses("fit", *arguments, "-o", "out.zbins", says=says)
    assert sorted(os.listdir()) == before
    return message


def test_what_is_no_file(folder):
    no_fit(["No such file", "'none.npy'"], "none.npy")
    no_fit("no file matches 'none*.npy'", "z.npy", "none*.npy")
    no_fit("is a folder", ".")
    no_fit("'z.npy' is given twice", "z.npy", "z.*")
    os.mkfifo("pipe")
    no_fit(["'pipe'", "no regular file"], "pipe")
    os.symlink("nowhere", "dangling.npy")
    no_fit("'dangling.npy'", "dangling.npy")


def test_what_is_no_array(folder):
    (folder / "empty.npy").write_bytes(b"")
    no_fit(["'empty.npy' is empty", ".npy, .npz"], "empty.npy")
    (folder / "text.npy").write_text("1,2,3\n4,5,6\n")
    no_fit(["'text.npy' is none of these", "Parquet"], "text.npy")
    (folder / "pickle.npy").write_bytes(pickle.dumps([1, 2]))
    no_fit("'pickle.npy' is none of these", "pickle.npy")
    no_fit("'m.zbins' is a model", "m.zbins")
    for size in (3, 7, 9, 60, 127):
        (folder / "cut.npy").write_bytes((folder / "z.npy").read_bytes()[:size])
        no_fit("'cut.npy'", "cut.npy")


def test_damaged_npy(folder):
    data = (folder / "z.npy").read_bytes()
    (folder / "bad.npy").write_bytes(data[:-1])
    no_fit(["'bad.npy' is cut short", "2,400 bytes", "2,399 follow"], "bad.npy")
    (folder / "bad.npy").write_bytes(data.replace(b"(100, 3)", b"(100,-3)"))
    no_fit("'bad.npy'", "bad.npy")
    (folder / "bad.npy").write_bytes(data.replace(b"'<f8'", b"'|O8'"))
    no_fit(["'bad.npy'", "Python objects"], "bad.npy")
    (folder / "bad.npy").write_bytes(data.replace(b"NUMPY\x01", b"NUMPY\x09"))
    no_fit(["'bad.npy'", "version"], "bad.npy")
    (folder / "bad.npy").write_bytes(data.replace(b"'fortran_order'", b"__import__('os')"))
    no_fit("'bad.npy'", "bad.npy")


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (Z[0], "shape (3,)"),
        (Z[None], "shape (1, 100, 3)"),
        (np.float64(3), "shape ()"),
        (Z[:, :0], "at least one column"),
        (Z.astype(complex), "dtype complex128"),
        (Z.astype(str), "real numbers"),
        (np.zeros((3, 2), "M8[s]"), "real numbers"),
        (np.zeros(3, [("a", "f8"), ("b", "f8")]), "shape (3,)"),
    ],
)
def test_arrays_of_another_kind(array, says):
    np.save("other.npy", array)
    no_fit(["'other.npy'", says], "other.npy")


def test_object_arrays_are_never_unpickled(folder):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, ("exploded",)

    np.save("bomb.npy", np.array([[Bomb()]], object), allow_pickle=True)
    no_fit(["'bomb.npy' holds Python objects", "pickle"], "bomb.npy")
    np.savez("bomb.npz", z=np.array([[Bomb()]], object))
    no_fit(["'bomb.npz'", "holds Python objects"], "bomb.npz")
    refuses("sample", "bomb.npy", "-n", 1, "-o", "x.npy", says="'bomb.npy' is not a model")
    assert not (folder / "exploded").exists()


def test_npz(folder):
    np.savez("two.npz", a=Z, b=Z)
    no_fit(["'two.npz' has 2 arrays: 'a', 'b'", "--key"], "two.npz")
    no_fit(["no array 'c'", "'a', 'b'"], "two.npz", "--key", "c")
    np.savez("none.npz")
    no_fit("'none.npz' has no array", "none.npz")
    data = (folder / "two.npz").read_bytes()
    (folder / "cut.npz").write_bytes(data[:1000])
    no_fit("'cut.npz'", "cut.npz")
    at = data.index(Z[50].tobytes())
    (folder / "bad.npz").write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    no_fit(["'bad.npz'", "CRC"], "bad.npz", "--key", "a")
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("a.npy", "no array at all")
    no_fit(["'text.npz'", "'a'"], "text.npz")
    no_fit(["'z.npy'", "has no array 'a'"], "z.npy", "--key", "a")


def test_safetensors(folder):
    save_file({"a": Z, "b": Z}, "two.safetensors")
    no_fit(["'two.safetensors' has 2 arrays", "--key"], "two.safetensors")
    no_fit("no array 'c'", "two.safetensors", "--key", "c")
    (folder / "cut.safetensors").write_bytes((folder / "two.safetensors").read_bytes()[:-1])
    no_fit("'cut.safetensors'", "cut.safetensors")


def test_parquet(folder):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": [1.0, None], "s": ["x", "y"], "l": [[1.0], [1.0, 2.0]]}), "z.pq")
    no_fit(["'z.pq'", "no value at row 1, column 'a'"], "z.pq")
    no_fit(["no column 'q'", "'a', 's', 'l'"], "z.pq", "--columns", "q")
    no_fit("column 's' is string", "z.pq", "--columns", "a,s")
    no_fit("2 numbers at row 1, 1 in the first row", "z.pq", "--columns", "l")
    no_fit("no column 'q'", "z.pq", "--label-column", "q")
    no_fit("not --key", "z.pq", "--key", "a")
    no_fit("is no Parquet file", "z.npy", "--columns", "a")
    (folder / "cut.pq").write_bytes((folder / "z.pq").read_bytes()[:-5])
    no_fit("'cut.pq' cannot be read", "cut.pq")
    pq.write_table(pa.table({"s": ["x"]}), "words.pq")
    no_fit("no column of numbers", "words.pq")


def test_parquet_without_pyarrow(monkeypatch):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": [1.0]}), "z.pq")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    no_fit(["Parquet files need pyarrow", "install it with: pip install"], "z.pq")
    refuses("sample", "m.zbins", "-n", 1, "-o", "x.parquet", says="need pyarrow")


@pytest.mark.parametrize("arguments", [(), ("--bounds", "-9,9"), ("--append", "m.zbins")])
def test_the_row_of_a_bad_value_is_that_of_its_file(arguments):
    np.save("bad.npy", with_value(Z, np.nan, (57, 2)))
    no_fit(
        ["'bad.npy': X contains NaN at row 57, column 2"],
        *("z.npy", "bad.npy", "--chunk-rows", 10, *arguments),
    )


def test_the_row_with_quantiles():
    np.save("bad.npy", with_value(Z, np.inf, (57, 2)))
    says = ["'bad.npy': X contains infinity at row 57, column 2"]
    no_fit(says, "z.npy", "bad.npy", "--chunk-rows", 10, "--quantile", 0.1)


def test_files_that_disagree():
    np.save("wide.npy", rows(5, 4))
    no_fit(["'wide.npy' disagrees with 'z.npy'", "columns 4 and 3"], "z.npy", "wide.npy")
    np.save("single.npy", Z.astype(np.float32))
    no_fit(["'single.npy' disagrees", "float32 and float64"], "z.npy", "single.npy")


def test_labels(folder):
    np.save("y.npy", np.arange(99))
    no_fit(["'y.npy' has 99 labels for 100 rows"], "z.npy", "--labels", "y.npy")
    np.save("y.npy", np.zeros((100, 1)))
    no_fit("labels have one dimension", "z.npy", "--labels", "y.npy")
    np.save("y.npy", np.arange(100) + 0.5)
    no_fit(["0.5", "at row 0"], "z.npy", "--labels", "y.npy")
    np.save("y.npy", np.array(["a"] * 100, object), allow_pickle=True)
    no_fit(["'y.npy'", "Python objects"], "z.npy", "--labels", "y.npy")
    np.save("y.npy", np.arange(100))
    np.save("other.npy", Z)
    no_fit("200 rows", "z.npy", "other.npy", "--labels", "y.npy")
    np.savez("z.npz", X=Z, y=np.arange(100))
    arguments = ("z.npz", "--label-column", "y", "--labels", "y.npy")
    no_fit("not from both", *arguments)
    no_fit("without labels", "z.npy", "--append", "m.zbins", "--labels", "y.npy")


def test_no_rows():
    np.save("none.npy", Z[:0])
    no_fit("no rows", "none.npy")
    no_fit("no rows", "none.npy", "--quantile", 0.1)


def test_outputs(folder):
    refuses("fit", "z.npy", "-o", "z.npy", says="'z.npy' is both input and output")
    os.symlink("z.npy", "link.npy")
    refuses("fit", "z.npy", "-o", "link.npy", says="is both input and output")
    refuses("sample", "m.zbins", "-n", 1, "-o", "no/x.npy", says=["no'", "does not exist"])
    refuses("fit", "z.npy", "-o", "no/m.zbins", says="does not exist")
    os.mkdir("folder.npy")
    refuses("sample", "m.zbins", "-n", 1, "-o", "folder.npy", says="is a folder")
    os.mkfifo("pipe.npy")
    refuses("sample", "m.zbins", "-n", 1, "-o", "pipe.npy", says="no regular file")
    assert np.array_equal(np.load("z.npy"), Z)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_no_permission(folder):
    os.mkdir("closed", 0o500)
    refuses("sample", "m.zbins", "-n", 1, "-o", "closed/x.npy", says=["permission", "closed"])
    os.chmod("z.npy", 0)
    no_fit(["Permission denied", "'z.npy'"], "z.npy")


def test_models():
    for command in (("info", "z.npy"), ("sample", "z.npy", "-n", 1, "-o", "x.npy")):
        refuses(*command, says="'z.npy' is not a model file of zbins")
    refuses("info", "none.zbins", says=["No such file", "'none.zbins'"])
    refuses("merge", "m.zbins", "z.npy", "-o", "x.zbins", says="'z.npy' is not a model file")
    refuses("fit", "z.npy", "--append", "z.npy", "-o", "x.zbins", says="'z.npy' is not a model")


def test_names_are_no_markup():
    np.save("[red]z[x].npy", with_value(Z, np.nan, (1, 1)))
    no_fit("'[red]z[x].npy': X contains NaN at row 1", "[red]z[x].npy")
    run("fit", "z.npy", "-o", "[bold]m[q].zbins")
    assert "[bold]m[q].zbins" in run("info", "[bold]m[q].zbins").stdout
