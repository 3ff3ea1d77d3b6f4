"""spaCy components, registered as ``banmian_*`` and found through entry points.

Spans stand in ``doc.ents``; their scores in ``doc.spans["banmian"]``, a group with one span for
each entity whose ``attrs["scores"]`` runs beside it.
"""

# No postponed annotations: spaCy reads the real ones of factories and of initialize().

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy.util
from spacy import Language, registry
from spacy.pipeline import TrainablePipe
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Linear, Model, Optimizer, chain, set_dropout_rate, with_array
from thinc.types import Floats2d

from banmian import crf
from banmian.edges import trim

SPANS_KEY = "banmian"
_LONGEST_SEGMENT = 250
_SENTENCE_END = frozenset("。！？")


@registry.architectures("banmian.SpanCrf.v1")
def build_span_crf(tok2vec: Model[list[Doc], list[Floats2d]], nO: int | None = None) -> Model[list[Doc], list[Floats2d]]:  # noqa: N803
    """Scores of tags from a token-to-vector layer, with transition scores as a parameter."""
    output = with_array(Linear(nO=nO, init_W=_zeros))
    return Model(
        "banmian_span_crf",
        _forward,
        init=_init,
        layers=[chain(tok2vec, output)],
        dims={"nO": nO},
        params={"transitions": None},
        refs={"tok2vec": tok2vec, "output": output.layers[0]},
    )


def _zeros(ops: Any, shape: Any) -> Any:
    return ops.alloc(shape)


def _forward(model: Model[Any, Any], docs: list[Doc], is_train: bool) -> tuple[Any, Callable[[Any], Any]]:
    return model.layers[0](docs, is_train)


def _init(model: Model[Any, Any], X: Any = None, Y: Any = None) -> None:  # noqa: N803
    size = model.get_dim("nO")
    model.get_ref("output").set_dim("nO", size, force=True)
    model.layers[0].initialize(X=X)
    model.set_param("transitions", model.ops.alloc2f(size, size))


@Language.factory(
    "banmian_span_tagger",
    assigns=["doc.ents"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_span_tagger(nlp: Language, name: str, model: Model[Any, Any]) -> "SpanTagger":
    """A span tagger whose ``model`` gives one row of tag scores for each token."""
    return SpanTagger(nlp.vocab, model, name)


class SpanTagger(TrainablePipe):
    """Marks flat spans with a conditional random field over BIOES tags."""

    def __init__(self, vocab: Vocab, model: Model[Any, Any], name: str) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.cfg: dict[str, Any] = {"labels": []}
        self.scorer = get_ner_prf_scores

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of spans, in the order of their tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> tuple[str, ...]:
        """What ``spacy init labels`` saves."""
        return self.labels

    @property
    def scheme(self) -> crf.TagScheme:
        """The tags of the labels."""
        return crf.TagScheme(self.labels)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Take the labels from the examples, or as given, and set up the model's shapes."""
        examples = list(get_examples())
        validate_examples(examples, "SpanTagger.initialize")
        found = {ent.label_ for example in examples for ent in example.reference.ents}
        self.cfg["labels"] = sorted(labels if labels is not None else found)
        for label in self.cfg["labels"]:
            self.vocab.strings.add(label)
        self.model.set_dim("nO", self.scheme.size)
        self.model.initialize(X=[example.predicted for example in examples[:10]])

    def predict(self, docs: Iterable[Doc]) -> list[list[crf.Scored]]:
        """Token spans with label and score for each doc."""
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [[] for _ in docs]
        rows = self.model.predict(docs)
        segments = [
            (index, start, end) for index, doc in enumerate(docs) for start, end in segment(doc)
        ]
        found: list[list[crf.Scored]] = [[] for _ in docs]
        transitions = np.asarray(self.model.get_param("transitions"), dtype=np.float64)
        for batch in _batches(segments):
            scores, lengths = crf.pad([np.asarray(rows[i][s:e]) for i, s, e in batch])
            paths = crf.best_paths(scores, lengths, transitions, self.scheme)
            lattice = crf.build_lattice(scores, lengths, transitions, self.scheme)
            for number, ((index, offset, _), path) in enumerate(zip(batch, paths, strict=True)):
                for start, end, label in self.scheme.decode(path):
                    score = crf.span_probability(lattice, number, (start, end, label), self.scheme)
                    found[index].append((offset + start, offset + end, label, score))
        return [sorted(spans) for spans in found]

    def set_annotations(self, docs: Iterable[Doc], annotations: list[list[crf.Scored]]) -> None:
        """Write spans and scores into the docs."""
        for doc, spans in zip(docs, annotations, strict=True):
            set_scored_spans(doc, spans)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """One step of training on a batch."""
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = [example for example in examples if len(example.predicted)]
        if not examples:
            return losses
        set_dropout_rate(self.model, drop)
        rows, backprop = self.model.begin_update([example.predicted for example in examples])
        loss, d_rows, d_transitions = self._gradient(examples, rows)
        backprop(d_rows)
        self.model.inc_grad("transitions", self.model.ops.asarray2f(d_transitions))
        losses[self.name] += loss
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """Negative log likelihood per token, and its gradient with regard to the scores."""
        loss, d_rows, _ = self._gradient(list(examples), scores)
        return loss, d_rows

    def _gradient(self, examples: list[Example], rows: Any) -> tuple[float, list[Any], Any]:
        transitions = np.asarray(self.model.get_param("transitions"), dtype=np.float64)
        d_transitions = np.zeros_like(transitions)
        d_rows = [np.zeros(row.shape, dtype=np.float32) for row in rows]
        tags = [self._gold_tags(example) for example in examples]
        segments = [
            (index, start, end)
            for index, example in enumerate(examples)
            for start, end in segment(example.predicted)
        ]
        tokens = sum(end - start for _, start, end in segments)
        total = 0.0
        for batch in _batches(segments):
            scores, lengths = crf.pad([np.asarray(rows[i][s:e]) for i, s, e in batch])
            gold = np.zeros(scores.shape[:2], dtype=np.int64)
            for number, (index, start, end) in enumerate(batch):
                gold[: end - start, number] = self._within(tags[index], start, end)
            loss, d_scores, d_moves = crf.gradient(scores, lengths, gold, transitions, self.scheme)
            total += loss
            d_transitions += d_moves
            for number, (index, start, end) in enumerate(batch):
                d_rows[index][start:end] = d_scores[: end - start, number]
        scale = 1.0 / max(1, tokens)
        d_rows = [self.model.ops.asarray2f(d_row * scale) for d_row in d_rows]
        return total * scale, d_rows, d_transitions * scale

    def _gold_tags(self, example: Example) -> list[tuple[int, int, str]]:
        spans = example.get_aligned_spans_y2x(example.reference.ents, allow_overlap=False)
        return [(span.start, span.end, span.label_) for span in spans]

    def _within(self, spans: list[tuple[int, int, str]], start: int, end: int) -> list[int]:
        inside = [(s - start, e - start, label) for s, e, label in spans if start <= s and e <= end]
        return self.scheme.encode(inside, end - start)

    def add_label(self, label: str) -> int:
        """Labels are fixed by initialize."""
        raise NotImplementedError(f"labels are fixed when training begins; {label!r} is not one")

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Serialize to bytes."""
        data: bytes = spacy.util.to_bytes(
            {"cfg": lambda: _dump_cfg(self.cfg), "model": self.model.to_bytes}, exclude
        )
        return data

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "SpanTagger":
        """Load from bytes."""

        def load_cfg(data: bytes) -> None:
            self.cfg = _load_cfg(data)
            self._set_shape()

        spacy.util.from_bytes(
            bytes_data, {"cfg": load_cfg, "model": self.model.from_bytes}, exclude
        )
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save to a folder."""
        spacy.util.to_disk(
            Path(path),
            {
                "cfg": lambda p: p.write_bytes(_dump_cfg(self.cfg)),
                "model": lambda p: p.write_bytes(self.model.to_bytes()),
            },
            exclude,
        )

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "SpanTagger":
        """Load from a folder."""

        def load_cfg(file: Path) -> None:
            self.cfg = _load_cfg(file.read_bytes())
            self._set_shape()

        spacy.util.from_disk(
            Path(path),
            {"cfg": load_cfg, "model": lambda p: self.model.from_bytes(p.read_bytes())},
            exclude,
        )
        return self

    def _set_shape(self) -> None:
        self.model.set_dim("nO", self.scheme.size, force=True)
        self.model.get_ref("output").set_dim("nO", self.scheme.size, force=True)


def _dump_cfg(cfg: dict[str, Any]) -> bytes:
    import srsly

    data: str = srsly.json_dumps(cfg)
    return data.encode("utf-8")


def _load_cfg(data: bytes) -> dict[str, Any]:
    import srsly

    cfg: dict[str, Any] = srsly.json_loads(data)
    return cfg


def get_ner_prf_scores(examples: Iterable[Example], **_: Any) -> dict[str, Any]:
    """spaCy's own scores of doc.ents."""
    scores: dict[str, Any] = get_ner_prf(examples)
    return scores


def segment(doc: Doc) -> Iterator[tuple[int, int]]:
    """Cut a doc at line ends, and long lines at the ends of sentences: token spans, half open."""
    start = 0
    for at, token in enumerate(doc):
        char = token.text
        cut = "\n" in char or (at + 1 - start >= _LONGEST_SEGMENT and char in _SENTENCE_END)
        if cut or at + 1 - start >= 4 * _LONGEST_SEGMENT:
            yield start, at + 1
            start = at + 1
    if start < len(doc):
        yield start, len(doc)


def _batches(segments: list[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    """Segments of like length together, so that little is padded."""
    ordered = sorted(segments, key=lambda part: part[2] - part[1])
    for start in range(0, len(ordered), 64):
        yield ordered[start : start + 64]


def set_scored_spans(doc: Doc, spans: Sequence[crf.Scored]) -> None:
    """Put token spans with scores into doc.ents and doc.spans["banmian"]."""
    entities = [Span(doc, start, end, label=label) for start, end, label, _ in spans]
    doc.set_ents(entities)
    doc.spans[SPANS_KEY] = entities
    doc.spans[SPANS_KEY].attrs["scores"] = [score for *_, score in spans]


def scored_spans(doc: Doc) -> list[crf.Scored]:
    """Read them back."""
    group = doc.spans.get(SPANS_KEY)
    scores = group.attrs.get("scores", []) if group is not None else []
    return [
        (span.start, span.end, span.label_, float(score))
        for span, score in zip(group or (), scores, strict=True)
    ]


@Language.component("banmian_edges", assigns=["doc.ents"])
def normalize_edges(doc: Doc) -> Doc:
    """Move the borders of spans to where the guidelines put them (quotes, brackets, blanks)."""
    adjusted: list[crf.Scored] = []
    for start, end, label, score in scored_spans(doc):
        chars = trim(doc.text, doc[start].idx, doc[end - 1].idx + len(doc[end - 1]), label)
        span = doc.char_span(*chars, label=label) if chars else None
        if span is not None and (not adjusted or adjusted[-1][1] <= span.start):
            adjusted.append((span.start, span.end, label, score))
    set_scored_spans(doc, adjusted)
    return doc


@Language.factory(
    "banmian_consistency", assigns=["doc.ents"], default_config={"min_score": 0.8, "min_length": 4}
)
def make_consistency(nlp: Language, name: str, min_score: float, min_length: int) -> "Consistency":
    """Article-wide consistency for names found with at least ``min_score``."""
    return Consistency(min_score, min_length)


class Consistency:
    """A name found once with confidence is the same name everywhere in the article."""

    def __init__(self, min_score: float, min_length: int) -> None:
        self.min_score = min_score
        self.min_length = min_length

    def __call__(self, doc: Doc) -> Doc:
        """Mark what bears a sure name and overlaps no other span."""
        spans = scored_spans(doc)
        best: dict[str, tuple[float, str]] = defaultdict(lambda: (0.0, ""))
        for start, end, label, score in spans:
            text = doc[start:end].text
            if label in ("ORG", "INITIATIVE") and len(text) >= self.min_length:
                best[text] = max(best[text], (score, label))
        taken = bytearray(len(doc))
        for start, end, *_ in spans:
            taken[start:end] = b"\1" * (end - start)
        for text, (score, label) in sorted(best.items(), key=lambda item: -len(item[0])):
            if score < self.min_score:
                continue
            for match in re.finditer(re.escape(text), doc.text):
                span = doc.char_span(match.start(), match.end())
                if span is not None and not any(taken[span.start : span.end]):
                    spans.append((span.start, span.end, label, score))
                    taken[span.start : span.end] = b"\1" * len(span)
        set_scored_spans(doc, sorted(spans))
        return doc
