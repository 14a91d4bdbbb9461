"""The table in the order of any of its columns. What has no value comes last in both directions, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.fields import DurationField

from mantik.lib.sorted_paging import Of, Section
from runs.models import MetricSummary, Run, RunParam, RunTag
from runs.querysets import NEWEST_BY, RunQuerySet
from runs.states import ACTIVE, RunState
from runs.table.language import Field, Source
from runs.table.names import Names
from runs.table.query import column_of

# The states in their order: those that somebody may have to wait for first.
_STATES = (*reversed(ACTIVE), RunState.FINISHED, RunState.FAILED, RunState.LOST, RunState.CANCELLED)
_VALUE = "sort_value"
# What runs have of their own and no table is sorted by.
UNSORTED = ("starred", "notes")


@dataclass(frozen=True)
class Order:
    """By `field`; as an address has it, "-" stands before what is sorted from the greatest down."""

    field: Field
    is_descending: bool

    def __str__(self) -> str:
        return f"{'-' if self.is_descending else ''}{self.field}"

    @property
    def turned(self) -> Order:
        return Order(self.field, not self.is_descending)


NEWEST = Order(Field(Source.OWN, "started"), is_descending=True)


def sections(runs: RunQuerySet, order: Order, names: Names) -> list[Section[Run]]:
    """`runs` of one scope in that order, for `mantik.lib.sorted_paging`."""
    if order.field.source is Source.OWN:
        return _own(runs, order)
    ids = names.ids_of(order.field)
    if order.field.source is Source.METRIC:
        return _by_metric(runs, order, ids, column_of(order.field, names))
    if order.field.source is Source.PARAM:
        return _by_param(runs, order, ids)
    having = RunTag.objects.filter(run=OuterRef("pk"), owner="", name__in=ids)
    return [*_by_text(runs, order, "runtags", ids), _newest(runs.filter(~Exists(having)))]


def _own(runs: RunQuerySet, order: Order) -> list[Section[Run]]:
    name, down = order.field.name, order.is_descending
    if name == "state":
        states = reversed(_STATES) if down else _STATES
        return [_newest(runs.filter(state=state)) for state in states]
    if name == "duration":
        length = ExpressionWrapper(F("ended_at") - F("created_at"), output_field=DurationField())
        over = runs.filter(ended_at__isnull=False).annotate(**{_VALUE: length})
        return [Section(over, _VALUE, Of.LENGTH, down), _newest(runs.filter(ended_at__isnull=True))]
    if name == "by":
        return [Section(runs.annotate(**{_VALUE: F("created_by__username")}), _VALUE, Of.TEXT, down)]
    if name == "name":
        return [Section(runs, "name", Of.TEXT, down)]
    return [Section(runs, NEWEST_BY, Of.MOMENT, down)]


def _by_metric(runs: RunQuerySet, order: Order, ids: list[int], column: str) -> list[Section[Run]]:
    has_value = Q(**{f"{column}__isnull": False})
    having = MetricSummary.objects.filter(has_value, run=OuterRef("pk"), owner="", name__in=ids)
    values = Section(_joined(runs, "metrics", ids, column), _VALUE, Of.NUMBER, order.is_descending)
    return [values, _newest(runs.filter(~Exists(having)))]


def _by_param(runs: RunQuerySet, order: Order, ids: list[int]) -> list[Section[Run]]:
    """Numbers as numbers, then other texts, then runs without the param."""
    having = RunParam.objects.filter(run=OuterRef("pk"), owner="", name__in=ids)
    numbers = Section(_joined(runs, "runparams", ids, "number"), _VALUE, Of.NUMBER, order.is_descending)
    texts = _by_text(runs, order, "runparams", ids, number__isnull=True)
    return [numbers, *texts, _newest(runs.filter(~Exists(having)))]


def _by_text(runs: RunQuerySet, order: Order, relation: str, ids: list[int], **more: bool) -> Sequence[Section[Run]]:
    return [Section(_joined(runs, relation, ids, "value", **more), _VALUE, Of.TEXT, order.is_descending)]


def _joined(runs: RunQuerySet, relation: str, ids: list[int], column: str, **more: bool) -> RunQuerySet:
    """Runs that have it, with its value. A join and no subquery: the database then walks the index of the values
    (metric_by_last, metric_by_least, metric_by_most, run_param_by_number).

    One call of `filter`, or each would join the table once more.
    """
    conditions = {"name__in": ids, "owner": "", f"{column}__isnull": False, **more}
    found = runs.filter(**{f"{relation}__{key}": value for key, value in conditions.items()})
    return found.annotate(**{_VALUE: F(f"{relation}__{column}")})


def _newest(runs: RunQuerySet) -> Section[Run]:
    return Section(runs, NEWEST_BY, Of.MOMENT, is_descending=True)
