"""The report of an evaluation: complete in itself, true to the figures, harmless."""

import json
import re
from html.parser import HTMLParser

import pytest

from banmian.charts import reliability
from banmian.evaluation import page_of_its_own
from banmian.figures import METHOD, Judged, summarize
from banmian.files import FileError
from banmian.markup import parse
from banmian.packaging import document_scores
from banmian.report import failings, read_curve, render, slope
from banmian.tagging import Tags
from reports import CURVE, HOSTILE, evaluation

pytest.importorskip("matplotlib", reason="matplotlib is not installed")


class Elements(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


@pytest.fixture(scope="module")
def evaluated(root):
    return evaluation(root, held_out=True)


def test_it_gives_the_figures_with_intervals_and_counts(evaluated):
    figures, results = evaluated
    page = render(figures, results)
    row = figures["raw_pages"]["exact"]["INDICATOR"]
    low, high = row["interval"]
    cells = [f"<b>{row['f1']:.3f}</b>", f"{low:.3f} to {high:.3f}", f"{row['precision']:.3f}"]
    assert "</td><td>".join(cells) in page
    total = figures["raw_pages"]["exact"]["all"]
    assert f"<b>{total['hits']} of {total['gold']}</b>" in page
    assert page.count("<svg") == 4
    assert "Not held out" not in page


def test_it_loads_and_runs_nothing(root):
    figures, results = evaluation(root, hostile=True)
    page = render(figures, results, CURVE)
    elements = Elements(page)
    assert "script" not in elements.tags
    assert not elements.tags & {"img", "link", "iframe", "object", "embed"}
    assert "document.title" in page
    assert HOSTILE not in page
    for name, value in elements.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "action")
        if name in ("href", "xlink:href"):
            assert value.startswith("#")
    addresses = set(re.findall(r"https?://[^\"' <]*", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "url(" not in re.sub(r"url\(#\w+\)", "", page)


def test_figures_that_are_not_held_out_say_so(root):
    figures, results = evaluation(root, hostile=True)
    page = render(figures, results)
    assert "<b>Not held out.</b>" in page
    assert "never saw" not in page


def test_it_is_the_same_every_time(evaluated):
    assert render(*evaluated, CURVE) == render(*evaluated, CURVE)


def test_it_says_where_the_model_fails(evaluated):
    figures, _ = evaluated
    sentences = " ".join(failings(figures))
    exact = figures["raw_pages"]["exact"]
    worst = min(list(exact)[1:], key=lambda label: exact[label]["f1"])
    row = exact[worst]
    assert f"{worst} is its weakest label (F1 {row['f1']:.3f})" in sentences
    assert f"{row['gold'] - row['hits']} of {row['gold']} are not found exactly" in sentences


def test_an_article_without_spans_has_a_report_too():
    (article,) = parse("=== genre: news | topics: governance | key: x\nP: 天晴了。").articles
    judged = Judged()
    judged.judge(
        page_of_its_own(article),
        [article],
        lambda texts: [Tags((), ("news", 1.0), ())] * len(texts),
    )
    figures = {
        "held_out": True,
        "models": "--folds training",
        "method": METHOD,
        **summarize(judged),
    }
    assert list(failings(figures)) == []
    assert "<b>0 of 0</b>" in render(figures, judged.raw_pages)


def test_the_learning_curve_ends_with_its_slope(evaluated):
    points = CURVE["points"]
    assert slope(points, "held_out_f1") == pytest.approx(0.05)
    tripled = [points[0], {**points[1], "articles": 800}]  # three doublings
    assert slope(tripled, "held_out_f1") == pytest.approx(0.05 / 3)
    assert slope(points[:1], "pages_f1") is None
    page = render(*evaluated, {**CURVE, "points": points[::-1]})
    assert "gives +0.050 F1 on the held-out batches and +0.020 on the real pages" in page
    assert "Learning curve" not in render(*evaluated)


def test_a_curve_is_read_or_refused(tmp_path):
    path = tmp_path / "curve.json"
    assert read_curve(path) is None
    path.write_text(json.dumps(CURVE))
    assert read_curve(path) == CURVE
    for content in ("{", "[]", '{"schema": "banmian.metrics/1"}'):
        path.write_text(content)
        with pytest.raises(FileError, match=r"curve\.json"):
            read_curve(path)


def test_a_chart_of_nothing_is_a_chart():
    assert reliability([], "nothing").startswith("<svg")


def test_the_readme_gives_the_figures_of_the_metrics(root, tmp_path):
    copy = tmp_path / "README.md"
    copy.write_bytes((root / "README.md").read_bytes())
    document_scores(copy, root / "training" / "metrics.json")
    assert copy.read_text(encoding="utf-8") == (root / "README.md").read_text(encoding="utf-8")


def test_evaluate_writes_figures_and_report(run, root, tmp_path):
    gold = ("evaluate", root / "annotations/pages", "--pages", root / "seeds")
    written = ("-o", tmp_path / "metrics.json", "--html", tmp_path / "report.html")
    done = run(*gold, *written, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert figures["held_out"] is False
    parts = {"exact", "overlap", "schemes", "confusion", "reliability", "pages", "genres", "errors"}
    assert parts <= figures["raw_pages"].keys()
    assert "<b>Not held out.</b>" in (tmp_path / "report.html").read_text()
    row = figures["raw_pages"]["exact"]["all"]
    low, high = row["interval"]
    assert f"{row['f1']:.3f}   {low:.3f}-{high:.3f}" in done.stdout.decode()


@pytest.fixture
def held_out(tmp_path):
    path = tmp_path / "held-out.jsonl"
    path.write_text('{"text": "青杨社区", "meta": {"batch": "b05"}}\n')
    return path


def with_sources(folder, sources):
    folder.mkdir()
    (folder / "sources.json").write_text(json.dumps(sources))
    return folder


def test_articles_that_the_model_saw_cannot_judge_it(run, root, tmp_path, held_out):
    model = with_sources(tmp_path / "model", {"batches": ["b04", "b05"]})
    unseen = tmp_path / "unseen.jsonl"
    unseen.write_text('{"text": "青杨社区", "meta": {"batch": "p01"}}\n')
    both = ("--held-out", unseen, "--held-out", held_out)
    done = run("evaluate", root / "annotations/pages", "--model", model, *both)
    assert done.returncode == 2
    assert f"holds b05, which {model} was trained on" in done.stderr.decode()


def test_a_model_that_does_not_say_what_it_saw_is_not_judged(run, root, tmp_path, held_out):
    model = with_sources(tmp_path / "model", {"pages": []})
    done = run("evaluate", root / "annotations/pages", "--model", model, "--held-out", held_out)
    assert done.returncode == 1
    assert b"does not say which batches it was trained on" in done.stderr


def test_without_matplotlib_the_report_says_what_to_install(run, root, tmp_path, monkeypatch):
    (tmp_path / "matplotlib.py").write_text("raise ImportError('none here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    done = run("evaluate", root / "annotations/pages", "--html", tmp_path / "report.html")
    assert done.returncode == 2
    assert b"pip install 'banmian[report]'" in done.stderr
    assert not (tmp_path / "report.html").exists()
