"""What a careless call must not do: replace an input, mix types, ignore an option, lose a name."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

import zbins
from cli_helpers import BROKEN_PIPE, ERROR, OK, USAGE, refuses, run, run_json
from helpers import rows, run_python

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

Z = rows(100, 3)
Y = np.arange(100) % 3


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("z.npy", Z)
    np.save("y1.npy", Y)
    np.save("bounds.npy", np.array([[-9.0] * 3, [9.0] * 3]))
    zbins.PMFSampler(bounds=(-9, 9)).fit(Z).save("m.zbins")
    return tmp_path


def contents(name):
    return pathlib.Path(name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        (["fit", "z.npy", "--bounds", "bounds.npy"], "bounds.npy"),
        (["fit", "z.npy", "--labels", "y[0-9].npy"], "y1.npy"),
        (["convert", "z.npy", "--labels", "y?.npy"], "./y1.npy"),
        (["sample", "m.zbins", "-n", 3], "link.npy"),
    ],
)
def test_no_input_is_replaced(arguments, output):
    os.symlink("m.zbins", "link.npy")
    before = {name: contents(name) for name in os.listdir()}
    refuses(*arguments, "-o", output, says=[repr(output), "both input and output"])
    assert {name: contents(name) for name in os.listdir()} == before


def test_an_empty_append_is_no_new_model():
    before = contents("m.zbins")
    run("fit", "z.npy", "--append", "", "-o", "m.zbins", code=ERROR)
    run("fit", "z.npy", "--out-of-range", "", "-o", "m.zbins", code=USAGE)
    assert contents("m.zbins") == before


@pytest.mark.parametrize("how", ["fit", "convert"])
@pytest.mark.parametrize(
    ("others", "words"),
    [(Y.astype(str), "int and some are str"), (Y == 0, "bool and some are int")],
)
def test_labels_of_several_types(how, others, words):
    np.save("a.npy", Z)
    np.save("ya.npy", others)
    given = ["z.npy", "a.npy", "--labels", "y1.npy", "--labels", "ya.npy"]
    if how == "fit":
        given += ["--quantile", "0.01", "--out-of-range", "ignore"]
    refuses(how, *given, "-o", "out.npz", says=words)
    np.save("ya.npy", np.empty(0))  # of no rows, its type says nothing
    np.save("a.npy", Z[:0])
    run(how, *given, "-o", "out.npz")


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "z.npy", "-o", "x"],
        ["sample", "m.zbins", "-n", "1", "-o", "x.npy"],
        ["merge", "m.zbins", "n.zbins", "-o", "x"],
        ["convert", "z.npy", "-o", "x.npz"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_clock_starts_after_the_imports(arguments):
    """The time told is that of the work, not of importing scikit-learn."""
    shutil.copy("m.zbins", "n.zbins")
    told = run_python(
        """
        import contextlib, sys, time
        clock, asked = time.perf_counter, []

        def perf_counter():
            if sys._getframe(1).f_globals["__name__"].startswith("zbins.cli"):
                asked.append("sklearn" in sys.modules)
            return clock()

        time.perf_counter = perf_counter
        from zbins.cli import main
        with contextlib.suppress(SystemExit):
            main([*sys.argv[1:], "--quiet"])
        print(asked)
        """,
        *arguments,
    )
    assert told == "[True, True]\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bench", "z.npy", "--n-features", 4], "--n-features"),
        (["bench", "--key", "a"], "--key"),
        (["sample", "m.zbins", "-n", 1, "-o", "x.npy", "--n-jobs", 0], "'--n-jobs': 0"),
        (["merge", "m.zbins", "m.zbins", "-o", "x", "--n-jobs", 0], "'--n-jobs': 0"),
        (["fit", "z.npy", "-o", "x", "--bounds", "5,-5"], "the lower comes first"),
        (["fit", "z.npy", "-o", "x", "--columns", ""], "different names"),
        (["fit", "z.npy", "-o", "x", "--columns", "a,a"], "different names"),
    ],
)
def test_options_that_cannot_be_meant(arguments, says):
    refuses(*arguments, says=says, code=USAGE)


def test_bounds_from_a_damaged_file():
    for content in (b"", contents("bounds.npy")[:-1]):
        pathlib.Path("bad.npy").write_bytes(content)
        refuses("fit", "z.npy", "--bounds", "bad.npy", "-o", "x", says="'bad.npy' cannot be read")
    np.save("bad.npy", [[9.0] * 3, [-9.0] * 3])
    says = ["'bad.npy'", "9.0 and -9.0 for column 0"]
    refuses("fit", "z.npy", "--bounds", "bad.npy", "-o", "x", says=says, code=USAGE)


def test_parquet_with_odd_columns():
    columns = [pa.array(Z[:, 0]), pa.array(Z[:, 1])]
    pq.write_table(pa.Table.from_arrays(columns, ["a", "a"]), "twice.parquet")
    refuses("fit", "twice.parquet", "-o", "x", says="'twice.parquet' has several columns 'a'")
    pq.write_table(pa.table({"l": [None, [1.0, 2.0]]}), "null.parquet")
    refuses("fit", "null.parquet", "-o", "x", says="'null.parquet': no value at row 0")
    pq.write_table(pa.table({"z": Z[:2, 0], "l": ["a", None]}), "label.parquet")
    given = ["label.parquet", "--label-column", "l", "-o", "x.npz"]
    refuses("convert", *given, says="'label.parquet': no value at row 1, column 'l'")
    lists = pa.array([[1.0, 2.0]], pa.list_(pa.float64()))
    pq.write_table(pa.table({"l": lists[:0]}), "none.parquet")
    pq.write_table(pa.table({"l": lists}), "one.parquet")
    assert run_json("fit", "none.parquet", "one.parquet", "-o", "x")["n_features"] == 2


def test_columns_of_several_types_are_told():
    pq.write_table(pa.table({"i": [1, 2], "f": pa.array([0.5, 1.5], pa.float32())}), "t.parquet")
    assert (
        "'t.parquet' has columns of several types"
        in run("convert", "t.parquet", "-o", "t.npy").stderr
    )


@pytest.mark.parametrize("name", ["y", "count"])
def test_a_model_whose_columns_have_the_names_of_ours(name):
    pq.write_table(pa.table({name: Z[:, 0], "l": Y}), "t.parquet")
    run("fit", "t.parquet", "--columns", name, "--label-column", "l", "-o", "t.zbins")
    refuses("convert", "t.zbins", "-o", "t2.parquet", says=f"the model has a column {name!r}")


def test_byte_order_is_no_type():
    np.save("big.npy", Z.astype(">f8"))
    assert run_json("fit", "big.npy", "z.npy", "-o", "x")["n_samples"] == 200


def test_a_damaged_header_names_its_file():
    data = bytearray(contents("z.npy"))
    data[10] = ord("[")  # what opens here is never closed
    pathlib.Path("bad.npy").write_bytes(data)
    refuses("fit", "bad.npy", "-o", "x", says="'bad.npy' cannot be read")


def test_long_doubles_have_no_parquet():
    np.save("long.npy", Z.astype(np.longdouble))
    refuses("convert", "long.npy", "-o", "x.parquet", says="Parquet has no type for")


# -- streams of the process -----------------------------------------------------------------------


def shell(line, **environment):
    """Run a line of shell in which `zbins` is ours; return its exit code and what it printed."""
    program = f'zbins() {{ "{sys.executable}" -m zbins "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", program + line],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_closed_stdout():
    assert shell("zbins fit z.npy --n-bins 2 -o new.zbins >&-") == (OK, b"", b"")
    assert zbins.load("new.zbins").n_samples_seen_ == 100
    code, _, said = shell("zbins sample m.zbins -n 3 -o - >&-")
    assert code == USAGE
    assert b"stdout, which is closed" in said


def test_a_reader_that_went_away():
    code, _, said = shell('zbins info m.zbins | (exec <&-; sleep 3); exit "${PIPESTATUS[0]}"')
    assert (code, said) == (BROKEN_PIPE, b"")


def test_a_full_stdout():
    code, _, said = shell("zbins --version > /dev/full")
    assert code == ERROR
    assert said.startswith(b"zbins: error: No space left")


def test_a_name_that_is_no_text():
    """Where names cannot be printed as they are, they are printed all the same."""
    strict = {"PYTHONIOENCODING": "utf-8:strict"}
    code, shown, said = shell("zbins fit z.npy --n-bins 2 -o $'w\\xff.zbins'", **strict)
    assert (code, said) == (OK, b"")
    assert b"w\\udcff.zbins" in shown
    pq.write_table(pa.table({"a": Z[:, 0]}), "p.parquet")
    os.rename("p.parquet", b"p\xff.parquet")
    assert shell("zbins convert $'p\\xff.parquet' -o out.npy", **strict)[0] == OK
    assert np.array_equal(np.load("out.npy")[:, 0], Z[:, 0])
