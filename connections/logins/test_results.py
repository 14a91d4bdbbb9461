"""What a site said about a login at the last good test, as it is stored with the connection and drawn on its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connections.unicore.values import SiteAccess, SiteOffer


@dataclass(frozen=True)
class Fact:
    """Something a card tells: `values` one after the other, in mono where they are names of the site's own.

    `is_list`: each value takes a line.
    """

    name: str
    values: tuple[str, ...]
    is_mono: bool = False
    is_list: bool = False


def as_stored(access: SiteAccess, offer: SiteOffer, *, now: datetime) -> dict[str, Any]:
    """For Connection.facts: plain values, and no secret."""
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
    """The lines of a card, without those of which the site said nothing."""
    if not facts:
        return []
    shown = [
        Fact("Login", _texts(facts, "account"), is_mono=True),
        Fact("Role", _texts(facts, "role")),
        Fact("Groups", _texts(facts, "groups"), is_mono=True),
        Fact("Queues", _texts(facts, "queues"), is_mono=True),
        Fact("Budget accounts", tuple(budget_accounts), is_mono=True),
        Fact("Budget left", tuple(_budget(budget) for budget in facts.get("budgets", [])), is_list=True),
        Fact("New jobs", ("taken now" if facts.get("takes_jobs") else "not taken at the moment",)),
    ]
    return [fact for fact in shown if fact.values]


def sentence(facts: dict[str, Any]) -> str:
    """The outcome of a good test in one line."""
    who = facts["account"] or facts["dn"]
    told = f"The site knows you as {who}." if who else "The site lets you in."
    return told if facts["takes_jobs"] else f"{told} It takes no new jobs at the moment."


def _texts(facts: dict[str, Any], name: str) -> tuple[str, ...]:
    value = facts.get(name) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def _budget(budget: dict[str, Any]) -> str:
    left = f"{budget['remaining']:,} {budget['unit']}".strip()
    share = "" if budget["percent"] is None else f" ({budget['percent']} %)"
    return f"{budget['account']}: {left}{share}" if budget["account"] else f"{left}{share}"
