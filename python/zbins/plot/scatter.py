"""Latents beside samples in two dimensions: Figure 3 of the PMFS paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.decomposition import PCA

from .._common.arrays import as_rows, check_squares, to_host
from .._common.checks import check_count
from .._common.labels import as_labels
from .._common.seeds import check_random_state
from .._types import Array
from ..protocol import check_sampler, draw
from .axes import axes_or_new, check_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.legend import Legend

_SHAPES = "x+^sdv*P<>"
_DARK = ("black", "dimgray", "saddlebrown", "darkslateblue")  # beside the colours of labels


class LatentScatterDisplay:
    """The first latents and as many samples of one or several samplers, in two dimensions.

    Latents of three columns or more are projected to the two directions in which they vary most
    (a principal component analysis of all latents given, not of the samples). Two columns are drawn
    as they are, and one as a line of marks for each sampler. As in Figure 3 of Bouayed, Iaccovelli,
    Naccache: *Sampling From Autoencoders' Latent Space via Quantization And Probability Mass
    Function Concepts*.

    Made by `from_estimator` from samplers, or by `from_latents` from samples that are there; `plot`
    draws again.

    Parameters
    ----------
    points : array-like or tensor of shape (n, 2) or (n, 1)
        Latents, projected.
    samples : dict of str to array-like or tensor of shape (m, 2) or (m, 1)
        Samples of each sampler, projected likewise.
    labels : array-like of n int, bool or str, or None, default=None
        Labels of the latents: each has its colour.
    explained_variance_ratio : tuple of float or None, default=None
        Share of the variance along both axes; None where there was no projection.

    Attributes
    ----------
    points, samples, labels, explained_variance_ratio
        As given, as ndarrays of float64.
    ax_ : matplotlib Axes
        What `plot` drew into.
    figure_ : matplotlib Figure
        Of those axes.
    legend_ : matplotlib Legend or None
        None where the rows of marks are named at the axis instead (one column, no labels).

    Raises
    ------
    TypeError
        If an argument is of another type than accepted.
    ValueError
        For other shapes, NaN or infinity, no point, or labels of another number than points.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.mixture import GaussianMixture
    >>> import zbins
    >>> from zbins.plot import LatentScatterDisplay
    >>> z = np.random.default_rng(0).normal(size=(1_000, 6))
    >>> samplers = {"PMFS": zbins.PMFSampler(8).fit(z), "GMM": GaussianMixture(4).fit(z)}
    >>> display = LatentScatterDisplay.from_estimator(samplers, z, random_state=0)
    >>> display.figure_.savefig("latents.png")  # doctest: +SKIP
    """

    ax_: Axes
    figure_: Figure | SubFigure
    legend_: Legend | None

    def __init__(
        self,
        points: Any,
        samples: Mapping[str, Any],
        *,
        labels: Any = None,
        explained_variance_ratio: Any = None,
    ) -> None:
        self.points = as_rows(points, "points")
        if self.points.shape[1] > 2:
            raise ValueError(
                f"points has {self.points.shape[1]} columns; accepted are 1 and 2: from_latents "
                "projects latents of more"
            )
        self.samples = {
            name: _of_width(as_rows(rows, name), name, self.points.shape[1], "points")
            for name, rows in _named(samples, "samples").items()
        }
        self.labels = None if labels is None else _labels(labels, len(self.points), "points")
        self.explained_variance_ratio = None
        if explained_variance_ratio is not None:
            ratio = np.asarray(explained_variance_ratio, np.float64)
            if ratio.shape != (2,) or self.points.shape[1] != 2:
                raise ValueError(
                    f"explained_variance_ratio is {explained_variance_ratio!r}; accepted are None "
                    "and, for points of 2 columns, two numbers"
                )
            self.explained_variance_ratio = ratio

    @classmethod
    def from_estimator(
        cls,
        sampler: Any,
        X: Any,
        *,
        n_samples: int = 100,
        y: Any = None,
        random_state: Any = None,
        size: float = 24.0,
        ax: Axes | None = None,
    ) -> LatentScatterDisplay:
        """Draw the first rows of X, and as many samples of each sampler.

        Parameters
        ----------
        sampler : fitted sampler, or dict of str to fitted sampler
            A PMFSampler, anything with ``sample(n)`` (scikit-learn's GaussianMixture and
            KernelDensity), or with ``sample_latents(n)`` (`zbins.torch.LatentGenerator`). The
            keys of a dict are the names in the legend; that of a single sampler is its class.
        X : array-like or tensor of shape (n, d) or (n, *latent_shape)
            Real latents: those fitted, or held out. The projection is fitted on all of them.
        n_samples : int, default=100
            Rows of X (all of them, where there are fewer), and samples of each sampler.
        y : array-like of n int, bool or str, or None, default=None
            Labels of the rows of X: each has its colour.
        random_state : None, int, RandomState, Generator or torch.Generator, default=None
            For the samples; None leaves it to each sampler. Where ``sample`` takes none
            (GaussianMixture), a copy of the sampler draws, with this as its ``random_state``.
        size, ax
            As in `plot`.

        Returns
        -------
        display : LatentScatterDisplay
            Drawn.

        Raises
        ------
        TypeError
            If a sampler has no such method, or an argument is of another type than accepted.
        ValueError
            If n_samples is below 1, X or samples are not finite, their columns differ in number,
            or X does not vary.
        NotFittedError
            From a sampler that is not fitted.
        """
        samplers = _named(sampler, "sampler")
        for name, one in samplers.items():
            check_sampler(one, name, (_method(one),))
        count = check_count("n_samples", n_samples, 1)
        check_random_state(random_state)
        _check_style(size, ax)
        latents = as_rows(X, "X")
        samples = {
            name: draw(one, count, random_state, method=_method(one), name=name)
            for name, one in samplers.items()
        }
        return cls.from_latents(latents, samples, n_samples=count, y=y, size=size, ax=ax)

    @classmethod
    def from_latents(
        cls,
        X: Any,
        samples: Any,
        *,
        n_samples: int = 100,
        y: Any = None,
        size: float = 24.0,
        ax: Axes | None = None,
    ) -> LatentScatterDisplay:
        """Draw the first rows of X and of samples that are there.

        Parameters
        ----------
        X : array-like or tensor of shape (n, d) or (n, *latent_shape)
            Real latents. The projection is fitted on all of them.
        samples : array-like or tensor of shape (m, d), or dict of str to such
            Those of each sampler, by name.
        n_samples : int, default=100
            Rows of X and of each of the samples, from the first; all, where there are fewer.
        y, size, ax
            As in `from_estimator`.

        Returns
        -------
        display : LatentScatterDisplay
            Drawn; errors are those of `from_estimator`.
        """
        count = check_count("n_samples", n_samples, 1)
        _check_style(size, ax)
        latents = as_rows(X, "X")
        labels = None if y is None else _labels(y, len(latents), "rows of X")[:count]
        rows = {
            name: _of_width(as_rows(one, name), name, latents.shape[1], "X")[:count]
            for name, one in _named(samples, "samples").items()
        }
        points, projected, ratio = _project(latents, latents[:count], rows)
        return cls(points, projected, labels=labels, explained_variance_ratio=ratio).plot(
            ax, size=size
        )

    def plot(self, ax: Axes | None = None, *, size: float = 24.0) -> LatentScatterDisplay:
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            None: those of a new figure, with the legend beside them. Within given axes the legend
            is where it covers least.
        size : float, default=24
            Area of a mark, in points squared.

        Returns
        -------
        self : LatentScatterDisplay
            With `ax_`, `figure_` and `legend_`.

        Raises
        ------
        TypeError, ValueError
            If `ax` is no Matplotlib Axes, or `size` is no finite number above 0.
        """
        _check_style(size, ax)
        one_column = self.points.shape[1] == 1
        height = 1.2 + 0.4 * (1 + len(self.samples)) if one_column else 4.8
        names = _entries(self.samples, self.labels)
        columns = 1 + (len(names) - 1) // 20
        beside = columns * (0.6 + 0.09 * max(map(len, names)))  # inches of a legend
        self.ax_ = axes_or_new(ax, max(6.4, 4.8 + beside), height)
        self.figure_ = self.ax_.figure
        _draw_points(self.ax_, self.points, self.samples, self.labels, float(size))
        if one_column:
            self.ax_.set_xlabel("latent column 0")
        elif self.explained_variance_ratio is None:
            self.ax_.set(xlabel="latent column 0", ylabel="latent column 1")
        else:
            first, second = self.explained_variance_ratio
            self.ax_.set_xlabel(f"principal component 1 ({first:.1%} of variance)")
            self.ax_.set_ylabel(f"principal component 2 ({second:.1%} of variance)")
        self.legend_ = None
        if not one_column or self.labels is not None:
            place: dict[str, Any] = {"loc": "best"}
            if ax is None:
                place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0.0}
            self.legend_ = self.ax_.legend(ncols=columns, **place)
        return self


def _method(sampler: Any) -> str:
    return "sample_latents" if hasattr(sampler, "sample_latents") else "sample"


def _named(value: Any, name: str) -> dict[str, Any]:
    """Return what is given by name; one thing alone takes the name of its class, or "samples"."""
    if not isinstance(value, Mapping):
        return {name if name == "samples" else type(value).__name__: value}
    if not value:
        raise ValueError(f"{name} is an empty dict; accepted is at least one entry")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(
                f"{name} has the key {key!r} of type {type(key).__name__}; accepted are names"
            )
    return dict(value)


def _of_width(rows: Array, name: str, d: int, of: str) -> Array:
    if rows.shape[1] != d:
        raise ValueError(
            f"the samples of {name} have {rows.shape[1]} columns and {of} has {d}; accepted are "
            "samplers of the same latents"
        )
    return rows


def _labels(y: Any, n: int, what: str) -> Array:
    labels = as_labels(to_host(y, "y") if hasattr(y, "shape") else y, n, what)
    assert isinstance(labels, np.ndarray)
    return labels


def _check_style(size: Any, ax: Any) -> None:
    if isinstance(size, bool) or not isinstance(size, (int, float, np.number)):
        raise TypeError(f"size is {size!r} of type {type(size).__name__}; it must be a number")
    if not (np.isfinite(size) and size > 0):
        raise ValueError(f"size is {size}; it must be finite and above 0")
    check_axes(ax)


def _project(
    X: Array, shown: Array, samples: dict[str, Array]
) -> tuple[Array, dict[str, Array], Array | None]:
    """Return rows to draw, in two columns or fewer.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
        Latents to fit the projection on.
    shown : ndarray of shape (m, d)
        Those to draw.
    samples : dict of str to ndarray of shape (k, d)
        Samples to draw.

    Returns
    -------
    points : ndarray of shape (m, min(d, 2))
        Of `shown`.
    projected : dict of str to ndarray of shape (k, min(d, 2))
        Of `samples`.
    ratio : ndarray of shape (2,) or None
        Shares of the variance of X; None if d is below 3, where nothing is projected.

    Raises
    ------
    ValueError
        If d is 3 or more and X does not vary, or has values beyond 1e100.
    """
    if X.shape[1] <= 2:
        return shown, samples, None
    for name, rows in {"X": X, **samples}.items():
        check_squares(rows, name)
    if not np.ptp(X, axis=0).any():
        raise ValueError(
            f"X has {len(X)} row(s), all the same; at least two that differ are needed to find the "
            "directions in which they vary"
        )
    # Large inputs are decomposed by a randomized method: with a seed, it is always the same one.
    pca = PCA(2, random_state=0).fit(X)
    projected = {name: pca.transform(rows) for name, rows in samples.items()}
    return pca.transform(shown), projected, pca.explained_variance_ratio_


def _entries(samples: dict[str, Array], labels: Array | None) -> list[str]:
    """Return the names of all sets of points, as the legend has them."""
    latents = ["latents"] if labels is None else [f"latents, {c}" for c in np.unique(labels)]
    return [*latents, *samples]


def _draw_points(
    ax: Axes, points: Array, samples: dict[str, Array], labels: Array | None, size: float
) -> None:
    """Draw latents and samples, named for a legend.

    Parameters
    ----------
    points, samples, labels
        As in `LatentScatterDisplay`. Of one column, each set is a row of marks.
    size : float
        Area of a mark, in points squared.
    """
    one_column = points.shape[1] == 1
    names = ["latents", *samples]

    def scatter(rows: Array, row: int, **style: Any) -> None:
        heights = np.full(len(rows), float(-row)) if one_column else rows[:, 1]
        if one_column:  # a tall thin line for every value
            style |= {"marker": "|", "s": 6 * size, "linewidths": 1.0}
        ax.scatter(rows[:, 0], heights, **style)

    disc = {"s": size, "marker": "o", "linewidths": 0.0, "alpha": 0.75}
    if labels is None:
        scatter(points, 0, label="latents", color="C0", **disc)
    else:
        classes = np.unique(labels)
        latents = _entries({}, labels)
        for label, name, colour in zip(classes, latents, _colours(len(classes)), strict=True):
            scatter(points[labels == label], 0, label=name, color=colour, **disc)
    for number, (name, rows) in enumerate(samples.items()):
        shape = _SHAPES[number % len(_SHAPES)]
        colour = f"C{number + 1}" if labels is None else _DARK[number % len(_DARK)]
        style = {"color": colour} if shape in "x+" else {"edgecolors": colour, "facecolors": "none"}
        scatter(rows, number + 1, label=name, s=size, marker=shape, linewidths=1.2, **style)
    if one_column:
        ax.set_yticks([-float(row) for row in range(len(names))], names)
        ax.tick_params(axis="y", length=0)
        ax.set_ylim(-len(names) + 0.4, 0.6)


def _colours(n: int) -> list[Any]:
    """Return n colours that differ as far as that many can."""
    import matplotlib as mpl

    if n <= 20:
        return list(mpl.colormaps["tab10" if n <= 10 else "tab20"].colors[:n])  # type: ignore[attr-defined]
    return list(mpl.colormaps["turbo"](np.linspace(0, 1, n)))
