"""Which compute budget accounts a site accepts, from what it said at the last good test of a connection.

Here an account is what compute time is billed to. In `Connection.facts`, "account" is the login name at the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain

from connections.models import Connection

# UNICORE's own name for it among the resources of a queue.
_RESOURCE = "Project"


def accounts_of(limits: object) -> tuple[str, ...]:
    """The only accounts that a queue with these limits accepts; () if it accepts any, or the site does not say."""
    allowed = limits.get(_RESOURCE) if isinstance(limits, Mapping) else None
    return tuple(map(str, allowed)) if isinstance(allowed, list) else ()


def accounts_by_queue(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The only accounts that a queue accepts, by queue. Sorted, because PostgreSQL does not keep the site's order."""
    found = {queue: accounts_of(limits) for queue, limits in sorted(connection.queue_limits.items())}
    return {queue: accounts for queue, accounts in found.items() if accounts}


def named_accounts(connection: Connection) -> tuple[str, ...]:
    """All accounts that the site has named: those of its queues, then those with a budget."""
    taken = chain.from_iterable(accounts_by_queue(connection).values())
    billed = (str(budget["account"]) for budget in connection.facts.get("budgets", []))
    return tuple(dict.fromkeys(filter(None, chain(taken, billed))))


def learned_at(connection: Connection) -> datetime | None:
    """When the site last named its accounts, None if it never did. Failed tests since then do not count."""
    if said_at := connection.facts.get("told_at"):
        return datetime.fromisoformat(said_at)
    return connection.tested_at if connection.facts or connection.queue_limits else None
