import pytest

from banmian.indicators import Indicator, find_metric, read_indicator


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1660次", Indicator(1660, None, "次", "count", None)),
        ("97.8%", Indicator(97.8, None, "%", "percent", None)),
        ("1万余斤", Indicator(10000, None, "斤", "mass", "at_least")),
        ("85%以上", Indicator(85, None, "%", "percent", "at_least")),
        ("近20%", Indicator(20, None, "%", "percent", "about")),
        ("超过10万人", Indicator(100000, None, "人", "count", "more_than")),
        ("2.69亿元", Indicator(269000000, None, "元", "money", None)),
        ("三十多项", Indicator(30, None, "项", "count", "at_least")),
        ("不到两小时", Indicator(2, None, "小时", "duration", "less_than")),
        ("2至3名", Indicator(2, 3, "名", "count", None)),
        ("每立方厘米3800个", Indicator(3800, None, "个/立方厘米", "rate", None)),
        ("3个多小时", Indicator(3, None, "小时", "duration", "at_least")),
        ("1,200元", Indicator(1200, None, "元", "money", None)),
        ("1500-2000元", Indicator(1500, 2000, "元", "money", None)),
        ("百分之三十五", Indicator(35, None, "%", "percent", None)),
        ("数百户", Indicator(None, None, "户", "count", None)),
        ("1000平方米", Indicator(1000, None, "平方米", "area", None)),
    ],
)
def test_reads_what_an_indicator_says(text, expected):
    assert read_indicator(text) == expected


def test_what_it_measures_is_named_where_the_clause_says_so():
    text = "接通率100%，新建278座温室大棚，收入达3万元并且"
    assert find_metric(text, 3, 7) == "接通率"
    assert find_metric(text, 10, 14) == "温室大棚"
