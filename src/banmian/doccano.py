"""A doccano server: logging in, its requests, and the articles and labels that it holds.

Works with doccano 1.8.4 through doccano-client 1.1.1. What comes from a server is checked before it
is used: types, sizes, numbers; names of files are compared, never used as such.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from banmian.archives import ArchiveError, read_members
from banmian.doccano_rows import Example, Labels
from banmian.doccano_session import (
    DoccanoError,
    GuardedSession,
    Limits,
    check_url,
    field_of,
    number_of,
    text_of,
)

PROJECT_TYPE = "IntentDetectionAndSlotFilling"

_PAGE_SIZE = 200
_MOST_EXAMPLES = 100_000
_LONGEST_LINE = 16 * 1024 * 1024  # of an export, in bytes; parsed it takes many times as much


@dataclass(frozen=True)
class Project:
    """A project of the server. ``annotator`` is whose it is; empty for one that all share."""

    id: int
    name: str
    collaborative: bool
    annotator: str = ""


def connect(url: str, username: str, password: str, limits: Limits | None = None) -> Server:
    """Log in. Raises DoccanoError where that fails; a wrong password is told apart."""
    from doccano_client import DoccanoClient

    url = check_url(url)
    session = GuardedSession(url, limits or Limits(), (password,))

    class Client(DoccanoClient):  # type: ignore[misc]
        """Its own __init__ would log in without a time limit."""

        def __init__(self) -> None:
            self.baseurl, self.session = url, session

    client = Client()
    try:
        client._login(username, password)  # noqa: SLF001 - the login that __init__ would have done
    except DoccanoError as error:
        if "status 400" in str(error):
            raise DoccanoError(f"{url} does not accept this user name and password") from None
        raise
    except ValueError as error:
        raise DoccanoError(f"{url} does not answer as doccano does; is it the address?") from error
    server = Server(url, session, username)
    # The client takes any answer to a login; only this one says whether somebody is logged in.
    if field_of(server.call("GET", "v1/me"), "username") != username:
        raise DoccanoError(f"{url} logged in somebody else")
    return server


class Server:
    """A server that somebody is logged in to. Every method raises DoccanoError."""

    def __init__(self, url: str, session: GuardedSession, username: str) -> None:
        self.url, self.session, self.username = url, session, username

    def call(self, method: str, path: str, **kwargs: Any) -> Any:
        """One request; the JSON that comes back, None for an empty answer."""
        response = self.session.request(method, self.url + path, **kwargs)
        if not response.content:
            return None
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise DoccanoError(
                f"{self.url} does not answer as doccano 1.8 does (no JSON); is it the address?"
            ) from error

    def examples(self, project: Project) -> list[Example]:
        """All articles of a project."""
        found = {}
        for row in self.paged_rows(f"v1/projects/{project.id}/examples"):
            meta = field_of(row, "meta")
            own = meta.get("meta") if isinstance(meta, dict) else None
            example = Example(
                number_of(row, "id"),
                text_of(row, "text"),
                own if isinstance(own, dict) else {},
                bool(field_of(row, "is_confirmed")),
            )
            found[example.id] = example
        return [found[number] for number in sorted(found)]

    def labels(self, project: Project, *, confirmed: bool) -> dict[str, dict[int, Labels]]:
        """The labels of each article by annotator, "" for all of a collaborative project.

        ``confirmed`` takes only the articles that the annotator has confirmed.
        """
        members = ("",) if project.collaborative else self.members(project)
        wish = {"format": "JSONL", "exportApproved": confirmed}
        asked = self.call("POST", f"v1/projects/{project.id}/download", json=wish)
        self.wait(field_of(asked, "task_id"), "export")
        path = f"{self.url}v1/projects/{project.id}/download"
        answer = self.session.request("GET", path, params={"taskId": asked["task_id"]})
        return read_export(answer.content, members)

    def members(self, project: Project) -> tuple[str, ...]:
        """The names of those who work in a project."""
        rows = self.rows(f"v1/projects/{project.id}/members")
        return tuple(text_of(row, "username") for row in rows)

    def own_labels(self, project: Project) -> dict[int, Labels]:
        """The labels of each article: of a collaborative project all, else those of who is logged in."""
        by_annotator = self.labels(project, confirmed=False)
        return by_annotator.get("" if project.collaborative else self.username, {})

    def delete_examples(self, project: Project, numbers: Sequence[int]) -> None:
        """Delete some articles."""
        if numbers:  # the server takes an empty list for all articles
            path = f"v1/projects/{project.id}/examples"
            self.call("DELETE", path, json={"ids": list(numbers)})

    def upload(self, project: Project, rows: Sequence[Mapping[str, Any]]) -> None:
        """Import rows, in ASCII, because the server may guess encodings."""
        data = "".join(json.dumps(row) + "\n" for row in rows).encode("ascii")
        files = {"filepond": ("articles.jsonl", io.BytesIO(data))}
        sent = self.session.request("POST", f"{self.url}v1/fp/process/", files=files)
        upload = sent.text.strip()
        if not re.fullmatch(r"\w{1,64}", upload, re.ASCII):
            raise DoccanoError(f"{self.url} does not take uploads as doccano 1.8 does")
        try:
            wish = {"format": "JSONL", "task": PROJECT_TYPE, "encoding": "utf_8"}
            path = f"v1/projects/{project.id}/upload"
            asked = self.call("POST", path, json={**wish, "uploadIds": [upload]})
            self._check_import(self.wait(field_of(asked, "task_id"), "import"))
        except BaseException:
            # An import that still waits for its turn then finds nothing to import.
            with suppress(DoccanoError):
                self.session.request("DELETE", f"{self.url}v1/fp/revert/", data=upload)
            raise

    def _check_import(self, result: Any) -> None:
        errors = field_of(result, "error")
        if errors:
            first = errors[0] if isinstance(errors, list) else errors
            said = first.get("message", "") if isinstance(first, dict) else first
            reason = self.session.printable(str(said)) or "no reason given"
            raise DoccanoError(f"doccano refuses the import: {reason}")

    def wait(self, task: Any, what: str) -> Any:
        """Wait for a task of the server and return its result."""
        if not isinstance(task, str) or not re.fullmatch(r"[\w-]{1,64}", task, re.ASCII):
            raise DoccanoError("the server's answer is not doccano's (no task)")
        until, pause = time.monotonic() + self.session.limits.task, 0.2
        while time.monotonic() < until:
            status = self.call("GET", f"v1/tasks/status/{task}")
            if field_of(status, "ready"):
                if status.get("error"):
                    text = status["error"]
                    said = text.get("text") if isinstance(text, dict) else text
                    reason = self.session.printable(str(said))
                    raise DoccanoError(f"doccano's {what} failed: {reason}")
                return status.get("result")
            time.sleep(pause)
            pause = min(2.0, pause * 1.5)
        raise DoccanoError(
            f"doccano's {what} was not done after {self.session.limits.task:g} s; "
            "does `doccano task` run beside the web server?"
        )

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The rows of a list that the server gives whole."""
        rows = self.call("GET", path)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DoccanoError("the server's answer is not doccano's (no list)")
        return rows

    def paged_rows(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a list that the server gives page by page."""
        offset, seen = 0, set[int]()
        while offset < _MOST_EXAMPLES:
            wish = {"limit": str(_PAGE_SIZE), "offset": str(offset)}
            answer = self.call("GET", path, params=wish)
            rows = field_of(answer, "results")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise DoccanoError("the server's answer is not doccano's (no list)")
            seen.update(number_of(row, "id") for row in rows)
            yield from rows
            offset += _PAGE_SIZE
            if not rows or offset >= number_of(answer, "count"):
                if len(seen) != number_of(answer, "count"):
                    raise DoccanoError(f"{self.url}: changed while it was read; try again")
                return
        raise DoccanoError(f"{self.url} lists more than {_MOST_EXAMPLES} articles")


def read_export(data: bytes, annotators: Sequence[str]) -> dict[str, dict[int, Labels]]:
    """Read the zip of an export, in memory, member by member, under caps.

    ``annotators`` are those whose files are expected, ``("",)`` for the one file of a collaborative
    project; a member's name is compared with them and used for nothing else. Raises DoccanoError.
    """
    found: dict[str, dict[int, Labels]] = {}
    try:
        for member, content in read_members(data):
            name = "" if tuple(annotators) == ("",) else member.removesuffix(".jsonl")
            if name not in annotators or name in found:
                raise DoccanoError("doccano's export holds a file of no annotator")
            found[name] = dict(_read_labels(content))
    except ArchiveError as error:
        raise DoccanoError(f"doccano's export {error}") from error
    return found


def _read_labels(content: bytes) -> Iterator[tuple[int, Labels]]:
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        if len(line) > _LONGEST_LINE:
            raise DoccanoError(f"line {number} of doccano's export is too long for an article")
        try:
            row = json.loads(line)
            entities = tuple(
                sorted(
                    (_whole(start), _whole(end), str(label))
                    for start, end, label in row["entities"]
                )
            )
            cats = tuple(sorted(str(cat) for cat in row["cats"]))
            yield _whole(row["id"]), Labels(entities, cats)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DoccanoError(f"line {number} of doccano's export cannot be read") from error


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value
