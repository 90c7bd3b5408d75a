"""Draws docs/images/house.png: the rooms from top to bottom, and which uses which.

    .venv/bin/python docs/house.py

Rooms and their order are those of tests/python/test_imports.py, imports are read from the sources.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "python"))

from test_imports import PACKAGE, ROOMS, WITHIN, imported, modules  # noqa: E402

# What is drawn as one box, and what it is for; files of the root with one idea stand together.
BOXES = [
    (["_errors", "_types"], "errors that carry data, types"),
    (["_core", "_cuda"], "the C++20 core and its CUDA twin"),
    (["_common"], "what every room uses"),
    (["_io"], "files, whole or not there"),
    (["_device"], "one protocol for the host and CUDA"),
    (["pmf"], "PMFSampler: bins of a grid"),
    (["protocol"], "what a sampler is"),
    (["metrics"], "how good, and how new"),
    (["distributed", "dask"], "many machines"),
    (["data"], "images from disk"),
    (["plot"], "displays"),
    (["torch"], "the plug for PyTorch"),
    (["autoencoders"], "the models of the papers"),
    (["cli"], "the command line"),
]
HIDDEN = {"_config", "_model", "__main__"}  # one small file each, named in CONTRIBUTING.md
OLD = {"_fitted", "_generator", "_prior", "_models"}  # where older pickles look
COLOURS = plt.get_cmap("tab20").colors
WIDE, LINE = 60, 0.30  # characters of module names to a line, and the height of one


def used():
    """Return for every box those above that its modules import from."""
    box_of = {room: i for i, (rooms, _) in enumerate(BOXES) for room in rooms}
    found = {i: set() for i in range(len(BOXES))}
    for parts, source in modules(PACKAGE):
        here = box_of.get(parts[0])
        for target, _ in imported(parts, source):
            there = box_of.get(target[0]) if target else None
            if here is not None and there is not None and there != here:
                found[here].add(there)
    return found


def shown(rooms):
    """Return the modules of a box, in reading order."""
    names = []
    for room in rooms:
        names += [name.lstrip("_") for name in WITHIN.get(room, ()) if name not in OLD]
    return textwrap.wrap("  ".join(names), WIDE)


def main():
    """Draw it."""
    missing = set(ROOMS) - HIDDEN - {room for rooms, _ in BOXES for room in rooms}
    assert not missing, f"rooms without a box: {missing}"
    texts = [shown(rooms) for rooms, _ in BOXES]
    heights = [0.42 + LINE * len(lines) for lines in texts]
    figure, axes = plt.subplots(figsize=(11, sum(heights) + 0.16 * len(BOXES) + 0.5))
    y, middles = 0.0, []
    for i, ((rooms, what), lines, height) in enumerate(zip(BOXES, texts, heights, strict=True)):
        colour = COLOURS[i % len(COLOURS)]
        axes.add_patch(
            FancyBboxPatch(
                (0, y - height), 7.4, height, "round,pad=0,rounding_size=0.08",
                facecolor=(*colour, 0.16), edgecolor=colour, linewidth=1.4,
            )
        )  # fmt: skip
        title = " ".join(rooms)
        axes.text(0.12, y - 0.25, title, va="center", size=12, weight="bold")
        axes.text(7.28, y - 0.25, what, va="center", ha="right", size=10.5, style="italic")
        axes.text(0.12, y - 0.46, "\n".join(lines), va="top", size=9.5, family="monospace")
        middles.append(y - height / 2)
        y -= height + 0.16
    for here, targets in used().items():
        for there in targets:
            span = here - there
            axes.add_patch(
                FancyArrowPatch(
                    (7.42, middles[here]), (7.42, middles[there]),
                    connectionstyle=f"arc3,rad={0.25 + 0.25 / span}", arrowstyle="-|>",
                    mutation_scale=9, linewidth=0.9, color=COLOURS[here % len(COLOURS)],
                )
            )  # fmt: skip
    axes.text(0, 0.22, "zbins: a room uses only what stands above it", size=13)
    axes.set_xlim(-0.1, 10.6)
    axes.set_ylim(y - 0.1, 0.5)
    axes.axis("off")
    figure.savefig(ROOT / "docs" / "images" / "house.png", dpi=80, bbox_inches="tight")


if __name__ == "__main__":
    main()
