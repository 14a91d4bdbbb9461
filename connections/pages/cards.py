"""The cards of connections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from connections.logins import login_health, test_results
from connections.logins.budget_accounts import named_accounts
from connections.logins.expiry import WARNED_BEFORE
from connections.logins.kinds import Traits
from connections.logins.test_results import Fact
from connections.models import Connection, SiteOutage
from connections.outages.breaker import next_try

# A card says that a secret expires soon when its owner gets the first notice.
SOON = max(WARNED_BEFORE)
OUTAGES_SHOWN = 3


@dataclass(frozen=True)
class End:
    """When the secret expires, and how to show that. `renewed_at`: when Mantik renews it, None if it does not."""

    at: datetime
    hue: str
    renewed_at: datetime | None = None


@dataclass(frozen=True)
class Silence:
    """The outage of a site that does not answer now, in words."""

    since: datetime
    reason: str
    next_try: str


@dataclass(frozen=True)
class Card:
    """What the card of a connection shows.

    `warning` says that the login is refused and what helps, `key_hint` where its public key has to be. `outages` are
    the latest of its site that are over, newest first.
    """

    connection: Connection
    traits: Traits
    end: End | None
    warning: str
    silence: Silence | None
    outages: list[SiteOutage]
    facts: list[Fact]
    key_hint: str


def cards_of(connections: Iterable[Connection], *, now: datetime) -> list[Card]:
    connections = list(connections)
    outages = _last_outages(connections)
    return [
        Card(
            connection=connection,
            traits=connection.traits,
            end=_end(connection, now),
            warning=login_health.warning_for_owner(connection),
            silence=_silence(outages[connection.site_id], now),
            outages=[outage for outage in outages[connection.site_id] if outage.ended_at][:OUTAGES_SHOWN],
            facts=test_results.as_shown(connection.facts, budget_accounts=named_accounts(connection)),
            key_hint=key_hint(connection) if connection.public_key else "",
        )
        for connection in connections
    ]


def key_hint(connection: Connection) -> str:
    """Where the public key has to be. The card says so above the key, whether or not the key is there already."""
    if connection.site:
        return f"This public key has to be in {authorized_keys(connection)}."
    return "This public key has to be a deploy key of the repository at the git host, with read access."


def authorized_keys(connection: Connection) -> str:
    """Where the public key of a connection to a site has to be, in words."""
    return f"~/.ssh/authorized_keys of {connection.login_name} at {connection.provider}"


def _last_outages(connections: Iterable[Connection]) -> dict[int | None, list[SiteOutage]]:
    """The latest outages of each site, newest first: as many as a card shows, and an open one. One query."""
    place = Window(RowNumber(), partition_by="site", order_by=F("began_at").desc())
    last = SiteOutage.objects.filter(site__in={connection.site_id for connection in connections} - {None})
    found: dict[int | None, list[SiteOutage]] = defaultdict(list)
    for outage in last.annotate(place=place).filter(place__lte=OUTAGES_SHOWN + 1).order_by("place"):
        found[outage.site_id].append(outage)
    return found


def _silence(outages: Iterable[SiteOutage], now: datetime) -> Silence | None:
    outage = next((outage for outage in outages if outage.ended_at is None), None)
    return None if outage is None else Silence(outage.began_at, outage.reason, next_try(outage, now))


def _end(connection: Connection, now: datetime) -> End | None:
    at = connection.expires_at
    if at is None:
        return None
    if at <= now:
        return End(at, "bad")
    is_renewed = connection.is_renewed(now)
    hue = "wait" if not is_renewed and at - now <= SOON else ""
    return End(at, hue, connection.renew_at if is_renewed else None)
