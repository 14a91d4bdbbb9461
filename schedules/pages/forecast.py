"""What a schedule would come to: its next instants, how many runs, how many core-hours. Reads, decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from connections.models import Connection
from mantik.lib.humanize import core_hours, counted, number
from runs.models import Run
from schedules.cron import Shown, count_until, shown
from schedules.firing.timing import Timing

SHOWN = 10
# More are not counted: "more than 2,000" says enough.
MOST_COUNTED = 2000
WITHOUT_END = timedelta(days=30)
PAST_RUNS = 20
CORE_HOURS = ("core-h", "core-hours", "core hours", "corehours")


@dataclass(frozen=True)
class Coming:
    """An instant that is to come. `is_late`: the connection will have ended by then."""

    at: Shown
    is_late: bool

    @property
    def utc(self) -> str:
        """ "01:30 UTC", with its day where that is another than in the schedule's zone."""
        utc = self.at.instant.astimezone(UTC)
        day = "" if self.at.text.startswith(f"{utc:%a} {utc.day} ") else f"{utc:%a} {utc.day} {utc:%b} "
        return f"{day}{utc:%H:%M} UTC"


@dataclass(frozen=True)
class Forecast:
    """Sentences, "" where nothing can be said. `warnings` are sentences, too."""

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
    each, told = _cost_of_one(run)
    warnings = [_after_expiry(timing, connection, now, until), _over_budget(count, each, connection, account)]
    return Forecast(
        words=timing.cron.words,
        coming=_coming(timing, connection=connection, now=now),
        runs=_runs(timing, count),
        cost=_cost(count, each, told, connection, account),
        warnings=[warning for warning in warnings if warning],
    )


def _coming(timing: Timing, *, connection: Connection | None, now: datetime) -> list[Coming]:
    found = list(islice(timing.instants(after=now, until=timing.until), SHOWN))
    ends = connection.expires_at if connection else None
    return [Coming(one, ends is not None and one.instant >= ends) for one in shown(found, timing.zone, previous=now)]


def _count(timing: Timing, now: datetime, until: datetime) -> int:
    until = min(until, timing.until)
    return count_until(timing.cron, timing.zone, after=now, until=until, cap=MOST_COUNTED + 1)


def _runs(timing: Timing, count: int) -> str:
    told = f"more than {number(MOST_COUNTED)} runs" if count > MOST_COUNTED else counted(count, "run")
    return f"{told} until the end date" if timing.end_date else f"{told} in {WITHOUT_END.days} days"


def _cost_of_one(run: Run | None) -> tuple[float | None, str]:
    """The mean of the last runs that were repeated of it, else its own, else the most that it may take."""
    if run is None:
        return None, ""
    repeated = Run.objects.filter(slot__schedule__run=run, core_hours__isnull=False).order_by("-pk")
    found = list(repeated.values_list("core_hours", flat=True)[:PAST_RUNS])
    found += [run.core_hours] if run.core_hours is not None else []
    if found:
        return sum(hours for hours in found if hours) / len(found), f"as the last {counted(len(found), 'run')} took"
    if run.cpus and run.runtime_limit:
        return run.cpus * run.runtime_limit.total_seconds() / 3600, "at most, by its time limit"
    return None, ""


def _cost(count: int, each: float | None, told: str, connection: Connection | None, account: str) -> str:
    if each is None:
        return ""
    more = "more than " if count > MOST_COUNTED else ""
    total = f"{more}{core_hours(min(count, MOST_COUNTED) * each)} for them, {core_hours(each)} each {told}"
    budget = _budget(connection, account)
    if budget is None:
        return f"{total}."
    left = f"{number(budget['remaining'])} {budget['unit']}".strip()
    return f"{total}. {account} had {left} left when the connection was tested."


def _over_budget(count: int, each: float | None, connection: Connection | None, account: str) -> str:
    budget = _budget(connection, account)
    if budget is None or each is None or str(budget["unit"]).lower() not in CORE_HOURS:
        return ""
    if count * each <= budget["remaining"]:
        return ""
    enough = int(budget["remaining"] / each)
    told = counted(enough, "run")
    return f"The budget of {account} is enough for about {told}. Choose an earlier end date, or let it run less often."


def _budget(connection: Connection | None, account: str) -> dict[str, Any] | None:
    """What the site reported of this account at the last good test. A site with one account may leave out its name."""
    if connection is None or not account:
        return None
    budgets = connection.facts.get("budgets", [])
    named = [budget for budget in budgets if budget["account"] == account]
    unnamed = budgets if len(budgets) == 1 and not budgets[0]["account"] else []
    return next(iter(named or unnamed), None)


def _after_expiry(timing: Timing, connection: Connection | None, now: datetime, until: datetime) -> str:
    ends = connection.expires_at if connection else None
    if ends is None or ends >= min(until, timing.until):
        return ""
    late = _count(timing, max(ends, now), until)
    if not late:
        return ""
    local = ends.astimezone(timing.zone)
    told = f"more than {number(MOST_COUNTED)} runs" if late > MOST_COUNTED else counted(late, "run")
    verb = "falls" if late == 1 else "fall"
    return (
        f"The secret of the connection ends on {local.day} {local:%b} {local.year}: {told} {verb} after it and will be "
        "refused unless it is replaced by then."
    )
