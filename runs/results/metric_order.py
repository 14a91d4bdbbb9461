"""Orders metrics by importance, for places where not all fit; and which of their values is the best."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

# Metrics of how good a model is, before those of its errors and costs. Any other metric comes after these.
_GOOD = ("accuracy", "acc", "f1", "auc", "r2", "score", "precision", "recall")
_BAD = ("rmse", "mae", "mse", "error", "loss", "mape", "nll", "perplexity", "wer", "cer", "fid", "err", "cost")
_TELLING = _GOOD + _BAD
# Metrics on data that the model was not trained on say more than others.
_DATA = ("test", "val", "valid", "validation", "eval")
_WORD = re.compile(r"([a-z]+)([0-9]?)")

Rank = tuple[bool, int, int]


def most_telling(names: Iterable[str], *, pinned: Collection[str] = ()) -> list[str]:
    """`names`, the most important first: before all others those that an experiment has pinned."""
    return sorted(names, key=lambda name: (name not in pinned, rank_of(name), name))


def leading(names: Iterable[str], most: int) -> list[str]:
    """The most important of `names`. First, one of how good a model is and one of its error, if there are both."""
    ordered = most_telling(names)
    first = [next((name for name in ordered if more_is_better(name) is is_good), None) for is_good in (True, False)]
    return list(dict.fromkeys([name for name in first if name is not None] + ordered))[:most]


def rank_of(name: str) -> Rank:
    """The lower, the more important."""
    words = _words(name)
    telling = [place for place, word in enumerate(_TELLING) if word in words]
    data = [place for place, word in enumerate(_DATA) if word in words]
    # Metrics of the machine, which MLflow logs under system/, come last.
    return name.startswith("system/"), min(telling, default=len(_TELLING)), min(data, default=len(_DATA))


def more_is_better(name: str) -> bool | None:
    """Whether of two values the greater is the better one; None if the name does not tell."""
    words = _words(name)
    if name.startswith("system/"):
        return None
    if any(word in words for word in _BAD):
        return False
    return True if any(word in words for word in _GOOD) else None


def _words(name: str) -> set[str]:
    """Of loss2 loss, of val_r2 r2, too."""
    found = _WORD.findall(name.lower())
    return {letters for letters, _ in found} | {letters + digit for letters, digit in found}
