"""Which values of its runs a table shows: as chosen by its reader, or those that tell the most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count

from mantik.accounts.models import User
from runs.models import MetricSummary, RunParam, TableColumns
from runs.results.metric_order import most_telling
from runs.table.language import Field, Source, Which, read_field
from runs.table.names import Names
from runs.table.scope import Scope
from runs.table.tokens import Kind, Misread, tokens_of

MOST_COLUMNS = 20
# Without a choice: how many of each kind, which a laptop has room for, and how many of the newest runs are looked at.
_USUAL_METRICS, _USUAL_PARAMS, _LOOKED_AT = 3, 2, 50


@dataclass(frozen=True)
class Column:
    """A column of something that runs log."""

    field: Field

    @property
    def label(self) -> str:
        which = self.field.which
        return self.field.name if which is Which.LAST else f"{self.field.name}, {which}"

    @property
    def is_metric(self) -> bool:
        return self.field.source is Source.METRIC


def read_columns(text: str) -> list[Field]:
    """The fields that `text` names, in its order, separated by spaces or commas. Raises Misread."""
    # As long as it was, so that places in it stay.
    found = [token for token in tokens_of(_without_commas(text)) if token.kind is not Kind.END]
    fields: dict[Field, None] = {}
    for token in found:
        if token.kind is not Kind.WORD:
            raise token.wrong("Here the name of a column should stand, like metric.loss or param.lr.")
        fields[_read(token.text, token.at)] = None
    if len(fields) > MOST_COLUMNS:
        last = found[-1]
        raise last.wrong(f"A table has at most {MOST_COLUMNS} columns of what runs log; these are {len(fields)}.")
    return list(fields)


def checked_columns(scope: Scope, text: str) -> list[Field]:
    """As `read_columns`, each from where it is. Raises Misread for what no run has logged."""
    fields = read_columns(text)
    names = Names(scope, fields)
    tokens = [token for token in tokens_of(_without_commas(text)) if token.kind is Kind.WORD]
    by_field = {_read(token.text, token.at): token for token in tokens}
    return list(dict.fromkeys(names.known(field, by_field[field]) for field in fields))


def columns_of(scope: Scope, user: User | AnonymousUser) -> list[Field]:
    """Those that `user` has chosen, else the usual ones. One query, or three."""
    kept = TableColumns.objects.filter(user=user.pk, **_place(scope)).first() if user.is_authenticated else None
    return _fields(kept.columns) if kept else usual_columns(scope)


def keep_columns(*, scope: Scope, user: User, fields: Sequence[Field]) -> None:
    """Without any, the usual columns are shown again. It is the reader's own view, so nothing is recorded."""
    if not fields:
        TableColumns.objects.filter(user=user, **_place(scope)).delete()
        return
    columns = [str(field) for field in fields]
    TableColumns.objects.update_or_create(user=user, **_place(scope), defaults={"columns": columns})


def usual_columns(scope: Scope) -> list[Field]:
    """The pinned metric and the most telling others, and params in which the newest runs differ. Two queries."""
    newest = list(scope.runs().newest_first().values_list("pk", flat=True)[:_LOOKED_AT])
    logged = MetricSummary.objects.filter(run__in=newest, owner="").order_by()
    found = set(logged.values_list("name__key", flat=True).distinct())
    pinned = [scope.pinned_metric] if scope.pinned_metric else []
    keys = [*pinned, *(key for key in most_telling(found) if key not in pinned and not key.startswith("system/"))]
    metrics = [Field(Source.METRIC, key) for key in keys[:_USUAL_METRICS]]
    params = RunParam.objects.filter(run__in=newest, owner="").order_by().values("name__key")
    differing = params.annotate(different=Count("value", distinct=True)).order_by("-different", "name__key")
    first = [row["name__key"] for row in differing.filter(different__gt=1)[:_USUAL_PARAMS]]
    return [*metrics, *(Field(Source.PARAM, key) for key in first)]


def leading_metric(scope: Scope, fields: Iterable[Field]) -> Field | None:
    """The pinned metric, else the first that has a column."""
    if scope.pinned_metric:
        return Field(Source.METRIC, scope.pinned_metric)
    return next((Field(Source.METRIC, field.name) for field in fields if field.source is Source.METRIC), None)


def all_names(scope: Scope, *, most: int) -> dict[Source, list[str]]:
    """What runs of `scope` have logged, by name. One query."""
    rows = scope.names().order_by("kind", "key").values_list("kind", "key").distinct()[:most]
    found: dict[Source, list[str]] = {Source.METRIC: [], Source.PARAM: [], Source.TAG: []}
    for kind, key in rows:
        found[Source(kind)].append(key)
    return found


def _place(scope: Scope) -> dict[str, Any]:
    return {"experiment": scope.experiment} if scope.experiment else {"project": scope.project}


def _without_commas(text: str) -> str:
    """Commas between names as spaces; those in quotation marks stay."""
    quote, found = "", []
    for at, character in enumerate(text):
        is_escaped = quote and at and text[at - 1] == "\\"
        if character in "\"'" and not is_escaped and quote in ("", character):
            quote = "" if quote else character
        found.append(" " if character == "," and not quote else character)
    return "".join(found)


def _read(text: str, at: int) -> Field:
    try:
        field = read_field(text)
    except Misread as misread:
        raise Misread(misread.sentence, at=at + misread.at, length=misread.length) from None
    if field.source is Source.OWN:
        why = "No table shows notes." if field.name == "notes" else f"Every table shows {text} already."
        raise Misread(f"{why} Name a metric, param or tag.", at=at, length=len(text))
    return field


def _fields(columns: Iterable[str]) -> list[Field]:
    """Those that were stored; what cannot be read any more is left out."""
    found = []
    for column in columns:
        try:
            found.append(read_field(str(column)))
        except Misread:
            continue
    return found
