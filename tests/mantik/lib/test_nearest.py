from __future__ import annotations

import random
from collections.abc import Sequence
from difflib import SequenceMatcher

import pytest

from mantik.lib import nearest as module
from mantik.lib.nearest import LONGEST, MOST_COMPARED, MOST_LETTERS, nearest

LETTERS = "abcdefghij" * 19


def shuffled(count: int) -> list[str]:
    """Words that have every letter in common, so that only a whole comparison tells them apart."""
    rng = random.Random(1)
    return ["".join(rng.sample(LETTERS, len(LETTERS))) for _ in range(count)]


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("mian", ["topic", "main", "maine"], ["main", "maine"]),
        ("conf/batsh.yaml", ["conf/batch.yaml", "train.py"], ["conf/batch.yaml"]),
        ("x", ["topic", "main"], []),
        ("", ["main"], []),
        ("main", [], []),
        ("m" * (LONGEST + 1), ["m" * (LONGEST + 1)], []),
    ],
)
def test_it_finds_what_was_meant(word: str, known: list[str], found: list[str]) -> None:
    assert nearest(word, known, most=2, cutoff=0.6) == found


def test_few_of_many_words_that_are_made_to_be_slow_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, compared = [], []

    class Counting(SequenceMatcher[str]):
        def set_seq1(self, a: Sequence[str]) -> None:
            self.letters = len(a)
            super().set_seq1(a)

        def quick_ratio(self) -> float:
            looked.append(self.letters)
            return super().quick_ratio()

        def ratio(self) -> float:
            compared.append(self.letters)
            return super().ratio()

    monkeypatch.setattr(module, "SequenceMatcher", Counting)
    word, *others = shuffled(5000)
    nearest(word, others, most=3, cutoff=0.6)
    assert sum(looked) <= MOST_LETTERS
    assert len(compared) == MOST_COMPARED
