"""What clients log through the gateway, taken in after MLflow has accepted it.

A web process that is killed in between does not take it in: so it is noted before that something will come, and when
the run is over all is read from MLflow once more (`reading.py`).
"""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import transaction

from mantik.lib.database_loss import DATABASE_AWAY
from mantik.lib.gathering import Gathering
from runs.models import Run, RunSummaries
from runs.tracking.summaries.logged import Logged

log = structlog.get_logger(__name__)


class Accepted(NamedTuple):
    run: Run
    logged: Logged


# Runs of which this process knows that it is noted. A run that is read once more takes nothing any longer.
_noted: set[UUID] = set()
_MOST_NOTED = 10_000


def expect(run: Run) -> None:
    """Something is about to be logged to `run`."""
    if run.uuid in _noted:
        return
    row = RunSummaries(run=run, was_direct=True)
    RunSummaries.objects.bulk_create([row], update_conflicts=True, unique_fields=["run"], update_fields=["was_direct"])
    if len(_noted) >= _MOST_NOTED:
        _noted.clear()
    _noted.add(run.uuid)


def store(accepted: list[Accepted]) -> None:
    """One transaction for each run. Raises errors of DATABASE_AWAY: then what is stored may be stored twice."""
    by_run: dict[int, Accepted] = {}
    for one in accepted:
        there = by_run.setdefault(one.run.pk, Accepted(one.run, Logged()))
        there.logged.update(one.logged)
    for run, logged in by_run.values():
        try:
            with transaction.atomic():
                logged.take_in(run)
        except DATABASE_AWAY:
            raise
        except Exception:
            # The run was deleted meanwhile; or it is our own defect, for which other runs are not to wait.
            if Run.objects.filter(pk=run.pk).exists():
                log.exception("logged_not_taken_in", run=str(run.uuid))


gathered = Gathering(store)
