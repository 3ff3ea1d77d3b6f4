"""How a line or a fragment looks: the numbers from which its role and its neighbours are told."""

from __future__ import annotations

import math
import re

from banmian.characters import is_han
from banmian.cleaning import ends_sentence, is_couplet

TITLE_WIDTH = 42  # the longest headline on the pages seen has 40 characters

# Of the words that tell a role, the traditional characters.
_SIMPLIFIED = str.maketrans(
    "記訊報導電圖攝編輯責審對張專題欄週時縣黨網聯絡線業員實習見約轉號頁熱郵價總雲華",
    "记讯报导电图摄编辑责审对张专题栏周时县党网联络线业员实习见约转号页热邮价总云华",
)
NEWS_START = re.compile(r"(?:新华社|本报|本台|本网|本刊)\S{0,8}?(?:讯|电|报道|消息)")
BYLINE = re.compile(
    r"[□■◎●○◆（(]?(?:文/|图/|文图|图文|摄影|通讯员|实习生|见习记者|特约记者|本报记者|本报通讯员|\S{0,14}记者|\S{0,10}通讯员)[\s:：]*\S{0,4}"
)
CREDIT_END = re.compile(r"(?:摄|摄影|供稿|供图|提供|报道|整理|撰稿|文图|图文)[）)]?$")
PHOTO_CREDIT = re.compile(r"(?:摄|摄影|供图|(?:图片|图)由?\S{0,14}提供)[）)]?$")
CAPTION_START = re.compile(r"[△▲▽▼◀◁▶▷◆▴▾↑↓←→]|图为|图[①②③④一二三]|[上下左右]图|\([上下左右]图\)")
NAME_ONLY = re.compile(r"[\u4e00-\u9fff]{2,4}(?:\s+[\u4e00-\u9fff]{2,4}){0,3}")
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤安甄冶焦臧"
)
_FURNITURE = tuple(
    map(
        re.compile,
        (
            r"(?:[\u4e00-\u9fff]\s?){2,8}(?:日\s?报|晚\s?报|晨\s?报|周\s?报|时\s?报|商\s?报|周\s?刊|导\s?报|农\s?垦\s?报)",
            r"(?:\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|农历|星期[一二三四五六日天]).{0,28}",
            r".{0,14}(?:责任?编辑?|编辑|版式|审校|校对|美编|组版|主编|检校|值班主任|值班总编|电子信箱)\s*[/:：|丨／].*|.{0,6}(?:责编|编辑|版式|校对|美编)[\s　].{2,24}",
            r".*(?:https?://|www\.)\S*|.{0,16}(?:国内统一|邮发代号|新闻热线|报料热线|投稿邮箱|零售价|订阅热线|广告热线|总第|代号).*",
            r"[（(]?(?:▶|>>|[上下])?[转接]第?\s?\S{1,4}版\S{0,6}[）)]?",
            r"(?:今日)?第?\s?[0-9A-D〇一二三四五六七八九十]{1,3}\s?版?[:：·]?\s?\S{0,6}",
            r"(?!…+$)[\W_]+|\d{1,3}",
            r"\(?(?:>>|<<|[▶◀■□●★]).{0,12}",
        ),
    )
)
LONGEST_FURNITURE = 60
_READ = LONGEST_FURNITURE + 1  # of a long text no more is looked at for the words of roles
_FRESH_START = re.compile(
    r"近日|日前|今年|近年|据悉|目前|此外|同时|截至|据了解|连日来|去年|\d{1,2}月|\d{4}年"
)
_ORDINAL = re.compile(r"[（(]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)）、.．]")
_OPENING, _CLOSING = "“‘《（【「『", "”’》）】」』"
_COMMAS = frozenset("，,、：:；;")


def simplify(text: str) -> str:
    """A text in which the words that tell roles are in simplified characters; length is kept."""
    return text if text.isascii() else text.translate(_SIMPLIFIED)


def is_furniture(text: str) -> bool:
    """Whether a line can only be a masthead, a date, an editors' line and the like."""
    return any(_furniture_signs(simplify(text.strip())))


def _furniture_signs(text: str) -> list[bool]:
    if len(text) > LONGEST_FURNITURE:
        return [False] * len(_FURNITURE)
    return [pattern.fullmatch(text) is not None for pattern in _FURNITURE]


def is_byline(text: str) -> bool:
    """Whether a whole line names who wrote, took or sent something."""
    bare = "".join(text.split())
    if len(bare) > TITLE_WIDTH or "。" in bare:
        return False
    if CREDIT_END.search(bare) and (len(bare) <= TITLE_WIDTH // 2 + 9 or bare[0] in "（("):
        return True
    return bool(
        BYLINE.match(text) and not NEWS_START.match(text) and "，" not in bare and "," not in bare
    )


def look(text: str, key: str) -> list[float]:
    """The look of a text (as on the page, lines joined by blanks); ``key`` is its normal form without blanks."""
    width = len(key)
    short = width <= TITLE_WIDTH
    text = simplify(text if short or len(text) <= LONGEST_FURNITURE else text[:_READ])
    first, last = key[:1], key[-1:]
    head = text[:TITLE_WIDTH]
    words = text.split() if short else []
    opened = sum(map(key.count, _OPENING))
    closed = sum(map(key.count, _CLOSING))
    dangling = _dangling(key)
    digits = sum(map(str.isdigit, key[:200]))
    numbers = [
        math.log1p(width),
        width <= 4,
        width <= 8,
        width <= 20,
        short,
        width <= 2 * TITLE_WIDTH,
        ends_sentence(key),
        last in _COMMAS,
        is_han(last),
        last in _CLOSING,
        last.isascii() and last.isalnum(),
        first in _OPENING,
        first in "—-–",
        first in "△▲▽▼□■◎●○◆★",
        first in _CLOSING or first in "，。、；：！？",
        first.isascii() and first.isalnum(),
        CAPTION_START.match(head) is not None,
        NEWS_START.match(head) is not None,
        short and is_byline(text),
        short and CREDIT_END.search(key) is not None,
        short and PHOTO_CREDIT.search(key) is not None,
        short and NAME_ONLY.fullmatch(text) is not None and first in SURNAMES,
        "。" in key,
        10 * sum(map(key.count, "，、")) / max(1, width),
        min(3, len(words) - 1) if short else 0,
        short and is_couplet([len(word) for word in words]),
        digits / max(1, min(200, width)),
        "记者" in head or "通讯员" in head,
        "图" in key[-8:] or "摄" in key[-8:] or "图" in key[:4],
        opened - closed > 0,
        closed - opened > 0,
        dangling,
        _FRESH_START.match(head) is not None,
        _ORDINAL.match(head) is not None,
        0 < key.find("：") <= 14 if short else False,
        "！" in key or "？" in key,
        "说" in key[-24:] or "表示" in key[-24:],
        any(char in key for char in ("正在", "现场", "一角", "展示")),
        *_furniture_signs(text),
    ]
    return [float(number) for number in numbers]


def _dangling(key: str) -> bool:
    """Whether a bracket or quote closes before any has opened."""
    for char in key[:60]:
        if char in _OPENING:
            return False
        if char in _CLOSING:
            return True
    return False


LOOK_SIZE = len(look("一", "一"))
