"""Where results go: to the repository after a full run with default settings, else beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pictures
from equal import compared
from machine import describe
from page import page
from pipeline import Outcome
from stages import as_json, write_whole


@dataclass(frozen=True)
class Places:
    """Paths of what a run writes at its end."""

    results: Path
    page: Path
    images: Path


def in_repository(root: Path) -> Places:
    """Return the places of the results that are committed."""
    docs = root / "docs"
    return Places(root / "benches/results/mnist.json", docs / "mnist.md", docs / "images")


def in_folder(out: Path) -> Places:
    """Return the places of all other runs."""
    return Places(out / "mnist.json", out / "mnist.md", out / "images")


def write(outcome: Outcome, places: Places) -> list[Path]:
    """Write JSON, page and pictures, each whole; return their paths."""
    results = complete(outcome.results)
    models = results["models"]
    files: dict[Path, str | bytes] = {
        places.results: as_json(results),
        places.page: page(results),
        places.images / "mnist-trade.png": pictures.trade_png(models),
    }
    for name, model in models.items():
        panels = [
            (pictures.caption(row), outcome.pictures[name, row["name"]])
            for row in model["rows"]
            if (name, row["name"]) in outcome.pictures
        ]
        files[places.images / f"mnist-{name.lower()}.png"] = pictures.panels_png(panels)
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    return list(files)


def complete(results: dict[str, Any]) -> dict[str, Any]:
    """Return the results with the machine and the comparisons at equal novelty."""
    machine = describe() | {"date": results["date"]}
    models = {
        name: model | {"equal_novelty": compared(model["rows"])}
        for name, model in results["models"].items()
    }
    return {"command": "make mnist DATA=PATH", "machine": machine, **results, "models": models}
