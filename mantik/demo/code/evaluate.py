"""How well these settings do on images the network has not seen: k-fold cross-validation."""

from __future__ import annotations

import argparse
import json
import statistics

import digits
import mlflow
from sklearn.model_selection import StratifiedKFold


def main() -> None:
    options = arguments()
    images, labels = digits.load()
    folds = StratifiedKFold(n_splits=options.folds, shuffle=True, random_state=0)
    accuracies: list[float] = []
    with mlflow.start_run():
        mlflow.log_params(vars(options))
        for fold, (train, test) in enumerate(folds.split(images, labels), start=1):
            network = digits.Network(hidden_units=options.hidden_units, learning_rate=options.learning_rate, seed=fold)
            for _ in range(options.epochs):
                network.learn(images[train], labels[train])
            accuracy, loss = network.measure(images[test], labels[test])
            accuracies.append(accuracy)
            mlflow.log_metrics({"fold_accuracy": accuracy, "fold_loss": loss}, step=fold)
            print(f"fold {fold}/{options.folds}  loss {loss:.4f}  accuracy {accuracy:.4f}")
        summary = {"mean_accuracy": statistics.fmean(accuracies), "worst_accuracy": min(accuracies)}
        mlflow.log_metrics(summary)
        mlflow.log_text(json.dumps({"folds": accuracies, **summary}, indent=2), "evaluation.json")
        print(f"mean accuracy {summary['mean_accuracy']:.4f}, worst {summary['worst_accuracy']:.4f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--hidden-units", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
