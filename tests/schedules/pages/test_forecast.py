from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connections.models import Connection
from runs.models import Run
from runs.states import RunState
from schedules.cron import parse, shown
from schedules.firing.timing import Timing
from schedules.pages.forecast import Coming, Forecast, forecast
from tests.support.factories import make_run, make_schedule, make_slot

DUE = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "beside_it"),
    [
        ("Europe/Berlin", "00:30 UTC"),
        ("America/New_York", "Tue 1 Dec 00:30 UTC"),
        # The same time twice in one line tells nobody anything.
        ("UTC", ""),
    ],
)
def test_what_stands_beside_a_due_time_in_its_zone(zone: str, beside_it: str) -> None:
    (row,) = shown([DUE], ZoneInfo(zone))
    assert Coming(row, is_after_expiry=False).utc == beside_it


def seen(
    run: Run, connection: Connection, cron: str, *, left: int, end_date: date | None = date(2026, 12, 31)
) -> Forecast:
    """Of the month of December, for a run that took 2 core-hours and an account that has `left` of them."""
    connection.facts = {"budgets": [{"account": "acc_sol", "remaining": left, "unit": "core-h", "percent": 1}]}
    timing = Timing(parse(cron), ZoneInfo("UTC"), end_date=end_date)
    return forecast(timing, run=run, connection=connection, account="acc_sol", now=DUE)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cron", "left", "warning"),
    [
        ("30 2 * * *", 62, ""),
        (
            "30 2 * * *",
            1,
            "is not enough for one run. Choose another compute budget account, or a run that needs less.",
        ),
        ("30 2 * * *", 61, "is enough for about 30 runs. Choose an earlier end date, or run it less often."),
        # Of its 8,922 runs only 2,000 are counted.
        ("*/5 * * * *", 3000, "is enough for about 1,500 runs. Choose an earlier end date, or run it less often."),
        ("*/5 * * * *", 6000, "is enough for about 3,000 runs; the schedule may start more."),
        ("*/5 * * * *", 20_000, ""),
    ],
)
def test_a_budget_that_may_not_be_enough(run: Run, connection: Connection, cron: str, left: int, warning: str) -> None:
    told = [f"The budget of acc_sol {warning}"] if warning else []
    assert seen(run, connection, cron, left=left).warnings == told


@pytest.mark.django_db
def test_runs_that_cost_nothing_need_no_budget(run: Run, connection: Connection) -> None:
    run.core_hours = 0.0
    assert seen(run, connection, "*/5 * * * *", left=0).warnings == []


@pytest.mark.django_db
def test_the_cost_is_the_mean_of_the_run_and_its_repetitions(run: Run, connection: Connection) -> None:
    schedule = make_schedule(run=run, created_by=run.created_by)
    for hours in (0.0, 4.0, None):
        repetition = make_run(RunState.FINISHED, project=run.project, core_hours=hours)
        make_slot(schedule, repetition.created_at, run=repetition)
    cost = seen(run, connection, "30 2 * * *", left=1000).cost
    assert cost.startswith(
        "62.0 core-hours until the end date, 2.0 core-hours per run on average, going by 3 earlier runs."
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "is_warned"),
    [
        ({}, True),
        ({"renew_at": DUE + timedelta(days=2)}, False),
        # These are not renewed any more.
        ({"renew_at": DUE + timedelta(days=2), "renewal_error": "JSC cannot be reached."}, True),
        ({"renew_at": DUE + timedelta(days=2), "marked_bad_at": DUE}, True),
        ({"renew_at": DUE - timedelta(days=5), "expires_at": DUE - timedelta(days=1)}, True),
    ],
)
def test_a_secret_that_expires_counts_unless_mantik_renews_it(
    run: Run, connection: Connection, columns: dict[str, Any], is_warned: bool
) -> None:
    for name, value in {"expires_at": DUE + timedelta(days=5), **columns}.items():
        setattr(connection, name, value)
    found = seen(run, connection, "30 2 * * *", left=1000)
    assert any("The secret of the connection expire" in warning for warning in found.warnings) == is_warned
    has_expired = connection.expires_at is not None and connection.expires_at <= DUE
    assert not is_warned or has_expired == any("expired on" in warning for warning in found.warnings)
    # The tenth due time is later than the secret.
    assert any(one.is_after_expiry for one in found.coming) == is_warned


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("end_date", "late", "period"),
    [
        (date(2026, 12, 31), "26 runs are due after that and", "until the end date"),
        (None, "25 runs of the next 30 days are due after that and", "in the next 30 days"),
    ],
)
def test_it_says_for_which_time_it_counts(
    run: Run, connection: Connection, end_date: date | None, late: str, period: str
) -> None:
    connection.expires_at = DUE + timedelta(days=5)
    found = seen(run, connection, "30 2 * * *", left=1000, end_date=end_date)
    assert f" core-hours {period}, 2.0 core-hours per run" in found.cost
    (warning,) = found.warnings
    assert late in warning


@pytest.mark.django_db
def test_a_run_at_the_moment_of_expiry_counts_as_refused_in_the_list_and_in_the_warning(
    run: Run, connection: Connection
) -> None:
    connection.expires_at = datetime(2026, 12, 31, 2, 30, tzinfo=UTC)
    found = seen(run, connection, "30 2 25-31 12 *", left=1000)
    assert [one.is_after_expiry for one in found.coming] == [False] * 6 + [True]
    (warning,) = found.warnings
    assert "1 run is due after that and will be refused" in warning
