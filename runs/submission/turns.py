"""Decides which of the waiting runs a worker submits next.

A message only says that some run waits, so a worker that gets one asks the database. It draws one of the projects that
have a run due at a site with a place left (`connections.visits`), and submits the run of that project that has been due
longest. So a project with hundreds of runs delays another's by one submission or two on average, however many workers
there are, and nobody has to count how many runs each project had.

A worker that has a place at a run's site sends a message if more runs wait, before it takes the run; and another one
when it is done. So one message is enough for any number of runs, and messages stop when nothing is due or no place is
left.
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

# How often a worker draws if another one is quicker each time.
DRAWS = 5


def submit_next(*, clock: Clock) -> None:
    """Submit the run whose turn it is, if there is one, and send a message if more runs wait.

    Does nothing in a restored database until `manage.py after_restore` was run.
    """
    if marks.watch.why_nothing_may_start():
        return
    for _ in range(DRAWS):
        run, more_wait = _draw(clock())
        if run is None and more_wait:
            continue
        if run is None:
            return
        if _submit(run, clock, more_wait=more_wait):
            # A waiting run can have the place that is free now.
            if any_due(now=clock()):
                send_for_worker()
            return


def any_due(*, now: datetime) -> bool:
    """Whether a run is due whose site has a place left for a worker."""
    return _due(now).exists()


def send_for_worker() -> None:
    """Send a message that a run waits. If it is lost, a sweep sends another."""
    send("runs.tasks.submit_next")


def _draw(now: datetime) -> tuple[Run | None, bool]:
    """Draw a run, or None if another worker has just taken it; the second value says whether more runs are due."""
    due = _due(now)
    projects = list(due.order_by().values_list("project", flat=True).distinct())
    if not projects:
        return None, False
    of_project = due.filter(project=random.choice(projects))  # noqa: S311 - a draw, no secret
    longest_due = list(of_project.select_related("connection__site").order_by("next_attempt_at", "pk")[:2])
    return (longest_due[0] if longest_due else None), len(projects) > 1 or len(longest_due) > 1


def _due(now: datetime) -> RunQuerySet:
    return Run.objects.due_for_submission(now).with_place_for_submission(full(now, Purpose.SUBMIT))


def _submit(run: Run, clock: Clock, *, more_wait: bool) -> bool:
    """Submit `run`. False if another worker has taken it, or the last place at its site."""
    if run.connection is None or run.was_cancelled_unsent:
        return submit_run(run_id=run.pk, clock=clock)
    with visiting(run.connection, purpose=Purpose.SUBMIT, longest=LONGEST_TURN, clock=clock) as has_place:
        if has_place and more_wait:
            send_for_worker()
        return has_place and submit_run(run_id=run.pk, clock=clock)
