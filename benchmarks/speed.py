"""How fast cleaning and tagging are, and whether cleaning is linear in the length of a page.

Run from the repository: ``python benchmarks/speed.py``. Prints characters a second on one core.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from banmian.articles import clean_page
from banmian.model import load
from banmian.pages import read_page
from banmian.tagging import tag_texts
from banmian.types import Page

SEEDS = sorted(Path("seeds").glob("*.txt"))
SIZES = (10_000, 100_000, 1_000_000)


def seconds(work: Callable[[], object], *, runs: int = 5) -> float:
    """The processor time that some work takes, the best of some runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def repeated(text: str, size: int) -> str:
    """A text as often as it takes, each copy numbered, so that it is no duplicate of the last."""
    copies = -(-size // len(text))
    return "".join(
        text.replace("的", f"的{number}").replace("，", f"，{number}") for number in range(copies)
    )[:size]


def main() -> None:
    """Print the figures."""
    pages = [page for path in SEEDS if isinstance(page := read_page(path.name, str(path)), Page)]
    count = sum(len(page.text) for page in pages)
    clean = seconds(lambda: [clean_page(page) for page in pages])
    texts = [article.text for page in pages for article in clean_page(page).articles]
    nlp = load()
    tag = seconds(lambda: tag_texts(nlp, texts))
    print(f"cleaning the seed pages: {count / clean:,.0f} characters a second")
    print(f"tagging them:            {count / tag:,.0f} characters a second")
    print(f"cleaning is {tag / clean:.1f} times as fast as tagging")
    lines = "".join(f"{page.text}\n\n" for page in pages)
    for name, unit in (("many lines", lines), ("one line", "".join(lines.split()))):
        for size in SIZES:
            page = Page(name, repeated(unit, size), "", "utf-8")
            took = seconds(lambda page=page: clean_page(page), runs=1)
            print(f"{name}, {size:>9,} characters: {size / took:>9,.0f} a second")


if __name__ == "__main__":
    main()
