"""The command line: one file a command, each parses, calls a plain function, and prints."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from banmian import __version__
from banmian.cli import build, clean, evaluate, info, tag
from banmian.cli.annotations import app as annotations_app
from banmian.cli.common import OK, PROGRAM_FAILURE, say
from banmian.cli.doccano import app as doccano_app
from banmian.files import FileError

app = typer.Typer(
    name="banmian",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: rich takes longer to import than help may take
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From pages of Chinese local newspapers to tables you can trust.\n\n"
    "Start with: `banmian tag seeds/ -o out/rows.jsonl`",
)
app.command("tag")(tag.tag)
app.command("clean")(clean.clean)
app.command("evaluate")(evaluate.evaluate)
app.command("info")(info.info)
app.add_typer(annotations_app, name="annotations")
app.add_typer(build.app, name="build")
app.add_typer(doccano_app, name="doccano")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"banmian {__version__}")
        raise typer.Exit(OK)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options that stand before the command."""


def main() -> None:
    """Run the command line; what goes wrong is one line on stderr."""
    try:
        app()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python's own flush at exit must not complain.
        sys.stdout = None
        sys.exit(OK)
    except FileError as error:
        say(str(error))
        sys.exit(PROGRAM_FAILURE)
