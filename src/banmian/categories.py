"""Genre and topics of an article: logistic regression on character n-grams and its make-up.

scikit-learn estimates the weights; they are kept as plain arrays, so that a model folder holds data
and nothing else.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banmian.arrays import from_strings, to_strings

Floats = NDArray[np.float64]

_DATELINE = re.compile("本报.{0,6}讯")
_PHOTO_CREDIT = re.compile("摄[）)]?$", re.MULTILINE)
_NOTICE = re.compile("第.{1,5}期|热线|公告|通知|电话|招聘|启事|讣告")
_NUMBER = re.compile(r"\d+")
_LONG_LINE = 45  # headlines and subheads are shorter
_SHORT_LINE = range(4, 31)
# The make-up counts beside thousands of n-grams; at half its standard deviation it served best.
_MAKEUP_WEIGHT = 0.5


@dataclass(frozen=True)
class TrainSettings:
    """How the classifiers are trained: n-gram lengths, rarest n-gram, how many, inverse penalty."""

    shortest: int
    longest: int
    min_documents: int
    max_ngrams: int
    c: float


@dataclass(frozen=True)
class Linear:
    """Weights (classes, features) and intercepts of a linear model."""

    classes: tuple[str, ...]
    weights: Floats
    intercepts: Floats

    def scores(self, row: Floats) -> Floats:
        """The decision values of one row of features."""
        return self.weights @ row + self.intercepts


@dataclass(frozen=True)
class Categories:
    """Classifiers of genre (exactly one) and topics (any number)."""

    ngrams: dict[str, int]
    lengths: tuple[int, int]
    idf: Floats
    mean: Floats
    deviation: Floats
    genre: Linear
    topics: Linear

    @classmethod
    def empty(cls) -> Categories:
        """One that knows nothing."""
        none, nothing = np.zeros(0), Linear((), np.zeros((0, 0)), np.zeros(0))
        return cls({}, (1, 1), none, none, none, nothing, nothing)

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        genres: Sequence[str],
        topics: Sequence[Iterable[str]],
        settings: TrainSettings,
    ) -> Categories:
        """Train on texts in normal form."""
        from scipy.sparse import csr_matrix, hstack
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.preprocessing import MultiLabelBinarizer

        vectorizer = TfidfVectorizer(
            analyzer="char",
            lowercase=False,
            ngram_range=(settings.shortest, settings.longest),
            min_df=settings.min_documents,
            max_features=settings.max_ngrams,
            sublinear_tf=True,
        )
        grams = vectorizer.fit_transform(texts)
        makeups = np.array([makeup(text) for text in texts])
        mean, deviation = makeups.mean(axis=0), makeups.std(axis=0) + 1e-9
        scaled = csr_matrix(_MAKEUP_WEIGHT * (makeups - mean) / deviation)
        rows = hstack([grams, scaled]).tocsr()

        def regression() -> LogisticRegression:
            return LogisticRegression(C=settings.c, max_iter=400, class_weight="balanced")

        genre = regression().fit(rows, list(genres))
        binarizer = MultiLabelBinarizer()
        wanted = binarizer.fit_transform([list(own) for own in topics])
        many = OneVsRestClassifier(regression()).fit(rows, wanted)
        vocabulary = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
        return cls(
            {gram: number for number, gram in enumerate(vocabulary)},
            (settings.shortest, settings.longest),
            vectorizer.idf_,
            mean,
            deviation,
            _one_row_a_class(tuple(genre.classes_), genre.coef_, genre.intercept_),
            Linear(
                tuple(binarizer.classes_),
                np.vstack([one.coef_ for one in many.estimators_]),
                np.concatenate([one.intercept_ for one in many.estimators_]),
            ),
        )

    def predict(self, text: str) -> tuple[dict[str, float], dict[str, float]]:
        """The probabilities of genres (they sum to one) and of topics (each by itself)."""
        if not self.genre.classes:
            return {}, {}
        row = self._features(text)
        values = self.genre.scores(row)
        shares = np.exp(values - values.max())
        genres = dict(zip(self.genre.classes, (shares / shares.sum()).tolist(), strict=True))
        sigmoid = 1 / (1 + np.exp(-self.topics.scores(row)))
        return genres, dict(zip(self.topics.classes, sigmoid.tolist(), strict=True))

    def _features(self, text: str) -> Floats:
        shortest, longest = self.lengths
        counts = Counter(
            text[at : at + size]
            for size in range(shortest, longest + 1)
            for at in range(len(text) - size + 1)
        )
        grams = np.zeros(len(self.ngrams))
        for gram, count in counts.items():
            number = self.ngrams.get(gram)
            if number is not None:
                grams[number] = (1 + math.log(count)) * self.idf[number]
        norm = float(np.linalg.norm(grams))
        made = _MAKEUP_WEIGHT * (np.array(makeup(text)) - self.mean) / self.deviation
        return np.concatenate([grams / norm if norm else grams, made])

    def to_bytes(self) -> bytes:
        """As a compressed NPZ archive of plain arrays."""
        stream = io.BytesIO()
        np.savez_compressed(
            stream,
            ngrams=from_strings(self.ngrams),
            lengths=np.array(self.lengths),
            idf=self.idf.astype(np.float32),
            mean=self.mean,
            deviation=self.deviation,
            genre_classes=from_strings(self.genre.classes),
            genre_weights=self.genre.weights.astype(np.float16),
            genre_intercepts=self.genre.intercepts,
            topic_classes=from_strings(self.topics.classes),
            topic_weights=self.topics.weights.astype(np.float16),
            topic_intercepts=self.topics.intercepts,
        )
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Categories:
        """The inverse. Raises ValueError for data that is none; no pickle is ever read."""
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as parts:
                loaded = cls(
                    {gram: number for number, gram in enumerate(to_strings(parts["ngrams"]))},
                    (int(parts["lengths"][0]), int(parts["lengths"][1])),
                    parts["idf"].astype(np.float64),
                    parts["mean"].astype(np.float64),
                    parts["deviation"].astype(np.float64),
                    _linear(parts, "genre"),
                    _linear(parts, "topic"),
                )
        except (KeyError, TypeError, IndexError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"the weights of genre and topics are damaged ({error})") from error
        width = len(loaded.ngrams) + len(loaded.mean)
        for linear in (loaded.genre, loaded.topics):
            if linear.classes and linear.weights.shape != (len(linear.classes), width):
                raise ValueError("the weights of genre and topics are damaged (they do not fit)")
        return loaded


def _one_row_a_class(classes: tuple[str, ...], weights: Floats, intercepts: Floats) -> Linear:
    """Of two classes scikit-learn keeps one row, that of the second against the first."""
    if len(classes) == 2:
        weights = np.vstack([np.zeros_like(weights), weights])
        intercepts = np.concatenate([np.zeros_like(intercepts), intercepts])
    return Linear(classes, weights, intercepts)


def _linear(parts: Mapping[str, NDArray[np.generic]], name: str) -> Linear:
    return Linear(
        tuple(to_strings(parts[f"{name}_classes"])),
        parts[f"{name}_weights"].astype(np.float64),
        parts[f"{name}_intercepts"].astype(np.float64),
    )


def makeup(text: str) -> list[float]:
    """How an article is made: length, lines, dateline, credit, quotes, numbers, speech."""
    lines = text.split("\n")
    size = max(1, len(text))
    short = [line for line in lines[1:] if len(line) in _SHORT_LINE and not line.endswith("。")]
    return [
        math.log(size),
        len(lines),
        sum(len(line) > _LONG_LINE for line in lines),
        len(short),
        size / len(lines),
        _DATELINE.search(text) is not None,
        _PHOTO_CREDIT.search(text) is not None,
        1000 * text.count("“") / size,
        1000 * len(_NUMBER.findall(text)) / size,
        size < 180,
        size > 700,
        "记者" in text,
        _NOTICE.search(text) is not None,
        text.count("说"),
        1000 * text.count("我") / size,
        1000 * text.count("？") / size,
        len(lines[0]) > _LONG_LINE,
    ]
