"""The whole loop against a real doccano: push, correct, pull, and what may go wrong between."""

import json
from dataclasses import replace

import pytest

from banmian.annotations import read_annotations
from banmian.doccano_projects import (
    add_member,
    find_projects,
    guidelines,
    make_project,
    span_types,
)
from banmian.doccano_pull import pull
from banmian.doccano_push import push
from banmian.doccano_rows import own_id
from banmian.doccano_session import DoccanoError, Limits
from banmian.types import GENRES, SPAN_LABELS, TOPICS, AnnotatedArticle, Block, Span

PAGE = """乡里成立农旅合作社

乡党委近日成立农旅合作社，已有120户村民加入，户均增收3000元。
“党建引领，抱团发展”，乡党委书记说。合作社计划明年种植中药材500亩。
"""

ODD = [
    "𠮷县😀村委会成立",
    "第一行\r\n第二行村委会\r第三行\n第四行",
    "e\u0301好，a\u0308\u0323村委会",
    "\u3000\u3000首行空两格\u3000村委会\u3000",
    "👨‍👩‍👧‍👦一家🇨🇳旗👍🏽村委会🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "行\u2028行\u2029村委会\u0085行\u00a0\u200b\ufeff\tx",
    "\U00020000\U0002a6d6村委会\U000e0100葛󠄀",
    "引号\"\\\\/<script>alert(1)</script>&amp;'村委会{{ 7*7 }}",
    " 前后有空格的村委会 \n\n",
    "村委会" * 400,
]


def article(text, number=1, **meta):
    """An article with 村委会 marked, wherever it stands, and what stands before it."""
    at = text.index("村委会")
    spans = [Span(at, at + 3, "ORG", text[at : at + 3])]
    if at:
        spans.insert(0, Span(0, at, "SLOGAN", text[:at]))
    if at + 3 < len(text):
        spans.append(Span(at + 3, len(text), "INITIATIVE", text[at + 3 :]))
    origin = {"key": f"odd#{number}", "page": "odd.txt", "page_sha256": "0" * 64, "article": number}
    blocks = (Block("headline", 0, 1), Block("paragraph", 1, len(text)))
    topics = ("culture_tourism", "governance")
    return AnnotatedArticle(0, text, tuple(spans), "news", topics, blocks, {**origin, **meta})


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.txt"
    path.write_text(PAGE)
    return path


@pytest.fixture
def pulled(banmian, project, tmp_path):
    """Pull, and read what came, by file name."""

    def pulled(*options, code=0):
        out = tmp_path / "pulled"
        done = banmian("pull", "--project", project, "-o", out, *options)
        assert done.code == code, done.err
        return {file.name: list(read_annotations([file])) for file in sorted(out.glob("*"))}

    return pulled


def utf16(text, part):
    start = len(text[: text.index(part)].encode("utf-16-le")) // 2
    return start, start + len(part.encode("utf-16-le")) // 2


def test_push_correct_pull(doccano, banmian, project, page, pulled):
    first = banmian("push", page, "--project", project)
    assert first.code == 0, first.err
    place = make_project(doccano.server(), project)
    person = doccano.person("admin", place.id)

    # The project is ready to be worked in.
    detail = person.client.get(f"v1/projects/{place.id}")
    assert detail["guideline"].strip() == guidelines().strip() != ""
    assert detail["collaborative_annotation"]
    types = person.call("GET", "span-types")
    wanted = {row["text"]: (row["background_color"], row["suffix_key"]) for row in span_types()}
    assert {t["text"]: (t["background_color"], t["suffix_key"]) for t in types} == wanted
    assert set(wanted) == set(SPAN_LABELS)
    assert set(person.category_types()) == {*GENRES, *TOPICS}
    assert person.call("GET", "tags") == []

    # What it holds, the same article twice pushed is there once.
    (example,) = person.examples()
    second = banmian("push", page, "--project", project)
    assert second.code == 0
    assert "0 articles pushed with 0 spans, 1 there already, 0 changed" in second.err
    assert person.examples() == [example]
    (before,) = pulled("--all")[f"{project.replace(' ', '_')}.jsonl"]
    assert before.text == example["text"]
    assert before.spans, "the model found nothing; choose another page"

    # Somebody corrects it: everything away, one slogan marked, another genre, done.
    person.call("DELETE", f"examples/{example['id']}/spans")
    person.mark(example["id"], *utf16(example["text"], "党建引领，抱团发展"), "SLOGAN")
    person.call("DELETE", f"examples/{example['id']}/categories")
    for name in ("feature", "rural_industry"):
        label = person.category_types()[name]
        person.call("POST", f"examples/{example['id']}/categories", label=label)
    person.confirm(example["id"])
    ((after,),) = pulled().values()
    assert [(s.text, s.label) for s in after.spans] == [("党建引领，抱团发展", "SLOGAN")]
    assert (after.genre, after.topics) == ("feature", ("rural_industry",))
    assert (after.text, after.blocks, after.meta) == (before.text, before.blocks, before.meta)
    assert after.text[after.blocks[0].start : after.blocks[0].end] == "乡里成立农旅合作社"

    status = banmian("status", "--project", project)
    assert "admin" in status.out
    assert "100%" in status.out

    # Pushed again, the correction stays.
    banmian("push", page, "--project", project)
    assert [(s.text) for s in next(iter(pulled().values()))[0].spans] == ["党建引领，抱团发展"]


def test_every_code_point_survives(doccano, project):
    server = doccano.server()
    place = make_project(server, project)
    meta = {"odd": [None, 1, 0.1, 0.30000000000000004, {"𠮷": "\r\n"}, "", 12345678901234567890]}
    articles = [article(text, number, **meta) for number, text in enumerate(ODD, 1)]
    push(server, place, articles)
    (pulled,) = pull(server, place, confirmed=False)
    assert not pulled.problems
    assert list(pulled.articles) == articles


def test_a_span_that_cuts_a_character_is_named(doccano, banmian, project, pulled):
    server = doccano.server()
    place = make_project(server, project)
    push(server, place, [article(ODD[0]), article(ODD[3], 2)])
    person = doccano.person("admin", place.id)
    number = next(e["id"] for e in person.examples() if e["text"] == ODD[0])
    person.call("DELETE", f"examples/{number}/spans")
    person.mark(number, 1, 3, "ORG")
    files = pulled("--all", code=3)
    assert [a.text for articles in files.values() for a in articles] == [ODD[3]]


def test_a_changed_article_is_reported_and_left(doccano, banmian, project, page):
    banmian("push", page, "--project", project)
    page.write_text(PAGE.replace("120户", "1200户"))
    done = banmian("push", page, "--project", project)
    assert done.code == 3
    assert "page.txt#1: doccano has another text of it" in done.err
    place = make_project(doccano.server(), project)
    texts = [e["text"] for e in doccano.person("admin", place.id).examples()]
    assert len(texts) == 1
    assert "120户" in texts[0]


def test_a_text_that_was_edited_in_doccano_is_not_taken(doccano, banmian, project, page, pulled):
    banmian("push", page, "--project", project)
    place = make_project(doccano.server(), project)
    person = doccano.person("admin", place.id)
    (example,) = person.examples()
    person.call("PATCH", f"examples/{example['id']}", text="别的")
    done = banmian("pull", "--project", project, "--all", "-o", page.parent / "out")
    assert done.code == 3
    assert "page.txt#1: left out: its text was changed in doccano" in done.err


def test_two_annotators_are_kept_apart(doccano, banmian, project, page, pulled):
    doccano.person("alice", 0)
    doccano.person("bob", 0)
    options = ("--project", project, "--annotator", "alice", "--annotator", "bob")
    assert banmian("push", page, *options).code == 0
    assert "0 articles pushed" in banmian("push", page, *options).err
    places = {p.annotator: p for p in find_projects(doccano.server(), project)}
    for name, label in (("alice", "SLOGAN"), ("bob", "ORG")):
        person = doccano.person(name, places[name].id)
        (example,) = person.examples()
        assert person.spans(example["id"]), "annotators see the model's spans"
        person.call("DELETE", f"examples/{example['id']}/spans")
        person.mark(example["id"], *utf16(example["text"], "抱团发展"), label)
        person.confirm(example["id"])
    files = pulled()
    stem = project.replace(" ", "_")
    assert set(files) == {f"{stem}-alice.jsonl", f"{stem}-bob.jsonl"}
    found = {a.meta["annotator"]: a.spans[0].label for (a,) in files.values()}
    assert found == {"alice": "SLOGAN", "bob": "ORG"}
    status = banmian("status", "--project", project).out
    assert "alice" in status
    assert "bob" in status


def test_in_an_individual_project_members_are_kept_apart(doccano, banmian, project, page, pulled):
    assert banmian("push", page, "--project", project, "--individual").code == 0
    server = doccano.server()
    place = make_project(server, project)
    doccano.person("carol", 0)
    add_member(server, place, "carol")
    carol = doccano.person("carol", place.id)
    (example,) = carol.examples()
    assert carol.spans(example["id"]) == []
    carol.mark(example["id"], *utf16(example["text"], "抱团发展"), "SLOGAN")
    carol.confirm(example["id"])
    files = pulled()
    ((found,),) = files.values()
    assert (found.meta["annotator"], [s.text for s in found.spans]) == ("carol", ["抱团发展"])


def test_an_unknown_annotator_leaves_no_project(doccano, banmian, project, page):
    done = banmian("push", page, "--project", project, "--annotator", "nobody")
    assert done.code == 1
    assert "doccano has no user 'nobody'" in done.err
    assert find_projects(doccano.server(), project) == []


def test_an_import_error_leaves_nothing(doccano, project, monkeypatch):
    server = doccano.server()
    place = make_project(server, project)
    from banmian import doccano_push as module

    def without_text(article, push):
        row = rows(article, push)
        return {**row, "text": ""} if article.text == ODD[1] else row

    rows = module.to_doccano
    monkeypatch.setattr(module, "to_doccano", without_text)
    with pytest.raises(DoccanoError, match=r"refuses the import: Invalid data in line 2"):
        push(server, place, [article(text, n) for n, text in enumerate(ODD[:3])])
    assert server.examples(place) == []
    person = doccano.person("admin", place.id)
    assert person.call("GET", "tags") == []
    monkeypatch.undo()
    push(server, place, [article(text, n) for n, text in enumerate(ODD[:3])])
    assert len(server.examples(place)) == 3


def test_a_label_that_doccano_drops_is_noticed(doccano, project, monkeypatch):
    server = doccano.server()
    place = make_project(server, project)
    from banmian import doccano_push as module

    rows = module.to_doccano
    overlap = [[0, 5, "ORG"], [3, 6, "SLOGAN"]]
    monkeypatch.setattr(module, "to_doccano", lambda *a: {**rows(*a), "entities": overlap})
    with pytest.raises(DoccanoError, match="did not keep its labels"):
        push(server, place, [article(ODD[0])])
    assert server.examples(place) == []


def test_a_push_cut_short_is_mended_by_the_next(doccano, project):
    """A killed push leaves its tag; an article that arrived without labels is sent anew."""
    server = doccano.server()
    place = make_project(server, project)
    articles = [article(ODD[0]), article(ODD[3], 2)]
    push(server, place, articles)
    person = doccano.person("admin", place.id)
    bare, whole = sorted(person.examples(), key=lambda e: e["text"] != ODD[0])
    first = bare["meta"]["meta"]["doccano"]["push"]
    person.call("DELETE", f"examples/{bare['id']}/spans")
    person.call("DELETE", f"examples/{bare['id']}/categories")
    person.call("POST", "tags", text=f"banmian push {first} unfinished")
    done = push(server, place, articles)
    assert done.mended == 1
    assert [own_id(a) for a in done.plan.new] == [own_id(articles[0])]
    assert person.call("GET", "tags") == []
    assert whole["id"] in {e["id"] for e in person.examples()}
    (pulled,) = pull(server, place, confirmed=False)
    assert list(pulled.articles) == articles


def test_mending_leaves_what_another_member_has_done(doccano, project):
    server = doccano.server()
    place = make_project(server, project, collaborative=False)
    articles = [article(text, n) for n, text in enumerate(ODD[:3])]
    push(server, place, articles)
    doccano.person("gwen", 0)
    add_member(server, place, "gwen")
    admin, gwen = doccano.person("admin", place.id), doccano.person("gwen", place.id)
    number = {e["text"]: e["id"] for e in admin.examples()}
    for text in ODD[:3]:
        admin.call("DELETE", f"examples/{number[text]}/spans")
        admin.call("DELETE", f"examples/{number[text]}/categories")
    gwen.mark(number[ODD[0]], *utf16(ODD[0], "村委会"), "ORG")
    gwen.confirm(number[ODD[1]])
    name = admin.examples()[0]["meta"]["meta"]["doccano"]["push"]
    admin.call("POST", "tags", text=f"banmian push {name} unfinished")
    assert push(server, place, articles).mended == 1
    there = {e["text"]: e["id"] for e in admin.examples()}
    assert [there[text] == number[text] for text in ODD[:3]] == [True, True, False]


def test_a_shared_project_does_not_turn_individual_without_a_word(doccano, banmian, project, page):
    assert banmian("push", page, "--project", project).code == 0
    done = banmian("push", page, "--project", project, "--individual")
    assert done.code == 1
    assert "its members see each other's labels; choose another name" in done.err


def test_an_interrupted_push_takes_back_what_it_sent(doccano, project, monkeypatch):
    server = doccano.server()
    place = make_project(server, project)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("banmian.doccano_push._verify", interrupt)
    with pytest.raises(KeyboardInterrupt):
        push(server, place, [article(ODD[0])])
    assert server.examples(place) == []
    assert doccano.person("admin", place.id).call("GET", "tags") == []


def test_many_articles_in_several_batches(doccano, project, monkeypatch):
    monkeypatch.setattr("banmian.doccano_push._BATCH", 20)
    monkeypatch.setattr("banmian.doccano._PAGE_SIZE", 7)
    server = doccano.server()
    place = make_project(server, project)
    articles = [replace(article(f"第{n}个村委会", n)) for n in range(50)]
    assert len(push(server, place, articles).plan.new) == 50
    assert len(push(server, place, articles).plan.present) == 50
    (pulled,) = pull(server, place, confirmed=False)
    assert list(pulled.articles) == articles


def test_a_wrong_password(doccano, banmian, monkeypatch):
    monkeypatch.setenv("DOCCANO_PASSWORD", "wrong-password-123")
    done = banmian("status")
    assert done.code == 1
    assert done.err == f"banmian: {doccano.url} does not accept this user name and password\n"


def test_a_project_that_is_not_there(banmian):
    done = banmian("pull", "--project", "no such project")
    assert done.code == 1
    assert "has no project 'no such project'" in done.err


def test_somebody_who_may_not_make_projects(doccano, project):
    doccano.person("dave", 0)
    from banmian.doccano import connect

    dave = connect(doccano.url, "dave", doccano.people["dave"], Limits())
    with pytest.raises(DoccanoError, match=r"permission.*status 403"):
        make_project(dave, project)


def test_the_rows_of_an_export_by_hand_say_how_they_count(doccano, project):
    server = doccano.server()
    place = make_project(server, project)
    push(server, place, [article(ODD[0])])
    (example,) = server.examples(place)
    assert example.sent["offsets"] == "utf-16"
    labels = server.labels(place, confirmed=False)[""][example.id]
    assert (5, 8, "ORG") in labels.entities
    assert json.loads(json.dumps(dict(example.meta))) == example.meta
