"""The steps of `manage.py after_restore`, which yield sentences on what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connections.mlflow.errors import TrackingError
from connections.unicore.errors import SiteError
from mantik.audit.models import AuditEvent
from mantik.lib.humanize import counted, spoken_duration, utc_minute
from mantik.lib.sealing import SealBroken
from runs.models import Restore, RunEvent
from runs.restored import marks
from runs.restored.left_jobs import LeftJob, Look, look_at_sites, site_of
from runs.restored.logged_since import open_runs, read_again_at_their_end
from runs.restored.mlflow_gaps import compare_with_mlflow
from runs.restored.unsent_runs import look_at_site_first, waiting_runs
from schedules.firing.after_restore import not_known
from schedules.models import Schedule, Slot
from schedules.restored.adoption import adopt, find_slots
from schedules.restored.gap import pass_over_gap

# A site deletes a job after its lifetime, by default a day. After that it can no longer say that the job has run.
JOBS_ARE_KEPT = timedelta(hours=24)
# Beat notes the time every minute. A mark younger than this shows that beat was at work after the command was last run.
_FRESH = timedelta(minutes=5)
# A longer list of names is cut off here, and says how many more there are.
MOST_NAMED = 50


class BadTime(Exception):
    """The time given for the backup cannot be right; the message says why."""


@dataclass(frozen=True)
class Wishes:
    """The options of the command. `backup_of` None: the database says how old it is. `dry_run`: nothing is changed."""

    backup_of: datetime | None = None
    adopt: bool = False
    abort: bool = False
    dry_run: bool = False


def after_restore(wishes: Wishes, *, now: datetime) -> Iterator[str]:
    """Do all steps; safe to repeat, even after it was killed midway. Raises BadTime and DatabaseError."""
    if wishes.backup_of is not None and wishes.backup_of > now:
        raise BadTime(f"{utc_minute(wishes.backup_of)} is in the future. Say when the backup was made.")
    done = None if wishes.backup_of else _done_before(now)
    if done:
        yield (
            f"Schedules and waiting runs were dealt with on {utc_minute(done.at)}, for a backup of "
            f"{utc_minute(done.backup_of)}. To do it again, give the time of the backup with --backup-of."
        )
    else:
        yield from _see_to_database(wishes, now)
    yield from _see_to_sites(wishes, now)
    yield from _tell_of_mlflow()
    if wishes.dry_run:
        yield "Nothing was changed: this was a dry run."


def _done_before(now: datetime) -> Restore | None:
    """The last restore, if it is dealt with and, as far as anybody can tell, the database has not gone back since."""
    last, mark = marks.last_restore(), marks.installation().marked_at
    if last is None or mark is None or mark < last.at or marks.why_nothing_may_start():
        return None
    return last if mark == last.at or now - mark < _FRESH else None


def _see_to_database(wishes: Wishes, now: datetime) -> Iterator[str]:
    backup_of, how = (wishes.backup_of, "as you said") if wishes.backup_of else _age_of_database(now)
    yield f"The backup is of {utc_minute(backup_of)}: {how}. That was {spoken_duration(now - backup_of)} ago."
    if now - backup_of > JOBS_ARE_KEPT:
        yield (
            "A site that did not allow an extension keeps a job for only a day. A waiting run whose job has ended and "
            "been deleted there since the backup is sent again; cancel such runs before you start the workers."
        )
    if not wishes.dry_run:
        # Stored first, so that no due time of the gap is fired meanwhile without a look at the site.
        Restore.objects.create(backup_of=backup_of, at=now)
    yield from _pass_over(backup_of, wishes, now)
    yield from _hold_waiting_runs(backup_of, wishes, now)
    yield from _read_again(wishes)
    if not wishes.dry_run:
        marks.set_mark(now=now)
        marks.watch.forget()
        yield "Workers and beats start runs again, from now on or within a minute."


def _age_of_database(now: datetime) -> tuple[datetime, str]:
    """The earliest time at which the backup can have been made, and how it was found."""
    if mark := marks.installation().marked_at:
        return min(mark, now), "the last minute that beat has noted in the database"
    newest: list[datetime | None] = [
        AuditEvent.objects.order_by("pk").values_list("happened_at", flat=True).last(),
        RunEvent.objects.order_by("pk").values_list("at", flat=True).last(),
        Slot.objects.order_by("pk").values_list("recorded_at", flat=True).last(),
    ]
    known = [moment for moment in newest if moment]
    return min(max(known, default=now), now), "the newest run event, slot or audit event in the database"


def _pass_over(backup_of: datetime, wishes: Wishes, now: datetime) -> Iterator[str]:
    passed = pass_over_gap(backup_of=backup_of, now=now, dry_run=wishes.dry_run)
    if not passed.schedules and not passed.set_aside:
        yield "No schedule was due since the backup."
    if passed.schedules:
        were = "was" if passed.schedules == 1 else "were"
        yield (
            f"{counted(passed.schedules, 'schedule')} {were} due since the backup. "
            "No schedule catches up on these due times; each continues with its next one. "
            f"{counted(passed.slots, 'slot')} "
            f"{'would say' if wishes.dry_run else 'says' if passed.slots == 1 else 'say'}: {not_known(backup_of)}"
        )
    if passed.set_aside:
        are = "is" if passed.set_aside == 1 else "are"
        yield f"{counted(passed.set_aside, 'schedule')} could not be dealt with and {are} paused; the log says why."


def _hold_waiting_runs(backup_of: datetime, wishes: Wishes, now: datetime) -> Iterator[str]:
    message = (
        f"These data were restored from a backup of {utc_minute(backup_of)}. Mantik looks for the job at the site "
        "before it sends anything."
    )
    runs = waiting_runs()
    count = runs.count() if wishes.dry_run else look_at_site_first(runs, message=message, now=now)
    if not count:
        yield "No run waits for its submission."
        return
    verb = "would look" if wishes.dry_run else "look" if count > 1 else "looks"
    yield (
        f"{counted(count, 'run')} that {'wait' if count > 1 else 'waits'} for submission {verb} for the job at the "
        "site before anything is sent."
    )


def _read_again(wishes: Wishes) -> Iterator[str]:
    runs = open_runs()
    if count := runs.count() if wishes.dry_run else read_again_at_their_end(runs):
        verb = "would be" if wishes.dry_run else "is"
        yield f"What {counted(count, 'run')} may have logged since the backup {verb} read from MLflow later."


def _see_to_sites(wishes: Wishes, now: datetime) -> Iterator[str]:
    left, looks = 0, 0
    for look in look_at_sites():
        looks += 1
        left += len(look.jobs)
        yield from _tell_of(look, wishes, now)
    if not looks:
        yield "There are no connections to sites."
    elif not left:
        yield "No site has a job of this installation that no run knows, as far as the sites answered."
    elif not (wishes.adopt or wishes.abort):
        yield (
            f"The sites have {counted(left, 'job')} without a run. --adopt recreates the runs of those that belong to "
            "due times. --abort ends those that have not ended; with both options, it ends only those that "
            "cannot be adopted."
        )


def _tell_of(look: Look, wishes: Wishes, now: datetime) -> Iterator[str]:
    whose = f"{look.connection.provider}, connection {look.connection.name} of {look.connection.owner.username}"
    if look.trouble:
        yield f"{whose}: {look.trouble}"
    slots = find_slots([job.run_uuid for job in look.jobs], look.connection)
    for job in look.jobs:
        found = slots.get(job.run_uuid)
        yield f"{whose}: {_description(job, found)}{_act(look, job, found, wishes, now)}"


def _description(job: LeftJob, found: tuple[Schedule, datetime] | None) -> str:
    what = f"of the schedule {found[0].name}, due {utc_minute(found[1])}" if found else "of a run that is lost"
    return f"{job.url} ({job.name or 'without a name'}, {job.state}), {what}."


def _act(look: Look, job: LeftJob, found: tuple[Schedule, datetime] | None, wishes: Wishes, now: datetime) -> str:
    if wishes.adopt and found:
        if wishes.dry_run:
            return " It would be adopted."
        return " It is adopted." if adopt(*found, now=now) else " Its due time has a run already."
    if wishes.abort and not job.is_over:
        return " It would be aborted." if wishes.dry_run else _abort(look, job)
    if wishes.adopt:
        return " It cannot be adopted: the database does not know what it was to run."
    return ""


def _abort(look: Look, job: LeftJob) -> str:
    try:
        site_of(look.connection).abort(job.url)
    except (SiteError, SealBroken) as error:
        return f" It could not be aborted. {error}"
    return " It is aborted."


def _tell_of_mlflow() -> Iterator[str]:
    try:
        for gap in compare_with_mlflow():
            yield from _named(f"MLflow lacks {counted(len(gap.lacking), gap.kind)} of the database", gap.lacking)
            yield from _named(f"MLflow has {counted(len(gap.beyond), gap.kind)} that the database lacks", gap.beyond)
    except TrackingError as error:
        yield f"MLflow was not compared: {error}"


def _named(sentence: str, names: Sequence[str]) -> Iterator[str]:
    if not names:
        yield f"{sentence}."
        return
    yield f"{sentence}:"
    yield from (f"  {name}" for name in names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        yield f"  and {len(names) - MOST_NAMED} more."
