"""A fit on Dask is the fit of one machine, file for file, and refuses what that refuses."""

from __future__ import annotations

import dask
import dask.array as da
import numpy as np
import pytest

import zbins
import zbins.dask
from helpers import fingerprint, refused, rows, run_python, table, with_value

CHUNKINGS = [(300,), (1, 299), (100, 100, 100), (0, 7, 0, 293, 0), (1,) * 20 + (280,)]


@pytest.fixture(autouse=True)
def synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


def file_of(sampler, folder):
    path = folder / "model.zbins"
    sampler.save(path)
    return path.read_bytes()


def assert_same(folder, X, chunks, y=None, **parameters):
    """The model on Dask has the file of the model of one machine."""
    d = X.shape[1]
    one = zbins.PMFSampler(**parameters).fit(X, y)
    labels = None if y is None else da.from_array(y, chunks=(chunks,))
    several = zbins.PMFSampler(**parameters)
    latents = da.from_array(X, chunks=(chunks, (d,)))
    assert zbins.dask.fit(several, latents, labels) is several
    assert file_of(several, folder) == file_of(one, folder)
    assert several.sample(3, random_state=0).tobytes() == one.sample(3, random_state=0).tobytes()


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.float64, np.int8, np.int64, bool, ">f4"]
)
@pytest.mark.parametrize("chunks", CHUNKINGS)
def test_the_file_is_that_of_one_machine(chunks, dtype, tmp_path):
    X = (rows(300, 3) * (1 if np.dtype(dtype).kind == "f" else 3)).astype(dtype)
    assert_same(tmp_path, X, chunks, n_bins=7)


LABELS = {
    "int": np.arange(300) % 5,
    "bool": np.arange(300) % 2 == 0,
    "str": np.array(["a", "bb", "cccc"])[np.arange(300) % 3],
    "objects": np.array(["a", "bb", "cccc"], object)[np.arange(300) % 3],
    "floats": (np.arange(300) % 5).astype(float),
    "rare": np.where(np.arange(300) == 250, 9, 1),
}


@pytest.mark.parametrize("chunks", CHUNKINGS)
@pytest.mark.parametrize("labels", LABELS)
def test_labels(labels, chunks, tmp_path):
    assert_same(tmp_path, rows(300, 2), chunks, LABELS[labels], n_bins=4)


POLICIES = [
    {"bounds": (-1, 1)},
    {"bounds": (-1, 1), "out_of_range": "ignore"},
    {"bounds": (-9, 9), "out_of_range": "error"},
    {"bounds": ([0, -1], [0, 1])},  # a column without width grows by all rows at once
    {"bounds": ([0, -1], [0, 1]), "out_of_range": "ignore"},
    {"bounds": (2.5, 9), "out_of_range": "ignore"},  # most chunks have no row inside
    {"out_of_range": "error"},
    {"out_of_range": "ignore"},
    {"n_bins": [3, 300]},
    {"bounds": (-0.02, 0.02), "n_bins": 200},  # codes widen from 8 to 16 bits in some chunks
]


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("parameters", POLICIES, ids=str)
def test_policies(parameters, labelled, tmp_path):
    X = rows(300, 2)
    X[:, 0] = np.where(np.arange(300) % 3, X[:, 0], 0)
    X[5] = 0, 3  # inside ([0, -1], [0, 1]) nothing would be left else under "ignore"
    X[7] = 0, 0.5
    X[290] = 3, 3
    y = np.arange(300) % 3 if labelled else None
    for chunks in CHUNKINGS:
        assert_same(tmp_path, X, chunks, y, **{"n_bins": 5, **parameters})


def test_chunks_of_unknown_length(tmp_path):
    X, y = rows(300, 3), np.arange(300) % 4
    latents, labels = da.from_array(X, chunks=(50, 3)), da.from_array(y, chunks=50)
    some = X[:, 0] > 0.3
    several = zbins.PMFSampler(5)
    zbins.dask.fit(several, latents[latents[:, 0] > 0.3], labels[latents[:, 0] > 0.3])
    assert file_of(several, tmp_path) == file_of(
        zbins.PMFSampler(5).fit(X[some], y[some]), tmp_path
    )


def test_labels_in_other_chunks_are_rechunked(tmp_path):
    X, y = rows(300, 3), np.arange(300) % 4
    several = zbins.PMFSampler(5)
    zbins.dask.fit(several, da.from_array(X, chunks=(50, 3)), da.from_array(y, chunks=99))
    assert file_of(several, tmp_path) == file_of(zbins.PMFSampler(5).fit(X, y), tmp_path)


def test_minus_zero_and_strided_chunks(tmp_path):
    X = np.asfortranarray(np.where(rows(300, 3) > 0, 0.0, -0.0))
    X[3] = 1
    assert_same(tmp_path, X, (100, 200), n_bins=4)
    assert_same(tmp_path, X[::-1], (100, 200), n_bins=4)


def test_a_second_fit_forgets_the_first(tmp_path):
    X = da.from_array(rows(100, 2), chunks=(30, 2))
    sampler = zbins.PMFSampler(4).fit(rows(50, 5))
    zbins.dask.fit(sampler, X)
    assert file_of(sampler, tmp_path) == file_of(zbins.PMFSampler(4).fit(rows(100, 2)), tmp_path)


# -- what is refused; test_bad_input_*.py has what is refused by every fit ------------------------

V, T = ValueError, TypeError
L = da.from_array(rows(100, 3), chunks=(30, 3))  # latents
UNKNOWN = L[L[:, 0] > -99]  # nobody knows how long its chunks are
MANY = rows(300, 3)
NAMED = "at row 77, column 2"
STRICT = {"bounds": (-9, 9), "out_of_range": "error"}


def on_dask(array, chunks=30):
    return da.from_array(array, chunks=(chunks, -1)[: array.ndim])


def fraction():
    labels = np.arange(300).astype(float)
    labels[222] = 0.5
    return on_dask(labels)


FIRST = [
    (bad, chunks, parameters)
    for value in (np.nan, np.inf, -np.inf)
    for bad in [with_value(MANY, value, (77, 2), (78, 0), (250, 1))]
    for chunks, parameters in [(30, {}), ((0, 77, 0, 1, 222), {}), (30, {"bounds": (-5, 5)})]
]
REFUSED = [  # a name, X, y and parameters; the type of the error, and what it says
    *((f"the first {n}", on_dask(X, c), None, p, V, NAMED) for n, (X, c, p) in enumerate(FIRST)),
    *(
        (f"of unknown length {n}", on_dask(X)[on_dask(X)[:, 0] != 1e9], None, {}, V, NAMED)
        for n, (X, c, p) in enumerate(FIRST[::3])
    ),
    (
        *("outside", on_dask(with_value(MANY, 9.5, (277, 1))), None, STRICT, V),
        *("9.5", "row 277, column 1"),
    ),
    (
        *("far", on_dask(with_value(MANY, 1e9, (277, 1))), None, {"bounds": (-5, 5)}, V),
        *("1e+09", "row 277, column 1", "65536"),
    ),
    (
        *("wide", on_dask(with_value(with_value(MANY, 3e4, (277, 1)), -4e4, (20, 1))), None),
        *({"bounds": (-0.5, 0.5), "n_bins": 1}, V),
        *("X contains -40000 at row 20, column 1", "[-0.5, 0.5]", "65536"),
    ),
    ("a fraction", on_dask(rows(300)), fraction(), {}, T, "0.5", "row 222"),
    ("halves", L.rechunk((30, 2)), None, {}, V, "(2, 1)", "X.rechunk({1: -1})"),
    ("1-D", L[:, 0], None, {}, V, "(100,)"),
    ("3-D", L[:, :, None], None, {}, V, "(100, 3, 1)"),
    ("no columns", L[:, :0], None, {}, V, "(100, 0)"),
    ("no rows", L[:0], None, {}, V, "no rows"),
    ("no rows left", L[L[:, 0] > 100], None, {}, V, "no rows"),
    ("complex", L.astype(complex), None, {}, T, "complex128"),
    ("str", L.astype(str), None, {}, T, "<U32"),
    ("None", None, None, {}, T, "dask.array.Array", "NoneType"),
    ("int", 3, None, {}, T, "dask.array.Array", "int"),
    ("list", [[1.0, 2.0]], None, {}, T, "dask.array.Array", "list"),
    ("ndarray", rows(), None, {}, T, "ndarray", "sampler.fit"),
    ("plain labels", L, np.arange(100), {}, T, "ndarray", "from_array"),
    ("2-D labels", L, da.zeros((100, 1), chunks=30), {}, V, "(100, 1)"),
    ("99 labels", L, da.zeros(99, chunks=30), {}, V, "99", "100"),
    ("other chunks", UNKNOWN, da.zeros(100, chunks=20), {}, V, "5 chunks", "4 chunks"),
    ("short chunks", UNKNOWN, da.zeros(80, chunks=20), {}, V, "20 labels for 30 rows"),
    ("mixed", L, on_dask(np.array([1] * 50 + ["a"] * 50, object), 25), {}, T, "int", "str"),
    ("quantile", L, None, {"bounds": ("quantile", 0.1)}, V, "quantile", "bounds=(lower, upper)"),
    ("ignored", L, None, {"bounds": (50, 60), "out_of_range": "ignore"}, V, "all 100 rows"),
]


@table(REFUSED)
def test_what_is_refused(row):
    """Fitted before or not: it leaves no trace."""
    _, X, y, parameters, kind, *texts = row
    for sampler in (zbins.PMFSampler(**parameters), zbins.PMFSampler().fit(rows(9, 2))):
        sampler.set_params(**parameters)
        refused(kind, texts, lambda s=sampler: zbins.dask.fit(s, X, y), sampler)


def test_what_is_no_sampler():
    with pytest.raises(TypeError, match="a PMFSampler is needed"):
        zbins.dask.fit(zbins.PMFSampler, L)


def test_labels_of_several_types_that_were_made_one():
    mixed = da.concatenate([da.zeros(50, dtype=int, chunks=50), da.ones(50, dtype=bool, chunks=50)])
    assert zbins.dask.fit(zbins.PMFSampler(), L, mixed.astype(int)).classes_.tolist() == [0, 1]


class Fickle:
    """A source of chunks that gives something else each time."""

    def __init__(self, *values):
        self.values = list(values)

    def __call__(self, block):
        return self.values.pop(0)


@pytest.mark.parametrize(
    ("again", "text"),
    [
        (rows(30, 2, seed=1) * 9, "column 0 reaches from"),
        (rows(30, 2) * 0.5, "column 0 reaches"),
        (rows(30, 2)[np.r_[:30, :5]], "30 rows in the first pass and 35"),
    ],
)
def test_rows_that_differ_between_the_passes(again, text):
    X = da.zeros((30, 2), chunks=30).map_blocks(
        Fickle(rows(30, 2), again), dtype=float, meta=np.empty((0, 0))
    )
    sampler = zbins.PMFSampler()
    refused(ValueError, [text, "persist"], lambda: zbins.dask.fit(sampler, X), sampler)


def test_bounds_that_are_numbers_take_one_pass():
    X = da.zeros((30, 2), chunks=30).map_blocks(
        Fickle(rows(30, 2)), dtype=float, meta=np.empty((0, 0))
    )
    assert zbins.dask.fit(zbins.PMFSampler(bounds=(-1, 1)), X).n_samples_seen_ == 30


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, MemoryError])
def test_what_a_chunk_raises_comes_through_and_leaves_no_trace(error):
    def fails(block):
        raise error("this disk")

    X = da.zeros((90, 2), chunks=30).map_blocks(fails, dtype=float, meta=np.empty((0, 0)))
    for sampler in (zbins.PMFSampler(), zbins.PMFSampler().fit(rows())):
        before = fingerprint(sampler)
        with pytest.raises(error, match="this disk"):
            zbins.dask.fit(sampler, X)
        assert fingerprint(sampler) == before


def test_import_zbins_does_not_import_dask():
    run_python(
        "import sys, zbins\n"
        "zbins.PMFSampler, zbins.Summary, zbins.load, zbins.show_config\n"
        "assert not {'dask', 'torch', 'matplotlib'} & set(sys.modules)"
    )
