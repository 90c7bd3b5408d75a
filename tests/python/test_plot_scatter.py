"""Latents beside samples: the right rows, projected by the latents alone, drawn reproducibly."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

import zbins
from helpers import fingerprint

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_hex

from zbins.plot import LatentScatterDisplay

X = np.random.default_rng(0).normal(size=(300, 6)) * [5, 3, 1, 1, 1, 1] + 2
LABELS = np.arange(300) % 3


@pytest.fixture(autouse=True)
def _as_it_was():
    before, state = dict(matplotlib.rcParams), np.random.get_state()[1].copy()  # noqa: NPY002
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == before
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def offsets(display):
    """Points drawn, by their name in the legend."""
    return {c.get_label(): np.asarray(c.get_offsets()) for c in display.ax_.collections}


def legend(display):
    return [text.get_text() for text in display.legend_.get_texts()]


def plane(rows):
    return PCA(2, random_state=0).fit(X).transform(rows)


SAMPLERS = {
    "PMFS": zbins.PMFSampler(6).fit(X),
    "GMM": GaussianMixture(3, random_state=0).fit(X),
    "KDE": KernelDensity().fit(X),
}


def samples_of(name, n, seed):
    if name == "GMM":
        return GaussianMixture(3, random_state=0).fit(X).set_params(random_state=seed).sample(n)[0]
    return SAMPLERS[name].sample(n, random_state=seed)


def test_figure_three():
    before = fingerprint(SAMPLERS["PMFS"]), SAMPLERS["GMM"].random_state
    display = LatentScatterDisplay.from_estimator(SAMPLERS, X, random_state=7)
    drawn = offsets(display)
    np.testing.assert_allclose(drawn["latents"], plane(X[:100]))
    for name in SAMPLERS:
        found, expected = drawn[name], plane(samples_of(name, 100, 7))
        if name == "GMM":  # whose sample is sorted by component, and shown in random order
            found, expected = (rows[np.argsort(rows[:, 0])] for rows in (found, expected))
        np.testing.assert_allclose(found, expected)
    ratio = PCA(2, random_state=0).fit(X).explained_variance_ratio_
    np.testing.assert_allclose(display.explained_variance_ratio, ratio)
    assert display.ax_.get_xlabel() == f"principal component 1 ({ratio[0]:.1%} of variance)"
    assert display.ax_.get_ylabel() == f"principal component 2 ({ratio[1]:.1%} of variance)"
    assert legend(display) == ["latents", "PMFS", "GMM", "KDE"]
    assert (fingerprint(SAMPLERS["PMFS"]), SAMPLERS["GMM"].random_state) == before
    colours = {to_hex((*c.get_edgecolor(), *c.get_facecolor())[0]) for c in display.ax_.collections}
    assert len(colours) == 4


def test_a_mixture_fitted_in_float32():
    """Its covariances are not symmetric in their last bits; NumPy's warning would be an error."""
    mixture = GaussianMixture(20, random_state=0, reg_covar=1e-3).fit(X.astype(np.float32))
    before = mixture.covariances_.copy()
    display = LatentScatterDisplay.from_estimator(mixture, X, random_state=0)
    again = LatentScatterDisplay.from_estimator(mixture, X, random_state=0)
    assert (mixture.covariances_ == before).all()
    np.testing.assert_array_equal(*(d.samples["GaussianMixture"] for d in (display, again)))


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_sampler(name):
    display = LatentScatterDisplay.from_estimator(SAMPLERS[name], X, n_samples=20, random_state=1)
    assert legend(display) == ["latents", type(SAMPLERS[name]).__name__]
    assert [len(points) for points in offsets(display).values()] == [20, 20]


@pytest.mark.parametrize(
    "make",
    [
        lambda: 2**40,
        lambda: np.int64(3),
        lambda: np.random.RandomState(0),
        lambda: np.random.default_rng(0),
        lambda: torch.Generator().manual_seed(0),
    ],
    ids=["large", "int64", "RandomState", "Generator", "torch"],
)
def test_every_random_state_repeats(make):
    first, second = (
        LatentScatterDisplay.from_estimator(SAMPLERS, X, random_state=make()) for _ in range(2)
    )
    for name in SAMPLERS:
        np.testing.assert_array_equal(first.samples[name], second.samples[name])


def test_fewer_latents_than_asked_for():
    display = LatentScatterDisplay.from_estimator(SAMPLERS["PMFS"], X[:30], random_state=0)
    assert [len(points) for points in offsets(display).values()] == [30, 100]


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(str), torch.tensor(LABELS), LABELS > 0])
def test_labels_have_colours(labels):
    display = LatentScatterDisplay.from_estimator(SAMPLERS, X, y=labels, random_state=0)
    plain = np.asarray(labels)
    drawn = offsets(display)
    for label in np.unique(plain):
        np.testing.assert_allclose(drawn[f"latents, {label}"], plane(X[:100][plain[:100] == label]))
    assert legend(display)[-3:] == ["PMFS", "GMM", "KDE"]
    assert len(display.labels) == 100


@pytest.mark.parametrize("classes", [1, 10, 15, 60])
def test_many_labels_differ(classes):
    display = LatentScatterDisplay.from_latents(X, X, y=np.arange(300) % classes)
    discs = display.ax_.collections[:classes]
    assert len({to_hex(c.get_facecolor()[0]) for c in discs}) == classes
    display.figure_.draw_without_rendering()
    assert display.legend_.get_window_extent().y0 >= 0
    assert display.ax_.get_window_extent().width > 350  # pixels: room is left for the points


@pytest.mark.parametrize("convert", [torch.tensor, lambda a: torch.tensor(a).requires_grad_()])
def test_tensors_of_any_latent_shape(convert):
    class Latents:
        """As zbins.torch.LatentGenerator: sample gives images, sample_latents latents."""

        def sample(self, n):
            raise AssertionError("images were asked for")

        def sample_latents(self, n, y=None, *, random_state=None):
            drawn = SAMPLERS["PMFS"].sample(n, random_state=random_state)
            return convert(drawn.reshape(n, 2, 3))

    display = LatentScatterDisplay.from_estimator(
        Latents(), convert(X.reshape(-1, 2, 3)), random_state=7
    )
    np.testing.assert_allclose(offsets(display)["Latents"], plane(samples_of("PMFS", 100, 7)))


def test_a_latent_generator():
    from zbins.torch import LatentGenerator

    generator = LatentGenerator(sampler=zbins.PMFSampler(6))
    generator.fit_latents(torch.tensor(X).reshape(-1, 2, 3))
    display = LatentScatterDisplay.from_estimator(generator, generator.latents_, random_state=7)
    np.testing.assert_allclose(
        offsets(display)["LatentGenerator"], plane(samples_of("PMFS", 100, 7))
    )


def test_a_sampler_with_no_random_state():
    class Fixed:
        def sample(self, n):
            return X[:n]

    display = LatentScatterDisplay.from_estimator(Fixed(), X)
    np.testing.assert_array_equal(display.points, display.samples["Fixed"])


def test_two_columns_are_drawn_as_they_are():
    display = LatentScatterDisplay.from_latents(X[:, :2], {"shifted": X[:50, :2] + 1})
    np.testing.assert_array_equal(offsets(display)["latents"], X[:100, :2])
    np.testing.assert_array_equal(offsets(display)["shifted"], X[:50, :2] + 1)
    assert display.explained_variance_ratio is None
    assert display.ax_.get_xlabel() == "latent column 0"
    assert display.ax_.get_ylabel() == "latent column 1"


@pytest.mark.parametrize("labels", [None, LABELS])
def test_one_column_is_a_row_of_marks_each(labels):
    samples = {"a": X[:, 1:2], "b": X[:, 2:3]}
    display = LatentScatterDisplay.from_latents(X[:, :1], samples, y=labels)
    drawn = offsets(display)
    np.testing.assert_array_equal(drawn["a"], np.c_[X[:100, 1], np.full(100, -1.0)])
    np.testing.assert_array_equal(drawn["b"], np.c_[X[:100, 2], np.full(100, -2.0)])
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["latents", "a", "b"]
    assert (display.legend_ is None) == (labels is None)


def test_the_legend_covers_nothing():
    display = LatentScatterDisplay.from_latents(X, X, y=LABELS)
    display.figure_.draw_without_rendering()
    box = display.legend_.get_window_extent()
    assert box.x0 >= display.ax_.get_window_extent().x1
    assert box.x1 <= display.figure_.bbox.x1


def test_axes_of_the_caller():
    figure, (left, right) = plt.subplots(1, 2)
    display = LatentScatterDisplay.from_latents(X, X, ax=left)
    assert (display.ax_, display.figure_) == (left, figure)
    assert not right.collections
    assert display.plot(right, size=3) is display
    assert display.ax_ is right
    assert plt.get_fignums() == [figure.number]


def test_large_offsets_and_float32():
    """The projection is of float64: what float32 keeps of latents far from zero is not lost."""
    far = (X + 1e4).astype(np.float32)
    display = LatentScatterDisplay.from_latents(far, far)
    wanted = PCA(2).fit(far.astype(np.float64)).transform(far[:100].astype(np.float64))
    np.testing.assert_allclose(display.points, wanted, atol=1e-6)
