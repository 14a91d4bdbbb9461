"""The breaker of each site: a site that does not answer is left alone until it does, by all workers.

A worker that waits for a silent site can do nothing else. So the first request without an answer opens an outage, a row
that all workers share. While it is open, whatever needs that site is not due (`connection_is_silent`, in the queries of
the apps above), and one worker at a time asks whether the site is back (`probe.py`): at once, because perhaps only one
request was not answered, and then less and less often. An answer ends the outage. What waited is then due again, in the
same order as before. There is nothing to wake, so nothing can be forgotten.

A site that answers within the time-out, however slowly and whatever it says, is not silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject

from connections.models import Connection, Site, SiteOutage
from connections.outages.pauses import next_try_in_words, pause_after
from connections.unicore.errors import SiteError
from mantik.lib.leases import NO_LEASE

log = structlog.get_logger(__name__)

# Short, because a try is one small request, which costs the site and Mantik next to nothing.
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)
# A site that answers and then falls silent again within this time: for people that is one outage.
SAME_OUTAGE = timedelta(minutes=1)
# For this long after an outage, pages say that the site answers again: what waited may still be in the queue.
JUST_ENDED = timedelta(minutes=2)
# How long an outage is kept after its end. Older ones are deleted when the same site has another.
KEPT = timedelta(days=90)


def note_silence(connection: Connection | None, error: SiteError, *, now: datetime) -> None:
    """Open the breaker of the site of `connection` if `error` means that it did not answer.

    Many workers may call it at once.
    """
    if not error.is_silence or connection is None or connection.site is None or outage_of(connection):
        return
    site = connection.site
    columns = {"connection": connection, "reason": _reason(site, error), "tries": 0, "next_try_at": now}
    # Another worker was faster, or the site or the connection has just been deleted.
    with suppress(IntegrityError), transaction.atomic():
        if not _reopen(site, now, columns):
            SiteOutage.objects.create(site=site, began_at=now, **columns)
            SiteOutage.objects.filter(site=site, ended_at__lt=now - KEPT).delete()
        log.warning("site_silent", site=str(site.uuid), reason=error.message)


def _reopen(site: Site, now: datetime, columns: dict[str, object]) -> bool:
    last = SiteOutage.objects.filter(site=site, ended_at__gt=now - SAME_OUTAGE).order_by("-ended_at").first()
    if last is None:
        return False
    return bool(SiteOutage.objects.filter(pk=last.pk, ended_at=last.ended_at).update(ended_at=None, **columns))


def _reason(site: Site, error: SiteError) -> str:
    """The reason, which is shown to everybody who waits for the site.

    The message of "unknown.answer" is about one submission ("there may be a job"), so it is replaced.
    """
    return f"{site.host} did not answer." if error.code == "unknown.answer" else error.message


def pause_of_site(tries: int) -> timedelta:
    """The pause until a site is asked again, after that many `tries` (from 1) without an answer."""
    return pause_after(tries, first=FIRST_PAUSE, longest=LONGEST_PAUSE)


def note_answer(connection: Connection, *, now: datetime) -> None:
    """Close the breaker of the site of `connection`: it has answered."""
    SiteOutage.objects.open().filter(site=connection.site_id).update(ended_at=now, **NO_LEASE)


def ask_soon(site: Site, *, now: datetime) -> None:
    """Have a silent site asked at once, because somebody has changed its settings, which may be the cause.

    A worker that is asking with the old settings loses its lease, so what it finds is not stored.
    """
    SiteOutage.objects.open().filter(site=site).update(next_try_at=now, tries=0, **NO_LEASE)


def outage_of(connection: Connection | None) -> SiteOutage | None:
    """The open outage of the site of `connection`; None if the site answers."""
    if connection is None or connection.site_id is None:
        return None
    return SiteOutage.objects.open().filter(site_id=connection.site_id).first()


def outages_by_connection(ids: Iterable[int], *, now: datetime) -> dict[int, SiteOutage]:
    """The outages that are open or have just ended, by connection: of those with one of these `ids`.

    One query, or two.
    """
    recent = SiteOutage.objects.filter(Q(ended_at=None) | Q(ended_at__gt=now - JUST_ENDED)).order_by("began_at", "pk")
    outages = {outage.site_id: outage for outage in recent}
    if not outages:
        return {}
    concerned = Connection.objects.filter(pk__in=set(ids), site__in=outages).values_list("pk", "site_id")
    return {pk: outages[site_id] for pk, site_id in concerned if site_id is not None}


def outage_seen(column: str) -> Subquery:
    """For a query: what pages show of the last outage of the site of the connection in `column`; null without one."""
    last = SiteOutage.objects.filter(site=OuterRef(f"{column}__site")).order_by("-began_at", "-pk")
    shown = JSONObject(**{name: name for name in ("id", "reason", "ended_at", "next_try_at", "lease_until")})
    return Subquery(last.values(shown=shown)[:1])


def caution_of_silence(connection: Connection) -> str:
    """A warning for somebody who is about to use `connection`; "" if its site answers."""
    if outage_of(connection) is None:
        return ""
    return f"{connection.provider} is not answering at the moment."


def next_try(outage: SiteOutage, now: datetime) -> str:
    """For pages: "next try in 40 s"."""
    return next_try_in_words(outage.next_try_at, now, is_being_asked=outage.lease_until is not None)


def connection_is_silent(column: str) -> Exists:
    """For a query: whether the site of the connection in `column` does not answer now."""
    return Exists(SiteOutage.objects.open().filter(site__connections=OuterRef(column)))


def site_is_silent(column: str = "pk") -> Exists:
    """For a query of sites, or of rows with a site in `column`: whether that site does not answer now."""
    return Exists(SiteOutage.objects.open().filter(site=OuterRef(column)))
