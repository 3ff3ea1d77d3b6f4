"""Somebody corrects an article in doccano's real page, in a headless browser."""

from __future__ import annotations

import pytest

from banmian.doccano_projects import SPAN_STYLES, make_project
from banmian.doccano_pull import pull
from banmian.doccano_push import push
from banmian.types import SPAN_LABELS

from .real_doccano import missing
from .test_loop import article, utf16

try:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    missing("selenium is not installed")

TEXT = "𠮷县😀成立村委会\r\n\u3000\u3000第二行，e\u0301好a\u0308\u0323农旅合作社，葛\U000e0100👨‍👩‍👧党员先锋岗👍"

# Where a string stands in the window; the page draws each line as an SVG text.
_PLACE = """
for (const element of document.querySelectorAll('#container svg text[id]')) {
  const node = element.firstChild, at = node ? node.data.indexOf(arguments[0]) : -1;
  if (at < 0) continue;
  const range = document.createRange();
  range.setStart(node, at);
  range.setEnd(node, at + arguments[0].length);
  const box = range.getBoundingClientRect();
  return [box.left, box.right, (box.top + box.bottom) / 2];
}
return null;
"""
# What the page underlines: for each mark the characters above it, and its label.
_MARKS = """
const marks = [];
for (const svg of document.querySelectorAll('#container svg')) {
  const text = svg.querySelector('text[id]');
  if (!text || !text.firstChild) continue;
  const node = text.firstChild;
  for (const line of svg.querySelectorAll('line')) {
    const bar = line.getBoundingClientRect();
    let under = '';
    for (const [at, char] of [...node.data].map((c, i, all) => [all.slice(0, i).join('').length, c])) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + char.length);
      const box = range.getBoundingClientRect(), middle = (box.left + box.right) / 2;
      if (bar.left <= middle && middle <= bar.right) under += char;
    }
    marks.push([under, line.parentNode.querySelector('text').textContent]);
  }
}
return marks;
"""


def wait(browser, condition, seconds=20):
    return WebDriverWait(browser, seconds).until(condition)


def log_in(browser, doccano):
    browser.delete_all_cookies()
    browser.get(f"{doccano.url}auth")
    fields = {"text": doccano.username, "password": doccano.password}
    for kind, value in fields.items():
        field = wait(browser, lambda b, k=kind: b.find_element(By.CSS_SELECTOR, f"input[type={k}]"))
        field.send_keys(value)
    button = browser.find_element(By.CSS_SELECTOR, ".v-card__actions button")
    wait(browser, lambda _: button.is_enabled())
    button.click()
    wait(browser, lambda b: "/projects" in b.current_url)


def open_article(browser, doccano, project):
    path = f"projects/{project.id}/intent-detection-and-slot-filling?page=1"
    browser.get(doccano.url + path)
    wait(browser, lambda b: b.execute_script(_PLACE, "村委会"))


def select(browser, text):
    """Draw the mouse over a string."""
    left, right, middle = browser.execute_script(_PLACE, text)
    actions = ActionBuilder(browser)
    mouse = actions.pointer_action
    mouse.move_to_location(int(left) + 2, int(middle)).pointer_down()
    mouse.move_to_location(int(left + right) // 2, int(middle))
    mouse.move_to_location(int(right) - 2, int(middle)).pointer_up()
    actions.perform()


def choose(browser, label):
    """Click a label in the menu that opens beside a selection."""

    def entry(browser):
        entries = browser.find_elements(By.CSS_SELECTOR, ".v-menu__content .v-list-item")
        return next((e for e in entries if e.is_displayed() and label in e.text), None)

    wait(browser, entry).click()


def type_letter(browser, label):
    """Choose a label in that menu without the mouse."""
    wait(browser, lambda b: b.switch_to.active_element.tag_name == "input")
    keys = (SPAN_STYLES[label][1], Keys.ARROW_DOWN, Keys.ENTER)
    ActionChains(browser).send_keys(*keys).perform()


def mark(browser, text, choose):
    """Select a string, choose its label, and wait for the mark."""
    before = len(browser.execute_script(_MARKS))
    select(browser, text)
    choose()
    wait(browser, lambda b: len(b.execute_script(_MARKS)) > before)


@pytest.fixture
def place(doccano, project):
    server = doccano.server()
    place = make_project(server, project)
    push(server, place, [article(TEXT)])
    return place


def test_a_correction_in_the_page_comes_back_to_the_code_point(doccano, browser, place):
    server = doccano.server()
    person = doccano.person("admin", place.id)
    (example,) = person.examples()
    person.call("DELETE", f"examples/{example['id']}/spans")
    person.mark(example["id"], *utf16(TEXT, "村委会"), "ORG")
    log_in(browser, doccano)
    open_article(browser, doccano, place)

    # What was stored in UTF-16 units stands under the right characters, behind 𠮷 and 😀.
    wait(browser, lambda b: b.execute_script(_MARKS))
    assert browser.execute_script(_MARKS) == [["村委会", "ORG"]]

    # A person marks something else, on the line behind a CRLF, around combining marks, before an emoji.
    mark(browser, "e\u0301好", lambda: choose(browser, "INDICATOR"))
    mark(browser, "农旅合作社", lambda: choose(browser, "INITIATIVE"))
    mark(browser, "党员先锋岗", lambda: choose(browser, "SLOGAN"))
    assert dict(browser.execute_script(_MARKS)) == {
        "村委会": "ORG",
        "e\u0301好": "INDICATOR",
        "农旅合作社": "INITIATIVE",
        "党员先锋岗": "SLOGAN",
    }
    browser.find_element(By.CSS_SELECTOR, ".v-main .v-btn--icon").click()
    wait(browser, lambda _: person.examples()[0]["is_confirmed"])

    (pulled,) = pull(server, place)
    (back,) = pulled.articles
    assert back.text == TEXT
    assert [(s.text, s.label) for s in back.spans] == [
        ("村委会", "ORG"),
        ("e\u0301好", "INDICATOR"),
        ("农旅合作社", "INITIATIVE"),
        ("党员先锋岗", "SLOGAN"),
    ]
    assert [s.start for s in back.spans] == [TEXT.index(s.text) for s in back.spans]


def chosen(browser):
    chips = browser.find_elements(By.CSS_SELECTOR, ".v-chip--active")
    return {chip.text.split()[0] for chip in chips}


def test_what_the_keyboard_chooses(doccano, browser, place):
    person = doccano.person("admin", place.id)
    (example,) = person.examples()
    person.call("DELETE", f"examples/{example['id']}/spans")
    person.mark(example["id"], *utf16(TEXT, "成立"), "ORG")
    log_in(browser, doccano)
    open_article(browser, doccano, place)

    # A topic, by its letter alone.
    wait(browser, lambda b: chosen(b) == {"culture_tourism", "governance", "news"})
    browser.find_element(By.TAG_NAME, "body").send_keys("r")
    wait(browser, lambda b: "rural_industry" in chosen(b))
    assert len(person.call("GET", f"examples/{example['id']}/categories")) == 4

    # Each span label, by its letter, arrow down, Enter.
    wait(browser, lambda b: b.execute_script(_MARKS))
    words = dict(zip(("村委会", "第二行", "农旅合作社", "党员先锋岗"), SPAN_LABELS, strict=True))
    for text, label in words.items():
        mark(browser, text, lambda label=label: type_letter(browser, label))
    assert dict(browser.execute_script(_MARKS)) == {"成立": "ORG", **words}
    assert not person.examples()[0]["is_confirmed"]
