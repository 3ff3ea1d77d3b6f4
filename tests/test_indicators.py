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
        ("一万二千斤", Indicator(12000, None, "斤", "mass", None)),
        ("1亿2000万元", Indicator(120000000, None, "元", "money", None)),
        ("三万五千户", Indicator(35000, None, "户", "count", None)),
        ("一万五", Indicator(15000, None, None, "count", None)),
        ("一百零五个", Indicator(105, None, "个", "count", None)),
        ("三五天", Indicator(3, 5, "天", "duration", None)),
        ("十七八个", Indicator(17, 18, "个", "count", None)),
        ("七八十户", Indicator(70, 80, "户", "count", None)),
        ("百分之五至百分之十", Indicator(5, 10, "%", "percent", None)),
        ("八成以上", Indicator(80, None, "%", "percent", "at_least")),
        ("近半", Indicator(50, None, "%", "percent", "about")),
        ("一半", Indicator(50, None, "%", "percent", None)),
        ("两个半小时", Indicator(2.5, None, "小时", "duration", None)),
        ("一年半", Indicator(1.5, None, "年", "duration", None)),
        ("9" * 400 + "个", Indicator(None, None, None, "count", None)),
        ("1000平方米", Indicator(1000, None, "平方米", "area", None)),
    ],
)
def test_reads_what_an_indicator_says(text, expected):
    assert read_indicator(text) == expected


def test_what_it_measures_is_named_where_the_clause_says_so():
    text = "接通率100%，新建278座温室大棚，收入达3万元并且"
    assert find_metric(text, 3, 7) == "接通率"
    assert find_metric(text, 10, 14) == "温室大棚"
    assert find_metric("投资约3亿元建成", 3, 6) == "投资"
    assert find_metric("约有30%的村。", 2, 5) is None
