"""`zbins sample`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import typer

import zbins

from .._common.progress import Progress
from .._errors import InputError
from .._io.latents import CHUNK_BYTES
from .._io.writers import FORMATS, NpyWriter, Table, Writer, extension_of, writing
from . import _options as options
from ._output import Result, check_output


def sample(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model.", show_default=False)],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help="An .npy, .npz, .safetensors or .parquet file; - is .npy on stdout.",
        ),
    ],
    n_samples: Annotated[int, typer.Option("--n-samples", "-n", min=0, help="How many.")],
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The same seed gives the same samples. Default: a new one."),
    ] = None,
    start: Annotated[
        int, typer.Option(min=0, help="Number of the first sample; needs --seed.")
    ] = 0,
    label: Annotated[
        str | None, typer.Option(help="Draw from the rows with this label only.")
    ] = None,
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="Write the labels too, as y (not in .npy).")
    ] = False,
    chunk_rows: options.ChunkRows = None,
    n_jobs: options.Jobs = -1,
    json: options.Json = False,
    quiet: options.Quiet = False,
    show_progress: options.ShowProgress = None,
) -> None:
    """Draw samples from a model.

    They are drawn and written a chunk at a time, and are those of PMFSampler.sample, bit for bit.
    Machines share the work with the same --seed and each its own --start.

    Example: zbins sample m.zbins -n 100 --seed 0 -o x.npy
    """
    result = Result(json, quiet)
    if start and seed is None:
        raise typer.BadParameter("needs --seed, the same for every share", param_hint="'--start'")
    _check_format(output, with_labels, json)
    sampler = zbins.load(model).set_params(n_jobs=n_jobs)
    if output != "-":
        check_output(output, [model])
    if seed is None:
        seed = secrets.randbits(64)
    table = _table(sampler, n_samples, with_labels)
    row_bytes = table.n_features * table.dtype.itemsize
    batches = sampler.sample_batches(
        n_samples,
        chunk_rows or max(1, CHUNK_BYTES // row_bytes),
        y=None if label is None else _label(sampler, label),
        random_state=seed,
        start=start,
        return_y=with_labels,
        progress=False,
    )
    with Progress(options.bar_wanted(show_progress, quiet), n_samples, "sample", "row") as bar:
        if output == "-":
            _write(batches, NpyWriter(sys.stdout.buffer, table), with_labels, bar)
            sys.stdout.buffer.flush()
            return
        with writing(output, table) as writer:
            _write(batches, writer, with_labels, bar)
    result.show(
        output,
        {
            "n_samples": n_samples,
            "n_features": table.n_features,
            "dtype": str(table.dtype),
            "seed": seed,
            "start": start,
        },
        {
            "samples": f"{n_samples:,} of {table.n_features:,} columns ({table.dtype})",
            "seed": f"{seed}" + (f", from sample {start:,} on" if start else ""),
        },
        done=(n_samples, "samples"),
    )


def _check_format(output: str, with_labels: bool, json: bool) -> None:
    hint = "'--output'"
    if output == "-":
        if json:
            raise typer.BadParameter("- and --json both want stdout", param_hint=hint)
        if sys.__stdout__ is None:
            raise typer.BadParameter("- is stdout, which is closed", param_hint=hint)
        if sys.stdout.isatty():
            raise typer.BadParameter("- would write numbers to the terminal", param_hint=hint)
    elif not extension_of(output):
        raise typer.BadParameter(f"{output!r}; accepted are {', '.join(FORMATS)}", param_hint=hint)
    if with_labels and extension_of(output) not in FORMATS[1:]:
        raise typer.BadParameter(
            f"an .npy holds one array: --with-labels needs {', '.join(FORMATS[1:])}",
            param_hint=hint,
        )


def _table(sampler: zbins.PMFSampler, n: int, with_labels: bool) -> Table:
    names = getattr(sampler, "feature_names_in_", None)
    classes = getattr(sampler, "classes_", None)
    if with_labels and classes is None:
        raise InputError("the model has no labels: --with-labels does not go with it")
    return Table(
        n,
        sampler.n_features_in_,
        sampler.lower_.dtype,
        None if names is None else tuple(map(str, names)),
        classes.dtype if with_labels and classes is not None else None,
    )


def _label(sampler: zbins.PMFSampler, text: str) -> Any:
    """Return the label as one of the type the model was fitted with."""
    classes = getattr(sampler, "classes_", None)
    if classes is None:
        raise InputError("the model has no labels: --label does not go with it")
    for label in classes.tolist():
        if str(label) == text or (isinstance(label, bool) and str(label).lower() == text.lower()):
            return label
    shown = ", ".join(map(str, classes[:20].tolist())) + (", ..." if len(classes) > 20 else "")
    raise InputError(f"the model has no label {text!r}; it has {shown}")


def _write(batches: Iterator[Any], writer: Writer, with_labels: bool, bar: Progress) -> None:
    for batch in batches:
        X, y = batch if with_labels else (batch, None)
        writer.write(np.asarray(X), y)
        bar.advance(len(X))
