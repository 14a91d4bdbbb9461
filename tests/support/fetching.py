"""Fetching code in tests, with no worker and no broker."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from django.db.models import F
from django.utils import timezone

from connections.git.errors import GitError
from projects import tasks
from projects.code import mirrors, snapshot
from projects.models import CodeRepository


def fetch(code: CodeRepository, *, now: datetime) -> None:
    """As a run that needs a fetch has it. A failure stands in the row."""
    with suppress(GitError):
        mirrors.fetch_or_raise(code, now=now)


def fetch_as_asked(code: CodeRepository) -> None:
    """As a worker does after somebody has pressed Test."""
    mirrors.request_another_fetch(code, now=timezone.now())
    tasks.fetch_code_repository(repository_id=code.pk)


def ask_workers(code: CodeRepository) -> Callable[[], bool]:
    """As somebody who presses Fetch now; says whether a worker has served that request."""
    mirrors.request_another_fetch(code, now=timezone.now())
    rows = CodeRepository.objects.filter(pk=code.pk)
    return rows.filter(fetch_served__gte=rows.get().fetch_requested).exists


def store_as_fetched(code: CodeRepository, *, now: datetime) -> None:
    """As a fetch stores it for pages, of the copy that is there."""
    snapshot.store(code, snapshot.read(code, mirrors.mirror_of(code), now=now), now=now)


def forget_requests() -> None:
    """As if all fetches that anybody asked for were done."""
    CodeRepository.objects.update(fetch_served=F("fetch_requested"), fetch_requested_at=None)


def hold(code: CodeRepository, *, until: datetime | None = None) -> None:
    """As if a worker were fetching it."""
    lease = {"lease_token": uuid4(), "lease_until": until or timezone.now() + timedelta(minutes=1)}
    CodeRepository.objects.filter(pk=code.pk).update(**lease)


def let_go(*codes: CodeRepository) -> None:
    """As if the time of a killed worker's lease were over."""
    CodeRepository.objects.filter(pk__in=[code.pk for code in codes]).update(lease_until=timezone.now())
