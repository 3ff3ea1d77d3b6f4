import pytest

from banmian.characters import normalize


@pytest.mark.parametrize(
    ("page", "clean"),
    [
        ('"服务,"他说(共3项),', "“服务，”他说（共3项），"),
        ("１２００亩，占８５％", "1200亩，占85%"),
        ("1,200元", "1,200元"),
        ("比分3:1", "比分3:1"),
        ("他说'最后一公里'", "他说‘最后一公里’"),
        ("\"有事'E'起商量\"活动", "“有事‘E’起商量”活动"),
        ("it's a test, ok", "it's a test, ok"),
        ("本报讯１２((", "本报讯12（（"),
        ("“已经成对”", "“已经成对”"),
        ("⽼⼈", "老人"),  # Kangxi radicals, as PDF text layers have them
    ],
)
def test_normal_form_keeps_length_and_meaning(page, clean):
    assert normalize(page) == clean
    assert len(normalize(page)) == len(page)


def test_quotes_pair_within_a_line_only():
    assert normalize('"甲\n"乙"') == "“甲\n“乙”"
