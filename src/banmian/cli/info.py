"""banmian info"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from banmian import __version__
from banmian.cli.common import fail


def info(
    model: Annotated[Path | None, typer.Option(help="A model folder of your own.")] = None,
) -> None:
    """Show versions and the model's card: what it was trained on and how good it is.

    Example: `banmian info`
    """
    from banmian.files import FileError, read_bytes
    from banmian.model import ModelError, bundled_path, check_folder

    typer.echo(f"banmian {__version__}, Python {platform.python_version()}")
    for package in ("spacy", "thinc", "spacy-pkuseg", "doccano-client", "scikit-learn", "typer"):
        try:
            typer.echo(f"{package} {version(package)}")
        except PackageNotFoundError:
            typer.echo(f"{package} is not installed")
    folder = model or bundled_path()
    try:
        meta = check_folder(folder)
    except ModelError as error:
        raise fail(str(error)) from error
    typer.echo(f"model {meta['lang']}_{meta['name']} {meta['version']} in {folder}")
    try:
        typer.echo("\n" + read_bytes(folder / "README.md", limit=1 << 20).decode("utf-8"))
    except FileError:
        typer.echo(meta.get("description", ""))
