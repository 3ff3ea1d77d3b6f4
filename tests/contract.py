"""The contract of rows, said once for every test that needs it."""

from __future__ import annotations

from banmian.characters import normalize
from banmian.types import CleanPage


def assert_nothing_lost(cleaned: CleanPage) -> None:
    """Every character that is not blank is in exactly one place, and clean text is traced."""
    text = cleaned.page.text
    taken = [0] * len(text)
    for article in cleaned.articles:
        for run in article.source:
            assert run.end - run.start == run.page_end - run.page_start > 0
            for at in range(run.page_start, run.page_end):
                taken[at] += 1
    stretches = [*cleaned.furniture, *((start, end) for start, end, _ in cleaned.duplicates)]
    for start, end in stretches:
        for at in range(start, end):
            taken[at] += not text[at].isspace()
    lost = [
        (at, text[at]) for at, times in enumerate(taken) if times != 1 and not text[at].isspace()
    ]
    assert not lost, lost[:5]
    assert all(times <= 1 for times in taken)


def assert_traced(cleaned: CleanPage) -> None:
    """Each character of a clean text is the page's own or its normal form, or a newline between blocks."""
    for article in cleaned.articles:
        covered = set()
        for run in article.source:
            clean = article.text[run.start : run.end]
            page = cleaned.page.text[run.page_start : run.page_end]
            for mine, theirs in zip(clean, page, strict=True):
                assert mine == theirs or _is_normal_form(mine, theirs), (mine, theirs)
            covered |= set(range(run.start, run.end))
        between = set(range(len(article.text))) - covered
        assert all(article.text[at] == "\n" for at in between)
        assert "\n".join(article.text[b.start : b.end] for b in article.blocks) == article.text


def _is_normal_form(mine: str, theirs: str) -> bool:
    if theirs.isspace():
        return mine == " "
    if theirs in "\"'＂＇":
        return mine in "“”‘’"
    return mine in (
        normalize(theirs),
        {",": "，", ";": "；", ":": "：", "!": "！", "?": "？", "(": "（", ")": "）"}.get(theirs),
    )
