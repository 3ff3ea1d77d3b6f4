"""Examples for the networks of the layout, from pages of which the truth is known."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from banmian import assembly
from banmian.annotations import origin
from banmian.articles import in_reading_order, look_at
from banmian.association import Association
from banmian.characters import normalize
from banmian.fragments import (
    BORDER_OF_ROLE,
    BORDERS,
    JOINED,
    Fragment,
    join_wraps,
    pieces,
    wrap_features,
    wrap_probabilities,
)
from banmian.layout import Layout
from banmian.layout_noise import Written, draw_articles, wreck
from banmian.layout_scoring import Place, block_numbers, furniture_letters, letters, places
from banmian.network import Network
from banmian.reading_order import candidates, joint_features, view_of
from banmian.roles import CLASSES, role_features
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

    def first(self, fragment: Fragment) -> int:
        """The offset of a fragment's first character."""
        return fragment.stretches[0][0]

    def last(self, fragment: Fragment) -> int:
        """The offset of a fragment's last character."""
        return fragment.stretches[-1][1] - 1

    def joined(self, before: Fragment, behind: Fragment) -> bool:
        """Whether one fragment goes on in the other."""
        return self.follows.get(self.last(before)) == self.first(behind)

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


def wrap_examples(pages: Sequence[CleanPage], association: Association) -> Examples:
    """Each two lines that stand one below the other, and whether they belong together."""
    rows, wanted = [], list[str]()
    for page in pages:
        truth, lines = Truth(page), pieces(page.page.text)
        if len(lines) < 2:
            continue
        rows.append(wrap_features(lines, association))
        wanted += [JOINED if truth.joined(a, b) else APART for a, b in pairwise(lines)]
    return np.vstack(rows), wanted


def role_examples(pages: Sequence[CleanPage], association: Association, wraps: Network) -> Examples:
    """Each fragment of the pages, as the first network joins them, and its role."""
    rows, wanted = [], list[str]()
    for page in pages:
        truth = Truth(page)
        fragments = join_wraps(pieces(page.page.text), association, wraps)
        if not fragments:
            continue
        joined = wrap_probabilities(fragments, association, wraps)
        features = role_features(fragments, joined, association)
        roles = [truth.role(fragment) for fragment in fragments]
        known = [bool(role) for role in roles]
        rows.append(features[known])
        wanted += [role for role in roles if role]
    return np.vstack(rows), wanted


def joint_examples(
    pages: Sequence[CleanPage], association: Association, wraps: Network, roles: Network
) -> Examples:
    """Each pair of fragments of which one may continue the other, and whether it does."""
    rows, wanted = [], list[str]()
    for page in pages:
        truth = Truth(page)
        view = view_of(pieces(page.page.text), association, wraps, roles)
        pairs = candidates(view)
        if not pairs:
            continue
        rows.append(joint_features(view, pairs, association).astype(np.float32))
        wanted += [
            JOINED if truth.joined(view.fragments[i], view.fragments[j]) else APART
            for i, j in pairs
        ]
    return np.vstack(rows), wanted


def begin_examples(pages: Sequence[CleanPage], layout: Layout) -> Examples:
    """Each block but a page's first, in the order that cleaning finds, and whether it begins an article."""
    rows, wanted = [], list[str]()
    for page in pages:
        truth = Truth(page)
        blocks, roles = _without_furniture(page, layout)
        if len(blocks) < 2:
            continue
        rows.append(assembly.begin_features(blocks, roles, layout.association))
        articles = [truth.article(block) for block in blocks]
        wanted += [
            assembly.GOES_ON if above == below else assembly.BEGINS
            for above, below in pairwise(articles)
        ]
    return np.vstack(rows), wanted


def link_examples(pages: Sequence[CleanPage], layout: Layout) -> Examples:
    """Each two parts near each other, as cleaning cuts the pages, and whether they are one article's."""
    rows, wanted = [], list[str]()
    for page in pages:
        truth = Truth(page)
        blocks, roles = _without_furniture(page, layout)
        parts = assembly.cut(blocks, roles, layout.association, layout.begins)
        pairs = assembly.link_pairs(parts)
        if not pairs:
            continue
        rows.append(assembly.link_features(parts, pairs, assembly.Rarity(blocks)))
        article = [
            Counter(truth.article(f) for f in part.fragments).most_common(1)[0][0] for part in parts
        ]
        wanted += [assembly.SAME if article[i] == article[j] else assembly.OTHER for i, j in pairs]
    return np.vstack(rows), wanted


def _without_furniture(page: CleanPage, layout: Layout) -> tuple[list[Fragment], Floats]:
    view, _ = look_at(pieces(page.page.text), layout)
    blocks, roles = in_reading_order(view, layout)
    kept = [at for at, row in enumerate(roles) if CLASSES[int(row.argmax())] != "furniture"]
    return [blocks[at] for at in kept], roles[kept]


_CUTTINGS = 0.2
_HIDDEN, _MEMBERS, _PENALTY = 32, 3, 0.1
_UNTRAINED = Network((), np.zeros(0), np.ones(0), ())


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
    association = count_association(articles)
    origins = tuple(sorted({origin(article) for article in articles}))
    none = _UNTRAINED
    layout = Layout(association, none, none, none, none, none, origins)

    def fit(
        name: str, step: int, examples: Callable[[list[CleanPage]], Examples], share: float = 1.0
    ) -> Network:
        rows, wanted = examples(list(simulate(articles, round(share * pages), seed=seed + step)))
        say(f"{name}: {len(wanted)} examples of {rows.shape[1]} features")
        return Network.train(
            rows, wanted, hidden=_HIDDEN, members=_MEMBERS, penalty=_PENALTY, seed=seed
        )

    wraps = fit("wraps", 0, lambda drawn: wrap_examples(drawn, association))
    roles = fit("roles", 1, lambda drawn: role_examples(drawn, association, wraps))
    joints = fit("joints", 2, lambda drawn: joint_examples(drawn, association, wraps, roles), 0.5)
    layout = replace(layout, wraps=wraps, roles=roles, joints=joints)
    known = layout
    layout = replace(layout, begins=fit("begins", 3, lambda drawn: begin_examples(drawn, known)))
    cut = layout
    return replace(layout, links=fit("links", 4, lambda drawn: link_examples(drawn, cut)))
