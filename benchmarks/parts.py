"""What each part of the pipeline brings: the model of `dev`, whole, and with one part at a time left out.

``edges`` puts the borders where the guidelines want them, ``consistency`` finds a sure name everywhere
in its article; the span tagger's two voices are measured alone. Nothing is trained or calibrated anew.

Run it from the repository after ``spacy project run dev``: ``python benchmarks/parts.py``. Exact F1, gold
articles in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from networks import DEV
from spacy.language import Language
from span_finders import SETS, figures

from banmian.annotations import read_annotations
from banmian.evaluation import model_tagger
from banmian.model import load

ALL_SETS = {**SETS, "unseen": Path("annotations/unseen")}
WITHOUT: dict[str, list[str]] = {
    "whole": [],
    "without edges": ["edges"],
    "without consistency": ["consistency"],
    "without both": ["edges", "consistency"],
}
VOICES = {"features alone": 0.0, "network alone": 1.0}


def main() -> None:
    """Print a row for each part left out and each set."""
    nlp = load(DEV)
    sets = {where: list(read_annotations([path])) for where, path in ALL_SETS.items()}

    def report(name: str) -> None:
        for where, articles in sets.items():
            print(f"{name}, {where}: {figures(model_tagger(nlp), articles)}", flush=True)

    for name, parts in WITHOUT.items():
        with nlp.select_pipes(disable=parts):
            report(name)
    for name, share in VOICES.items():
        with voice(nlp, share):
            report(name)


@contextmanager
def voice(nlp: Language, share: float) -> Iterator[None]:
    """The pipeline while the network has another share of the scores."""
    tagger: Any = nlp.get_pipe("span_tagger")
    whole = tagger.model
    tagger.model = replace(whole, share=share)
    try:
        yield
    finally:
        tagger.model = whole


if __name__ == "__main__":
    main()
