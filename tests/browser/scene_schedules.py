"""Schedules of the scene: some that go on, one that paused itself, one that has ended."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from connections.models import Connection
from mantik.accounts.models import User
from runs.models import Run
from runs.states import RunState
from schedules.models import Schedule
from schedules.states import Outcome, ScheduleState
from tests.support import factories as make
from tests.support.factories import make_slot
from tests.support.tables import log

_SLOTS = (
    (Outcome.FIRED, "Started on time."),
    (
        Outcome.MISSED,
        "Mantik was not running; it was back 7 h later. Runs older than 6 h are not caught up on.",
    ),
    (Outcome.SKIPPED, "Skipped: its previous run, 8f1c0a2e, was still active."),
    (Outcome.HELD, "It was paused."),
    (
        Outcome.REFUSED,
        "The secret of the connection site-a has expired. Its owner can replace it under Connections in "
        "their own settings.",
    ),
    (Outcome.FIRED, "Started 3 min late: Mantik was not running at that time."),
)


def fire_nights(schedule: Schedule) -> None:
    """Runs of its last nights, which take longer and become better, but for one that failed."""
    assert schedule.run
    experiment = schedule.run.experiment
    experiment.pinned_metric = "val_accuracy"
    experiment.save()
    now = timezone.now()
    for night in range(20, 6, -1):
        due = now - timedelta(days=night)
        run = make.make_run(
            RunState.FAILED if night == 12 else RunState.FINISHED,
            project=schedule.project,
            experiment=experiment,
            created_by=schedule.created_by,
            name=f"nightly {due:%d %b}",
            created_at=due,
            ended_at=due + timedelta(minutes=3 if night == 12 else 60 - 2 * night),
        )
        log(run, metrics={"val_accuracy": 0.9 - night / 80})
        make_slot(schedule, due, reason="Started on time.", run=run)


def build_schedules(run: Run, *, connection: Connection, member: User, other: User) -> Schedule:
    now = timezone.now()
    nightly = make.make_schedule(
        run=run,
        created_by=member,
        connection=connection,
        name="nightly",
        cron_expression="30 2 * * *",
        time_zone="Europe/Berlin",
        end_date=timezone.localdate() + timedelta(days=300),
        last_due_at=now - timedelta(hours=14),
        last_outcome=Outcome.FIRED,
        last_reason="Started on time.",
    )
    assert nightly.next_due_at
    for number, (outcome, reason) in enumerate(_SLOTS):
        make_slot(
            nightly,
            nightly.next_due_at - timedelta(days=number + 1),
            outcome,
            reason=reason,
            recorded_at=now,
            run=run if number == 0 else None,
        )
    make.make_schedule(
        run=run,
        created_by=other,
        name="every weekday in the working hours of the northern plant",
        cron_expression="*/15 9-17 * * 1-5",
        time_zone="America/Argentina/ComodRivadavia",
        state=ScheduleState.PAUSED,
        state_reason="It failed 5 times in a row. Look at its last runs and slots, fix the cause, then resume it.",
        failures_in_a_row=5,
        last_due_at=now - timedelta(hours=2),
        last_outcome=Outcome.REFUSED,
        last_reason="Its connection was deleted. Edit the schedule and choose another connection.",
    )
    make.make_schedule(
        run=run,
        created_by=member,
        name="warm-up",
        cron_expression="0 1 1 * *",
        state=ScheduleState.ENDED,
        state_reason="There is no due time left before its end.",
    )
    for name, expression in (
        ("sweep of learning rates", "0 2 * * 1-5"),
        ("check of the inverter data", "*/20 8-18 * * *"),
    ):
        make.make_schedule(
            run=run,
            created_by=other,
            connection=connection,
            name=name,
            cron_expression=expression,
            time_zone="Europe/Berlin",
        )
    return nightly
