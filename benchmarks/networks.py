"""What other seeds and several networks side by side bring to the span tagger.

Trains the network on corpus/dev once for each seed, and measures it alone, beside the CRF of the
model of `dev`, and as the mean of all its seeds, on the held-out batches and the real
pages (exact F1, gold articles in). Trained networks are kept in training/networks and not trained again.

Run it from the repository after ``spacy project run dev``, for example
``python benchmarks/networks.py --seed 0 --seed 1 --epochs 5``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from span_finders import SETS, figures, gold

from banmian.annotations import read_annotations
from banmian.embeddings import bundled
from banmian.evaluation import model_tagger
from banmian.files import write_bytes
from banmian.model import load
from banmian.span_model import tagged_lines
from banmian.span_network import SpanNetwork
from banmian.span_network_training import train_network

DEV, KEPT = Path("training/dev/model-last"), Path("training/networks")


@dataclass(frozen=True)
class Mean:
    """Several networks that speak with one voice, the mean of their scores."""

    networks: tuple[SpanNetwork, ...]

    @property
    def transitions(self) -> NDArray[np.float64]:
        """The mean of their scores for a tag after a tag."""
        return np.asarray(np.mean([one.transitions for one in self.networks], axis=0))

    def emissions(self, lines: Sequence[str]) -> list[NDArray[np.float64]]:
        """The mean of their scores for each tag of each character."""
        rows = [one.emissions(lines) for one in self.networks]
        return [np.mean(own, axis=0) for own in zip(*rows, strict=True)]


def main() -> None:
    """Train what is not there yet, and print a row for each network and for their means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", action="append", type=int)
    parser.add_argument("--epochs", type=int, default=5)
    chosen = parser.parse_args()
    nlp = load(DEV)
    tagger: Any = nlp.get_pipe("span_tagger")
    crf = replace(tagger.model, network=None)
    sets = {where: list(read_annotations([path])) for where, path in SETS.items()}

    def report(name: str, network: Any) -> None:
        for share in (1.0, 0.5):
            tagger.model = replace(crf, network=network, share=share)
            for where, articles in sets.items():
                found = figures(model_tagger(nlp), articles)
                print(f"{name}, share {share}, {where}: {found}", flush=True)

    networks = []
    for seed in chosen.seed or [0]:
        networks.append(trained(seed, chosen.epochs, tagger.model.crf.scheme))
        report(f"{chosen.epochs} epochs, seed {seed}", networks[-1])
    if len(networks) > 1:
        report(f"mean of {len(networks)}", Mean(tuple(networks)))


def trained(seed: int, epochs: int, scheme: Any) -> SpanNetwork:
    """The network of this seed, trained or as it was kept."""
    kept = KEPT / f"{epochs}-{seed}.npz"
    if not kept.exists():
        lines = list(tagged_lines(list(gold()), scheme))
        network = train_network(lines, scheme, bundled(), epochs=epochs, seed=seed)
        write_bytes(kept, network.to_bytes())
    return SpanNetwork.from_bytes(kept.read_bytes())


if __name__ == "__main__":
    main()
