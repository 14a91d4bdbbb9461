"""The values of runs in the columns of a table, read for all rows of a page at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan, nan

from django.db.models import CharField
from django.db.models.functions import Substr

from mantik.lib.humanize import measure
from runs.models import MetricSummary, RunParam, RunTag
from runs.table.language import Field, Source
from runs.table.names import Names
from runs.table.query import column_of

# As much of a param or tag as a cell shows.
LONGEST = 80
# By run and field: a number, NaN included, or a text. What a run does not have is not there.
Cells = dict[tuple[int, Field], float | str]
# The primary keys of the name of each field.
Wanted = dict[Field, list[int]]


@dataclass(frozen=True)
class Cell:
    """`percent`: of the bar behind it, from the least to the greatest value of the page; "" without one.

    `label`: of the leading metric, for small screens.
    """

    text: str
    is_number: bool = False
    is_best: bool = False
    percent: str = ""
    label: str = ""


def read_cells(runs: Iterable[int], fields: Sequence[Field], names: Names, *, longest: int = LONGEST) -> Cells:
    """The values of these runs, by primary key. A query for each kind that has a field."""
    keys = list(runs)
    found: Cells = {}
    for source, read in ((Source.METRIC, _metrics), (Source.PARAM, _texts), (Source.TAG, _texts)):
        wanted = {field: ids for field in fields if field.source is source and (ids := names.ids_of(field))}
        if wanted and keys:
            found |= read(keys, wanted, names, longest)
    return found


def shown(value: float | str | None) -> Cell:
    if value is None:
        return Cell("")
    if isinstance(value, str):
        return Cell(f"{value[:LONGEST]}…" if len(value) > LONGEST else value)
    if isnan(value):
        return Cell("NaN", is_number=True)
    return Cell(measure(value) if isfinite(value) else "∞" if value > 0 else "-∞", is_number=True)


def _metrics(runs: list[int], wanted: Wanted, names: Names, _longest: int) -> Cells:
    rows = MetricSummary.objects.filter(run__in=runs, owner="", name__in={pk for ids in wanted.values() for pk in ids})
    found: Cells = {}
    columns = {field: column_of(field, names) for field in wanted}
    for row in rows.only("run", "name", "last", "least", "most"):
        for field, ids in wanted.items():
            if row.name_id in ids:
                value = getattr(row, columns[field])
                found[row.run_id, field] = nan if value is None else value
    return found


def _texts(runs: list[int], wanted: Wanted, _names: Names, longest: int) -> Cells:
    model = RunParam if next(iter(wanted)).source is Source.PARAM else RunTag
    by_name = {pk: field for field, ids in wanted.items() for pk in ids}
    # One character more tells that there is more.
    begin = Substr("value", 1, longest + 1, output_field=CharField())
    rows = model._default_manager.filter(run__in=runs, owner="", name__in=by_name)
    return {(run, by_name[name]): text for run, name, text in rows.values_list("run", "name", begin)}
