"""Examples for the networks of the layout, from pages of which the truth is known."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from banmian import assembly, linking
from banmian.annotations import origin
from banmian.articles import body_of, look_at, undo_wraps
from banmian.association import Association
from banmian.blas import one_thread
from banmian.characters import normalize
from banmian.fragments import BORDER_OF_ROLE, BORDERS, JOINED, Fragment, pieces, wrap_features
from banmian.layout import Layout
from banmian.layout_noise import Settings, Written, draw_articles, wreck
from banmian.layout_scoring import block_numbers, furniture_letters, letters, places
from banmian.leads import Leads
from banmian.likeness import Rarity, worded
from banmian.network import Network
from banmian.reading_order import candidates, joint_features
from banmian.roles import CLASSES, role_features
from banmian.topics import Topics
from banmian.types import AnnotatedArticle, Block, CleanPage

Floats = NDArray[np.float64]
Examples = tuple[Floats, list[str]]  # (examples, features) and their classes
Fold = tuple[Sequence[AnnotatedArticle], Layout]  # articles, and what the others say
APART = "apart"


@dataclass(frozen=True)
class Truth:
    """What is known of a page, by the offsets of its characters."""

    page: CleanPage

    @cached_property
    def _articles(self) -> NDArray[np.int64]:
        """For each offset the number of the article, or -1."""
        found = np.full(len(self.page.page.text), -1)
        for at, place in places(self.page).items():
            found[at] = place.article
        return found

    @cached_property
    def _roles(self) -> NDArray[np.int64]:
        """For each offset the number of the role among CLASSES, or -1."""
        found = np.full(len(self.page.page.text), -1)
        for at, place in places(self.page).items():
            found[at] = CLASSES.index(place.role)
        found[list(furniture_letters(self.page))] = CLASSES.index("furniture")
        return found

    @cached_property
    def follows(self) -> dict[int, int]:
        """For each character the one that follows it in the same block."""
        found = {}
        for article in self.page.articles:
            block_of = block_numbers(article)
            own = list(letters(self.page.page.text, article))
            for (at, here), (after, there) in pairwise(own):
                if block_of[at] == block_of[after]:
                    found[here] = there
        return found

    def last(self, fragment: Fragment) -> int:
        """The offset of a fragment's last character."""
        return fragment.stretches[-1][1] - 1

    def joined(self, before: Fragment, behind: Fragment) -> bool:
        """Whether one fragment goes on in the other."""
        return self.follows.get(self.last(before)) == behind.start

    def role(self, fragment: Fragment) -> str:
        """The role that most of a fragment's characters have; empty for a copy."""
        most = _most(self._roles, fragment)
        return CLASSES[most] if most >= 0 else ""

    def article(self, fragment: Fragment) -> int:
        """The number of the article that most of a fragment's characters belong to, or -1."""
        return _most(self._articles, fragment)


def _most(numbers: NDArray[np.int64], fragment: Fragment) -> int:
    """The number that most of a fragment's characters have; -1 where none has one."""
    own = np.concatenate([numbers[start:end] for start, end in fragment.stretches])
    counts = np.bincount(own[own >= 0])
    return int(counts.argmax()) if len(counts) else -1


def count_association(articles: Iterable[Written]) -> Association:
    """Count n-grams in the blocks of articles, borders marked."""
    return Association.count(
        start + _key(article, block) + end
        for article in articles
        for block in article.blocks
        for start, end in [BORDERS[BORDER_OF_ROLE[block.role]]]
    )


def count_rarity(articles: Iterable[Written]) -> Rarity:
    """Count in how many articles each pair of characters stands."""
    return Rarity.count(_whole(articles))


def train_topics(articles: Iterable[Written]) -> Topics:
    """Train on whole articles."""
    return Topics.train([worded(key) for key in _whole(articles)])


def _whole(articles: Iterable[Written]) -> Iterator[str]:
    for article in articles:
        yield "".join(_key(article, block) for block in article.blocks)


def train_leads(articles: Iterable[Written]) -> Leads:
    """Train on the paragraphs of articles that have more than one."""
    keys, first = [], list[bool]()
    for article in articles:
        own = [_key(article, block) for block in article.blocks if block.role == "paragraph"]
        if len(own) > 1:
            keys += own
            first += [at == 0 for at in range(len(own))]
    return Leads.train(keys, first)


def _key(article: Written, block: Block) -> str:
    return normalize("".join(article.text[block.start : block.end].split()))


def wrap_examples(truth: Truth, lines: Sequence[Fragment], layout: Layout) -> Examples | None:
    """Each two lines that stand one below the other, and whether they belong together."""
    if len(lines) < 2:
        return None
    wanted = [JOINED if truth.joined(above, below) else APART for above, below in pairwise(lines)]
    return wrap_features(lines, layout.association), wanted


def role_examples(truth: Truth, lines: Sequence[Fragment], layout: Layout) -> Examples | None:
    """Each fragment, as the first network joins them, and its role."""
    fragments, joined, _ = undo_wraps(lines, layout)
    roles = [truth.role(fragment) for fragment in fragments]
    if not any(roles):
        return None
    known = [bool(role) for role in roles]
    return role_features(fragments, joined)[known], [role for role in roles if role]


def joint_examples(truth: Truth, lines: Sequence[Fragment], layout: Layout) -> Examples | None:
    """Each pair of fragments of which one may continue the other, and whether it does."""
    view, _ = look_at(lines, layout)
    pairs = candidates(view)
    if not pairs:
        return None
    before_and_behind = [(view.fragments[i], view.fragments[j]) for i, j in pairs]
    wanted = [JOINED if truth.joined(*pair) else APART for pair in before_and_behind]
    return joint_features(view, pairs, layout.association), wanted


def begin_examples(truth: Truth, lines: Sequence[Fragment], layout: Layout) -> Examples | None:
    """Each block but the first, in the order that cleaning finds, and whether it begins an article."""
    body = body_of(look_at(lines, layout)[0], layout)
    if len(body.fragments) < 2:
        return None
    articles = [truth.article(fragment) for fragment in body.fragments]
    wanted = [
        assembly.GOES_ON if above == below else assembly.BEGINS
        for above, below in pairwise(articles)
    ]
    return assembly.begin_features(body), wanted


def link_examples(truth: Truth, lines: Sequence[Fragment], layout: Layout) -> Examples | None:
    """Each two parts near each other, as cleaning cuts the page, and whether they are one article's."""
    body = body_of(look_at(lines, layout)[0], layout)
    parts = assembly.cut(body, layout.begins)
    pairs = linking.link_pairs(parts)
    if not pairs:
        return None
    article = [
        Counter(truth.article(f) for f in part.fragments).most_common(1)[0][0] for part in parts
    ]
    wanted = [linking.SAME if article[i] == article[j] else linking.OTHER for i, j in pairs]
    return linking.link_features(parts, pairs, body.words), wanted


_ExamplesOf = Callable[[Truth, Sequence[Fragment], Layout], Examples | None]
_FOLDS = 4  # of the articles: what is counted over three is looked at with on the fourth
_CUTTINGS = 0.2  # of pages, the share that is cut out
_HIDDEN, _MEMBERS, _PENALTY = 32, 6, 0.1
_USUAL = Settings()
# Articles that lost their title or stand among another's are rare: these pages show them more often.
_DISPLACED = Settings(
    bare_head=0.08, lost_start=0.03, head_moved=0.12, articles_mixed=0.03, foreign=0.3
)
# The networks in the order in which they work, and the pages that serve: share, kind.
_STEPS: tuple[tuple[str, _ExamplesOf, float, Settings], ...] = (
    ("wraps", wrap_examples, 1.0, _USUAL),
    ("roles", role_examples, 2.0, _USUAL),
    ("joints", joint_examples, 2.0, _USUAL),
    ("begins", begin_examples, 10.0, _DISPLACED),
    ("links", link_examples, 8.0, _DISPLACED),
)


def simulate(
    articles: Sequence[AnnotatedArticle], count: int, *, seed: int, settings: Settings = _USUAL
) -> Iterator[CleanPage]:
    """Pages of known truth; the articles of one page are of one origin (``annotations.origin``).

    Some are cuttings: one article or two, as people paste them.
    """
    rng = random.Random(seed)  # noqa: S311 - noise, no secret
    pools: dict[str, list[AnnotatedArticle]] = defaultdict(list)
    for article in articles:
        pools[origin(article)].append(article)
    names = sorted(pools)
    for _ in range(count):
        chosen = draw_articles(pools[rng.choice(names)], rng)
        if rng.random() < _CUTTINGS:
            chosen = chosen[: rng.randint(1, 2)]
        yield wreck(chosen, rng, settings)


def train_layout(
    articles: Sequence[AnnotatedArticle],
    *,
    pages: int,
    seed: int,
    say: Callable[[str], None],
    jobs: int = 1,
) -> Layout:
    """Train every network on simulated pages, each on what the networks before it make of them.

    Pages are drawn for each network anew: what one has seen in training it joins too well. For the
    same reason no page is looked at with counts that its own articles are in (``_folds``). ``pages``
    is how many for one; lines and pairs of fragments are so many that fewer serve, beginnings of
    articles so few that more are needed. ``jobs`` processes look at pages; how many they are changes
    nothing in what is learned.
    """
    layout, folds = _counted(articles), _folds(articles)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for number, (name, _, share, _) in enumerate(_STEPS):
            counts = np.diff(np.linspace(0, round(share * pages), len(folds) + 1).astype(int))
            found = [
                pool.submit(_look, number, fold, int(count), seed + number + at * len(_STEPS))
                for at, (fold, count) in enumerate(zip(folds, counts, strict=True))
            ]
            rows = np.vstack([row for part in found for row in part.result()[0]])
            wanted = [own for part in found for own in part.result()[1]]
            say(f"{name}: {len(wanted)} examples of {rows.shape[1]} features")
            network = Network.train(
                rows, wanted, hidden=_HIDDEN, members=_MEMBERS, penalty=_PENALTY, seed=seed
            )
            layout = layout.with_network(name, network)
            folds = [(own, others.with_network(name, network)) for own, others in folds]
    return layout


def _look(
    step: int, fold: Fold, count: int, seed: int
) -> tuple[list[NDArray[np.float32]], list[str]]:
    """The examples of pages drawn from a fold's articles, one array for each page that has any."""
    (articles, layout), (_, examples, _, settings) = fold, _STEPS[step]
    rows, wanted = list[NDArray[np.float32]](), list[str]()
    with one_thread():
        for page in simulate(articles, count, seed=seed, settings=settings):
            lines = pieces(page.page.text, layout.association)
            if found := examples(Truth(page), lines, layout):
                rows.append(found[0].astype(np.float32))
                wanted += found[1]
    return rows, wanted


def _counted(articles: Sequence[AnnotatedArticle]) -> Layout:
    """What is counted over articles, no network yet."""
    return Layout(
        count_association(articles),
        count_rarity(articles),
        train_topics(articles),
        train_leads(articles),
        trained_on=tuple(sorted({origin(article) for article in articles})),
    )


def _folds(articles: Sequence[AnnotatedArticle]) -> list[Fold]:
    """The articles in parts by origin, each with what is counted over all others."""
    names = sorted({origin(article) for article in articles})
    if len(names) < _FOLDS:
        return [(articles, _counted(articles))]
    return [
        (
            [article for article in articles if origin(article) in names[fold::_FOLDS]],
            _counted([a for a in articles if origin(a) not in names[fold::_FOLDS]]),
        )
        for fold in range(_FOLDS)
    ]
