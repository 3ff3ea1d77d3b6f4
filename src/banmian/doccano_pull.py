"""What people have done in a project of doccano: their annotations, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from banmian.annotations import key_of
from banmian.doccano import Project, Server
from banmian.doccano_rows import Example, Labels, RowError, from_doccano
from banmian.doccano_session import DoccanoError, field_of, number_of, text_of
from banmian.types import AnnotatedArticle


@dataclass(frozen=True)
class Pulled:
    """What one annotator made, and what of it could not be taken: (article, why)."""

    project: Project
    annotator: str
    articles: tuple[AnnotatedArticle, ...]
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Progress:
    """How many of a project's articles each of its people has confirmed."""

    project: Project
    total: int
    done: Mapping[str, int] = field(default_factory=dict)


def pull(server: Server, project: Project, *, confirmed: bool = True) -> list[Pulled]:
    """What each annotator of a project has made, code points as the page had them.

    ``confirmed`` leaves out what its annotator has not marked as done.
    """
    by_annotator = server.labels(project, confirmed=confirmed)
    examples = {example.id: example for example in server.examples(project)}
    return [
        _pulled(server, project, annotator, labels, examples)
        for annotator, labels in sorted(by_annotator.items())
    ]


def _pulled(
    server: Server,
    project: Project,
    annotator: str,
    labels: Mapping[int, Labels],
    examples: Mapping[int, Example],
) -> Pulled:
    who = annotator or project.annotator
    articles, problems = [], []
    seen: dict[str, int] = {}
    for number, found in labels.items():
        example = examples.get(number)
        if example is None:  # deleted between the two requests
            continue
        name = server.session.printable(str(example.meta.get("key") or f"article {number}"))
        known = str(example.sent.get("id"))
        if example.sent and known in seen:
            reason = f"stands there twice (articles {seen[known]} and {number})"
            problems.append((name, reason))
            continue
        seen[known] = number
        try:
            articles.append(from_doccano(example, found, who))
        except RowError as error:
            problems.append((name, server.session.printable(str(error))))
    articles.sort(key=_place)
    return Pulled(project, who, tuple(articles), tuple(problems))


def _place(article: AnnotatedArticle) -> tuple[str, int, str]:
    number = article.meta.get("article")
    return (
        str(article.meta.get("page", "")),
        number if type(number) is int else 0,
        key_of(article),
    )


def progress(server: Server, project: Project) -> Progress:
    """Who has confirmed how many articles."""
    row = server.call("GET", f"v1/projects/{project.id}/metrics/member-progress")
    people = field_of(row, "progress")
    if not isinstance(people, list):
        raise DoccanoError("the server's answer is not doccano's (no list of people)")
    done = {text_of(person, "user"): number_of(person, "done") for person in people}
    return Progress(project, number_of(row, "total"), dict(sorted(done.items())))
