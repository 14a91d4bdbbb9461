"""The demo's schedule: it repeats the training once more within two minutes, and then every day at that time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runs.models import Run
from schedules.models import Schedule
from schedules.services import Policies, create_schedule
from schedules.timing import read_timing

NAME = "Digits every day"


def repeat(run: Run, *, now: datetime) -> Schedule:
    """Of `run`, which has its connection. A later demo leaves the schedule that it finds as it is."""
    found = Schedule.objects.filter(project=run.project, name=NAME).first()
    if found is not None:
        return found
    assert run.connection is not None
    # The next whole minute may be so near that it is past before the schedule is stored.
    due = (now + timedelta(seconds=75)).astimezone(UTC)
    timing = read_timing(cron_expression=f"{due.minute} {due.hour} * * *", time_zone="UTC", end_date=None, now=now)
    return create_schedule(
        project=run.project,
        user=run.created_by,
        name=NAME,
        run=run,
        connection=run.connection,
        compute_budget_account=run.compute_budget_account,
        timing=timing,
        policies=Policies(),
        now=now,
    )
