"""The last entries of a job: they may reach Mantik after it has learned that the job is over.

A run is over when the site says so. Its token stays valid for `runs.querysets.TOKEN_GRACE`, so that what is still on
its way arrives. MLflow's client says that it has logged everything by ending its run, which is the last thing it sends.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from runs.models import Run, RunToken
from runs.tracking.carrying.due import is_home
from runs.tracking.ends import STATE_OF

# A token that was not used for so long after the end of the run belongs to a job that has sent everything. It has to
# be longer than the time for which a use is not noted again (`mantik.tokens.services.recognise`).
QUIET_FOR = timedelta(minutes=2)


def note_status(run: Run, status: str, *, now: datetime) -> None:
    """The job of `run` has given its MLflow run this status: one of an end, or one with which it goes on."""
    RunToken.objects.filter(run=run).update(told_end_at=now if status in STATE_OF else None)


def are_awaited(run: Run, *, now: datetime) -> bool:
    """Whether something that the job of `run` has logged, or still logs, may not have arrived. The run is over."""
    assert run.ended_at is not None
    if not is_home(run):
        return True
    if run.journals.exists():
        # It has logged to a relay, whose use of the token says nothing.
        return False
    may_log = RunToken.objects.valid(now).filter(run=run, told_end_at=None)
    if now - run.ended_at < QUIET_FOR:
        return may_log.filter(last_used_at__isnull=False).exists()
    return may_log.filter(last_used_at__gt=now - QUIET_FOR).exists()
