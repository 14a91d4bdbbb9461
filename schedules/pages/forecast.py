"""What a schedule will cost: its next due times, how many runs, how many core-hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from connections.models import Connection
from mantik.lib.humanize import core_hours, counted, number
from runs.models import Run
from schedules.cron import Shown, count_until, shortest_gap, shown
from schedules.firing.timing import Timing

# How many due times the preview names.
SHOWN = 10
# More runs are not counted: "more than 2,000" says enough.
MOST_RUNS_COUNTED = 2000
# How far ahead the runs of a schedule without an end date are counted.
WITHOUT_END = timedelta(days=30)
# How many earlier runs the cost of one is the mean of, besides the run that is repeated.
PAST_RUNS = 20
# How sites write the unit; a budget in another one is shown, but not compared.
CORE_HOURS = ("core-h", "core-hours", "core hours", "corehours")


@dataclass(frozen=True)
class Coming:
    """A future due time. `is_after_expiry`: the secret of the connection, which is not renewed, has expired by then."""

    at: Shown
    is_after_expiry: bool

    @property
    def utc(self) -> str:
        """ "01:30 UTC", with the day if it is another day than in the schedule's zone; "" if that is UTC itself."""
        if self.at.text == self.at.utc:
            return ""
        utc = self.at.due.astimezone(UTC)
        day = "" if self.at.text.startswith(f"{utc:%a} {utc.day} ") else f"{utc:%a} {utc.day} {utc:%b} "
        return f"{day}{utc:%H:%M} UTC"


@dataclass(frozen=True)
class Forecast:
    """For people: sentences, "" where nothing is known. `warnings` are sentences, too."""

    words: str
    coming: list[Coming]
    runs: str
    cost: str
    warnings: list[str]


def forecast(
    timing: Timing, *, run: Run | None, connection: Connection | None, account: str, now: datetime
) -> Forecast:
    """At most four queries, whatever the schedule is."""
    until = timing.until if timing.end_date else now + WITHOUT_END
    count = _count(timing, now, until)
    each, basis = _cost_of_one(run)
    most = _at_most(timing, count, now, until)
    warnings = [_after_expiry(timing, connection, now, until), _over_budget(count, most, each, connection, account)]
    return Forecast(
        words=timing.cron.words,
        coming=_coming(timing, connection=connection, now=now),
        runs=_runs(timing, count),
        cost=_cost(timing, count, each, basis, connection, account),
        warnings=[warning for warning in warnings if warning],
    )


def _coming(timing: Timing, *, connection: Connection | None, now: datetime) -> list[Coming]:
    found = list(islice(timing.due_times(after=now, until=timing.until), SHOWN))
    ends = connection.final_end(now) if connection else None
    return [Coming(one, ends is not None and one.due >= ends) for one in shown(found, timing.zone, previous=now)]


def _count(timing: Timing, now: datetime, until: datetime) -> int:
    until = min(until, timing.until)
    return count_until(timing.cron, timing.zone, after=now, until=until, cap=MOST_RUNS_COUNTED + 1)


def _at_most(timing: Timing, count: int, now: datetime, until: datetime) -> int:
    """An upper limit of the number of runs. Beyond MOST_RUNS_COUNTED it is estimated from the shortest interval."""
    return count if count <= MOST_RUNS_COUNTED else (until - now) // shortest_gap(timing.cron) + 1


def _runs(timing: Timing, count: int) -> str:
    runs = f"more than {number(MOST_RUNS_COUNTED)} runs" if count > MOST_RUNS_COUNTED else counted(count, "run")
    return f"{runs} until the end date" if timing.end_date else f"{runs} in {WITHOUT_END.days} days"


def _cost_of_one(run: Run | None) -> tuple[float | None, str]:
    """Core-hours of one run, and where they are from: the mean of it and its last repetitions, else its time limit."""
    if run is None:
        return None, ""
    repeated = Run.objects.filter(slot__schedule__run=run, core_hours__isnull=False).order_by("-pk")
    taken = [*repeated.values_list("core_hours", flat=True)[:PAST_RUNS], run.core_hours]
    found = [hours for hours in taken if hours is not None]
    if found:
        return sum(found) / len(found), f"on average, going by {counted(len(found), 'earlier run')}"
    if at_most := run.core_hours_at_most:
        return at_most, "at most, going by the run's time limit"
    return None, ""


def _cost(
    timing: Timing, count: int, each: float | None, basis: str, connection: Connection | None, account: str
) -> str:
    if each is None:
        return ""
    more = "more than " if count > MOST_RUNS_COUNTED else ""
    period = "until the end date" if timing.end_date else f"in the next {WITHOUT_END.days} days"
    total = f"{more}{core_hours(min(count, MOST_RUNS_COUNTED) * each)} {period}, {core_hours(each)} per run {basis}"
    budget = _budget(connection, account)
    if budget is None:
        return f"{total}."
    left = f"{number(budget['remaining'])} {budget['unit']}".strip()
    return f"{total}. {account} had {left} left at the last successful test of the connection."


def _over_budget(count: int, most: int, each: float | None, connection: Connection | None, account: str) -> str:
    budget = _budget(connection, account)
    if budget is None or not each or str(budget["unit"]).lower() not in CORE_HOURS:
        return ""
    enough = int(budget["remaining"] / each)
    if enough >= most:
        return ""
    if not enough:
        return (
            f"The budget of {account} is not enough for one run. Choose another compute budget account, or a run that "
            "needs less."
        )
    said = f"The budget of {account} is enough for about {counted(enough, 'run')}"
    if enough >= count:
        return f"{said}; the schedule may start more."
    return f"{said}. Choose an earlier end date, or run it less often."


def _budget(connection: Connection | None, account: str) -> dict[str, Any] | None:
    """What the site reported of this account at the last good test. A site with one account may leave out its name."""
    if connection is None or not account:
        return None
    budgets = connection.facts.get("budgets", [])
    named = [budget for budget in budgets if budget["account"] == account]
    unnamed = budgets if len(budgets) == 1 and not budgets[0]["account"] else []
    return next(iter(named or unnamed), None)


def _after_expiry(timing: Timing, connection: Connection | None, now: datetime, until: datetime) -> str:
    ends = connection.final_end(now) if connection else None
    if ends is None or ends > min(until, timing.until):
        return ""
    # A run that is due at the moment of expiry is refused, too, and `_count` leaves out its first moment.
    count = _count(timing, max(ends - timedelta.resolution, now), until)
    if not count:
        return ""
    local = ends.astimezone(timing.zone)
    day = f"{local.day} {local:%b} {local.year}"
    runs = f"more than {number(MOST_RUNS_COUNTED)} runs" if count > MOST_RUNS_COUNTED else counted(count, "run")
    counted_in = "" if timing.end_date else f" of the next {WITHOUT_END.days} days"
    if ends <= now:
        return (
            f"The secret of the connection expired on {day}: {runs}{counted_in} will be refused until the secret is "
            "replaced."
        )
    are = "is" if count == 1 else "are"
    return (
        f"The secret of the connection expires on {day}: {runs}{counted_in} {are} due after that and will be refused "
        "unless the secret is replaced by then."
    )
