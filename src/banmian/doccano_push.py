"""Articles into a project of doccano: nothing twice, nothing overwritten, all of them or none."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from banmian.annotations import key_of
from banmian.doccano import Project, Server
from banmian.doccano_rows import NO_LABELS, Plan, labels_of, own_id, plan_push, to_doccano
from banmian.doccano_session import DoccanoError, number_of, text_of
from banmian.types import AnnotatedArticle

_BATCH = 200  # articles in one upload
_JOURNAL = re.compile(r"banmian push ([0-9a-f]{16}) unfinished")


@dataclass(frozen=True)
class Pushed:
    """What a push did to one project."""

    project: Project
    plan: Plan
    mended: int = 0


def push(server: Server, project: Project, articles: Iterable[AnnotatedArticle]) -> Pushed:
    """Put articles into a project that it does not have; all of them arrive or none does.

    Raises RowError for an article that doccano cannot hold.
    """
    mended = _mend(server, project)
    plan = plan_push(articles, server.examples(project))
    for article in plan.new:
        labels_of(article)  # raises before anything is sent
    this_push = secrets.token_hex(8)
    if plan.new:
        journal = _open_journal(server, project, this_push)
        try:
            for start in range(0, len(plan.new), _BATCH):
                batch = plan.new[start : start + _BATCH]
                server.upload(project, [to_doccano(article, this_push) for article in batch])
            _verify(server, project, this_push, plan.new)
        except BaseException:
            _take_back(server, project, this_push, journal)
            raise
        _close_journal(server, project, journal)
    return Pushed(project, plan, mended)


def _verify(
    server: Server, project: Project, push: str, articles: Sequence[AnnotatedArticle]
) -> None:
    """Read back what a push has sent. Raises DoccanoError where something is not as sent."""
    there = [e for e in server.examples(project) if e.sent.get("push") == push]
    stored = server.own_labels(project)
    by_id = {str(example.sent.get("id")): example for example in there}
    if len(there) != len(articles) or len(by_id) != len(articles):
        raise DoccanoError(
            f"doccano holds {len(there)} articles of this push instead of {len(articles)}"
        )
    for article in articles:
        example = by_id.get(own_id(article))
        wanted = labels_of(article)
        if example is None or example.text != article.text:
            raise DoccanoError(f"{key_of(article)}: doccano did not keep its text")
        if stored.get(example.id, NO_LABELS) != wanted and not example.confirmed:
            raise DoccanoError(f"{key_of(article)}: doccano did not keep its labels")


# A push is announced by a tag of the project before it begins and the tag removed at its end, so
# that one cut short (a killed process, a lost network) is noticed by the next.


def _open_journal(server: Server, project: Project, push: str) -> int:
    tag = {"text": f"banmian push {push} unfinished"}
    return number_of(server.call("POST", f"v1/projects/{project.id}/tags", json=tag), "id")


def _close_journal(server: Server, project: Project, journal: int) -> None:
    server.call("DELETE", f"v1/projects/{project.id}/tags/{journal}")


def _take_back(server: Server, project: Project, push: str, journal: int) -> None:
    """Remove what a failed push has left; where even that fails, the tag stays for the next."""
    with suppress(DoccanoError):
        there = [e.id for e in server.examples(project) if e.sent.get("push") == push]
        server.delete_examples(project, there)
        _close_journal(server, project, journal)


def _mend(server: Server, project: Project) -> int:
    """Remove what a push that was cut short left without its labels; how many that were.

    Articles that somebody has confirmed or labelled stay.
    """
    unfinished = {}
    for row in server.rows(f"v1/projects/{project.id}/tags"):
        match = _JOURNAL.fullmatch(text_of(row, "text"))
        if match:
            unfinished[match[1]] = number_of(row, "id")
    if not unfinished:
        return 0
    worked_on = _worked_on(server, project)
    broken, seen = [], set()
    for example in sorted(server.examples(project), key=lambda e: e.id not in worked_on):
        if example.sent.get("push") not in unfinished:
            continue
        known = str(example.sent.get("id"))
        again = known in seen
        if example.id not in worked_on and (again or example.sent.get("labels")):
            broken.append(example.id)
        else:
            seen.add(known)
    server.delete_examples(project, broken)
    for journal in unfinished.values():
        _close_journal(server, project, journal)
    return len(broken)


def _worked_on(server: Server, project: Project) -> set[int]:
    """The articles that have labels, the model's or anybody's, or that anybody has confirmed."""
    labels = server.labels(project, confirmed=False).values()
    confirmed = server.labels(project, confirmed=True).values()
    labelled = {number for own in labels for number, found in own.items() if found != NO_LABELS}
    return labelled.union(*confirmed)
