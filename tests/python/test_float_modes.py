"""The laws hold whatever floating-point mode the calling thread is in.

``torch.set_flush_denormal(True)`` makes a thread take subnormal numbers for zero, `fesetround`
changes how it rounds; bounds, codes, samples and files must not notice, and the thread must find
its mode as it left it.
"""

from __future__ import annotations

import contextlib
import ctypes
import platform
import sys

import numpy as np
import pytest

import zbins

X86 = platform.machine() in ("x86_64", "AMD64")
TINY = np.float32(1e-40)  # subnormal in float32
SMALLEST = {np.float32: 1e-38, np.float64: 1e-307}  # near the smallest normal number


@contextlib.contextmanager
def flushing():
    torch = pytest.importorskip("torch")
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor has no such mode")
    try:
        assert np.float32(1e-40) * np.float32(1) == 0, "the mode is not in force"
        yield
        assert np.float32(1e-40) * np.float32(1) == 0, "the mode is gone after the call"
    finally:
        torch.set_flush_denormal(False)


@contextlib.contextmanager
def rounding(mode):
    """On x86-64 Linux: FE_UPWARD, FE_DOWNWARD or FE_TOWARDZERO, as <fenv.h> has them."""
    if not (X86 and sys.platform == "linux"):
        pytest.skip("knows the constants of x86-64 Linux only")
    libm = ctypes.CDLL("libm.so.6")
    before = libm.fegetround()
    assert libm.fesetround(mode) == 0
    try:
        yield
        assert libm.fegetround() == mode, "the mode is gone after the call"
    finally:
        libm.fesetround(before)


MODES = {
    "flush to zero": flushing,
    "upward": lambda: rounding(0x800),
    "downward": lambda: rounding(0x400),
    "toward zero": lambda: rounding(0xC00),
}


def subnormal_rows(dtype=np.float32, n=300):
    """Columns of subnormal values, of subnormal widths, and ordinary ones."""
    r = np.random.default_rng(5)
    small = SMALLEST[dtype]
    columns = [
        r.permutation(np.append(r.uniform(-0.01, 0.01, n - 60), r.uniform(4, 5, 60))) * small,
        (1 + r.uniform(0, 6, n)) * small,
        r.normal(size=n),
        r.uniform(0, 1, n) / 3,
    ]
    return np.stack(columns, axis=1).astype(dtype)


def all_of(X, tripled, low, high, n_jobs):
    """Everything a user may see of models of these rows, by name, as bytes.

    All that takes arithmetic is an argument, for it must not be done in the mode.
    """
    y = np.arange(len(X)) % 3
    seen = []

    def see(sampler):
        arrays = {
            "lower_": sampler.lower_,
            "upper_": sampler.upper_,
            "n_bins_": sampler.n_bins_,
            "codes_": sampler.codes_,
            "counts_": sampler.counts_,
            "sample": sampler.sample(500, random_state=3),
            "sample of a label": sampler.sample(50, random_state=3, y=1),
            "quantize": sampler.quantize(X),
            "contains": sampler.contains(X),
            "score_samples": sampler.score_samples(X),
        }
        seen.append({name: array.tobytes() for name, array in arrays.items()})

    make = lambda **more: zbins.PMFSampler(10, n_jobs=n_jobs, **more)  # noqa: E731
    see(make().fit(X, y))
    see(make(bounds=("quantile", 0.1), out_of_range="ignore").fit(X, y))
    see(make(bounds=(low, [high, 1, 9, 1]), out_of_range="ignore").fit(X, y))
    see(make().fit_batches([(X[:200], y[:200]), (X[200:], y[200:])]))
    chunks = make().partial_fit(X[:40], y[:40])
    see(chunks.partial_fit(X[40:], y[40:]).partial_fit(tripled, y))
    parts = [make(bounds=(low, 9)).fit(part, y[:150]) for part in (X[:150], tripled[150:])]
    see(parts[0].merge(parts[1]))
    return seen


@pytest.mark.parametrize("dtype", SMALLEST)
@pytest.mark.parametrize("n_jobs", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_nothing_depends_on_the_mode_of_the_thread(mode, n_jobs, dtype, monkeypatch):
    monkeypatch.setenv("ZBINS_NUM_THREADS", str(n_jobs))
    X = subnormal_rows(dtype)
    inputs = (X, 3 * X, -0.01 * SMALLEST[dtype], 5.0 * SMALLEST[dtype], n_jobs)
    plain = all_of(*inputs)
    with MODES[mode]():
        other = all_of(*inputs)
    for number, (a, b) in enumerate(zip(plain, other, strict=True)):
        assert [name for name in a if a[name] != b[name]] == [], f"of model {number}"


@pytest.mark.parametrize("mode", MODES)
def test_a_column_of_subnormal_values_is_no_constant(mode):
    X = np.array([[-1e-310], [1e-310], [5e-311]])
    with MODES[mode](), pytest.raises(ValueError, match=r"column 0 has the range .* too small"):
        zbins.PMFSampler(4).fit(X)
    wide = np.vstack([X, [[1e-306]]])
    with MODES[mode]():
        sampler = zbins.PMFSampler(4).fit(wide)
    assert sampler.n_bins_.tolist() == [4]
    assert sampler.lower_.tolist() == [-1e-310]


@pytest.mark.parametrize("mode", MODES)
def test_files_are_the_same_bytes(mode, tmp_path):
    files, X = [], subnormal_rows()
    for name in ("plain", "other"):
        with MODES[mode]() if name == "other" else contextlib.nullcontext():
            sampler = zbins.PMFSampler(7, bounds=(-1e-40, 3)).fit(X)
            sampler.save(tmp_path / name)
            loaded = zbins.load(tmp_path / name)
        files.append((tmp_path / name).read_bytes())
        assert loaded.codes_.tobytes() == sampler.codes_.tobytes()
    assert files[0] == files[1]


@pytest.mark.parametrize("mode", MODES)
def test_lattices_that_differ_by_subnormal_bounds_are_told_apart(mode):
    a = zbins.PMFSampler(4, bounds=(np.float32(0), np.float32(1))).fit(subnormal_rows())
    b = zbins.PMFSampler(4, bounds=(TINY, np.float32(1))).fit(subnormal_rows())
    with MODES[mode](), pytest.raises(ValueError, match=r"cannot merge: column 0 has 4 bins over"):
        a.merge(b)


@pytest.mark.parametrize("mode", MODES)
def test_labels_that_are_subnormal_are_no_whole_numbers(mode):
    y = np.where(np.arange(300) % 2, 5e-324, 0.0)
    with MODES[mode](), pytest.raises(TypeError, match="y has the label 5e-324"):
        zbins.PMFSampler(4).fit(subnormal_rows(), y)


@pytest.mark.parametrize("mode", MODES)
def test_words_and_means_are_the_same(mode):
    X = subnormal_rows(np.float64)
    sampler = zbins.PMFSampler(10).fit(X)
    plain = str(sampler.summary()), sampler.score(X)
    with MODES[mode]():
        assert (str(sampler.summary()), sampler.score(X)) == plain


@pytest.mark.parametrize("mode", MODES)
def test_a_prior_has_the_same_tables(mode):
    torch = pytest.importorskip("torch")
    from zbins.torch import PMFPrior

    sampler = zbins.PMFSampler(10).fit(torch.from_numpy(subnormal_rows()))
    plain = PMFPrior(sampler).state_dict()
    with MODES[mode]():
        other = PMFPrior(sampler).state_dict()
    for name, table in plain.items():
        assert table.numpy().tobytes() == other[name].numpy().tobytes(), name
