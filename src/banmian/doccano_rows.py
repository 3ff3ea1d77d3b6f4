"""Articles as doccano's import takes them and its server gives them back. No network.

doccano's server stores whatever numbers it is sent; its page counts UTF-16 units. So every row that
leaves here has its offsets in UTF-16 units, every row that comes back is read so, and one number
never has two meanings. A row says so itself, under ``meta.doccano``: ``offsets``, ``id`` (page,
number and text of the article, by which a second push knows it), ``text_sha256`` and what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from banmian.annotations import from_row, key_of, to_row
from banmian.files import sha256
from banmian.types import GENRES, AnnotatedArticle
from banmian.utf16 import Utf16Offsets

SCHEMA = "banmian.doccano/1"

Entity = tuple[int, int, str]


class RowError(ValueError):
    """A row of doccano's that cannot become an article; the message says why."""


@dataclass(frozen=True)
class Example:
    """An article as doccano's server holds it. ``id`` is the server's own number."""

    id: int
    text: str
    meta: Mapping[str, Any]
    confirmed: bool = False

    @property
    def sent(self) -> Mapping[str, Any]:
        """What a push wrote under ``meta.doccano``; empty for an article from elsewhere."""
        sent = self.meta.get("doccano")
        return sent if isinstance(sent, dict) and sent.get("schema") == SCHEMA else {}


@dataclass(frozen=True)
class Labels:
    """What one annotator has on one article; offsets in UTF-16 units."""

    entities: tuple[Entity, ...] = ()
    cats: tuple[str, ...] = ()


NO_LABELS = Labels()


def text_hash(text: str) -> str:
    """The hash by which a text is known again."""
    return sha256(text.encode("utf-8", "surrogatepass"))


def own_id(article: AnnotatedArticle) -> str:
    """What makes an article the same one in two pushes: its page, its number, its text."""
    page = str(article.meta.get("page_sha256", ""))[:16] or key_of(article)
    return f"{page}:{article.meta.get('article', article.id)}:{text_hash(article.text)[:16]}"


def labels_of(article: AnnotatedArticle) -> Labels:
    """The spans and categories of an article as doccano stores them.

    Raises RowError where spans overlap: doccano would drop one of them without a word.
    """
    offsets = Utf16Offsets(article.text)
    spans = sorted(article.spans, key=lambda span: (span.start, span.end))
    for before, after in pairwise(spans):
        if after.start < before.end:
            raise RowError(
                f"{key_of(article)}: the spans {before.text!r} and {after.text!r} overlap, "
                "which doccano does not keep"
            )
    entities = ((offsets.to_units(s.start), offsets.to_units(s.end), s.label) for s in spans)
    cats = [*([article.genre] if article.genre else []), *dict.fromkeys(article.topics)]
    return Labels(tuple(entities), tuple(sorted(cats)))


def to_doccano(article: AnnotatedArticle, push: str = "") -> dict[str, Any]:
    """The row to import. ``push`` names the push that sends it. Raises RowError."""
    labels = labels_of(article)
    meta = dict(to_row(article)["meta"])
    meta["doccano"] = {
        "schema": SCHEMA,
        "id": own_id(article),
        "offsets": "utf-16",
        "text_sha256": text_hash(article.text),
        "labels": len(labels.entities) + len(labels.cats),
        "push": push,
    }
    return {
        "text": article.text,
        "entities": [list(entity) for entity in labels.entities],
        "cats": list(labels.cats),
        "meta": meta,
    }


def from_doccano(example: Example, labels: Labels, annotator: str = "") -> AnnotatedArticle:
    """The article of an example as one annotator left it, offsets in code points.

    Raises RowError where the text is not the one that was sent, where a span stands in no text or
    cuts a character in half, and where labels are none of ours or hold two genres.
    """
    if not example.sent:
        raise RowError("was not pushed by banmian")
    if text_hash(example.text) != example.sent.get("text_sha256"):
        raise RowError("its text was changed in doccano")
    genres = [cat for cat in labels.cats if cat in GENRES]
    if len(genres) > 1:
        raise RowError(f"has {len(genres)} genres ({', '.join(genres)}); an article has one")
    meta = {key: value for key, value in example.meta.items() if key != "doccano"}
    if annotator:
        meta["annotator"] = annotator
    offsets = Utf16Offsets(example.text)
    try:
        entities = [
            [offsets.to_points(start), offsets.to_points(end), label]
            for start, end, label in labels.entities
        ]
        row = {"text": example.text, "entities": entities, "cats": labels.cats, "meta": meta}
        return from_row(row)
    except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
        raise RowError(str(error)) from error


@dataclass(frozen=True)
class Plan:
    """What a push has to do: each article with its row, by what doccano holds already.

    ``changed`` are pairs of an article and the example that holds another version of its text.
    """

    new: tuple[AnnotatedArticle, ...]
    present: tuple[AnnotatedArticle, ...]
    changed: tuple[tuple[AnnotatedArticle, Example], ...]


def plan_push(articles: Iterable[AnnotatedArticle], examples: Sequence[Example]) -> Plan:
    """Divide articles into new ones, those doccano has, and those it has in another version.

    Another version is one of the same place: the same number on the same page, or a text much like
    it on a page of the same name.
    """
    from rapidfuzz import fuzz

    there = {str(example.sent.get("id")): example for example in examples if example.sent}
    by_page: dict[str, list[Example]] = {}
    for example in examples:
        if example.sent:
            by_page.setdefault(str(example.meta.get("page")), []).append(example)
    # A text that only moved on its page is the same one, unless an article of this push has it.
    articles = list(articles)
    pushed = {own_id(article) for article in articles}
    new: dict[str, AnnotatedArticle] = {}
    present, changed = [], []
    for article in articles:
        known = own_id(article)
        siblings = by_page.get(str(article.meta.get("page")), []) if "page" in article.meta else []
        moved = (e for e in siblings if e.text == article.text and e.sent.get("id") not in pushed)
        if known in there or any(moved):
            present.append(article)
            continue
        other = next(
            (
                example
                for example in siblings
                if example.sent.get("id") not in pushed
                and (
                    _same_place(article, example)
                    or fuzz.ratio(article.text, example.text, score_cutoff=60) > 0
                )
            ),
            None,
        )
        if other is not None:
            changed.append((article, other))
        elif known not in new:
            new[known] = article
    return Plan(tuple(new.values()), tuple(present), tuple(changed))


def _same_place(article: AnnotatedArticle, example: Example) -> bool:
    return all(article.meta.get(key) == example.meta.get(key) for key in ("page_sha256", "article"))
