"""Orders metrics by importance, for places where not all fit."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Metrics of how good a model is, before those of its error. Any other metric comes after these.
_TELLING = ("accuracy", "acc", "f1", "auc", "r2", "score", "precision", "recall", "rmse", "mae", "mse", "error", "loss")
# Metrics on data that the model was not trained on say more than others.
_DATA = ("test", "val", "valid", "validation", "eval")
_WORD = re.compile(r"[a-z]+[0-9]?")


def most_telling(names: Iterable[str]) -> list[str]:
    """`names`, the most important first."""
    return sorted(names, key=_rank)


def _rank(name: str) -> tuple[bool, int, int, str]:
    words = _WORD.findall(name.lower())
    telling = [place for place, word in enumerate(_TELLING) if word in words]
    data = [place for place, word in enumerate(_DATA) if word in words]
    # Metrics of the machine, which MLflow logs under system/, come last.
    return name.startswith("system/"), min(telling, default=len(_TELLING)), min(data, default=len(_DATA)), name
