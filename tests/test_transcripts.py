from banmian.cleaning import to_page
from banmian.markup import parse
from banmian.transcripts import trace
from banmian.types import Run

PAGE = "青杨日报\n\n# 办夜校\n\n本报讯 近日,青杨社区夜\n\n资源共享，合作共赢。\n\n校开课。\n\n资源共享，合作共赢。\n"
TRANSCRIPT = """=== genre: news | topics: governance
H: 办夜校
P: 本报讯近日,{O:青杨社区}{I:夜校}开课。
P: 资源共享，合作共赢。
=== furniture
F: 青杨日报
D: 资源共享，合作共赢。
"""


def test_every_typed_character_is_traced_across_a_column_break():
    traced = trace(PAGE, parse(TRANSCRIPT))
    assert traced.problems == ()
    (article,) = traced.articles
    assert article.text.split("\n")[1] == "本报讯近日，青杨社区夜校开课。"
    school = next(span for span in article.spans if span.label == "INITIATIVE")
    source = [Run(*run) for run in article.meta["source"]]
    pieces = to_page(source, school.start, school.end)
    assert [PAGE[start:end] for start, end in pieces] == ["夜", "校"]
    assert [PAGE[s:e] for s, e in traced.furniture] == ["青杨日报", "#"]
    ((start, end, kept),) = traced.duplicates
    assert PAGE[start:end] == PAGE[kept : kept + end - start] == "资源共享，合作共赢。"


def test_what_was_forgotten_and_what_was_made_up_is_named():
    text = TRANSCRIPT.replace("F: 青杨日报\n", "").replace("开课", "开学")
    problems = trace(PAGE, parse(text)).problems
    assert any("on the page but not typed" in p and "青杨日报" in p for p in problems)
    assert any("typed but not on the page: '学'" in p for p in problems)
