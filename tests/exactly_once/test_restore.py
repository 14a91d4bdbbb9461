"""A database that is restored from a backup: what went on at the site since is found, and nothing is started twice.

The clocks of schedules and workers are in the test's hands; the site, MLflow, git and the database are real. Workers
die by leaving off before one of their writes.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from connections.logins.site_clients import open_connection
from mantik.lib.leases import Lease
from runs.following.poll import due_connections, follow_connection
from runs.models import Run
from runs.states import RunState
from runs.submission.submit import submit_run
from schedules.firing.timing import stored_timing
from schedules.models import Schedule
from schedules.restored.service import Wishes, after_restore
from schedules.services.running import resume_schedule
from schedules.states import CatchUp, Overlap, ScheduleState
from tests.exactly_once.conftest import mlflow_runs_of
from tests.schedules.conftest import fire
from tests.support.backups import back_up, restore
from tests.support.factories import make_schedule
from tests.support.mlflow_server import MlflowServer
from tests.support.proofs import Proved, trials
from tests.support.run_tokens import assert_job_may_log
from tests.support.sites import RunningSite
from tests.support.waiting import wait_until
from tests.support.world import World, make_world

BEGIN = datetime(2027, 3, 1, 7, 59, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SCHEDULES = 20
TRIALS = trials(1, 20)
_CRONS = ("*/30 * * * *", "10 * * * *", "45 * * * *", "25 8 * * *", "55 * * * *")


class Died(BaseException):
    """A worker is gone. No handler of errors may have a say."""


@pytest.fixture
def world(
    transactional_db: None, settings: Settings, tmp_path: Path, sandbox: RunningSite, mlflow_server: MlflowServer
) -> World:
    settings.MANTIK_GIT_ALLOW_LOCAL = True
    settings.MANTIK_MLFLOW_URI = mlflow_server.uri
    user = sandbox.users["demo"]
    return make_world(tmp_path, base_url=sandbox.base_url, login=user.login, password=user.password)


class Installation:
    """Beat and workers, in this process, at the time `now`."""

    def __init__(self, world: World, chance: random.Random, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.chance, self.now = world, chance, BEGIN
        self._writes_left: int | None = None
        write = Lease.write

        def dying(lease: Any, *arguments: Any, **columns: Any) -> None:
            if self._writes_left is not None:
                self._writes_left -= 1
                if self._writes_left < 0:
                    raise Died
            write(lease, *arguments, **columns)

        monkeypatch.setattr(Lease, "write", dying)

    def clock(self) -> datetime:
        return self.now

    def submit(self, key: int, *, dies_at: int | None = None) -> None:
        """`dies_at`: the write, counted from 0, which it does not come to any more."""
        self._writes_left = dies_at
        try:
            submit_run(run_id=key, clock=self.clock)
        except Died:
            pass
        finally:
            self._writes_left = None

    def sweep(self, *, may_die: bool) -> None:
        due = Run.objects.due_for_submission(self.now).order_by("next_attempt_at", "pk")
        for key in list(due.values_list("pk", flat=True)):
            dies = may_die and self.chance.random() < 0.25
            self.submit(key, dies_at=self.chance.randrange(5) if dies else None)
        for connection_id in due_connections(now=self.now):
            follow_connection(connection_id=connection_id, clock=self.clock)

    def work(self, until: datetime, *, may_die: bool = False, step: timedelta = 5 * MINUTE) -> None:
        while self.now < until:
            self.now = min(self.now + step, until)
            fire(self.now)
            self.sweep(may_die=may_die)

    def finish(self) -> None:
        """Until every run is over, and nothing is due any more."""

        def is_over() -> bool:
            self.now += MINUTE
            self.sweep(may_die=False)
            return not Run.objects.active().exists()

        wait_until(is_over, seconds=120)


def _start_runs(installation: Installation, count: int) -> list[Run]:
    """As far as workers come with them before the backup is made: from nowhere to the end."""
    runs = []
    for number in range(count):
        run = installation.world.start_run(name=f"by hand {number}")
        Run.objects.filter(pk=run.pk).update(next_attempt_at=installation.now)
        if number % 4:
            installation.submit(run.pk, dies_at=None if number % 4 == 3 else installation.chance.randrange(6))
        runs.append(run)
    return runs


def _make_schedules(installation: Installation) -> list[Schedule]:
    like = installation.world.start_run(name="template")
    installation.submit(like.pk)
    installation.finish()
    made = []
    for number in range(SCHEDULES):
        paused = number % 7 == 6
        columns: dict[str, Any] = {"state": ScheduleState.PAUSED, "state_reason": "So."} if paused else {}
        made.append(
            make_schedule(
                run=like,
                now=installation.now,
                name=f"schedule {number}",
                cron_expression=_CRONS[number % len(_CRONS)],
                overlap=Overlap.ALLOW if number % 2 else Overlap.SKIP,
                missed=list(CatchUp)[number % 3],
                pause_after_failures=0,
                **columns,
            )
        )
    return made


def starts_by_run(world: World) -> Counter[str]:
    """How often each job was started, as the jobs themselves wrote it down, by the id of the run."""
    return Counter({mark.name: len(mark.read_text().splitlines()) for mark in world.marks.iterdir()})


@pytest.mark.parametrize("number", range(TRIALS))
@pytest.mark.timeout(1500)
def test_after_a_restore_no_slot_and_no_run_starts_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proved: Proved, number: int
) -> None:
    chance = random.Random(number)
    installation = Installation(world, chance, monkeypatch)
    schedules = _make_schedules(installation)
    installation.now = BEGIN + timedelta(hours=chance.randrange(24), minutes=chance.randrange(60))
    installation.work(installation.now + 15 * MINUTE)
    before = _start_runs(installation, 8)
    backup_of = installation.now
    back_up(tmp_path / "backup")

    # An hour of which the restored database knows nothing.
    paused = [schedule for schedule in schedules if schedule.is_paused]
    resume_schedule(schedule=paused[0], actor=world.user, catch_up=CatchUp.ALL, now=installation.now)
    installation.work(backup_of + timedelta(hours=1), may_die=True, step=15 * MINUTE)
    by_hand = _start_runs(installation, 4)
    forgotten = set(Run.objects.values_list("uuid", flat=True))

    restore(tmp_path / "backup")
    installation.now += 3 * MINUTE
    said = list(after_restore(Wishes(backup_of=backup_of, adopt=chance.random() < 0.5), now=installation.now))

    # And on: also somebody who resumes what was paused, and has caught up what was due meanwhile.
    for schedule in paused:
        resume_schedule(schedule=schedule, actor=world.user, catch_up=CatchUp.ALL, now=installation.now)
    installation.work(installation.now + 20 * MINUTE, step=10 * MINUTE)
    installation.finish()

    starts = starts_by_run(world)
    known = {str(uuid) for uuid in Run.objects.values_list("uuid", flat=True)}
    ours = [str(run.uuid) for run in before]
    never = [str(run.uuid) for run in Run.objects.all() if not starts[str(run.uuid)]]
    proved(
        restores=1,
        runs=len(known | {str(uuid) for uuid in forgotten}),
        doubled=sum(count > 1 for count in starts.values()),
        lost=len(never) + len(set(ours) - known),
    )
    assert [uuid for uuid, count in starts.items() if count > 1] == [], said
    assert never == []
    assert set(ours) <= known
    assert {run.state for run in Run.objects.all()} == {RunState.FINISHED}, [
        (run.name, run.outcome) for run in Run.objects.exclude(state=RunState.FINISHED)
    ]
    site = open_connection(world.connection)
    for run in Run.objects.all():
        assert_job_may_log(site, run)
    # What no row knows are runs by hand after the backup, and due times that nobody adopted, as the command said.
    assert {str(run.uuid) for run in by_hand}.isdisjoint(known)
    assert set(starts) <= known | {str(uuid) for uuid in forgotten}
    _assert_no_hole(schedules)
    for run in Run.objects.order_by("-pk")[:5]:
        assert len(mlflow_runs_of(run)) == 1


def _assert_no_hole(schedules: list[Schedule]) -> None:
    """Each due time since the first has a slot."""
    for schedule in Schedule.objects.filter(pk__in=[one.pk for one in schedules]):
        slots = set(schedule.slots.values_list("due_at", flat=True))
        until = schedule.dealt_with_until
        assert set(stored_timing(schedule).due_times(after=schedule.created_at, until=until)) <= slots
