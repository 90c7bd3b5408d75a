"""The commands under one name, and what all of them share."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ._bench import bench
from ._convert import convert
from ._exits import reporting
from ._fit import fit
from ._info import info
from ._merge import merge
from ._sample import sample


class Reporting(TyperGroup):
    """Errors of any command become one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with reporting(bool(ctx.params.get("show_traceback"))):
            return super().invoke(ctx)


app = typer.Typer(
    name="zbins",
    cls=Reporting,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its panels leave too little room for the texts
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

        typer.echo(f"zbins {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    show_traceback: Annotated[
        bool,
        typer.Option("--traceback", help="Show where an error comes from (or ZBINS_TRACEBACK=1)."),
    ] = False,
) -> None:
    """Turn any trained autoencoder into a generative model.

    Fit a model to the latents of an autoencoder, draw new ones from it, and decode these.

    Exit codes: 0 fine, 1 an error in the input or a file, 2 wrong usage, 130 Ctrl-C; 129 SIGHUP,
    141 the reader of the output went away, 143 SIGTERM.

    Example: zbins fit z.npy --n-bins 16 -o m.zbins
    """


for _command in (fit, sample, info, merge, convert, bench):
    app.command()(_command)


def command() -> Any:
    """Return the command that takes arguments and exits."""
    return typer.main.get_command(app)
