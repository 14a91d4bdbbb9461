"""Whose turn it is: git hosts that are slow or silent must not keep the workers from the others.

At most `MANTIK_GIT_PROCESSES_PER_HOST` requested fetches go to one git host at once; what is over stays a request in
the database, and holds no worker. Of the projects that wait for a host, each gets its turn, however many repositories
another one wants fetched. A host that does not answer the first question of a fetch is left alone for a while, then
asked by one fetch at a time, less and less often, until it answers.

That a repository is being fetched is a lease on its row. The copy itself is a folder, with a lock in the file system
(`connections/git/place.py`).
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import F, Max

from connections.git.address import endpoint_of
from connections.git.errors import GitError
from mantik.lib.backoff import backoff
from mantik.lib.humanize import spoken_duration
from mantik.lib.leases import Lease, take
from projects.models import CodeRepository, GitHostOutage
from projects.querysets import CodeRepositoryQuerySet

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=2)
# Of a host that nobody has wanted anything of for so long, it is not known whether it answers.
KNOWN_FOR = timedelta(days=1)
# So many fetches may begin at the same moment.
_MOST_AT_ONCE = 50

_NEVER = datetime.min.replace(tzinfo=UTC)
_USUAL_PORTS = {22, 443}
# Codes of errors (connections/git/explain.py, fetching.py) after which the host is known to answer. timeout is one: the
# first question was answered, or it would be silent. So is tls: a certificate that cannot be verified has come from the
# host. unreachable is not: a gateway may have sent the 5xx.
_ANSWERS = frozenset(
    {
        "authentication",
        "commit.missing",
        "commit.unknown",
        "host.key",
        "not_a_repository",
        "not_found",
        "redirected",
        "repository.empty",
        "repository.too_big",
        "repository.too_many_branches",
        "source.damaged",
        "timeout",
        "tls",
    }
)
SILENT = "silent"


def git_host(url: str) -> str:
    """The name of the host that is asked, with its port if that is unusual; "" for a path on this machine."""
    try:
        endpoint = endpoint_of(url)
    except GitError:
        # An address that git is never given.
        return ""
    if endpoint is None:
        return ""
    name, port = endpoint
    return name if port in _USUAL_PORTS else f"{name}:{port}"


def in_turn(*, now: datetime) -> list[int]:
    """Ids of the code repositories whose requested fetch may begin now, in the order in which it is their turn.

    First one of each project, in the order in which they have had a turn, then a second one of each, and so on.
    """
    under_way = CodeRepository.objects.being_fetched(now).values_list("project_id", "url")
    busy = Counter(git_host(url) for _, url in under_way)
    # Of each project, how many were before: all firsts come before all seconds.
    before = Counter(project for project, _ in under_way)
    due_requests = CodeRepository.objects.fetch_due(now)
    by_turn = due_requests.order_by(F("fetch_turn_at").asc(nulls_first=True), "fetch_requested_at", "pk")
    requests = list(by_turn.values_list("pk", "project_id", "url"))
    if not requests:
        return []
    last = _last_turns({project for _, project, _ in requests})
    due = []
    for pk, project, url in requests:
        due.append((before[project], last[project], pk, git_host(url)))
        before[project] += 1
    outages = {outage.host: outage for outage in GitHostOutage.objects.all()}
    turns = []
    for *_, pk, host in sorted(due, key=lambda one: one[:2]):
        if not host or busy[host] < _most_at_once(outages.get(host), now):
            busy[host] += 1
            turns.append(pk)
    return turns[:_MOST_AT_ONCE]


def _last_turns(projects: set[int]) -> dict[int, datetime]:
    """When a fetch of something of each of these projects began last."""
    rows = CodeRepository.objects.filter(project__in=projects).order_by().values_list("project_id")
    return {project: last or _NEVER for project, last in rows.annotate(Max("fetch_turn_at"))}


def take_turn(rows: CodeRepositoryQuerySet, *, key: int, now: datetime, more: int = 0) -> Lease[CodeRepository] | None:
    """The lease to fetch the repository with that primary key, if it is one of `rows`.

    None if another worker has it, or as many as may ask its host do so. `more`: by how many an urgent fetch may exceed
    the usual number; not while the host is silent.
    """
    lease = take(rows, key=key, now=now)
    if lease is None:
        return None
    # Looked at with the lease in hand: of two workers that begin at once, one at least sees the other.
    urls = dict(CodeRepository.objects.being_fetched(now).values_list("pk", "url"))
    host = git_host(urls.get(key, ""))
    outage = GitHostOutage.objects.filter(host=host).first() if host else None
    if host and sum(git_host(url) == host for url in urls.values()) > _most_at_once(outage, now, more=more):
        lease.give_back()
        return None
    # Counted now: a fetch that ends without an outcome, or with its worker, must not have the next turn as well.
    lease.mine.update(fetch_turn_at=now)
    return lease


def _most_at_once(outage: GitHostOutage | None, now: datetime, *, more: int = 0) -> int:
    if outage is not None:
        return 1 if outage.next_try_at <= now else 0
    most: int = settings.MANTIK_GIT_PROCESSES_PER_HOST
    return most + more


def outage_of(url: str) -> GitHostOutage | None:
    """The outage of the host of `url`, if it does not answer."""
    host = git_host(url)
    return GitHostOutage.objects.filter(host=host).first() if host else None


def note_outcome(url: str, error: GitError | None, *, now: datetime) -> None:
    """After a fetch from `url`: whether its host answers. What says nothing about that changes nothing."""
    host = git_host(url)
    if not host:
        return
    if error is None or error.code in _ANSWERS:
        GitHostOutage.objects.filter(host=host).delete()
    elif error.code == SILENT:
        _note_silence(host, error.message, now)


def _note_silence(host: str, reason: str, now: datetime) -> None:
    first = {"began_at": now, "reason": reason, "next_try_at": now + _pause_after(1)}
    outage, is_new = GitHostOutage.objects.get_or_create(host=host, defaults=first)
    if not is_new:
        pause = _pause_after(outage.tries + 1)
        known = GitHostOutage.objects.filter(pk=outage.pk)
        known.update(tries=F("tries") + 1, reason=reason, next_try_at=now + pause)


def forget_unasked(*, now: datetime) -> None:
    """Delete outages of hosts of which nothing is wanted any more."""
    GitHostOutage.objects.filter(next_try_at__lt=now - KNOWN_FOR).delete()


def _pause_after(tries: int) -> timedelta:
    """After so many `tries` (from 1) without an answer."""
    return backoff(tries - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)


def next_try(outage: GitHostOutage, now: datetime) -> str:
    """For pages: "next try in 40 s"."""
    left = outage.next_try_at - now
    return "it is asked again now" if left < timedelta(seconds=1) else f"next try in {spoken_duration(left)}"
