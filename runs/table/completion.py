"""What could be typed next in a filter: names that runs have logged, comparisons, states, `and` and `or`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from runs.states import RunState
from runs.table.language import OWN, Field, Source, read
from runs.table.scope import Scope
from runs.table.tokens import LONGEST, Expected, Kind, Misread, tokens_of

MOST = 12
# The word that is being typed, its quotation mark perhaps still open.
_BEING_TYPED = re.compile(r"(?:[^\s()=<>!~,\"]|\"(?:[^\"\\]|\\.)*(?:\"|$))*$")
_LEAST_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "~", "is missing", "is not missing")
_COMPARISONS = {
    "state": ("=", "!="),
    "name": ("~", "=", "!=", "!~"),
    "by": ("=", "!=", "~", "!~"),
    "starred": ("=", "!="),
    "notes": ("~", "!~", "is missing", "is not missing"),
    "started": (">=", "<", ">", "<=", "="),
    "duration": (">", "<", ">=", "<=", "="),
}


@dataclass(frozen=True)
class Completion:
    """`text` may take the place of what stands between `begin` and `end`."""

    text: str
    begin: int
    end: int


def completions(scope: Scope, text: str, at: int) -> list[Completion]:
    """What may stand where the cursor is, before character `at`. One query, or none."""
    typed = text[: max(0, at)][:LONGEST]
    if "\0" in typed:
        return []
    found = _BEING_TYPED.search(typed)
    word = found[0] if found else ""
    before = typed[: len(typed) - len(word)]
    offered = islice(_offered(scope, before, word), MOST)
    return [Completion(one, len(before), len(typed)) for one in offered]


def _offered(scope: Scope, before: str, word: str) -> Iterator[str]:
    try:
        read(before)
    except Misread as misread:
        # Only what is missing at the end can be typed now.
        expected = misread.expected if misread.at >= len(before) else Expected.NOTHING
    else:
        expected = Expected.JOINT if before.strip() else Expected.NAME
    if expected is Expected.NAME:
        yield from _names(scope, word)
    elif expected is Expected.JOINT:
        yield from _beginning(("and", "or"), word)
    elif expected is Expected.COMPARISON:
        yield from _beginning(_COMPARISONS.get(_last_word(before), _LEAST_COMPARISONS), word)
    elif expected is Expected.VALUE and _last_word(before, back=2) == "starred":
        yield from _beginning(("yes", "no"), word)
    elif expected is Expected.VALUE and _last_word(before, back=2) == "state":
        yield from _beginning(("active", *(state.value.lower() for state in RunState)), word)


def _names(scope: Scope, word: str) -> Iterator[str]:
    yield from _beginning(OWN, word)
    source, dot, rest = word.lower().partition(".")
    is_one = bool(dot) and source in ("metric", "param", "tag")
    rows = scope.names().order_by("kind", "key")
    if is_one:
        rows = rows.filter(kind=source)
    looked_for = (rest if is_one else word).strip('"')
    rows = rows.filter(key__icontains=looked_for) if looked_for else rows
    yield from (str(Field(Source(kind), key)) for kind, key in rows.values_list("kind", "key").distinct()[:MOST])


def _beginning(words: Iterable[str], typed: str) -> Iterator[str]:
    return (word for word in words if word.startswith(typed.lower()))


def _last_word(before: str, *, back: int = 1) -> str:
    tokens = [token for token in tokens_of(before) if token.kind is not Kind.END]
    return tokens[-back].text.lower() if len(tokens) >= back else ""
