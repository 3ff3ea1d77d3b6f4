"""The page of ``banmian clean --html`` in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from banmian.articles import clean_page
from banmian.clean_view import clean_view
from banmian.pages import read_page
from banmian.types import Page

pytest.importorskip("selenium", reason="selenium is not installed")

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

SEEDS = sorted((Path(__file__).parents[2] / "seeds").glob("*.txt"))


@pytest.fixture
def view(open_page):
    """Open pages in the browser, in a window of a size."""
    return lambda cleaned, **window: open_page(clean_view(cleaned), **window)


@pytest.fixture(scope="module")
def cleaned():
    return [clean_page(read_page(path.name, str(path))) for path in SEEDS]


def is_visible(browser, element):
    """Whether an element's first line stands inside its pane, below the pane's heading."""
    return browser.execute_script(
        """const pane = arguments[0].closest('.pane').getBoundingClientRect();
        const box = arguments[0].getClientRects()[0];
        return box.top >= pane.top && box.bottom <= Math.min(pane.bottom, innerHeight);""",
        element,
    )


def last_piece(browser, side):
    return browser.find_elements(By.CSS_SELECTOR, f".page.current .{side} .piece")[-1]


def partner(browser, element):
    return browser.find_element(By.CSS_SELECTOR, element.get_dom_attribute("href"))


@pytest.mark.parametrize("side", ["raw", "clean"])
def test_a_click_lights_the_other_side_and_brings_it_into_view(view, cleaned, side):
    browser = view(cleaned[:1])
    piece = last_piece(browser, side)
    other = partner(browser, piece)
    assert not is_visible(browser, other)
    browser.execute_script("arguments[0].scrollIntoView()", piece)
    piece.click()
    WebDriverWait(browser, 5).until(lambda _: is_visible(browser, other))
    assert "held" in other.get_dom_attribute("class")
    assert browser.execute_script("return scrollY") == 0
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    assert not browser.find_elements(By.CSS_SELECTOR, ".held, .on")


def test_pointing_is_enough(view, cleaned):
    browser = view(cleaned[:1])
    piece = last_piece(browser, "clean")
    ActionChains(browser).scroll_to_element(piece).move_to_element(piece).perform()
    other = partner(browser, piece)
    WebDriverWait(browser, 5).until(lambda _: is_visible(browser, other))
    assert "on" in other.get_dom_attribute("class").split()
    assert browser.find_elements(By.CSS_SELECTOR, ".raw .run.on")


def test_the_keyboard_reaches_the_other_side(view, cleaned):
    browser = view(cleaned[:1])
    piece = last_piece(browser, "raw")
    browser.execute_script("arguments[0].focus()", piece)
    piece.send_keys(Keys.ENTER)
    other = partner(browser, piece)
    assert browser.switch_to.active_element == other
    other.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element == piece


def test_a_duplicate_leads_to_the_kept_copy(view, cleaned):
    browser = view(cleaned[:1])
    link = browser.find_element(By.CSS_SELECTOR, ".raw .kept")
    kept = partner(browser, link)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
    link.click()
    WebDriverWait(browser, 5).until(lambda _: is_visible(browser, kept))
    assert "on" in kept.get_dom_attribute("class").split()


def test_the_index_shows_one_page_at_a_time(view, cleaned):
    browser = view(cleaned, fragment="#clean-2-p4")
    shown = browser.find_elements(By.CSS_SELECTOR, ".page.current")
    assert [page.get_dom_attribute("id") for page in shown] == ["page-2"]
    browser.find_element(By.CSS_SELECTOR, ".index a[href='#page-3']").click()
    assert browser.find_element(By.CSS_SELECTOR, "#page-3 .paper").is_displayed()
    assert not browser.find_element(By.CSS_SELECTOR, "#page-2 .paper").is_displayed()


@pytest.mark.parametrize("width", [320, 375, 800, 1280])
def test_nothing_runs_off_the_side(view, cleaned, width):
    browser = view(cleaned, width=width)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_on_a_phone_a_tap_leads_to_the_partner(view, cleaned):
    browser = view(cleaned[:1], width=375, height=700)
    piece = last_piece(browser, "clean")
    other = partner(browser, piece)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", piece)
    piece.click()
    WebDriverWait(browser, 5).until(lambda _: is_visible(browser, other))


def test_script_in_a_page_is_text(view):
    text = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    browser = view([clean_page(Page("x.txt", f"{text}\n\n本报讯 {'甲' * 60}。", "0", "utf-8"))])
    assert browser.title == "x.txt · banmian clean"
    assert "<script>" in browser.find_element(By.CSS_SELECTOR, ".raw .paper").text
