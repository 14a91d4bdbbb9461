"""How much a run, and all runs of a project, may store as artifacts through the gateway.

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
        self._limits = [
            (limit - used, _words(whose, limit))
            for whose, limit, used in (
                ("This run", settings.MANTIK_TRACKING_RUN_MAX_BYTES, run.tracked_bytes),
                (
                    "This project",
                    settings.MANTIK_TRACKING_PROJECT_MAX_BYTES,
                    run.project.tracked_bytes,
                ),
            )
            if limit
        ]
        self._check(1)

    async def within(self, body: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """`body`. Raises Full where it goes beyond the limit: then nothing of it is stored."""
        async for part in body:
            self._stored += len(part)
            self._check(self._stored)
            yield part

    def note(self) -> None:
        """In a thread: the body was stored."""
        try:
            with transaction.atomic():
                Run.objects.filter(pk=self._run.pk).update(tracked_bytes=F("tracked_bytes") + self._stored)
                project = Project.objects.filter(pk=self._run.project_id)
                project.update(tracked_bytes=F("tracked_bytes") + self._stored)
        finally:
            close_old_connections()

    def _check(self, size: int) -> None:
        for left, words in self._limits:
            if size > left:
                raise Full(words)


def _words(whose: str, limit: int) -> str:
    return (
        f"{whose} may store {filesize(limit)} of artifacts in all, and this file would go beyond that. Ask an operator "
        "for more room."
    )
