"""Makes waiting runs look for their jobs at the site first: the restored database may not know that they were sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Greatest

from mantik.lib.bulk import insert_rows
from mantik.lib.leases import NO_LEASE
from runs.models import Run, RunEvent
from runs.querysets import RunQuerySet
from runs.states import BEFORE_START

RUNS_PER_TRANSACTION = 500


def waiting_runs() -> RunQuerySet:
    """Runs that may have been submitted after the backup was made.

    A run that has told its job to start is not one of them: it knows its job, and starting it again does nothing.
    """
    return Run.objects.filter(state__in=BEFORE_START, start_sent_at=None)


def look_at_site_first(runs: RunQuerySet, *, message: str, now: datetime) -> int:
    """Make those of `runs` that wait for submission ask the site for their tag. Returns how many there were.

    A run whose POST was not answered does the same (`runs/submission/submit.py`): it adopts the job that it finds, and
    posts only if there is none MANTIK_SUBMIT_SETTLE_SECONDS after `now`. A worker that has a lease on such a run loses
    it. `message` becomes an event of each run.
    """
    count = 0
    for keys in _batches(list((runs & waiting_runs()).order_by("pk").values_list("pk", flat=True))):
        with transaction.atomic():
            locked = waiting_runs().filter(pk__in=keys).select_for_update(of=("self",))
            still = list(locked.values_list("pk", flat=True))
            waiting_runs().filter(pk__in=still).update(
                posted_at=now,
                was_in_doubt=True,
                # The job is found again by its tag, with its present state.
                job_url="",
                code_uploaded=False,
                # With more than one attempt, the MLflow run is looked for, too (`ensure_tracking_run`).
                attempts=Greatest("attempts", Value(1)),
                next_attempt_at=now,
                **NO_LEASE,
            )
            events = {"at": now, "kind": "submission.restored", "message": message}
            insert_rows(RunEvent, [(key,) for key in still], columns=("run_id",), shared=events)
        count += len(still)
    return count


def _batches(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), RUNS_PER_TRANSACTION):
        yield keys[start : start + RUNS_PER_TRANSACTION]
