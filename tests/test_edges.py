import pytest

from banmian.edges import adjust as adjust_borders


def adjust(marked: str, label: str = "INITIATIVE") -> str | None:
    """``[`` and ``]`` stand for the borders that a model proposed."""
    start, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    borders = adjust_borders(text, start, end, label)
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


@pytest.mark.parametrize(
    ("proposed", "expected"),
    [
        ("[成立青杨社区工作者协会]，", "青杨社区工作者协会"),
        ("[市营商局负责人走进政务服务中心]", "市营商局"),
        ("[县委组织部]部长", "县委组织部"),
    ],
)
def test_a_body_sheds_verbs_and_stops_before_a_role(proposed, expected):
    assert adjust(proposed, "ORG") == expected


def test_an_initiative_sheds_what_is_done_with_it():
    assert adjust("推进[“民情图”平台建设]，") == "“民情图”平台"
    assert adjust("实施[农耕研学基地建设项目]，") == "农耕研学基地建设项目"


def test_a_couplet_is_alike_in_length():
    assert adjust("[强化阵地建设 增强治理能力]", "SLOGAN") == "强化阵地建设 增强治理能力"
    assert adjust("[打造“新阵地” 架起连心桥]", "SLOGAN") == "打造“新阵地” 架起连心桥"
    assert adjust("[抓好政治建设 筑牢忠诚干部队伍]", "SLOGAN") is None


@pytest.mark.parametrize(
    ("proposed", "expected"),
    [
        ("签订《2024年[青杨区交通局]联动协议》，", None),
        ("通过[《青杨社区公约》]。", None),
        ("举办[老周《麦田》首签仪式]。", "老周《麦田》首签仪式"),
        ("印发《方案》，[青杨区交通局]说《公约》好", "青杨区交通局"),
        ("一行《没有\n[青杨区交通局]\n完》", "青杨区交通局"),
    ],
)
def test_nothing_is_marked_inside_the_title_of_a_paper(proposed, expected):
    assert adjust(proposed, "ORG") == expected
