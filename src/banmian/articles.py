"""A page cut into articles: fragments, their roles, duplicates, and what belongs together.

This first cut goes by the look of lines (length, closing punctuation, Markdown level, the words of
bylines and mastheads) and keeps the order of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from banmian.characters import is_han
from banmian.cleaning import (
    Blanks,
    Line,
    clean_offsets,
    clean_text,
    ends_sentence,
    runs_of,
    split_lines,
)
from banmian.types import Article, Block, CleanPage, Duplicate, Page, Run

TITLE_WIDTH = 42  # the longest headline on the pages seen has 40 characters
WRAP_WIDTH = 48  # wider lines are not wrapped by a column
SHORT_CAPTION = 80
_LOOK_BACK = 40  # so many lines tell how wide a column is
DUPLICATE_WIDTH = 15

_NEWS_START = re.compile(r"(?:新华社|本报|本台|本网)\S{0,8}?(?:讯|电|报道)")
_BYLINE = re.compile(
    r"[□■◎●○（(]?(?:文/|图/|文图|图文|摄影|通讯员|实习生|见习记者|特约记者|本报记者|本报通讯员|\S{0,14}记者|\S{0,10}通讯员)\s*\S{0,4}"
)
_CREDIT_END = re.compile(r"(?:摄|摄影|供稿|供图|提供|报道)[）)]?$")
_PHOTO_CREDIT = re.compile(r"(?:摄|摄影|供图)[）)]?$")
_FURNITURE = re.compile(
    r"[\u4e00-\u9fff]{2,8}(?:日报|晚报|晨报|周报|时报|商报)|星期[一二三四五六日天]|(?:今日)?第?[0-9A-D〇一二三四五六七八九十]{1,3}版"
    r"|.{0,12}(?:责任?编辑?|编辑|版式|审校|校对|美编|组版|值班主任|值班总编)\s*[/:：|丨／].*"
    r"|\d{4}年\d{1,2}月\d{1,2}日.{0,24}|(?:https?://|www\.)\S+|.{0,16}(?:国内统一刊号|邮发代号|新闻热线|报料热线|投稿邮箱|零售价).*"
    r"|[（(]?(?:上|下)?[转接]第?\S{1,3}版[）)]?|[\W_]+|\d{1,3}"
)
_CAPTION_START = re.compile(r"[△▲▽▼◀◁▶▷◆▴▾]|图为|图[①②③④一二三]|[上下左右][图]")
_NAME_ONLY = re.compile(r"[\u4e00-\u9fff]{2,4}(?:\s+[\u4e00-\u9fff]{2,4}){0,3}")
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤安甄冶焦臧"
)


@dataclass(frozen=True)
class Fragment:
    """Lines that belong together without doubt: ``page[start:end]`` for each stretch."""

    stretches: tuple[tuple[int, int], ...]
    text: str
    level: int  # of a Markdown headline, 0 for none
    gap: int
    role: str = ""

    @property
    def start(self) -> int:
        """Where on the page it begins."""
        return self.stretches[0][0]

    @cached_property
    def width(self) -> int:
        """How many characters it has, blanks aside."""
        return len("".join(self.text.split()))


def clean_page(page: Page) -> CleanPage:
    """Cut a page into articles.

    Every character of the page that is not blank is in one article's source, or in furniture, or
    in duplicates.
    """
    fragments = list(_fragments(split_lines(page.text)))
    fragments, duplicates = _drop_duplicates(fragments)
    fragments = _assign_roles(fragments)
    body = [fragment for fragment in fragments if fragment.role != "furniture"]
    articles = tuple(
        _build(page.text, group) for group in _cut(body) if any(part.text for part in group)
    )
    taken = [(run.page_start, run.page_end) for article in articles for run in article.source]
    taken += [(duplicate.start, duplicate.end) for duplicate in duplicates]
    return CleanPage(page, articles, tuple(_rest(page.text, taken)), tuple(duplicates))


def _fragments(lines: Sequence[Line]) -> Iterator[Fragment]:
    """Join the lines that a column wrapped."""
    group: list[Line] = []
    for line in lines:
        if not line.text:
            continue
        if group and not _continues(group, line):
            yield _fragment(group)
            group = []
        group.append(line)
    if group:
        yield _fragment(group)


def _fragment(group: Sequence[Line]) -> Fragment:
    text = " ".join(line.text for line in group)
    level = len(group[0].mark) if group[0].mark.startswith("#") else 0
    return Fragment(tuple((line.start, line.end) for line in group), text, level, group[0].gap)


def _continues(group: Sequence[Line], line: Line) -> bool:
    """Whether a line goes on where the last one was wrapped."""
    last = group[-1]
    if line.gap or line.mark or _CAPTION_START.match(line.text) or _is_furniture(line.text):
        return False
    if ends_sentence(last.text) or _is_furniture(last.text):
        return False
    if _BYLINE.match(last.text) and last.width <= TITLE_WIDTH and not _NEWS_START.match(line.text):
        return line.width <= TITLE_WIDTH // 2
    if _BYLINE.match(line.text) or _NEWS_START.match(line.text):
        return False
    full = max(part.width for part in group[-_LOOK_BACK:])
    return full <= WRAP_WIDTH and last.width >= 0.8 * full


def _drop_duplicates(
    fragments: Sequence[Fragment],
) -> tuple[list[Fragment], list[Duplicate]]:
    """Part exact repetitions from what is kept: of two copies the one that continues a sentence."""
    kept: dict[str, int] = {}
    dropped: dict[int, int] = {}
    for index, fragment in enumerate(fragments):
        key = "".join(fragment.text.split())
        if len(key) < DUPLICATE_WIDTH:
            continue
        first = kept.setdefault(key, index)
        if first == index:
            continue
        if _follows_open_end(fragments, index) and not _follows_open_end(fragments, first):
            dropped[first] = index
            kept[key] = index
        else:
            dropped[index] = first
    duplicates = []
    for index in sorted(dropped):
        copy = dropped[index]
        while copy in dropped:
            copy = dropped[copy]
        duplicates += [
            Duplicate(start, end, _counterpart(fragments[index], fragments[copy], number))
            for number, (start, end) in enumerate(fragments[index].stretches)
        ]
    return [f for index, f in enumerate(fragments) if index not in dropped], duplicates


def _follows_open_end(fragments: Sequence[Fragment], index: int) -> bool:
    return index > 0 and fragments[index - 1].text.endswith(("，", ",", "、"))


def _counterpart(copy: Fragment, kept: Fragment, number: int) -> int:
    """Where in the kept fragment the copy's stretch of that number begins."""
    return kept.stretches[number][0] if number < len(kept.stretches) else kept.start


def _is_furniture(text: str) -> bool:
    return len(text) <= 60 and _FURNITURE.fullmatch(text.strip()) is not None


def _assign_roles(fragments: Sequence[Fragment]) -> list[Fragment]:
    roles: list[str] = []
    for index, fragment in enumerate(fragments):
        following = fragments[index + 1] if index + 1 < len(fragments) else None
        roles.append(_role(fragment, roles[-1] if roles else "", following))
    return _part_headlines([replace(f, role=r) for f, r in zip(fragments, roles, strict=True)])


def _role(fragment: Fragment, before: str, following: Fragment | None) -> str:
    text = fragment.text
    if _is_furniture(text):
        return "furniture"
    if _CAPTION_START.match(text):
        return "caption"
    if not fragment.level and _is_byline(text, before):
        return "byline"
    if fragment.level or (
        fragment.width <= TITLE_WIDTH and not ends_sentence(text) and text[-1] not in "，,、"
    ):
        if following and _PHOTO_CREDIT.search(following.text) and _is_byline(following.text, ""):
            return "caption"
        return "title"
    return "paragraph"


def _is_byline(text: str, before: str) -> bool:
    bare = "".join(text.split())
    if len(bare) > TITLE_WIDTH or "。" in bare:
        return False
    if _CREDIT_END.search(bare) and (len(bare) <= 30 or bare[0] in "（("):
        return True
    if _BYLINE.match(text) and not _NEWS_START.match(text):
        return "，" not in bare and "," not in bare
    names = _NAME_ONLY.fullmatch(text)
    return names is not None and before == "title" and text[0] in _SURNAMES and len(bare) <= 9


def _part_headlines(fragments: list[Fragment]) -> list[Fragment]:
    """Decide for each run of titles whether it heads an article or a section of one."""
    parted = list(fragments)
    paragraphs = (at for at, part in enumerate(fragments) if part.role == "paragraph")
    body_start = next(paragraphs, len(fragments))
    index = 0
    while index < len(parted):
        if parted[index].role != "title":
            index += 1
            continue
        end = index
        while end < len(parted) and parted[end].role == "title":
            end += 1
        for at, role in zip(
            range(index, end), _title_roles(parted, index, end, body_start), strict=True
        ):
            parted[at] = replace(parted[at], role=role)
        index = end
    return parted


def _title_roles(fragments: Sequence[Fragment], start: int, end: int, body_start: int) -> list[str]:
    titles = fragments[start:end]
    if start > body_start and not _heads_article(fragments, start, end):
        return ["subhead"] * len(titles)
    if len(titles) == 1:
        return ["headline"]
    levels = [title.level for title in titles]
    if levels[-1] > 2 and levels[0] and levels[0] < levels[-1]:
        return ["headline"] * (len(titles) - 1) + ["subhead"]
    roles = ["headline"] * len(titles)
    for at, title in enumerate(titles):
        if title.text.startswith(("—", "-", "–")):
            roles[at] = "subtitle"
    mains = [at for at, role in enumerate(roles) if role == "headline"]
    for at in mains[:-1]:
        if titles[at].width < titles[mains[-1]].width:
            roles[at] = "kicker"
    return roles


def _heads_article(fragments: Sequence[Fragment], start: int, end: int) -> bool:
    levels = [f.level for f in fragments[start:end] if f.level]
    if levels:
        return min(levels) <= 2
    before = fragments[start - 1]
    if before.role == "byline" and _CREDIT_END.search(before.text):
        return True
    after = fragments[end : end + 2]
    if after and (after[0].role == "byline" or _NEWS_START.match(after[0].text)):
        return not _PHOTO_CREDIT.search(after[0].text)
    return any(_NEWS_START.match(f.text) for f in after[:1])


def _cut(fragments: Sequence[Fragment]) -> Iterator[list[Fragment]]:
    """Cut where a headline group begins, and around photo items that stand alone."""
    group: list[Fragment] = []
    has_body = False
    for fragment in fragments:
        heads = fragment.role in ("kicker", "headline", "subtitle")
        if heads and has_body:
            yield from _part_photo_item(group)
            group, has_body = [], False
        group.append(fragment)
        has_body = has_body or not heads
    if group:
        yield from _part_photo_item(group)


def _part_photo_item(group: list[Fragment]) -> Iterator[list[Fragment]]:
    """A picture's caption and credit behind a wide gap at an article's end are their own item."""
    at = _photo_item_start(group)
    if at:
        yield group[:at]
    yield group[at:]


def _photo_item_start(group: Sequence[Fragment]) -> int:
    """Where the photo item at the end of a group begins; 0 where there is none."""
    last = group[-1]
    if last.role != "byline" or not _PHOTO_CREDIT.search(last.text):
        return 0
    for at in range(len(group) - 2, max(0, len(group) - 5), -1):
        stands_apart = group[at].gap >= 2 and group[at].role in ("paragraph", "caption")
        if stands_apart and all(part.width <= 2 * SHORT_CAPTION for part in group[at:]):
            return at
    return 0


_BLANKS_OF_ROLE: dict[str, Blanks] = {"byline": "keep", "headline": "couplet", "kicker": "couplet"}


def _build(page_text: str, group: Sequence[Fragment]) -> Article:
    text, blocks, source = "", list[Block](), list[Run]()
    for role, stretches in _blocks(group):
        blanks = _BLANKS_OF_ROLE.get(role, "couplet" if role in ("subtitle", "subhead") else "drop")
        offsets = clean_offsets(page_text, stretches, blanks=blanks)
        if not offsets:
            continue
        if text:
            text += "\n"
        source += runs_of(offsets, len(text))
        blocks.append(Block(role, len(text), len(text) + len(offsets)))
        text += clean_text(page_text, offsets)
    return Article(text, tuple(blocks), tuple(source))


def _blocks(group: Sequence[Fragment]) -> Iterator[tuple[str, list[tuple[int, int]]]]:
    """Roles and stretches, a paragraph that a column end broke off joined with what follows it."""
    stretches: list[tuple[int, int]] = []
    role, text = "", ""
    for fragment in group:
        if role == fragment.role == "paragraph" and _breaks_off(text):
            stretches += fragment.stretches
        else:
            if stretches:
                yield role, stretches
            role, stretches = fragment.role, list(fragment.stretches)
        text = fragment.text
    if stretches:
        yield role, stretches


def _breaks_off(text: str) -> bool:
    return not ends_sentence(text) and (is_han(text[-1]) or text[-1] in "，,、”’0123456789")


def _rest(page_text: str, taken: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What no article took: lines of furniture, marks of Markdown, invisible characters."""
    position = 0
    for start, end in [*sorted(taken), (len(page_text), len(page_text))]:
        for match in re.finditer(r"\S(?:[^\n\r\f]*\S)?", page_text[position:start]):
            yield position + match.start(), position + match.end()
        position = max(position, end)
