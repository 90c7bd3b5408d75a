"""`zbins bench`: this machine, against scikit-learn's Gaussian mixture."""

from __future__ import annotations

import os
import platform
import time
import warnings
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer

import zbins

from .._common.progress import Progress
from .._errors import InputError
from .._types import Array
from . import _options as options
from ._output import seconds, show_json, show_table

_REPEATS = 7
_BUDGET = 1.0  # seconds for the repeats of one measurement; one always runs to its end


def bench(
    latents: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LATENTS",
            help="Files of latents, or globs; their first rows are taken. Default: made up.",
            show_default=False,
        ),
    ] = None,
    n_rows: Annotated[int, typer.Option(min=2, help="Rows to fit.")] = 10_000,
    n_features: Annotated[
        int | None, typer.Option(min=1, help="Columns of made-up latents. Default: 16.")
    ] = None,
    n_bins: Annotated[int, typer.Option(min=1, max=65536, help="Bins per column.")] = 8,
    n_components: Annotated[int, typer.Option(min=1, help="Components of the mixture.")] = 10,
    n_samples: Annotated[int, typer.Option("--n-samples", "-n", min=1, help="Draws.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of latents and draws.")] = 0,
    key: options.Key = None,
    columns: options.Columns = None,
    json: options.Json = False,
) -> None:
    """Measure this machine, against a Gaussian mixture.

    Prints times of fitting and sampling, beside those of scikit-learn's GaussianMixture, and their
    ratio. A time is the median of up to 7 runs within a second, or the one run that takes longer;
    our own answers are checked. Speed is not quality: read about novelty before you choose.

    Example: zbins bench --n-rows 20000 --n-features 32
    """
    if latents and n_features is not None:
        raise typer.BadParameter("files have their own columns", param_hint="'--n-features'")
    if not latents and (key or columns):
        raise typer.BadParameter("--key and --columns are about files of latents; there are none")
    if latents:
        X = _first_rows(latents, n_rows, key, columns)
    else:
        X = _made_up(n_rows, n_features or 16, seed)
    if n_components > len(X):
        raise InputError(f"{n_components} components need as many rows; there are {len(X)}")
    times, converged = _measure(X, n_bins, n_components, n_samples, seed)
    config = zbins.show_config(as_dict=True)
    assert config is not None
    machine = {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": config["threads with n_jobs=-1"],
        **{name: config[name] for name in ("platform", "instruction set", "zbins", "numpy")},
        "scikit-learn": config["scikit-learn"],
    }
    if json:
        show_json(
            {
                "n_rows": len(X),
                "n_features": X.shape[1],
                "dtype": str(X.dtype),
                "n_bins": n_bins,
                "n_components": n_components,
                "n_samples": n_samples,
                "gmm_converged": converged,
                **{
                    what: {"zbins": ours, "gmm": theirs, "ratio": theirs / ours}
                    for what, (ours, theirs) in times.items()
                },
                "machine": machine,
            }
        )
        return
    words = {"fit": f"fit {len(X):,} rows", "sample": f"sample {n_samples:,}"}
    show_table(
        [
            f"{X.shape[1]} columns, {X.dtype}",
            f"PMFS, {n_bins} bins",
            f"GMM, {n_components}",
            "ratio",
        ],
        [
            [words[what], seconds(ours), seconds(theirs), _times(theirs / ours)]
            for what, (ours, theirs) in times.items()
        ],
    )
    if not converged:
        print("the mixture stopped at 100 iterations without converging")
    print(
        f"{machine['cpu']}, {machine['threads']} of {machine['cores']} cores, "
        f"{machine['instruction set']} kernels; zbins {machine['zbins']}, "
        f"scikit-learn {machine['scikit-learn']}"
    )


def _measure(
    X: Array, n_bins: int, n_components: int, n_samples: int, seed: int
) -> tuple[dict[str, tuple[float, float]], bool]:
    """Return seconds of (zbins, mixture) for fit and sample, and whether the mixture converged."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    sampler = zbins.PMFSampler(n_bins, random_state=seed)
    mixture = GaussianMixture(n_components, random_state=seed)
    drawn = sampler.fit(X).sample(n_samples)  # warm too, then: memory and kernels
    if int(sampler.counts_.sum()) != len(X) or not sampler.contains(drawn).all():
        raise AssertionError("the sampler's answer is wrong")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # the mixture draws in float32 as it can
        fit, sample = lambda: sampler.fit(X), lambda: sampler.sample(n_samples)
        their_fit, their_sample = lambda: mixture.fit(X), lambda: mixture.sample(n_samples)
        calls = [fit, their_fit, sample, their_sample]
        with Progress(None, len(calls), "measuring", "call") as bar:
            took = []
            for call in calls:
                took.append(_median(call))
                bar.advance(1)
    return {"fit": (took[0], took[1]), "sample": (took[2], took[3])}, bool(mixture.converged_)


def _median(call: Callable[[], Any]) -> float:
    times: list[float] = []
    while len(times) < _REPEATS and sum(times) < _BUDGET:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.3g}×"


def _first_rows(patterns: list[str], n_rows: int, key: str | None, columns: str | None) -> Array:
    files = options.opened(patterns, key, columns)
    parts, missing = [], n_rows
    for chunk in files:
        parts.append(np.asarray(chunk)[:missing])
        missing -= len(parts[-1])
        if not missing:
            break
    X = np.concatenate(parts) if parts else np.empty((0, files.n_features))
    if len(X) < 2:
        raise InputError(f"{len(X)} rows of latents; at least 2 are needed")
    return X


def _made_up(n: int, d: int, seed: int) -> Array:
    """Return float32 rows of a mixture of ten Gaussians."""
    random = np.random.default_rng(seed)
    centres = random.normal(0, 3, (10, d))
    X: Array = (centres[random.integers(0, 10, n)] + random.normal(size=(n, d))).astype(np.float32)
    return X


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
