"""The field's arithmetic against brute force."""

import itertools

import numpy as np
import pytest

from banmian import crf


@pytest.fixture
def lattice_input():
    rng = np.random.default_rng(0)
    scheme = crf.TagScheme(("ORG", "SLOGAN"))
    rows = [rng.normal(size=(length, scheme.size)) for length in (3, 1, 2)]
    transitions = rng.normal(size=(scheme.size, scheme.size))
    return scheme, *crf.pad(rows), transitions


def all_paths(scheme, scores, transitions, index, length):
    moves, first, last = scheme.constraints()
    for path in itertools.product(range(scheme.size), repeat=length):
        total = first[path[0]] + last[path[-1]]
        total += sum(scores[at, index, tag] for at, tag in enumerate(path))
        total += sum(transitions[a, b] + moves[a, b] for a, b in itertools.pairwise(path))
        if total > -5000:
            yield path, total


def test_probability_and_best_path_agree_with_enumeration(lattice_input):
    scheme, scores, lengths, transitions = lattice_input
    lattice = crf.build_lattice(scores, lengths, transitions, scheme)
    best = crf.best_paths(scores, lengths, transitions, scheme)
    for index, length in enumerate(lengths):
        paths = list(all_paths(scheme, scores, transitions, index, int(length)))
        z = sum(np.exp(total) for _, total in paths)
        assert lattice.log_z[index] == pytest.approx(np.log(z))
        assert tuple(best[index]) == max(paths, key=lambda item: item[1])[0]
        for start, end in itertools.combinations(range(int(length) + 1), 2):
            for label in scheme.labels:
                share = (
                    sum(np.exp(t) for p, t in paths if (start, end, label) in scheme.decode(p)) / z
                )
                found = crf.span_probability(lattice, index, (start, end, label), scheme)
                assert found == pytest.approx(share, abs=1e-9)


def test_tags_and_spans_are_two_forms_of_one_thing():
    scheme = crf.TagScheme(("ORG", "SLOGAN"))
    spans = [(0, 1, "ORG"), (1, 3, "SLOGAN"), (4, 8, "ORG")]
    assert scheme.decode(scheme.encode(spans, 9)) == spans
