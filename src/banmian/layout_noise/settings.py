"""How a simulated page is damaged: the rates, and what is drawn once for each page."""

from __future__ import annotations

import random
from dataclasses import dataclass

_LOOK_ALIKE = (
    "己已 未末 日曰 土士 人入 大太 天夫 午牛 田由 由甲 贝见 干千 千干 目日 木本 王玉 玉主 广厂 儿几 刀力 "
    "九几 乌鸟 今令 戊戌 折拆 侯候 仪议 义叉 风凤 村材 析折 治冶 防妨 坊访 场扬 抢枪 住往 佳住 待侍 持特 "
    "博搏 优仇 创刨 形彤 研妍 竞竟 免兔 晴睛 清淸 孑子 壮状 社杜 祉社 坡披 辨辩 辆俩 微徽 赢羸 拨拔 岀出 "
    "育盲 官宫 宜宣 冷泠 圆园 困因 团困 回同 同冋 问间 间问 阔闭 门们 代伐 任仼 区凶 巨臣 历厉 压庄 "
    '0O O0 1l l1 5S S5 8B 2Z ，, 、, 。. ；; ：; 一— ·. ”" “" -— I1 6b 9g'
)
_CONFUSIONS: dict[str, str] = {}
for _pair in _LOOK_ALIKE.split():
    _CONFUSIONS[_pair[0]] = _CONFUSIONS.get(_pair[0], "") + _pair[1]

_COMMA = str.maketrans("，", ",")
_POINTS = str.maketrans("；：！？", ";:!?")
_BRACKETS = str.maketrans("（）", "()")
_WIDE_BRACKETS = str.maketrans("()", "（）")
_STRAIGHT = str.maketrans("“”‘’", "\"\"''")
_WIDE_DIGITS = str.maketrans("0123456789%", "０１２３４５６７８９％")


@dataclass(frozen=True)
class Settings:
    """How often a page shows each kind of damage; the defaults are fitted to real pages.

    Rates marked * are means that a page's own heat (0 for a clean page, above 1 for a bad one)
    multiplies.
    """

    # Once a page: shares of the four ways to write paragraphs, and of everything steady on it.
    one_line: float = 0.48
    blank_wraps: float = 0.2
    indented_lines: float = 0.18
    flush_lines: float = 0.14
    heading_marks: float = 0.4
    carriage_returns: float = 0.12
    straight_quotes: float = 0.3
    narrow_commas: float = 0.5
    narrow_brackets: float = 0.55
    confusing: float = 0.25
    long_paragraphs: float = 0.4
    masthead: float = 0.7
    footer: float = 0.25
    widths: tuple[int, int] = (9, 26)
    # Each article.
    bare_head: float = 0.05
    lost_start: float = 0.01
    lost_end: float = 0.03
    picture: float = 0.2
    signed_byline: float = 0.2
    glued_byline: float = 0.03
    head_moved: float = 0.03  # *
    byline_moved: float = 0.06  # *
    picture_moved: float = 0.05  # *
    columns_disordered: float = 0.08  # *
    sections_first: float = 0.15  # *
    articles_mixed: float = 0.006  # *
    titles_halved: float = 0.05
    section_line: float = 0.1
    # Each place where it can happen.
    visible_border: float = 0.45
    interposed: float = 0.3  # *
    foreign: float = 0.08  # of what is interposed, the share that is another article's
    byline_halved: float = 0.15
    joined_paragraphs: float = 0.01  # *
    stray_line: float = 0.008  # *
    spaced_letters: float = 0.02
    # A page, on average.
    copies: float = 0.5  # *


@dataclass(frozen=True)
class Characters:
    """Which forms a page's extractor writes, and how surely.

    ``steady`` is the share of characters that follow it, ``confused`` the share of characters
    taken for a similar one.
    """

    commas: bool
    points: bool
    brackets: bool
    wide_brackets: bool
    straight: bool
    wide_digits: bool
    steady: float
    confused: float

    def apply(self, text: str, rng: random.Random) -> str:
        """A text as this extractor writes it, as long as it was."""
        changed = text
        for wanted, table in (
            (self.commas, _COMMA),
            (self.points, _POINTS),
            (self.brackets, _BRACKETS),
            (self.wide_brackets, _WIDE_BRACKETS),
            (self.straight, _STRAIGHT),
            (self.wide_digits, _WIDE_DIGITS),
        ):
            if wanted:
                changed = changed.translate(table)
        if self.steady < 1 and changed != text:
            changed = "".join(
                new if new == old or rng.random() < self.steady else old
                for old, new in zip(text, changed, strict=True)
            )
        return confuse(changed, self.confused, rng) if self.confused else changed


def confuse(text: str, rate: float, rng: random.Random) -> str:
    """Take about ``rate`` of a text's characters for similar ones."""
    places = [at for at, char in enumerate(text) if char in _CONFUSIONS]
    wanted = rate * len(text)
    count = min(len(places), int(wanted) + (rng.random() < wanted - int(wanted)))
    if not count:
        return text
    chars = list(text)
    for at in rng.sample(places, count):
        chars[at] = rng.choice(_CONFUSIONS[chars[at]])
    return "".join(chars)


@dataclass(frozen=True)
class Sheet:
    """What is drawn once for a page, and the draws that depend on it."""

    rng: random.Random
    rates: Settings
    heat: float
    wrap: str
    width: int
    gap: int
    wide_gap: float
    title_gap: int
    newline: str
    indent: str
    marks: str
    levels: dict[str, int]
    chars: Characters
    long_paragraphs: float

    def chance(self, rate: float) -> bool:
        """Whether something of this rate happens, on this page."""
        return self.rng.random() < min(0.9, rate * self.heat)

    @property
    def lines_wrapped(self) -> bool:
        """Whether each line of a column is a line of the text."""
        return self.wrap in ("indent", "flush")


def draw_sheet(rng: random.Random, rates: Settings) -> Sheet:
    """What one page is like."""
    wrap = rng.choices(
        ("line", "blank", "indent", "flush"),
        (rates.one_line, rates.blank_wraps, rates.indented_lines, rates.flush_lines),
    )[0]
    wrapped = wrap in ("indent", "flush")
    marks = "none"
    if rng.random() < rates.heading_marks:
        marks = rng.choice(("steady", "loose", "loose"))
    top = rng.choice((1, 1, 2))
    newline = "\n"
    if rng.random() < rates.carriage_returns:
        newline = rng.choice(("\r\n", "\r\n", "\r\n", "\r\n", "\r"))
    commas = rng.random() < rates.narrow_commas
    brackets = rng.random() < rates.narrow_brackets
    return Sheet(
        rng=rng,
        rates=rates,
        heat=rng.gammavariate(1.5, 1 / 1.5),
        wrap=wrap,
        width=rng.randint(*rates.widths),
        gap=rng.choices((0, 1, 2), (6, 3, 0.5) if wrapped else (0.7, 6, 0.3))[0],
        wide_gap=rng.choice((0.0, 0.1, 0.2, 0.5)),
        title_gap=rng.choice((0, 1)) if wrapped else 1,
        newline=newline,
        indent=rng.choice(("　　", "　　", "  ", "    ", "　")),
        marks=marks,
        levels={
            "kicker": rng.choice((0, top, top + 1)),
            "headline": top,
            "subtitle": rng.choice((0, top, top + 1)),
            "subhead": rng.choice((0, top + 1, top + 1, top + 2)),
        },
        long_paragraphs=rng.choice((0.4, 0.7, 0.95))
        if rng.random() < rates.long_paragraphs
        else 0.0,
        chars=Characters(
            commas=commas,
            points=rng.random() < (0.6 if commas else 0.15),
            brackets=brackets,
            wide_brackets=not brackets,
            straight=rng.random() < rates.straight_quotes,
            wide_digits=rng.random() < 0.04,
            steady=rng.choice((1.0, 1.0, 0.98, 0.9, 0.6)),
            confused=rng.uniform(0, 0.005) if rng.random() < rates.confusing else 0.0,
        ),
    )
