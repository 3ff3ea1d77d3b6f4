"""The only module that talks to a doccano server: find or make projects, push, pull, progress.

Works with doccano 1.8.4 through doccano-client 1.1.1. What comes from a server is checked before it
is used: types, sizes, numbers; names of files are compared, never used as such.
"""

from __future__ import annotations

import io
import json
import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from banmian.annotations import key_of
from banmian.archives import ArchiveError, read_members
from banmian.doccano_rows import (
    NO_LABELS,
    Example,
    Labels,
    Plan,
    RowError,
    from_doccano,
    labels_of,
    own_id,
    plan_push,
    to_doccano,
)
from banmian.doccano_session import (
    DoccanoError,
    GuardedSession,
    Limits,
    check_url,
    field_of,
)
from banmian.files import FileError, read_bytes
from banmian.types import GENRES, SPAN_LABELS, TOPICS, AnnotatedArticle

PROJECT_TYPE = "IntentDetectionAndSlotFilling"
ANNOTATION_PAGE = "intent-detection-and-slot-filling"  # of a project of that type
ANNOTATOR_ROLE = "annotator"

# Dark enough for doccano's white text, and told apart by people who see no red or green. The page of
# such a project binds no key to a span label, but its menu lists the labels that have the letter
# typed, and of each of these letters its label is the first: letter, arrow down, Enter.
SPAN_STYLES = {
    "INITIATIVE": ("#005a9c", "i"),
    "ORG": ("#00734f", "o"),
    "SLOGAN": ("#b34700", "s"),
    "INDICATOR": ("#8e2f73", "d"),
}
_GENRE_COLOUR, _TOPIC_COLOUR = "#37474f", "#5d4037"
_TOPIC_KEYS = "pgurtce"  # in the order of TOPICS; none is a span's

_BATCH = 200  # articles in one upload
_PAGE_SIZE = 200
_MOST_EXAMPLES = 100_000
_JOURNAL = re.compile(r"banmian push ([0-9a-f]{16}) unfinished")


@dataclass(frozen=True)
class Project:
    """A project of the server. ``annotator`` is whose it is; empty for one that all share."""

    id: int
    name: str
    collaborative: bool
    annotator: str = ""


@dataclass(frozen=True)
class Pushed:
    """What a push did to one project."""

    project: Project
    plan: Plan
    mended: int = 0


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


def guidelines() -> str:
    """The annotation guidelines: of the installed package, or of the checkout it is run from."""
    packaged = resources.files("banmian") / "data" / "GUIDELINES.md"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).resolve().parents[2] / "annotations" / "GUIDELINES.md"
    try:
        return read_bytes(checkout, limit=1 << 20).decode("utf-8")
    except (FileError, UnicodeDecodeError):
        return ""


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

    # Projects

    def find_projects(self, name: str) -> list[Project]:
        """The project of a name, and those of single annotators, NAME/WHO."""
        found = []
        for row in self._pages("v1/projects"):
            title = _text(row, "name")
            if title != name and not title.startswith(f"{name}/"):
                continue
            if _text(row, "project_type") != PROJECT_TYPE:
                raise DoccanoError(
                    f"the project {self.session.printable(title)!r} is of another type than "
                    f"{PROJECT_TYPE}; choose another name with --project"
                )
            collaborative = bool(field_of(row, "collaborative_annotation"))
            annotator = title[len(name) + 1 :]
            found.append(Project(_number(row, "id"), title, collaborative, annotator))
        titles = [project.name for project in found]
        if len(set(titles)) < len(titles):
            raise DoccanoError(f"several projects have the name {name!r}; rename one in doccano")
        return sorted(found, key=lambda project: project.name)

    def make_project(
        self, name: str, *, annotator: str = "", collaborative: bool = True
    ) -> Project:
        """Find a project or create it, with labels, colours, shortcuts, guidelines, its annotator."""
        title = f"{name}/{annotator}" if annotator else name
        project = next((p for p in self.find_projects(name) if p.name == title), None)
        if project is not None:
            self._add_labels(project)
            return project
        created = self.call(
            "POST",
            "v1/projects",
            json={
                "name": title,
                "description": "Articles of newspaper pages, pushed by banmian",
                "project_type": PROJECT_TYPE,
                "resourcetype": f"{PROJECT_TYPE}Project",
                "guideline": guidelines(),
                "collaborative_annotation": collaborative,
            },
        )
        project = Project(_number(created, "id"), title, collaborative, annotator)
        try:
            self._add_labels(project)
            if annotator and annotator != self.username:
                self._add_member(project, annotator)
        except BaseException:
            with suppress(DoccanoError):
                self.call("DELETE", f"v1/projects/{project.id}")
            raise
        return project

    def _add_labels(self, project: Project) -> None:
        """Add the label types that a project does not have; those it has stay as they are."""
        for kind, wanted in (("span", span_types()), ("category", category_types())):
            path = f"v1/projects/{project.id}/{kind}-types"
            there = self._list(path)
            names = {_text(row, "text") for row in there}
            keys = {row.get("suffix_key") for row in there}
            for label in wanted:
                if label["text"] not in names:
                    free = label["suffix_key"] not in keys
                    self.call("POST", path, json=label if free else {**label, "suffix_key": None})

    def _add_member(self, project: Project, annotator: str) -> None:
        users = self._list("v1/users")
        roles = self._list("v1/roles")
        user = next((u for u in users if u.get("username") == annotator), None)
        role = next((r for r in roles if r.get("name") == ANNOTATOR_ROLE), None)
        if user is None or role is None:
            missing = f"user {annotator!r}" if user is None else f"role {ANNOTATOR_ROLE!r}"
            raise DoccanoError(f"doccano has no {missing}; its administrator can add one")
        member = {"user": _number(user, "id"), "role": _number(role, "id")}
        self.call("POST", f"v1/projects/{project.id}/members", json=member)

    # Articles

    def examples(self, project: Project) -> list[Example]:
        """All articles of a project."""
        found = {}
        for row in self._pages(f"v1/projects/{project.id}/examples"):
            meta = field_of(row, "meta")
            own = meta.get("meta") if isinstance(meta, dict) else None
            example = Example(
                _number(row, "id"),
                _text(row, "text"),
                own if isinstance(own, dict) else {},
                bool(field_of(row, "is_confirmed")),
            )
            found[example.id] = example
        return [found[number] for number in sorted(found)]

    def labels(self, project: Project, *, confirmed: bool) -> dict[str, dict[int, Labels]]:
        """The labels of each article by annotator, "" for all of a collaborative project.

        ``confirmed`` takes only the articles that the annotator has confirmed.
        """
        members = ("",) if project.collaborative else self._members(project)
        wish = {"format": "JSONL", "exportApproved": confirmed}
        asked = self.call("POST", f"v1/projects/{project.id}/download", json=wish)
        self._wait(field_of(asked, "task_id"), "export")
        path = f"{self.url}v1/projects/{project.id}/download"
        answer = self.session.request("GET", path, params={"taskId": asked["task_id"]})
        return read_export(answer.content, members)

    def _members(self, project: Project) -> tuple[str, ...]:
        rows = self._list(f"v1/projects/{project.id}/members")
        return tuple(_text(row, "username") for row in rows)

    def delete_examples(self, project: Project, numbers: Sequence[int]) -> None:
        """Delete some articles."""
        if numbers:  # the server takes an empty list for all articles
            path = f"v1/projects/{project.id}/examples"
            self.call("DELETE", path, json={"ids": list(numbers)})

    def push(self, project: Project, articles: Iterable[AnnotatedArticle]) -> Pushed:
        """Put articles into a project that it does not have; all of them arrive or none does.

        Raises RowError for an article that doccano cannot hold.
        """
        mended = self._mend(project)
        plan = plan_push(articles, self.examples(project))
        for article in plan.new:
            labels_of(article)  # raises before anything is sent
        push = secrets.token_hex(8)
        if plan.new:
            journal = self._open_journal(project, push)
            try:
                for start in range(0, len(plan.new), _BATCH):
                    batch = plan.new[start : start + _BATCH]
                    self._upload(project, [to_doccano(article, push) for article in batch])
                self._verify(project, push, plan.new)
            except BaseException:
                self._take_back(project, push, journal)
                raise
            self._close_journal(project, journal)
        return Pushed(project, plan, mended)

    def _upload(self, project: Project, rows: Sequence[Mapping[str, Any]]) -> None:
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
            self._check_import(self._wait(field_of(asked, "task_id"), "import"))
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

    def _verify(self, project: Project, push: str, articles: Sequence[AnnotatedArticle]) -> None:
        """Read back what a push has sent. Raises DoccanoError where something is not as sent."""
        there = [e for e in self.examples(project) if e.sent.get("push") == push]
        stored = self._own_labels(project)
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

    def _own_labels(self, project: Project) -> dict[int, Labels]:
        by_annotator = self.labels(project, confirmed=False)
        return by_annotator.get("" if project.collaborative else self.username, {})

    # A push is announced by a tag of the project before it begins and the tag removed at its end, so
    # that one cut short (a killed process, a lost network) is noticed by the next.

    def _open_journal(self, project: Project, push: str) -> int:
        tag = {"text": f"banmian push {push} unfinished"}
        return _number(self.call("POST", f"v1/projects/{project.id}/tags", json=tag), "id")

    def _close_journal(self, project: Project, journal: int) -> None:
        self.call("DELETE", f"v1/projects/{project.id}/tags/{journal}")

    def _take_back(self, project: Project, push: str, journal: int) -> None:
        """Remove what a failed push has left; where even that fails, the tag stays for the next."""
        with suppress(DoccanoError):
            there = [e.id for e in self.examples(project) if e.sent.get("push") == push]
            self.delete_examples(project, there)
            self._close_journal(project, journal)

    def _mend(self, project: Project) -> int:
        """Remove what a push that was cut short left without its labels; how many that were.

        Articles that somebody has confirmed or labelled stay.
        """
        unfinished = {}
        for row in self._list(f"v1/projects/{project.id}/tags"):
            match = _JOURNAL.fullmatch(_text(row, "text"))
            if match:
                unfinished[match[1]] = _number(row, "id")
        if not unfinished:
            return 0
        stored = self._own_labels(project)
        broken, seen = [], set()
        for example in sorted(self.examples(project), key=lambda e: not e.confirmed):
            if example.sent.get("push") not in unfinished:
                continue
            bare = example.id not in stored or stored[example.id] == NO_LABELS
            known = str(example.sent.get("id"))
            again = known in seen
            if bare and not example.confirmed and (again or example.sent.get("labels")):
                broken.append(example.id)
            else:
                seen.add(known)
        self.delete_examples(project, broken)
        for journal in unfinished.values():
            self._close_journal(project, journal)
        return len(broken)

    # What people have done

    def pull(self, project: Project, *, confirmed: bool = True) -> list[Pulled]:
        """What each annotator of a project has made, code points as the page had them.

        ``confirmed`` leaves out what its annotator has not marked as done.
        """
        by_annotator = self.labels(project, confirmed=confirmed)
        examples = {example.id: example for example in self.examples(project)}
        return [
            self._pulled(project, annotator, labels, examples)
            for annotator, labels in sorted(by_annotator.items())
        ]

    def _pulled(
        self,
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
            name = self.session.printable(str(example.meta.get("key") or f"article {number}"))
            known = str(example.sent.get("id"))
            if example.sent and known in seen:
                reason = f"stands there twice (articles {seen[known]} and {number})"
                problems.append((name, reason))
                continue
            seen[known] = number
            try:
                articles.append(from_doccano(example, found, who))
            except RowError as error:
                problems.append((name, self.session.printable(str(error))))
        articles.sort(key=_place)
        return Pulled(project, who, tuple(articles), tuple(problems))

    def progress(self, project: Project) -> Progress:
        """Who has confirmed how many articles."""
        row = self.call("GET", f"v1/projects/{project.id}/metrics/member-progress")
        people = field_of(row, "progress")
        if not isinstance(people, list):
            raise DoccanoError("the server's answer is not doccano's (no list of people)")
        done = {_text(person, "user"): _number(person, "done") for person in people}
        return Progress(project, _number(row, "total"), dict(sorted(done.items())))

    # Shapes of answers

    def _wait(self, task: Any, what: str) -> Any:
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

    def _list(self, path: str) -> list[dict[str, Any]]:
        rows = self.call("GET", path)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DoccanoError("the server's answer is not doccano's (no list)")
        return rows

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The rows of a list that the server gives page by page."""
        offset, seen = 0, set[int]()
        while offset < _MOST_EXAMPLES:
            wish = {"limit": str(_PAGE_SIZE), "offset": str(offset)}
            answer = self.call("GET", path, params=wish)
            rows = field_of(answer, "results")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise DoccanoError("the server's answer is not doccano's (no list)")
            seen.update(_number(row, "id") for row in rows)
            yield from rows
            offset += _PAGE_SIZE
            if not rows or offset >= _number(answer, "count"):
                if len(seen) != _number(answer, "count"):
                    raise DoccanoError(f"{self.url}: changed while it was read; try again")
                return
        raise DoccanoError(f"{self.url} lists more than {_MOST_EXAMPLES} articles")


def span_types() -> list[dict[str, Any]]:
    """The span labels as doccano's API takes them."""
    return [_label_type(label, *SPAN_STYLES[label]) for label in SPAN_LABELS]


def category_types() -> list[dict[str, Any]]:
    """The genres and topics as doccano's API takes them."""
    genres = [_label_type(g, _GENRE_COLOUR, str(n)) for n, g in enumerate(GENRES, 1)]
    topics = zip(TOPICS, _TOPIC_KEYS, strict=True)
    return genres + [_label_type(topic, _TOPIC_COLOUR, key) for topic, key in topics]


def _label_type(text: str, colour: str, key: str) -> dict[str, Any]:
    return {
        "text": text,
        "background_color": colour,
        "text_color": "#ffffff",
        "prefix_key": None,
        "suffix_key": key,
    }


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


def _number(row: Any, key: str) -> int:
    value = field_of(row, key)
    if type(value) is not int or value < 0:
        raise DoccanoError(f"the server's answer is not doccano's ({key!r} is no number)")
    return value


def _text(row: Any, key: str) -> str:
    value = field_of(row, key)
    if not isinstance(value, str):
        raise DoccanoError(f"the server's answer is not doccano's ({key!r} is no text)")
    return value


def _place(article: AnnotatedArticle) -> tuple[str, int, str]:
    number = article.meta.get("article")
    return (
        str(article.meta.get("page", "")),
        number if type(number) is int else 0,
        key_of(article),
    )
