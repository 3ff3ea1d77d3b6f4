"""What the span tagger sees of each character of a line: strings, one list a character.

Windows of characters and their types, the quotes around, the numeral it belongs to, verbs beside it,
and the next word that organizations, initiatives, enterprises or places end on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from banmian.characters import QUOTES, is_han
from banmian.lexicon import longest_words

_PUNCTUATION = frozenset("，。、；：！？（）“”‘’《》 ")
_CHINESE_NUMERALS = frozenset("零一二两三四五六七八九十百千万亿半几数")
_TYPES = (("n", _CHINESE_NUMERALS), ("q", "“‘「『"), ("Q", "”’」』"), ("_", " "))
_NUMERAL = re.compile(
    r"[0-9]+(?:[,.][0-9]+)*|[零〇两三四五六七八九十百千半数几][零〇一二两三四五六七八九十百千]*"
)
_CLAUSE = re.compile("[^，、。；：！？ ]+")
_CLAUSE_END = re.compile("[，。；！？、：“”]")
_COUNTED = re.compile("[一二两三四五六七八九十0-9]+(?:项|个|大|类|种|张|条)([一-鿿]{2})")
_QUOTE_MARKS = frozenset("“”‘’「」")
_MAGNITUDE = re.compile("[余多]?[万亿]*[余多]?")
_SHORT_LINE = 40  # headlines and subheads are shorter than this
_LOOK_AHEAD = 16

_ORGANIZATION_ENDS = """
    委员会 组织部 宣传部 统战部 政法委 纪委监委 纪委 监委 政协 人大 公安局 局 厅 党工委 党委 党总支 党支部 党组 社区
    医院 卫生院 学校 中学 小学 大学 学院 幼儿园 公司 集团 合作社 协会 联合会 商会 法院 检察院 中心 文化馆 图书馆 博物馆
    银行 书城 研究院 研究所 大队 支队 中队 队 妇联 残联 工会 团委 管委会 办公室 办事处 业委会 村委会 联社
    厂 院 站 所 馆 社 团 会 部
"""
INITIATIVE_ENDS = """
    活动 行动 工程 机制 模式 制度 工作法 品牌 平台 小程序 热线 计划 项目 驿站 体系 大赛 改革 节 讲堂 课堂 食堂
    议事会 调解室 工作室 服务 系统 专项 示范 创建 会 室 屋 站 日 贷 码 卡 赛
"""

# What enterprises are called by their trade, shops, and the lesser units of bodies.
_TRADES = """
    农业 牧业 林业 渔业 茶业 酒业 药业 面业 米业 粮油 油脂 乳业 食品 饲料 种业 果业 菌业 水产
    冷链 物流 快递 纺织 服饰 服装 家纺 家居 家具 陶瓷 玻璃 建材 水泥 钢铁 铝业 铜业 矿业 煤业
    煤矿 化工 石化 能源 电力 光伏 光电 电子 电器 电气 机电 机械 重工 装备 汽车 汽修 轴承 模具
    材料 新材 科技 智能 软件 信息 网络 通信 传媒 文旅 旅游 生物 医药 制药 医械 医疗 环保 水务
    热力 燃气 供热 公交 客运 置业 地产 物业 建设 建工 路桥 城投 交投 水投 农投 文投 投资 控股
    实业 股份 工贸 商贸 超市 百货 商厦 电商 农商行 农信社 人寿 财险 保险 证券 担保 体彩 福彩
    移动 联通 电信 铁塔 石油 烟草 盐业 供销社 工坊 作坊 饭店 酒店 饭庄 酒楼 海鲜城 农场 林场
    牧场 矿 店 铺 坊 班 组 处 科
"""
_PLACES = "省 市 州 县 区 旗 镇 乡 村 街道"
# The verbs that stand most often behind 进一步, 大力, 积极, 着力, 全面, 不断, 深入, 充分, 切实, 努力, 扎实 and
# 持续 in official documents, less what bodies and campaigns are named by (发展, 建设, 审计, 整治).
_VERBS = frozenset(
    """
    推进 发挥 提高 加强 开展 参与 利用 贯彻 实施 扩大 深化 参加 完善 落实 做好 听取 支持 建成
    解决 增强 履行 促进 配合 提升 推行 推动 增加 实现 推广 协调 完成 调查 探索 培育 发扬 巩固
    应对 创造 维护 运用 稳定 培养 引导 认识 调整 调动 降低 搞好 改进 采取 抓好 转变 扶持 拓展
    协助 实行 明确 帮助 加大 引进 营造 办好 健全 弘扬 开创 体现 形成 了解 保持 尊重 建立 总结
    覆盖 激发 构建 提供 部署 取得 掌握 满足 适应 普及 反映 争取 倡导 考核 防范 强化 挖掘 丰富
    纠正 重视 使用 打造 提倡 拓宽 投身 改变 评估 消除 把握 克服 加快 鼓励 恢复 夯实 壮大 化解
    吸收 启动 融入 简化 理顺 吸引 回应 支援 疏通 践行 表彰 树立 修复 引领 保障 优化 改善 凝聚
    聚焦 围绕 统筹 整合 带动 助推 擦亮
    """.split()
)


def _any_of(words: str) -> re.Pattern[str]:
    return re.compile("|".join(sorted(words.split(), key=len, reverse=True)))


_ENDS = (
    ("o", _any_of(_ORGANIZATION_ENDS)),
    ("h", _any_of(INITIATIVE_ENDS)),
    ("e", _any_of(_TRADES)),
    ("p", _any_of(_PLACES)),
)


@dataclass(frozen=True)
class Quoted:
    """A pair of quotes: its opening mark, and where its marks stand."""

    mark: str
    start: int
    end: int


def line_features(line: str) -> list[list[str]]:
    """The features of each character of one line of normal text."""
    features = [["bias"] for _ in line]
    for at, own in enumerate(features):
        own.append(f"edge={min(at, 3)}")
    _add_windows(line, features)
    _add_types(line, features)
    _add_quotes(line, features)
    _add_numerals(line, features)
    _add_clauses(line, features)
    _add_words(line, features)
    _add_verbs(line, features)
    for name, pattern in _ENDS:
        _add_next_end(line, name, pattern, features)
    if len(line) <= _SHORT_LINE:
        shape = f"short={' ' in line}"
        for at, own in enumerate(features):
            own += ["short", shape, f"short={at == 0},{at == len(line) - 1}"]
    return features


def _add_windows(line: str, features: list[list[str]]) -> None:
    """Characters four to each side, pairs, triples, and the four that begin and end here."""
    padded = "^^^^" + line + "$$$$"
    for at, own in enumerate(features, 4):
        own += [f"{d}={padded[at + d]}" for d in range(-4, 5)]
        own += [f"2:{d}={padded[at + d : at + d + 2]}" for d in range(-3, 3)]
        own += [f"3:{d}={padded[at + d - 1 : at + d + 2]}" for d in range(-2, 2)]
        own += [f"4:0={padded[at : at + 4]}", f"4:-3={padded[at - 3 : at + 1]}"]


def _add_words(line: str, features: list[list[str]]) -> None:
    """The listed word a character is in, its place there, and that of its neighbours."""
    places = ["^"]
    for start, end in longest_words(line):
        word = line[start:end]
        if len(word) == 1:
            places.append(word_place(start, start, end))
            continue
        for at in range(start, end):
            place = word_place(at, start, end)
            places.append(place)
            features[at].append(f"w{place[0]}={word}")
    places.append("$")
    for at, own in enumerate(features, 1):
        own += [f"w={places[at]}", f"w-={places[at - 1]}", f"w+={places[at + 1]}"]


def _add_verbs(line: str, features: list[list[str]]) -> None:
    """Whether a verb that no body's name begins with ends before a character, in it, or begins there."""
    begins = [line[at : at + 2] in _VERBS for at in range(len(line))]
    for at, own in enumerate(features):
        behind = at >= 2 and begins[at - 2]
        if behind or begins[at] or (at and begins[at - 1]):
            second = at + 2 < len(line) and begins[at] and begins[at + 2]
            own.append(f"v={behind:d}{at and begins[at - 1]:d}{begins[at]:d}{second:d}")
            own.append(f"v-={behind:d}{begins[at]:d}{line[at - 1 : at] in _PUNCTUATION}")


def word_place(at: int, start: int, end: int) -> str:
    """The place of a character in the word [start, end): begin, middle or end, and its length."""
    if end - start == 1:
        return "S"
    place = "B" if at == start else "E" if at == end - 1 else "M"
    return f"{place}{min(end - start, 4)}"


def _add_types(line: str, features: list[list[str]]) -> None:
    types = "^^" + "".join(map(type_of, line)) + "$$"
    for at, own in enumerate(features, 2):
        own += [f"t5={types[at - 2 : at + 3]}", f"t3={types[at - 1 : at + 2]}"]


def type_of(char: str) -> str:
    """The type of a character: numeral, digit, quote, Han, letter, a mark itself, or other."""
    for name, chars in _TYPES:
        if char in chars:
            return name
    if char.isdigit():
        return "d"
    if is_han(char):
        return "h"
    if char.isascii() and char.isalpha():
        return "a"
    return char if char in "，。、；：！？" else "o"


def _add_quotes(line: str, features: list[list[str]]) -> None:
    """Where in its quotes a character stands, how long they are, what stands before and behind."""
    innermost = innermost_quotes(line)
    groups = _quote_groups(line, innermost)
    for at, own in enumerate(features):
        quoted = innermost[at]
        if quoted is None:
            _add_near_quotes(line, at, own)
            continue
        inner = line[quoted.start + 1 : quoted.end]
        behind, before = (
            line[quoted.end + 1 : quoted.end + 3],
            line[max(0, quoted.start - 2) : quoted.start],
        )
        clauses = min(sum(char in "，、；" for char in inner), 4)
        size = min(len(inner), 20) // 2
        own += [
            *groups[quoted],
            f"q={quoted.mark}",
            f"q<{min(at - quoted.start, 6)}",
            f"q>{min(quoted.end - at, 6)}",
            f"q#={size}",
            f"q+2={behind}",
            f"q+1={behind[:1]}",
            f"q-2={before}",
            f"q-1={before[-1:]}",
            f"q,={clauses}",
            f"q,#={clauses},{size},{behind[:1]}",
            f"q$={inner[-2:]}",
            f"q++={'+' in inner}",
            f"q<>={behind[:1]},{min(at - quoted.start, 2)},{min(quoted.end - at, 2)}",
        ]


def innermost_quotes(line: str) -> list[Quoted | None]:
    """The innermost pair of quotes around each character, marks included, or None."""
    innermost: list[Quoted | None] = [None] * len(line)
    open_marks: list[tuple[str, int]] = []
    for at, char in enumerate(line):
        if char in QUOTES:
            open_marks.append((char, at))
        elif open_marks and char == QUOTES[open_marks[-1][0]]:
            mark, start = open_marks.pop()
            quoted = Quoted(mark, start, at)
            for inside in range(start, at + 1):
                innermost[inside] = innermost[inside] or quoted
    return innermost


def _quote_groups(line: str, innermost: list[Quoted | None]) -> dict[Quoted, list[str]]:
    """What stands around a run of quoted strings set side by side, for each of the run.

    Also the next word an initiative may end on behind the run, and what is counted there, as in
    “…、…、…”三项机制.
    """
    runs: list[list[Quoted]] = []
    for quoted in dict.fromkeys(q for q in innermost if q is not None):
        if runs and _side_by_side(line, runs[-1][-1], quoted):
            runs[-1].append(quoted)
        else:
            runs.append([quoted])
    features: dict[Quoted, list[str]] = {}
    for run in runs:
        behind = line[run[-1].end + 1 : run[-1].end + 1 + _LOOK_AHEAD]
        before = line[max(0, run[0].start - 2) : run[0].start]
        clause = re.split(_CLAUSE_END, behind, maxsplit=1)[0]
        head, counted = _ENDS[1][1].search(clause), _COUNTED.match(clause)
        size = min(len(run), 4)
        common = [
            f"r#={size}",
            f"r-={before},{size > 1}",
            f"r+={behind[:2]},{size > 1}",
            f"rh={head[0]},{_step(head.start())}" if head else "rh=-",
            f"rc={counted[1]}" if counted else "rc=-",
        ]
        features |= dict.fromkeys(run, common)
    return features


def _side_by_side(line: str, first: Quoted, second: Quoted) -> bool:
    between = line[first.end + 1 : second.start]
    return first.end < second.start and between in ("", "、", "和", "，")


def _add_near_quotes(line: str, at: int, own: list[str]) -> None:
    closed = line.rfind("”", max(0, at - 8), at)
    if closed >= 0:
        own += [f"Q-{at - closed}", f"Q-={line[closed + 1 : at + 1]}"]
    opened = line.find("“", at + 1, at + 8)
    if opened >= 0:
        own.append(f"Q+{opened - at}")


def _add_numerals(line: str, features: list[list[str]]) -> None:
    """For numerals, what is behind them and around, whatever their digits."""
    for match in _NUMERAL.finditer(line):
        start, end = match.span()
        unit_at = _MAGNITUDE.match(line, end).end()  # type: ignore[union-attr]
        unit, digits = line[unit_at : unit_at + 2], match[0][0].isdigit()
        value = len(match[0]) if digits else match[0]
        for at in range(start, min(len(line), unit_at + 3)):
            place = "N" if at < end else "M" if at < unit_at else f"U{at - unit_at}"
            features[at] += [
                f"n{place}={unit[:1]}",
                f"n{place}2={unit}",
                f"n{place}-={line[max(0, start - 1) : start]}",
                f"n{place}t={digits}",
                f"n{place}v={value},{unit[:1]}",
                f"n{place}+={line[unit_at + 1 : unit_at + 3]}",
            ]
        for at in range(max(0, start - 3), start):
            features[at] += [f"n>{start - at}={unit[:1]}", f"n>{start - at}w={line[at:start]}"]


def _add_clauses(line: str, features: list[list[str]]) -> None:
    """How a clause balances the one before it and the one behind it, as slogans and couplets do."""
    clauses = [match.span() for match in _CLAUSE.finditer(line)]
    for index, (start, end) in enumerate(clauses):
        before = _balance(line, clauses[index - 1], (start, end)) if index else "-"
        after = (
            _balance(line, (start, end), clauses[index + 1]) if index + 1 < len(clauses) else "-"
        )
        size = min(end - start, 16)
        own = [f"c<{before}", f"c>{after}", f"c<>{before},{after}", f"c#{size},{before},{after}"]
        if index < 2:
            own.append(f"c^{index},{before},{after}")
        for at in range(start, end):
            features[at] += own


def _balance(line: str, first: tuple[int, int], second: tuple[int, int]) -> str:
    """What parts two neighbouring clauses, how their lengths differ, how many places they share."""
    between = line[first[1] : second[0]]
    one = [char for char in line[slice(*first)] if char not in _QUOTE_MARKS]
    two = [char for char in line[slice(*second)] if char not in _QUOTE_MARKS]
    shared = sum(a == b for a, b in zip(one, two, strict=False))
    return f"{between[:1]}{min(abs(len(one) - len(two)), 3)}{min(shared, 3)}"


def _add_next_end(
    line: str, name: str, pattern: re.Pattern[str], features: list[list[str]]
) -> None:
    """The next word on which a name may end, in the same clause, and how far it is."""
    for at, word, distance in _next_ends(line, pattern):
        step = _step(distance)
        features[at] += [
            f"{name}={word},{step}",
            f"{name}d={step}",
            f"{name}c={word},{line[at - 1 : at]}",
        ]


def _next_ends(line: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str, int]]:
    reached = 0
    for match in pattern.finditer(line):
        start, end = match.span()
        first = max(reached, end - 1 - _LOOK_AHEAD)
        for at in range(start - 1, first - 1, -1):
            if line[at] in _PUNCTUATION:
                first = at + 1
                break
        for at in range(first, end):
            yield at, match[0], end - 1 - at
        reached = end


def _step(distance: int) -> int:
    return next((step for step in (13, 9, 6, 4) if distance >= step), distance)
