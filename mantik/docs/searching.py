"""Finding words in the docs. A library has some hundred sections, so each is simply looked through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mantik.docs.library import Library, Page
from mantik.docs.rendering import Section

LONGEST_QUERY = 200
MOST_SHOWN = 20
# How many characters an extract has before the first word that was found, and altogether.
_EXTRACT_LEAD = 70
_EXTRACT = 230

# Parts of a setting's name are words, too.
_BEGINS, _GOES_ON = r"(?<![^\W_])", r"[^\W_]*"
# A search for "pause" or "schedules" also finds "pausing" and "schedule".
_ENDING = re.compile(r"(?<=\w{4})(e|s|es|ed|ing)$")


@dataclass(frozen=True)
class Hit:
    """A section that has some of the words. `trail` leads to it from its page; `extract` are (text, is a word)."""

    page: Page
    section: Section
    trail: tuple[str, ...]
    extract: list[tuple[str, bool]]


@dataclass(frozen=True)
class Found:
    """The best hits first, MOST_SHOWN at most of `total`. Without `has_all`, no section has all of the words."""

    hits: list[Hit]
    total: int
    has_all: bool


@dataclass(frozen=True)
class _Place:
    """A section with the headings above it."""

    page: Page
    section: Section
    trail: tuple[str, ...]

    @property
    def words(self) -> str:
        return " ".join((self.page.title, *self.trail, self.section.text))

    def has(self, pattern: re.Pattern[str]) -> bool:
        return pattern.search(self.words) is not None


def clean(query: str) -> str:
    """The query without characters that cannot be shown, and with single spaces."""
    words = ("".join(filter(str.isprintable, word)) for word in query.split())
    return " ".join(filter(None, words))


def find(query: str, library: Library) -> Found:
    """Sections with all words of `query`, which is clean and not empty; if there is none, those with the most of them.

    A word is found where one begins with it, whatever its case and ending; or anywhere, if no word does.
    """
    places = [place for page in library.pages.values() for place in _places(page)]
    words = [_pattern(word, places) for word in dict.fromkeys(query.lower().split())]
    counts = [sum(map(place.has, words)) for place in places]
    most = max(counts)
    found = [place for place, count in zip(places, counts, strict=True) if count == most] if most else []
    whole = re.compile(re.escape(query), re.IGNORECASE)
    found.sort(key=lambda place: _score(place, words, whole), reverse=True)
    hits = [_hit(place, words, whole) for place in found[:MOST_SHOWN]]
    return Found(hits, len(found), has_all=most == len(words))


def _places(page: Page) -> list[_Place]:
    above: list[Section] = []
    found = []
    for section in page.sections:
        above = [one for one in above if one.level < section.level] + [section]
        # The page itself is called what lists call it.
        found.append(_Place(page, section, (page.label, *(one.title for one in above[1:]))))
    return found


def _pattern(word: str, places: Sequence[_Place]) -> re.Pattern[str]:
    begins = re.compile(f"{_BEGINS}{re.escape(_ENDING.sub('', word))}{_GOES_ON}", re.IGNORECASE)
    return begins if any(place.has(begins) for place in places) else re.compile(re.escape(word), re.IGNORECASE)


def _score(place: _Place, words: Sequence[re.Pattern[str]], whole: re.Pattern[str]) -> int:
    """Headings weigh more than text, and the query as a whole more than its words; equal scores stay in order."""
    title, trail, text = place.trail[-1], " ".join(place.trail), place.section.text
    together = 20 * bool(whole.search(title)) + 12 * bool(whole.search(text))
    apart = (8 * bool(word.search(title)) + 6 * bool(word.search(trail)) + bool(word.search(text)) for word in words)
    return together + sum(apart)


def _hit(place: _Place, words: Sequence[re.Pattern[str]], whole: re.Pattern[str]) -> Hit:
    longest_first = sorted((word.pattern for word in words), key=len, reverse=True)
    any_word = re.compile(f"({'|'.join(longest_first)})", re.IGNORECASE)
    text = place.section.text
    extract = _extract(text, any_word, around=whole.search(text) or any_word.search(text))
    return Hit(place.page, place.section, place.trail, extract)


def _extract(text: str, any_word: re.Pattern[str], *, around: re.Match[str] | None) -> list[tuple[str, bool]]:
    """The text `around` what was found, or its beginning, cut between words."""
    start = _cut(text, around.start() - _EXTRACT_LEAD) if around else 0
    end = max(start, _cut(text, start + _EXTRACT))
    shown = f"{'… ' if start else ''}{text[start:end].strip()}{' …' if end < len(text) else ''}"
    # Every second piece is what the pattern has caught.
    return [(piece, index % 2 == 1) for index, piece in enumerate(any_word.split(shown)) if piece]


def _cut(text: str, place: int) -> int:
    """`place`, or a little before it, where a word begins or the text ends."""
    return len(text) if place >= len(text) else text.rfind(" ", 0, max(place, 0)) + 1
