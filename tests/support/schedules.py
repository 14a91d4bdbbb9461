"""Many schedules at once, and real beats for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from django_celery_beat.models import CrontabSchedule, PeriodicTask

from schedules.models import Schedule
from schedules.operators.periodic_tasks import TASK
from tests.support.places import TOP


def make_many(like: Schedule, count: int, *, due: Callable[[int], tuple[str, datetime]]) -> list[int]:
    """`count` copies of a schedule by primary key; `due` gives the expression of each and its next due time, in UTC."""
    made = []
    for number in range(count):
        expression, next_due = due(number)
        copy = Schedule(**like.recipe, project_id=like.project_id, run_id=like.run_id, uuid=uuid.uuid4())
        copy.name = f"{expression} {copy.uuid}"
        copy.created_by_id, copy.created_at = like.created_by_id, like.created_at
        copy.last_edited_by_id, copy.last_edited_at = like.last_edited_by_id, like.last_edited_at
        copy.state_changed_at = copy.dealt_with_until = like.created_at
        copy.cron_expression, copy.time_zone, copy.overlap = expression, "UTC", like.overlap
        copy.missed, copy.missed_cap, copy.missed_grace = like.missed, like.missed_cap, like.missed_grace
        copy.next_due_at = copy.next_fire_at = next_due
        made.append(copy)
    crontabs = CrontabSchedule.objects.bulk_create(
        [CrontabSchedule(**copy.cron.crontab, timezone=copy.time_zone) for copy in made], batch_size=2000
    )
    tasks = PeriodicTask.objects.bulk_create(
        [
            PeriodicTask(task=TASK, crontab=crontab, name=str(copy.uuid), kwargs=f'{{"schedule_uuid": "{copy.uuid}"}}')
            for copy, crontab in zip(made, crontabs, strict=True)
        ],
        batch_size=2000,
    )
    for copy, task in zip(made, tasks, strict=True):
        copy.periodic_task = task
    return [schedule.pk for schedule in Schedule.objects.bulk_create(made, batch_size=2000)]


class Beats:
    """Beats to be killed, forked from a process that has everything imported. What they say goes to `log`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log.open("ab")
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.schedules.firing.launcher"],
            cwd=TOP,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def start(self, clock: Path | None = None) -> int:
        """The number of the new process. `clock` is a file of `wrong_clock` beside it; without, it has ours."""
        assert self._launcher.stdin
        assert self._launcher.stdout
        self._launcher.stdin.write(f"{clock or ''}\n")
        self._launcher.stdin.flush()
        line = self._launcher.stdout.readline()
        assert line, f"The launcher ended. Its log is {self._log.name}."
        return int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._launcher.stdin
        self._launcher.stdin.close()
        self._launcher.wait(20)
        self._log.close()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@contextmanager
def typed_beat(environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`celery beat` as one types it. It has to end by itself when it is told to."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "mantik", "--quiet", "beat", "--pidfile="],
            cwd=TOP,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
