"""Annotations as spaCy's DocBin, one token a character, the text as it is.

What a Doc has no place for (id, meta, blocks) stands as JSON in ``doc.user_data["banmian"]``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

import spacy
from spacy.tokens import Doc, DocBin, Span

from banmian.annotations import from_row, key_of, to_row
from banmian.types import GENRES, TOPICS, AnnotatedArticle

_KEY = "banmian"
_WRONG = (ValueError, KeyError, TypeError, IndexError, AttributeError)
_LARGEST = 512 * 1024 * 1024
_CATS = {f"{kind}:{name}": name for kind, names in (("genre", GENRES), ("topic", TOPICS)) for name in names}  # fmt: skip


class DocBinError(ValueError):
    """A DocBin that cannot be read, or an article that has no place in one."""


def to_docbin(articles: Iterable[AnnotatedArticle]) -> bytes:
    """A DocBin of articles. Raises DocBinError, naming the article, where spans overlap."""
    vocab = spacy.blank("zh").vocab
    bin_ = DocBin(store_user_data=True)
    for article in articles:
        try:
            doc = Doc(vocab, words=list(article.text), spaces=[False] * len(article.text))
            doc.set_ents([Span(doc, s.start, s.end, label=s.label) for s in article.spans])
        except ValueError as error:
            reason = "spans overlap" if "more than one span" in str(error) else str(error)
            raise DocBinError(f"{key_of(article)}: {reason}") from error
        given = {article.genre, *article.topics}
        doc.cats = {cat: float(name in given) for cat, name in _CATS.items()}
        row = to_row(article)
        doc.user_data[_KEY] = json.dumps({key: row[key] for key in ("id", "meta", "cats")})
        bin_.add(doc)
    return bytes(bin_.to_bytes())


def from_docbin(data: bytes) -> Iterator[AnnotatedArticle]:
    """Read a DocBin, ours or another's: its entities, and the categories it is at least half sure of.

    Raises DocBinError, naming the article, for what is none.
    """
    vocab = spacy.blank("zh").vocab
    try:
        _check_size(data)
        docs = DocBin(store_user_data=True).from_bytes(data).get_docs(vocab)
        for number, doc in enumerate(docs, 1):
            yield _article(doc, number)
    except DocBinError:
        raise
    except (zlib.error, AssertionError, ArithmeticError, *_WRONG) as error:
        raise DocBinError(f"is no DocBin of spaCy's ({error})") from error


def _check_size(data: bytes) -> None:
    if len(zlib.decompressobj().decompress(data, _LARGEST)) == _LARGEST:
        raise DocBinError(f"is larger than {_LARGEST // 1024 // 1024} MB when unpacked")


def _article(doc: Doc, number: int) -> AnnotatedArticle:
    cats = [_CATS.get(cat, cat) for cat, score in doc.cats.items() if score >= 0.5]
    row = {
        "id": number,
        "cats": [cat for cat in cats if cat in GENRES or cat in TOPICS],
        "text": doc.text,
        "entities": [[ent.start_char, ent.end_char, ent.label_] for ent in doc.ents],
    }
    try:
        kept = json.loads(doc.user_data.get(_KEY, "{}"))
        return from_row(
            {**row, **{key: kept[key] for key in ("id", "meta", "cats") if key in kept}}
        )
    except (ArithmeticError, *_WRONG) as error:
        raise DocBinError(f"article {number}: {error}") from error
