import pytest

from banmian.edges import trim


def adjust(marked: str, label: str = "INITIATIVE") -> str | None:
    """``[`` and ``]`` stand for the borders that a model proposed."""
    start, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    borders = trim(text, start, end, label)
    return text[slice(*borders)] if borders else None


@pytest.mark.parametrize(
    ("proposed", "expected"),
    [
        ("开展[“居民恳谈日”]，", "居民恳谈日"),
        ("开发“[呼必应”微信小程序]，", "“呼必应”微信小程序"),
        ("开发[“呼必应”微信小程序]，", "“呼必应”微信小程序"),
        ("开发[“呼必应]”微信", "呼必应"),
        ("做到[“办公最小化、服务最大化。]”", "办公最小化、服务最大化"),
        ("[奏响和谐“乐章”]", "奏响和谐“乐章”"),
        ("在[青杨区委党校（行政学院）]开班", "青杨区委党校"),
        ("[，。]", None),
        ("的[ 夜校 ]开", "夜校"),
    ],
)
def test_borders_follow_the_guidelines(proposed, expected):
    assert adjust(proposed) == expected
