"""Asks silent sites whether they are back: one small question at a time for each site, whoever waits for it.

All of them are asked at once, by one worker process. However many are silent, they cost no more than that.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import connections
from django.db.models import F

from connections.logins.site_clients import open_connection
from connections.models import SiteOutage
from connections.outages.breaker import pause_after
from connections.unicore.client import SiteClient
from connections.unicore.credentials import no_credential, secret_broken
from connections.unicore.errors import SiteError
from connections.unicore.sites import make_client
from mantik.lib.backoff import Clock
from mantik.lib.leases import take, usual_time
from mantik.lib.sealing import SealBroken

# The hard limit of the task.
LONGEST_TURN = timedelta(seconds=100)
# Of more, the others are asked when these have answered, or have not.
AT_ONCE = 50


def due_outages(*, now: datetime, limit: int) -> list[int]:
    """Ids of outages whose site is to be asked now, longest due first."""
    due = SiteOutage.objects.due_for_probe(now).order_by("next_try_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def probe_due(*, clock: Clock) -> None:
    """Ask all silent sites that are due whether they are back, each in a thread of its own."""
    due = due_outages(now=clock(), limit=AT_ONCE)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        done = [threads.submit(_probe_in_thread, outage_id, clock) for outage_id in due]
    for probed in done:
        probed.result()


def _probe_in_thread(outage_id: int, clock: Clock) -> None:
    try:
        probe(outage_id=outage_id, clock=clock)
    finally:
        # Of this thread, which ends now.
        connections.close_all()


def probe(*, outage_id: int, clock: Clock) -> None:
    """Ask the site of an outage whether it is back, unless another worker does: end the outage, or put it off."""
    now = clock()
    due = SiteOutage.objects.due_for_probe(now)
    # What is stored first counts if this worker dies.
    lease = take(due, key=outage_id, now=now, tries=F("tries") + 1, next_try_at=now + usual_time())
    outages = SiteOutage.objects.select_related("site", "connection__site")
    outage = outages.filter(pk=outage_id).first() if lease else None
    if lease is None or outage is None:
        return
    with lease.kept(clock=clock, longest=LONGEST_TURN):
        error = _error_of(outage)
        now = clock()
        if error is None or error.is_answer:
            lease.give_back(ended_at=now)
        else:
            lease.give_back(reason=error.message, next_try_at=now + pause_after(outage.tries))


def _error_of(outage: SiteOutage) -> SiteError | None:
    """None if the site answers the login that it did not answer; or nobody, if there is no such login any more."""
    connection, site = outage.connection, outage.site
    if connection is not None:
        error = _ask(lambda: open_connection(connection))
        if error is None or error.is_answer or error.is_silence:
            return error
    return _ask(lambda: make_client(site.base_url, no_credential(), site.ca_bundle or None))


def _ask(open_site: Callable[[], SiteClient]) -> SiteError | None:
    try:
        open_site().access()
    except SiteError as error:
        return error
    except SealBroken as error:
        return secret_broken(error)
    return None
