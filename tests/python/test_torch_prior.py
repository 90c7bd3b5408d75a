"""Laws 5 and 6 in the module: exact probabilities, and no draw outside an occupied bin."""

from __future__ import annotations

import contextlib
import copy
import tempfile

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

import reference as ref
import zbins
from compare import expected_grid
from helpers import rows
from strategies import latents, n_bins
from zbins.torch import PMFPrior

WORDS = 1 << 64
each_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])
words_of_64_bits = st.one_of(
    st.integers(0, WORDS - 1),
    st.sampled_from([0, 1, 2**32 - 1, 2**32, 2**63 - 1, 2**63, WORDS - 2**32, WORDS - 1]),
)
totals = st.one_of(
    st.integers(1, 2**63 - 1),
    st.sampled_from([1, 2, 3, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**62, 2**63 - 1]),
)
quick = settings(max_examples=min(60, settings.default.max_examples))


def halves(words):
    """64-bit words as torch has them: upper and lower half, in int64."""
    words = [int(word) for word in words]
    return torch.tensor([[w >> 32 for w in words], [w & 0xFFFFFFFF for w in words]])


@contextlib.contextmanager
def given_randomness(words, u=None):
    """torch.randint gives these 64-bit words, and torch.rand this number or its own."""
    with pytest.MonkeyPatch.context() as patch:

        def randint(low, high, size, *, dtype, device):
            assert (low, high, size, dtype) == (0, 2**32, (2, len(words)), torch.int64)
            return halves(words).to(device)

        patch.setattr(torch, "randint", randint)
        if u is not None:
            patch.setattr(torch, "rand", lambda size, **kind: torch.full(size, u, **kind))
        yield


def words_of_every_bin(counts):
    """The smallest and the largest word that picks each bin."""
    n, before, words = int(sum(counts)), 0, []
    for c in counts:
        after = before + int(c)
        words += [-(-before * WORDS // n), -(-after * WORDS // n) - 1]
        before = after
    return words


SOME_BINS = {m: zbins.PMFSampler(m).fit(np.arange(m)[:, None]) for m in (1, 2, 3)}


@quick
@given(words_of_64_bits, totals)
def test_ranks_are_exact(word, n):
    """Of bins that end just before, at and after the rank that 64-bit arithmetic gives."""
    rank = (word * n) >> 64
    ends = sorted({rank, rank + 1, n} - {0})
    sampler = SOME_BINS[len(ends)]
    prior = PMFPrior(sampler)
    prior.load_state_dict(prior.state_dict() | {"cumulative": torch.tensor(ends)})
    assert prior.n_samples_seen == n
    with given_randomness([word]):
        z = prior(1).numpy()
    picked = sum(end <= rank for end in ends)
    assert sampler.quantize(z).tolist() == [sampler.codes_[picked].tolist()]


def heavy_sampler():
    """One bin with 2**40 rows, and 5 bins with one row each."""
    heavy = zbins.PMFSampler(n_bins=8, bounds=(0, 8)).fit([[0.5]])
    for _ in range(40):
        heavy.merge(copy.deepcopy(heavy))
    return heavy.partial_fit([[1.5], [2.5], [3.5], [5.5], [7.5]])


def test_one_huge_count_and_some_of_one():
    sampler = heavy_sampler()
    prior = PMFPrior(sampler)
    assert prior.n_samples_seen == 2**40 + 5
    words = words_of_every_bin(sampler.counts_)
    with given_randomness(words):
        z = prior(len(words)).numpy()
    assert np.array_equal(sampler.quantize(z), np.repeat(sampler.codes_, 2, axis=0))


@st.composite
def fitted(draw, dtype, max_columns, grown=False):
    X = draw(latents(max_columns=max_columns, dtype=dtype))
    k = draw(n_bins(X.shape[1]))
    half = max(1, len(X) // 2) if grown else len(X)
    grid = expected_grid(X[:half], k)
    assume(grid is not None)
    if half < len(X):
        assume(ref.grow(grid, X[half:]) is not None)
    y = draw(st.sampled_from([None, np.arange(len(X)) % 3]))
    sampler = zbins.PMFSampler(k).partial_fit(X[:half], None if y is None else y[:half])
    if half < len(X):
        sampler.partial_fit(X[half:], None if y is None else y[half:])
    return sampler


def grid_of(sampler):
    """The grid of a fitted sampler, as it stands in its file."""
    with tempfile.TemporaryDirectory() as folder:
        sampler.save(f"{folder}/a.zbins")
        arrays = load_file(f"{folder}/a.zbins")
    names = ("origin", "top", "k", "first_bin", "n_bins")
    wide = (arrays[name].astype(np.int64) for name in names[2:])
    return ref.Grid(*(arrays[name] for name in names[:2]), *wide)


def check_closure(sampler, words):
    """Whatever the random numbers, a draw lies in the bin that the oracle picks."""
    prior, grid = PMFPrior(sampler), grid_of(sampler)
    n = int(sampler.counts_.sum())
    words = [*words, *words_of_every_bin(sampler.counts_)]
    picked = [ref.pick(sampler.counts_, (word * n) >> 64)[0] for word in words]
    last = 1 - 2.0 ** (-24 if prior.dtype == torch.float32 else -53)
    for u in (None, 0.0, last):
        with given_randomness(words, u):
            z = prior(len(words))
        assert (str(z.dtype), z.device) == (f"torch.{sampler.lower_.dtype}", prior.device)
        z = z.numpy()
        assert np.array_equal(sampler.quantize(z), sampler.codes_[picked])
        assert sampler.contains(z).all()
        codes, inside = ref.codes_of(grid, z)
        assert inside.all()
        assert np.array_equal(codes, sampler.codes_[picked])
        assert not np.signbit(z[z == 0]).any()  # -0.0 is +0.0
        constant = grid.constant
        assert (z[:, constant] == grid.origin[constant]).all()


@each_dtype
@quick
@given(data=st.data(), words=st.lists(words_of_64_bits, max_size=8))
def test_closure(dtype, data, words):
    check_closure(data.draw(fitted(dtype, max_columns=65)), words)


@each_dtype
@quick
@given(data=st.data(), words=st.lists(words_of_64_bits, max_size=8))
def test_closure_on_grown_grids(dtype, data, words):
    check_closure(data.draw(fitted(dtype, max_columns=17, grown=True)), words)


@each_dtype
def test_closure_far_from_zero_and_below_the_first_bounds(dtype):
    """A bin at 1e8 holds a handful of float32 values; growth below makes first_bin negative."""
    far = 1e8 + np.random.default_rng(0).integers(0, 400, size=(50, 3))
    sampler = zbins.PMFSampler(16).partial_fit(far.astype(dtype))
    sampler.partial_fit((far - 900).astype(dtype)).partial_fit((far + 900).astype(dtype))
    assert (grid_of(sampler).first < 0).all()
    check_closure(sampler, [])
    assert sampler.contains(PMFPrior(sampler)(1000).numpy()).all()


def test_a_column_with_more_than_256_codes_beside_one_with_few():
    X = np.stack([np.arange(3000) % 1000, np.arange(3000) % 2, np.full(3000, 7)], axis=1)
    sampler = zbins.PMFSampler(1000).fit(X.astype(np.float64))
    prior = PMFPrior(sampler)
    assert prior.places.dtype == torch.int32
    assert len(prior.raw) == 1000 + 2 + 1
    check_closure(sampler, [])


def chi_square(observed, expected):
    """How many standard deviations the statistic is off its mean, about."""
    freedom = len(observed) - 1
    return (((observed - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom)


@each_dtype
def test_draws_follow_the_counts_and_are_uniform_inside_a_bin(dtype):
    sampler = zbins.PMFSampler(4, bounds=(-4, 4)).fit(rows(2000, 2, dtype).clip(-4, 4))
    n = 500_000
    z = PMFPrior(sampler)(n, torch.Generator().manual_seed(1)).numpy()
    flat = np.array([4, 1])
    order = np.argsort(sampler.codes_ @ flat)
    observed = np.bincount(sampler.quantize(z) @ flat, minlength=16)[sampler.codes_[order] @ flat]
    assert observed.sum() == n
    assert abs(chi_square(observed, n * sampler.counts_[order] / 2000)) < 5
    for column in z.T:
        inside, _ = np.histogram((column / 2) % 1, bins=64, range=(0, 1))
        assert abs(chi_square(inside, np.full(64, n / 64))) < 5


def test_random_words_have_all_64_bits(monkeypatch):
    seen, randint = [], torch.randint

    def spy(*arguments, **more):
        seen.append(randint(*arguments, **more))
        return seen[-1]

    monkeypatch.setattr(torch, "randint", spy)
    n = 10_000
    PMFPrior(zbins.PMFSampler().fit(rows()))(n, torch.Generator().manual_seed(0))
    (words,) = seen
    assert words.shape == (2, n)
    bits = torch.stack([(words >> bit) & 1 for bit in range(32)]).sum(-1)
    assert ((bits - n / 2).abs() < 5 * n**0.5 / 2).all()
    assert int(words.min()) >= 0
    assert int(words.max()) < 2**32


def test_seeds():
    prior = PMFPrior(zbins.PMFSampler().fit(rows()))
    torch.manual_seed(5)
    first, second = prior(20), prior(20)
    torch.manual_seed(5)
    assert torch.equal(prior(20), first)
    assert not torch.equal(first, second)
    generator = torch.Generator().manual_seed(5)
    state = torch.get_rng_state()
    assert torch.equal(prior(20, generator), first)  # the same numbers, from a generator of its own
    assert torch.equal(prior(n=20, generator=generator), second)
    assert torch.equal(torch.get_rng_state(), state)


def test_sizes_of_draws():
    prior = PMFPrior(zbins.PMFSampler().fit(rows(d=3)))
    for n in (0, 1, np.int64(7)):
        z = prior(n)
        assert z.shape == (n, 3)
        assert not z.requires_grad
        assert z.is_contiguous()


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_properties(kind):
    X = rows(50, 3, np.float32)
    sampler = zbins.PMFSampler(4).fit(X if kind == "numpy" else torch.from_numpy(X))
    prior = PMFPrior(sampler)
    assert prior.n_features == 3
    assert prior.n_occupied == len(sampler.counts_)
    assert prior.n_samples_seen == 50
    assert (prior.dtype, prior.device) == (torch.float32, torch.device("cpu"))
    told = f"n_features=3, n_occupied={prior.n_occupied}, n_samples_seen=50, dtype=torch.float32"
    assert repr(prior) == f"PMFPrior({told})"
    assert not list(prior.parameters())


def test_empty():
    prior = PMFPrior()
    assert (prior.n_features, prior.n_occupied, prior.n_samples_seen) == (0, 0, 0)
    assert repr(prior) == "PMFPrior(empty)"
    assert prior.update(zbins.PMFSampler().fit(rows())) is prior
    assert prior(4).shape == (4, 2)


def test_updates_and_the_sampler_going_on():
    """The prior keeps its model until update, which takes one of any size."""
    sampler = zbins.PMFSampler(5).partial_fit(rows(30))
    prior = PMFPrior(sampler)
    torch.manual_seed(0)
    before = prior(50)
    sampler.partial_fit(9 * rows(30, seed=1))
    torch.manual_seed(0)
    assert torch.equal(prior(50), before)
    prior.update(sampler)
    assert prior.n_samples_seen == 60
    assert sampler.contains(prior(200).numpy()).all()
    prior.update(zbins.PMFSampler().fit(rows(9, 7, np.float32)))
    assert (prior(3).shape, prior(3).dtype) == ((3, 7), torch.float32)


def test_memory_is_what_the_docstring_says():
    prior = PMFPrior(zbins.PMFSampler(8).fit(rows(5000, 16, np.float32)))
    codes, m, d = len(prior.raw), prior.n_occupied, prior.n_features
    assert codes <= 8 * d
    nbytes = sum(table.nbytes for table in prior.buffers())
    assert nbytes == 8 * m + m * d + 3 * 4 * codes + (8 + 4 + 4) * d
