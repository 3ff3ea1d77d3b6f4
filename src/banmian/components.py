"""spaCy components, registered as ``banmian_*`` and found through entry points.

Spans stand in ``doc.ents``; their scores in ``doc.spans["banmian"]``, a group with one span for
each entity whose ``attrs["scores"]`` runs beside it.
"""

# No postponed annotations: spaCy reads the real ones of factories and of initialize().

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language
from spacy.scorer import Scorer, get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples

from banmian import categories
from banmian.calibration import Calibration
from banmian.corpus import GENRE_CATS, TOPIC_CATS
from banmian.edges import adjust, in_title
from banmian.files import read_bytes, write_json
from banmian.span_crf import SpanCrf, TrainSettings
from banmian.span_model import CharSpan, NetworkSettings, SpanModel
from banmian.span_network import SpanNetwork

SPANS_KEY = "banmian"
_CRF_FILE, _NETWORK_FILE = "crf.npz", "network.npz"


@Language.factory(
    "banmian_span_tagger",
    assigns=["doc.ents"],
    default_config={
        "c2": 0.2,
        "epochs": 20,
        "min_frequency": 1,
        "runs": 1,
        "network_epochs": 0,
        "network_seed": 0,
        "network_share": 0.5,
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_span_tagger(
    nlp: Language,
    name: str,
    c2: float,
    epochs: int,
    min_frequency: int,
    runs: int,
    network_epochs: int,
    network_seed: int,
    network_share: float,
) -> "SpanTagger":
    """A conditional random field over characters, and a network beside it.

    The field sees all lines ``epochs`` times, ``c2`` weighs its L2 penalty, features seen less often
    than ``min_frequency`` are left out; it does so in ``runs`` orders, and the mean is kept. The
    network sees all lines ``network_epochs`` times (0: there is none) and has ``network_share``
    (0 to 1) of the scores.
    """
    return SpanTagger(
        name,
        TrainSettings(c2, epochs, min_frequency, runs),
        NetworkSettings(network_epochs, network_seed, network_share),
    )


class SpanTagger:
    """Marks flat spans. It is trained as a whole when a pipeline is initialized."""

    def __init__(self, name: str, settings: TrainSettings, network: NetworkSettings) -> None:
        self.name = name
        self.settings = settings
        self.network_settings = network
        self.model = SpanModel(SpanCrf.empty())

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of spans."""
        return self.model.crf.scheme.labels

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
    ) -> None:
        """Train on all examples."""
        examples = list(get_examples())
        validate_examples(examples, "SpanTagger.initialize")
        gold = [(eg.reference.text, _char_spans(eg.reference.ents)) for eg in examples]
        self.model = SpanModel.train(gold, self.settings, self.network_settings)

    def __call__(self, doc: Doc) -> Doc:
        """Mark one doc."""
        return next(iter(self.pipe([doc], batch_size=1)))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 16) -> Iterable[Doc]:
        """Mark docs in batches."""
        for docs in batched(stream, batch_size):
            texts = [doc.text for doc in docs]
            found = self.model.predict(texts)
            for doc, text, spans in zip(docs, texts, found, strict=True):
                set_scored_spans(doc, list(_without_blanks(text, spans)))
                yield doc

    def score(self, examples: Iterable[Example], **_: Any) -> dict[str, Any]:
        """spaCy's own scores of doc.ents."""
        scores: dict[str, Any] = get_ner_prf(examples)
        return scores

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize to bytes."""
        packed: bytes = srsly.msgpack_dumps(dict(self._files()))
        return packed

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "SpanTagger":
        """Load from bytes."""
        return self._load(srsly.msgpack_loads(bytes_data))

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save to a folder."""
        Path(path).mkdir(parents=True, exist_ok=True)
        for name, data in self._files():
            (Path(path) / name).write_bytes(data)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "SpanTagger":
        """Load from a folder. Raises ValueError for damaged weights; no pickle is ever read."""
        files = (Path(path) / name for name in (_CRF_FILE, _NETWORK_FILE))
        return self._load({file.name: file.read_bytes() for file in files if file.is_file()})

    def _files(self) -> Iterator[tuple[str, bytes]]:
        yield _CRF_FILE, self.model.crf.to_bytes()
        if self.model.network is not None:
            yield _NETWORK_FILE, self.model.network.to_bytes()

    def _load(self, files: Mapping[str, bytes]) -> "SpanTagger":
        network = None
        if _NETWORK_FILE in files:
            network = SpanNetwork.from_bytes(files[_NETWORK_FILE])
        self.model = SpanModel(
            SpanCrf.from_bytes(files[_CRF_FILE]), network, self.network_settings.share
        )
        return self


def batched(stream: Iterable[Doc], size: int) -> Iterator[list[Doc]]:
    """Cut a stream into lists of at most ``size``."""
    docs = iter(stream)
    while batch := list(islice(docs, size)):
        yield batch


@Language.factory(
    "banmian_categories",
    assigns=["doc.cats"],
    default_config={"shortest": 1, "longest": 2, "min_documents": 3, "max_ngrams": 60000, "c": 3.0},
    default_score_weights={"cats_micro_f": 0.0},
)
def make_categories(
    nlp: Language,
    name: str,
    shortest: int,
    longest: int,
    min_documents: int,
    max_ngrams: int,
    c: float,
) -> "CategoryTagger":
    """Genre and topics by logistic regression on character n-grams.

    ``shortest`` and ``longest`` bound the n-grams; those in fewer than ``min_documents`` articles
    are left out, and all but the ``max_ngrams`` commonest; ``c`` is the inverse of the penalty.
    """
    return CategoryTagger(
        name, categories.TrainSettings(shortest, longest, min_documents, max_ngrams, c)
    )


class CategoryTagger:
    """Gives genre and topics. It is trained as a whole when a pipeline is initialized."""

    def __init__(self, name: str, settings: categories.TrainSettings) -> None:
        self.name = name
        self.settings = settings
        self.model = categories.Categories.empty()

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
    ) -> None:
        """Train on all examples that have a genre."""
        texts, genres, topics = [], [], []
        for doc in (example.reference for example in get_examples()):
            cats = [cat for cat, value in doc.cats.items() if value]
            own = [cat.removeprefix("genre:") for cat in cats if cat in GENRE_CATS]
            if own:
                texts.append(doc.text)
                genres.append(own[0])
                topics.append([c.removeprefix("topic:") for c in cats if c in TOPIC_CATS])
        self.model = categories.Categories.train(texts, genres, topics, self.settings)

    def __call__(self, doc: Doc) -> Doc:
        """Give one doc its categories."""
        genres, topics = self.model.predict(doc.text)
        doc.cats = {f"genre:{name}": share for name, share in genres.items()}
        doc.cats |= {f"topic:{name}": share for name, share in topics.items()}
        return doc

    def score(self, examples: Iterable[Example], **_: Any) -> dict[str, Any]:
        """spaCy's own scores of doc.cats."""
        scores: dict[str, Any] = Scorer.score_cats(
            examples, "cats", labels=[*GENRE_CATS, *TOPIC_CATS], multi_label=True, threshold=0.5
        )
        return scores

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize to bytes."""
        return self.model.to_bytes()

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "CategoryTagger":
        """Load from bytes."""
        self.model = categories.Categories.from_bytes(bytes_data)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save to a folder."""
        Path(path).mkdir(parents=True, exist_ok=True)
        (Path(path) / "categories.npz").write_bytes(self.model.to_bytes())

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "CategoryTagger":
        """Load from a folder."""
        data = (Path(path) / "categories.npz").read_bytes()
        self.model = categories.Categories.from_bytes(data)
        return self


def _char_spans(entities: Iterable[Span]) -> list[tuple[int, int, str]]:
    return [(ent.start_char, ent.end_char, ent.label_) for ent in entities]


def _without_blanks(text: str, spans: Iterable[CharSpan]) -> Iterator[CharSpan]:
    """Spans without blanks at their ends, which are no tokens; what is nothing else goes."""
    for start, end, label, score in spans:
        words = text[start:end]
        if words.strip():
            first = start + len(words) - len(words.lstrip())
            yield first, first + len(words.strip()), label, score


def set_scored_spans(doc: Doc, spans: Sequence[CharSpan]) -> None:
    """Put scored spans of characters into doc.ents and doc.spans["banmian"].

    Raises ValueError for a span whose borders are not token borders.
    """
    entities = []
    for start, end, label, _ in spans:
        entity = doc.char_span(start, end, label=label)
        if entity is None:
            raise ValueError(f"{label} at [{start}, {end}) cuts a token; use one token a character")
        entities.append(entity)
    doc.set_ents(entities)
    doc.spans[SPANS_KEY] = entities
    doc.spans[SPANS_KEY].attrs["scores"] = [score for *_, score in spans]


def scored_spans(doc: Doc) -> list[CharSpan]:
    """Read them back."""
    group = doc.spans.get(SPANS_KEY)
    if group is None:
        return []
    return [
        (span.start_char, span.end_char, span.label_, float(score))
        for span, score in zip(group, group.attrs["scores"], strict=True)
    ]


@Language.component("banmian_edges", assigns=["doc.ents"])
def normalize_edges(doc: Doc) -> Doc:
    """Move the borders of spans to where the guidelines put them (quotes, brackets, blanks)."""
    text = doc.text  # spaCy puts it together anew each time
    adjusted: list[CharSpan] = []
    for start, end, label, score in scored_spans(doc):
        borders = adjust(text, start, end, label)
        if borders and (not adjusted or adjusted[-1][1] <= borders[0]):
            adjusted.append((*borders, label, score))
    set_scored_spans(doc, adjusted)
    return doc


@Language.factory(
    "banmian_consistency",
    assigns=["doc.ents"],
    default_config={"min_score": 0.8, "min_length": 4},
)
def make_consistency(nlp: Language, name: str, min_score: float, min_length: int) -> "Consistency":
    """Article-wide consistency for names of ``min_length`` characters found with ``min_score``."""
    return Consistency(min_score, min_length)


class Consistency:
    """A name found once with confidence is the same name everywhere in the article."""

    def __init__(self, min_score: float, min_length: int) -> None:
        self.min_score = min_score
        self.min_length = min_length

    def __call__(self, doc: Doc) -> Doc:
        """Mark what bears a sure name, overlaps no other span and stands in no title."""
        text, spans = doc.text, scored_spans(doc)
        taken = bytearray(len(text))
        for start, end, *_ in spans:
            taken[start:end] = b"\1" * (end - start)
        for name, (score, label) in self._sure_names(text, spans):
            for match in re.finditer(re.escape(name), text):
                start, end = match.span()
                if not any(taken[start:end]) and not in_title(text, start, end):
                    spans.append((start, end, label, score))
                    taken[start:end] = b"\1" * len(name)
        set_scored_spans(doc, sorted(spans))
        return doc

    def _sure_names(
        self, text: str, spans: Sequence[CharSpan]
    ) -> list[tuple[str, tuple[float, str]]]:
        """Names with their best score and label, the longest first."""
        best: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, ""))
        for start, end, label, score in spans:
            if label in ("ORG", "INITIATIVE") and end - start >= self.min_length:
                best[text[start:end]] = max(best[text[start:end]], (score, label))
        sure = [(name, found) for name, found in best.items() if found[0] >= self.min_score]
        return sorted(sure, key=lambda item: (-len(item[0]), item[0]))


@Language.factory("banmian_calibration", requires=["doc.ents", "doc.cats"], assigns=["doc.cats"])
def make_calibration(nlp: Language, name: str) -> "ScoreCalibration":
    """Raw scores into calibrated ones; the last component, since the others go by raw scores."""
    return ScoreCalibration()


class ScoreCalibration:
    """Calibrates the scores of spans, genre and topics; without a file it leaves them as they are."""

    def __init__(self) -> None:
        self.calibration = Calibration()

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        path: str | None = None,
    ) -> None:
        """Take what ``banmian build calibrate`` wrote to ``path``; examples are not looked at."""
        if path:
            self.calibration = Calibration.from_json(read_bytes(Path(path), limit=1 << 20))

    def __call__(self, doc: Doc) -> Doc:
        """Calibrate one doc's scores."""
        spans = scored_spans(doc)
        if spans:
            scores = [self.calibration.span(label, score) for _, _, label, score in spans]
            doc.spans[SPANS_KEY].attrs["scores"] = scores
        cats = doc.cats
        doc.cats = self.calibration.genres({cat: cats[cat] for cat in GENRE_CATS if cat in cats})
        doc.cats |= {cat: self.calibration.topics(cats[cat]) for cat in TOPIC_CATS if cat in cats}
        return doc

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize to bytes."""
        return json.dumps(self.calibration.as_json()).encode("utf-8")

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "ScoreCalibration":
        """Load from bytes."""
        self.calibration = Calibration.from_json(bytes_data)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save to a folder."""
        write_json(Path(path) / "calibration.json", self.calibration.as_json())

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "ScoreCalibration":
        """Load from a folder."""
        data = (Path(path) / "calibration.json").read_bytes()
        self.calibration = Calibration.from_json(data)
        return self
