"""The tools that keep a corpus honest: copies, suspects, the data card."""

import pytest

from banmian.copies import find_copies, read_allowed
from banmian.datacard import describe
from banmian.files import FileError, replace_part
from banmian.markup import parse
from banmian.suspects import disagreements, find_suspects


def articles(*texts, origin="batch"):
    source = "\n".join(
        f"=== genre: news | topics: governance | batch: {origin}{n} | key: {n}\nP: {t}"
        for n, t in enumerate(texts)
    )
    return list(parse(source).articles)


REAL = articles("{O:青杨社区}推行“{I:板凳夜话}”，坚持以居民需求为导向办好每一件小事。")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("大家坚持以居民需求，为导向办好每一件小事。", "shares"),
        ("隔壁县也办起了板凳夜话，来的人不少。", "uses '板凳夜话'"),
    ],
)
def test_what_is_taken_from_a_real_page_is_refused(text, reason):
    (found,) = find_copies(articles(text), REAL)
    assert reason in found[1]


def test_what_everybody_uses_passes():
    text = "隔壁县也办起了板凳夜话，他们坚持以居民需求为导向办好每一件小事。"
    allowed = {"set_phrases": ["坚持以居民需求为导向办好每一件小事"], "common_names": ["板凳夜话"]}
    assert list(find_copies(articles(text), REAL, **allowed)) == []


def test_near_duplicates_are_refused():
    one = "柳河镇今年新修水渠三条，灌溉农田两千亩，群众拍手叫好，镇里打算明年再修两条。"
    (found,) = find_copies(articles(one, one.replace("柳河", "白杨").replace("三条", "四条")), [])
    assert "% like" in found[1]


def test_the_lists_of_what_is_allowed_are_read_or_refused(root, tmp_path):
    phrases, names = read_allowed(root / "configs" / "checks.toml")
    assert "三会一课" in names
    assert all(isinstance(phrase, str) for phrase in phrases)
    (tmp_path / "bad.toml").write_text("set_phrases = [")
    with pytest.raises(FileError, match=r"bad\.toml"):
        read_allowed(tmp_path / "bad.toml")


def test_disagreements_are_sorted_by_kind():
    (article,) = articles("{O:青杨社区}办夜校，收诉求{N:35件}，{I:板凳会}。")
    predicted = [(0, 4, "INITIATIVE", 0.9), (5, 7, "INITIATIVE", 0.8), (11, 13, "INDICATOR", 0.7)]
    found = {(s.kind, s.text) for s in disagreements(article, predicted)}
    assert found == {
        ("label", "青杨社区"),
        ("unmarked", "夜校"),
        ("border", "35"),
        ("marked", "板凳会"),
    }


def test_what_stands_in_a_byline_is_no_suspect():
    source = "=== genre: news | topics: governance\nP: 夜校开课。\nB: 青杨社区供稿"
    (article,) = parse(source).articles
    start = article.text.index("青杨")
    assert list(disagreements(article, [(start, start + 4, "ORG", 0.9)])) == []


def test_a_planted_error_is_among_the_suspects():
    lines = [
        f"{{O:{name}社区}}收到诉求{{N:{n}件}}，当天办结。"
        for n, name in enumerate(("青杨", "柳河", "白马", "石桥头", "南湾", "东关"), 21)
    ]
    planted = lines[3].replace("{N:24件}", "24件")
    suspects = find_suspects(articles(*lines[:3], planted, *lines[4:]), folds=3)
    assert any(s.kind == "unmarked" and s.text == "24件" and s.article.id == 4 for s in suspects)


def test_one_origin_alone_cannot_be_cross_validated():
    same = articles("{O:青杨社区}", "{O:柳河社区}")
    with pytest.raises(ValueError, match="at least two"):
        find_suspects(same[:1])


def test_the_data_card_counts_what_is_there():
    card = describe(articles("{O:青杨社区}办“{I:板凳会}”，收“诉求”{N:35件}。"), REAL)
    assert "| authored | 1 | 20 | 3 | 1 (33%) | 1 (33%) | 0 (0%) | 1 (33%) |" in card
    assert "| quoted strings that are INITIATIVE | 50% | 100% |" in card


def test_the_data_card_in_the_repository_is_todays(root):
    from banmian.annotations import read_annotations

    card = (root / "annotations" / "README.md").read_text(encoding="utf-8")
    today = describe(
        list(read_annotations([root / "annotations/authored"])),
        list(read_annotations([root / "annotations/pages"])),
    )
    assert today.strip() in card


def test_a_marked_part_is_renewed_and_the_rest_kept(tmp_path):
    file = tmp_path / "card.md"
    file.write_text("前\n<!-- x: begin -->\n旧\n<!-- x: end -->\n后\n")
    replace_part(file, "x", "新")
    assert file.read_text() == "前\n<!-- x: begin -->\n新\n<!-- x: end -->\n后\n"
    with pytest.raises(FileError, match="y: begin"):
        replace_part(file, "y", "新")
