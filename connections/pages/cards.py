"""What the pages show of connections: a card each, and the kinds to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connections.logins import login_health, test_results
from connections.logins.budget_accounts import named_accounts
from connections.logins.kinds import TRAITS, Kind, Traits
from connections.logins.test_results import Fact
from connections.models import Connection, Site
from mantik.accounts.models import User

SOON = timedelta(days=14)


@dataclass(frozen=True)
class End:
    """When the secret ends, and how that is drawn."""

    at: datetime
    hue: str
    word: str


@dataclass(frozen=True)
class Card:
    """`warning` is why the connection is not used now; `key_hint` where the line of its public key belongs."""

    connection: Connection
    traits: Traits
    end: End | None
    warning: str
    facts: list[Fact]
    key_hint: str


@dataclass(frozen=True)
class Choice:
    kind: Kind
    traits: Traits


def cards_of(connections: Iterable[Connection], *, now: datetime) -> list[Card]:
    return [
        Card(
            connection=connection,
            traits=connection.traits,
            end=_end(connection, now),
            warning=login_health.warning(connection),
            facts=test_results.as_shown(connection.facts, budget_accounts=named_accounts(connection)),
            key_hint=key_hint(connection) if connection.public_key else "",
        )
        for connection in connections
    ]


def choices_for(user: User) -> list[Choice]:
    """Kinds that can be had: a login service only where a site has one."""
    has_login_service = Site.objects.offered_to(user).with_login_service().exists()
    return [
        Choice(kind, traits) for kind, traits in TRAITS.items() if kind is not Kind.UNICORE_OIDC or has_login_service
    ]


def key_hint(connection: Connection) -> str:
    if connection.site:
        return (
            f"Put the line of its public key into ~/.ssh/authorized_keys of {connection.login_name} at "
            f"{connection.site.name}, then test it."
        )
    return "Give the line of its public key to the repository at the git host, as a deploy key that may read."


def _end(connection: Connection, now: datetime) -> End | None:
    at = connection.expires_at
    if at is None:
        return None
    if at <= now:
        return End(at, "bad", "ended")
    is_worry = connection.renew_at is None or bool(connection.renewal_error)
    return End(at, "wait", "ends soon") if is_worry and at - now <= SOON else End(at, "", "ends")
