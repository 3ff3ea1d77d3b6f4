"""The pipeline's own components, each by itself."""

from types import SimpleNamespace

import pytest
from spacy.training import Example

from banmian import span_crf
from banmian.calibration import MIN_SCORE
from banmian.categories import Categories
from banmian.categories import TrainSettings as TrainCategories
from banmian.components import (
    Consistency,
    SpanTagger,
    normalize_edges,
    scored_spans,
    set_scored_spans,
)
from banmian.corpus import blank_pipeline, split, to_doc
from banmian.crf import TagScheme
from banmian.markup import parse
from banmian.span_crf import SpanCrf, TrainSettings
from banmian.span_model import NetworkSettings, SpanModel, lines_of, tagged_lines
from banmian.tagging import tags_of

TEXTS = [
    ("青杨社区开展“夜校”活动。", [(0, 4, "ORG"), (6, 12, "INITIATIVE")]),
    ("柳河社区收到诉求35件。", [(0, 4, "ORG"), (8, 11, "INDICATOR")]),
] * 4


@pytest.fixture(scope="module")
def tagger():
    return SpanModel.train(TEXTS, TrainSettings(0.1, 60, 1), NetworkSettings(0, 0, 0.0))


def test_it_learns_what_it_is_shown(tagger):
    for text, spans in TEXTS[:2]:
        assert [span[:3] for span in tagger.predict([text])[0]] == spans


def test_it_carries_over_to_new_numbers(tagger):
    assert (8, 11, "INDICATOR") in [s[:3] for s in tagger.predict(["柳河社区收到诉求78件。"])[0]]


def test_several_runs_differ_and_their_mean_is_kept(monkeypatch):
    runs, estimated = [], span_crf._estimated

    def observed(trainer):
        runs.append(estimated(trainer))
        return runs[-1]

    monkeypatch.setattr(span_crf, "_estimated", observed)
    scheme = TagScheme(("INDICATOR", "INITIATIVE", "ORG"))
    crf = SpanCrf.train(tagged_lines(TEXTS, scheme), scheme, TrainSettings(0.1, 3, 1, runs=3))
    first, second, third = (run.transitions for run in runs)
    assert first != second != third
    for (before, after), weight in first.items():
        mean = (weight + second[before, after] + third[before, after]) / 3
        assert crf.transitions[int(before), int(after)] == pytest.approx(mean)


def test_bytes_hold_the_whole_of_it(tagger):
    copy = SpanModel(SpanCrf.from_bytes(tagger.crf.to_bytes()))
    texts = [text for text, _ in TEXTS[:2]]
    assert [[s[:3] for s in spans] for spans in copy.predict(texts)] == [
        [s[:3] for s in spans] for spans in tagger.predict(texts)
    ]


def test_blanks_at_the_ends_of_a_span_are_left_out(monkeypatch):
    tagger = SpanTagger("span_tagger", TrainSettings(0.1, 60, 1), NetworkSettings(0, 0, 0.0))
    doc = blank_pipeline().make_doc("青杨 社区 　的  夜校")
    found = [(2, 7, "ORG", 0.9), (8, 10, "ORG", 0.8)]
    monkeypatch.setattr(tagger, "model", SimpleNamespace(predict=lambda _: [found]))
    assert scored_spans(tagger(doc)) == [(3, 5, "ORG", 0.9)]


def test_an_untrained_one_marks_nothing():
    assert SpanModel(SpanCrf.empty()).predict(["青杨社区", ""]) == [[], []]


def test_long_lines_are_cut_behind_sentences():
    text = ("这是一句话。" * 400) + "\n短行"
    cuts = list(lines_of(text))
    assert "".join(text[s:e] for s, e in cuts) == text.replace("\n", "")
    assert all(text[e - 1] == "。" for _, e in cuts[:-1])


def test_spacy_trains_it_when_a_pipeline_is_initialized():
    nlp = blank_pipeline()
    tagger = SpanTagger("span_tagger", TrainSettings(0.1, 60, 1), NetworkSettings(0, 0, 0.0))
    examples = [Example.from_dict(nlp.make_doc(text), {"entities": spans}) for text, spans in TEXTS]
    tagger.initialize(lambda: examples, nlp=nlp)
    assert tagger.labels == ("INDICATOR", "INITIATIVE", "ORG")
    assert [e.text for e in tagger(nlp.make_doc(TEXTS[0][0])).ents] == ["青杨社区", "“夜校”活动"]


def test_a_sure_name_is_marked_everywhere_in_the_article():
    doc = blank_pipeline().make_doc("青杨社区办夜校。大家都说青杨社区好，青杨社区的人多。")
    set_scored_spans(doc, [(0, 4, "ORG", 0.95)])
    found = scored_spans(Consistency(0.8, 4)(doc))
    assert [(s, e) for s, e, *_ in found] == [(0, 4), (12, 16), (18, 22)]


def test_nor_is_a_sure_name_marked_inside_the_title_of_a_paper():
    doc = blank_pipeline().make_doc("青杨社区印发《青杨社区公约》，青杨社区都知道。")
    set_scored_spans(doc, [(0, 4, "ORG", 0.95)])
    assert [(s, e) for s, e, *_ in scored_spans(Consistency(0.8, 4)(doc))] == [(0, 4), (15, 19)]


def test_an_unsure_name_is_not():
    doc = blank_pipeline().make_doc("青杨社区办夜校。大家都说青杨社区好。")
    set_scored_spans(doc, [(0, 4, "ORG", 0.5)])
    assert len(scored_spans(Consistency(0.8, 4)(doc))) == 1


def test_spans_that_are_more_likely_wrong_than_useful_are_left_out():
    doc = blank_pipeline().make_doc("东湖社区和西湖社区")
    set_scored_spans(doc, [(0, 4, "ORG", MIN_SCORE - 0.01), (5, 9, "ORG", MIN_SCORE)])
    assert [span.text for span in tags_of(doc).spans] == ["东湖社区", "西湖社区"]
    assert [span.text for span in tags_of(doc, min_score=MIN_SCORE).spans] == ["西湖社区"]


def test_edges_are_moved_and_scores_kept():
    doc = blank_pipeline().make_doc("开展“夜校”，")
    set_scored_spans(doc, [(2, 6, "INITIATIVE", 0.7)])
    assert scored_spans(normalize_edges(doc)) == [(3, 5, "INITIATIVE", 0.7)]


@pytest.mark.parametrize("text", ["𠮷祥社区", "a  b\u3000c\n\n d", "e\u0301👍🏽社区"])
def test_one_token_a_character_never_changes_the_text(text):
    doc = blank_pipeline().make_doc(text)
    assert doc.text == text


def test_gold_docs_hold_spans_and_categories():
    (article,) = parse('=== genre: news | topics: governance\nP: {O:青杨社区}办"{I:夜校}"').articles
    doc = to_doc(blank_pipeline(), article)
    assert doc.text == "青杨社区办“夜校”"
    assert [(e.text, e.label_) for e in doc.ents] == [("青杨社区", "ORG"), ("夜校", "INITIATIVE")]
    assert {cat for cat, value in doc.cats.items() if value} == {"genre:news", "topic:governance"}


def test_a_held_out_page_is_in_neither_part(root):
    from banmian.annotations import origin, read_annotations

    articles = list(read_annotations([root / "annotations/pages", root / "annotations/authored"]))
    page = next(a.meta["page"] for a in articles if a.meta.get("page"))
    train, dev = split(articles, 0.1, [page])
    assert page not in {origin(a) for a in [*train, *dev]}
    parted = {origin(a) for a in train} & {origin(a) for a in dev}
    assert len(parted) <= 1  # of one batch the last articles fill dev up
    assert not {a.meta["key"] for a in train} & {a.meta["key"] for a in dev}
    assert not any(a.meta.get("page") for a in dev)


def test_genre_and_topics_are_learned_saved_and_loaded():
    texts = [
        "本报讯（记者王平）近日，青杨社区开展志愿活动。",
        "图为居民在广场上跳舞。\n王平 摄",
    ] * 6
    settings = TrainCategories(shortest=1, longest=2, min_documents=1, max_ngrams=500, c=10.0)
    topics = [["governance"], ["culture_tourism"]] * 6
    model = Categories.train(texts, ["news", "photo"] * 6, topics, settings)
    for copy in (model, Categories.from_bytes(model.to_bytes())):
        genres, found = copy.predict("图为居民在公园里唱歌。\n李安 摄")
        assert max(genres, key=genres.get) == "photo"
        assert sum(genres.values()) == pytest.approx(1)
        assert found["culture_tourism"] > 0.5 > found["governance"]


def test_an_untrained_classifier_says_nothing():
    assert Categories.empty().predict("青杨社区") == ({}, {})
