"""What relays send by themselves: kept as it comes, for the worker that applies it.

A relay sends its journal from the byte that we name. So nothing is stored twice, whatever is sent again, and what a
worker has meanwhile read through the site is not sent at all.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Max, Sum

from runs.models import JobTracking, Journal, JournalPart, Run
from runs.tracking.carrying.due import look_at_sent
from runs.tracking.journals.names import JOURNAL, MOST

# Bytes of one run that wait to be applied. Its relay keeps the rest until there is room.
MOST_WAITING = 16 * 2**20


class NoRoom(Exception):
    """So much waits to be applied that the relay has to ask again later."""


class NotTaken(Exception):
    """The text says why this run has no such journal."""


def received_to(run: Run, name: str) -> int:
    """Up to which byte we have the journal. Raises NotTaken."""
    return _end(_journal(run, name))


def receive(run: Run, name: str, offset: int, content: bytes, *, now: datetime) -> int:
    """Keep `content`, whole lines from byte `offset` on, if that is what comes next.

    Returns up to which byte we have the journal then. Raises NoRoom, and NotTaken.
    """
    journal = _journal(run, name)
    if not content.endswith(b"\n"):
        raise NotTaken("The last line is not whole. Send whole lines.")
    with transaction.atomic():
        # Of two requests at a time, one sees what the other has stored.
        Journal.objects.select_for_update().get(pk=journal.pk)
        end = _end(journal)
        if offset != end:
            return end
        if _waiting(run) + len(content) > MOST_WAITING:
            raise NoRoom
        JournalPart.objects.create(journal=journal, offset=offset, end=offset + len(content), content=content)
        look_at_sent(run, now=now)
    return offset + len(content)


class Inbox:
    """A Source: the parts of `journal` that have come and are not applied yet."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def size(self, path: str) -> int | None:
        return _end(self._journal) if path == self._journal.name else None

    def read(self, path: str, offset: int, length: int) -> bytes:
        """Up to the end of the part that has this byte."""
        if path != self._journal.name:
            return b""
        part = self._journal.parts.filter(offset__lte=offset, end__gt=offset).first()
        return bytes(part.content)[offset - part.offset :][:length] if part else b""

    def has_more(self) -> bool:
        """Whether it has the byte that is applied next."""
        cursor = self._journal.offset
        return self._journal.parts.filter(offset__lte=cursor, end__gt=cursor).exists()


def drop_applied(journal: Journal) -> None:
    """In the transaction that moves the cursor of `journal`, or later."""
    journal.parts.filter(end__lte=journal.offset).delete()


def _journal(run: Run, name: str) -> Journal:
    if not JOURNAL.fullmatch(name):
        raise NotTaken(f"{name!r} is not the name of a journal.")
    if not JobTracking.objects.filter(run=run).exists():
        raise NotTaken("The job of this run was sent no relay.")
    if found := Journal.objects.filter(run=run, name=name).first():
        return found
    if Journal.objects.filter(run=run).count() >= MOST:
        raise NotTaken(f"This run has {MOST} journals, which is the most that a run may have.")
    return Journal.objects.get_or_create(run=run, name=name)[0]


def _end(journal: Journal) -> int:
    """A worker that reads the site may be further than what was sent."""
    cursor = Journal.objects.values_list("offset", flat=True).get(pk=journal.pk)
    return max(cursor, journal.parts.aggregate(end=Max("end"))["end"] or 0)


def _waiting(run: Run) -> int:
    return JournalPart.objects.filter(journal__run=run).aggregate(size=Sum(F("end") - F("offset")))["size"] or 0
