"""What an indicator says: "1万余斤" is at least 10,000 斤, a mass."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MAGNITUDES = {"万": 10_000, "亿": 100_000_000}
_CHINESE = "〇零一二两三四五六七八九十百千"
_NUMBER = re.compile(
    rf"(?P<digits>\d+(?:,\d{{3}})*(?:\.\d+)?|[{_CHINESE}]+(?:点[{_CHINESE}]+)?)(?P<magnitude>[十百千]?[万亿]*)"
)
_FRACTION = re.compile(r"(\d+)/(\d+)")
_PER_CENT = re.compile(rf"百分之(\d+(?:\.\d+)?|[{_CHINESE}]+(?:点[{_CHINESE}]+)?)")
_PARTS = re.compile(rf"([{_CHINESE}]+)分之([{_CHINESE}]+)")
_RANGE_SIGN = re.compile(r"\s*(?:至|到|—+|-+|–|~|～)\s*")
_FRONT = {
    "about": ("大约", "约", "将近", "接近", "近"),
    "more_than": ("超过", "超", "逾", "突破", "高于"),
    "at_least": ("至少", "不少于", "不低于"),
    "at_most": ("最多", "不超过", "不高于", "不出", "至多"),
    "less_than": ("不到", "不足", "未满", "低于", "少于"),
}
_BEHIND_NUMBER = {"余": "at_least", "多": "at_least", "来": "about", "几": "at_least"}
_BEHIND_UNIT = {
    "以上": "at_least",
    "以下": "at_most",
    "以内": "at_most",
    "左右": "about",
    "上下": "about",
    "内": "at_most",
    "多": "at_least",
    "余": "at_least",
}
_EVERY = re.compile(rf"每(\D{{1,6}}?)(?=[\d{_CHINESE}])")
_PER_CENT_RANGE = re.compile(rf"(?:至|到|—+|-+|~|～)(?:百分之)?(\d+(?:\.\d+)?|[{_CHINESE}]+)")
# 三五天, 两三个, 十七八个, 七八十: neighbouring digits say a range.
_NEIGHBOURS = re.compile("(十?)([一二两三四五六七八九])([二三四五六七八九])([十百千]?[万亿]*)")
_AND_A_HALF = re.compile("(?:个半(小时|月|钟头)|(年|天|小时)半)")
_LONGEST = 40  # no quantity is longer; digits without end are no number
_VAGUE = re.compile(r"[数几](?=[十百千万亿])")
_MORE_INSIDE = re.compile(r"^个多(?=[小月星])")
_MEASURED_BEFORE = re.compile(
    r"([\u4e00-\u9fff]{0,8}(?:率|比例|比重|占比|产值|总额|产量|收入|投资|面积|里程))(?:高?达到?|共|为|至|超|约|是|增至|升至|提升到|提升至|提高到)?$"
)
_MEASURED_BEHIND = re.compile(r"([\u4e00-\u9fff]{1,6})(?:[，。、；：！？（）,;]|$)")
_KIND_OF_UNIT = {
    "money": ("元", "美元", "人民币", "块钱", "块", "港元", "欧元"),
    "length": ("公里", "千米", "米", "厘米", "毫米", "里", "华里", "海里"),
    "area": ("平方米", "平方公里", "平方千米", "亩", "公顷", "平米", "亩地"),
    "mass": ("斤", "公斤", "千克", "克", "吨", "担"),
    "duration": (
        "年",
        "个月",
        "月",
        "天",
        "日",
        "小时",
        "个小时",
        "分钟",
        "秒",
        "周",
        "个工作日",
        "工作日",
        "个多小时",
        "周年",
    ),
}
_UNIT_KIND = {unit: kind for kind, units in _KIND_OF_UNIT.items() for unit in units}


@dataclass(frozen=True)
class Indicator:
    """The parts of an indicator. ``high`` is the other end of a range."""

    value: float | None
    high: float | None
    unit: str | None
    kind: str
    qualifier: str | None


def read_indicator(text: str) -> Indicator:
    """Read an indicator's words. What cannot be read is None; the kind is then ``count``."""
    text = "".join(text.split())
    if len(text) > _LONGEST:
        return Indicator(None, None, None, "count", None)
    qualifier, rest = _front_qualifier(text)
    per, rest = _per(rest)
    value, high, rest = _numbers(rest)
    if rest.startswith("成") and value is not None:
        value, high, rest = value * 10, high and high * 10, "%" + rest[1:]
    rest, factor, behind = _behind_number(rest) if value is not None else (rest, 1, None)
    value, high = value and value * factor, high and high * factor
    rest, limit = _behind_unit(rest)
    qualifier = qualifier or behind or limit
    if value is None and _VAGUE.match(rest):
        rest = re.sub("^[数几][十百千万亿]+", "", rest)
    if _MORE_INSIDE.match(rest):
        rest, qualifier = _MORE_INSIDE.sub("", rest), qualifier or "at_least"
    unit = f"{rest}/{per}" if per else rest or None
    return Indicator(_plain(value), _plain(high), unit, _kind(text, unit, per), qualifier)


def _behind_number(rest: str) -> tuple[str, int, str | None]:
    """What follows a number without 余/多 and a magnitude; its factor; the qualifier."""
    qualifier, factor = None, 1
    if rest[:1] in _BEHIND_NUMBER:
        qualifier, rest = _BEHIND_NUMBER[rest[0]], rest[1:]
    magnitude = re.match("[百千]?[万亿]+", rest)
    if magnitude:
        factor, rest = _magnitude(magnitude[0]), rest[magnitude.end() :]
        if rest[:1] in _BEHIND_NUMBER:
            qualifier, rest = qualifier or _BEHIND_NUMBER[rest[0]], rest[1:]
    return rest, factor, qualifier


def _behind_unit(rest: str) -> tuple[str, str | None]:
    """A unit without 以上, 左右 and the like, and the qualifier."""
    for word, meaning in _BEHIND_UNIT.items():
        if rest.endswith(word) and (len(rest) > len(word) or len(word) > 1):
            return rest.removesuffix(word), meaning
    return rest, None


def find_metric(text: str, start: int, end: int) -> str | None:
    """What the indicator ``text[start:end]`` measures, where its clause says so plainly.

    A noun of measure right before it (接通率100%), else a short noun right behind it (278座温室大棚).
    """
    before = _MEASURED_BEFORE.search(text, max(0, start - 20), start)
    if before:
        return before[1]
    behind = _MEASURED_BEHIND.match(text, end, end + 8)
    return behind[1] if behind and len(behind[1]) > 1 and behind[1][0] not in "的内以左上" else None


def _front_qualifier(text: str) -> tuple[str | None, str]:
    for meaning, words in _FRONT.items():
        for word in words:
            if text.startswith(word):
                return meaning, text[len(word) :]
    return None, text


def _per(text: str) -> tuple[str, str]:
    """The unit after 每, and what follows it."""
    match = _EVERY.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def _numbers(text: str) -> tuple[float | None, float | None, str]:
    """The number at the front, the other end of a range, and what follows."""
    for read in (_share, _neighbours):
        found = read(text)
        if found is not None:
            return found
    low, rest, magnitude = _quantity(text)
    if low is None:
        return None, None, text
    sign = _RANGE_SIGN.match(rest) or re.match(r"%(?:至|到|—+|-+|~|～)", rest)
    high, behind, high_magnitude = _quantity(rest[sign.end() :]) if sign else (None, "", 1)
    if high is not None:
        if high_magnitude > 1 and magnitude == 1 and low * 10 <= high:
            low *= high_magnitude
        return low, high, behind
    half = _AND_A_HALF.match(rest)
    if half:
        return low + 0.5, None, (half[1] or half[2]) + rest[half.end() :]
    return low, None, rest


def _share(text: str) -> tuple[float | None, float | None, str] | None:
    """Halves, 百分之…, 1/3 and 三分之一; None where it is none of them."""
    if text == "半" or text.startswith("一半"):
        return 50.0, None, "%"
    if text.startswith("半"):
        return 0.5, None, text[1:]
    if match := _PER_CENT.match(text):
        high = _PER_CENT_RANGE.match(text, match.end())
        end = high.end() if high else match.end()
        return _number(match[1]), _number(high[1]) if high else None, "%" + text[end:]
    if match := _FRACTION.match(text):
        below = int(match[2])
        return int(match[1]) / below if below else None, None, text[match.end() :]
    if match := _PARTS.match(text):
        whole = _number(match[1])
        return (_number(match[2]) / whole if whole else None), None, text[match.end() :]
    return None


def _neighbours(text: str) -> tuple[float, float, str] | None:
    """Neighbouring digits as a range: 三五天, 十七八个, 七八十户."""
    match = _NEIGHBOURS.match(text)
    if match is None:
        return None
    low, high = _DIGITS[match[2]], _DIGITS[match[3]]
    if high != low + 1 and (low, high) != (3, 5):
        return None
    base, factor = (10 if match[1] else 0), _magnitude(match[4])
    return (base + low) * factor, (base + high) * factor, text[match.end() :]


def _quantity(text: str) -> tuple[float | None, str, int]:
    """A number with its magnitudes, as 1亿2000万 or 三万五; what follows; the first magnitude."""
    match = _NUMBER.match(text)
    if match is None:
        return None, text, 1
    first = last = _magnitude(match["magnitude"])
    value, end = _number(match["digits"]) * last, match.end()
    while last > 1 and (match := _NUMBER.match(text, end)):
        digits, magnitude = match["digits"], _magnitude(match["magnitude"])
        if len(digits) == 1 and digits in _DIGITS and magnitude == 1:
            part: float = _DIGITS[digits] * last / 10  # 三万五 is 35,000
        else:
            part = _number(digits) * magnitude
        if part >= last:
            break
        value, last, end = value + part, magnitude, match.end()
    return value, text[end:], first


def _number(text: str) -> float:
    if text[0].isdigit():
        return float(text.replace(",", ""))
    whole, _, decimals = text.partition("点")
    if not any(char in _UNITS for char in whole):
        value = float("".join(str(_DIGITS.get(char, 0)) for char in whole) or 0)
    else:
        value = float(_with_units(whole))
    if decimals:
        value += float("0." + "".join(str(_DIGITS.get(char, 0)) for char in decimals))
    return value


def _with_units(text: str) -> int:
    total, digit, last = 0, 0, 1
    for char in text:
        if char in _UNITS:
            last = _UNITS[char]
            total += (digit or 1) * last
            digit = 0
        elif char in "零〇":
            last = 10  # 一百零五 is 105, 一百五 is 150
        else:
            digit = _DIGITS[char]
    return total + digit * (last // 10 if last > 10 else 1)


def _magnitude(text: str) -> int:
    factor = 1
    for char in text:
        factor *= _MAGNITUDES.get(char) or _UNITS[char]
    return factor


def _plain(value: float | None) -> float | None:
    if value is None:
        return None
    value = round(value, 6)
    return int(value) if value == int(value) else value


def _kind(text: str, unit: str | None, per: str) -> str:
    if (unit or "").startswith("%") or "百分" in text:
        return "percent"
    if per or (unit and ("/" in unit or "每" in unit)):
        return "rate"
    if (
        "分之" in text
        or _FRACTION.search(text)
        or re.search(r"\d[:：]\d", text)
        or (unit or "").endswith("倍")
    ):
        return "ratio"
    return _UNIT_KIND.get(unit or "", "count")
