"""Filters of the searches that Mantik answers itself: conditions, joined by AND, as MLflow's clients write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mantik.lib.patterns import ILike, Like

_CONDITION = re.compile(
    r"""
    \s* (?: (?P<kind> attr(?:ibute)?s? | tags? ) \. )?
    (?P<name> [\w.]+ | `[^`]*` | "[^"]*" )
    \s* (?P<comparator> = | != | I?LIKE\b )
    \s* (?: '(?P<single>[^']*)' | "(?P<double>[^"]*)" ) \s*
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Of a filter, in characters: SQLite takes no pattern of 50,000, and no 1,000 conditions.
LONGEST = 5000
_AND = re.compile(r"AND\b", re.IGNORECASE)
_LOOKUPS = {"=": "exact", "LIKE": Like.lookup_name, "ILIKE": ILike.lookup_name}


@dataclass(frozen=True)
class Condition:
    """`key` in lower case and without quotes or `attributes.`: "name", "tag.mlflow.prompt.is_prompt"."""

    key: str
    comparator: str
    value: str

    @property
    def lookup(self) -> str | None:
        """Django's name of the comparison; None for `!=`."""
        return _LOOKUPS.get(self.comparator)


def conditions(written: str) -> list[Condition] | None:
    """Those of a filter, none of an empty one; None if it cannot be read."""
    try:
        return list(_read(written)) if written.strip() else []
    except ValueError:
        return None


def _read(written: str) -> Iterator[Condition]:
    """Raises ValueError."""
    at = 0
    while match := _CONDITION.match(written, at):
        yield _condition(match)
        at = match.end()
        if at == len(written):
            return
        joined = _AND.match(written, at)
        if joined is None:
            break
        at = joined.end()
    raise ValueError(written)


def _condition(match: re.Match[str]) -> Condition:
    name = match["name"].strip('`"').lower()
    is_tag = (match["kind"] or "").lower().startswith("tag")
    return Condition(
        key=f"tag.{name}" if is_tag else name,
        comparator=match["comparator"].upper(),
        value=match["single"] if match["single"] is not None else match["double"],
    )
