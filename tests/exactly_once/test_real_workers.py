"""Real Celery workers, beat and broker: worker processes die at random, and the broker forgets everything once."""

from __future__ import annotations

import time

import pytest

from connections.logins.site_clients import open_connection
from mantik.up.stack import Stack
from runs.models import Run
from runs.states import RunState
from tests.exactly_once.conftest import come_of
from tests.exactly_once.trouble import forget_everything, kill_one
from tests.support.proofs import Proved, trials
from tests.support.waiting import wait_until
from tests.support.world import World

RUNS = trials(8, 120)
KILLS = trials(10, 200)


# On the other database a worker is killed at each write (test_kills.py).
@pytest.mark.any_database
@pytest.mark.timeout(120 + 10 * KILLS)
def test_every_run_gets_one_started_job_whatever_dies(stack: Stack, world: World, proved: Proved) -> None:
    runs = [world.start_run(f"run {number}", parameters={"seconds": "0.5"}) for number in range(RUNS)]
    for number in range(KILLS):
        wait_until(lambda: kill_one(stack))
        if number == KILLS // 2:
            forget_everything(stack)
        time.sleep(0.4)
        stack.check()

    wait_until(
        lambda: all(run.is_terminal and run.next_poll_at is None for run in Run.objects.all()), seconds=100 + 5 * KILLS
    )
    proved(kills=KILLS, **come_of(world, Run.objects.all()))

    site = open_connection(world.connection)
    for run in Run.objects.all():
        assert run.state == RunState.FINISHED, (run.state, run.outcome)
        assert world.starts_of(run) == 1
        assert len(site.find_jobs(run.submission_tag)) == 1
    assert Run.objects.count() == len(runs) == RUNS
