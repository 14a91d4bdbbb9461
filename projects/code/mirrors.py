"""The local mirror of a code repository, which workers fetch, and the requests of pages to fetch it.

A page never waits for a git host, nor reads a mirror: that of another machine may be newer. A worker fetches, and
writes what pages need into the database, in one transaction with what came of the fetch (`projects/code/snapshot.py`).
The page shows what stands there (`projects/code/stored.py`), how old it is, and what went wrong.

A request is a number in the row, `fetch_requested`. A worker takes a lease on the row, reads it, fetches with the
address and the login that it has read, and then stores the number that it had read as `fetch_served`. A request that is
made meanwhile has a higher number, so it is due as soon as the lease ends. Messages only make this quicker: the sweep
sends another one for each fetch that is due and could begin (`projects/code/hosts.py`).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce

from connections.git import leftovers
from connections.git.address import host_of
from connections.git.errors import GitError
from connections.git.mirror import Mirror
from connections.git.submodules import Route
from connections.git.whole import Whole, gather
from connections.logins.login_health import note_login_refused, note_use
from connections.models import Connection
from mantik.lib.backoff import Clock
from mantik.lib.leases import Lease, LeaseLost
from mantik.lib.queue import send, send_on_commit
from projects.code import hosts, snapshot
from projects.code.git_access import access_to, note_other_host_key
from projects.code.models import LONGEST_BRANCH, WantedPath
from projects.code.snapshot import Snapshot
from projects.code.stored import StoredCode, Unread
from projects.models import CodeRepository

log = structlog.get_logger(__name__)

FETCH = "projects.tasks.fetch_code_repository"
# A form uses what was fetched within this time without asking for a fetch.
FRESH_FOR = timedelta(seconds=30)
# Seconds for which a run waits for its turn to fetch. After that its worker does something else, and the run is tried
# again later.
PATIENCE = 5.0
# The hard time limit of the task that fetches (projects/tasks.py). Git itself is ended after MANTIK_GIT_TIMEOUT, with
# an error that says so; the rest is for what is done before and after that.
LONGEST_FETCH = timedelta(seconds=settings.MANTIK_GIT_TIMEOUT + 120)
_TICK = 0.1
# By how many fetches for runs a host may exceed its usual number: requested fetches must not keep a run waiting.
_MORE_FOR_RUNS = 1
# How many branches a page lists. It says how many more there are.
MAX_BRANCHES_SHOWN = 50


def mirror_of(repository: CodeRepository) -> Mirror:
    """For workers: the mirror of this machine, for reading. No credentials, no network."""
    return Mirror(key=str(repository.uuid), url=repository.url, credential=None)


def request_fetch(repository: CodeRepository, *, now: datetime) -> None:
    """Ask for a fetch, unless one is due or the last is fresh: for a page that would like to show the latest."""
    if not repository.awaits_fetch and not _is_fresh(repository, now):
        request_another_fetch(repository, now=now)


def _is_fresh(repository: CodeRepository, now: datetime) -> bool:
    # A worker of an older release, which stores no branches, may have fetched since.
    stored_at = repository.branches_stored_at
    return repository.branches_url == repository.url and stored_at is not None and stored_at > now - FRESH_FOR


def request_unread(repository: CodeRepository, unread: Unread, *, now: datetime) -> None:
    """Ask for a fetch that reads what a page needs and no fetch has read, unless it has been asked for a moment ago."""
    recently = now - FRESH_FOR
    known = repository.wanted_paths.filter(path__in=unread.paths, asked_at__gt=recently).values_list("path", flat=True)
    new = unread.paths - set(known)
    WantedPath.objects.bulk_create(
        [WantedPath(code_repository=repository, path=path, asked_at=now) for path in sorted(new)],
        update_conflicts=True,
        unique_fields=["code_repository", "path"],
        update_fields=["asked_at"],
    )
    branches = repository.branches.filter(name__in=unread.branches).exclude(asked_at__gt=recently)
    if branches.update(asked_at=now) or new:
        request_another_fetch(repository, now=now)


def request_another_fetch(repository: CodeRepository, *, now: datetime) -> None:
    """Ask for a fetch that begins later than now.

    One that is under way does not do: it may have begun with another login, or before the latest push.
    """
    since = Coalesce("fetch_requested_at", Value(now), output_field=DateTimeField())
    rows = CodeRepository.objects.filter(pk=repository.pk)
    rows.update(fetch_requested=F("fetch_requested") + 1, fetch_requested_at=since)
    repository.fetch_requested += 1
    repository.fetch_requested_at = repository.fetch_requested_at or now
    send_on_commit(FETCH, repository_id=repository.pk)


def login_changed(connection: Connection, now: datetime) -> None:
    """Ask for a fetch of each repository that is read with `connection`, whose secret was replaced or works again."""
    for repository in connection.code_repositories.all():
        request_another_fetch(repository, now=now)


def branches_for_page(repository: CodeRepository) -> dict[str, Any]:
    """For a page: the branches, the default branch first, and how many more there are."""
    try:
        branches = StoredCode(repository).branches()
    except GitError:
        return {"branches": []}
    count = repository.branch_count or 0
    return {
        "branches": branches[:MAX_BRANCHES_SHOWN],
        "more_branches": max(0, count - MAX_BRANCHES_SHOWN),
        "unusable_branches": max(0, count - len(branches)),
        "most_branches": snapshot.MOST_BRANCHES,
        "longest_branch": LONGEST_BRANCH,
    }


def fetch_in_turn(*, repository_id: int, now: datetime) -> None:
    """For workers: serve the request of that repository if it is its turn, else that of one whose turn it is.

    Does nothing if no repository has its turn.
    """
    turns = hosts.in_turn(now=now)
    first = [repository_id] if repository_id in turns else []
    for pk in [*first, *turns]:
        lease = hosts.take_turn(CodeRepository.objects.fetch_due(now), key=pk, now=now)
        if lease is not None:
            clock = _clock_from(now)
            if _serve(lease, now=now, asked=time.time()):
                send_for_those_in_turn(now=clock(), limit=1)
                return


def send_for_those_in_turn(*, now: datetime, limit: int) -> None:
    """Send a message for each fetch that could begin now, at most `limit`. A message too many does no harm."""
    for pk in hosts.in_turn(now=now)[:limit]:
        send(FETCH, repository_id=pk)


def fetch_or_raise(repository: CodeRepository, *, now: datetime) -> None:
    """Fetch now, for a worker that cannot go on without. Raises GitError, which is never permanent.

    A run waits even if trying again will not help by itself (the login is refused, the repository is too big):
    meanwhile a member can correct the repository or the link, or cancel the run. Its page says what it waits for.

    If the address is no longer that of `repository`, nothing is fetched, and GitError is raised; the next try reads the
    new address.
    """
    asked, clock = time.time(), _clock_from(now)
    is_done = _serve(_await_turn(repository, clock), now=now, asked=asked, only_from=repository.url)
    send_for_those_in_turn(now=clock(), limit=1)
    if not is_done:
        raise _not_now(repository)
    repository.refresh_from_db(fields=["fetch_error"])
    if repository.fetch_error:
        raise GitError(repository.fetch_error, code="fetch", permanent=False)


def require_host(repository: CodeRepository) -> None:
    """Raises GitError, which is not permanent, while the git host does not answer and is therefore left alone."""
    outage = hosts.outage_of(repository.url)
    if outage is not None:
        raise GitError(
            f"{host_of(repository.url)} does not answer. Mantik keeps asking, and the run continues when it answers.",
            code="host.silent",
            permanent=False,
        )


def _await_turn(repository: CodeRepository, clock: Clock) -> Lease[CodeRepository]:
    """The lease to fetch `repository`, after a wait of PATIENCE at most. Raises GitError."""
    deadline = time.monotonic() + PATIENCE
    while True:
        rows = CodeRepository.objects.all()
        lease = hosts.take_turn(rows, key=repository.pk, now=clock(), more=_MORE_FOR_RUNS)
        if lease is not None:
            return lease
        # Only after take_turn: perhaps this run is the one that may ask whether the host is back.
        require_host(repository)
        if time.monotonic() >= deadline:
            raise _not_now(repository)
        time.sleep(_TICK)


def _not_now(repository: CodeRepository) -> GitError:
    return GitError(
        f"Mantik is fetching other code from {host_of(repository.url)} at the moment. This run continues when it is "
        "its turn.",
        code="host.busy",
        permanent=False,
    )


def _clock_from(now: datetime) -> Clock:
    began = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - began)


def _serve(lease: Lease[CodeRepository], *, now: datetime, asked: float, only_from: str = "") -> bool:
    """Bring the mirror up to date, store in the row what happened, and end the lease. Raises no GitError.

    False if that could not be done now. A fetch of another worker that began after `asked` (Unix seconds) is enough,
    but serves no request: it may have begun with another login. With `only_from`, nothing is done if the repository has
    another address.
    """
    clock = _clock_from(now)
    rows = CodeRepository.objects.select_related("connection__owner", "project")
    repository = rows.filter(pk=lease.key).first()
    if repository is None or only_from not in ("", repository.url):
        lease.give_back()
        return False
    with lease.kept(clock=clock, longest=LONGEST_FETCH):
        return _serve_row(lease, repository, now=now, asked=asked, clock=clock)


def _serve_row(
    lease: Lease[CodeRepository], repository: CodeRepository, *, now: datetime, asked: float, clock: Clock
) -> bool:
    url, number = repository.url, repository.fetch_requested
    try:
        found = _fetch_and_note(repository, now, lambda: lease.check(repository, now=clock()), asked)
    except _UnderWay:
        lease.give_back()
        return False
    except _Fresh:
        lease.give_back()
        return True
    except LeaseLost:
        log.warning("fetch_lease_lost", repository=str(repository.uuid))
        return False
    with transaction.atomic():
        # Only if the address was not changed meanwhile: what was found belongs to the old one.
        is_stored = lease.mine.filter(url=url).update(**found.columns)
        if is_stored and found.snapshot is not None:
            snapshot.store(repository, found.snapshot, now=now)
    # Requests made during this fetch still wait. When each was made is not known: take the beginning of this fetch.
    since = Case(When(fetch_requested__gt=number, then=Value(now)), default=None, output_field=DateTimeField())
    return lease.give_back(fetch_served=number, fetch_requested_at=since)


@dataclass(frozen=True)
class _Found:
    """What came of a fetch: columns of the repository, and what pages need; None if it failed."""

    columns: dict[str, Any]
    snapshot: Snapshot | None = None


def _fetch_and_note(repository: CodeRepository, now: datetime, watch: Callable[[], None], asked: float) -> _Found:
    """Fetch, and note what this says of the login and the host. Returns what came of it.

    Raises _UnderWay, _Fresh and LeaseLost.
    """
    error: GitError | None = None
    clock = _clock_from(now)
    try:
        found = _fetch(repository, watch, asked, now)
    except GitError as caught:
        error = caught
        found = _Found({"fetch_error": error.message, "fetch_failed_at": now})
        if repository.connection and error.code == "authentication":
            note_login_refused(repository.connection, error.message, now=now)
    else:
        if repository.connection:
            note_use(repository.connection, now=now)
    hosts.note_outcome(repository.url, error, now=clock())
    return found


def whole_code(
    repository: CodeRepository,
    sha: str,
    *,
    wanted: Callable[[str], bool],
    check_lfs: Callable[[int], None],
    now: datetime,
    before_fetching: Callable[[], object] = lambda: None,
) -> Whole:
    """For workers: a commit with its submodules and Git LFS files, which are fetched (`connections.git.whole`).

    `before_fetching` is called if something has to be fetched, and may raise. Raises GitError.
    """

    def route() -> Route:
        before_fetching()
        require_host(repository)
        return _route(repository)

    whole = gather(mirror_of(repository), sha, wanted=wanted, route=route, check_lfs=check_lfs)
    snapshot.store_submodules(repository, whole.submodules, now=now)
    return whole


def fetch_commit(repository: CodeRepository, sha: str) -> None:
    """For workers: fetch a commit that no branch leads to any more, which this machine does not have. Raises GitError.

    Most hosts still give it out to those who know its hash.
    """
    require_host(repository)
    mirror = mirror_of(repository)
    mirror.by(_route(repository), timeout=mirror.timeout).ensure(sha)


def _route(repository: CodeRepository) -> Route:
    access = access_to(repository)
    return Route(repository.url, access.login, access.host_key)


class _Fresh(Exception):
    """Another worker has fetched it meanwhile."""


class _UnderWay(Exception):
    """The copy on this machine is locked: a git that a killed worker has left behind still works on it."""


def _fetch(repository: CodeRepository, watch: Callable[[], None], asked: float, now: datetime) -> _Found:
    """Fetch, and read what pages need.

    Raises GitError, _UnderWay, _Fresh and LeaseLost.
    """
    access = access_to(repository)
    mirror = Mirror(key=str(repository.uuid), url=repository.url, credential=access.login, host_key=access.host_key)
    try:
        if not mirror.refresh(waits=False, asked=asked, watch=watch):
            raise _Fresh
    except GitError as error:
        if error.code == "mirror.busy":
            raise _UnderWay from None
        if error.code == "host.key":
            raise note_other_host_key(repository) from None
        raise
    read = snapshot.read(repository, mirror, now=now)
    return _Found(_columns(mirror, read, now), read)


def _columns(mirror: Mirror, read: Snapshot, now: datetime) -> dict[str, Any]:
    default = read.branches[0]
    return {
        "fetch_error": "",
        "offered_host_key": "",
        # The time at which the fetch began: what was pushed since then may not be in it.
        "fetched_at": now,
        "branches_stored_at": now,
        "branches_url": mirror.url,
        "branch_count": len(read.branches),
        "default_branch": default.name[:250],
        "head_sha": default.commit.sha,
        "head_subject": default.commit.subject[:200],
        "head_author": default.commit.author[:120],
        "head_committed_at": default.commit.committed_at,
        "mirror_bytes": mirror.size_bytes(),
    }


def clear_up(*, now: datetime) -> None:
    """Delete mirrors of deleted code repositories, key files of killed workers, and outages of hosts nobody asks."""
    hosts.forget_unasked(now=now)
    root = settings.MANTIK_DATA_DIR / "git"
    leftovers.remove_keys(root)
    leftovers.remove_mirrors(root, in_use=_keys_in_use)


def _keys_in_use() -> Callable[[str], bool]:
    known = {str(uuid) for uuid in CodeRepository.objects.values_list("uuid", flat=True)}
    # The key of a submodule's mirror begins with that of its repository.
    return lambda key: key[:36] in known
