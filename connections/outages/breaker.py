"""The breaker of each site: a site that does not answer is left alone until it does, by all workers.

A worker that waits for a silent site is a worker that nobody else has. So the first silence opens an outage, a row that
all workers share. While it is open, whatever needs that site is not due (`silent_site_of`, in the queries of the apps
above), and one worker at a time asks whether the site is back (`probe.py`): at once, because it may have been one
request only that was not answered, and then less and less often. The answer ends the outage; what waited is then due as
it was before, in its order. There is nothing to wake, so nothing can be forgotten.

A site that answers within the time-out, however slowly and whatever it says, is not silent.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from connections.models import Connection, Site, SiteOutage
from connections.unicore.errors import SiteError
from mantik.lib.backoff import backoff
from mantik.lib.humanize import spoken_duration
from mantik.lib.leases import NO_LEASE

log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=1)
# A site that falls silent again so soon after its answer: for people that is one outage.
SAME_OUTAGE = timedelta(minutes=1)
# So long pages say that it answers again: what waited for it may still stand in line.
JUST_ENDED = timedelta(minutes=2)
# Older ones are deleted when the same site begins another.
KEPT = timedelta(days=90)


def note_silence(connection: Connection | None, error: SiteError, *, now: datetime) -> None:
    """Open the breaker of the site of `connection` if `error` means that it did not answer.

    Many workers may say so at once.
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
    """Fit for everybody who waits: what an unanswered submission means concerns one run only."""
    return f"{site.host} did not answer." if error.code == "unknown.answer" else error.message


def pause_after(tries: int) -> timedelta:
    """Until the site is asked again, after so many `tries` (from 1) without an answer."""
    return backoff(tries - 1, first=FIRST_PAUSE, longest=LONGEST_PAUSE)


def note_answer(connection: Connection, *, now: datetime) -> None:
    """Close the breaker of the site of `connection`: it has answered."""
    SiteOutage.objects.open().filter(site=connection.site_id).update(ended_at=now, **NO_LEASE)


def ask_soon(site: Site, *, now: datetime) -> None:
    """Somebody has changed what could be the cause: ask at once.

    A worker that is asking with the old settings loses its lease, so what it finds is not stored.
    """
    SiteOutage.objects.open().filter(site=site).update(next_try_at=now, tries=0, **NO_LEASE)


def outage_of(connection: Connection | None) -> SiteOutage | None:
    """The outage of the site of `connection`, if it does not answer now."""
    if connection is None or connection.site_id is None:
        return None
    return SiteOutage.objects.open().filter(site_id=connection.site_id).first()


def outages_by_connection(ids: Iterable[int], *, now: datetime) -> dict[int, SiteOutage]:
    """The outages that go on or have just ended, by those `ids` of connections that they concern.

    One query, or two.
    """
    recent = SiteOutage.objects.filter(Q(ended_at=None) | Q(ended_at__gt=now - JUST_ENDED)).order_by("began_at", "pk")
    outages = {outage.site_id: outage for outage in recent}
    if not outages:
        return {}
    concerned = Connection.objects.filter(pk__in=set(ids), site__in=outages).values_list("pk", "site_id")
    return {pk: outages[site_id] for pk, site_id in concerned if site_id is not None}


def caution_of_silence(connection: Connection) -> str:
    """What somebody who is about to use `connection` should know; "" if its site answers."""
    return f"{connection.provider} does not answer now. The run waits until it does." if outage_of(connection) else ""


def next_try(outage: SiteOutage, now: datetime) -> str:
    """For pages: "next try in 40 s"."""
    left = outage.next_try_at - now
    is_being_asked = outage.lease_until is not None or left < timedelta(seconds=1)
    return "it is being asked again now" if is_being_asked else f"next try in {spoken_duration(left)}"


def silent_site_of(connection: str) -> Exists:
    """For a query: whether the site of the connection in that column does not answer now."""
    return Exists(SiteOutage.objects.open().filter(site__connections=OuterRef(connection)))


def is_silent_site(site: str = "pk") -> Exists:
    """For a query of sites, or of what has one in that column: whether it does not answer now."""
    return Exists(SiteOutage.objects.open().filter(site=OuterRef(site)))
