"""The marks of a scatter plot: discs for latents, one shape for every sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHAPES = "x+^sdv*P<>"
_DARK = ("black", "dimgray", "saddlebrown", "darkslateblue")  # beside the colours of labels


def entries(samples: dict[str, Array], labels: Array | None) -> list[str]:
    """Return the names of all sets of points, as the legend has them."""
    latents = ["latents"] if labels is None else [f"latents, {c}" for c in np.unique(labels)]
    return [*latents, *samples]


def draw_points(
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
        latents = entries({}, labels)
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
