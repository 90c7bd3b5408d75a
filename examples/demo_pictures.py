"""Three pictures: the samples, where they lie among the latents, and the trade they make."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # a demo must not need a display

import matplotlib.pyplot as plt
import torch
from sklearn.decomposition import PCA

from demo_measures import Row
from demo_samplers import Array
from zbins.plot import SampleGridDisplay

SIDE = 8  # pictures in a row of a panel
COLORS = {"PMFS": "#1f77b4", "GMM": "#d62728", "KDE": "#2ca02c", "reference": "#555555"}


def caption(row: Row) -> str:
    """Return a sampler's name with its two measures."""
    return f"{row.name}\nFréchet {row.frechet:.1f}, novelty {row.novelty:.2f}"


def draw_samples(path: Path, panels: list[tuple[str, torch.Tensor]]) -> None:
    """Draw one panel of SIDE x SIDE images for each (caption, images)."""
    columns = 4
    lines = -(-len(panels) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(3.2 * columns, 3.8 * lines))
    for axis in axes.flat:
        axis.axis("off")
    for axis, (title, images) in zip(axes.flat, panels, strict=False):
        SampleGridDisplay(images[: SIDE * SIDE]).plot(axis, columns=SIDE, gap=2, cmap="gray_r")
        axis.set_title(title, fontsize=11)
    _save(figure, path, "Handwritten digits: real, reconstructed and sampled")


def draw_latents(
    path: Path, fitted: Array, labels: Array, panels: list[tuple[str, str, Array]]
) -> None:
    """Draw the fitted latents, and each (kind, caption, samples) over them, in PCA's plane."""
    pca = PCA(2).fit(fitted)
    plane = pca.transform(fitted)
    columns = 3
    lines = -(-(len(panels) + 1) // columns)
    figure, axes = plt.subplots(
        lines, columns, figsize=(4.2 * columns, 4.2 * lines), sharex=True, sharey=True
    )
    first, *others = axes.flat
    points = first.scatter(*plane.T, c=labels, cmap="tab10", s=8)
    first.legend(
        *points.legend_elements(), title="digit", fontsize=8, loc="upper right", framealpha=0.8
    )
    first.set_title(f"the {len(fitted)} fitted latents", fontsize=11)
    for axis, (kind, title, samples) in zip(others, panels, strict=False):
        axis.scatter(*plane.T, c="#cccccc", s=8, label="fitted latents")
        axis.scatter(*pca.transform(samples).T, c=COLORS[kind], s=5, alpha=0.6, label="samples")
        axis.set_title(title, fontsize=11)
        axis.legend(fontsize=8, loc="upper right", framealpha=0.8)
    share = pca.explained_variance_ratio_.sum()
    _save(figure, path, f"Two principal components of the latents ({share:.0%} of their variance)")


def draw_trade(path: Path, rows: list[Row]) -> None:
    """Draw Fréchet against novelty: PMFS moves along a line as n_bins grows."""
    figure, axis = plt.subplots(figsize=(8, 5.5))
    pmfs = [row for row in rows if row.kind == "PMFS"]
    axis.plot([r.novelty for r in pmfs], [r.frechet for r in pmfs], c=COLORS["PMFS"], lw=1)
    for row in rows:
        if row.frechet is None or row.novelty is None:
            continue
        axis.errorbar(
            row.novelty,
            row.frechet,
            row.frechet_std,
            fmt="o",
            c=COLORS[row.kind],
            capsize=3,
            elinewidth=0.8,
        )
        name = row.name.split(",")[-1].strip() if row.kind == "PMFS" else row.name
        axis.annotate(
            name, (row.novelty, row.frechet), (6, 5), textcoords="offset points", fontsize=9
        )
    real = rows[0]
    axis.axhline(real.frechet, c=COLORS["reference"], lw=0.8, ls=":")
    axis.annotate("other real digits", (0.02, real.frechet), (0, 4), textcoords="offset points")
    axis.axvline(1, c=COLORS["reference"], lw=0.8, ls=":")
    axis.set_xlabel("novelty (0 = copies of the fitted rows, 1 = as new as held-out digits)")
    axis.set_ylabel("Fréchet distance to held-out digits (lower is closer)")
    axis.set_ylim(bottom=0)
    axis.margins(x=0.12)
    _save(figure, path, "PMFS: more bins are closer to the digits, and less new")


def _save(figure: plt.Figure, path: Path, title: str) -> None:
    figure.suptitle(title, fontsize=13)
    figure.set_layout_engine("constrained", wspace=0.06)
    figure.savefig(path, dpi=110)
    plt.close(figure)
