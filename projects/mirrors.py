"""The local mirror of a code repository: fetched by workers, read by everybody.

A page never waits for a git host. It reads the mirror as it is and asks for a fetch; a worker fetches; the
page shows what is there, how old it is, and what went wrong.
"""

from datetime import datetime, timedelta

from django.db.models import F, Q

from connections.git.errors import GitError
from connections.git.mirror import GitCredential, Mirror
from connections.sealing import SealBroken
from connections.services import note_use
from mantik.lib.queue import send_on_commit
from projects.models import CodeRepository

# A mirror younger than this serves a form as it is.
FRESH_FOR = timedelta(seconds=30)


def mirror_of(repository: CodeRepository) -> Mirror:
    """The mirror for reading: no credentials, no network."""
    return Mirror(key=str(repository.uuid), url=repository.url, credential=None)


def request_fetch(repository: CodeRepository, *, now: datetime, even_if_fresh: bool = False) -> None:
    """Ask a worker for a fetch, unless one is under way or the mirror is fresh."""
    from projects.tasks import fetch_code_repository

    if repository.fetch_requested_at and repository.fetch_requested_at > now - timedelta(minutes=2):
        return
    if not even_if_fresh and repository.fetched_at and repository.fetched_at > now - FRESH_FOR:
        return
    CodeRepository.objects.filter(pk=repository.pk).update(fetch_requested_at=now)
    repository.fetch_requested_at = now
    send_on_commit(fetch_code_repository, repository_id=repository.pk)


def fetch(repository: CodeRepository, *, now: datetime, waits: bool = True) -> None:
    """For workers: bring the mirror up to date and keep what happened on the row. Never raises GitError.

    Without `waits` nothing happens while another worker fetches it; what was requested meanwhile stays so.
    """
    try:
        error = _fetch(repository, waits=waits)
    except _UnderWay:
        return
    asked_until_now = Q(fetch_requested_at__lte=now)
    rows = CodeRepository.objects.filter(pk=repository.pk)
    if error:
        rows.update(fetch_error=error, fetch_failed_at=now)
    else:
        rows.update(fetch_error="", fetched_at=now)
        if repository.connection:
            note_use(repository.connection, now=now)
    rows.filter(asked_until_now).update(fetch_requested_at=None)


def fetch_or_raise(repository: CodeRepository, *, now: datetime) -> None:
    """For workers that cannot go on without it. Raises GitError."""
    fetch(repository, now=now)
    repository.refresh_from_db(fields=["fetch_error"])
    if repository.fetch_error:
        raise GitError(repository.fetch_error, code="fetch", permanent=False)


def branch_count(repository: CodeRepository) -> int | None:
    """None while the mirror cannot be read, or was never fetched."""
    if repository.fetched_at is None:
        return None
    try:
        return mirror_of(repository).branch_count()
    except GitError:
        return None


class _UnderWay(Exception):
    """Another worker fetches this repository."""


def _fetch(repository: CodeRepository, *, waits: bool) -> str:
    try:
        mirror = Mirror(key=str(repository.uuid), url=repository.url, credential=_credential(repository))
        mirror.refresh(waits=waits)
    except GitError as error:
        if error.code == "mirror.busy" and not waits:
            raise _UnderWay from None
        return error.message
    except SealBroken as error:
        return f"{error} Replace the secret of the connection {repository.connection}."
    return ""


def _credential(repository: CodeRepository) -> GitCredential | None:
    connection = repository.connection
    if connection is None:
        return None
    return GitCredential(
        platform=repository.platform,
        user_name=connection.login_name,
        token=connection.reveal_secret(),
    )


def unserved_requests(*, now: datetime) -> list[int]:
    """Repositories whose requested fetch the broker must have lost, oldest first."""
    waiting = CodeRepository.objects.filter(fetch_requested_at__lt=now - timedelta(minutes=2))
    return list(waiting.order_by(F("fetch_requested_at")).values_list("pk", flat=True)[:50])
