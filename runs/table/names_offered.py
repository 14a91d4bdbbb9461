"""The names that the page of columns offers: each a link to itself with the name added or taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from mantik.lib.filters import Link
from runs.table.columns import all_names, read_columns
from runs.table.language import Field, Source, Which
from runs.table.scope import Scope
from runs.table.tokens import Misread

MOST_OFFERED = 300


@dataclass(frozen=True)
class Offered:
    """`links`: of a param or tag one, of a metric one for each of its values."""

    name: str
    links: Sequence[Link]


@dataclass(frozen=True)
class NamesOffered:
    """`is_all`: whether there are no other names than these."""

    path: str
    metrics: Sequence[Offered]
    params: Sequence[Offered]
    tags: Sequence[Offered]
    is_all: bool


def names_offered(scope: Scope, text: str, *, path: str) -> NamesOffered:
    """`text`: the columns chosen so far; if it cannot be read, names are added to none. One query."""
    try:
        chosen = read_columns(text)
    except Misread:
        chosen = []
    names = all_names(scope, most=MOST_OFFERED + 1)
    found = {source: [_offered(source, key, chosen) for key in keys] for source, keys in names.items()}
    count = sum(map(len, found.values()))
    return NamesOffered(path, found[Source.METRIC], found[Source.PARAM], found[Source.TAG], count <= MOST_OFFERED)


def _offered(source: Source, key: str, chosen: Sequence[Field]) -> Offered:
    if source is not Source.METRIC:
        return Offered(key, [_link(Field(source, key), key, chosen)])
    return Offered(key, [_link(Field(source, key, which), which, chosen) for which in Which])


def _link(field: Field, label: str, chosen: Sequence[Field]) -> Link:
    is_chosen = field in chosen
    fields = [one for one in chosen if one != field] if is_chosen else [*chosen, field]
    query = QueryDict(mutable=True)
    query["columns"] = " ".join(map(str, fields))
    return Link(label, query, is_chosen)
