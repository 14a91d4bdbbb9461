"""Asks silent sites whether they are back: one small request at a time to each site, however many wait for it.

One worker process asks all silent sites at the same time, so they never occupy more than that one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import connections
from django.db.models import F

from connections.logins.site_clients import open_connection
from connections.models import SiteOutage
from connections.outages.breaker import pause_of_site
from connections.unicore.client import SiteClient
from connections.unicore.credentials import no_credential, secret_broken
from connections.unicore.errors import SiteError
from connections.unicore.sites import make_client
from mantik.lib.backoff import Clock
from mantik.lib.leases import take, usual_time
from mantik.lib.sealing import SealBroken

# The hard time limit of the task (connections/tasks.py, probe_sites).
LONGEST_PROBE = timedelta(seconds=100)
# How many sites are asked at the same time, by threads. If more are due, the next sweep asks them.
MAX_PROBES = 50


def due_outages(*, now: datetime, limit: int) -> list[int]:
    """Ids of outages whose site is to be asked now, longest due first."""
    due = SiteOutage.objects.due_for_probe(now).order_by("next_try_at", "pk")
    return list(due.values_list("pk", flat=True)[:limit])


def probe_due(*, clock: Clock) -> None:
    """Ask all silent sites that are due whether they are back, at the same time, by threads."""
    due = due_outages(now=clock(), limit=MAX_PROBES)
    with ThreadPoolExecutor(max_workers=MAX_PROBES) as threads:
        done = [threads.submit(_probe_in_thread, outage_id, clock) for outage_id in due]
    for probed in done:
        probed.result()


def _probe_in_thread(outage_id: int, clock: Clock) -> None:
    try:
        probe(outage_id=outage_id, clock=clock)
    finally:
        # The database connections of this thread: Django closes none in threads that it did not start.
        connections.close_all()


def probe(*, outage_id: int, clock: Clock) -> None:
    """Ask the site of an outage whether it is back: then end the outage, else set the time of the next try.

    Does nothing if the outage is not due, or another worker is asking.
    """
    now = clock()
    due = SiteOutage.objects.due_for_probe(now)
    # If this worker dies, this counts as a try without an answer.
    lease = take(due, key=outage_id, now=now, tries=F("tries") + 1, next_try_at=now + usual_time())
    outages = SiteOutage.objects.select_related("site", "connection__site")
    outage = outages.filter(pk=outage_id).first() if lease else None
    if lease is None or outage is None:
        return
    with lease.kept(clock=clock, longest=LONGEST_PROBE):
        error = _error_of(outage)
        now = clock()
        if error is None or error.is_answer:
            lease.give_back(ended_at=now)
        else:
            lease.give_back(reason=error.message, next_try_at=now + pause_of_site(outage.tries))


def _error_of(outage: SiteOutage) -> SiteError | None:
    """The error of a small request to the site; None if the site answers it.

    The request has the login that the site did not answer, or none if that login is gone or cannot be used.
    """
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
