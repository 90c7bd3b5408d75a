"""The pictures: a panel per sampler with the nearest fitted rows, and Fréchet against novelty."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")  # no display is needed

import matplotlib.pyplot as plt
import numpy as np
from digits import Array
from equal import Row, deviation, mean
from PIL import Image, ImageDraw, ImageFont

from zbins._common.images import mosaic

COLUMNS, LINES = 8, 5  # images of a panel; one line more for the nearest rows
PANELS = 5  # side by side
STEP, GAP, MARGIN = 29, 7, 16  # pixels: an image and what is left beside it; above the last line
CAPTION = 40
COLORS = {"PMFS": "#1f77b4", "GMM": "#d62728", "prior": "#9467bd", "reference": "#555555"}


def caption(row: Row) -> str:
    """Return a sampler's name with its two measures."""
    if row["kind"] == "real":
        return "real test images\n(what all are compared with)"
    numbers = f"Fréchet {mean(row['frechet']):.2f}"
    if row["novelty"]:
        numbers += f", novelty {mean(row['novelty']):.2f}"
    return f"{row['name'].split(' (')[0]}\n{numbers}"


def panels_png(panels: list[tuple[str, dict[str, Array]]]) -> bytes:
    """Return a picture of one panel for each (caption, images and nearest rows)."""
    width, height = COLUMNS * STEP, (LINES + 1) * STEP + GAP
    lines = -(-len(panels) // PANELS)
    size = (
        PANELS * (width + MARGIN) + MARGIN,
        lines * (height + CAPTION + MARGIN) + MARGIN,
    )
    sheet = Image.new("L", size, 255)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf")), 13)
    for i, (title, pictures) in enumerate(panels):
        x = MARGIN + i % PANELS * (width + MARGIN)
        y = MARGIN + i // PANELS * (height + CAPTION + MARGIN)
        draw.multiline_text((x, y), title, fill=0, font=font, spacing=3)
        sheet.paste(
            Image.fromarray(panel(pictures["images"], pictures["nearest"])), (x, y + CAPTION)
        )
    return _png(sheet)


def panel(images: Array, nearest: Array) -> Array:
    """Return LINES lines of images, a rule, and the nearest rows of the last of these lines."""
    n = COLUMNS * LINES
    digits = np.concatenate([images[:n], nearest[n - COLUMNS : n]])
    # 16 greys: to the eye the same, and a third of the bytes.
    greys = mosaic(digits[..., None] // 17 * 17, COLUMNS, STEP - digits.shape[2])[..., 0]
    rule = np.zeros((GAP, greys.shape[1]), np.uint8)
    rule[GAP // 2 - 1] = 136
    return 255 - np.concatenate([greys[: LINES * STEP], rule, greys[LINES * STEP :]])


def trade_png(models: dict[str, Any]) -> bytes:
    """Return Fréchet against novelty, an axis per model; dotted: what is compared."""
    figure, axes = plt.subplots(1, len(models), figsize=(6.4 * len(models), 5.2))
    for axis, (name, model) in zip(np.atleast_1d(axes), models.items(), strict=True):
        _trade(axis, model)
        axis.set_title(f"latents of the {name}")
    figure.suptitle("Closer is lower; newer is further right, up to 1. Numbers: bins, components")
    figure.set_layout_engine("constrained")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100, format="png")
    plt.close(figure)
    with Image.open(buffer) as drawn:
        return _png(drawn.convert("RGB").quantize(64, dither=Image.Dither.NONE))


def _trade(axis: plt.Axes, model: dict[str, Any]) -> None:
    for kind, mark in (("PMFS", "o-"), ("GMM", "s"), ("prior", "D")):
        rows = [row for row in model["rows"] if row["kind"] == kind]
        if not rows:
            continue
        x, y = ([mean(row[what]) for row in rows] for what in ("novelty", "frechet"))
        bars = {
            f"{a}err": [deviation(row[what]) for row in rows]
            for a, what in (("x", "novelty"), ("y", "frechet"))
        }
        label = {"PMFS": "PMFS", "GMM": "GMM", "prior": "N(0, I)"}[kind]
        axis.errorbar(x, y, **bars, fmt=mark, c=COLORS[kind], ms=5, lw=1, capsize=2, label=label)
        for row, at in zip(rows, zip(x, y, strict=True), strict=True):
            text = "" if row["parameter"] is None else str(row["parameter"])
            where, side = ((-5, 5), "right") if kind == "PMFS" else ((7, -11), "left")
            axis.annotate(
                text,
                at,
                where,
                textcoords="offset points",
                fontsize=9,
                color=COLORS[kind],
                ha=side,
            )
    for c in model["equal_novelty"]:
        if "pmfs_frechet" in c:
            axis.plot([c["novelty"]] * 2, [c["frechet"], c["pmfs_frechet"]], ":", c="k", lw=1)
    for row in model["rows"]:
        if row["kind"] == "reference":
            at = mean(row["novelty"]), mean(row["frechet"])
            axis.plot(*at, "x", c=COLORS["reference"])
            text = row["name"].split("(")[1].rstrip(")")
            axis.annotate(text, at, (6, -11), textcoords="offset points", fontsize=9)
        if row["kind"] == "real":
            axis.axhline(mean(row["frechet"]), c=COLORS["reference"], lw=0.8, ls="--")
            label = f"real validation images ({mean(row['frechet']):.2f})"
            at = (1, mean(row["frechet"]))
            axis.annotate(
                label,
                at,
                (-4, 3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                fontsize=9,
                ha="right",
            )
    axis.axvline(1, c=COLORS["reference"], lw=0.8, ls=":")
    axis.set_xlabel("novelty (0: copies of the fitted rows, 1: as new as test images)")
    axis.set_ylabel("Fréchet distance to the test images")
    axis.set_ylim(bottom=0)
    axis.legend(loc="upper left")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
