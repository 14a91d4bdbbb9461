"""From the tree of a filter to a condition for runs. No SQL is written here.

A comparison is true or false, never unknown: false for a run that has no such value, so that `not` is all the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import and_, or_

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from mantik.accounts.models import User
from runs.models import MetricSummary, RunParam, RunStar, RunTag
from runs.querysets import RunQuerySet
from runs.table import values
from runs.table.language import Absent, Compared, Either, Every, Field, Not, Source, Tree, Which, leaves, read
from runs.table.names import Names
from runs.table.scope import Scope

_OF_RUN = {"run": OuterRef("pk"), "owner": ""}
_LOOKUPS = {"=": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
_LOGGED: dict[Source, type[models.Model]] = {
    Source.METRIC: MetricSummary,
    Source.PARAM: RunParam,
    Source.TAG: RunTag,
}
_COLUMNS = {Which.LAST: "last", Which.MIN: "least", Which.MAX: "most"}


def filtered(runs: RunQuerySet, text: str, *, scope: Scope, user: User | AnonymousUser, now: datetime) -> RunQuerySet:
    """The runs of `scope` that fit the expression `text`; the stars are those of `user`.

    Raises Misread. The queries of `Names` if it names what is logged.
    """
    tree = read(text)
    if tree is None:
        return runs
    names = Names(scope, (leaf.field for leaf in leaves(tree)))
    return runs.filter(_Condition(names, now, user).of(tree))


def column_of(field: Field, names: Names) -> str:
    """The column of a metric's summary that has the value of `field`."""
    if field.which is Which.BEST:
        return "most" if names.more_is_better(field) else "least"
    return _COLUMNS[field.which]


@dataclass(frozen=True)
class _Condition:
    names: Names
    now: datetime
    user: User | AnonymousUser

    def of(self, tree: Tree) -> Q:
        match tree:
            case Every(parts):
                return reduce(and_, map(self.of, parts))
            case Either(parts):
                return reduce(or_, map(self.of, parts))
            case Not(part):
                return ~self.of(part)
            case Absent():
                return self._absent(tree)
        field = self.names.known(tree.field, tree.field_at)
        if field.source is Source.OWN:
            return self._own(field.name, tree)
        return self._logged(field, _of_metric(field, tree, self.names) if _is_metric(field) else _of_text(field, tree))

    def _absent(self, leaf: Absent) -> Q:
        field = self.names.known(leaf.field, leaf.field_at)
        if field.source is Source.OWN:
            if field.name == "notes" and not leaf.is_nan:
                return Q(notes="")
            raise leaf.word_at.wrong(_why_not_absent(field.name))
        if not leaf.is_nan:
            return ~self._logged(field, Q())
        if not _is_metric(field):
            raise leaf.word_at.wrong("Only a metric can be NaN.")
        return self._logged(field, Q(**{f"{column_of(field, self.names)}__isnull": True}))

    def _logged(self, field: Field, condition: Q) -> Q:
        rows = _LOGGED[field.source]._default_manager.filter(condition, name__in=self.names.ids_of(field), **_OF_RUN)
        return Q(Exists(rows))

    def _own(self, name: str, leaf: Compared) -> Q:
        if name == "state":
            return _negated(leaf, Q(state__in=values.states(leaf.value)), only="=")
        if name == "started":
            return _started(leaf)
        if name == "duration":
            return self._duration(leaf)
        if name == "starred":
            return self._starred(leaf)
        if name == "notes":
            return _text("notes", leaf)
        return _text("name" if name == "name" else "created_by__username", leaf)

    def _starred(self, leaf: Compared) -> Q:
        if not self.user.is_authenticated:
            raise leaf.field_at.wrong("Stars belong to whoever is signed in. Sign in, or leave this out.")
        is_starred = Q(Exists(RunStar.objects.filter(run=OuterRef("pk"), user=self.user.pk)))
        return _negated(leaf, is_starred if values.yes_or_no(leaf.value) else ~is_starred, only="=")

    def _duration(self, leaf: Compared) -> Q:
        """Of a run that is over, its length; of another one, how long it has taken until now."""
        length = values.duration(leaf.value)
        if leaf.operator in ("~", "!~"):
            raise leaf.operator_at.wrong("A duration is compared with =, !=, <, <=, > or >=.")
        if leaf.operator in ("=", "!="):
            # Durations are shown in seconds.
            found = self._longer(">=", length) & self._longer("<", length + timedelta(seconds=1))
            return found if leaf.operator == "=" else ~found
        return self._longer(leaf.operator, length)

    def _longer(self, operator: str, length: timedelta) -> Q:
        lookup, turned = _LOOKUPS[operator], {"<": "gt", "<=": "gte", ">": "lt", ">=": "lte"}[operator]
        over = Q(ended_at__isnull=False, **{f"ended_at__{lookup}": F("created_at") + length})
        return over | Q(ended_at__isnull=True, **{f"created_at__{turned}": self.now - length})


def _why_not_absent(name: str) -> str:
    if name == "notes":
        return "Only a metric can be NaN."
    if name == "starred":
        return "Every run has your star, or has not. Write starred = yes or starred = no."
    return f"Every run has a {name}. Only what runs log can be missing."


def _is_metric(field: Field) -> bool:
    return field.source is Source.METRIC


def _of_metric(field: Field, leaf: Compared, names: Names) -> Q:
    if leaf.operator in ("~", "!~"):
        raise leaf.operator_at.wrong(
            "A metric is a number, which contains nothing. Compare with =, !=, <, <=, > or >=."
        )
    column, value = column_of(field, names), values.number(leaf.value, str(field))
    return _compared(column, leaf.operator, value)


def _compared(column: str, operator: str, value: float) -> Q:
    if operator == "!=":
        return Q(**{f"{column}__lt": value}) | Q(**{f"{column}__gt": value})
    return Q(**{f"{column}__{_LOOKUPS[operator]}": value})


def _of_text(field: Field, leaf: Compared) -> Q:
    """Of a param, which may be a number, or of a tag."""
    value = values.number_in(leaf.value) if field.source is Source.PARAM else None
    if leaf.operator in ("=", "!=") and value is not None:
        is_it = Q(number__isnull=False, number=value)
        return is_it if leaf.operator == "=" else ~is_it
    if leaf.operator in _LOOKUPS and leaf.operator != "=":
        if field.source is Source.TAG:
            raise leaf.operator_at.wrong("A tag is a text. Compare it with =, !=, ~ (contains) or !~.")
        return _compared("number", leaf.operator, values.number(leaf.value, str(field)))
    return _text("value", leaf)


def _text(column: str, leaf: Compared) -> Q:
    if leaf.operator in ("<", "<=", ">", ">="):
        raise leaf.operator_at.wrong("This is a text. Compare it with =, !=, ~ (contains) or !~.")
    lookup = "icontains" if "~" in leaf.operator else "exact"
    found = Q(**{f"{column}__{lookup}": leaf.value.value})
    return ~found if leaf.operator.startswith("!") else found


def _started(leaf: Compared) -> Q:
    if leaf.operator in ("~", "!~"):
        raise leaf.operator_at.wrong("A time is compared with =, !=, <, <=, > or >=.")
    begin, after = values.period(leaf.value)
    match leaf.operator:
        case "<":
            return Q(created_at__lt=begin)
        case "<=":
            return Q(created_at__lt=after)
        case ">":
            return Q(created_at__gte=after)
        case ">=":
            return Q(created_at__gte=begin)
    return _negated(leaf, Q(created_at__gte=begin, created_at__lt=after), only="=")


def _negated(leaf: Compared, found: Q, *, only: str) -> Q:
    if leaf.operator not in (only, f"!{only}"):
        raise leaf.operator_at.wrong(f"This is compared with {only} or !{only}.")
    return ~found if leaf.operator.startswith("!") else found
