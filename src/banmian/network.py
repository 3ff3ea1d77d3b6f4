"""A small classifier as plain numbers: standardized features through dense layers.

scikit-learn estimates the weights (``MLPClassifier``); here they are only multiplied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from banmian.arrays import from_strings, to_strings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Rectified linear layers, a softmax at the end."""

    classes: tuple[str, ...]
    mean: Floats
    deviation: Floats
    layers: tuple[tuple[Floats, Floats], ...]  # (weights, biases)

    @classmethod
    def train(
        cls,
        rows: Floats,
        wanted: Sequence[str],
        *,
        hidden: int,
        members: int,
        penalty: float,
        seed: int,
    ) -> Network:
        """Train on rows of features (examples, features) and one class for each.

        ``members`` networks of one hidden layer are trained from different seeds; side by side
        they are one wider network that says the mean of their decision values.
        """
        from sklearn.neural_network import MLPClassifier

        mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        scaled = ((rows - mean) / deviation).astype(np.float32)
        trained = [
            MLPClassifier(
                (hidden,), alpha=penalty, batch_size=256, early_stopping=True, n_iter_no_change=4,
                max_iter=40, random_state=seed + member,
            ).fit(scaled, list(wanted))
            for member in range(members)
        ]  # fmt: skip
        inner = (
            np.hstack([model.coefs_[0] for model in trained]),
            np.concatenate([model.intercepts_[0] for model in trained]),
        )
        outer = (
            np.vstack([model.coefs_[1] for model in trained]) / members,
            np.mean([model.intercepts_[1] for model in trained], axis=0),
        )
        return cls(tuple(map(str, trained[0].classes_)), mean, deviation, (inner, outer))

    def probabilities(self, rows: Floats) -> Floats:
        """(examples, classes), each row summing to one."""
        values = np.clip((rows - self.mean) / self.deviation, -10, 10)
        for number, (weights, biases) in enumerate(self.layers):
            values = values @ weights + biases
            if number + 1 < len(self.layers):
                values = np.maximum(values, 0)
        if values.shape[1] == 1:  # of two classes the last layer says only the second
            values = np.concatenate([np.zeros_like(values), values], axis=1)
        shares = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """As plain arrays."""
        arrays: dict[str, NDArray[np.generic]] = {
            "classes": from_strings(self.classes),
            "mean": self.mean.astype(np.float32),
            "deviation": self.deviation.astype(np.float32),
        }
        for number, (weights, biases) in enumerate(self.layers):
            arrays[f"weights_{number}"] = weights.astype(np.float32)
            arrays[f"biases_{number}"] = biases.astype(np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Network:
        """The inverse. Raises KeyError where one is missing, ValueError where they do not fit."""
        count = sum(name.startswith("weights_") for name in arrays)
        layers = tuple(
            (
                arrays[f"weights_{number}"].astype(np.float64),
                arrays[f"biases_{number}"].astype(np.float64),
            )
            for number in range(count)
        )
        mean = arrays["mean"].astype(np.float64)
        width = len(mean)
        for weights, biases in layers:
            if weights.ndim != 2 or weights.shape != (width, len(biases)):
                raise ValueError("the layers do not fit")
            width = len(biases)
        return cls(
            tuple(to_strings(arrays["classes"])),
            mean,
            arrays["deviation"].astype(np.float64),
            layers,
        )


UNTRAINED = Network((), np.zeros(0), np.ones(0), ())
