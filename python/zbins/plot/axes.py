"""The Matplotlib axes that a display draws into."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def check_axes(ax: object) -> None:
    """Refuse what Matplotlib could not draw into."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"ax is a {type(ax).__name__}; accepted are None and a Matplotlib Axes")


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """Return `ax`, or the axes of a new figure of so many inches."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    # "compressed" leaves room for titles beside axes of fixed aspect too; "constrained" cuts them.
    return plt.subplots(figsize=(width, height), layout="compressed")[1]
