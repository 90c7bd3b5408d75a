"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import typer

from .._errors import InputError
from .._io.arrays import naming
from .._io.latents import LatentFiles
from .._types import Array

Json = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors, and what --json asks for.")
]
ShowProgress = Annotated[
    bool | None,
    typer.Option(
        "--progress/--no-progress",
        help="A bar on stderr, with rate and time left. Default: if that is a terminal.",
        show_default=False,
    ),
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="LATENTS",
        help="Files of latents, or globs: .npy, .npz, .safetensors, Parquet.",
        show_default=False,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(help="The array to read in .npz and .safetensors files, where there are several."),
]
Columns = Annotated[
    str | None,
    typer.Option(help="The columns to read in Parquet files, as 'a,b,c'. Default: all numbers."),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(help="Column of labels in Parquet files; their key in .npz and .safetensors."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        help="An .npy file of labels for all rows; repeated, one for each file of latents."
    ),
]
ChunkRows = Annotated[
    int | None,
    typer.Option(min=1, help="Rows held in memory at a time. Default: about 16 MiB."),
]


def _checked_jobs(n_jobs: int) -> int:
    if n_jobs == 0:
        raise typer.BadParameter("0; accepted are 1 or more, and -1 for all cores")
    return n_jobs


Jobs = Annotated[
    int,
    typer.Option(callback=_checked_jobs, help="Threads; -1 for all cores this process may use."),
]


def bar_wanted(show: bool | None, quiet: bool) -> bool | None:
    """Return what `Progress` takes."""
    return False if quiet else show


def opened(
    latents: Sequence[str],
    key: str | None,
    columns: str | None,
    label_column: str | None = None,
    labels: Sequence[str] | None = None,
    chunk_rows: int | None = None,
) -> LatentFiles:
    """Open the files that the options name."""
    return LatentFiles(
        latents,
        key=key,
        columns=names_of(columns),
        label_column=label_column,
        labels=labels or (),
        chunk_rows=chunk_rows,
    )


def label_dtype(files: LatentFiles) -> np.dtype[Any] | None:
    """Return the dtype that holds all labels of the files; None without labels.

    Raises
    ------
    InputError
        If they are of several types, which NumPy would make one of.
    """
    if not files.labelled:
        return None
    from .._common.labels import KINDS  # late: scikit-learn takes a second

    dtypes = files.label_dtypes()
    kinds = sorted({KINDS.get(dtype.kind, str(dtype)) for dtype in dtypes})
    if len(kinds) > 1:
        raise InputError(f"some labels are {kinds[0]} and some are {kinds[1]}; one type is needed")
    return np.result_type(*(dtypes or [np.dtype(np.int64)])).newbyteorder("=")


def names_of(text: str | None) -> list[str] | None:
    """Read 'a,b,c'."""
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise typer.BadParameter(
            f"{text!r}; accepted are different names, as 'a,b,c'", param_hint="'--columns'"
        )
    return names


def n_bins_of(text: str) -> int | list[int]:
    """Read '16', or '8,8,16' of one number per column."""
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}; accepted are a whole number, or one per column as '8,8,16'",
            param_hint="'--n-bins'",
        ) from None
    return numbers if "," in text else numbers[0]


def file_of_bounds(text: str | None) -> list[str]:
    """Return the file that `bounds_of` reads, if it reads one."""
    return [text] if text is not None and text.endswith(".npy") else []


def bounds_of(text: str | None) -> tuple[Any, Any] | None:
    """Read 'low,high', or the name of an .npy file of shape (2, columns)."""
    if text is None:
        return None
    if file_of_bounds(text):
        with naming(repr(text)):
            bounds: Array = np.load(text, allow_pickle=False)
        if bounds.ndim != 2 or len(bounds) != 2:
            raise typer.BadParameter(
                f"{text!r} has the shape {bounds.shape}; accepted is (2, columns)",
                param_hint="'--bounds'",
            )
        if (bounds[0] > bounds[1]).any():
            j = int(np.flatnonzero(bounds[0] > bounds[1])[0])
            raise typer.BadParameter(
                f"{text!r} has the bounds {bounds[0, j]} and {bounds[1, j]} for column {j}; the "
                "lower comes first",
                param_hint="'--bounds'",
            )
        return bounds[0], bounds[1]
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}; accepted are 'low,high', or an .npy file of shape (2, columns)",
            param_hint="'--bounds'",
        ) from None
    if low > high:
        raise typer.BadParameter(f"{text!r}; the lower comes first", param_hint="'--bounds'")
    return low, high
