"""From ten pages to a better model: the steps of docs/annotating.md in a real doccano, each timed.

Ten pages are made of the first sixty articles of one invented paper that the model of ``dev`` never
saw, in the order in which it printed them. A person who makes no mistake corrects them: the
articles' own annotations go to doccano one by one, through the requests that its page makes. Then
that model is carried on with them.

Run it from the repository after ``spacy project run dev``: ``make doccano``,
``. .doccano/account.env``, ``python benchmarks/loop.py``.
"""

from __future__ import annotations

import argparse
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from os import environ
from pathlib import Path
from time import perf_counter
from typing import Any

from rapidfuzz import fuzz, process

from banmian.annotations import in_normal_form, read_annotations
from banmian.doccano import Project, Server, connect
from banmian.doccano_projects import find_projects
from banmian.types import AnnotatedArticle
from banmian.utf16 import Utf16Offsets

PAGES, ON_A_PAGE = 10, 6


def main() -> None:
    """Walk through the steps and print how long each takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=Path("training/dev/model-last"))
    parser.add_argument("--paper", type=Path, default=Path("annotations/unseen/p05.jsonl"))
    given = parser.parse_args()
    dev = given.model
    new = list(read_annotations([given.paper]))[: PAGES * ON_A_PAGE]
    server = connect(*(environ[f"DOCCANO_{name}"] for name in ("URL", "USERNAME", "PASSWORD")))
    name = f"benchmark {secrets.token_hex(4)}"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_pages(place / "pages", new)
        shutil.copytree(dev, place / "old" / "model-last")
        shutil.copy(dev.parent / "sources.json", place / "old")
        old = ("--model", "old/model-last")
        try:
            listed = step(place, "choose", "doccano", "next", "pages", "--count", PAGES, *old)
            chosen = listed.splitlines()
            step(place, "push", "doccano", "push", *chosen, "--project", name, *old)
            step(place, "push again", "doccano", "push", *chosen, "--project", name, *old)
            done = correct(server, find_projects(server, name)[0], new)
            print(
                f"correct: {done['articles']} articles, {done['characters']} characters, "
                f"{done['kept']} of the model's spans right, {done['taken away']} to take away, "
                f"{done['added']} to add"
            )
            step(place, "pull", "doccano", "pull", "--project", name)
        finally:
            for project in find_projects(server, name):
                server.call("DELETE", f"v1/projects/{project.id}")
        step(place, "check", "annotations", "check", "annotations/doccano")
        print(step(place, "train again", "build", "retrain", "annotations", *old))


def write_pages(folder: Path, articles: Sequence[AnnotatedArticle]) -> None:
    """Pages of a few articles each, one below the other."""
    folder.mkdir()
    for number in range(PAGES):
        own = articles[number * ON_A_PAGE : (number + 1) * ON_A_PAGE]
        text = "\n\n".join(article.text for article in own)
        (folder / f"page{number + 1:02}.txt").write_text(f"{text}\n", encoding="utf-8")


def step(place: Path, what: str, *arguments: object) -> str:
    """Run one command of banmian there, print its time and what it says; its standard output."""
    started, worked = perf_counter(), processor_seconds()
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "banmian", *map(str, arguments)],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    took, own = perf_counter() - started, processor_seconds() - worked
    print(f"{what}: {took:.0f} s, of the processor {own:.0f} s", flush=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    print("   ", done.stderr.strip().splitlines()[-1])
    return done.stdout


def processor_seconds() -> float:
    """What the commands run so far have used; on a busy machine less than they took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def correct(server: Server, project: Project, gold: Sequence[AnnotatedArticle]) -> Counter[str]:
    """Replace the model's labels of every article by its own annotations, and tick it off.

    Counts what that was: a person has to take away and add as many spans.
    """
    texts = [in_normal_form(article).text for article in gold]
    types = {
        kind: {
            row["text"]: row["id"] for row in server.rows(f"v1/projects/{project.id}/{kind}-types")
        }
        for kind in ("span", "category")
    }
    done: Counter[str] = Counter()
    for example in server.examples(project):
        found = process.extractOne(example.text, texts, scorer=fuzz.ratio, score_cutoff=80)
        if found is None:  # the cleaning took two articles for one
            continue
        article = in_normal_form(gold[found[2]])
        path = f"v1/projects/{project.id}/examples/{example.id}"
        keys = ("start_offset", "end_offset", "label")
        before = {tuple(row[key] for key in keys) for row in server.rows(f"{path}/spans")}
        after = {
            (start, end, types["span"][label])
            for start, end, label in places(article, example.text)
        }
        for kind in ("spans", "categories"):
            server.call("DELETE", f"{path}/{kind}")
        for span in sorted(after):
            server.call("POST", f"{path}/spans", json=dict(zip(keys, span, strict=True)))
        for cat in filter(None, (article.genre, *article.topics)):
            server.call("POST", f"{path}/categories", json={"label": types["category"][cat]})
        server.call("POST", f"{path}/states")
        done += Counter(
            {
                "articles": 1,
                "characters": len(example.text),
                "kept": len(before & after),
                "taken away": len(before - after),
                "added": len(after - before),
            }
        )
    return done


def places(article: AnnotatedArticle, text: str) -> list[tuple[int, int, Any]]:
    """Where an article's spans stand in a text that may have other line breaks, in UTF-16 units."""
    offsets, found, at = Utf16Offsets(text), [], 0
    for span in sorted(article.spans, key=lambda span: span.start):
        start = text.find(span.text, at)
        if start >= 0:
            at = start + len(span.text)
            found.append((offsets.to_units(start), offsets.to_units(at), span.label))
    return found


if __name__ == "__main__":
    main()
