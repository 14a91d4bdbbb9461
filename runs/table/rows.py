"""The rows of a table: what to show of each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from mantik.accounts.models import User
from mantik.lib.humanize import short_sha
from runs.models import Run
from runs.notes.stars import starred
from runs.pages.rows import model_of, model_url
from runs.pages.waiting import Waiting, sites_now, waiting
from runs.states import FAILURES, Badge, RunState
from runs.table.cells import Cell, Cells, shown
from runs.table.language import Field
from runs.table.scope import Scope


@dataclass(frozen=True)
class TableRow:
    """`is_wrong`: `detail` says why it failed."""

    id: str
    uuid: UUID
    url: str
    name: str
    badge: Badge
    detail: str
    is_wrong: bool
    model_name: str
    model_url: str | None
    cells: Sequence[Cell]
    by: str
    created_at: datetime
    duration: timedelta
    is_active: bool
    # None for somebody who is not signed in.
    star_url: str | None
    is_starred: bool


def table_rows(
    runs: Sequence[Run],
    fields: Sequence[Field],
    cells: Cells,
    *,
    scope: Scope,
    user: User | AnonymousUser,
    leading: Field | None,
    best: float | None,
    now: datetime,
) -> list[TableRow]:
    """`runs` are from `for_rows`. `best`: the best value of `leading` in `scope`.

    The queries of `sites_now`, and one for the stars of `user`.
    """
    sites = sites_now(runs, now=now)
    numbers = {run.pk: cells.get((run.pk, leading)) for run in runs} if leading else {}
    bars = _bars(numbers)
    stars = starred(runs, user)
    found = []
    for run in runs:
        run.project = scope.project
        values = [_cell(run, field, cells, leading, best, bars) for field in fields]
        row = _row(run, values, waiting(run, now=now, sites=sites), now, is_of_many=scope.experiment is None)
        found.append(_with_star(row, run, is_starred=run.pk in stars) if user.is_authenticated else row)
    return found


def _row(run: Run, cells: Sequence[Cell], held_up: Waiting | None, now: datetime, *, is_of_many: bool) -> TableRow:
    model = model_of(run)
    is_wrong = run.run_state in FAILURES
    return TableRow(
        id=f"run-{run.short_id}",
        uuid=run.uuid,
        url=reverse("runs:detail", args=[run.project.slug, run.uuid]),
        name=run.name,
        badge=run.badge,
        detail=f"{run.experiment.name} · {_detail(run, held_up)}" if is_of_many else _detail(run, held_up),
        is_wrong=is_wrong,
        model_name=model.name if model else "",
        model_url=model_url("detail", model) if model else None,
        cells=cells,
        by=run.created_by.display_name,
        created_at=run.created_at,
        duration=run.duration(now),
        is_active=run.is_active,
        star_url=None,
        is_starred=False,
    )


def _with_star(row: TableRow, run: Run, *, is_starred: bool) -> TableRow:
    url = reverse("runs:star", args=[run.project.slug, run.uuid])
    return replace(row, star_url=url, is_starred=is_starred)


def _detail(run: Run, held_up: Waiting | None) -> str:
    if held_up:
        return held_up.reason
    if run.run_state in (*FAILURES, RunState.CANCELLED) and run.outcome:
        return run.outcome
    if run.newest_of:
        return f"newest commit of {run.newest_of}"
    return f"commit {short_sha(run.commit_sha)}" if run.commit_sha else run.code_name


def _cell(
    run: Run, field: Field, cells: Cells, leading: Field | None, best: float | None, bars: dict[int, str]
) -> Cell:
    value = cells.get((run.pk, field))
    cell = shown(value)
    if field != leading:
        return cell
    is_best = best is not None and value == best
    return replace(cell, is_best=is_best, percent=bars.get(run.pk, ""), label=field.name)


def _bars(numbers: dict[int, float | str | None]) -> dict[int, str]:
    finite = {run: value for run, value in numbers.items() if isinstance(value, float) and isfinite(value)}
    if len(set(finite.values())) < 2:
        return {}
    least, most = min(finite.values()), max(finite.values())
    # Halved first: the distance of two great numbers may be infinite. The least still has a bar.
    span = most / 2 - least / 2
    return {run: f"{8 + 92 * (value / 2 - least / 2) / span:.0f}%" for run, value in finite.items()}
