"""`zbins merge`."""

from __future__ import annotations

from typing import Annotated

import typer

import zbins

from .._errors import InputError
from .._io.latents import expanded
from . import _options as options
from ._output import Result, check_output


def merge(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODELS", help="Two models or more, or globs.", show_default=False),
    ],
    output: Annotated[str, typer.Option("--output", "-o", help="The model of all rows.")],
    n_jobs: options.Jobs = -1,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Merge models into one, exactly: that of all their rows together.

    They need the same bins: fit each with the same --bounds and --n-bins. The output may be one of
    the models, which is then replaced.

    Example: zbins merge 'part-*.zbins' -o all.zbins
    """
    result = Result(json, quiet)
    paths = expanded(models)
    if len(paths) < 2:
        raise typer.BadParameter(f"{len(paths)} model; two or more are needed")
    check_output(output)
    merged = zbins.load(paths[0]).set_params(n_jobs=n_jobs)
    for path in paths[1:]:
        other = zbins.load(path)
        try:
            merged.merge(other)
        except (ValueError, TypeError) as error:
            raise InputError(f"{path!r} and {paths[0]!r}: {error}") from error
    merged.save(output)
    summary = merged.summary()
    result.show(
        output,
        {
            "models": paths,
            "n_samples_seen": summary.n_samples_seen,
            "n_samples_ignored": summary.n_samples_ignored,
            "n_features": summary.n_features,
            "n_occupied": summary.n_occupied,
        },
        {
            "models": f"{len(paths):,}",
            "rows": f"{summary.n_samples_seen:,}",
            "occupied bins": f"{summary.n_occupied:,}",
        },
        noun="model",
        warnings=summary.warnings,
    )
