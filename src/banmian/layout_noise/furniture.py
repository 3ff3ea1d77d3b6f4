"""What stands on a simulated page beside its articles: mastheads, credits, captions."""

from __future__ import annotations

import random
import re

_FIRST = "棠岚槐枫荻榆芷沅蓼磬泮鹭柞枳楝桐"
_SECOND = "陵川浦埠岭汀洲垣澜湾峪塬港坪"
_KINDS = "日报 晚报 周报 时报 晨报 新闻 报"
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红鹏飞慧建国文辉力婷雪琴晓宁彬瑞佳欣子轩梦洁海燕"
_SECTIONS = (
    "党日活动 基层动态 图片新闻 简讯 一线传真 要闻 综合新闻 民生 百姓身边事 乡村振兴进行时 争先创优 先锋故事 "
    "记者走基层 部门传真 镇街新闻 清风专栏 法治在线 文化周刊 身边好人 社区之窗 热点关注 经济观察 公告栏 便民信息 "
    "党建引领 担当作为 微镜头 今日视点 短新闻 广角 工业强市 深化改革 安全生产 教育新观察 健康生活 读者来信 专版 专题"
).split()
_MOTTO_HALVES = (
    "党建红旗飘一线 民生实事暖万家",
    "凝心聚力促发展 实干笃行谱新篇",
    "走村入户听民意 真抓实干解民忧",
    "奋战四季度 冲刺全年红",
    "美丽乡村入画来",
    "榜样就在身边",
    "重点项目巡礼",
    "学思想 见行动",
    "把实事办进群众心坎里",
    "千村万户 共建家园",
    "新征程上看变化",
    "绿水青山 幸福家园",
)
_STRAY = "▲ ■ ◆ ● ▼ □ ★ >> (>>) 》》 | — · ※ ①"


def person(rng: random.Random) -> str:
    """A common name of two or three characters."""
    return rng.choice(_SURNAMES) + "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2))))


def credit(rng: random.Random) -> str:
    """The line under a picture that says who took it."""
    name = person(rng)
    return rng.choice(
        (
            f"本报记者 {name} 摄",
            f"记者 {name} 摄",
            f"{name} 摄",
            f"通讯员 {name} 摄",
            f"（{name}摄）",
            f"融媒体记者 {name} 摄影报道",
            f"{name} {person(rng)} 文/图",
            f"□本报记者 {name}摄",
            f"{name} 供图",
        )
    )


def masthead(rng: random.Random) -> list[str]:
    """Lines of a page's head: the paper, the date, the page's number and name, its editors."""
    name = rng.choice(_FIRST) + rng.choice(_SECOND) + rng.choice(_KINDS.split())
    day = f"{rng.randint(2008, 2025)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日"
    week = "星期" + rng.choice("一二三四五六日")
    number = rng.choice(("{}", "0{}", "第{}版", "A{}", "A0{}版", "{}版")).format(rng.randint(1, 8))
    lines = [
        (0.6, name),
        (
            0.55,
            rng.choice((day, week, f"{day} {week}", f"{day}　{week}　第{rng.randint(90, 9999)}期")),
        ),
        (0.4, rng.choice((number, f"{number} {rng.choice(_SECTIONS)}", rng.choice(_SECTIONS)))),
        (0.5, editors(rng)),
        (0.3, rng.choice(_MOTTO_HALVES)),
    ]
    chosen = [line for chance, line in lines if rng.random() < chance] or [name]
    if rng.random() < 0.25:
        rng.shuffle(chosen)
    if rng.random() < 0.15 and len(chosen) > 1:
        chosen[:2] = [" ".join(chosen[:2])]
    return chosen


def editors(rng: random.Random) -> str:
    """The line that names those who made the page."""
    jobs = [
        "责编",
        "责任编辑",
        "编辑",
        "版式",
        "校对",
        "审校",
        "美编",
        "组版",
        "值班编委",
        "电子信箱",
    ]
    sign, sep = rng.choice(("", "", "□", "■", "○")), rng.choice(("：", ":", "/", " ", "　", "∶"))
    count = rng.randint(1, 4)
    names = [person(rng) for _ in range(count)]
    if rng.random() < 0.4:
        names = [f"{n[0]} {n[1]}" if len(n) == 2 else n for n in names]
    parts = [
        f"{sign}{job}{sep}{n}" for job, n in zip(rng.sample(jobs[:9], count), names, strict=True)
    ]
    return rng.choice(("", "", "本版")) + rng.choice((" ", "  ", "　")).join(parts)


def footer(rng: random.Random) -> list[str]:
    """Lines of a page's foot."""
    phone = f"{rng.randint(100, 999):04d}-{rng.randint(2000000, 8999999)}"
    choices = [
        editors(rng),
        f"新闻热线：{phone}",
        f"投稿邮箱：{rng.choice('abcdxyz')}bxw{rng.randint(1, 999)}@paper.example",
        f"www.{rng.choice('abcdxyz')}bnews.example",
        f"本报地址：{rng.choice(_FIRST)}{rng.choice(_SECOND)}市人民路{rng.randint(1, 300)}号 邮编：{rng.randint(100000, 859999)}",
        str(rng.randint(1, 16)),
        f"零售价：{rng.choice(('1.00', '1.50', '2.00'))}元 {rng.choice(_FIRST)}{rng.choice(_SECOND)}报印务中心印刷",
        f"广告热线 {phone} 发行热线 {phone[:-1]}{rng.randint(0, 9)}",
    ]
    return rng.sample(choices, rng.choice((1, 1, 2, 3)))


def between(rng: random.Random) -> str:
    """A line that stands somewhere between articles: a section's name, a jump, a stray mark."""
    kind = rng.random()
    if kind < 0.55:
        name = rng.choice(_SECTIONS)
        return rng.choice(
            (name, name, name, f"【{name}】", f"●{name}", f"({name})", f"· {name}", name + "》")
        )
    if kind < 0.7:
        page = rng.choice("2345678二三四五六")
        return rng.choice(
            (
                "（下转第{}版）",
                "(下转{}版)",
                "（上接第{}版）",
                "下转第{}版",
                "►下转{}版",
                "（紧接第{}版）",
            )
        ).format(page)
    if kind < 0.85:
        return rng.choice(_STRAY.split())
    if kind < 0.95:
        return rng.choice(_MOTTO_HALVES)
    return f"{rng.choice(_STRAY.split())} {rng.choice(_SECTIONS)}"


def picture_caption(body: str, rng: random.Random) -> str:
    """A caption in the words of an article's own text, no long stretch of it; may be empty."""
    clauses = [
        found
        for found in re.findall(r"[\u4e00-\u9fff0-9]{6,14}(?=[，。；,;])", body)
        if not found.startswith(("本报", "记者"))
    ]
    if len(clauses) < 2:
        return ""
    chosen = "，".join(rng.sample(clauses, rng.choice((1, 2, 2))))
    opening = rng.choice(("图为", "", "", "△ ", "▲", "△", "上图：", "图①：", "这是"))
    return opening + chosen + rng.choice(("。", "。", ""))
