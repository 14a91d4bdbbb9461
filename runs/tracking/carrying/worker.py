"""Fetches what the relays of a job have written, and applies it, for one job and some seconds at a time.

The cursor of each journal is stored after each request to MLflow, so a worker may die anywhere; the sweep finds the
row again. The site keeps everything until it is applied: a row is due until then, and that keeps its job there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from connections.logins.login_health import why_login_unused
from connections.logins.site_clients import open_connection
from connections.mlflow.errors import TrackingUnavailable
from connections.models import Connection
from connections.outages.breaker import note_silence, outage_of
from connections.unicore.errors import JobGone, SiteError
from connections.visits.places import Purpose, full, visiting
from mantik.lib.backoff import Clock, backoff
from mantik.lib.database_loss import DATABASE_AWAY
from mantik.lib.leases import NO_LEASE, Lease, LeaseLost, take
from mantik.lib.queue import send
from mantik.lib.sealing import SealBroken
from runs.following.job_lifetime import hurried, keep_files
from runs.lifecycle import record
from runs.models import JobTracking, Journal, Run
from runs.tracking.carrying.both import SentAndKept
from runs.tracking.carrying.due import due_tracking, pause
from runs.tracking.carrying.relay_folder import RelayFolder, has_too_many
from runs.tracking.journals.apply import apply_journal
from runs.tracking.journals.inbox import Inbox, drop_applied
from runs.tracking.journals.names import MOST
from runs.tracking.journals.source import LargeFile, Source

log = structlog.get_logger(__name__)

# What one worker does for one job before others have their turn.
TURN_SECONDS = 5.0
# The hard limit of `runs.tasks.carry_large`: a file of hundreds of gigabytes may be under way.
LONGEST_TURN = timedelta(hours=6, minutes=1)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
# A relay writes its last entry before its job ends, but a site may show it later. One that was killed writes none.
AWAITS_END = timedelta(minutes=1)
NO_CONNECTION = (
    "The connection was deleted, so Mantik cannot fetch what the training logged. What was fetched before is kept."
)
NO_END = (
    "The relay of the job did not write its last entry: it was killed, or the disk of the node was full. What the "
    "training logged last may be missing."
)


@dataclass(frozen=True)
class _Looked:
    """`is_all`: everything that was there is applied. `has_news`: something was. `has_ended`: the relays have written
    their last entries, or there is no relay."""

    is_all: bool
    has_news: bool
    has_ended: bool


_NOTHING_THERE = _Looked(is_all=True, has_news=False, has_ended=True)


def due_rows(*, now: datetime, limit: int) -> list[tuple[int, bool]]:
    """Rows that are due, longest due first: the id of each, and whether a large file comes next."""
    found = [
        *_due(now, takes_large=False).values_list("due_at", "pk", "has_large")[:limit],
        *_due(now, takes_large=True).values_list("due_at", "pk", "has_large")[:limit],
    ]
    return [(pk, has_large) for _, pk, has_large in sorted(found)[:limit]]


def _due(now: datetime, *, takes_large: bool) -> QuerySet[JobTracking]:
    rows = due_tracking(now, full(now, _purpose(takes_large=takes_large)))
    return rows.filter(has_large=takes_large).order_by("due_at")


def _purpose(*, takes_large: bool) -> Purpose:
    return Purpose.CARRY_LARGE if takes_large else Purpose.CARRY


def carry(*, job_tracking_id: int, clock: Clock, takes_large: bool = False) -> None:
    """Fetch and apply for one job, if it is due. Errors of the site and of MLflow are stored in the row, not raised.

    Without `takes_large`, a large file, and what stands behind it, is left to a worker that nobody waits for.
    """
    now = clock()
    lease = take(_due(now, takes_large=takes_large), key=job_tracking_id, now=now)
    if lease is None:
        return
    related = ("run__connection__site", "run__project", "run__experiment")
    row = JobTracking.objects.select_related(*related).get(pk=job_tracking_id)
    turn = _Turn(row, lease, clock, takes_large=takes_large)
    with lease.kept(clock=clock, longest=LONGEST_TURN):
        turn.work()


class _Turn:
    """What one worker does while it holds the lease."""

    def __init__(self, row: JobTracking, lease: Lease[JobTracking], clock: Clock, *, takes_large: bool) -> None:
        self._row, self._lease, self._clock, self._takes_large = row, lease, clock, takes_large
        self._run: Run = row.run
        # Whoever changes this meanwhile wants something of the next turn.
        self._due_as_read = row.due_at
        # A journal is whole if the job was over before it was read.
        self._is_over = self._run.is_terminal
        self._until = time.monotonic() + TURN_SECONDS

    def work(self) -> None:
        try:
            self._work()
        except LargeFile as large:
            self._give_back(self._clock(), failures=0, waiting_for="", has_large=True, large_file=large.path)
            send("runs.tasks.carry_large", job_tracking_id=self._row.pk)
        except TrackingUnavailable as error:
            self._wait(error.message)
        except SiteError as error:
            note_silence(self._run.connection, error, now=self._clock())
            self._wait(error.message)
        except SealBroken as error:
            self._wait(str(error))
        except LeaseLost:
            return
        except DATABASE_AWAY:
            raise
        except Exception:
            # Our own defect: operators find the traceback in the logs.
            self._wait(
                "An error inside Mantik stopped this. Mantik tries again. If this does not change, give an operator "
                f"the id of this run: {self._run.uuid}."
            )
            raise

    def _work(self) -> None:
        self._apply_sent()
        if not self._run.job_url:
            # It ended before it had a job.
            self._rest(None)
            return
        connection = self._run.connection
        if connection is None:
            self._say_once("unreachable", NO_CONNECTION)
            self._finish()
            return
        if reason := _why_not_asked(connection):
            self._wait(reason)
            return
        purpose = _purpose(takes_large=self._takes_large)
        with visiting(connection, purpose=purpose, longest=LONGEST_TURN, clock=self._clock) as has_place:
            if not has_place:
                self._lease.give_back()
                return
            looked = self._look(connection)
        self._settle(looked)

    # Looking

    def _apply_sent(self) -> None:
        """What relays have sent needs no site, as long as no file comes next."""
        for journal in self._run.journals.filter(parts__isnull=False).distinct():
            inbox = Inbox(journal)
            if inbox.has_more():
                self._apply(journal, inbox, is_over=False)

    def _look(self, connection: Connection) -> _Looked:
        site = open_connection(connection)
        if self._is_over:
            try:
                keep_files(site, self._run, now=self._clock())
            except JobGone:
                return self._gone()
        folder = RelayFolder.look(site, self._run.job_url, takes_large=self._takes_large)
        if folder is None:
            return self._gone() if self._is_over else _NOTHING_THERE
        names = folder.journals()
        if has_too_many(names):
            self._say_once("many-journals", f"The job has {len(names):,} journals; Mantik reads the first {MOST:,}.")
        journals = [self._journal(name) for name in names[:MOST]]
        # One after the other to its end, as far as it goes: what stands in a later one may build on it.
        applied = [self._apply(one, SentAndKept(Inbox(one), folder), is_over=self._is_over) for one in journals]
        looked = _Looked(
            is_all=all(is_all for is_all, _ in applied),
            has_news=any(has_news for _, has_news in applied),
            has_ended=all(one.has_end for one in journals),
        )
        if self._is_over and looked.is_all:
            _make_room(folder, journals)
        return looked

    def _apply(self, journal: Journal, source: Source, *, is_over: bool) -> tuple[bool, bool]:
        applied = apply_journal(
            self._run,
            journal,
            source,
            lease=self._lease,
            job_tracking=self._row,
            is_over=is_over,
            stop=self._has_to_stop,
            clock=self._clock,
        )
        drop_applied(journal)
        return applied

    def _has_to_stop(self) -> bool:
        return time.monotonic() > self._until

    def _journal(self, name: str) -> Journal:
        return Journal.objects.get_or_create(run=self._run, name=name)[0]

    def _gone(self) -> _Looked:
        """The site has nothing (any more). What was applied before stays."""
        if self._run.journals.filter(has_end=False).exists():
            self._say_once(
                "gone",
                f"{self._run.site_name} no longer has the files of the job. What the training logged last may be "
                "missing.",
            )
        return _NOTHING_THERE

    def _say_once(self, kind: str, message: str) -> None:
        kind = f"tracking.{kind}"
        if not self._run.events.filter(kind=kind).exists():
            record(self._run, now=self._clock(), kind=kind, message=message)

    # What comes next

    def _settle(self, looked: _Looked) -> None:
        now = self._clock()
        if not looked.is_all and looked.has_news:
            # There is more, but others have their turn in between.
            self._rest(now)
            send("runs.tasks.carry", job_tracking_id=self._row.pk)
        elif not self._is_over:
            self._rest(now + pause(self._run, now=now))
        elif looked.is_all and (looked.has_ended or self._has_awaited_end(now)):
            if not looked.has_ended:
                self._say_once("no-end", NO_END)
            self._finish()
        else:
            self._rest(now + FIRST_PAUSE)

    def _has_awaited_end(self, now: datetime) -> bool:
        return self._run.ended_at is None or now - self._run.ended_at > AWAITS_END

    def _finish(self) -> None:
        """All is home: the run can be finished (`runs.following.finish`), at once if somebody waits for that."""
        with transaction.atomic():
            if self._rest(None):
                Run.objects.filter(pk=self._run.pk, next_poll_at__isnull=False).update(next_poll_at=self._clock())

    def _rest(self, due_at: datetime | None) -> bool:
        return self._give_back(due_at, failures=0, waiting_for="", has_large=False, large_file="")

    def _wait(self, reason: str) -> None:
        now = self._clock()
        wanted = backoff(self._row.failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        due_at = now + hurried(self._run, wanted, now=now)
        self._give_back(due_at, failures=self._row.failures + 1, waiting_for=reason)

    def _give_back(self, due_at: datetime | None, **columns: Any) -> bool:
        """End the lease, and store when the row is due next. False if somebody has changed that in the meantime: the
        page was opened, the run is over, Mantik gave up. That stands."""
        as_read = self._lease.mine.filter(due_at=self._due_as_read)
        if as_read.update(due_at=due_at, **columns, **NO_LEASE):
            return True
        self._lease.give_back(**columns)
        return False


def _make_room(folder: RelayFolder, journals: list[Journal]) -> None:
    """Remove at the site the large files that are in MLflow now: gigabytes, where each login has only so many.

    If anything was passed over, its member may want to have it from there. A database that is restored from a backup
    needs the journals once more.
    """
    try:
        for journal in journals:
            if journal.has_end and not journal.passed_over:
                folder.remove_large_files(journal.name)
    except SiteError as error:
        # The site removes them with the job.
        log.info("large_files_left_at_site", reason=error.message)


def _why_not_asked(connection: Connection) -> str:
    """Why the site is not asked now, in a sentence; "" if it can be."""
    if outage := outage_of(connection):
        return outage.reason
    return why_login_unused(connection)
