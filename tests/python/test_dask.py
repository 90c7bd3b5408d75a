"""A fit on Dask is the fit of one machine, file for file, and refuses what that refuses."""

from __future__ import annotations

import dask
import dask.array as da
import numpy as np
import pytest

import zbins
import zbins.dask
from helpers import fingerprint, refused, rows, run_python, with_value

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


def refuses(kind, texts, X, y=None, chunks=30, **parameters):
    """The fit is refused, fitted before or not, and leaves no trace."""
    if isinstance(X, np.ndarray):
        X = da.from_array(X, chunks=(chunks, -1))
    for sampler in (zbins.PMFSampler(**parameters), zbins.PMFSampler().fit(rows(9, 2))):
        sampler.set_params(**parameters)
        refused(kind, texts, lambda s=sampler: zbins.dask.fit(s, X, y), sampler)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_bad_value_is_named_by_its_row_in_all(value):
    X = with_value(rows(300, 3), value, (77, 2), (78, 0), (250, 1))
    refuses(ValueError, "at row 77, column 2", X)
    refuses(ValueError, "at row 77, column 2", X, chunks=(0, 77, 0, 1, 222))
    refuses(ValueError, "at row 77, column 2", X, bounds=(-5, 5))
    latents = da.from_array(X, chunks=(30, 3))
    refuses(ValueError, "at row 77, column 2", latents[latents[:, 0] != 1e9])  # lengths unknown


def test_other_bad_values_are_named_by_their_rows():
    X = with_value(rows(300, 2), 9.5, (277, 1))
    refuses(ValueError, ["9.5", "row 277, column 1"], X, bounds=(-9, 9), out_of_range="error")
    X = with_value(rows(300, 2), 1e9, (277, 1))
    refuses(ValueError, ["1e+09", "row 277, column 1", "65536"], X, bounds=(-5, 5))
    wide = with_value(with_value(rows(300, 2), 3e4, (277, 1)), -4e4, (20, 1))
    texts = ["X contains -40000 at row 20, column 1", "[-0.5, 0.5]", "65536"]
    refuses(ValueError, texts, wide, bounds=(-0.5, 0.5), n_bins=1)
    labels = np.arange(300).astype(float)
    labels[222] = 0.5
    refuses(TypeError, ["0.5", "row 222"], rows(300), da.from_array(labels, chunks=30))


def test_what_is_no_matrix_of_numbers():
    X = da.from_array(rows(100, 3), chunks=(30, 3))
    refuses(ValueError, ["(2, 1)", "X.rechunk({1: -1})"], X.rechunk((30, 2)))
    refuses(ValueError, "(100,)", X[:, 0])
    refuses(ValueError, "(100, 3, 1)", X[:, :, None])
    refuses(ValueError, "(100, 0)", X[:, :0])
    refuses(ValueError, "no rows", X[:0])
    refuses(ValueError, "no rows", X[X[:, 0] > 100])
    refuses(TypeError, "complex128", X.astype(complex))
    refuses(TypeError, "<U32", X.astype(str))
    for other in (None, 3, [[1.0, 2.0]]):
        refuses(TypeError, ["dask.array.Array", type(other).__name__], other)
    sampler = zbins.PMFSampler()
    refused(TypeError, ["ndarray", "sampler.fit"], lambda: zbins.dask.fit(sampler, rows()), sampler)
    with pytest.raises(TypeError, match="a PMFSampler is needed"):
        zbins.dask.fit(zbins.PMFSampler, X)


def test_labels_that_do_not_go_with_the_rows():
    X = da.from_array(rows(100, 2), chunks=(30, 2))
    refuses(TypeError, ["ndarray", "from_array"], X, np.arange(100))
    refuses(ValueError, "(100, 1)", X, da.zeros((100, 1), chunks=30))
    refuses(ValueError, ["99", "100"], X, da.zeros(99, chunks=30))
    unknown = X[X[:, 0] > -99]
    refuses(ValueError, ["5 chunks", "4 chunks"], unknown, da.zeros(100, chunks=20))
    refuses(ValueError, ["20 labels for 30 rows"], unknown, da.zeros(80, chunks=20))
    mixed = da.concatenate([da.zeros(50, dtype=int, chunks=50), da.ones(50, dtype=bool, chunks=50)])
    zbins.dask.fit(zbins.PMFSampler(), X, mixed.astype(int))
    objects = np.array([1] * 50 + ["a"] * 50, object)
    refuses(TypeError, ["int", "str"], X, da.from_array(objects, chunks=25))


def test_parameters():
    X = da.from_array(rows(100, 2), chunks=(30, 2))
    refuses(ValueError, ["quantile", "bounds=(lower, upper)"], X, bounds=("quantile", 0.1))
    refuses(ValueError, "all 100 rows", X, bounds=(50, 60), out_of_range="ignore")
    refuses(ValueError, "n_bins is 0", X, n_bins=0)
    refuses(ValueError, "3 entries for 2 columns", X, n_bins=[1, 2, 3])
    refuses(ValueError, "3 entries for 2 columns", X, bounds=(0, [1, 2, 3]))
    refuses(ValueError, "out_of_range", X, out_of_range="clip")


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
