"""What the tests share: the repository's real pages and gold, and the bundled model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("banmian", deadline=None)  # speed is measured in benchmarks
settings.load_profile("banmian")

ROOT = Path(__file__).parent.parent
SEEDS = sorted((ROOT / "seeds").glob("*.txt"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def nlp():
    from banmian.model import load

    return load()


def run_banmian(*arguments, stdin=None, cwd=None):
    """Run the command line as a user does; returns the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "banmian", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        timeout=300,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
    )


@pytest.fixture
def run():
    return run_banmian
