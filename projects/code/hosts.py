"""Whose turn it is to fetch: git hosts that are slow or silent must not keep the workers from the others.

At most `MANTIK_GIT_PROCESSES_PER_HOST` requested fetches go to one git host at the same time. The others stay requests
in the database and occupy no worker. The projects that wait for a host take turns, however many repositories one of
them wants fetched. A host that does not answer the first question of a fetch is left alone for a while, and then asked
by one fetch at a time, less and less often, until it answers.

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
from connections.outages.pauses import next_try_in_words, pause_after
from mantik.lib.leases import Lease, take
from projects.models import CodeRepository, GitHostOutage
from projects.querysets import CodeRepositoryQuerySet

# Longer than those of sites (connections/outages/breaker.py): a try here is a fetch, which occupies a worker and a git
# process until the host's time is up, not one small request.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=2)
# An outage is forgotten when nobody has asked its host for this long after the next try was due: whether the host
# answers is no longer known.
KNOWN_FOR = timedelta(days=1)
# How many fetches one call of in_turn names, whatever their hosts. A worker tries one after the other until it gets a
# turn; with fifty names some are left when many workers ask at once.
_MAX_TURNS = 50

_NEVER = datetime.min.replace(tzinfo=UTC)
_USUAL_PORTS = {22, 443}
# Codes of errors (connections/git/explain.py, fetching.py) after which the host is known to answer. "timeout" is one:
# without an answer to the first question it would be "silent". "tls" is one, too: the certificate that cannot be
# verified came from the host. "unreachable" is not: a gateway may have sent the 5xx.
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
        # An address that cannot be read, which git never gets.
        return ""
    if endpoint is None:
        return ""
    name, port = endpoint
    return name if port in _USUAL_PORTS else f"{name}:{port}"


def in_turn(*, now: datetime) -> list[int]:
    """Ids of the code repositories whose requested fetch may begin now, in order: those whose turn it is first.

    That is one repository of each project, beginning with the project whose last turn is longest ago, then a second one
    of each, and so on.
    """
    under_way = CodeRepository.objects.being_fetched(now).values_list("project_id", "url")
    busy = Counter(git_host(url) for _, url in under_way)
    # The rank of the next request of each project: fetches under way come first, then its requests in order.
    rank = Counter(project for project, _ in under_way)
    due_requests = CodeRepository.objects.fetch_due(now)
    by_turn = due_requests.order_by(F("fetch_turn_at").asc(nulls_first=True), "fetch_requested_at", "pk")
    requests = list(by_turn.values_list("pk", "project_id", "url"))
    if not requests:
        return []
    last = _last_turns({project for _, project, _ in requests})
    due = []
    for pk, project, url in requests:
        due.append((rank[project], last[project], pk, git_host(url)))
        rank[project] += 1
    outages = {outage.host: outage for outage in GitHostOutage.objects.all()}
    turns = []
    for *_, pk, host in sorted(due, key=lambda one: one[:2]):
        if not host or busy[host] < _cap_of_host(outages.get(host), now):
            busy[host] += 1
            turns.append(pk)
    return turns[:_MAX_TURNS]


def _last_turns(projects: set[int]) -> dict[int, datetime]:
    """When the last fetch of any repository of each of these projects began."""
    rows = CodeRepository.objects.filter(project__in=projects).order_by().values_list("project_id")
    return {project: last or _NEVER for project, last in rows.annotate(Max("fetch_turn_at"))}


def take_turn(rows: CodeRepositoryQuerySet, *, key: int, now: datetime, more: int = 0) -> Lease[CodeRepository] | None:
    """The lease to fetch the repository with that primary key, if it is one of `rows`.

    None if another worker has it, or if as many fetches from its host are under way as are allowed. `more`: by how
    many an urgent fetch may exceed that number; it does not count while the host is silent.
    """
    lease = take(rows, key=key, now=now)
    if lease is None:
        return None
    # Counted after the lease was taken: of two workers that begin at the same moment, at least one sees the other.
    urls = dict(CodeRepository.objects.being_fetched(now).values_list("pk", "url"))
    host = git_host(urls.get(key, ""))
    outage = GitHostOutage.objects.filter(host=host).first() if host else None
    if host and sum(git_host(url) == host for url in urls.values()) > _cap_of_host(outage, now, more=more):
        lease.give_back()
        return None
    # Stored now, not at the end: a fetch without an outcome, or whose worker dies, must not have the next turn as well.
    lease.mine.update(fetch_turn_at=now)
    return lease


def _cap_of_host(outage: GitHostOutage | None, now: datetime, *, more: int = 0) -> int:
    """How many fetches from a host may be under way. `outage` is the host's, None if it answers."""
    if outage is not None:
        return 1 if outage.next_try_at <= now else 0
    cap: int = settings.MANTIK_GIT_PROCESSES_PER_HOST
    return cap + more


def outage_of(url: str) -> GitHostOutage | None:
    """The outage of the host of `url`; None if the host answers."""
    host = git_host(url)
    return GitHostOutage.objects.filter(host=host).first() if host else None


def note_outcome(url: str, error: GitError | None, *, now: datetime) -> None:
    """After a fetch from `url`: note whether its host answers. An `error` that leaves this open changes nothing."""
    host = git_host(url)
    if not host:
        return
    if error is None or error.code in _ANSWERS:
        GitHostOutage.objects.filter(host=host).delete()
    elif error.code == SILENT:
        _note_silence(host, error.message, now)


def _note_silence(host: str, reason: str, now: datetime) -> None:
    first = {"began_at": now, "reason": reason, "next_try_at": now + _pause(1)}
    outage, is_new = GitHostOutage.objects.get_or_create(host=host, defaults=first)
    if not is_new:
        known = GitHostOutage.objects.filter(pk=outage.pk)
        known.update(tries=F("tries") + 1, reason=reason, next_try_at=now + _pause(outage.tries + 1))


def forget_unasked(*, now: datetime) -> None:
    """Delete the outages of hosts that nobody asks any more."""
    GitHostOutage.objects.filter(next_try_at__lt=now - KNOWN_FOR).delete()


def _pause(tries: int) -> timedelta:
    return pause_after(tries, first=FIRST_PAUSE, longest=LONGEST_PAUSE)


def next_try(outage: GitHostOutage, now: datetime) -> str:
    """For pages: "next try in 40 s"."""
    return next_try_in_words(outage.next_try_at, now)
