"""Careless and hostile calls: one line that names the file and what is wrong; all files stay."""

from __future__ import annotations

import os
import pathlib
import pickle
import shlex
import sys
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

import zbins
from cli_helpers import ERROR, USAGE, refuses, run
from helpers import rows, with_value

Z = rows(100, 3)
Y = np.arange(100) % 3


class Bomb:
    """Unpickled, it would make a folder."""

    def __reduce__(self):
        return os.mkdir, ("exploded",)


ARRAYS = {
    "z": Z,
    "other": Z,
    "single": Z.astype(np.float32),
    "wide": rows(5, 4),
    "nan": with_value(Z, np.nan, (57, 2)),
    "inf": with_value(Z, np.inf, (57, 2)),
    "[red]z[x]": with_value(Z, np.nan, (1, 1)),
    "norows": Z[:0],
    "long": Z.astype(np.longdouble),
    "row": Z[0],
    "cube": Z[None],
    "number": np.float64(3),
    "nocolumns": Z[:, :0],
    "complex": Z.astype(complex),
    "text": Z.astype(str),
    "dates": np.zeros((3, 2), "M8[s]"),
    "records": np.zeros(3, [("a", "f8"), ("b", "f8")]),
    "y": Y,
    "y99": Y[:99],
    "ycolumn": Y[:, None],
    "yhalf": Y + 0.5,
    "ystr": Y.astype(str),
    "ybool": Y == 0,
    "bounds": np.array([[-9.0] * 3, [9.0] * 3]),
    "upside": np.array([[9.0] * 3, [-9.0] * 3]),
}


def make_files():
    for name, array in ARRAYS.items():
        np.save(f"{name}.npy", array)
    for name, array in {"bomb": [[Bomb()]], "yobject": ["a"] * 100}.items():
        np.save(f"{name}.npy", np.array(array, object), allow_pickle=True)
    np.savez("bomb.npz", z=np.array([[Bomb()]], object))
    np.savez("two.npz", a=Z, b=Z)
    np.savez("labelled.npz", X=Z, y=Y)
    np.savez("none.npz")
    with zipfile.ZipFile("text.npz", "w") as archive:
        archive.writestr("a.npy", "no array at all")
    save_file({"a": Z, "b": Z}, "two.safetensors")
    zbins.PMFSampler(bounds=(-9, 9)).fit(Z).save("m.zbins")
    zbins.PMFSampler(bounds=(-9, 9)).fit(Z).save("m2.zbins")
    zbins.PMFSampler(5).fit(Z).save("five.zbins")
    zbins.PMFSampler(bounds=(-9, 9)).fit(Z, Y).save("labelled.zbins")
    npy, npz, tensors = (
        pathlib.Path(name).read_bytes() for name in ("z.npy", "two.npz", "two.safetensors")
    )
    at = npz.index(Z[50].tobytes())
    damaged = {
        "empty.npy": b"",
        "words.npy": b"1,2,3\n4,5,6\n",
        "pickle.npy": pickle.dumps([1, 2]),
        **{f"cut{size}.npy": npy[:size] for size in (3, 7, 9, 60, 127)},
        "short.npy": npy[:-1],
        "negative.npy": npy.replace(b"(100, 3)", b"(100,-3)"),
        "object.npy": npy.replace(b"'<f8'", b"'|O8'"),
        "version.npy": npy.replace(b"NUMPY\x01", b"NUMPY\x09"),
        "code.npy": npy.replace(b"'fortran_order'", b"__import__('os')"),
        "unclosed.npy": npy[:10] + b"[" + npy[11:],
        "cut.npz": npz[:1000],
        "flipped.npz": npz[:at] + b"\xff" + npz[at + 1 :],
        "cut.safetensors": tensors[:-1],
        "cutbounds.npy": pathlib.Path("bounds.npy").read_bytes()[:-1],
    }
    for name, content in damaged.items():
        pathlib.Path(name).write_bytes(content)
    os.mkdir("folder.npy")
    os.mkfifo("pipe.npy")
    os.symlink("nowhere", "dangling.npy")
    os.symlink("z.npy", "link.npy")
    os.symlink("m.zbins", "model.npy")


def make_tables():
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    lists = {"a": [1.0, None], "s": ["x", "y"], "l": [[1.0], [1.0, 2.0]]}
    tables = {
        "mixed": pa.table(lists),
        "words": pa.table({"s": ["x"]}),
        "twice": pa.Table.from_arrays([pa.array(Z[:, 0]), pa.array(Z[:, 1])], ["a", "a"]),
        "null": pa.table({"l": [None, [1.0, 2.0]]}),
        "label": pa.table({"z": Z[:2, 0], "l": ["a", None]}),
    }
    for name, table in tables.items():
        pq.write_table(table, f"{name}.parquet")
    data = pathlib.Path("mixed.parquet").read_bytes()
    pathlib.Path("cut.parquet").write_bytes(data[:-5])
    for name in ("y", "count"):
        pq.write_table(pa.table({name: Z[:, 0], "l": Y}), f"{name}.parquet")
        arguments = ("--columns", name, "--label-column", "l", "-o", f"{name}.zbins")
        run("fit", f"{name}.parquet", *arguments)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make_files()
    return folder


@pytest.fixture
def folder(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def contents():
    return {
        name: pathlib.Path(name).read_bytes() if os.path.isfile(name) else None
        for name in os.listdir()
    }


def check(line, says, code):
    if ".parquet" in line and not os.path.exists("mixed.parquet"):
        make_tables()
    before = contents()
    refuses(*shlex.split(line), says=says, code=code)
    assert contents() == before


# A line, in which "fit" has the output out.zbins where none is named, and what is said of it.
INPUTS = [
    ("fit none.npy", "No such file", "'none.npy'"),
    ("fit z.npy none*.npy", "no file matches 'none*.npy'"),
    ("fit .", "is a folder"),
    ("fit z.npy z.n*", "'z.npy' is given twice"),
    ("fit pipe.npy", "'pipe.npy'", "no regular file"),
    ("fit dangling.npy", "'dangling.npy'"),
    ("fit empty.npy", "'empty.npy' is empty", ".npy, .npz"),
    ("fit words.npy", "'words.npy' is none of these", "Parquet"),
    ("fit pickle.npy", "'pickle.npy' is none of these"),
    ("fit m.zbins", "'m.zbins' is a model"),
    *((f"fit cut{size}.npy", f"'cut{size}.npy'") for size in (3, 7, 9, 60, 127)),
    ("fit short.npy", "'short.npy' is cut short", "2,400 bytes", "2,399 follow"),
    ("fit negative.npy", "'negative.npy'"),
    ("fit object.npy", "'object.npy' holds Python objects"),
    ("fit version.npy", "'version.npy'", "version"),
    ("fit code.npy", "'code.npy' cannot be read"),
    ("fit unclosed.npy", "'unclosed.npy' cannot be read"),
    ("fit bomb.npy", "'bomb.npy' holds Python objects", "pickle"),
    ("fit bomb.npz", "'bomb.npz', array 'z', holds Python objects"),
    ("sample bomb.npy -n 1 -o x.npy", "'bomb.npy' is not a model"),
    ("fit row.npy", "'row.npy' has the shape (3,)"),
    ("fit cube.npy", "'cube.npy' has the shape (1, 100, 3)"),
    ("fit number.npy", "'number.npy' has the shape ()"),
    ("fit nocolumns.npy", "'nocolumns.npy'", "at least one column"),
    ("fit complex.npy", "'complex.npy' has the dtype complex128"),
    ("fit text.npy", "'text.npy'", "real numbers"),
    ("fit dates.npy", "'dates.npy'", "real numbers"),
    ("fit records.npy", "'records.npy' has the shape (3,)"),
    ("fit two.npz", "'two.npz' has 2 arrays: 'a', 'b'", "--key"),
    ("fit two.npz --key c", "no array 'c'", "'a', 'b'"),
    ("fit none.npz", "'none.npz' has no array"),
    ("fit cut.npz", "'cut.npz' cannot be read"),
    ("fit flipped.npz --key a", "'flipped.npz'", "CRC"),
    ("fit text.npz", "'text.npz'", "'a'"),
    ("fit z.npy --key a", "'z.npy'", "has no array 'a'"),
    ("fit two.safetensors", "'two.safetensors' has 2 arrays", "--key"),
    ("fit two.safetensors --key c", "no array 'c'"),
    ("fit cut.safetensors", "'cut.safetensors' cannot be read"),
    ("fit mixed.parquet", "'mixed.parquet': no value at row 1, column 'a'"),
    ("fit mixed.parquet --columns q", "no column 'q'", "'a', 's', 'l'"),
    ("fit mixed.parquet --columns a,s", "column 's' is string"),
    ("fit mixed.parquet --columns l", "2 numbers at row 1, 1 in the first row"),
    ("fit mixed.parquet --label-column q", "no column 'q'"),
    ("fit mixed.parquet --key a", "not --key"),
    ("fit z.npy --columns a", "is no Parquet file"),
    ("fit cut.parquet", "'cut.parquet' cannot be read"),
    ("fit words.parquet", "no column of numbers"),
    ("fit twice.parquet", "'twice.parquet' has several columns 'a'"),
    ("fit null.parquet", "'null.parquet': no value at row 0"),
    (
        "convert label.parquet --label-column l -o x.npz",
        "'label.parquet': no value at row 1, column 'l'",
    ),
    ("convert y.zbins -o t.parquet", "the model has a column 'y'"),
    ("convert count.zbins -o t.parquet", "the model has a column 'count'"),
    ("convert long.npy -o x.parquet", "Parquet has no type for"),
    ("fit z.npy wide.npy", "'wide.npy' disagrees with 'z.npy'", "columns 4 and 3"),
    ("fit z.npy single.npy", "'single.npy' disagrees", "float32 and float64"),
    ("fit norows.npy", "no rows"),
    ("fit norows.npy --quantile 0.1", "no rows"),
    ("fit z.npy --bounds empty.npy", "'empty.npy' cannot be read"),
    ("fit z.npy --bounds cutbounds.npy", "'cutbounds.npy' cannot be read"),
    ("fit z.npy --append ''", "No such file"),
]
LABELS = [
    ("fit z.npy --labels y99.npy", "'y99.npy' has 99 labels for 100 rows"),
    ("fit z.npy --labels ycolumn.npy", "labels have one dimension"),
    ("fit z.npy --labels yhalf.npy", "0.5", "at row 0"),
    ("fit z.npy --labels yobject.npy", "'yobject.npy' holds Python objects"),
    ("fit z.npy --labels two.npz", "'two.npz' is no .npy file"),
    ("fit z.npy other.npy --labels y.npy", "200 rows"),
    ("fit z.npy --labels y.npy --labels y99.npy", "2 files of labels for 1 files of latents"),
    ("fit labelled.npz --label-column y --labels y.npy", "not from both"),
    ("fit z.npy --append m.zbins --labels y.npy", "without labels"),
    *(
        (f"{command} z.npy other.npy --labels y.npy --labels {other}.npy", f"{kinds}; one type")
        for command in ("fit --quantile 0.01 --out-of-range ignore", "convert -o x.npz")
        for other, kinds in (("ystr", "int and some are str"), ("ybool", "bool and some are int"))
    ),
]
ROWS = [
    *(
        (
            f"fit z.npy nan.npy --chunk-rows 10 {more}",
            "'nan.npy': X contains NaN at row 57, column 2",
        )
        for more in ("", "--bounds -9,9", "--append m.zbins")
    ),
    (
        "fit z.npy inf.npy --chunk-rows 10 --quantile 0.1",
        "'inf.npy': X contains infinity at row 57, column 2",
    ),
    ("fit '[red]z[x].npy'", "'[red]z[x].npy': X contains NaN at row 1"),  # and is no markup
]
OUTPUTS = [
    ("fit z.npy -o z.npy", "'z.npy' is both input and output"),
    ("fit z.npy -o link.npy", "'link.npy' is both input and output"),
    ("fit z.npy --bounds bounds.npy -o bounds.npy", "'bounds.npy' is both input and output"),
    ("fit z.npy --labels y.n* -o y.npy", "'y.npy' is both input and output"),
    ("convert z.npy --labels y.np? -o ./y.npy", "'./y.npy' is both input and output"),
    ("convert z.npy -o ./z.npy", "both input and output"),
    ("sample m.zbins -n 3 -o model.npy", "'model.npy' is both input and output"),
    ("sample m.zbins -n 1 -o no/x.npy", "no'", "does not exist"),
    ("fit z.npy -o no/m.zbins", "does not exist"),
    ("sample m.zbins -n 1 -o folder.npy", "is a folder"),
    ("sample m.zbins -n 1 -o pipe.npy", "no regular file"),
    ("sample m.zbins -n 1000000000000000 -o x.npy", "x.npy", "24,000,000,000,000,000 bytes, but"),
]
MODELS = [
    ("info z.npy", "'z.npy' is not a model file of zbins"),
    ("sample z.npy -n 1 -o x.npy", "'z.npy' is not a model file of zbins"),
    ("info none.zbins", "No such file", "'none.zbins'"),
    ("merge m.zbins z.npy -o x.zbins", "'z.npy' is not a model file"),
    ("merge m.zbins five.zbins -o x", "'five.zbins' and 'm.zbins'", "column 0 has 10 bins"),
    ("merge m.zbins labelled.zbins -o x", "'labelled.zbins' and 'm.zbins'", "labels"),
    ("merge m.zbins ./m.zbins -o x", "given twice"),
    ("fit z.npy --append z.npy -o x.zbins", "'z.npy' is not a model"),
    ("convert m.zbins -o x.npy", "accepted are .npz and .parquet"),
    ("convert m.zbins z.npy -o x.npz", "one model at a time"),
    ("convert m.zbins --key a -o x.npz", "is a model"),
    ("convert z.npy --labels y.npy -o x.npy", "labels need .npz"),
    ("convert z.npy --labels ystr.npy -o x.safetensors", "holds no strings"),
    ("sample m.zbins -n 5 --label 1 -o x.npy", "no labels"),
    ("sample m.zbins -n 5 --with-labels -o x.npz", "no labels"),
    ("sample labelled.zbins -n 5 --label d -o x.npy", "no label 'd'", "0, 1, 2"),
    (f"sample m.zbins -n {2**64 + 1} -o x.npy", "below 2**64"),
    (f"sample m.zbins -n {10**30} -o x.parquet", "sample numbers end below 2**64"),
    (f"sample m.zbins -n 1 --seed {2**64} -o x.npy", "below 2**64"),
    ("bench z.npy --n-components 9999", "9999 components need as many rows"),
    ("bench none*.npy", "no file matches"),
]
OPTIONS = [
    ("fit z.npy --n-bins 0", "n_bins is 0"),
    ("fit z.npy --n-bins 65537", "n_bins is 65537"),
    ("fit z.npy --n-bins many", "'many'"),
    ("fit z.npy --n-bins 3,", "one per column"),
    ("fit z.npy --bounds 1", "'low,high'"),
    ("fit z.npy --bounds 1,2,3", "'low,high'"),
    ("fit z.npy --bounds 0,inf", "finite"),
    ("fit z.npy --bounds 5,-5", "the lower comes first"),
    ("fit z.npy --bounds z.npy", "'z.npy' has the shape (100, 3)"),
    ("fit z.npy --bounds upside.npy", "'upside.npy'", "9.0 and -9.0 for column 0"),
    ("fit z.npy --bounds 0,1 --quantile 0.1", "not both"),
    ("fit z.npy --quantile 0.7", "q < 0.5"),
    ("fit z.npy --out-of-range shrink", "out_of_range is 'shrink'"),
    ("fit z.npy --out-of-range ''", "out_of_range is ''"),
    ("fit z.npy --chunk-rows 0", "greater than or equal to 1"),
    ("fit z.npy --n-jobs 0", "--n-jobs': 0; accepted are"),
    ("fit z.npy --frobnicate", "No such option"),
    ("fit z.npy --append m.zbins --n-bins 3", "the model fixes them"),
    ("fit z.npy --columns ''", "different names"),
    ("fit z.npy --columns a,a", "different names"),
    ("fit -o out.zbins", "LATENTS"),
    ("convert z.npy", "'--output'"),
    ("convert z.npy -o x.csv", "accepted are .npy"),
    ("merge m.zbins -o x.zbins", "two or more"),
    ("merge m.zbins m2.zbins -o x --n-jobs 0", "'--n-jobs': 0"),
    ("bench z.npy --n-features 4", "--n-features"),
    ("bench --key a", "--key"),
    ("sample m.zbins -n -1 -o x.npy", "greater than or equal to 0"),
    ("sample m.zbins -n many -o x.npy", "valid integer"),
    ("sample m.zbins -n 1", "--output"),
    ("sample m.zbins -o x.npy", "--n-samples"),
    ("sample m.zbins -n 1 -o x.csv", ".safetensors"),
    ("sample m.zbins -n 1 -o x.npy --start 3", "needs --seed"),
    ("sample m.zbins -n 1 -o x.npy --with-labels", "--with-labels needs .npz"),
    ("sample m.zbins -n 1 -o - --json", "both want stdout"),
    ("sample m.zbins -n 1 -o x.npy --n-jobs 0", "'--n-jobs': 0"),
]


def cases(*tables):
    return [pytest.param(line, says, id=line) for table in tables for line, *says in table]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("line", "says"), cases(INPUTS, LABELS, ROWS, OUTPUTS, MODELS))
def test_errors(line, says):
    output = " -o out.zbins" if line.startswith("fit") and " -o " not in line else ""
    check(line + output, says, ERROR)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("line", "says"), cases(OPTIONS))
def test_usage(line, says):
    output = " -o out.zbins" if line.startswith("fit") and " -o " not in line else ""
    check(line + output, says, USAGE)


@pytest.mark.usefixtures("folder")
def test_a_fit_needs_an_output():
    check("fit z.npy", "'--output'", USAGE)


@pytest.mark.usefixtures("folder")
def test_parquet_without_pyarrow(monkeypatch):
    if not os.path.exists("mixed.parquet"):
        make_tables()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    says = ["Parquet files need pyarrow", "install it with: pip install"]
    check("fit mixed.parquet -o out.zbins", says, ERROR)
    check("sample m.zbins -n 1 -o x.parquet", "need pyarrow", ERROR)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_no_permission(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    zbins.PMFSampler().fit(Z).save("m.zbins")
    os.mkdir("closed", 0o500)
    refuses("sample", "m.zbins", "-n", 1, "-o", "closed/x.npy", says=["permission", "closed"])
    os.chmod("z.npy", 0)
    refuses("fit", "z.npy", "-o", "x", says=["Permission denied", "'z.npy'"])
