"""`zbins info`."""

from __future__ import annotations

import os
from typing import Annotated, Any

import numpy as np
import typer

import zbins

from . import _options as options
from ._output import nbytes, show_json, show_pairs


def info(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model.", show_default=False)],
    json: options.Json = False,
) -> None:
    """Say what a model is like, and what to mind.

    Example: zbins info m.zbins --json
    """
    sampler = zbins.load(model)
    facts = facts_of(sampler, model)
    if json:
        show_json(facts)
        return
    lines = {
        "model": f"{model} ({nbytes(facts['file_bytes'])}, {facts['dtype']})",
        **dict(_split(line) for line in _plain_lines(sampler)),
    }
    bounds = facts["parameters"]["bounds"]
    if bounds is not None and np.ndim(bounds[0]) == 0:
        lines["bounds"] = f"{bounds[0]}, {bounds[1]}"
    elif bounds is not None:
        lines["bounds"] = "given for every column"
    lines["out of range"] = facts["parameters"]["out_of_range"]
    if facts["feature_names"] is not None:
        lines["column names"] = _some(facts["feature_names"])
    if facts["classes"] is not None:
        labels = zip(facts["classes"], facts["class_counts"], strict=True)
        lines["labels"] = _some([f"{label} ({count:,} rows)" for label, count in labels])
    show_pairs(lines)
    for text in facts["warnings"]:
        print(f"warning: {text}")


def facts_of(sampler: zbins.PMFSampler, path: str) -> dict[str, Any]:
    """Return what `--json` prints: the attributes of `Summary`, and what a model has besides.

    The keys are stable: later versions add some, and rename none.
    """
    from ..pmf.file import FORMAT_VERSION

    summary = sampler.summary()
    names = getattr(sampler, "feature_names_in_", None)
    classes = getattr(sampler, "classes_", None)
    return {
        "path": path,
        "file_bytes": os.path.getsize(path),
        "format_version": FORMAT_VERSION,
        "dtype": str(sampler.lower_.dtype),
        "parameters": {
            "n_bins": sampler.n_bins,
            "bounds": None if sampler.bounds is None else list(sampler.bounds),
            "out_of_range": sampler.out_of_range,
        },
        "n_samples_seen": summary.n_samples_seen,
        "n_samples_ignored": summary.n_samples_ignored,
        "n_features": summary.n_features,
        "n_constant": summary.n_constant,
        "n_occupied": summary.n_occupied,
        "n_alone": summary.n_alone,
        "share_alone": summary.share_alone,
        "nbytes": summary.nbytes,
        "n_bins": summary.n_bins.tolist(),
        "lower": summary.lower.tolist(),
        "upper": summary.upper.tolist(),
        "feature_names": None if names is None else [str(name) for name in names],
        "classes": None if classes is None else classes.tolist(),
        "class_counts": None if classes is None else _class_counts(sampler),
        "warnings": list(summary.warnings),
    }


def _class_counts(sampler: zbins.PMFSampler) -> list[int]:
    from ..pmf.sampler import ordered_model_of  # late: scikit-learn takes a second

    run = ordered_model_of(sampler).ordered()
    assert run.classes is not None
    return [int(run.pmf.label_total(place)) for place in range(len(run.classes))]


def _plain_lines(sampler: zbins.PMFSampler) -> list[str]:
    return [line for line in str(sampler.summary()).splitlines() if not line.startswith("warning")]


def _split(line: str) -> tuple[str, str]:
    return line[:16].strip(), line[16:]


def _some(values: list[str]) -> str:
    return ", ".join(values[:10]) + (f", ... ({len(values):,} in all)" if len(values) > 10 else "")
