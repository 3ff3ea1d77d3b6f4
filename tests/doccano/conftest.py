"""A real doccano, started once; the command line with its account; a headless browser.

Where doccano or a Chromium is missing, tests are skipped and say so; with CI_BROWSER=required they
fail.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from banmian.cli import app

from .real_doccano import ENV, Doccano, free_port, missing, tool


@pytest.fixture(scope="session")
def doccano(tmp_path_factory):
    if not (ENV / "bin" / "doccano").exists():
        missing(f"doccano is not set up in {ENV}: run `make doccano` or `make test`")
    home = tmp_path_factory.mktemp("doccano")
    started = tool("start", "--port", str(free_port()), home=home)
    assert started.returncode == 0, started.stdout + started.stderr
    words = shlex.split((home / "account.env").read_text())
    account = dict(word.split("=", 1) for word in words if "=" in word)
    try:
        yield Doccano(
            account["DOCCANO_URL"],
            account["DOCCANO_USERNAME"],
            account["DOCCANO_PASSWORD"],
            home,
        )
    finally:
        tool("stop", home=home)


@pytest.fixture
def project():
    """A name that no other test uses."""
    return f"test {secrets.token_hex(4)}"


@pytest.fixture
def banmian(doccano, nlp, monkeypatch):
    """Run `banmian doccano` with the account in the environment and the model loaded once."""
    monkeypatch.setattr("banmian.model.load", lambda _: nlp)
    for name, value in {**doccano.env, "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)

    def banmian(*arguments):
        done = CliRunner().invoke(app, ["doccano", *map(str, arguments)])
        assert isinstance(done.exception, SystemExit | None), done.exception
        assert doccano.password not in done.output
        return SimpleNamespace(code=done.exit_code, out=done.stdout, err=done.stderr)

    return banmian


def find_program(*names):
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser():
    chromium = find_program("chromium", "chromium-browser", "google-chrome", "chrome")
    driver = find_program("chromedriver", "chromium.chromedriver")
    if not chromium or not driver:
        missing("there is no Chromium with its chromedriver (Debian: chromium, chromium-driver)")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "no-proxy-server"):
        options.add_argument(f"--{argument}")
    options.add_argument("--window-size=1440,1000")
    driver = webdriver.Chrome(options=options, service=Service(driver))
    driver.set_page_load_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()
