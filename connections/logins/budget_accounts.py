"""Which compute budget accounts a site takes, by what it said at the last good test of a connection.

Nothing to do with the login, which facts and pages call so: an account here is what compute time is billed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import chain

from connections.models import Connection

# UNICORE's own name for it among the resources of a queue.
_RESOURCE = "Project"


def accounts_of(limits: object) -> tuple[str, ...]:
    """Those that a queue with these limits takes and no others; () where it takes any, or does not say."""
    allowed = limits.get(_RESOURCE) if isinstance(limits, Mapping) else None
    return tuple(map(str, allowed)) if isinstance(allowed, list) else ()


def accounts_by_queue(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Of the queues that take only some, by name: PostgreSQL does not keep the order in which a site lists them."""
    found = {queue: accounts_of(limits) for queue, limits in sorted(connection.queue_limits.items())}
    return {queue: accounts for queue, accounts in found.items() if accounts}


def named_accounts(connection: Connection) -> tuple[str, ...]:
    """All that the site has named: those that its queues take, then those it knows a budget of."""
    taken = chain.from_iterable(accounts_by_queue(connection).values())
    billed = (str(budget["account"]) for budget in connection.facts.get("budgets", []))
    return tuple(dict.fromkeys(filter(None, chain(taken, billed))))


def learned_at(connection: Connection) -> datetime | None:
    """When the site said so. None if it never did; a test that was refused or not answered since says nothing."""
    if told := connection.facts.get("told_at"):
        return datetime.fromisoformat(told)
    return connection.tested_at if connection.facts or connection.queue_limits else None
