"""`zbins fit`."""

from __future__ import annotations

from typing import Annotated

import typer

import zbins

from .._common.progress import Progress
from .._errors import InputError
from . import _options as options
from ._output import Result, check_output


def fit(
    latents: options.Inputs,
    output: Annotated[str, typer.Option("--output", "-o", help="The model; usually .zbins.")],
    n_bins: Annotated[
        str | None,
        typer.Option(help="Bins per column: a number, or one per column as '8,8,16'. Default: 10."),
    ] = None,
    bounds: Annotated[
        str | None,
        typer.Option(
            help="What the bins divide: 'low,high', or an .npy file of shape (2, columns). "
            "Default: minimum and maximum of every column."
        ),
    ] = None,
    quantile: Annotated[
        float | None,
        typer.Option(
            help="Bounds that leave out this share at either end, with --out-of-range ignore "
            "(reads all rows into memory)."
        ),
    ] = None,
    out_of_range: Annotated[
        str | None,
        typer.Option(help="Rows outside the bounds: grow, error or ignore. Default: grow."),
    ] = None,
    append: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Go on from this model; it fixes the bins.")
    ] = None,
    labels: options.Labels = None,
    label_column: options.LabelColumn = None,
    key: options.Key = None,
    columns: options.Columns = None,
    chunk_rows: options.ChunkRows = None,
    n_jobs: options.Jobs = -1,
    json: options.Json = False,
    quiet: options.Quiet = False,
    show_progress: options.ShowProgress = None,
) -> None:
    """Fit a model to files of latents.

    The files are read twice, a chunk at a time (once with --bounds or --append), so they may be
    larger than memory. An existing output is replaced at the end, whole.

    Example: zbins fit z.npy --n-bins 16 -o m.zbins
    """
    result = Result(json, quiet)
    sampler = _sampler(n_bins, bounds, quantile, out_of_range, append, n_jobs)
    files = options.opened(latents, key, columns, label_column, labels, chunk_rows)
    if append is None and not files.n_rows:
        raise InputError(f"{files.sources[0].name} has no rows; at least one is needed")
    check_output(output, [*files.inputs, *options.file_of_bounds(bounds)])
    passes = 2 if append is None and quantile is None and bounds is None else 1
    show = options.bar_wanted(show_progress, quiet)
    with Progress(show, passes * files.n_rows, "fit", "row") as bar:
        files.on_rows = bar.advance
        if append is not None:
            with files.naming_rows("chunk"):
                for chunk in files:
                    sampler.partial_fit(*(chunk if files.labelled else (chunk,)))
        elif quantile is not None:
            options.label_dtype(files)
            X, y = files.everything()
            with files.naming_rows("all"):
                sampler.fit(X, y)
        else:
            with files.naming_rows("stream"):
                sampler.fit_batches(files, progress=False)
    sampler.save(output)
    _show(result, sampler, output, files.n_rows)


def _sampler(
    n_bins: str | None,
    bounds: str | None,
    quantile: float | None,
    out_of_range: str | None,
    append: str | None,
    n_jobs: int,
) -> zbins.PMFSampler:
    """Return the sampler to fit, its parameters checked."""
    if append is not None:
        for name, value in (("n-bins", n_bins), ("bounds", bounds), ("quantile", quantile)):
            if value is not None:
                raise typer.BadParameter(f"the model fixes them: give no --{name} with --append")
        sampler = zbins.load(append)
        sampler.set_params(n_jobs=n_jobs)
        if out_of_range is not None:
            sampler.set_params(out_of_range=out_of_range)
    else:
        if bounds is not None and quantile is not None:
            raise typer.BadParameter("give --bounds or --quantile, not both")
        sampler = zbins.PMFSampler(
            10 if n_bins is None else options.n_bins_of(n_bins),
            ("quantile", quantile) if quantile is not None else options.bounds_of(bounds),
            "grow" if out_of_range is None else out_of_range,
            n_jobs=n_jobs,
        )
    from ..pmf.grid import Settings  # late: scikit-learn takes a second

    try:
        Settings.of(sampler)
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(str(error)) from error
    return sampler


def _show(result: Result, sampler: zbins.PMFSampler, output: str, rows: int) -> None:
    summary = sampler.summary()
    bins = sorted({*summary.n_bins.tolist()})
    ignored = summary.n_samples_ignored
    result.show(
        output,
        {
            "n_samples": rows,
            "n_samples_seen": summary.n_samples_seen,
            "n_samples_ignored": ignored,
            "n_features": summary.n_features,
            "n_bins": summary.n_bins,
            "n_occupied": summary.n_occupied,
            "share_alone": summary.share_alone,
        },
        {
            "rows": f"{summary.n_samples_seen:,}" + (f" ({ignored:,} ignored)" * bool(ignored)),
            "columns": f"{summary.n_features:,}",
            "bins per column": f"{bins[0]}" + (f" to {bins[-1]}" * (len(bins) > 1)),
            "occupied bins": f"{summary.n_occupied:,}",
            "alone in a bin": f"{summary.n_alone:,} rows ({summary.share_alone:.1%})",
        },
        noun="model",
        done=(rows, "rows"),
        warnings=summary.warnings,
    )
