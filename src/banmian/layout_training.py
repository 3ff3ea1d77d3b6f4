"""Examples for the networks of the layout, from pages of which the truth is known."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from banmian import assembly
from banmian.annotations import origin
from banmian.articles import body_of, look_at, undo_wraps
from banmian.association import Association
from banmian.characters import normalize
from banmian.fragments import (
    BORDER_OF_ROLE,
    BORDERS,
    JOINED,
    Fragment,
    pieces,
    wrap_features,
)
from banmian.layout import Layout
from banmian.layout_noise import Written, draw_articles, wreck
from banmian.layout_scoring import Place, block_numbers, furniture_letters, letters, places
from banmian.likeness import Words
from banmian.network import Network
from banmian.reading_order import candidates, joint_features
from banmian.roles import role_features
from banmian.types import AnnotatedArticle, CleanPage

Floats = NDArray[np.float64]
Examples = tuple[Floats, list[str]]  # (examples, features) and their classes
APART = "apart"


@dataclass(frozen=True)
class Truth:
    """What is known of a page, by the offsets of its characters."""

    page: CleanPage

    @cached_property
    def places(self) -> dict[int, Place]:
        """The article, block and role of each character of an article."""
        return places(self.page)

    @cached_property
    def furniture(self) -> set[int]:
        """The characters of furniture."""
        return furniture_letters(self.page)

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
        votes: Counter[str] = Counter()
        for start, end in fragment.stretches:
            for at in range(start, end):
                if at in self.places:
                    votes[self.places[at].role] += 1
                elif at in self.furniture:
                    votes["furniture"] += 1
        return votes.most_common(1)[0][0] if votes else ""

    def article(self, fragment: Fragment) -> int:
        """The number of the article that most of a fragment's characters belong to, or -1."""
        votes = Counter(
            self.places[at].article
            for start, end in fragment.stretches
            for at in range(start, end)
            if at in self.places
        )
        return votes.most_common(1)[0][0] if votes else -1


def count_association(articles: Iterable[Written]) -> Association:
    """Count n-grams in the blocks of articles, borders marked."""
    return Association.count(
        start + normalize("".join(article.text[block.start : block.end].split())) + end
        for article in articles
        for block in article.blocks
        for start, end in [BORDERS[BORDER_OF_ROLE[block.role]]]
    )


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
    blocks, roles = body_of(look_at(lines, layout)[0], layout)
    if len(blocks) < 2:
        return None
    wanted = [
        assembly.GOES_ON if truth.article(above) == truth.article(below) else assembly.BEGINS
        for above, below in pairwise(blocks)
    ]
    return assembly.begin_features(blocks, roles, Words.of([b.key for b in blocks])), wanted


def link_examples(truth: Truth, lines: Sequence[Fragment], layout: Layout) -> Examples | None:
    """Each two parts near each other, as cleaning cuts the page, and whether they are one article's."""
    blocks, roles = body_of(look_at(lines, layout)[0], layout)
    words = Words.of([block.key for block in blocks])
    parts = assembly.cut(blocks, roles, words, layout.begins)
    pairs = assembly.link_pairs(parts)
    if not pairs:
        return None
    article = [
        Counter(truth.article(f) for f in part.fragments).most_common(1)[0][0] for part in parts
    ]
    wanted = [assembly.SAME if article[i] == article[j] else assembly.OTHER for i, j in pairs]
    return assembly.link_features(parts, pairs, words), wanted


_CUTTINGS = 0.2
_HIDDEN, _MEMBERS, _PENALTY = 32, 3, 0.1
_UNTRAINED = Network((), np.zeros(0), np.ones(0), ())
_STEPS = (  # the networks in the order in which they work, and the share of pages that serves
    ("wraps", wrap_examples, 1.0),
    ("roles", role_examples, 1.0),
    ("joints", joint_examples, 0.5),
    ("begins", begin_examples, 1.0),
    ("links", link_examples, 1.0),
)


def simulate(articles: Sequence[AnnotatedArticle], count: int, *, seed: int) -> Iterator[CleanPage]:
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
        yield wreck(chosen, rng)


def train_layout(
    articles: Sequence[AnnotatedArticle], *, pages: int, seed: int, say: Callable[[str], None]
) -> Layout:
    """Train every network on simulated pages, each on what the networks before it make of them.

    ``pages`` are drawn for each network anew: what one has seen in training it joins too well.
    Pairs of fragments are so many that half as many pages serve for them.
    """
    origins = tuple(sorted({origin(article) for article in articles}))
    association = count_association(articles)
    networks = {name: _UNTRAINED for name, _, _ in _STEPS}
    layout = Layout(association=association, trained_on=origins, **networks)
    for number, (name, examples, share) in enumerate(_STEPS):
        drawn = simulate(articles, round(share * pages), seed=seed + number)
        rows, wanted = _together(drawn, layout, examples)
        say(f"{name}: {len(wanted)} examples of {rows.shape[1]} features")
        networks[name] = Network.train(
            rows, wanted, hidden=_HIDDEN, members=_MEMBERS, penalty=_PENALTY, seed=seed
        )
        layout = Layout(association=association, trained_on=origins, **networks)
    return layout


def _together(
    pages: Iterable[CleanPage],
    layout: Layout,
    examples: Callable[[Truth, Sequence[Fragment], Layout], Examples | None],
) -> Examples:
    """The examples of all pages."""
    rows, wanted = [], list[str]()
    for page in pages:
        found = examples(Truth(page), pieces(page.page.text, layout.association), layout)
        if found:
            rows.append(found[0].astype(np.float32))
            wanted += found[1]
    return np.vstack(rows), wanted
