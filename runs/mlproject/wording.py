"""Names values and choices in sentences for users."""

from __future__ import annotations

from collections.abc import Iterable

from mantik.lib.nearest import nearest

_SHOWN_LENGTH = 60


def shown(value: object) -> str:
    """A value as a sentence names it: short, on one line."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return shortened(str(value))
    if isinstance(value, str):
        return f"'{shortened(value)}'" if value.strip() else "an empty text"
    return kind_of(value)


def shortened(text: str, length: int = _SHOWN_LENGTH) -> str:
    """The text on one line, cut with an ellipsis, without characters that a page could not show."""
    line = " ".join(text.split())
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= length else line[: length - 1] + "…"


def kind_of(value: object) -> str:
    """The kind of a value, in the words of somebody who writes YAML and not Python."""
    if isinstance(value, dict):
        return "a mapping of keys"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, bool):
        return "true or false"
    if value is None:
        return "empty"
    return "a number"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody most likely meant by `word`; None if none is similar."""
    by_fold = {name.casefold(): name for name in known}
    match = nearest(word.casefold(), by_fold, most=1, cutoff=0.7)
    return by_fold[match[0]] if match else None


def listed(words: Iterable[str], last: str = "or") -> str:
    """The words as a list in a sentence: 'a, b or c'."""
    *head, tail = list(words) or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def any_of(words: Iterable[str], most: int) -> str:
    """The first `most` words to choose from, and how many more there are: 'a, b or one of 7 more'.

    A single one more is named: "one of 1 more" says less than its name.
    """
    found = list(words)
    rest = len(found) - most
    return listed([*found[:most], f"one of {rest} more"] if rest > 1 else found)


def some_of(words: Iterable[str], most: int) -> str:
    """The first `most` words, and how many more there are: 'a, b and 7 more'."""
    found = list(words)
    rest = len(found) - most
    return listed([*found[:most], f"{rest} more"] if rest > 0 else found, "and")
