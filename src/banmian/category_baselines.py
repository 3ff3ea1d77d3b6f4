"""Genre and topics by other means, to hold the classifier that ships against.

Each is trained on gold docs (``doc.cats``) and turns a text into shares of all categories.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from banmian.characters import normalize
from banmian.components import CategoryTagger
from banmian.corpus import GENRE_CATS, TOPIC_CATS, blank_pipeline
from banmian.lexicon import longest_words
from banmian.scoring import Counts, score_topics
from banmian.tagging import tags_of
from banmian.types import AnnotatedArticle

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from banmian.categories import TrainSettings

Classifier = Callable[[str], dict[str, float]]
Trainer = Callable[[Sequence["Doc"]], Classifier]

_BATCH = 16
_DROPOUT = 0.2
_BAG_OF_NGRAMS = {
    "@architectures": "spacy.TextCatBOW.v3",
    "ngram_size": 3,
    "no_output_layer": False,
}


@dataclass(frozen=True)
class Scores:
    """Right genres of how many, and micro-averaged counts of topics."""

    right: int
    articles: int
    topics: Counts

    def __add__(self, other: Scores) -> Scores:
        """The scores over both sets of articles."""
        one, two = self.topics, other.topics
        topics = Counts(one.hits + two.hits, one.gold + two.gold, one.predicted + two.predicted)
        return Scores(self.right + other.right, self.articles + other.articles, topics)

    @property
    def accuracy(self) -> float:
        """Share of articles whose genre is right."""
        return self.right / self.articles if self.articles else 0.0


def read_docs(training_set: Path) -> list[Doc]:
    """The gold docs of a training set."""
    from spacy.tokens import DocBin

    bin_of_docs = DocBin().from_disk(training_set / "train.spacy")
    return list(bin_of_docs.get_docs(blank_pipeline().vocab))


def measure_categories(classifier: Classifier, articles: Iterable[AnnotatedArticle]) -> Scores:
    """Hold what a classifier says of articles against gold, deciding as tagging does."""
    nlp = blank_pipeline()
    genres, gold, found = [], [], []
    for article in articles:
        doc = nlp.make_doc("")
        doc.cats = classifier(normalize(article.text))
        tags = tags_of(doc)
        genres.append(tags.genre[0] == article.genre)
        gold.append(set(article.topics))
        found.append({topic for topic, _ in tags.topics})
    return Scores(sum(genres), len(genres), score_topics(gold, found))


def trainers(settings: TrainSettings, epochs: int) -> dict[str, Trainer]:
    """The ways to do it by name; ``settings`` are those of the classifier that ships."""
    return {
        "spaCy textcat and textcat_multilabel (TextCatBOW, n-grams of characters)": (
            lambda docs: train_textcat(docs, epochs)
        ),
        "TF-IDF of words (longest match in pkuseg's list), logistic regression": (
            lambda docs: train_tfidf(docs, settings, words=True)
        ),
        "TF-IDF of n-grams of characters, logistic regression": (
            lambda docs: train_tfidf(docs, settings, words=False)
        ),
        "the same and the article's make-up: what ships": (
            lambda docs: train_shipped(docs, settings)
        ),
    }


def train_shipped(docs: Sequence[Doc], settings: TrainSettings) -> Classifier:
    """The component that ships."""
    from spacy.training import Example

    tagger = CategoryTagger("categories", settings)
    tagger.initialize(lambda: [Example(doc.copy(), doc) for doc in docs])
    nlp = blank_pipeline()
    return lambda text: dict(tagger(nlp.make_doc(text)).cats)


def train_textcat(docs: Sequence[Doc], epochs: int) -> Classifier:
    """spaCy's own components, in two pipelines: each may see its own categories only."""
    genre = _textcat("textcat", docs, GENRE_CATS, epochs)
    topics = _textcat("textcat_multilabel", docs, TOPIC_CATS, epochs)
    return lambda text: {**genre(text).cats, **topics(text).cats}


def _textcat(factory: str, docs: Sequence[Doc], cats: Sequence[str], epochs: int) -> Language:
    from spacy.training import Example
    from thinc.api import fix_random_seed

    fix_random_seed(0)
    nlp = blank_pipeline()
    model = _BAG_OF_NGRAMS | {"exclusive_classes": factory == "textcat"}
    nlp.add_pipe(factory, config={"model": model, "threshold": 0.5})
    examples = []
    for doc in docs:
        own = {"cats": {cat: doc.cats[cat] for cat in cats}}
        examples.append(Example.from_dict(nlp.make_doc(doc.text), own))
    optimizer = nlp.initialize(lambda: examples)
    order = random.Random(0)  # noqa: S311 - an order, no secret
    for _ in range(epochs):
        order.shuffle(examples)
        for at in range(0, len(examples), _BATCH):
            nlp.update(examples[at : at + _BATCH], sgd=optimizer, drop=_DROPOUT)
    return nlp


def train_tfidf(docs: Sequence[Doc], settings: TrainSettings, *, words: bool) -> Classifier:
    """Logistic regressions of scikit-learn on TF-IDF, as the component's but without make-up."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    vectorizer = TfidfVectorizer(
        analyzer=words_of if words else "char",
        lowercase=False,
        ngram_range=(1, 1) if words else (settings.shortest, settings.longest),
        min_df=settings.min_documents,
        max_features=settings.max_ngrams,
        sublinear_tf=True,
    )
    rows = vectorizer.fit_transform([doc.text for doc in docs])

    def regression() -> LogisticRegression:
        return LogisticRegression(C=settings.c, max_iter=400, class_weight="balanced")

    genres = [max(GENRE_CATS, key=lambda cat, doc=doc: float(doc.cats[cat])) for doc in docs]  # type: ignore[misc]
    genre = regression().fit(rows, genres)
    wanted = [[doc.cats[cat] for cat in TOPIC_CATS] for doc in docs]
    topics = OneVsRestClassifier(regression()).fit(rows, wanted)

    def classify(text: str) -> dict[str, float]:
        row = vectorizer.transform([text])
        shares: dict[str, Any] = dict(zip(genre.classes_, genre.predict_proba(row)[0], strict=True))
        return shares | dict(zip(TOPIC_CATS, topics.predict_proba(row)[0], strict=True))

    return classify


def words_of(text: str) -> list[str]:
    """The words of a text by longest match; pkuseg's own models are not in its package."""
    return [line[start:end] for line in text.split("\n") for start, end in longest_words(line)]
