"""What the commands share: exit codes, messages, progress."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import typer

from banmian.files import atomic_writer

if TYPE_CHECKING:
    from rich.progress import Progress
    from spacy.language import Language

OK, PROGRAM_FAILURE, WRONG_USAGE, SOME_FAILED = 0, 1, 2, 3


def say(message: str) -> None:
    """One line for a person, on stderr."""
    typer.echo(f"banmian: {message}", err=True)


def fail(message: str, code: int = PROGRAM_FAILURE) -> typer.Exit:
    """Say what went wrong; ``raise fail(…)`` ends the command."""
    say(message)
    return typer.Exit(code)


def missing_extra(extra: str, error: ModuleNotFoundError) -> typer.Exit:
    """Fail for a package that only an extra installs."""
    return fail(f"this needs the package {error.name}: pip install 'banmian[{extra}]'")


def pages_among(inputs: list[str]) -> list[tuple[str, str]]:
    """The pages that a command was given, as ``find_pages`` yields them; none ends the command."""
    from banmian.pages import find_pages

    found = list(find_pages(inputs))
    if not found:
        raise fail(f"no pages (.txt, .md, .pdf, .html) in {', '.join(inputs)}", WRONG_USAGE)
    return found


def load_model(path: Path | None) -> Language:
    """The model of a folder, the bundled one for None; one that cannot be used ends the command."""
    from banmian.model import ModelError, load

    try:
        return load(path)
    except ModelError as error:
        raise fail(str(error)) from error


@contextmanager
def output_stream(path: Path | None) -> Iterator[IO[str]]:
    """The file that appears once it is whole, or standard output."""
    if path is None or str(path) == "-":
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        yield sys.stdout
        sys.stdout.flush()
    else:
        with atomic_writer(path) as stream:
            yield stream


def progress() -> Progress:
    """A progress bar on stderr, silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
