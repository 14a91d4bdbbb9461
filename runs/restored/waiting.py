"""Runs that look at the site before anything is sent, because the database may have forgotten that it was."""

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

AT_ONCE = 500


def waiting_runs() -> RunQuerySet:
    """Those that may have been sent after the backup was made.

    From the moment that a run told its job to start it has known which one that is, and starting it again does nothing.
    """
    return Run.objects.filter(state__in=BEFORE_START, start_sent_at=None)


def look_at_site_first(runs: RunQuerySet, *, message: str, now: datetime) -> int:
    """Make those of `runs` that wait for their submission ask the site for their tag; how many there were.

    That is what a run does whose POST was not answered (`runs/submission/submit.py`): it adopts the job that it finds,
    and posts only when none has turned up until the usual time after `now`. Whoever has a lease on such a run loses it.
    `message` becomes an event of each.
    """
    count = 0
    for keys in _batches(list((runs & waiting_runs()).order_by("pk").values_list("pk", flat=True))):
        with transaction.atomic():
            locked = waiting_runs().filter(pk__in=keys).select_for_update(of=("self",))
            still = list(locked.values_list("pk", flat=True))
            waiting_runs().filter(pk__in=still).update(
                posted_at=now,
                was_in_doubt=True,
                # The tag finds that one again, and says what has become of it since.
                job_url="",
                code_uploaded=False,
                # The MLflow run is looked for, too, from the second attempt on.
                attempts=Greatest("attempts", Value(1)),
                next_attempt_at=now,
                **NO_LEASE,
            )
            events = {"at": now, "kind": "submission.restored", "message": message}
            insert_rows(RunEvent, [(key,) for key in still], columns=("run_id",), shared=events)
        count += len(still)
    return count


def _batches(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
