"""How much of a journal is applied, stored together with what that has brought: each once, whoever dies in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from mantik.lib.backoff import Clock
from mantik.lib.leases import Lease, LeaseLost
from runs.lifecycle import record
from runs.models import JobTracking, Journal, Run, RunEvent
from runs.tracking.journals.passed_over import UNSAID
from runs.tracking.quota import count_stored
from runs.tracking.summaries.logged import Logged

# Of one kind, about one run.
_MOST_EVENTS = 20
# Different calls that the relay did not know.
_MOST_UNKNOWN = 200


@dataclass
class News:
    """What came of the entries since the cursor was last stored."""

    passed_over: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    # Kind and message, in their order and each once.
    events: dict[tuple[str, str], None] = field(default_factory=dict)
    has_end: bool | None = None
    stored_bytes: int = 0
    logged: Logged = field(default_factory=Logged)

    def say(self, kind: str, message: str) -> None:
        self.events[f"tracking.{kind}", message] = None


class Cursor:
    """Of a journal, held by the worker that has the lease on `job_tracking`."""

    def __init__(
        self, run: Run, journal: Journal, *, lease: Lease[JobTracking], job_tracking: JobTracking, clock: Clock
    ) -> None:
        self._run, self._journal, self._clock = run, journal, clock
        self._lease, self._job_tracking = lease, job_tracking

    def store(self, news: News, *, offset: int, number: int) -> None:
        """Raises LeaseLost, with nothing written, if another worker has the lease or has moved the cursor."""
        with transaction.atomic():
            self._record(news)
            # Not how much: a journal may say of any number that it was lost.
            left_out = self._job_tracking.left_out + bool(news.passed_over or news.unknown)
            self._lease.write(self._job_tracking, now=self._clock(), left_out=left_out)
            columns = {
                "offset": offset,
                "number": number,
                "passed_over": _sum(self._journal.passed_over, news.passed_over),
                "unknown": _sum(self._journal.unknown, news.unknown, most=_MOST_UNKNOWN),
                "has_end": self._journal.has_end if news.has_end is None else news.has_end,
            }
            as_read = Journal.objects.filter(
                pk=self._journal.pk, offset=self._journal.offset, number=self._journal.number
            )
            if not as_read.update(**columns):
                raise LeaseLost
            if news.stored_bytes:
                count_stored(self._run, news.stored_bytes)
            # In this transaction, so each point once.
            news.logged.take_in(self._run)
        for name, value in columns.items():
            setattr(self._journal, name, value)

    def _record(self, news: News) -> None:
        """The events that are not there yet, up to a number of each kind: a training may ask for anything."""
        known = dict.fromkeys(self._known(kind for kind, _ in news.events)) if news.events else {}
        count = Counter(kind for kind, _ in known)
        for kind, message in news.events:
            if (kind, message) in known:
                continue
            if count[kind] >= _MOST_EVENTS:
                news.passed_over[UNSAID] += 1
                continue
            count[kind] += 1
            record(self._run, now=self._clock(), kind=kind, message=message)

    def _known(self, kinds: Iterable[str]) -> Iterable[tuple[str, str]]:
        return RunEvent.objects.filter(run=self._run, kind__in=set(kinds)).values_list("kind", "message")


def _sum(stored: dict[str, int], more: Counter[str], *, most: int | None = None) -> dict[str, int]:
    """Beyond `most` names, the rest is counted as one."""
    found = dict(stored)
    for name, count in more.items():
        key = name if name in found or most is None or len(found) < most else "others"
        found[key] = found.get(key, 0) + count
    return found
