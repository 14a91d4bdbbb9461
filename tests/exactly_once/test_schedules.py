"""Schedules through all that they need: beat, broker, workers and a site, while most of them die again and again."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from connections.logins.site_clients import open_connection
from mantik.up.stack import Stack
from runs.models import Run
from runs.states import RunState
from schedules.models import Schedule, Slot
from tests.exactly_once.conftest import come_of
from tests.exactly_once.trouble import OtherWorker, forget_everything, kill_one
from tests.support.factories import make_schedule
from tests.support.proofs import Proved, trials
from tests.support.schedules import Beats, kill, make_many
from tests.support.waiting import wait_until
from tests.support.world import World

# Of processes of a worker, beside those of whole workers and beats.
KILLS = trials(8, 150)
# So many schedules become due before every third kill.
WAVE = 2


# On the other database the beat alone is killed, with two at once (tests/schedules/firing/test_real_beat.py).
@pytest.mark.any_database
@pytest.mark.timeout(240 + 10 * KILLS)
def test_each_due_time_becomes_one_started_job_whatever_dies(
    stack: Stack, world: World, tmp_path: Path, proved: Proved
) -> None:
    """Beside the stack's own beat and worker run a second beat and worker, which are killed whole."""
    template = _not_due_for_a_day(world)
    keys: list[int] = []
    with Beats(stack.environment, tmp_path / "beat.log") as beats, OtherWorker(stack) as other:
        beat = beats.start()
        for number in range(KILLS):
            if number % 3 == 0:
                keys += _wave(template)
            wait_until(lambda: kill_one(stack))
            if number % 5 == 4:
                kill(beat)
                beat = beats.start()
            if number % 10 == 9:
                other.replace_killed()
            if number == KILLS // 2:
                forget_everything(stack)
            time.sleep(0.4)
            stack.check()
        runs = Run.objects.filter(slot__schedule__in=keys)
        wait_until(lambda: Slot.objects.filter(schedule__in=keys).count() == len(keys), seconds=60)
        wait_until(
            lambda: all(run.is_terminal and run.next_poll_at is None for run in runs.all()), seconds=60 + 4 * KILLS
        )
    proved(kills=KILLS, due_times=len(keys), **come_of(world, runs))

    assert sorted(Slot.objects.values_list("schedule", flat=True)) == sorted(keys)
    assert set(Slot.objects.values_list("outcome", flat=True)) == {"fired"}
    assert runs.count() == len(keys)
    site = open_connection(world.connection)
    for run in runs:
        assert run.state == RunState.FINISHED, (run.state, run.outcome)
        assert world.starts_of(run) == 1
        assert len(site.find_jobs(run.submission_tag)) == 1
    assert len(list(world.marks.iterdir())) == len(keys) + 1


def _not_due_for_a_day(world: World) -> Schedule:
    """It repeats a run that has just finished."""
    run = world.start_run(parameters={"seconds": "0.5"})
    wait_until(lambda: Run.objects.get(pk=run.pk).is_terminal, seconds=60)
    now = timezone.now() - timedelta(minutes=1)
    return make_schedule(run=run, now=now, cron_expression=f"{now.minute} {now.hour} * * *")


def _wave(template: Schedule) -> list[int]:
    due = timezone.now().replace(second=0, microsecond=0)
    return make_many(template, WAVE, due=lambda _: (f"{due.minute} {due.hour} * * *", due))
