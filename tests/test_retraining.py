"""Training again with what people annotated, and whether that made the model better."""

import json
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from banmian import replacing
from banmian.annotations import page_id, read_annotations, write_annotations
from banmian.comparison import FEWEST, Difference, compare, measure
from banmian.files import FileError
from banmian.markup import parse
from banmian.model import bundled_path, check_folder, trained_on
from banmian.replacing import next_version, replace_model, verdict
from banmian.retraining import gather, limit_authored, make_plan, write_sets
from banmian.scoring import Counts
from banmian.tagging import Tags
from banmian.training import train_all, write_training_set
from banmian.types import Span

PLACES = "青杨 柳河 白马 石桥 南湾 东关 西岭 北坡 高台 长沟 梨园 枣林".split()


def article(page, number, *, marked=True, genre="news"):
    name = f"{PLACES[number % len(PLACES)]}社区"
    text = f"{{O:{name}}}" if marked else name
    source = f"=== genre: {genre} | topics: governance | key: {page}#{number}\nP: {text}办夜校，居民都说好，第{number}期又满了。"
    (one,) = parse(source).articles
    meta = {
        **one.meta,
        "article": number,
        **({"page": page, "page_sha256": f"hash of {page}"} if page else {}),
    }
    return replace(one, id=number, meta=meta)


def pages(*names, each=4):
    return [
        article(name, 10 * at + number) for at, name in enumerate(names) for number in range(each)
    ]


# --- the difference and its interval


def counts(*triples):
    return {"all": [Counts(*triple) for triple in triples]}


def test_the_difference_by_hand():
    old, new = counts((1, 2, 2), (0, 2, 2)), counts((2, 2, 2), (2, 2, 2))
    found = compare(old, new, np.random.default_rng(0))["all"]
    assert (found.old, found.new, found.support) == (0.25, 1.0, 4)
    assert found.gain == 0.75
    assert (found.low, found.high) == (0.5, 1.0)


def test_a_few_articles_do_not_show_that_a_model_is_better():
    def found(size):
        old, new = [(1, 2, 2)] * size, [(2, 2, 2)] * size
        return compare(counts(*old), counts(*new), np.random.default_rng(0))["all"]

    assert found(FEWEST).better
    assert "better" in verdict(found(FEWEST))
    assert not found(FEWEST - 1).better
    assert "not shown to be better" in verdict(found(FEWEST - 1))
    assert "9 articles to judge by" in verdict(found(FEWEST - 1))


def test_the_same_model_is_not_better_than_itself():
    same = counts((1, 2, 2), (0, 1, 3), (0, 0, 0))
    found = compare(same, same, np.random.default_rng(0))["all"]
    assert (found.low, found.gain, found.high) == (0, 0, 0)
    assert not found.better
    assert "not shown to be better" in verdict(found)


def test_a_gain_on_one_article_of_many_is_not_shown():
    old, new = [(3, 4, 4)] * 9, [(3, 4, 4)] * 8 + [(4, 4, 4)]
    found = compare(counts(*old), counts(*new), np.random.default_rng(0))["all"]
    assert found.gain > 0
    assert not found.better


def test_the_interval_covers_what_it_says():
    """Of many samples from models that are truly equal, few are called better or worse."""
    rng = np.random.default_rng(5)
    wrong = 0
    for _ in range(200):
        hits = rng.binomial(10, 0.7, size=(2, 40))
        old, new = ([(int(h), 10, 10) for h in row] for row in hits)
        found = compare(counts(*old), counts(*new), rng, rounds=300)["all"]
        wrong += not found.low <= 0 <= found.high
    assert wrong <= 24  # 5 % are to be expected, so 10; more than 24 has a chance of one in 10,000


def test_the_interval_is_the_same_for_the_same_seed():
    old, new = counts((1, 2, 2), (0, 2, 2), (2, 2, 3)), counts((2, 2, 2), (1, 2, 1), (2, 2, 2))
    one, two = (compare(old, new, np.random.default_rng(7)) for _ in range(2))
    assert one == two


def test_no_articles_cannot_be_compared():
    with pytest.raises(ValueError, match="no articles"):
        compare({"all": []}, {"all": []}, np.random.default_rng(0))


def test_what_is_counted():
    one = article("p", 1)
    tags = Tags(
        (Span(0, 4, "ORG", "柳河社区"), Span(5, 7, "INITIATIVE", "夜校")),
        ("photo", 1.0),
        (("governance", 0.9), ("enterprise", 0.6)),
    )
    found = measure([one, replace(one, genre=None)], lambda texts: [tags for _ in texts])
    assert found["all"][0] == Counts(1, 1, 2)
    assert found["INITIATIVE"][0] == Counts(0, 0, 1)
    assert found["genre"] == [Counts(0, 1, 1), Counts(0, 0, 0)]
    assert found["topics"][0] == Counts(1, 1, 2)


# --- what is trained on, and what judges


def test_everything_is_taken_once(tmp_path):
    mine = pages("p", "q")
    write_annotations(tmp_path / "mine.jsonl", mine)
    write_annotations(tmp_path / "copy.jsonl", mine[:3])
    write_annotations(tmp_path / "authored" / "b01.jsonl", [article(None, 50)])
    write_annotations(tmp_path / "second-pass" / "mine.jsonl", [replace(mine[0], spans=())])
    write_annotations(tmp_path / "unseen" / "p01.jsonl", [article(None, 60)])
    (tmp_path / "layout").mkdir()
    (tmp_path / "layout" / "x.jsonl").write_text('{"schema": "banmian.page/1"}\n')
    (tmp_path / "conflicts.jsonl").write_text('{"schema": "banmian.conflict/1"}\n')
    assert len(gather([tmp_path])) == len(mine) + 1


def test_a_correction_goes_before_what_was_shipped(tmp_path):
    gold = article("p", 1)
    write_annotations(tmp_path / "pages" / "gold.jsonl", [gold])
    write_annotations(tmp_path / "doccano" / "mine.jsonl", [replace(gold, spans=())])
    assert gather([tmp_path])[0].spans == ()


def test_two_people_who_differ_must_be_merged_first(tmp_path):
    one = article("p", 1)
    write_annotations(tmp_path / "ana.jsonl", [one])
    write_annotations(tmp_path / "bo.jsonl", [replace(one, spans=())])
    with pytest.raises(
        FileError, match=r"p#1 is annotated differently in .*ana.*annotations merge"
    ):
        gather([tmp_path])
    merged = replace(one, meta={**one.meta, "merged": {"rule": "first", "of": ["ana", "bo"]}})
    write_annotations(tmp_path / "deeper" / "merged.jsonl", [merged])
    assert gather([tmp_path])[0].meta["merged"]["rule"] == "first"


def test_overlapping_spans_name_the_article(tmp_path):
    one = article("p", 1)
    crossed = (*one.spans, Span(2, 6, "ORG", one.text[2:6]))
    write_annotations(tmp_path / "x.jsonl", [replace(one, spans=crossed)])
    with pytest.raises(FileError, match="p#1: '柳河社区' and '社区办夜' overlap"):
        gather([tmp_path])


def test_authored_articles_are_limited_evenly_and_others_not():
    authored = [
        replace(article(None, n), meta={"kind": "authored", "key": str(n)}) for n in range(10)
    ]
    mine = [*pages("p", each=2), article(None, 99)]
    kept = limit_authored([*authored, *mine], 5)
    assert [a.meta["key"] for a in kept[:5]] == ["0", "2", "4", "6", "8"]
    assert kept[5:] == mine
    assert limit_authored(authored, 0) == authored


def test_no_page_judges_that_was_seen_or_is_trained_on(tmp_path):
    articles = [*pages("p", "q", "r", "s"), article(None, 50)]
    plan = make_plan(articles, 2, pages={"hash of r"}, batches=())
    assert {a.meta["page"] for a in plan.judged} == {"p", "q", "s"}
    where = [{page_id(a) for a in fold} for fold in plan.folds]
    assert where[0].isdisjoint(where[1])
    sets = write_sets(plan, tmp_path, page_weight=1)
    assert [path.name for path in sets] == ["fold-1", "fold-2", "full"]
    for own, path in zip(where, sets, strict=False):
        sources = json.loads((path / "sources.json").read_text())
        assert own.isdisjoint(sources["pages"])
        assert "hash of r" in sources["pages"]
    assert json.loads((sets[2] / "sources.json").read_text())["articles"] == 17


def test_a_page_without_hash_is_known_by_its_name():
    one = replace(article("p", 1), meta={"page": "p", "key": "k"})
    assert page_id(one) == page_id(replace(one, text="其他"))
    assert make_plan([one], 3, pages={page_id(one)}, batches=()).folds == ()


# --- replacing the model


def test_versions_count_up():
    assert next_version("0.1.0") == "0.1.0+local.1"
    assert next_version("0.1.0+local.9") == "0.1.0+local.10"


@pytest.fixture
def target(tmp_path):
    return shutil.copytree(bundled_path(), tmp_path / "models" / "zh_banmian_news")


SOURCES = {"pages": ["a"], "articles": 1, "characters": 2, "spans": 3}
GAIN = {"all": Difference(0.5, 0.75, 0.1, 0.4, 12, 10)}


def files(folder):
    return {f.relative_to(folder): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def test_the_new_model_stands_in_its_place_and_the_old_one_aside(target, tmp_path):
    before = files(target)
    for number in (1, 2):
        name, kept = replace_model(
            bundled_path(), target, tmp_path / "aside", sources=SOURCES, differences=GAIN
        )
        assert name == f"zh_banmian_news 0.1.0+local.{number}"
        assert check_folder(target)["version"] == f"0.1.0+local.{number}"
    assert files(tmp_path / "aside" / "zh_banmian_news-0.1.0") == before
    assert kept.name == "zh_banmian_news-0.1.0+local.1"
    assert "0.500 to 0.750, +0.250 [+0.100, +0.400]" in (target / "README.md").read_text()
    assert trained_on(target) == {"a"}
    assert [f.name for f in target.parent.iterdir()] == ["zh_banmian_news"]


@pytest.mark.parametrize("step", ["_fill", "load", "rename"])
def test_a_failure_leaves_the_old_model_where_it_was(target, tmp_path, monkeypatch, step):
    before = files(target)

    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    if step == "rename":
        real = type(target).rename
        moves = iter([None, fail])  # the old one leaves, the new one cannot come

        def rename(path, to):
            return (fail if path.parent == target.parent and next(moves, None) else real)(path, to)

        monkeypatch.setattr(type(target), "rename", rename)
    else:
        monkeypatch.setattr(replacing, step, fail)
    with pytest.raises(FileError, match="cannot be replaced"):
        replace_model(bundled_path(), target, tmp_path / "aside", sources=SOURCES, differences={})
    assert files(target) == before
    assert [f.name for f in target.parent.iterdir()] == ["zh_banmian_news"]


def test_what_a_model_saw_is_read_inside_and_beside_it(tmp_path):
    (tmp_path / "model-last").mkdir()
    (tmp_path / "sources.json").write_text('{"pages": ["a"]}')
    (tmp_path / "model-last" / "sources.json").write_text('{"pages": ["b"]}')
    assert trained_on(tmp_path / "model-last") == {"a", "b"}


# --- the command


@pytest.fixture(scope="module")
def config(root, tmp_path_factory):
    """The config of the shipped model without the network, which takes minutes to compile."""
    given = (root / "configs" / "news.cfg").read_text()
    plain, changes = re.subn(r"network_epochs = \d+", "network_epochs = 0", given)
    assert changes == 1
    file = tmp_path_factory.mktemp("config") / "plain.cfg"
    file.write_text(plain)
    return file


def trained(config, articles, folder):
    write_training_set(folder / "corpus" / "old", articles, page_weight=1)
    train_all(config, [folder / "corpus" / "old"], folder, jobs=1, overrides=[])
    return folder / "old" / "model-last"


@pytest.fixture(scope="module")
def poor_model(config, tmp_path_factory):
    """A model that never saw a span."""
    plain = [article(None, n, marked=False, genre=g) for n in range(4) for g in ("news", "photo")]
    plain += [article(None, 5), *(replace(article(None, 6), topics=("enterprise",)),)]
    plain = [replace(a, spans=()) for a in plain]
    return trained(config, plain, tmp_path_factory.mktemp("poor"))


@pytest.fixture(scope="module")
def small_model(root, config, tmp_path_factory):
    """A model of some authored articles, trained from nothing."""
    return trained(config, authored(root, "b01")[:24], tmp_path_factory.mktemp("small"))


def authored(root, batch):
    return list(read_annotations([root / "annotations" / "authored" / f"{batch}.jsonl"]))


def as_pages(articles, each):
    """Authored articles as a person's annotations of pages, some articles a page."""
    return [
        replace(a, meta={"page": f"{n // each}.txt", "page_sha256": f"{n // each}", "article": n})
        for n, a in enumerate(articles)
    ]


@pytest.fixture
def retrain(run, tmp_path):
    """Run `banmian build retrain` with some annotations on a copy of a model."""

    def retrain(model, articles, *options):
        target = tmp_path / "mine" / "model"
        if not target.exists():
            shutil.copytree(model, target)
            shutil.copy(model.parent / "sources.json", target.parent)
        write_annotations(tmp_path / "annotations" / "mine.jsonl", articles)
        done = run(
            *("build", "retrain", tmp_path / "annotations", "--model", target),
            *("--out", tmp_path / "out", *options),
        )
        return SimpleNamespace(code=done.returncode, said=done.stderr.decode(), target=target)

    return retrain


def test_a_model_that_became_better_replaces_the_old_one(retrain, root, tmp_path, small_model):
    articles = as_pages(authored(root, "b02")[:36], each=6)
    done = retrain(small_model, articles)
    assert done.code == 0, done.said
    assert "carrying on 4 models with 36 articles; 36 articles of unseen pages judge" in done.said
    assert "the new model is better: F1 0." in done.said
    assert "local.1; the model before it is kept in" in done.said
    figures = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert figures["replaced"] is True
    assert figures["measures"]["all"]["low"] > 0
    assert files(next((tmp_path / "out" / "replaced").iterdir())) == files(small_model)
    assert trained_on(done.target) == {str(n) for n in range(6)}
    assert "Carried on from zh_" in (done.target / "README.md").read_text()

    again = retrain(small_model, articles)  # a page that it has learned from judges no more
    assert again.code == 1
    assert "every annotated page was seen by the model in use" in again.said
    assert again.said.count("\n") == 1


def test_a_model_that_is_not_shown_to_be_better_stays(retrain, root, tmp_path, small_model):
    known = authored(root, "b01")[:15]  # it has them by heart: there is nothing to gain
    done = retrain(small_model, [*as_pages(known[:12], each=3), *known[12:]])
    assert done.code == 0, done.said
    assert "3 articles of pages and batches that the model has seen are passed over" in done.said
    assert "the new model is not shown to be better: F1 " in done.said, done.said
    assert "stays; the new model is in" in done.said
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["replaced"] is False
    assert files(done.target) == files(small_model)


def test_trained_from_nothing_a_model_is_judged_in_the_same_way(
    retrain, config, tmp_path, poor_model
):
    other = replace(article(None, 99, genre="photo"), topics=("enterprise",))
    own = [*pages("p", "q", each=6), other]
    done = retrain(poor_model, own, "--from-nothing", "--folds", 2, "--config", config)
    assert done.code == 0, done.said
    assert "training 3 models with 13 articles; 12 articles of unseen pages judge" in done.said
    assert "the new model is better: F1 0.000 to" in done.said
    figures = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert figures["measures"]["ORG"]["new"] > 0.5
    assert trained_on(done.target) == {"hash of p", "hash of q"}


def test_what_leaves_nothing_to_train_on_is_one_line(run, root, tmp_path, poor_model):
    write_annotations(tmp_path / "mine.jsonl", pages("p"))
    done = run(
        "build", "retrain", tmp_path / "mine.jsonl", "--model", poor_model, "--out", tmp_path
    )
    assert done.returncode == 1
    assert "no article is left to train on" in done.stderr.decode()
