"""HTML pages from the templates in the package: complete in themselves, everything escaped."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


def environment() -> Environment:
    """The one that renders our pages."""
    return Environment(
        loader=PackageLoader("banmian"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(name: str) -> str:
    """The text of a style sheet or script of ours, to be written into a page."""
    return files("banmian").joinpath("templates", name).read_text(encoding="utf-8")
