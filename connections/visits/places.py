"""Places at a site: a worker process takes one before it asks the site anything, and leaves it when it is done.

If there is no place, the work stays due, and the worker process does something else: no process waits for a site that
has its share of them. A place is a row, so that workers on all machines count together. It has two unique numbers, so
that two workers that look at the same moment cannot both take the last place.

Submissions leave one place at the site, and one of each connection, to those who ask about jobs: what waits to be
followed or cancelled must not wait for a queue of runs. So does fetching what trainings log, which takes turns with
submissions, some seconds each. Large files that were logged have one place more at each site: nobody waits for them.

Asking whether a silent site is back takes no place (`connections.outages.probe`): the places may all be taken by
processes that wait for its answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.conf import settings
from django.db import IntegrityError, transaction

from connections.models import Connection, Site, SiteVisit
from mantik.lib.backoff import Clock
from mantik.lib.leases import Lease, insert

# How often a process looks for a free place: others may take the one that it has just found.
TRIES = 3


class Purpose(Enum):
    """What a worker process wants of a site."""

    SUBMIT = "submit"
    FOLLOW = "follow"
    # Fetch what trainings log, for some seconds; and a large file that one has logged, for as long as that takes.
    CARRY = "carry"
    CARRY_LARGE = "carry-large"


@dataclass(frozen=True)
class Full:
    """Ids of sites and of connections that have no place left."""

    sites: frozenset[int] = frozenset()
    connections: frozenset[int] = frozenset()


@contextmanager
def visiting(connection: Connection, *, purpose: Purpose, longest: timedelta, clock: Clock) -> Iterator[bool]:
    """Take a place at the site of `connection` and keep it while inside. Yields False if there is none.

    `longest` is the longest visit there can be. The place of a process that died becomes free when its lease ends.
    """
    lease = _take_place(connection, connection.site, purpose, clock()) if connection.site else None
    if lease is None:
        yield False
        return
    try:
        with lease.kept(clock=clock, longest=longest, give_back=lease.mine.delete):
            yield True
    finally:
        lease.mine.delete()


def full(now: datetime, purpose: Purpose) -> Full:
    """The sites and connections that have no place left now for a visit of this `purpose`. One query, or two."""
    under_way = list(SiteVisit.objects.under_way(now).values_list("site", "connection", "place", "place_of_connection"))
    sites = Site.objects.in_bulk({site for site, *_ in under_way}) if under_way else {}
    at_sites: defaultdict[int, set[int]] = defaultdict(set)
    of_connections: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for site, connection, place, own in under_way:
        at_sites[site].add(place)
        of_connections[site, connection].add(own)
    return Full(
        frozenset(pk for pk, site in sites.items() if _first_free(_places_at(site, purpose), at_sites[pk]) is None),
        frozenset(
            connection
            for (site, connection), taken in of_connections.items()
            if site in sites and _first_free(_places_of_connection(sites[site], purpose), taken) is None
        ),
    )


def without_place(ids: Iterable[int], now: datetime) -> frozenset[int]:
    """Those `ids` of connections with which nothing can be submitted now. One query, two or three."""
    where = full(now, Purpose.SUBMIT)
    if not where.sites:
        return where.connections.intersection(ids)
    at_full_sites = Connection.objects.filter(pk__in=set(ids), site__in=where.sites).values_list("pk", flat=True)
    return where.connections.intersection(ids).union(at_full_sites)


def _places_at(site: Site, purpose: Purpose) -> Sequence[int]:
    """The places at `site` for this purpose, in the order in which they are taken.

    The last one is for following alone, if there is another: neither a queue of runs nor jobs that log a lot must keep
    jobs from being followed. Following takes it first, so that it leaves the others free. Behind it is that for large
    files.
    """
    places = range(site.max_processes or settings.MANTIK_SITE_PROCESSES)
    match purpose:
        case Purpose.FOLLOW:
            return places[::-1]
        case Purpose.CARRY_LARGE:
            return range(len(places), len(places) + 1)
    return places[: max(1, len(places) - 1)]


def _places_of_connection(site: Site, purpose: Purpose) -> Sequence[int]:
    """As `_places_at`, for the places of one connection: the first one is for following, which needs no second.

    What fetches from jobs has one after the others, and large files have the next: of many jobs that log with one
    connection, one is fetched from at a time.
    """
    places = range(site.max_processes_per_connection or settings.MANTIK_SITE_PROCESSES_PER_CONNECTION)
    if purpose in (Purpose.CARRY, Purpose.CARRY_LARGE):
        own = len(places) + (purpose is Purpose.CARRY_LARGE)
        return range(own, own + 1)
    if len(places) == 1:
        return places
    return places[1:] if purpose is Purpose.SUBMIT else places[:1]


def _take_place(connection: Connection, site: Site, purpose: Purpose, now: datetime) -> Lease[SiteVisit] | None:
    for _ in range(TRIES):
        free = _free_places(connection, site, purpose, now)
        if free is None:
            return None
        numbers = {"place": free[0], "place_of_connection": free[1]}
        # Suppressed: another process was quicker, or the connection has just been deleted.
        with suppress(IntegrityError), transaction.atomic():
            return insert(SiteVisit, now=now, site=site, connection=connection, **numbers)
    return None


def _free_places(connection: Connection, site: Site, purpose: Purpose, now: datetime) -> tuple[int, int] | None:
    """The first free place at the site, and the first of the connection; None if one of them is missing."""
    visits = SiteVisit.objects.filter(site=site)
    if visits.abandoned(now).exists():
        visits.abandoned(now).delete()
    taken = list(visits.values_list("place", "place_of_connection", "connection"))
    place = _first_free(_places_at(site, purpose), {place for place, _, _ in taken})
    of_connection = {own for _, own, visitor in taken if visitor == connection.pk}
    own = _first_free(_places_of_connection(site, purpose), of_connection)
    return None if place is None or own is None else (place, own)


def _first_free(places: Sequence[int], taken: set[int]) -> int | None:
    return next((place for place in places if place not in taken), None)
