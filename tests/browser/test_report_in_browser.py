"""The report of ``banmian evaluate --html`` in a real browser."""

from __future__ import annotations

import pytest

pytest.importorskip("selenium", reason="selenium is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from selenium.webdriver.common.by import By

from banmian.report import render
from reports import CURVE, evaluation


@pytest.fixture(scope="module")
def report(root):
    return render(*evaluation(root, held_out=True), CURVE)


@pytest.mark.parametrize("width", [320, 375, 800, 1280])
def test_nothing_runs_off_the_side(open_page, report, width):
    browser = open_page(report, width=width)
    for details in browser.find_elements(By.TAG_NAME, "details"):
        browser.execute_script("arguments[0].open = true", details)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [375, 1280])
def test_the_words_in_charts_can_be_read(open_page, report, width):
    browser = open_page(report, width=width)
    charts = browser.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(charts) == 5
    for chart in charts:
        words = chart.find_elements(By.TAG_NAME, "text")
        assert min(word.rect["height"] for word in words if word.text) >= 9
        left, right = chart.rect["x"], chart.rect["x"] + chart.rect["width"]
        for word in words:
            assert left - 1 <= word.rect["x"]
            assert word.rect["x"] + word.rect["width"] <= right + 1


def test_the_two_sides_look_different_and_a_link_leads_to_the_errors(open_page, report):
    browser = open_page(report)
    browser.find_element(By.LINK_TEXT, "Worst errors").click()
    assert browser.current_url.endswith("#errors")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".errors li")) == 50

    def look(kind):
        mark = browser.find_element(By.CSS_SELECTOR, f".errors mark.{kind}")
        return tuple(
            mark.value_of_css_property(name) for name in ("background-color", "border-bottom-style")
        )

    assert len({look("missed"), look("extra"), look("both")}) == 3
    assert browser.find_element(By.CSS_SELECTOR, ".errors .tag.gold").is_displayed()


def test_script_in_an_article_is_text(open_page, root):
    browser = open_page(render(*evaluation(root, hostile=True), CURVE))
    assert browser.title == "How good banmian is"
    article = browser.find_elements(By.CSS_SELECTOR, "article")[0]
    assert "<script>document.title" in article.get_property("textContent")
    assert not browser.find_elements(By.TAG_NAME, "img")
