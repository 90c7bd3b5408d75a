"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import numpy as np
import typer

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
Jobs = Annotated[int, typer.Option(help="Threads; -1 for all cores this process may use.")]


def bar_wanted(show: bool | None, quiet: bool) -> bool:
    """Tell whether to show a bar."""
    return not quiet and (sys.stderr.isatty() if show is None else show)


def names_of(text: str | None) -> list[str] | None:
    """Read 'a,b,c'."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


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


def bounds_of(text: str | None) -> tuple[Any, Any] | None:
    """Read 'low,high', or the name of an .npy file of shape (2, columns)."""
    if text is None:
        return None
    if text.endswith(".npy"):
        bounds: Array = np.load(text, allow_pickle=False)
        if bounds.ndim != 2 or len(bounds) != 2:
            raise typer.BadParameter(
                f"{text!r} has the shape {bounds.shape}; accepted is (2, columns)",
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
    return low, high
