"""Projects of doccano: found by name, or made with labels, colours, keys, guidelines, annotators."""

from __future__ import annotations

from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

from banmian.doccano import PROJECT_TYPE, Project, Server
from banmian.doccano_session import DoccanoError, field_of, number_of, text_of
from banmian.files import FileError, read_bytes
from banmian.types import GENRES, SPAN_LABELS, TOPICS

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


def find_projects(server: Server, name: str) -> list[Project]:
    """The project of a name, and those of single annotators, NAME/WHO."""
    found = []
    for row in server.paged_rows("v1/projects"):
        title = text_of(row, "name")
        if title != name and not title.startswith(f"{name}/"):
            continue
        if text_of(row, "project_type") != PROJECT_TYPE:
            raise DoccanoError(
                f"the project {server.session.printable(title)!r} is of another type than "
                f"{PROJECT_TYPE}; choose another name with --project"
            )
        collaborative = bool(field_of(row, "collaborative_annotation"))
        annotator = title[len(name) + 1 :]
        found.append(Project(number_of(row, "id"), title, collaborative, annotator))
    titles = [project.name for project in found]
    if len(set(titles)) < len(titles):
        raise DoccanoError(f"several projects have the name {name!r}; rename one in doccano")
    return sorted(found, key=lambda project: project.name)


def make_project(
    server: Server, name: str, *, annotator: str = "", collaborative: bool = True
) -> Project:
    """Find a project or create it, with labels, colours, shortcuts, guidelines, its annotator.

    Raises DoccanoError, and leaves no new project behind, where that does not work.
    """
    title = f"{name}/{annotator}" if annotator else name
    project = next((p for p in find_projects(server, name) if p.name == title), None)
    if project is not None:
        if project.collaborative and not collaborative:
            raise DoccanoError(
                f"the project {title!r} is there already, and its members see each other's labels; "
                "choose another name with --project"
            )
        _add_labels(server, project)
        return project
    created = server.call(
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
    project = Project(number_of(created, "id"), title, collaborative, annotator)
    try:
        _add_labels(server, project)
        if annotator and annotator != server.username:
            add_member(server, project, annotator)
    except BaseException:
        with suppress(DoccanoError):
            server.call("DELETE", f"v1/projects/{project.id}")
        raise
    return project


def _add_labels(server: Server, project: Project) -> None:
    """Add the label types that a project does not have; those it has stay as they are."""
    for kind, wanted in (("span", span_types()), ("category", category_types())):
        path = f"v1/projects/{project.id}/{kind}-types"
        there = server.rows(path)
        names = {text_of(row, "text") for row in there}
        keys = {row.get("suffix_key") for row in there}
        for label in wanted:
            if label["text"] not in names:
                free = label["suffix_key"] not in keys
                server.call("POST", path, json=label if free else {**label, "suffix_key": None})


def add_member(server: Server, project: Project, annotator: str) -> None:
    """Let a user of the server annotate in a project. Raises DoccanoError where there is none."""
    users = server.rows("v1/users")
    roles = server.rows("v1/roles")
    user = next((u for u in users if u.get("username") == annotator), None)
    role = next((r for r in roles if r.get("name") == ANNOTATOR_ROLE), None)
    if user is None or role is None:
        missing = f"user {annotator!r}" if user is None else f"role {ANNOTATOR_ROLE!r}"
        raise DoccanoError(f"doccano has no {missing}; its administrator can add one")
    member = {"user": number_of(user, "id"), "role": number_of(role, "id")}
    server.call("POST", f"v1/projects/{project.id}/members", json=member)


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
