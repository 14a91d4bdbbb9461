"""The data set and the network that both entry points use."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

Array = Any


def load() -> tuple[Array, Array]:
    """1,797 scanned digits: rows of 64 grey values from 0 to 16, and what each of them is."""
    images, labels = load_digits(return_X_y=True)
    return images, labels


class Network:
    """A small neural network that learns epoch by epoch. `model` takes raw images and is what is kept."""

    def __init__(self, *, hidden_units: int, learning_rate: float, seed: int) -> None:
        self._scaler = MinMaxScaler().fit([[0.0] * 64, [16.0] * 64])
        self._network = MLPClassifier(
            hidden_layer_sizes=(hidden_units,), learning_rate_init=learning_rate, random_state=seed
        )
        self.model = Pipeline([("scale", self._scaler), ("network", self._network)])

    def learn(self, images: Array, labels: Array) -> None:
        """One pass over the images."""
        self._network.partial_fit(self._scaler.transform(images), labels, classes=np.arange(10))

    def measure(self, images: Array, labels: Array) -> tuple[float, float]:
        """Accuracy and loss."""
        chances = self.model.predict_proba(images)
        accuracy = float((chances.argmax(axis=1) == labels).mean())
        return accuracy, float(log_loss(labels, chances, labels=np.arange(10)))
