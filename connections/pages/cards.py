"""The cards of connections, and the kinds of connections to choose from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from connections.logins import login_health, test_results
from connections.logins.budget_accounts import named_accounts
from connections.logins.kinds import TRAITS, Kind, Traits
from connections.logins.test_results import Fact
from connections.models import Connection, Site, SiteOutage
from connections.outages.breaker import next_try
from mantik.accounts.models import User

SOON = timedelta(days=14)
OUTAGES_SHOWN = 3


@dataclass(frozen=True)
class End:
    """When the secret expires, and how to show it. `renewed_at`: when Mantik renews it; None: it does not."""

    at: datetime
    hue: str
    renewed_at: datetime | None = None


@dataclass(frozen=True)
class Silence:
    """The site does not answer now."""

    since: datetime
    reason: str
    next_try: str


@dataclass(frozen=True)
class Card:
    """`warning` is why the connection is not used now; `key_hint` where to put its public key.

    `outages` are the site's last ones that are over, newest first.
    """

    connection: Connection
    traits: Traits
    end: End | None
    warning: str
    silence: Silence | None
    outages: list[SiteOutage]
    facts: list[Fact]
    key_hint: str


@dataclass(frozen=True)
class Choice:
    kind: Kind
    traits: Traits


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


def choices_for(user: User) -> list[Choice]:
    """The kinds to choose from; a login service only if some site has one."""
    has_login_service = Site.objects.offered_to(user).with_login_service().exists()
    return [
        Choice(kind, traits) for kind, traits in TRAITS.items() if kind is not Kind.UNICORE_OIDC or has_login_service
    ]


def key_hint(connection: Connection) -> str:
    """For the card, above the key itself, whether it is there already or not."""
    if connection.site:
        return f"This public key has to be in {authorized_keys(connection)}."
    return "This public key has to be a deploy key of the repository at the git host, with the right to read it."


def authorized_keys(connection: Connection) -> str:
    """Where the public key of a connection to a site has to be, in words."""
    return f"~/.ssh/authorized_keys of {connection.login_name} at {connection.provider}"


def _last_outages(connections: Iterable[Connection]) -> dict[int | None, list[SiteOutage]]:
    """Of each site, newest first: as many as are shown, and one that may go on. One query."""
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
