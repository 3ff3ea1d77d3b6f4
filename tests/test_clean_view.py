"""What a person sees of cleaning: the HTML page, and the articles laid out on a terminal."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from banmian.articles import clean_page
from banmian.clean_view import clean_view
from banmian.cli.clean import show_page
from banmian.pages import read_page
from banmian.types import Article, Block, CleanPage, Duplicate, Failure, Joint, Page, Run
from conftest import SEEDS


class Shown(HTMLParser):
    """The ids, links and runs of an HTML page, and the text of its raw side without our marks."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.runs, self.raw = [], [], {}, ""
        self.tags = Counter()
        self._open = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags[tag] += 1
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if attrs.get("href", "").startswith("#"):
            self.links.append(attrs["href"][1:])
        if tag != "meta":
            self._open.append((tag, (attrs.get("class") or "").split(), attrs.get("id")))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        classes = [name for _, names, _ in self._open for name in names]
        if "mark" in classes:
            return
        if "paper" in classes:
            self.raw += data
        if "run" in classes:
            self.runs[self._open[-1][2]] = data


def cleaned_seed(path):
    return clean_page(read_page(path.name, str(path)))


def page_of(text, name="page.txt"):
    return Page(name, text, hashlib.sha256(text.encode()).hexdigest(), "utf-8")


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.stem)
def test_every_run_stands_once_on_each_side(path):
    cleaned = cleaned_seed(path)
    shown = Shown(clean_view([cleaned]))
    expected = {}
    for number, article in enumerate(cleaned.articles, 1):
        for at, run in enumerate(article.source, 1):
            page_text = cleaned.page.text[run.page_start : run.page_end]
            expected[f"raw-1-a{number}-r{at}"] = page_text
            expected[f"clean-1-a{number}-r{at}"] = article.text[run.start : run.end]
    assert shown.runs == expected
    assert Counter(shown.ids).most_common(1)[0][1] == 1
    assert set(shown.links) <= set(shown.ids)
    assert shown.raw == cleaned.page.text


LINES = st.text("甲乙丙，。“”\"'<&a1 　\t\u200b\ufeff\u202e𠮷#-", max_size=40)


@settings(max_examples=50)
@given(st.lists(LINES, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n", "\n\n", "\f"]))
def test_no_page_loses_a_character_in_its_view(lines, line_end):
    cleaned = clean_page(page_of(line_end.join(lines)))
    shown = Shown(clean_view([cleaned]))
    assert shown.raw == cleaned.page.text
    assert Counter(shown.ids).most_common(1)[0][1] == 1
    assert set(shown.links) <= set(shown.ids)
    assert len(shown.runs) == 2 * sum(len(article.source) for article in cleaned.articles)


def test_pages_stand_in_one_file_with_an_index():
    cleaned = [cleaned_seed(path) for path in SEEDS]
    html = clean_view(cleaned, [Failure("broken.txt", "read", "is binary, not text")])
    shown = Shown(html)
    assert shown.raw == "".join(page.page.text for page in cleaned)
    assert [link for link in shown.links if link.startswith("page-")] == [
        "page-1",
        "page-2",
        "page-3",
    ]
    assert "broken.txt</bdi>: is binary, not text" in html


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp; </style>{{ 7*7 }}"


def test_a_page_cannot_speak_html():
    calm = Shown(clean_view([clean_page(page_of(f"标题在此\n\n{'甲' * 60}。"))]))
    html = clean_view(
        [clean_page(page_of(f"{HOSTILE}\n\n本报讯 {HOSTILE}{'甲' * 60}。", HOSTILE))],
        [Failure(HOSTILE, "read", HOSTILE)],
    )
    shown = Shown(html)
    assert "<script>alert" not in html
    assert "<img" not in html
    assert HOSTILE in shown.raw
    assert shown.tags["script"] == calm.tags["script"] == 1
    assert shown.tags["style"] == calm.tags["style"] == 1


def test_the_policy_allows_our_own_script_and_style_only():
    html = clean_view([cleaned_seed(SEEDS[0])])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert " style=" not in html
    assert not re.search(r"(?:src|href)=\"(?!#)", html)
    assert "http" not in html.replace("http-equiv", "")


def two_columns():
    """An article whose paragraph goes on behind another article, with a copy and a page number."""
    text = "标题甲\n前半句，\n标题乙\n乙文。\n后半句。\n前半句，\n3"
    place = text.index("后半句。")
    first = Article(
        "标题甲\n前半句，后半句。",
        (Block("headline", 0, 3), Block("paragraph", 4, 12)),
        (Run(0, 3, 0, 3), Run(4, 8, 4, 8), Run(8, 12, place, place + 4)),
        (Joint(8, 0.42),),
    )
    second = Article(
        "标题乙\n乙文。",
        (Block("headline", 0, 3), Block("paragraph", 4, 7)),
        (Run(0, 3, 9, 12), Run(4, 7, 13, 16)),
    )
    copy = text.rindex("前半句，")
    at = len(text) - 1
    return CleanPage(
        page_of(text), (first, second), ((at, at + 1),), (Duplicate(copy, copy + 4, 4),)
    )


def test_joints_show_their_confidence_on_both_sides():
    html = clean_view([two_columns()])
    assert html.count("confidence 42 %") == 3
    assert "⟩1 · 42 %⟨" in html
    assert html.count('class="joint mark weak"') == 3


def test_a_leap_that_nobody_weighed_is_a_joint_too():
    cleaned = two_columns()
    bare = Article(*(getattr(cleaned.articles[0], name) for name in ("text", "blocks", "source")))
    html = clean_view([CleanPage(cleaned.page, (bare, cleaned.articles[1]), cleaned.furniture, ())])
    assert "⟩1⟨" in html
    assert html.count("not weighed") == 3


@pytest.mark.parametrize(("between", "joints"), [("\n", 0), ("\r\n", 0), ("\n\n", 1), ("\n3\n", 1)])
def test_a_wrapped_line_is_no_joint_and_a_gap_is_one(between, joints):
    text = f"红色阵地通{between}过理念提升。"
    place = 5 + len(between)
    article = Article(
        "红色阵地通过理念提升。",
        (Block("paragraph", 0, 11),),
        (Run(0, 5, 0, 5), Run(5, 11, place, place + 6)),
    )
    html = clean_view([CleanPage(page_of(text), (article,), (), ())])
    assert f"<b>{joints}</b> joint" in html
    assert ("⟩1⟨" in html) == bool(joints)


def test_a_duplicate_is_struck_and_leads_to_the_kept_copy():
    html = clean_view([two_columns()])
    kept = re.search(r'data-kept="(\S+)"><del>前半句，</del>', html)[1]
    shown = re.search(rf'id="raw-{kept}" href="#clean-{kept}">(.*?)</a>', html)[1]
    assert "前半句，" in shown
    assert '<span class="furniture" title="furniture 版面杂项: in no article">3</span>' in html


def test_a_page_without_articles_has_a_view():
    html = clean_view([CleanPage(page_of("3"), (), ((0, 1),), ())])
    assert "No article was found" in html
    assert "No page could be read" in clean_view([])


def test_html_alone_writes_nothing_else(run, tmp_path):
    done = run("clean", SEEDS[0], SEEDS[1], "--html", tmp_path / "view.html")
    assert done.returncode == 0
    assert done.stdout == b""
    assert b"view.html: 2 pages" in done.stderr
    assert (tmp_path / "view.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_html_beside_rows(run, tmp_path):
    done = run("clean", SEEDS[0], "--html", tmp_path / "a.html", "-o", "-", "--format", "jsonl")
    assert b'"schema": "banmian.page/1"' in done.stdout
    same = run("clean", SEEDS[0], "--html", tmp_path / "a", "-o", tmp_path / "a")
    assert same.returncode == 2
    assert b"name the same file" in same.stderr


def test_a_page_that_failed_is_in_the_html(run, tmp_path):
    (tmp_path / "empty.txt").write_bytes(b"")
    done = run("clean", SEEDS[0], tmp_path / "empty.txt", "--html", tmp_path / "view.html")
    assert done.returncode == 3
    assert "empty.txt</bdi>: is empty" in (tmp_path / "view.html").read_text(encoding="utf-8")


def laid_out(cleaned):
    console = Console(file=io.StringIO(), force_terminal=True, width=60, color_system="truecolor")
    show_page(cleaned, console)
    return console.file.getvalue()


def test_a_terminal_shows_the_articles_laid_out():
    shown = re.sub(r"\x1b\[[0-9;]*m", "", laid_out(two_columns()))
    assert "前半句，⟩42%⟨后半句。" in shown
    assert "article 2 of 2" in shown
    assert "1 duplicate" in shown


def test_a_page_cannot_steer_the_terminal():
    hostile = "甲\x1b]0;owned\x07\x1b[2J乙\u202e丙[bold]丁。"
    whole = (Block("paragraph", 0, len(hostile)),), (Run(0, len(hostile), 0, len(hostile)),)
    page = page_of(hostile, "a\x1b[2J.txt")
    shown = laid_out(CleanPage(page, (Article(hostile, *whole),), (), ()))
    assert "\x1b[2J" not in shown
    assert "\x1b]" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_on_a_terminal_it_is_laid_out_and_redirected_it_is_markdown(run):
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "banmian", "clean", str(SEEDS[0])]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        seen = b""
        try:
            while data := os.read(ours, 65536):
                seen += data
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[" in seen
    assert "article 1 of" in seen.decode()
    redirected = run("clean", SEEDS[0]).stdout
    assert b"\x1b[" not in redirected
    assert "# 文殊镇".encode() in redirected
