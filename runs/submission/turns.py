"""Whose turn it is: which of the runs that wait a worker submits next.

A message only says that something waits, so a worker that gets one asks the database. It draws one of the projects that
have a run due at a site with a place left (`connections.visits`), and submits the oldest of that project: a project
with hundreds of runs delays another's by one submission or two, however many workers there are, and nobody has to keep
accounts of who had how much.

Who has taken a run tells the others that more wait, before it begins and when it is done. So one message is enough for
any number of runs, and messages end by themselves when nothing is due or no place is left.
"""

from __future__ import annotations

import random
from datetime import datetime

from connections.visits.places import Purpose, full, visiting
from mantik.lib.backoff import Clock
from mantik.lib.queue import send
from runs.models import Run
from runs.querysets import RunQuerySet
from runs.restored import marks
from runs.submission.submit import LONGEST_TURN, submit_run

# Other workers draw as well, and may be quicker.
TRIES = 5


def submit_next(*, clock: Clock) -> None:
    """Submit the run whose turn it is, if there is one, and send for another worker if more wait.

    Does nothing in a database that was restored until somebody has seen to it.
    """
    if marks.watch.reminder():
        return
    for _ in range(TRIES):
        run, more_wait = _draw(clock())
        if run is None and more_wait:
            continue
        if run is None:
            return
        if _submit(run, clock, more_wait=more_wait):
            # The place that has become free is for one that waits.
            if any_due(now=clock()):
                send_for_worker()
            return


def any_due(*, now: datetime) -> bool:
    """Whether a run is due whose site has a place left for a worker."""
    return _due(now).exists()


def send_for_worker() -> None:
    """A message that a run waits. What is due twice, or was lost, the sweep finds."""
    send("runs.tasks.submit_next")


def _draw(now: datetime) -> tuple[Run | None, bool]:
    """A run, or None if another worker has just taken it; and whether others are due."""
    due = _due(now)
    projects = list(due.order_by().values_list("project", flat=True).distinct())
    if not projects:
        return None, False
    of_project = due.filter(project=random.choice(projects))  # noqa: S311 - a lot, no secret
    oldest = list(of_project.select_related("connection__site").order_by("next_attempt_at", "pk")[:2])
    return (oldest[0] if oldest else None), len(projects) > 1 or len(oldest) > 1


def _due(now: datetime) -> RunQuerySet:
    return Run.objects.due_for_submission(now).with_place_for_submission(full(now, Purpose.SUBMIT))


def _submit(run: Run, clock: Clock, *, more_wait: bool) -> bool:
    """False if another worker has taken the run, or the last place at its site."""
    if run.connection is None or run.was_cancelled_unsent:
        return submit_run(run_id=run.pk, clock=clock)
    with visiting(run.connection, purpose=Purpose.SUBMIT, longest=LONGEST_TURN, clock=clock) as has_place:
        if has_place and more_wait:
            send_for_worker()
        return has_place and submit_run(run_id=run.pk, clock=clock)
