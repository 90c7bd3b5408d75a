"""`zbins convert`: latents to another format, or a model to plain arrays."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

import zbins

from .._common.progress import Progress
from .._errors import InputError
from .._io.arrays import format_of, is_model
from .._io.atomic import atomic_file
from .._io.latents import LatentFiles, expanded
from .._io.parquet import pyarrow
from .._io.writers import FORMATS, Table, extension_of, writing
from .._types import Array
from . import _options as options
from ._exits import warn
from ._output import Result, check_output

_BIN_ROWS = 65536  # written to Parquet at a time


def convert(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT", help="Files of latents or globs, or one model.", show_default=False
        ),
    ],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Its ending names the format to write.")
    ],
    labels: options.Labels = None,
    label_column: options.LabelColumn = None,
    key: options.Key = None,
    columns: options.Columns = None,
    chunk_rows: options.ChunkRows = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    show_progress: options.ShowProgress = None,
) -> None:
    """Convert latents to another format, or a model to arrays.

    The formats are .npy, .npz, .safetensors and .parquet. Several files of latents become one, in
    the order given (a glob by name), a chunk at a time; values, types and column names stay, but
    columns of several types (Parquet) become one that holds them. Labels are written as y, not in
    .npy.

    Of a model, .npz gets codes, counts, lower, upper, and what defines the grid (origin, top, k,
    first_bin, n_bins), with labels also classes and the counts per label; .parquet gets a row per
    occupied bin (and label): the code of every column, and count.

    Example: zbins convert 'part-*.npy' -o all.parquet
    """
    result = Result(json, quiet)
    paths = expanded(inputs)
    if not extension_of(output):
        raise typer.BadParameter(
            f"{output!r}; accepted are {', '.join(FORMATS)}", param_hint="'--output'"
        )
    check_output(output, [*paths, *expanded(labels or ())])
    if any(format_of(path) == "safetensors" and is_model(path) for path in paths):
        if len(paths) > 1:
            raise InputError("one model at a time; `zbins merge` makes one of several")
        if labels or label_column or key or columns or chunk_rows:
            raise InputError(f"{paths[0]!r} is a model; options for latents do not go with it")
        sampler = zbins.load(paths[0])
        what, name, rows = "occupied bins", "n_occupied", len(sampler.counts_)
        _write_model(sampler, output)
    else:
        files = options.opened(inputs, key, columns, label_column, labels, chunk_rows)
        what, name, rows = "rows", "n_samples", files.n_rows
        with Progress(options.bar_wanted(show_progress, quiet), rows, "convert", "row") as bar:
            files.on_rows = bar.advance
            _write_latents(files, output)
    result.show(output, {name: rows}, {what: f"{rows:,}"})


def _write_latents(files: LatentFiles, output: str) -> None:
    if files.labelled and extension_of(output) == ".npy":
        raise InputError(f"{output!r} holds one array: labels need {', '.join(FORMATS[1:])}")
    dtype = files.dtype.newbyteorder("=")
    for source in files.sources:
        if source.mixed:
            warn(f"{source.name} has columns of several types; all are written as {dtype}")
    table = Table(files.n_rows, files.n_features, dtype, files.names, options.label_dtype(files))
    with writing(output, table) as writer:
        for chunk in files:
            X, y = chunk if files.labelled else (chunk, None)
            writer.write(np.asarray(X), y)


def _write_model(sampler: zbins.PMFSampler, output: str) -> None:
    extension = extension_of(output)
    if extension == ".npz":
        with atomic_file(output) as file:
            np.savez(file, **_arrays(sampler))  # type: ignore[arg-type]
    elif extension == ".parquet":
        with atomic_file(output) as file:
            _write_bins(sampler, file)
    else:
        raise InputError(
            f"a model is several arrays: accepted are .npz and .parquet, got {output!r}"
        )


def _arrays(sampler: zbins.PMFSampler) -> dict[str, Array]:
    from ..pmf.sampler import model_of  # late: scikit-learn takes a second

    model = model_of(sampler)
    arrays = model.to_arrays()
    arrays |= {"codes": sampler.codes_, "counts": sampler.counts_}
    arrays |= {"lower": sampler.lower_, "upper": sampler.upper_}
    if model.classes is not None:
        arrays["classes"] = model.classes
    if model.feature_names is not None:
        arrays["feature_names"] = np.array([str(name) for name in model.feature_names])
    return arrays


def _write_bins(sampler: zbins.PMFSampler, file: Any) -> None:
    pa, pq = pyarrow()
    codes, counts = sampler.codes_, sampler.counts_
    classes = getattr(sampler, "classes_", None)
    bins, labels = np.arange(0), None
    if classes is not None:
        arrays = _arrays(sampler)
        starts = arrays["label_start"].astype(np.int64)
        per_bin = starts[1:] - starts[:-1]
        bins = np.repeat(np.arange(len(counts)), per_bin)
        counts, labels = arrays["label_count"].astype(np.int64), classes[arrays["label"]]
    names = getattr(sampler, "feature_names_in_", None)
    if names is None:
        names = [f"z{j}" for j in range(sampler.n_features_in_)]
    for taken in ("count",) if labels is None else ("count", "y"):
        if taken in names:
            raise InputError(f"the model has a column {taken!r}, which is what Parquet holds too")
    fields = [(str(name), pa.from_numpy_dtype(codes.dtype)) for name in names]
    if labels is not None:
        kind = pa.string() if labels.dtype.kind == "U" else pa.from_numpy_dtype(labels.dtype)
        fields.append(("y", kind))
    schema = pa.schema([*fields, ("count", pa.int64())])
    with pq.ParquetWriter(file, schema) as writer:
        for begin in range(0, len(counts), _BIN_ROWS):
            part = slice(begin, begin + _BIN_ROWS)
            rows = codes[part] if labels is None else codes[bins[part]]
            columns = [pa.array(np.ascontiguousarray(column)) for column in rows.T]
            if labels is not None:
                columns.append(pa.array(labels[part], type=schema.field("y").type))
            columns.append(pa.array(counts[part]))
            writer.write_batch(pa.record_batch(columns, schema=schema))
