"""What the model has to beat: plain rules, and the organization tags of a common word tagger."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from banmian import rules
from banmian.tagging import Tags
from banmian.types import Span


class BaselineError(Exception):
    """A baseline whose package is missing; the message says what to install."""


def rule_tagger(texts: Sequence[str]) -> list[Tags]:
    """Tag with plain rules; for genre and topic the rules always say the commonest."""
    return [_commonest(rules.find_spans(text)) for text in texts]


def jieba_tagger(texts: Sequence[str]) -> list[Tags]:
    """Mark as ORG the words that jieba tags ``nt``; genre and topic as the rules say them.

    Raises BaselineError where jieba is not installed.
    """
    tagger = _jieba()
    return [_commonest(_organizations(tagger, text)) for text in texts]


def _commonest(spans: Iterable[Span]) -> Tags:
    return Tags(tuple(spans), ("news", 1.0), (("party_building", 1.0),))


@cache
def _jieba() -> Any:
    try:
        import jieba
        from jieba.posseg import POSTokenizer
    except ImportError as error:
        raise BaselineError(
            "jieba is not installed: pip install 'banmian[report]' adds it as a baseline"
        ) from error
    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    # It would load its cache from a name in the shared temporary folder that anyone may write.
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.tmp_dir = folder
        tokenizer.initialize()
    return POSTokenizer(tokenizer)


def _organizations(tagger: Any, text: str) -> Iterator[Span]:
    start = 0
    for word in tagger.lcut(text):
        end = start + len(word.word)
        if word.flag == "nt":
            yield Span(start, end, "ORG", word.word)
        start = end
