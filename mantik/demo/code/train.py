"""Teach a small neural network to read handwritten digits, and keep it in MLflow."""

from __future__ import annotations

import argparse

import digits
import mlflow
import mlflow.sklearn
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split


def main() -> None:
    options = arguments()
    images, labels = digits.load()
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, labels, test_size=0.25, random_state=options.seed, stratify=labels
    )
    network = digits.Network(hidden_units=options.hidden_units, learning_rate=options.learning_rate, seed=options.seed)
    # MLFLOW_RUN_ID says which run this is, so nothing has to be named here.
    with mlflow.start_run():
        mlflow.log_params(vars(options))
        print(f"{len(train_images)} images to learn from, {len(test_images)} to test with")
        for epoch in range(1, options.epochs + 1):
            network.learn(train_images, train_labels)
            _, train_loss = network.measure(train_images, train_labels)
            accuracy, loss = network.measure(test_images, test_labels)
            metrics = {"train_loss": train_loss, "test_loss": loss, "test_accuracy": accuracy}
            mlflow.log_metrics(metrics, step=epoch)
            print(f"epoch {epoch}/{options.epochs}  loss {loss:.4f}  accuracy {accuracy:.4f}")
        matrix = confusion_matrix(test_labels, network.model.predict(test_images))
        mlflow.log_text(as_table(matrix.tolist()), "confusion_matrix.txt")
        keep(network, test_images)


def keep(network: digits.Network, images: digits.Array) -> None:
    """The model with the shape of what it takes and gives. Loading it again runs no code but scikit-learn's."""
    mlflow.sklearn.log_model(
        network.model,
        name="model",
        signature=mlflow.models.infer_signature(images, network.model.predict(images)),
        # Said here, because finding it out takes MLflow longer than the training.
        pip_requirements=["scikit-learn"],
        skops_trusted_types=["sklearn.neural_network._stochastic_optimizers.AdamOptimizer"],
    )


def as_table(matrix: list[list[int]]) -> str:
    """Rows are the digits as they are, columns what the network takes them for."""
    head = "     " + "".join(f"{digit:>5}" for digit in range(10))
    rows = [f"{digit:>5}" + "".join(f"{count:>5}" for count in row) for digit, row in enumerate(matrix)]
    return "\n".join([head, *rows]) + "\n"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--hidden-units", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
