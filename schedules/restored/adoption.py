"""Creates runs again for jobs that no run knows, if they belong to due times: schedule and due time give the run's id.

If somebody started the run with RUN!, or made its schedule after the backup, the database has nothing to make it from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from connections.models import Connection
from runs.models import Restore, Run
from runs.restored.unsent_runs import look_at_site_first
from runs.submission.create import send_to_workers_on_commit, store_runs
from schedules.cron import CronError, ZoneError
from schedules.firing.decide import Decision, hold_what_is_due, order_of
from schedules.firing.due import WAS_PAUSED
from schedules.firing.engine import load_for_decisions, store_slots
from schedules.firing.timing import run_uuid, stored_timing
from schedules.models import Schedule, Slot
from schedules.states import Outcome

# The version of the UUIDs that `run_uuid` makes.
_NAME_BASED = 5


def find_slots(run_uuids: Collection[UUID], connection: Connection) -> dict[UUID, tuple[Schedule, datetime]]:
    """The schedule and due time of each of these runs that belongs to a due time in a gap, for this connection."""
    wanted = {uuid for uuid in run_uuids if uuid.version == _NAME_BASED}
    found: dict[UUID, tuple[Schedule, datetime]] = {}
    if not wanted:
        return found
    gaps = list(Restore.objects.order_by("at"))
    for schedule in Schedule.objects.filter(connection=connection).order_by("pk").iterator():
        for due in _forgotten(schedule, gaps):
            uuid = run_uuid(schedule.uuid, due)
            if uuid in wanted:
                found[uuid] = (schedule, due)
                if len(found) == len(wanted):
                    return found
    return found


def adopt(schedule: Schedule, due_at: datetime, *, now: datetime) -> bool:
    """Store the run of this due time, which then finds its job at the site. False if the slot already has its run."""
    with transaction.atomic():
        stored = Schedule.objects.select_for_update().filter(pk=schedule.pk).first()
        if stored is None or stored.slots.filter(due_at=due_at, outcome=Outcome.FIRED).exists():
            return False
        load_for_decisions([stored])
        if stored.dealt_with_until < due_at:
            # It was paused when the backup was made, and resumed later: nobody may catch up on due times up to here.
            decision = Decision(stored)
            hold_what_is_due(decision, WAS_PAUSED, due_at)
            store_slots([decision])
        reason = "Its job was found at the site after the database was restored from a backup."
        keys = store_runs([order_of(stored, due_at, reason)], verb="run.scheduled", actor=None, now=now)
        look_at_site_first(Run.objects.filter(pk__in=keys), message=reason, now=now)
        columns = {"outcome": Outcome.FIRED, "reason": reason, "run_id": keys[0], "awaits_end": True}
        Slot.objects.update_or_create(
            schedule=stored, due_at=due_at, defaults=columns, create_defaults=columns | {"recorded_at": now}
        )
        latest = Schedule.objects.filter(pk=stored.pk, last_due_at=due_at)
        latest.update(last_outcome=Outcome.FIRED, last_reason=reason)
        send_to_workers_on_commit(keys)
    return True


def _forgotten(schedule: Schedule, gaps: list[Restore]) -> Iterator[datetime]:
    """The due times of the schedule in the gaps, and earlier ones that it may have caught up on in a gap."""
    try:
        timing = stored_timing(schedule)
    except (CronError, ZoneError):
        return
    late = schedule.missed_grace + timedelta(seconds=schedule.jitter_seconds)
    for gap in gaps:
        yield from timing.due_times(after=gap.backup_of - late, until=gap.at)
