"""The local mirror of a code repository: fetched by workers, read by everybody.

A page never waits for a git host. It reads the mirror as it is and asks for a fetch; a worker fetches; the
page shows what is there, how old it is, and what went wrong.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from connections.git import leftovers
from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.git.submodules import Route
from connections.git.whole import Whole, gather
from connections.logins.login_health import note_refusal, note_use
from connections.models import Connection
from connections.unicore.errors import SiteRefused
from mantik.lib.queue import send_on_commit
from projects.code.git_access import access_to, note_other_host_key
from projects.models import CodeRepository

# A mirror younger than this serves a form as it is.
FRESH_FOR = timedelta(seconds=30)
UNSERVED_AFTER = timedelta(seconds=30)
# More branches than these are counted, not listed.
MOST_SHOWN = 50


def mirror_of(repository: CodeRepository) -> Mirror:
    """The mirror for reading: no credentials, no network."""
    return Mirror(key=str(repository.uuid), url=repository.url, credential=None)


def request_fetch(repository: CodeRepository, *, now: datetime, even_if_fresh: bool = False) -> None:
    """Ask a worker for a fetch, unless one is under way or the mirror is fresh."""
    if repository.fetch_requested_at and repository.fetch_requested_at > now - timedelta(minutes=2):
        return
    if not even_if_fresh and repository.fetched_at and repository.fetched_at > now - FRESH_FOR:
        return
    CodeRepository.objects.filter(pk=repository.pk).update(fetch_requested_at=now)
    repository.fetch_requested_at = now
    send_on_commit("projects.tasks.fetch_code_repository", repository_id=repository.pk)


def login_changed(connection: Connection, now: datetime) -> None:
    """Its secret was replaced: read again what is read with it."""
    for repository in connection.code_repositories.all():
        request_fetch(repository, now=now, even_if_fresh=True)


def look(repository: CodeRepository) -> dict[str, Any]:
    """For a page: the branches of the mirror, the default one first, and how many more there are."""
    if repository.fetched_at is None:
        return {"branches": []}
    try:
        branches = mirror_of(repository).branches()
    except GitError:
        return {"branches": []}
    return {"branches": branches[:MOST_SHOWN], "more_branches": max(0, len(branches) - MOST_SHOWN)}


def fetch(repository: CodeRepository, *, now: datetime, waits: bool = True) -> None:
    """For workers: bring the mirror up to date and keep what happened on the row. Never raises GitError.

    Without `waits` nothing happens while another worker fetches it; what was requested meanwhile stays so.
    """
    url = repository.url
    try:
        found = _fetch(repository, waits=waits)
    except _UnderWay:
        return
    except GitError as error:
        found = {"fetch_error": error.message, "fetch_failed_at": now}
        if repository.connection and error.code == "authentication":
            refused = SiteRefused(error.message, code="refused.credentials")
            note_refusal(repository.connection, refused, now=now)
    else:
        found |= {"fetch_error": "", "fetched_at": now, "offered_host_key": ""}
        if repository.connection:
            note_use(repository.connection, now=now)
    # The address may have been changed meanwhile; what was found is about the old one.
    rows = CodeRepository.objects.filter(pk=repository.pk, url=url)
    rows.update(**found)
    rows.filter(fetch_requested_at__lte=now).update(fetch_requested_at=None)
    # Who took up what was requested meanwhile found this one under way, and left it.
    if rows.filter(fetch_requested_at__gt=now).exists():
        send_on_commit("projects.tasks.fetch_code_repository", repository_id=repository.pk)


def whole_code(
    repository: CodeRepository,
    sha: str,
    *,
    wanted: Callable[[str], bool],
    check_lfs: Callable[[int], None],
    before_fetching: Callable[[], object] = lambda: None,
) -> Whole:
    """For workers: a commit with its submodules and Git LFS files; see connections.git.whole. Raises GitError.

    `before_fetching` is called if something has to be fetched, and may raise.
    """

    def route() -> Route:
        before_fetching()
        return _route(repository)

    return gather(mirror_of(repository), sha, wanted=wanted, route=route, check_lfs=check_lfs)


def whole_code_here(repository: CodeRepository, sha: str, *, wanted: Callable[[str], bool]) -> Whole:
    """For pages: the same as far as it is here already. Raises GitError."""
    return gather(mirror_of(repository), sha, wanted=wanted)


def _route(repository: CodeRepository) -> Route:
    access = access_to(repository)
    return Route(repository.url, access.login, access.host_key)


def fetch_or_raise(repository: CodeRepository, *, now: datetime) -> None:
    """For workers that cannot go on without it. Raises GitError."""
    fetch(repository, now=now)
    repository.refresh_from_db(fields=["fetch_error"])
    if repository.fetch_error:
        raise GitError(repository.fetch_error, code="fetch", permanent=False)


class _UnderWay(Exception):
    """Another worker fetches this repository."""


def _fetch(repository: CodeRepository, *, waits: bool) -> dict[str, Any]:
    """The columns that tell what the mirror has now. Raises GitError and _UnderWay."""
    access = access_to(repository)
    mirror = Mirror(key=str(repository.uuid), url=repository.url, credential=access.login, host_key=access.host_key)
    try:
        mirror.refresh(waits=waits)
    except GitError as error:
        if error.code == "mirror.busy" and not waits:
            raise _UnderWay from None
        if error.code == "host.key":
            raise note_other_host_key(repository) from None
        raise
    return _columns(mirror)


def _columns(mirror: Mirror) -> dict[str, Any]:
    branches = mirror.branches()
    default = branches[0]
    return {
        "branch_count": len(branches),
        "default_branch": default.name[:250],
        "head_sha": default.commit.sha,
        "head_subject": default.commit.subject[:200],
        "head_author": default.commit.author[:120],
        "head_committed_at": default.commit.committed_at,
        "mirror_bytes": mirror.size_bytes(),
    }


def clear_up() -> None:
    """Take away mirrors of code repositories that are no more, and keys that killed workers left behind."""
    root = settings.MANTIK_DATA_DIR / "git"
    leftovers.remove_keys(root)
    leftovers.remove_mirrors(root, in_use=_keys_in_use)


def _keys_in_use() -> Callable[[str], bool]:
    known = {str(uuid) for uuid in CodeRepository.objects.values_list("uuid", flat=True)}
    # A mirror's key begins with its repository's; those of submodules go on.
    return lambda key: key[:36] in known


def unserved_requests(*, now: datetime) -> list[int]:
    """Repositories whose requested fetch the broker may have lost, oldest first. To ask twice changes nothing."""
    waiting = CodeRepository.objects.filter(fetch_requested_at__lt=now - UNSERVED_AFTER)
    return list(waiting.order_by(F("fetch_requested_at")).values_list("pk", flat=True)[:50])
