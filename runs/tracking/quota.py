"""How much a run, and all runs of a project, may store as artifacts, through the gateway and by journals.

What is sent is counted, also if it replaces a file. Several uploads at a time may go over the limit by what they have
under way.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from django.conf import settings
from django.db import close_old_connections, transaction
from django.db.models import F

from mantik.lib.humanize import filesize
from projects.models import Project
from runs.models import Run


class Full(Exception):
    """The text says what has no room left, and what to do."""


class Quota:
    """What `run` may still store. Raises Full if that is nothing."""

    def __init__(self, run: Run) -> None:
        self._run, self._stored = run, 0
        self._limits = [(limit - used, _words(whose, limit)) for whose, limit, used in _limits(run)]
        self.check(1)

    async def within(self, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """`body`. Raises Full where it goes beyond the limit: then nothing of it is stored."""
        async for part in body:
            self._stored += len(part)
            self.check(self._stored)
            yield part

    def note(self) -> None:
        """In a thread: the body was stored."""
        try:
            with transaction.atomic():
                count_stored(self._run, self._stored)
        finally:
            close_old_connections()

    def check(self, size: int) -> None:
        """Raises Full if there is no room for so many bytes."""
        for left, words in self._limits:
            if size > left:
                raise Full(words)


def count_stored(run: Run, size: int) -> None:
    Run.objects.filter(pk=run.pk).update(tracked_bytes=F("tracked_bytes") + size)
    Project.objects.filter(pk=run.project_id).update(tracked_bytes=F("tracked_bytes") + size)


def bytes_left(run: Run) -> int | None:
    """How much `run` may still store; None if nothing limits that."""
    return min((max(0, limit - used) for _, limit, used in _limits(run)), default=None)


def _limits(run: Run) -> list[tuple[str, int, int]]:
    """Whose limit, the limit, and how much of it is used."""
    known = (
        ("This run", settings.MANTIK_TRACKING_RUN_MAX_BYTES, run.tracked_bytes),
        ("This project", settings.MANTIK_TRACKING_PROJECT_MAX_BYTES, run.project.tracked_bytes),
    )
    return [entry for entry in known if entry[1]]


def _words(whose: str, limit: int) -> str:
    return (
        f"{whose} may store {filesize(limit)} of artifacts in all, and this file would go beyond that. Ask an operator "
        "for more room."
    )
