"""The table of the demo: printed, as Markdown and as JSON, with what it says in words."""

from __future__ import annotations

import datetime
import json
import os
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sklearn
import torch

import zbins
from demo_measures import N_DRAWS, N_TIMED, Row

NEW_ENOUGH = 0.95  # a novelty from which samples count as new as unseen digits
MOSTLY_ALONE = 0.9

HEADER = (
    "sampler",
    "fit",
    f"sample {N_TIMED:,}",
    "Fréchet",
    "novelty",
    "copied",
    "rows alone",
    "held-out in a bin",
)


def machine() -> dict[str, Any]:
    """Return what the times depend on."""
    config = zbins.show_config(as_dict=True) or {}
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "cpus usable": config.get("threads with n_jobs=-1"),
        "instruction set": config.get("instruction set"),
        "zbins": zbins.__version__,
        "scikit-learn": sklearn.__version__,
        "torch": torch.__version__,
    }


def describe(entries: dict[str, Any]) -> str:
    """Return the machine in one line."""
    return (
        f"{entries['date']}, {entries['cpus']} CPUs ({entries['cpus usable']} usable), "
        f"{entries['instruction set']}, zbins {entries['zbins']}, "
        f"scikit-learn {entries['scikit-learn']}, torch {entries['torch']}"
    )


def markdown(rows: list[Row]) -> str:
    """Return the rows as a Markdown table that is legible as plain text too."""
    cells = [HEADER, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADER))]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    lines = [
        [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        for line in cells
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    spread = f" ± {row.frechet_std:.1f}" if row.frechet_std is not None else ""
    return (
        row.name,
        _seconds(row.fit_seconds),
        _seconds(row.sample_seconds),
        "-" if row.frechet is None else f"{row.frechet:.1f}{spread}",
        "-" if row.novelty is None else f"{row.novelty:.2f}",
        _percent(row.copied_share),
        _percent(row.share_alone),
        _percent(row.share_covered),
    )


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1e3:.3f} ms" if seconds < 0.01 else f"{seconds * 1e3:.0f} ms"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def legend(n_fitted: int, n_test: int, n_latent: int) -> str:
    """Return how the columns are meant."""
    return _bullets(
        f"All samplers are fitted on the same {n_fitted} latents of {n_latent} dimensions; times "
        "are medians of 5 or more runs.",
        f"Fréchet: squared distance, in the classifier's features, between {n_test} decoded "
        f"samples and the {n_test} real held-out digits; mean ± standard deviation of {N_DRAWS} "
        "draws. Lower is closer. The first line is its floor (other real digits), the second the "
        "floor of this autoencoder.",
        "Novelty: mean distance from decoded samples to the nearest decoded row the sampler was "
        "fitted on, divided by the same for as many held-out rows. 0 = copies, 1 = as new as "
        "unseen digits; above 1 is not better: it is further from every digit than digits are.",
        "Copied: samples nearer to a decoded fitted row than the nearest 1 % of the held-out rows "
        "are. A sampler that copies nothing has 1 %.",
        "Rows alone: fitted rows that share their bin with no other. Held-out in a bin: unseen "
        "rows that fall into an occupied bin.",
    )


def verdict(rows: list[Row]) -> str:
    """Return what the rows say, computed from them: nothing here is known beforehand."""
    pmfs = [row for row in rows if row.kind == "PMFS"]
    lowest = min(pmfs, key=lambda row: row.frechet)
    said = []
    text = (
        f"The lowest Fréchet of PMFS is that of {_short(lowest)}, with a novelty of "
        f"{lowest.novelty:.2f}, {lowest.copied_share:.0%} of its samples copies, and "
        f"{lowest.share_alone:.0%} of the rows alone in their bin."
    )
    if lowest.novelty < NEW_ENOUGH:
        text += (
            " Chosen by Fréchet alone, as in the paper, it wins by staying near the digits it was "
            "fitted on."
        )
    said.append(text)
    jitter = [row for row in pmfs if row.share_alone >= MOSTLY_ALONE]
    if jitter:
        said.append(
            f"From n_bins={jitter[0].name.split('=')[1]} on, {jitter[0].share_alone:.0%} or more "
            "of the rows are alone in their bin. There PMFS is no density estimate but jitter of "
            "one bin's width around the fitted rows: good pictures, little that is new "
            f"(novelty {jitter[0].novelty:.2f} down to {jitter[-1].novelty:.2f}). More dimensions "
            "or fewer rows bring this on with fewer bins."
        )
    new = [row for row in rows if row.kind != "reference" and row.novelty >= NEW_ENOUGH]
    best = {row.kind: row for row in sorted(new, key=lambda row: row.frechet, reverse=True)}
    if best:
        said.append(
            f"Lowest Fréchet among those as new as unseen digits (novelty {NEW_ENOUGH} or more): "
            + "; ".join(
                f"{_short(row)}: {row.frechet:.1f} ± {row.frechet_std:.1f}"
                for row in sorted(best.values(), key=lambda row: row.frechet)
            )
            + ". Differences within the standard deviations decide nothing."
        )
    gmm = [row for row in rows if row.kind == "GMM"][-1]
    chosen = best.get("PMFS", lowest)
    said.append(
        f"{_short(chosen)} was fitted {gmm.fit_seconds / chosen.fit_seconds:,.0f} times as fast as "
        f"{_short(gmm)}, and sampled {gmm.sample_seconds / chosen.sample_seconds:,.0f} times as "
        f"fast. With {_short(chosen)} a fit takes {_seconds(chosen.fit_seconds)}, most of it the "
        "overhead of the call."
    )
    said += [note for row in rows for note in row.notes]
    return _bullets(*said)


def _short(row: Row) -> str:
    return row.name.replace(",", "", 1) if row.kind == "PMFS" else row.name.replace(",", " with", 1)


def _bullets(*texts: str) -> str:
    return "\n".join(
        textwrap.fill(text, 98, initial_indent="- ", subsequent_indent="  ") for text in texts
    )


def write(out: Path, rows: list[Row], words: str, facts: dict[str, Any]) -> list[Path]:
    """Write table.md and table.json; return their paths."""
    text, data = out / "table.md", out / "table.json"
    text.write_text(f"{markdown(rows)}\n\n{words}\n", encoding="utf-8")
    content = {**facts, "rows": [asdict(row) for row in rows]}
    data.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return [text, data]
