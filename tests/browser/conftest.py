"""A headless Chromium. Where there is none, tests are skipped; with CI_BROWSER=required they fail."""

from __future__ import annotations

import os
import shutil

import pytest


def _found(*names):
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = (
        _found("chromium", "chromium-browser", "google-chrome"),
        _found("chromedriver"),
    )
    if not (chromium and driver):
        refuse = pytest.fail if os.environ.get("CI_BROWSER") == "required" else pytest.skip
        refuse("needs the executables of Chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open HTML from a file, in a window of a size; what the browser complains of is an error."""

    def open_page(html, width=1280, height=900, fragment=""):
        path = tmp_path / "page.html"
        path.write_text(html, encoding="utf-8")
        # The narrowest window that Chromium opens is wider than a phone: say the size of the screen.
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        browser.get("about:blank")
        browser.get(path.as_uri() + fragment)
        return browser

    yield open_page
    assert [entry["message"] for entry in browser.get_log("browser")] == []
