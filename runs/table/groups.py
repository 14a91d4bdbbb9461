"""The runs of a table, grouped by a param: how many there are of each value, and mean and spread of their metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, F, FilteredRelation, Q, StdDev
from django.db.models.expressions import OrderBy

from mantik.lib.humanize import measure
from runs.querysets import RunQuerySet
from runs.table.cells import shown
from runs.table.columns import Column
from runs.table.language import Field
from runs.table.names import Names
from runs.table.query import column_of
from runs.table.tokens import quoted

MOST_GROUPS = 200
# The square of a greater one is none that a database can add up.
_GREATEST = 1e150


@dataclass(frozen=True)
class GroupCell:
    """`spread`: "" of a single run. `label`: of its column."""

    label: str
    mean: str
    spread: str
    count: int


@dataclass(frozen=True)
class Group:
    """`condition`: what to add to a filter to see its runs. `value` is None for runs without the param."""

    value: str | None
    runs: int
    cells: Sequence[GroupCell]
    condition: str


def groups_of(
    runs: RunQuerySet, by: Field, metrics: Sequence[Field], names: Names, *, within: str
) -> tuple[list[Group], bool]:
    """The first MOST_GROUPS, best mean of the first metric first, and whether there are more. One query.

    `within`: the filter of the runs. Values that are not finite are in no mean.
    """
    of_param = Q(runparams__name__in=names.ids_of(by), runparams__owner="")
    rows = runs.order_by().annotate(grouped=FilteredRelation("runparams", condition=of_param))
    for at, field in enumerate(metrics):
        of_metric = Q(metrics__name__in=names.ids_of(field), metrics__owner="")
        rows = rows.annotate(**{f"metric{at}": FilteredRelation("metrics", condition=of_metric)})
    found = rows.values("grouped__value").annotate(group_runs=Count("pk"))
    for at, field in enumerate(metrics):
        found = found.annotate(**_figures(at, f"metric{at}__{column_of(field, names)}"))
    read = list(found.order_by(*_best_first(metrics, names))[: MOST_GROUPS + 1])
    return [_group(by, row, metrics, within) for row in read[:MOST_GROUPS]], len(read) > MOST_GROUPS


def _figures(at: int, column: str) -> dict[str, Avg | StdDev | Count]:
    fits = Q(**{f"{column}__gt": -_GREATEST, f"{column}__lt": _GREATEST})
    kinds = (("mean", Avg), ("spread", StdDev), ("count", Count))
    return {f"{name}{at}": kind(column, filter=fits) for name, kind in kinds}


def _best_first(metrics: Sequence[Field], names: Names) -> list[OrderBy]:
    by_value = F("grouped__value").asc(nulls_last=True)
    if not metrics:
        return [by_value]
    mean = F("mean0")
    is_down = names.more_is_better(metrics[0])
    return [mean.desc(nulls_last=True) if is_down else mean.asc(nulls_last=True), by_value]


def _group(by: Field, row: Mapping[str, Any], metrics: Sequence[Field], within: str) -> Group:
    value = row["grouped__value"]
    condition = f"{by} is missing" if value is None else f"{by} = {quoted(value)}"
    return Group(
        None if value is None else shown(value).text,
        row["group_runs"],
        [_cell(row, at, Column(metric).label) for at, metric in enumerate(metrics)],
        f"({within}) and {condition}" if within else condition,
    )


def _cell(row: Mapping[str, Any], at: int, label: str) -> GroupCell:
    mean, count = row[f"mean{at}"], row[f"count{at}"]
    if mean is None:
        return GroupCell(label, "", "", 0)
    return GroupCell(label, measure(mean), measure(row[f"spread{at}"]) if count > 1 else "", count)
