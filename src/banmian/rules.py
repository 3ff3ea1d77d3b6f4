"""What plain rules find: the baseline that the model has to beat.

Numbers with units by pattern, organizations by suffix, quoted strings by what follows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from banmian.types import Span

_NUMBER = r"(?:\d+(?:,\d{3})*(?:\.\d+)?|[两三四五六七八九十百千]+)"
_UNIT = "%|亿元|万元|元|亩|公顷|平方米|平方公里|公里|千米|米|吨|公斤|千克|斤|克|小时|分钟|天|个月|年|人次|场次|人|名|户|家|个|件|项|次|场|座|处|条|台|辆|支|种|类|所|期|头|只|株|棵|套|份|本|幅|把|间|栋|幢|艘|架|门|篇|批|余"
_INDICATOR = re.compile(
    rf"(?:约|近|超过|超|逾|不足|不到|至少|最多)?(?<![第\d.]){_NUMBER}(?:[-—~～至]{_NUMBER})?[多余]?[万亿]*[多余]?(?:{_UNIT})(?:以上|以下|左右|以内)?"
)
_DATE = re.compile(r"\d{4}年|\d{1,2}年\d{1,2}月")
_ORG = re.compile(
    r"[\u4e00-\u9fff]{2,12}?(?:委员会|组织部|宣传部|纪委监委|纪委|政协|人大常委会|公安局|教育局|卫健局|[\u4e00-\u9fff]{1,6}局|党工委|党委|党总支|党支部|社区|医院|卫生院|学校|中学|小学|大学|学院|公司|集团|合作社|协会|联合会|法院|检察院|中心|文化馆|图书馆|博物馆|银行|书城)"
)
_ORG_BREAK = re.compile(r"[，。、；：！？“”‘’（）《》\s]|[在由到对向从被把与和及是有让为了的]")
_QUOTED = re.compile(r"“([^“”\n]{3,24})”([\u4e00-\u9fff]{0,8})")
_HEAD = re.compile(
    r"(?:[\u4e00-\u9fff]{0,4}?)(?:活动|行动|工程|机制|模式|制度|工作法|品牌|平台|小程序|热线|计划|项目|驿站|体系|专项行动|大赛|改革)"
)


def find_spans(text: str) -> list[Span]:
    """Spans of a text in normal form by rule alone; earlier rules win where two overlap."""
    taken = bytearray(len(text))
    spans: list[Span] = []
    for start, end, label in (*_quoted(text), *_indicators(text), *_organizations(text)):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            spans.append(Span(start, end, label, text[start:end]))
    return sorted(spans, key=lambda span: span.start)


def _quoted(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _QUOTED.finditer(text):
        start, end = match.span(1)
        clauses = re.split("[，、,]", match[1])
        head = _HEAD.match(match[2])
        if head:
            yield match.start(), match.end(1) + 1 + head.end(), "INITIATIVE"
        elif len(clauses) > 1 and all(len(clause) > 2 for clause in clauses):
            yield start, end, "SLOGAN"
        else:
            yield start, end, "INITIATIVE"


def _indicators(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _INDICATOR.finditer(text):
        if not _DATE.match(text, match.start()):
            yield match.start(), match.end(), "INDICATOR"


def _organizations(text: str) -> Iterator[tuple[int, int, str]]:
    position = 0
    for match in _ORG.finditer(text):
        if match.start() < position:
            continue
        breaks = [found.end() for found in _ORG_BREAK.finditer(match[0])]
        start = match.start() + (breaks[-1] if breaks else 0)
        if match.end() - start > 3:
            yield start, match.end(), "ORG"
            position = match.end()
