"""A grid of decoded samples, as one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._common.arrays import to_host
from .._common.checks import check_count
from .._common.images import mosaic
from .._common.labels import as_labels
from .._common.seeds import check_random_state
from .._types import Array
from ..pmf.sampler import PMFSampler
from ..protocol import check_conditional, check_sampler, draw
from .axes import axes_or_new, check_axes
from .images import as_images, check_colours, check_value_range, unit_range

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage

_IMAGES, _IMAGES_PER_LABEL = 64, 10
_TILE, _LARGEST = 0.6, 12.0  # inches of one image at least, and of a figure's side at most


class SampleGridDisplay:
    """Images in a grid, drawn as one picture without interpolation.

    Made by `from_estimator` from what samples images, or by `from_images` from images that are
    there; `plot` draws again.

    Parameters
    ----------
    images : array-like or tensor of shape (n, c, h, w), (n, h, w) or (n, h, w, c)
        Floats, uint8 or bool, of 1 or 3 channels; a tensor may be on any device and require grad.
        Where both (n, c, h, w) and (n, h, w, c) would do, it is the first.
    row_labels : sequence of r labels or None, default=None
        Titles of the rows: each holds n / r images, in order. None: rows have none, and their
        length is free.

    Attributes
    ----------
    images : ndarray of shape (n, h, w, c)
        As given, on the host.
    row_labels : list or None
        As given.
    ax_ : matplotlib Axes
        What `plot` drew into.
    figure_ : matplotlib Figure
        Of those axes.
    im_ : matplotlib AxesImage
        The one picture of all images.

    Raises
    ------
    TypeError
        If `images` hold no numbers, or integers other than uint8.
    ValueError
        For another shape, no image, NaN or infinity, or if n is no multiple of r.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from zbins.plot import SampleGridDisplay
    >>> digits = load_digits().images
    >>> display = SampleGridDisplay.from_images(digits[:60], value_range=(0, 16), columns=12)
    >>> display.figure_.savefig("digits.png")  # doctest: +SKIP
    """

    ax_: Axes
    figure_: Figure | SubFigure
    im_: AxesImage

    def __init__(self, images: Any, *, row_labels: Sequence[Any] | None = None) -> None:
        self.images = as_images(images)
        self.row_labels = None if row_labels is None else _listed(row_labels, "row_labels")
        if self.row_labels is not None and len(self.images) % len(self.row_labels):
            raise ValueError(
                f"row_labels has {len(self.row_labels)} labels for {len(self.images)} images; "
                "accepted is a number that divides them into rows of one length"
            )

    @classmethod
    def from_estimator(
        cls,
        generator: Any,
        n: int | None = None,
        *,
        y: Any = None,
        columns: int | None = None,
        random_state: Any = None,
        value_range: tuple[float, float] | str | None = None,
        gap: int | None = None,
        cmap: Any = "gray",
        ax: Axes | None = None,
    ) -> SampleGridDisplay:
        """Draw samples of a generator of images.

        Parameters
        ----------
        generator : object with ``sample(n, random_state=)``
            Returns n images, as the class describes them; `zbins.torch.LatentGenerator` does.
        n : int or None, default=None
            Images, or with `y` images per label. None: 64, or 10 per label.
        y : sequence of distinct labels, "classes" or None, default=None
            One row per label, titled with it, of ``generator.sample(n, y=label)``. "classes": all
            of ``generator.classes_``, or of its ``sampler_``'s.
        random_state : None, int, RandomState, Generator or torch.Generator, default=None
            Given to ``generator.sample``; None leaves it to the generator. With an int, the row of
            a label does not depend on the other rows.
        columns, value_range, gap, cmap, ax
            As in `plot`.

        Returns
        -------
        display : SampleGridDisplay
            Drawn.

        Raises
        ------
        TypeError
            If `generator` does not sample, or samples latents (a PMFSampler), or an argument is of
            another type than accepted.
        ValueError
            If n or `columns` is below 1, `y` is empty or names a label twice, or the samples are
            not n images.
        NotFittedError
            From the generator, if it is not fitted.
        """
        check_sampler(generator, "generator", ("sample",))
        if isinstance(generator, PMFSampler):
            raise TypeError(
                "generator is a PMFSampler, which samples latents, not images; accepted is what "
                "decodes them too, as zbins.torch.LatentGenerator does. Images decoded already go "
                "to SampleGridDisplay.from_images"
            )
        labels = None if y is None else _labels_of(generator, y)
        if n is None:
            n = _IMAGES if labels is None else _IMAGES_PER_LABEL
        n = check_count("n", n, 1)
        check_random_state(random_state)
        _check_style(columns, value_range, gap, cmap, ax, rows_fixed=labels is not None)
        name = f"generator ({type(generator).__name__})"
        if labels is None:
            images = as_images(draw(generator, n, random_state, name=name), _what(name))
        else:
            images = _per_label(generator, n, labels, random_state, name)
        return cls(images.transpose(0, 3, 1, 2), row_labels=labels).plot(
            ax, columns=columns, value_range=value_range, gap=gap, cmap=cmap
        )

    @classmethod
    def from_images(
        cls,
        images: Any,
        *,
        row_labels: Sequence[Any] | None = None,
        columns: int | None = None,
        value_range: tuple[float, float] | str | None = None,
        gap: int | None = None,
        cmap: Any = "gray",
        ax: Axes | None = None,
    ) -> SampleGridDisplay:
        """Draw images that are there; parameters and errors are those of the class and `plot`."""
        return cls(images, row_labels=row_labels).plot(
            ax, columns=columns, value_range=value_range, gap=gap, cmap=cmap
        )

    def plot(
        self,
        ax: Axes | None = None,
        *,
        columns: int | None = None,
        value_range: tuple[float, float] | str | None = None,
        gap: int | None = None,
        cmap: Any = "gray",
    ) -> SampleGridDisplay:
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            None: those of a new figure.
        columns : int or None, default=None
            Images in a row. None: about as many as rows; with row labels it must be None.
        value_range : tuple (lowest, highest), "auto" or None, default=None
            What is black and what is white, the same for all images; values beyond are clipped.
            None: (0, 1), and (0, 255) for uint8. "auto": from the smallest to the largest value.
            (-1, 1) suits decoders that end with tanh.
        gap : int or None, default=None
            Pixels between images, transparent. None: a sixteenth of an image, at least one.
        cmap : str or matplotlib Colormap, default="gray"
            Of images with one channel.

        Returns
        -------
        self : SampleGridDisplay
            With `ax_`, `figure_` and `im_`.

        Raises
        ------
        TypeError
            If an argument is of another type than accepted.
        ValueError
            If `columns` is below 1 or given with row labels, `gap` is below 0, or `value_range`
            does not rise.
        """
        _check_style(columns, value_range, gap, cmap, ax, rows_fixed=self.row_labels is not None)
        n, h, w, _ = self.images.shape
        if self.row_labels is not None:
            columns = n // len(self.row_labels)
        columns = min(n, math.ceil(math.sqrt(n)) if columns is None else int(columns))
        gap = max(1, max(h, w) // 16) if gap is None else int(gap)
        pixels = mosaic(self._tiles(value_range, cmap), columns, gap)

        self.ax_ = axes_or_new(ax, *self._inches(pixels))
        self.figure_ = self.ax_.figure
        self.im_ = self.ax_.imshow(pixels, interpolation="nearest")
        self.ax_.set_xticks([])
        self.ax_.set_yticks([])
        if self.row_labels is not None:
            centres = [row * (h + gap) + (h - 1) / 2 for row in range(len(self.row_labels))]
            self.ax_.set_yticks(centres, [str(label) for label in self.row_labels])
            self.ax_.tick_params(axis="y", length=0)
        self.ax_.spines[:].set_visible(False)
        self.ax_.patch.set_visible(False)  # what lies behind shows in the gaps
        return self

    def _tiles(self, value_range: Any, cmap: Any) -> Array:
        """Return the images as uint8 of shape (n, h, w, 4)."""
        import matplotlib as mpl

        unit = unit_range(self.images, value_range)
        if unit.shape[3] == 1:
            colours = mpl.colormaps.get_cmap(cmap)
            # Its own conversion to bytes rounds down, which turns some levels of gray into others.
            table = np.rint(255 * colours(np.arange(colours.N))).astype(np.uint8)
            levels = np.minimum(unit[..., 0] * colours.N, colours.N - 1).astype(np.intp)
            tiles: Array = table[levels]
            return tiles
        opaque = np.full((*unit.shape[:3], 4), 255, np.uint8)
        opaque[..., :3] = np.rint(255 * unit)
        return opaque

    def _inches(self, pixels: Array) -> tuple[float, float]:
        """Return the size of a figure that shows every pixel, within limits."""
        import matplotlib as mpl

        _, h, w, _ = self.images.shape
        inch = max(_TILE / max(h, w), 1 / mpl.rcParams["figure.dpi"])  # of one pixel
        width, height = pixels.shape[1] * inch, pixels.shape[0] * inch
        shrunk = min(1.0, _LARGEST / max(width, height))
        margin = 0.0 if self.row_labels is None else 0.09 * max(map(len, map(str, self.row_labels)))
        return max(1.0, shrunk * width + margin) + 0.1, max(1.0, shrunk * height) + 0.1


def _labels_of(generator: Any, y: Any) -> list[Any]:
    """Return the labels of `SampleGridDisplay.from_estimator`, distinct and at least one.

    Raises
    ------
    TypeError, ValueError
        For anything else, naming it.
    """
    if isinstance(y, str):
        if y != "classes":
            raise ValueError(
                f"y is {y!r}; accepted are None, 'classes' and a sequence of distinct labels, as "
                f"[{y!r}]"
            )
        y = getattr(generator, "classes_", None)
        if y is None:
            y = getattr(getattr(generator, "sampler_", None), "classes_", None)
        if y is None:
            raise ValueError(
                f"y is 'classes', but this {type(generator).__name__} has no classes_: it is not "
                "fitted with labels"
            )
    labels = _listed(y, "y")
    as_labels(labels)  # refuses mixtures, and what is no label
    for place, label in enumerate(labels):
        if label in labels[:place]:
            raise ValueError(f"y has the label {label!r} twice; accepted are distinct labels")
    return labels


def _listed(labels: Any, name: str) -> list[Any]:
    """Return labels as Python's own int, bool or str, at least one.

    Raises
    ------
    TypeError
        If they are no sequence.
    ValueError
        If there are none.
    """
    plain = labels
    if not isinstance(labels, (list, tuple, range)):
        if isinstance(labels, str) or not np.ndim(labels):
            raise TypeError(f"{name} is {labels!r}; accepted are None and a sequence of labels")
        plain = to_host(labels, name).tolist()
    plain = [label.item() if isinstance(label, np.generic) else label for label in plain]
    if not plain:
        raise ValueError(f"{name} is empty; accepted are None and at least one label")
    return plain


def _what(name: str) -> str:
    return f"what {name} samples"


def _per_label(generator: Any, n: int, labels: list[Any], random_state: Any, name: str) -> Array:
    check_conditional(generator, name)
    drawn = []
    for label in labels:
        images = draw(generator, n, random_state, name=name, y=label)
        drawn.append(as_images(images, f"{_what(name)} for the label {label!r}"))
        if drawn[0].shape != drawn[-1].shape:
            raise ValueError(
                f"{_what(name)} for the label {label!r} has the shape {drawn[-1].shape}, and "
                f"{drawn[0].shape} for {labels[0]!r}"
            )
    return np.concatenate(drawn)


def _check_style(
    columns: object, value_range: object, gap: object, cmap: object, ax: object, *, rows_fixed: bool
) -> None:
    if columns is not None:
        check_count("columns", columns, 1)
        if rows_fixed:
            raise ValueError(
                f"columns is {columns}, but a row holds all images of one label; leave it out"
            )
    if gap is not None:
        check_count("gap", gap)
    check_value_range(value_range)
    check_colours(cmap)
    check_axes(ax)
