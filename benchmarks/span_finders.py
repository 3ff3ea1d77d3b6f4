"""Other ways to find spans, each trained on the same part of corpus/dev and measured side by side.

``crf``: the features of the model that ships, alone, without its network. ``crf-words``: the same, with
words by a segmenter of spacy-pkuseg's that was trained on the articles, as jieba cuts them, instead of
the longest words of its list. ``crf-swaps`` and ``crf-fragments``: the same with each article once more,
its names exchanged for others of their label, or its lines cut off at some place outside spans. ``ner``
and ``spancat``: spaCy's own components behind its convolutions, on characters; ``ner-words``: on
the words of that segmenter. All are put through the edges; consistency, which goes by scores that not
all of them have, is left out.

Run it from the repository after ``spacy project run corpus``, for example
``python benchmarks/span_finders.py crf ner --articles 774 --seed 0``. Exact F1, gold articles in.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import patch

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.util import filter_spans
from thinc.api import fix_random_seed

from banmian import features
from banmian.annotations import read_annotations
from banmian.comparison import JUDGE, measure
from banmian.edges import adjust
from banmian.evaluation import Tagger
from banmian.scoring import total
from banmian.span_crf import GoldText, TrainSettings
from banmian.span_model import NetworkSettings, SpanModel
from banmian.tagging import Tags
from banmian.types import SPAN_LABELS, AnnotatedArticle, Span

CORPUS = Path("corpus/dev/train.spacy")
SETS = {"held-out": Path("corpus/dev-held-out"), "pages": Path("annotations/pages")}
CRF = TrainSettings(c2=0.2, epochs=20, min_frequency=2)
EPOCHS, BATCH = 15, 4
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 96,
    "depth": 4,
    "embed_size": 5000,
    "window_size": 1,
    "maxout_pieces": 3,
    "subword_features": True,
}
LONGEST = 40  # characters of a span that span_finder proposes
SWAPPED = 0.5  # of the names of an article's copy

Gold = Sequence[GoldText]
Finder = Callable[[str], Iterable[tuple[int, int, str]]]
Cutter = Callable[[str], list[str]]


def main() -> None:
    """Train what is asked for, and print a row for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("finder", nargs="+", choices=FINDERS)
    parser.add_argument("--articles", type=int, default=774)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    texts = list(gold())
    random.Random(chosen.seed).shuffle(texts)  # noqa: S311 - a sample, no secret
    for name in chosen.finder:
        order = random.Random(chosen.seed)  # noqa: S311 - a sample, no secret
        find = FINDERS[name](texts[: chosen.articles], order)
        for where, path in SETS.items():
            print(
                f"{name}, {chosen.articles} articles, seed {chosen.seed}, {where}: {f1(find, path)}"
            )


def gold() -> Iterator[GoldText]:
    """The texts that the model of `dev` is trained on, with their spans."""
    for doc in DocBin().from_disk(CORPUS).get_docs(spacy.blank("zh").vocab):
        yield doc.text, [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def f1(find: Finder, path: Path) -> str:
    """Exact F1 of what a finder finds in annotated articles, by label."""
    return figures(partial(tags_of_all, find), list(read_annotations([path])))


def figures(tagger: Tagger, articles: Sequence[AnnotatedArticle]) -> str:
    """Exact F1 of a tagger on annotated articles, by label."""
    counts = measure(articles, tagger)
    scores = {label: total(counts[label]).f1 for label in (JUDGE, *SPAN_LABELS)}
    return ", ".join(f"{label} {score:.3f}" for label, score in scores.items())


def tags_of_all(find: Finder, texts: Sequence[str]) -> list[Tags]:
    """What a finder finds in each text, behind the edges, without genre and topics."""
    return [Tags(tuple(at_the_edges(text, find(text))), ("", 0.0), ()) for text in texts]


def at_the_edges(text: str, found: Iterable[tuple[int, int, str]]) -> Iterator[Span]:
    """Spans as the edges put them; one that would reach into the one before is left out."""
    reached = 0
    for start, end, label in sorted(found):
        borders = adjust(text, start, end, label)
        if borders and borders[0] >= reached:
            reached = borders[1]
            yield Span(*borders, label, text[slice(*borders)], 1.0)


def crf(texts: Gold, _: random.Random) -> Finder:
    """The features alone."""
    model = SpanModel.train(texts, CRF, NetworkSettings(0, 0, 0.0))
    return lambda text: [span[:3] for span in model.predict([text])[0]]


def crf_words(texts: Gold, order: random.Random) -> Finder:
    """The features, words by a segmenter that was trained on the texts."""
    cut = segmenter(texts)

    def with_words(do: Finder, text: str) -> Iterable[tuple[int, int, str]]:
        with patch.object(features, "longest_words", lambda line: list(places(cut(line)))):
            return do(text)

    with patch.object(features, "longest_words", lambda line: list(places(cut(line)))):
        return partial(with_words, crf(texts, order))


def crf_swaps(texts: Gold, order: random.Random) -> Finder:
    """The features, on each text and on a copy with other names."""
    names: dict[str, list[str]] = defaultdict(list)
    for text, spans in texts:
        for start, end, label in spans:
            names[label].append(text[start:end])
    return crf([*texts, *(swapped(text, spans, names, order) for text, spans in texts)], order)


def swapped(
    text: str,
    spans: Sequence[tuple[int, int, str]],
    names: dict[str, list[str]],
    order: random.Random,
) -> GoldText:
    """The text with some of its names exchanged for others of their label."""
    new, moved, done = "", [], 0
    for start, end, label in sorted(spans):
        name = text[start:end]
        if label in ("ORG", "INITIATIVE") and order.random() < SWAPPED:
            name = order.choice(names[label])
        new += text[done:start]
        moved.append((len(new), len(new) + len(name), label))
        new, done = new + name, end
    return new + text[done:], moved


def crf_fragments(texts: Gold, order: random.Random) -> Finder:
    """The features, on each text and on a copy whose lines are cut off."""
    return crf([*texts, *(cut_off(text, spans, order) for text, spans in texts)], order)


def cut_off(text: str, spans: Sequence[tuple[int, int, str]], order: random.Random) -> GoldText:
    """The text with the beginning or the end of each line left out, at a place outside spans."""
    new, moved, at = "", [], 0
    for line in text.split("\n"):
        own = [span for span in spans if at <= span[0] and span[1] <= at + len(line)]
        cut = at + order.randint(0, len(line))
        if any(start < cut < end for start, end, _ in own):
            cut = at
        first, last = (at, cut) if order.random() < 0.5 and cut > at else (cut, at + len(line))
        moved += [
            (len(new) + s - first, len(new) + e - first, label)
            for s, e, label in own
            if first <= s and e <= last
        ]
        new += text[first:last] + "\n"
        at += len(line) + 1
    return new, moved


def spacy_ner(texts: Gold, order: random.Random, cut: Cutter = list) -> Finder:
    """spaCy's transition-based recognizer."""
    nlp = pipeline(cut)
    nlp.add_pipe("ner", config=with_tok2vec({}))
    examples = [example(nlp, text, spans) for text, spans in texts]
    trained(nlp, examples, order)
    return lambda text: [(e.start_char, e.end_char, e.label_) for e in nlp(text).ents]


def spacy_ner_words(texts: Gold, order: random.Random) -> Finder:
    """The same on words; spans that are no whole words cannot be learned."""
    return spacy_ner(texts, order, segmenter(texts))


def spacy_spancat(texts: Gold, order: random.Random) -> Finder:
    """spaCy's span finder and span categorizer."""
    nlp = pipeline(list)
    suggester = {"@misc": "spacy.preset_spans_suggester.v1", "spans_key": "sc"}
    nlp.add_pipe("span_finder", config=with_tok2vec({"spans_key": "sc", "max_length": LONGEST}))
    nlp.add_pipe("spancat", config=with_tok2vec({"spans_key": "sc", "suggester": suggester}))
    examples = [example(nlp, text, spans) for text, spans in texts]
    trained(nlp, examples, order, ["span_finder"])

    def find(text: str) -> list[tuple[int, int, str]]:
        doc = nlp(text)
        spans = filter_spans(doc.spans["sc"])
        return [(span.start_char, span.end_char, span.label_) for span in spans]

    return find


def with_tok2vec(config: dict[str, object]) -> dict[str, object]:
    """A component's config with convolutions of its own, as large as spaCy recommends."""
    return {**config, "model": {"tok2vec": TOK2VEC}}


def pipeline(cut: Cutter) -> Language:
    """A pipeline on tokens that a function cuts."""
    nlp = spacy.blank("zh")
    nlp.tokenizer = Tokens(nlp, cut)
    return nlp


class Tokens:
    """A tokenizer that cuts as it is told."""

    def __init__(self, nlp: Language, cut: Cutter) -> None:
        self.vocab, self.cut = nlp.vocab, cut

    def __call__(self, text: str) -> Doc:
        """One token a word, nothing between them."""
        words = self.cut(text)
        return Doc(self.vocab, words=words, spaces=[False] * len(words))


def example(nlp: Language, text: str, spans: Sequence[tuple[int, int, str]]) -> Example:
    """An example with the spans that begin and end with tokens, as entities and as a group."""
    reference = nlp.make_doc(text)
    known = [reference.char_span(start, end, label) for start, end, label in spans]
    reference.set_ents([span for span in known if span is not None])
    reference.spans["sc"] = [span for span in known if span is not None]
    return Example(nlp.make_doc(text), reference)


def trained(
    nlp: Language, examples: list[Example], order: random.Random, annotating: Sequence[str] = ()
) -> None:
    """Train all components for some epochs, their dropout and steps as spaCy recommends."""
    fix_random_seed(order.randint(0, 1 << 30))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(EPOCHS):
        order.shuffle(examples)
        for first in range(0, len(examples), BATCH):
            batch = examples[first : first + BATCH]
            nlp.update(batch, sgd=optimizer, drop=0.1, annotates=list(annotating))


def segmenter(texts: Gold) -> Cutter:
    """A segmenter of spacy-pkuseg's, trained on the texts as jieba cuts them."""
    import jieba
    import spacy_pkuseg  # type: ignore[import-untyped]

    lines = [line for text, _ in texts for line in text.split("\n") if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        data, model = Path(folder) / "cut.txt", Path(folder) / "model"
        data.write_text("\n".join(" ".join(jieba.cut(line)) for line in lines), "utf-8")
        spacy_pkuseg.train(str(data), str(data), str(model), train_iter=10)
        cutter = spacy_pkuseg.pkuseg(str(model), user_dict=None)
    return lambda text: list(aligned(text, cutter.cut(text)))


def aligned(text: str, words: Iterable[str]) -> Iterator[str]:
    """The words, and between them what the segmenter left out, one character each."""
    reached = 0
    for word in words:
        at = text.find(word, reached)
        if at >= 0:
            yield from text[reached:at]
            yield word
            reached = at + len(word)
    yield from text[reached:]


def places(words: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where words stand that follow each other."""
    at = 0
    for word in words:
        yield at, at + len(word)
        at += len(word)


FINDERS: dict[str, Callable[[Gold, random.Random], Finder]] = {
    "crf": crf,
    "crf-words": crf_words,
    "crf-swaps": crf_swaps,
    "crf-fragments": crf_fragments,
    "ner": spacy_ner,
    "ner-words": spacy_ner_words,
    "spancat": spacy_spancat,
}

if __name__ == "__main__":
    main()
