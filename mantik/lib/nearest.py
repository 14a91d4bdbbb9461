"""Finds what somebody may have meant by a word that is not known.

Both sides may come from outside: the names of a repository can be made so that comparing two of them takes long. So
most are compared in ways that take one look at each letter, and only a few letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from heapq import nlargest

# Nobody mistypes a longer word; whoever has one has copied it.
LONGEST = 200
# How many known words are looked at, how many letters of them are counted, and how many are then compared.
MOST_KNOWN = 20_000
MOST_LETTERS = 200_000
MOST_COMPARED = 20


def nearest(word: str, known: Iterable[str], *, most: int, cutoff: float) -> list[str]:
    """Those of `known` that are most like `word`, at most `most`, each at least as much as `cutoff`: from 0 to 1.

    However many and however long they are, it takes a moment.
    """
    if not word or len(word) > LONGEST:
        return []
    matcher: SequenceMatcher[str] = SequenceMatcher(b=word)
    with_same_letters = nlargest(MOST_COMPARED, _counted(matcher, known, cutoff))
    compared = ((_likeness(matcher, other), other) for _, other in with_same_letters)
    return [other for likeness, other in nlargest(most, compared) if likeness >= cutoff]


def _counted(matcher: SequenceMatcher[str], known: Iterable[str], cutoff: float) -> Iterator[tuple[float, str]]:
    """The words of about the right length that have enough letters in common, and how much they have."""
    left = MOST_LETTERS
    for _, other in zip(range(MOST_KNOWN), known, strict=False):
        if len(other) > LONGEST:
            continue
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < cutoff:
            continue
        left -= len(other)
        if left < 0:
            return
        if (likeness := matcher.quick_ratio()) >= cutoff:
            yield likeness, other


def _likeness(matcher: SequenceMatcher[str], other: str) -> float:
    matcher.set_seq1(other)
    return matcher.ratio()
