"""Several people's annotations of the same articles into one, by a named rule.

Where they part, the rule decides and the conflict is listed, with what each said and what was
taken; a person's decision in that list goes before the rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from banmian.agreement import same_articles
from banmian.annotations import key_of
from banmian.files import FileError, read_jsonl
from banmian.types import GENRES, SPAN_LABELS, TOPICS, AnnotatedArticle, Span

CharSpan = tuple[int, int, str]
Passes = Mapping[str, AnnotatedArticle]

MOST_TOPICS = 3
_CONTEXT = 15


def _union(votes: int, of: int, first: bool) -> bool:
    return True


def _intersection(votes: int, of: int, first: bool) -> bool:
    return votes == of


def _majority(votes: int, of: int, first: bool) -> bool:
    return 2 * votes > of


def _first(votes: int, of: int, first: bool) -> bool:
    return first


# Whether what some said is taken: by how many, of how many, and whether the first was among them.
RULES: dict[str, Callable[[int, int, bool], bool]] = {
    "union": _union,
    "intersection": _intersection,
    "majority": _majority,
    "first": _first,
}


@dataclass(frozen=True)
class Conflict:
    """One place where the annotators of an article part.

    ``kind`` is ``spans``, ``genre`` or ``topics``. ``said`` holds for each annotator what he gave,
    ``taken`` what the merged article has: spans as (start, end, label), else names. ``start`` and
    ``end`` enclose all spans concerned; without spans they are 0.
    """

    article: str
    kind: str
    start: int
    end: int
    context: str
    said: Mapping[str, tuple[Any, ...]]
    taken: tuple[Any, ...]
    decided: bool


Decisions = Mapping[tuple[str, str, int, int], tuple[Any, ...]]


def merge(
    passes: Mapping[str, Sequence[AnnotatedArticle]], rule: str, decisions: Decisions | None = None
) -> tuple[list[AnnotatedArticle], list[Conflict]]:
    """Merge passes, in the order of annotators, and list the conflicts.

    For spans, ``union`` takes what anyone marked, ``majority`` what more than half did,
    ``intersection`` what all did, ``first`` what the first who has the article did; of spans that
    cross, the one with more votes stays, then the longer. Topics follow the same rule, up to three,
    and fall back on those with most votes. The genre is that with most votes, then the first's,
    whatever the rule; under ``first`` the first's. Nobody's silence counts for or against a genre
    or topic.

    Raises ValueError where the passes hold different texts of an article, or a decision cannot be.
    """
    merged, conflicts = [], []
    for row in same_articles(list(passes.values())):
        own = {name: a for name, a in zip(passes, row, strict=True) if a is not None}
        first = next(iter(own.values()))
        if any(article.text != first.text for article in own.values()):
            raise ValueError(f"{key_of(first)}: {', '.join(own)} hold different texts of it")
        found = [*_spans(own, rule), *_categories(own, rule)]
        decided = [_decide(conflict, decisions or {}) for conflict in found]
        merged.append(_merged(first, list(own), rule, decided))
        conflicts += [c for c in decided if c.decided or any(s != c.taken for s in c.said.values())]
    return merged, conflicts


def _spans(own: Passes, rule: str) -> Iterator[Conflict]:
    """What is said and taken in each stretch of overlapping spans."""
    first = next(iter(own))
    article = own[first]
    for stretch in _stretches(own):
        start, end = stretch[0].start, max(span.end for span in stretch)
        said = {
            name: tuple((s.start, s.end, s.label) for s in a.spans if start <= s.start < end)
            for name, a in own.items()
        }
        votes = Counter(span for spans in said.values() for span in dict.fromkeys(spans))
        kept = [s for s in votes if RULES[rule](votes[s], len(own), s in said[first])]
        taken = _without_crossing(sorted(kept, key=lambda s: (-votes[s], s[0] - s[1], s)))
        context = article.text[max(0, start - _CONTEXT) : end + _CONTEXT].replace("\n", "⏎")
        yield Conflict(key_of(article), "spans", start, end, context, said, taken, decided=False)


def _stretches(own: Passes) -> Iterator[list[Span]]:
    """The spans of all annotators, in groups that overlap nothing outside themselves."""
    group: list[Span] = []
    end = 0
    for span in sorted((s for a in own.values() for s in a.spans), key=lambda s: (s.start, s.end)):
        if group and span.start >= end:
            yield group
            group = []
        group.append(span)
        end = max(end, span.end)
    if group:
        yield group


def _without_crossing(spans: Iterable[CharSpan]) -> tuple[CharSpan, ...]:
    """The spans that cross none before them, by place."""
    kept: list[CharSpan] = []
    for start, end, label in spans:
        if all(end <= s or e <= start for s, e, _ in kept):
            kept.append((start, end, label))
    return tuple(sorted(kept))


def _categories(own: Passes, rule: str) -> Iterator[Conflict]:
    """What is said and taken of genre and topics, where anything is."""
    key = key_of(next(iter(own.values())))
    genres = {name: (a.genre,) for name, a in own.items() if a.genre}
    topics = {
        name: tuple(sorted(set(a.topics), key=TOPICS.index)) for name, a in own.items() if a.topics
    }
    if genres:
        votes = Counter(genre for (genre,) in genres.values())
        given = next(iter(genres.values())) if rule == "first" else (votes.most_common(1)[0][0],)
        yield Conflict(key, "genre", 0, 0, "", genres, given, decided=False)
    if topics:
        taken = _topics(topics, rule)
        yield Conflict(key, "topics", 0, 0, "", topics, taken, decided=False)


def _topics(said: Mapping[str, tuple[str, ...]], rule: str) -> tuple[str, ...]:
    first = next(iter(said.values()))
    votes = Counter(topic for topics in said.values() for topic in topics)
    ordered = sorted(votes, key=lambda topic: (-votes[topic], TOPICS.index(topic)))
    kept = [topic for topic in ordered if RULES[rule](votes[topic], len(said), topic in first)]
    most = [topic for topic in ordered if votes[topic] == votes[ordered[0]]]
    return tuple(sorted((kept or most)[:MOST_TOPICS], key=TOPICS.index))


def _decide(conflict: Conflict, decisions: Decisions) -> Conflict:
    """The conflict as a person decided it, if one did."""
    place = (conflict.article, conflict.kind, conflict.start, conflict.end)
    if place not in decisions:
        return conflict
    return replace(conflict, taken=decisions[place], decided=True)


def _merged(
    article: AnnotatedArticle, annotators: list[str], rule: str, decided: Sequence[Conflict]
) -> AnnotatedArticle:
    spans = sorted(span for c in decided if c.kind == "spans" for span in c.taken)
    for (start, end, _), after in zip(spans, [*spans[1:], (len(article.text),)], strict=False):
        if not 0 <= start < end <= after[0]:
            place = f"[{start}, {end}]"
            raise ValueError(
                f"{key_of(article)}: the decided span {place} crosses another or leaves the text"
            )
    meta = {key: value for key, value in article.meta.items() if key != "annotator"}
    return replace(
        article,
        spans=tuple(Span(s, e, label, article.text[s:e]) for s, e, label in spans),
        genre=next((c.taken[0] for c in decided if c.kind == "genre" and c.taken), None),
        topics=next((c.taken for c in decided if c.kind == "topics"), ()),
        meta={**meta, "merged": {"rule": rule, "of": annotators}},
    )


def conflict_row(conflict: Conflict, text: str) -> dict[str, Any]:
    """A conflict as a row for a person: edit ``taken`` and set ``decided``."""

    def values(given: Iterable[Any]) -> list[Any]:
        if conflict.kind == "spans":
            return [[start, end, label, text[start:end]] for start, end, label in given]
        return list(given)

    return {
        "schema": "banmian.conflict/1",
        "article": conflict.article,
        "kind": conflict.kind,
        "start": conflict.start,
        "end": conflict.end,
        "context": conflict.context,
        "said": {name: values(given) for name, given in conflict.said.items()},
        "taken": values(conflict.taken),
        "decided": conflict.decided,
    }


def read_decisions(path: Path) -> dict[tuple[str, str, int, int], tuple[Any, ...]]:
    """The decided rows of a list of conflicts. Raises FileError, naming the line, for a wrong one."""
    decisions = {}
    for number, row in read_jsonl(path):
        try:
            if row["decided"] is not True:
                continue
            place = (str(row["article"]), str(row["kind"]), int(row["start"]), int(row["end"]))
            decisions[place] = tuple(_decision(place[1], value) for value in row["taken"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise FileError(f"{path}, line {number}: is no decided conflict ({error!r})") from error
    return decisions


def _decision(kind: str, value: Any) -> Any:
    """One value of ``taken``; the text beside a span is for the reader and may be left out."""
    names = {"spans": SPAN_LABELS, "genre": GENRES, "topics": TOPICS}[kind]
    name = value[2] if kind == "spans" else value
    if name not in names:
        raise ValueError(f"{name!r} is none of {', '.join(names)}")
    return (int(value[0]), int(value[1]), name) if kind == "spans" else name
