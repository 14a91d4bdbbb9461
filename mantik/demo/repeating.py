"""The demo's schedule: it repeats the training within two minutes, and then every day at that time."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from runs.models import Run
from schedules.firing.timing import Timing, read_timing
from schedules.models import Schedule
from schedules.services.schedules import Policies, create_schedule, edit_schedule

NAME = "Digits every day"


def repeat(run: Run, *, now: datetime) -> Schedule:
    """A schedule that repeats `run`. One of an earlier demo only gets a new time, and stays paused if it is paused."""
    assert run.connection is not None
    found = Schedule.objects.filter(project=run.project, name=NAME).first()
    what: dict[str, Any] = {
        "name": NAME,
        "run": run,
        "connection": run.connection,
        "compute_budget_account": run.compute_budget_account,
        "timing": _soon(now),
        "now": now,
    }
    if found is None:
        return create_schedule(project=run.project, user=run.created_by, policies=Policies(), **what)
    policies = Policies(**{field.name: getattr(found, field.name) for field in fields(Policies)})
    edit_schedule(schedule=found, actor=run.created_by, revision=found.revision, policies=policies, **what)
    return found


def _soon(now: datetime) -> Timing:
    # The next whole minute may be past before the schedule is stored.
    due = (now + timedelta(seconds=75)).astimezone(UTC)
    return read_timing(cron_expression=f"{due.minute} {due.hour} * * *", time_zone="UTC", end_date=None, now=now)
