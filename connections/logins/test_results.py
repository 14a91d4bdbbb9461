"""What a site said about a login at the last successful test: as stored, and as shown on the connection's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.unicore.values import SiteAccess, SiteOffer


@dataclass(frozen=True)
class Fact:
    """One fact on a card. `values` stand in one line, or with `is_list` in a line each.

    `is_mono`: they are names from the site, shown in monospace.
    """

    name: str
    values: tuple[str, ...]
    is_mono: bool = False
    is_list: bool = False


def as_stored(access: SiteAccess, offer: SiteOffer, *, now: datetime) -> dict[str, Any]:
    """The value of Connection.facts: plain values, no secret."""
    return {
        "told_at": now.isoformat(),
        "account": access.login_name,
        "accounts": list(access.login_names),
        "dn": access.dn,
        "role": access.role,
        "groups": list(access.groups),
        "queues": list(access.queues) or sorted(offer.queues),
        "takes_jobs": access.takes_jobs,
        "words": access.message,
        "version": access.server_version,
        "budgets": [
            {"account": budget.account, "remaining": budget.remaining, "unit": budget.unit, "percent": budget.percent}
            for budget in offer.budgets
        ],
    }


def as_shown(facts: dict[str, Any], *, budget_accounts: Sequence[str] = ()) -> list[Fact]:
    """The lines of a card, without those the site said nothing about."""
    if not facts:
        return []
    shown = [
        Fact("Login at the site", _texts(facts, "account"), is_mono=True),
        Fact("Role", _texts(facts, "role")),
        Fact("Groups", _texts(facts, "groups"), is_mono=True),
        Fact("Queues", _texts(facts, "queues"), is_mono=True),
        Fact("Compute budget accounts", tuple(budget_accounts), is_mono=True),
        Fact("Budget left", tuple(_budget(budget) for budget in facts.get("budgets", [])), is_list=True),
        Fact("New jobs", ("accepted" if facts.get("takes_jobs") else "not accepted at the moment",)),
    ]
    return [fact for fact in shown if fact.values]


def sentence(facts: dict[str, Any]) -> str:
    """The result of a successful test in one sentence."""
    who = facts["account"] or facts["dn"]
    greeting = f"The site knows you as {who}." if who else "The site lets you in."
    return greeting if facts["takes_jobs"] else f"{greeting} It accepts no new jobs at the moment."


def _texts(facts: dict[str, Any], name: str) -> tuple[str, ...]:
    value = facts.get(name) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def _budget(budget: dict[str, Any]) -> str:
    left = f"{budget['remaining']:,} {budget['unit']}".strip()
    share = "" if budget["percent"] is None else f" ({budget['percent']} %)"
    return f"{budget['account']}: {left}{share}" if budget["account"] else f"{left}{share}"
