"""banmian doccano"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from banmian.cli.common import SOME_FAILED, WRONG_USAGE, fail, say
from banmian.cli.doccano_next import next_pages
from banmian.cli.drafts import read_drafts

if TYPE_CHECKING:
    from banmian.doccano import Project, Server
    from banmian.doccano_pull import Pulled
    from banmian.doccano_push import Pushed

app = typer.Typer(
    help="Correct in doccano what the model found.\n\n"
    "The address and account come from DOCCANO_URL, DOCCANO_USERNAME and DOCCANO_PASSWORD, "
    "or are asked for.",
    no_args_is_help=True,
)
app.command("next")(next_pages)

Url = Annotated[str, typer.Option(envvar="DOCCANO_URL", help="The address of doccano.")]
Username = Annotated[str, typer.Option(envvar="DOCCANO_USERNAME", help="Who logs in.")]
ProjectName = Annotated[str, typer.Option(help="The project's name in doccano.")]
Timeout = Annotated[
    float, typer.Option(min=0.1, help="Seconds to wait for the server to say something.")
]


@app.command("push")
def push(
    pages: Annotated[
        list[str], typer.Argument(help="Files, folders, glob patterns, or - for standard input.")
    ],
    project: ProjectName = "banmian",
    annotator: Annotated[
        list[str] | None,
        typer.Option(help="Make a project for this user alone; give it once for each."),
    ] = None,
    individual: Annotated[
        bool,
        typer.Option(
            "--individual",
            help="A new project hides from each member what others mark, the model's spans too.",
        ),
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="A model folder of your own instead of the bundled model.")
    ] = None,
    url: Url = "",
    username: Username = "",
    timeout: Timeout = 30,
) -> None:
    """Clean and tag pages and put their articles into doccano, with the model's spans.

    What is there already stays as it is. An article that is there with another text is reported and
    left alone.

    Example: `banmian doccano push pages/`

    Example: `banmian doccano push pages/ --annotator alice --annotator bob`

    Exit status 3 where a page failed or an article has changed.
    """
    from banmian.doccano_projects import make_project
    from banmian.doccano_push import push as push_articles
    from banmian.doccano_rows import RowError
    from banmian.doccano_session import DoccanoError

    if individual and annotator:
        raise fail("give --individual or --annotator, not both", WRONG_USAGE)
    articles, failed = read_drafts(pages, model)
    server = _log_in(url, username, timeout)
    try:
        for who in dict.fromkeys(annotator or [""]):
            place = make_project(server, project, annotator=who, collaborative=not individual)
            failed = _report(server, push_articles(server, place, articles)) or failed
    except (DoccanoError, RowError) as error:
        raise fail(f"{error}; nothing was pushed to this project") from error
    if failed:
        raise typer.Exit(SOME_FAILED)


def _report(server: Server, pushed: Pushed) -> bool:
    """Say what a push did; whether something needs a person's eye."""
    from banmian.doccano_projects import ANNOTATION_PAGE

    plan = pushed.plan
    if pushed.mended:
        say(f"an earlier push was cut short; {pushed.mended} articles of it were replaced")
    for article, example in plan.changed:
        key = article.meta.get("key")
        say(f"{key}: doccano has another text of it (article {example.id}); left as it is")
    spans = sum(len(article.spans) for article in plan.new)
    say(
        f"project {pushed.project.name}: {len(plan.new)} articles pushed with {spans} spans, "
        f"{len(plan.present)} there already, {len(plan.changed)} changed"
    )
    say(f"annotate at {server.url}projects/{pushed.project.id}/{ANNOTATION_PAGE}")
    return bool(plan.changed)


@app.command("pull")
def pull(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The folder for the files, one an annotator.")
    ] = Path("annotations/doccano"),
    project: ProjectName = "banmian",
    everything: Annotated[
        bool, typer.Option("--all", help="Also what its annotator has not marked as done.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Drop articles of the files that doccano has no more.")
    ] = False,
    url: Url = "",
    username: Username = "",
    timeout: Timeout = 30,
) -> None:
    """Bring annotations back from doccano: OUT/PROJECT.jsonl, for single annotators PROJECT-WHO.jsonl.

    Takes the articles that annotators have marked as done. Files appear whole or not at all.

    Example: `banmian doccano pull`

    Exit status 3 where an article could not be taken; it is named and left out.
    """
    from banmian.annotations import write_annotations
    from banmian.doccano_pull import pull as pull_articles
    from banmian.doccano_session import DoccanoError

    server = _log_in(url, username, timeout)
    try:
        found = [
            pulled
            for place in _projects(server, project)
            for pulled in pull_articles(server, place, confirmed=not everything)
        ]
    except DoccanoError as error:
        raise fail(f"{error}; no file was written") from error
    files = _file_names(project, found)
    if not force:
        _refuse_loss(out, files)
    for name, pulled in files.items():
        if pulled.articles or (out / name).exists():
            write_annotations(out / name, pulled.articles)
            say(f"{out / name}: {len(pulled.articles)} articles")
    problems = [problem for pulled in found for problem in pulled.problems]
    for key, reason in problems:
        say(f"{key}: left out: {reason}")
    if not any(pulled.articles for pulled in found):
        say("no article is marked as done" if not everything else "the project holds no articles")
    if problems:
        raise typer.Exit(SOME_FAILED)


def _projects(server: Server, name: str) -> list[Project]:
    from banmian.doccano_projects import find_projects

    found = find_projects(server, name)
    if not found:
        raise fail(f"{server.url} has no project {name!r} for {server.username}")
    return found


def _file_names(project: str, found: list[Pulled]) -> dict[str, Pulled]:
    """A file for each annotator. Names of the server's making are no paths: letters and digits."""
    names: dict[str, Pulled] = {}
    for pulled in found:
        stem = _plain(project) + (f"-{_plain(pulled.annotator)}" if pulled.annotator else "")
        while f"{stem}.jsonl" in names:
            stem += "-2"
        names[f"{stem}.jsonl"] = pulled
    return names


def _plain(name: str) -> str:
    return re.sub(r"[^\w@+-]+", "_", name)[:60].strip("_") or "project"


def _refuse_loss(out: Path, files: dict[str, Pulled]) -> None:
    """End the command where a file holds articles that would be gone."""
    from banmian.annotations import key_of, read_annotations

    for name, pulled in files.items():
        if not (out / name).exists():
            continue
        left_out = {key for key, _ in pulled.problems}
        there = {key_of(article) for article in read_annotations([out / name])}
        lost = there - {key_of(article) for article in pulled.articles} - left_out
        if lost:
            raise fail(
                f"{out / name} holds {len(lost)} articles that are not, or not done, in doccano "
                f"({min(lost)}); --force drops them; no file was written"
            )


@dataclass(frozen=True)
class _Row:
    project: str
    annotator: str
    done: int
    total: int


@app.command("status")
def status(
    project: ProjectName = "banmian",
    url: Url = "",
    username: Username = "",
    timeout: Timeout = 30,
) -> None:
    """Show how many articles each annotator has marked as done.

    Example: `banmian doccano status`
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from banmian.doccano_pull import progress
    from banmian.doccano_session import DoccanoError

    server = _log_in(url, username, timeout)
    try:
        rows = [
            _Row(place.name, server.session.printable(who), done, found.total)
            for place in _projects(server, project)
            for found in [progress(server, place)]
            for who, done in found.done.items()
        ]
    except DoccanoError as error:
        raise fail(str(error)) from error
    table = Table(title=f"progress at {server.url}")
    for heading in ("project", "annotator"):
        table.add_column(heading, overflow="fold")
    for heading in ("done", "articles", "share"):
        table.add_column(heading, justify="right")
    for row in rows:
        share = f"{row.done / row.total:.0%}" if row.total else "-"
        table.add_row(
            Text(server.session.printable(row.project)),
            Text(row.annotator),
            str(row.done),
            str(row.total),
            share,
        )
    Console().print(table)


def _log_in(url: str, username: str, timeout: float) -> Server:
    """A server that accepts the account of the environment, or of who is asked."""
    import os

    from banmian.doccano import connect
    from banmian.doccano_session import DoccanoError, Limits, is_loopback

    url = url or _ask("DOCCANO_URL", "doccano's address")
    username = username or _ask("DOCCANO_USERNAME", "user name")
    password = os.environ.get("DOCCANO_PASSWORD") or _ask(
        "DOCCANO_PASSWORD", "password", hidden=True
    )
    if url.startswith("http://") and not is_loopback(url):
        say("the address begins with http://: the password goes over the network unencrypted")
    limits = Limits(silence=timeout, whole=4 * timeout, task=max(10 * timeout, 4 * timeout))
    try:
        return connect(url, username, password, limits)
    except DoccanoError as error:
        raise fail(str(error)) from error


def _ask(variable: str, what: str, *, hidden: bool = False) -> str:
    """Ask a person; without one, say which variable to set."""
    if not sys.stdin.isatty():
        raise fail(f"set {variable} ({what}); there is nobody to ask", WRONG_USAGE)
    return str(typer.prompt(what, hide_input=hidden, err=True))
