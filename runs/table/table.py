"""One page of a table of runs, as its address asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from mantik.accounts.models import User
from mantik.lib.humanize import number
from mantik.lib.paging import Page
from mantik.lib.query_time import SECONDS, TooSlow, at_most
from mantik.lib.sorted_paging import page_through
from projects.models import Experiment
from runs.models import MetricSummary, Run
from runs.querysets import RunQuerySet
from runs.table.cells import read_cells
from runs.table.charts import charts
from runs.table.columns import Column, columns_of, leading_metric, read_columns
from runs.table.dots import Chart
from runs.table.filters import TableFilter
from runs.table.groups import Group, groups_of
from runs.table.language import Field, Source
from runs.table.names import Names
from runs.table.order import NEWEST, Order, sections
from runs.table.query import column_of, filtered
from runs.table.rows import TableRow, table_rows
from runs.table.scope import Scope
from runs.table.tokens import Misread

PAGE_SIZE = 50
# How far runs are counted.
MOST_COUNTED = 10_000
_SLOW = (
    f"This takes longer than {SECONDS:g} seconds, so it was stopped. Make the filter narrower: a comparison of one "
    "metric or a date, joined by and, helps most; not, or and ~ (contains) have to look at many runs"
)


@dataclass(frozen=True)
class Problem:
    """Why a filter shows no runs. What is wrong in the text stands between `before` and `after`."""

    sentence: str
    before: str = ""
    wrong: str = ""
    after: str = ""

    @classmethod
    def of(cls, misread: Misread, text: str) -> Problem:
        begin, end = misread.at, misread.at + misread.length
        return cls(misread.sentence, text[:begin], text[begin:end], text[end:])

    @property
    def place(self) -> int:
        """The character, counted from 1."""
        return len(self.before) + 1


@dataclass(frozen=True)
class Table:
    """`order`: that in force. `leading`: the metric of the charts, which has the bars. `best`: its best value."""

    columns: Sequence[Column]
    order: Order
    leading: Field | None = None
    best: float | None = None
    rows: Sequence[TableRow] = ()
    page: Page[Run] = field(default_factory=lambda: Page([], None, None))
    groups: Sequence[Group] = ()
    has_more_groups: bool = False
    problem: Problem | None = None


class View:
    """What an address asks of a table, with the names that it needs. Raises nothing."""

    def __init__(self, scope: Scope, user: User | AnonymousUser, filters: TableFilter) -> None:
        self.scope, self.user, self.filters = scope, user, filters
        self.fields = _asked_fields(filters) or columns_of(scope, user)
        self.leading = leading_metric(scope, self.fields)
        asked, group = filters.order, filters.group_by
        sorted_by = [asked.field] if asked else []
        fields = [*self.fields, *sorted_by, *([self.leading] if self.leading else []), *([group] if group else [])]
        self.names = Names(scope, fields)
        self.order = self._order(asked)
        if group and not self.names.ids_of(group):
            filters.left_out.append(f"No run here has logged {group}; the groups were left out.")
            group = None
        self.group = group

    def runs(self, now: datetime) -> RunQuerySet:
        """Raises Misread."""
        runs = self.filters.apply(self.scope.runs())
        return filtered(runs, self.filters.filter, scope=self.scope, user=self.user, now=now)

    def best_first(self, metric: Field) -> Order:
        return Order(metric, self.names.more_is_better(metric))

    def _order(self, asked: Order | None) -> Order:
        """The one that is asked for; else the pinned metric's, best first; else the newest first."""
        if asked and asked.field.source is not Source.OWN and not self.names.ids_of(asked.field):
            self.filters.left_out.append(f"No run here has logged {asked.field}; this order was left out.")
            asked = None
        if asked:
            return asked
        pinned = self.leading if self.scope.pinned_metric else None
        return self.best_first(pinned) if pinned and self.names.ids_of(pinned) else NEWEST

    @property
    def may_be_slow(self) -> bool:
        """Not a table as it is without being asked for anything, and no order that an experiment's indexes have."""
        is_sorted = self.scope.experiment is None and self.order != NEWEST
        return bool(self.filters.is_filtered or self.group or is_sorted)

    @property
    def too_slow(self) -> str:
        """What is said when it was."""
        if self.scope.experiment:
            return f"{_SLOW}."
        return f"{_SLOW}, and so has the table of a whole project in another order than by Started."


def read_table(view: View, *, cursor: str, now: datetime) -> Table:
    """The page that `cursor` names. A filter that is wrong or too slow is a problem of the table."""
    columns = [Column(one) for one in view.fields]
    try:
        with at_most() if view.may_be_slow else nullcontext():
            return _read(view, columns, cursor, now)
    except Misread as misread:
        problem = Problem.of(misread, view.filters.filter)
    except TooSlow:
        problem = Problem(view.too_slow)
    return Table(columns, view.order, view.leading, problem=problem)


def read_charts(view: View) -> list[Chart]:
    """Of an experiment's runs, which are comparable."""
    return charts(view.scope.experiment, view.leading, view.names, view.filters) if view.scope.experiment else []


def counted_runs(experiment: Experiment) -> dict[str, int | str]:
    """{"runs", "active"}: the first as text, "10,000+" beyond MOST_COUNTED."""
    runs = Run.objects.filter(experiment=experiment).order_by().values("pk")
    count = runs[: MOST_COUNTED + 1].count()
    active = Run.objects.filter(experiment=experiment, project=experiment.project_id).active().count()
    return {"runs": number(count) if count <= MOST_COUNTED else f"{number(MOST_COUNTED)}+", "active": active}


def best_value(metric: Field, names: Names) -> float | None:
    """The best finite value of a metric among all runs; None without one. One query, at the edge of an index."""
    ids, column = names.ids_of(metric), column_of(metric, names)
    finite = {f"{column}__gt": float("-inf"), f"{column}__lt": float("inf")}
    rows = MetricSummary.objects.filter(name__in=ids, owner="", **finite)
    sign = "-" if names.more_is_better(metric) else ""
    found: float | None = rows.order_by(f"{sign}{column}").values_list(column, flat=True).first()
    return found


def _read(view: View, columns: Sequence[Column], cursor: str, now: datetime) -> Table:
    runs = view.runs(now)
    if view.group:
        metrics = [column.field for column in columns if column.is_metric]
        groups, has_more = groups_of(runs, view.group, metrics, view.names, within=view.filters.filter)
        return Table(columns, view.order, view.leading, groups=groups, has_more_groups=has_more)
    page = page_through(sections(runs.for_rows(), view.order, view.names), cursor=cursor, size=PAGE_SIZE)
    cells = read_cells([run.pk for run in page.rows], view.fields, view.names)
    # What several experiments call by one name is the best of none of them.
    best = best_value(view.leading, view.names) if view.leading and view.scope.experiment else None
    rows = table_rows(
        page.rows,
        view.fields,
        cells,
        scope=view.scope,
        user=view.user,
        leading=view.leading,
        best=best,
        now=now,
    )
    return Table(columns, view.order, view.leading, best, rows, page)


def _asked_fields(filters: TableFilter) -> list[Field]:
    if not filters.columns:
        return []
    try:
        return [one for one in read_columns(filters.columns) if one.source is not Source.ANY]
    except Misread as misread:
        filters.left_out.append(f"The columns in the address were left out. {misread.sentence}")
        return []
