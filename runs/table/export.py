"""All runs of a table as CSV or JSON, sent while they are read, so that memory does not grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mantik.lib.query_time import at_most
from mantik.lib.sorted_paging import page_through
from mantik.lib.spreadsheets import csv_lines
from runs.models import Run
from runs.results.metrics import Number, number
from runs.table.cells import read_cells
from runs.table.order import sections
from runs.table.table import View
from runs.tracking.summaries.models import LONGEST_TAG

# Runs that are in memory at a time.
BATCH = 500
OWN = ("run", "name", "state", "started", "duration_seconds", "by", "commit")


@dataclass(frozen=True)
class Exported:
    """A run as it is exported. `values` are those of the columns; None for what it does not have."""

    run: Run
    values: list[float | str | None]


class Export:
    """The table of `view` in its order. Making it reads the first runs: raises Misread, or TooSlow."""

    def __init__(self, view: View, *, now: datetime) -> None:
        self._view, self._now = view, now
        self._runs = view.runs(now).select_related("created_by").only(*_COLUMNS)
        with at_most():
            self._first, self._next = self._batch("")

    def csv(self) -> Iterator[str]:
        return csv_lines(self._names, map(self._cells, self._all()))

    def json(self) -> Iterator[str]:
        """One object; a run is a line of it. A number that JSON has no digits for is a text."""
        head = {self._view.scope.noun: self._view.scope.name, "columns": list(map(str, self._view.fields))}
        yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "runs": ['
        for place, one in enumerate(self._all()):
            yield f"{',' if place else ''}\n{json.dumps(self._object(one), ensure_ascii=False)}"
        yield "\n]}\n"

    @property
    def _names(self) -> list[str]:
        return [*OWN, *map(str, self._view.fields)]

    def _all(self) -> Iterator[Exported]:
        batch, cursor = self._first, self._next
        yield from batch
        while cursor:
            batch, cursor = self._batch(cursor)
            yield from batch

    def _batch(self, cursor: str) -> tuple[list[Exported], str | None]:
        view = self._view
        page = page_through(sections(self._runs, view.order, view.names), cursor=cursor, size=BATCH)
        cells = read_cells([run.pk for run in page.rows], view.fields, view.names, longest=LONGEST_TAG)
        # A page that has become empty would be the first one again.
        rows = page.rows if page.newer or not cursor else []
        return [Exported(run, [cells.get((run.pk, one)) for one in view.fields]) for run in rows], page.older

    def _own(self, run: Run) -> tuple[str, str, str, str, float, str, str]:
        seconds = round(run.duration(self._now).total_seconds(), 3)
        started = run.created_at.isoformat(timespec="seconds")
        commit = "" if run.newest_of else run.commit_sha
        return str(run.uuid), run.name, run.state.lower(), started, seconds, run.created_by.username, commit

    def _cells(self, one: Exported) -> list[object]:
        return [*self._own(one.run), *map(_written, one.values)]

    def _object(self, one: Exported) -> dict[str, object]:
        values = (None if value is None else _written(value) for value in one.values)
        return dict(zip(self._names, (*self._own(one.run), *values), strict=True))


_COLUMNS = (
    *("uuid", "name", "state", "created_at", "ended_at", "commit_sha", "commit_pending", "branch"),
    "created_by__username",
)


def _written(value: float | str | None) -> Number | str:
    """What is not finite has a name, which JSON has no digits for."""
    return "" if value is None else value if isinstance(value, str) else number(value)
