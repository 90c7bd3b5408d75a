"""Edge cases whose result is defined (design, "Edge cases"; errata 3 to 8), not refused."""

from __future__ import annotations

import numpy as np
import pytest

import zbins
from helpers import fingerprint, refused, rows, several_runs

DTYPES = [np.float32, np.float64]


def fit(X, n_bins=4, y=None, **parameters):
    return zbins.PMFSampler(n_bins, **{"random_state": 0, **parameters}).fit(X, y)


def check_closure(sampler, n=500):
    """Every sample lies in an occupied bin, the one its code says, inside the range."""
    samples = sampler.sample(n)
    assert sampler.contains(samples).all()
    occupied = {code.tobytes() for code in sampler.codes_}
    assert {code.tobytes() for code in sampler.quantize(samples)} <= occupied
    assert (samples >= sampler.lower_).all()
    assert (samples <= sampler.upper_).all()
    return samples


# -- a constant dimension (erratum 5) ----------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("constant", [0.0, -0.0, 1.5, -3e4, 1e8 + 1, 1e-40, 3e38])
def test_a_constant_column_is_repeated_and_left_out_of_the_density(constant, dtype):
    X = rows(dtype=dtype)
    with_constant = np.insert(X, 1, dtype(constant), axis=1)
    sampler, without = fit(with_constant), fit(X)
    assert sampler.n_bins_.tolist() == [4, 1, 4]
    assert sampler.lower_[1] == sampler.upper_[1] == dtype(constant)
    assert (sampler.codes_[:, 1] == 0).all()
    samples = check_closure(sampler)
    assert (samples[:, 1] == dtype(constant)).all()
    assert not np.signbit(samples[:, 1]).any() or constant < 0
    assert np.array_equal(sampler.score_samples(with_constant), without.score_samples(X))
    beside = with_constant.copy()
    beside[:, 1] = np.nextafter(dtype(constant), dtype(np.inf))
    assert not sampler.contains(beside).any()
    assert np.isneginf(sampler.score_samples(beside)).all()


def test_all_columns_constant():
    sampler = fit(np.full((7, 3), 2.5))
    assert (sampler.sample(5) == 2.5).all()
    assert sampler.counts_.tolist() == [7]
    assert (sampler.score_samples(np.full((2, 3), 2.5)) == 0).all()  # log(7 / 7), no volume


@pytest.mark.parametrize("policy", ["grow", "error", "ignore"])
def test_a_constant_column_gets_its_width_from_the_first_chunk_in_which_it_varies(policy):
    a, b = np.array([[0.0, 5.0], [4.0, 5.0]]), np.array([[1.0, 5.0], [2.0, 7.0]])
    sampler = zbins.PMFSampler(4, out_of_range=policy, random_state=0).partial_fit(a)
    sampler.partial_fit(a[:, ::-1][:0]).partial_fit(a)
    assert sampler.n_bins_.tolist() == [4, 1]
    sampler.partial_fit(b)
    assert sampler.n_bins_.tolist() == [4, 4]
    assert sampler.lower_.tolist() == [0, 5]
    assert sampler.upper_.tolist() == [4, 7]
    assert sampler.n_samples_seen_ == 6
    assert fingerprint(sampler)[2:] == fingerprint(fit(np.vstack([a, a, b])))[2:]
    check_closure(sampler)


def test_a_constant_column_widens_downward_too():
    sampler = fit([[0.0, 5.0], [4.0, 5.0]]).partial_fit([[4.0, 1.0]])
    assert (sampler.lower_.tolist(), sampler.upper_.tolist()) == ([0, 1], [4, 5])
    assert sorted(sampler.codes_[:, 1].tolist()) == [0, 3, 3]


def test_bounds_that_meet_are_a_constant_column_and_stay_one():
    parameters = {"bounds": ([0, 5], [4, 5])}
    sampler = fit([[1, 5], [2, 5]], **parameters, out_of_range="ignore")
    sampler.partial_fit([[1, 6]])
    assert (sampler.n_samples_seen_, sampler.n_samples_ignored_) == (2, 1)
    assert sampler.n_bins_.tolist() == [4, 1]
    strict = fit([[1, 5], [2, 5]], **parameters, out_of_range="error")
    refused(ValueError, "6 at row 0, column 1", lambda: strict.partial_fit([[1, 6]]), strict)
    grown = fit([[1, 5], [2, 5]], **parameters).partial_fit([[1, 6]])
    assert grown.n_bins_.tolist() == [4, 4]


# -- zero has no sign --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_negative_zero_is_zero(dtype, tmp_path):
    X = np.array([[0, -2], [-2, 0], [0, 0], [1, 1], [-1, 3]], dtype)
    negative = np.where(X == 0, dtype(-0.0), X)
    assert np.signbit(negative[X == 0]).all()
    a, b = fit(X), fit(negative)
    assert fingerprint(a) == fingerprint(b)
    assert np.array_equal(a.quantize(X), a.quantize(negative))
    assert a.contains(negative).all()
    for sampler in (fit(negative[2:3]), fit(negative[:3]), fit(np.abs(negative), bounds=(-0.0, 3))):
        zero = np.concatenate([sampler.lower_, sampler.upper_, sampler.sample(99).ravel()])
        assert not np.signbit(zero[zero == 0]).any()
    a.save(tmp_path / "a.zbins")
    b.save(tmp_path / "b.zbins")
    assert (tmp_path / "a.zbins").read_bytes() == (tmp_path / "b.zbins").read_bytes()


# -- few rows, few bins, many bins -------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 3, 4096])
@pytest.mark.parametrize("dtype", DTYPES)
def test_one_row(d, dtype):
    X = rows(1, d, dtype)
    sampler = fit(X)
    assert (sampler.n_samples_seen_, sampler.counts_.tolist()) == (1, [1])
    assert np.array_equal(sampler.sample(3), np.repeat(X, 3, axis=0))
    inside = fit(X, bounds=(-10, 10))
    assert inside.contains(check_closure(inside, 50)).all()


@pytest.mark.parametrize("d", [1, 5])
def test_one_bin(d):
    X = rows(d=d)
    sampler = fit(X, n_bins=1)
    assert sampler.codes_.tolist() == [[0] * d]
    assert sampler.counts_.tolist() == [20]
    assert check_closure(sampler, 2000).std() > 0.1
    volume = np.prod(X.max(axis=0) - X.min(axis=0))
    assert np.allclose(sampler.score_samples(X), -np.log(volume))


@pytest.mark.parametrize(("d", "k"), [(64, 2), (65, 2), (33, 4), (9, 256), (5, 65_536), (4096, 10)])
def test_more_bins_than_64_bits_can_number(d, k):
    X = rows(50, d)
    sampler = fit(X, n_bins=k, y=np.arange(50) % 2)
    assert sampler.counts_.sum() == 50
    assert sampler.contains(X).all()
    assert sampler.quantize(X).max() == k - 1  # erratum 3: the maximum is inside
    assert not sampler.contains(X[:, ::-1]).any()
    check_closure(sampler, 20)


@pytest.mark.parametrize("k", [128, 200, 256, 257, 65_536])
def test_codes_never_wrap(k):  # erratum 2
    X = np.linspace(0, 1, 3 * k)[:, None]
    sampler = fit(X, n_bins=k)
    assert sampler.codes_.dtype == (np.uint8 if k <= 256 else np.uint16)
    assert sorted(sampler.codes_[:, 0].tolist()) == list(range(k))
    assert np.array_equal(sampler.quantize(X)[[0, -1], 0], [0, k - 1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_duplicates_only_and_all_distinct(dtype):
    X = np.tile(np.array([[1, 2], [3, 5]], dtype), (5000, 1))
    assert fit(X).counts_.tolist() == [5000, 5000]
    distinct = np.arange(5000, dtype=dtype)[:, None] * np.array([1, -1], dtype)
    sampler = fit(distinct, n_bins=5000)
    assert (sampler.counts_ == 1).all()
    assert len(sampler.counts_) == 5000


# -- magnitudes (erratum 7) --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "offset", "step", "k"),
    [
        ("f4", 1e8, 8, 4),
        ("f4", 1e8, 8, 10),
        ("f4", -1e8, 8, 50),
        ("f4", 1e8, 8, 1000),
        ("f8", 1e8, 1e-7, 10),
        ("f8", 1e16, 2, 7),
        ("f8", -1e300, 1e285, 100),
        ("f4", 0, 1e-36, 10),
        ("f8", 0, 1e-305, 10),
        ("f4", 0, 3e36, 10),
        ("f8", 0, 1e306, 65_536),
        ("f4", 1, 2**-23, 65_536),
    ],
)
def test_no_magnitude_breaks_closure(dtype, offset, step, k):
    X = (np.arange(100)[:, None] % np.array([50, 33]) * step + offset).astype(dtype)
    sampler = fit(X, n_bins=k)
    assert sampler.contains(X).all()
    assert np.array_equal(sampler.lower_, X.min(axis=0))
    assert np.array_equal(sampler.upper_, X.max(axis=0))
    check_closure(sampler, 2000)
    if k <= 1000:  # else twice the bins are too many
        grown = fit(X, n_bins=k).partial_fit(X[:50] + X[:50] - X[:1])
        assert grown.n_bins_.max() > k
        check_closure(grown, 500)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 4096])
def test_one_column_and_many(d, dtype):
    X = rows(300, d, dtype)
    sampler = fit(X, y=np.arange(300) % 3)
    assert sampler.contains(X).all()
    assert check_closure(sampler, 100).shape == (100, d)


# -- outside the grid, and nothing -------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_outside_when_reading(dtype):
    sampler = fit(np.array([[0], [1], [4]], dtype))
    outside = np.array([[-1], [-1e30], [np.nextafter(dtype(4), dtype(9))], [1e30]], dtype)
    assert sampler.quantize(outside).tolist() == [[0], [0], [3], [3]]
    assert not sampler.contains(outside).any()
    assert np.isneginf(sampler.score_samples(outside)).all()


def test_reading_values_beyond_a_float32_model():
    sampler = fit(np.array([[0.0, 0.0], [1.0, 1.0]], np.float32))
    X = np.array([[1e300, 0.5], [-1e300, 1e39], [0.5, 0.5]])
    assert sampler.quantize(X).tolist() == [[3, 2], [0, 3], [2, 2]]
    assert not sampler.contains(X[:2]).any()
    assert np.isneginf(sampler.score_samples(X[:2])).all()


def test_zero_rows_where_they_are_fine():
    X, none = rows(), rows(0)
    sampler = fit(X, y=np.arange(20) % 2)
    before = fingerprint(sampler)
    assert sampler.partial_fit(none) is sampler
    assert sampler.partial_fit(none, []) is sampler
    assert sampler.partial_fit(none, ["a"][:0]) is sampler
    assert sampler.sample(0).shape == (0, 2)
    assert sampler.sample(0).dtype == np.float64
    samples, labels = sampler.sample(0, y=1, return_y=True)
    assert (samples.shape, labels.shape, labels.dtype) == ((0, 2), (0,), np.int64)
    assert sampler.sample(0, y=[]).shape == (0, 2)
    assert list(sampler.sample_batches(0)) == []
    assert sampler.quantize(none).shape == (0, 2)
    assert sampler.quantize(none).dtype == np.uint8
    assert sampler.contains(none).shape == sampler.score_samples(none).shape == (0,)
    assert fingerprint(sampler) == before


def test_score_is_the_mean_of_score_samples():
    X = rows(200)
    sampler = fit(X)
    score = sampler.score(X)
    assert type(score) is float
    assert score == sampler.score_samples(X).mean()
    assert sampler.score(X, np.zeros(200)) == score  # y is ignored, as in scikit-learn
    assert sampler.score([[0.0, 0.0], [99.0, 0.0]]) == -np.inf


def test_density_integrates_to_one():
    X = rows(500, 3)
    sampler = fit(X, n_bins=[3, 4, 5])
    width = (X.max(axis=0) - X.min(axis=0)) / [3, 4, 5]
    middles = X.min(axis=0) + (sampler.codes_ + 0.5) * width
    density = np.exp(sampler.score_samples(middles))
    assert np.isclose((density * width.prod()).sum(), 1)


def test_quantile_bounds_leave_outliers_out():
    X = np.arange(101.0)[:, None]
    X[50] = 1e6
    sampler = fit(X, bounds=("quantile", 0.05), out_of_range="ignore")
    assert (sampler.lower_.tolist(), sampler.upper_.tolist()) == ([5], [96])
    assert (sampler.n_samples_seen_, sampler.n_samples_ignored_) == (91, 10)
    assert fingerprint(fit(X, bounds=("quantile", 0)))[2:] == fingerprint(fit(X))[2:]


# -- fitting again -----------------------------------------------------------------------------


def test_fit_starts_anew():
    sampler = several_runs()
    X = rows(30, 5, np.float32)
    again = sampler.set_params(n_bins=7).fit(X)
    assert fingerprint(again) == fingerprint(zbins.PMFSampler(7, random_state=0).fit(X))


def test_new_labels_may_come_later():
    X = rows(60)
    y = np.sort(np.arange(60) % 6)[::-1]
    sampler = zbins.PMFSampler(4, bounds=(-9, 9), random_state=0)
    for part in np.array_split(np.arange(60), 7):
        sampler.partial_fit(X[part], y[part])
    assert sampler.classes_.tolist() == list(range(6))
    assert fingerprint(sampler) == fingerprint(fit(X, y=y, bounds=(-9, 9)))


def test_labels_of_ignored_rows_are_no_classes():
    X, y = np.array([[0.5], [0.6], [7.0]]), ["a", "b", "c"]
    sampler = fit(X, y=y, bounds=(0, 1), out_of_range="ignore")
    assert sampler.classes_.tolist() == ["a", "b"]
    refused(ValueError, "label 'c'", lambda: sampler.sample(y="c"), sampler)
