"""Applies a journal to MLflow: each entry once, in order.

Nothing in a journal can stop it for good: what is not as it has to be, or refused by MLflow, is passed over and counted
by why. What it may be about is in `tree.py`; the requests are in `batches.py` and `actions.py`; the cursor is stored
after each (`cursor.py`), so that only the request that was under way is made again after a worker has died.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from connections.mlflow.errors import TrackingRefused, TrackingUnavailable
from connections.mlflow.for_workers import writer
from mantik.lib.backoff import Clock
from mantik.lib.leases import Lease
from runs.models import JobTracking, Journal, Run
from runs.tracking.journals.actions import Actions
from runs.tracking.journals.batches import MOST, MOST_IN_DOUBT, Batch, Logging, is_linked, items_of, send
from runs.tracking.journals.cursor import Cursor, News
from runs.tracking.journals.entries import Entry, Kind, Metrics, Params, Tags, parse
from runs.tracking.journals.files import NotYet
from runs.tracking.journals.lines import Line, read_lines
from runs.tracking.journals.passed_over import (
    AGAIN,
    DAMAGED,
    FAULTY,
    MISSING,
    NO_BYTES,
    OWN_TAGS,
    REFUSED,
    PassedOver,
    of_kind,
)
from runs.tracking.journals.source import Source
from runs.tracking.journals.tree import Tree
from runs.tracking.tags import PARENT_TAG, without_ours

# Entries that need no request are stored together, up to so many.
_MOST_QUIET = 1000
# After so many failures in a row, hours after the first, it is the entry at which MLflow fails.
MOST_FAILURES = 20


class Applied(NamedTuple):
    # Everything that the source had in whole lines is applied.
    is_all: bool
    # Something was applied in this call.
    has_news: bool


def apply_journal(
    run: Run,
    journal: Journal,
    source: Source,
    *,
    lease: Lease[JobTracking],
    job_tracking: JobTracking,
    is_over: bool,
    stop: Callable[[], bool],
    clock: Clock,
) -> Applied:
    """Apply what is there behind the journal's cursor. `is_over`: the job is, and nothing more will be written.

    `stop` is asked between requests, and ends the call. Raises TrackingUnavailable (later), LeaseLost, and the
    SiteError of the source.
    """
    cursor = Cursor(run, journal, lease=lease, job_tracking=job_tracking, clock=clock)
    has_failed = job_tracking.failures >= MOST_FAILURES
    applying = _Applying(run, journal, source, cursor, is_over=is_over, stop=stop, clock=clock, has_failed=has_failed)
    return applying.apply()


class _Stopped(Exception):
    """What is left is for another call."""


class _Applying:
    """One call."""

    def __init__(
        self,
        run: Run,
        journal: Journal,
        source: Source,
        cursor: Cursor,
        *,
        is_over: bool,
        stop: Callable[[], bool],
        clock: Clock,
        has_failed: bool,
    ) -> None:
        self._run, self._journal, self._source, self._cursor = run, journal, source, cursor
        self._is_over, self._stop, self._has_failed = is_over, stop, has_failed
        self._tree = Tree(run)
        self._actions = Actions(run, journal, source, self._tree, clock=clock)
        self._news = News()
        # Behind the last entry that was taken in, and of which the cursor is not stored yet.
        self._offset, self._number, self._quiet = journal.offset, journal.number, 0
        self._batch: Batch | None = None
        # A part of an entry is sent. It goes on to its end, or the next call would begin it anew, and so for ever.
        self._is_within_entry = False
        # What a worker that died may have sent already, of one entry and the next batch: it is sent in small batches.
        self._in_doubt = 2 * MOST
        self._has_news = False

    def apply(self) -> Applied:
        lines = read_lines(self._source, self._journal.name, offset=self._journal.offset, is_over=self._is_over)
        try:
            for line in lines:
                self._take(line)
            self._flush()
        except (_Stopped, NotYet):
            return Applied(is_all=False, has_news=self._has_news)
        return Applied(is_all=True, has_news=self._has_news)

    def _take(self, line: Line) -> None:
        entry, counted = self._read(line)
        if isinstance(entry, Metrics | Params | Tags):
            self._log(entry)
            self._pass(line, counted)
            return
        self._flush_batch()
        has_asked = entry is not None and self._act(entry, line.kind)
        self._pass(line, counted)
        if has_asked:
            self._store()

    def _read(self, line: Line) -> tuple[Entry | None, dict[str, int]]:
        """The entry, if there is one that can be applied, and what is counted with it."""
        counted = {DAMAGED: line.damaged} if line.damaged else {}
        if line.entry is None:
            return None, counted
        if line.number <= self._number:
            return None, counted | {AGAIN: 1}
        # Damaged lines had numbers as well.
        missing = line.number - self._number - 1 - line.damaged
        if missing > 0:
            counted[MISSING] = missing
        try:
            entry = parse(line.entry, root=self._run.mlflow_run_id)
            self._require_of_job(entry)
        except PassedOver as passed_over:
            return None, counted | {passed_over.why: 1}
        return entry, counted

    def _require_of_job(self, entry: Entry) -> None:
        """That metrics, params and tags are of a run of this job. Raises PassedOver."""
        if isinstance(entry, Metrics | Params | Tags):
            self._tree.require(Kind.RUN, entry.run)
        if isinstance(entry, Metrics):
            self._tree.require(Kind.MODEL, *{point.model for point in entry.points if point.model})
        if isinstance(entry, Tags) and entry.tags.get(PARENT_TAG):
            self._tree.require(Kind.RUN, entry.tags[PARENT_TAG])

    def _pass(self, line: Line, counted: Mapping[str, int]) -> None:
        """The entry is applied, or part of the batch, or not to be applied."""
        self._news.passed_over.update(counted)
        self._offset, self._number = line.end, max(line.number, self._number)
        self._quiet += 1
        if self._quiet >= _MOST_QUIET:
            self._flush()

    def _flush(self) -> None:
        self._flush_batch()
        if self._quiet:
            self._store()

    def _store(self) -> None:
        self._cursor.store(self._news, offset=self._offset, number=self._number)
        self._news, self._quiet, self._has_news, self._is_within_entry = News(), 0, True, False

    # Metrics, params and tags wait for more of them

    def _log(self, entry: Logging) -> None:
        items, linked = items_of(self._without_ours(entry)), is_linked(entry)
        if self._batch is not None and not self._batch.takes(entry.run, items, linked=linked):
            self._flush_batch()
        # An entry may be larger than a batch: then the cursor stays before it until its last part is sent.
        self._batch = self._batch or self._new_batch(entry.run, linked=linked)
        for item in items:
            if not self._batch.has_room([item]):
                self._is_within_entry = self._send(self._batch) or self._is_within_entry
                self._batch = self._new_batch(entry.run, linked=linked)
            self._batch.add(item)

    def _new_batch(self, run: str, *, linked: bool) -> Batch:
        return Batch(run, linked=linked, most=MOST_IN_DOUBT if self._in_doubt > 0 else MOST)

    def _without_ours(self, entry: Logging) -> Logging:
        if not isinstance(entry, Tags):
            return entry
        tags = without_ours(entry.tags)
        if more := len(entry.tags) - len(tags):
            self._news.passed_over[OWN_TAGS] += more
        return Tags(entry.run, tags)

    def _flush_batch(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None and self._send(batch):
            self._store()

    def _send(self, batch: Batch) -> bool:
        """False if there is nothing to send."""
        self._news.passed_over.update(batch.passed_over)
        if not batch.items:
            return False
        self._stop_if_asked()
        self._in_doubt -= len(batch.items)
        try:
            sent = send(batch)
        except PassedOver as passed_over:
            self._news.passed_over[passed_over.why] += 1
        except TrackingUnavailable:
            if not self._is_faulty():
                raise
            self._news.passed_over[of_kind(FAULTY, "metrics, params or tags")] += 1
        else:
            self._news.passed_over.update(sent.refused)
            sent.note_in(self._news.logged, batch.run)
        self._has_failed = False
        return True

    # Everything else is a request of its own, or none

    def _act(self, entry: Entry, kind: str) -> bool:
        """False if nothing was asked for."""
        self._stop_if_asked()
        try:
            has_asked = self._actions.do(entry, self._news)
        except PassedOver as passed_over:
            self._news.passed_over[passed_over.why] += 1
            return False
        except NotYet:
            if not self._is_over:
                raise
            self._news.passed_over[NO_BYTES] += 1
            return False
        except TrackingRefused:
            self._news.passed_over[of_kind(REFUSED, kind)] += 1
            has_asked = True
        except TrackingUnavailable:
            if not self._is_faulty():
                raise
            self._news.passed_over[of_kind(FAULTY, kind)] += 1
            has_asked = True
        self._has_failed = self._has_failed and not has_asked
        return has_asked

    def _is_faulty(self) -> bool:
        """Whether MLflow has failed at this entry again and again, although it answers. Raises TrackingUnavailable."""
        if not self._has_failed:
            return False
        writer().is_open(self._run.mlflow_run_id)
        return True

    def _stop_if_asked(self) -> None:
        if not self._is_within_entry and self._stop():
            raise _Stopped
