"""Checks of annotated articles: what the guidelines forbid and a program can see."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from banmian.characters import PARTNER
from banmian.edges import title_is_open
from banmian.types import GENRES, SPAN_LABELS, TOPICS, AnnotatedArticle, Span

_PARTNER = {**PARTNER, "[": "]"}
_OPENER = {closer: opener for opener, closer in _PARTNER.items()}
_EDGE_PUNCTUATION = frozenset("，。、；：！？,.;:!?\"'·—…-–~～/|")
_CHINESE_DIGITS = "〇零一二两三四五六七八九十百千万亿半"

_ROLE_WORD = re.compile(
    "(?:书记|副书记|主任|副主任|局长|副局长|部长|副部长|院长|校长|队长|会长|秘书长|理事长|董事长|总经理|经理"
    "|主席|副主席|县长|市长|区长|镇长|乡长|所长|科长|负责人|工作人员|干部|民警|教师|医生|法官|记者)$"
)
# Named in the guidelines as general organs and bare classes.
_GENERAL_ORGANS = frozenset(
    """
    党委 县委 市委 区委 州委 省委 旗委 镇党委 乡党委 街道党工委 社区党委 社区党总支 社区党支部
    县政府 市政府 区政府 镇政府 乡政府 州政府 省政府 旗政府 村两委 村“两委” 村党组织 村党支部
    村委会 业委会 居委会 物业公司 派出所 卫生院 党支部 党组 党组织 气象部门 志愿服务队 合作社 银行
    """.split()
)
_PLACE_ALONE = re.compile(
    "^[\u4e00-\u9fff]{2,8}(?:省|市|县|区|旗|盟|州|镇|乡|苏木|嘎查|街道|村|师|团|连|林场|农场|景区|产业园|工业园|开发区|小区|市场)$"
)
_PLACE_EXCEPTIONS = re.compile(
    "(?:社区|剧团|艺术团|歌舞团|文工团|集团|代表团|工作团|讲师团|宣讲团|法师|律师|超市|厂区|校区)$"
)
_DATE = re.compile(
    r"(?:\d{4}年)?(?:\d{1,2}月)?(?:\d{1,2}[日号])?|\d{4}年|(?:上|下)半年|\d{1,2}[:：]\d\d|[上下]?午?\d{1,2}[点时]\d*分?"
)
_NOT_INDICATOR_FRONT = re.compile(
    "^(?:达到?|共|计|共计|增长|同比|累计|总计|突破|日均|村均|第|提高|下降|减少|增加)"
)
_NUMERAL = re.compile(f"[0-9０-９{_CHINESE_DIGITS}几数]")


@dataclass(frozen=True)
class Finding:
    """One thing that a check objects to. ``kind`` is ``error`` or ``doubt``."""

    kind: str
    article: int
    message: str


def check_article(article: AnnotatedArticle) -> Iterator[Finding]:
    """Check one article by itself: offsets, flatness, edges, label rules, categories."""

    def error(message: str) -> Finding:
        return Finding("error", article.id, message)

    if article.genre not in GENRES:
        yield error(f"genre {article.genre!r} is none of {', '.join(GENRES)}")
    if not 1 <= len(article.topics) <= 3 or not set(article.topics) <= set(TOPICS):
        yield error(f"topics {list(article.topics)} are not one to three of {', '.join(TOPICS)}")
    position = 0
    for span in article.spans:
        where = _where(article, span)
        if not 0 <= span.start < span.end <= len(article.text):
            yield error(f"span [{span.start}, {span.end}) lies outside the text")
            continue
        if article.text[span.start : span.end] != span.text:
            yield error(f"{where}: the span's text is not what stands at its offsets")
        if span.start < position:
            yield error(f"{where}: overlaps the span before it")
        position = max(position, span.end)
        if span.label not in SPAN_LABELS:
            yield error(f"{where}: unknown label {span.label!r}")
        yield from (error(f"{where}: {m}") for m in edge_faults(span.text))
        yield from (error(f"{where}: {m}") for m in _layout_faults(article, span))
        yield from (Finding("doubt", article.id, f"{where}: {m}") for m in _label_doubts(span))
    yield from _unmarked_mentions(article)


def edge_faults(text: str) -> Iterator[str]:
    """What is wrong with the first or last character of a span."""
    if text != text.strip():
        yield "begins or ends with a blank"
    for char in text[:1] + text[-1:]:
        if char in _EDGE_PUNCTUATION:
            yield f"begins or ends with {char}"
    if text[:1] in _PARTNER and _PARTNER[text[0]] not in text:
        yield f"begins with {text[0]} whose partner is outside"
    if text[-1:] in _OPENER and _OPENER[text[-1]] not in text:
        yield f"ends with {text[-1]} whose partner is outside"
    if text[:1] in _OPENER:
        yield f"begins with {text[0]}"
    if text[-1:] in _PARTNER:
        yield f"ends with {text[-1]}"
    if len(text) > 1 and _wrapped(text):
        yield f"{text[0]}{text[-1]} wraps the whole span and should stay outside"


def _wrapped(text: str) -> bool:
    if _PARTNER.get(text[0]) != text[-1] or text[0] in "（([【":
        return False
    depth = 0
    for at, char in enumerate(text):
        depth += (char == text[0]) - (char == text[-1])
        if depth == 0:
            return at == len(text) - 1
    return False


def _layout_faults(article: AnnotatedArticle, span: Span) -> Iterator[str]:
    if "\n" in span.text:
        yield "crosses a block"
    block = next((b for b in article.blocks if b.start <= span.start < b.end), None)
    if block and block.role == "byline":
        yield "stands in a byline"
    if title_is_open(article.text, span.start):
        yield "stands inside a title 《…》"


def _label_doubts(span: Span) -> Iterator[str]:
    if span.label == "ORG":
        yield from _organization_doubts(span.text)
    elif span.label == "INDICATOR":
        yield from _indicator_doubts(span.text)
    elif span.label == "SLOGAN" and len(span.text) < 4:
        yield "is shorter than four characters"
    elif len(span.text) < 2:
        yield "is a single character"


def _organization_doubts(text: str) -> Iterator[str]:
    if _ROLE_WORD.search(text):
        yield "ends with a person's role"
    if text in _GENERAL_ORGANS:
        yield "is a general organ, not a name"
    if _PLACE_ALONE.match(text) and not _PLACE_EXCEPTIONS.search(text):
        yield "is a place alone"


def _indicator_doubts(text: str) -> Iterator[str]:
    if not _NUMERAL.search(text):
        yield "has no number"
    if _NOT_INDICATOR_FRONT.match(text):
        yield "begins with a word that stays outside, or is an ordinal"
    if _DATE.fullmatch(text) and not re.fullmatch(r"\d{1,3}[年月日时]", text):
        yield "looks like a date or a time"
    if re.match("一[^.点成半两百千万亿]", text) and "分之" not in text:
        yield "一 never counts"


def _unmarked_mentions(article: AnnotatedArticle) -> Iterator[Finding]:
    """A name marked once and left unmarked elsewhere in the same article."""
    inside = bytearray(len(article.text))
    for span in article.spans:
        inside[span.start : span.end] = b"\1" * (span.end - span.start)
    for block in article.blocks:
        if block.role == "byline":
            inside[block.start : block.end] = b"\1" * (block.end - block.start)
    names = {
        s.text: s.label
        for s in article.spans
        if s.label in ("ORG", "INITIATIVE") and len(s.text) > 2
    }
    for name, label in names.items():
        for match in re.finditer(re.escape(name), article.text):
            if not any(inside[match.start() : match.end()]):
                context = article.text[max(0, match.start() - 8) : match.end() + 8]
                yield Finding("doubt", article.id, f"{label} {name!r} is unmarked in {context!r}")


def check_consistency(
    articles: Sequence[AnnotatedArticle],
) -> Iterator[tuple[AnnotatedArticle, Finding]]:
    """Strings marked under two labels, or marked in one article and bare in another."""
    labels: dict[str, set[str]] = defaultdict(set)
    for article in articles:
        for span in article.spans:
            if len(span.text) > 3 and span.label != "INDICATOR":
                labels[span.text].add(span.label)
    names = {text for text, found in labels.items() if found & {"ORG", "INITIATIVE"}}
    for article in articles:
        for span in article.spans:
            others = labels.get(span.text, set()) - {span.label}
            if others:
                message = f"{_where(article, span)}: elsewhere {', '.join(sorted(others))}"
                yield article, Finding("doubt", article.id, message)
        bare = _without_spans(article)
        own = {span.text for span in article.spans}
        for name in sorted(name for name in names - own if name in bare):
            message = f"{name!r} is marked in another article, bare here"
            yield article, Finding("doubt", article.id, message)


def _without_spans(article: AnnotatedArticle) -> str:
    chars = list(article.text)
    for span in article.spans:
        chars[span.start : span.end] = "\0" * (span.end - span.start)
    for block in article.blocks:
        if block.role == "byline":
            chars[block.start : block.end] = "\0" * (block.end - block.start)
    return "".join(chars)


def _where(article: AnnotatedArticle, span: Span) -> str:
    context = article.text[max(0, span.start - 6) : span.end + 6].replace("\n", "⏎")
    return f"{span.label} {span.text!r} in {context!r}"
