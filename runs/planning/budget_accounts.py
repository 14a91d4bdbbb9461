"""Which compute budget accounts a form offers: those the site has named, and those the member used last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db.models import Q

from connections.logins.budget_accounts import accounts_by_queue, learned_at, named_accounts
from connections.models import Connection, Site
from mantik.accounts.models import User
from mantik.lib.humanize import number
from runs.models import Run

# Of a member, newest first: enough to find what they use now.
_RUNS_LOOKED_AT = 200
_SHOWN_AT_ONCE = 8


@dataclass(frozen=True)
class Group:
    """Accounts with what they have in common; a long list is folded after the `first`."""

    label: str
    accounts: tuple[str, ...]

    @property
    def first(self) -> tuple[str, ...]:
        # One alone behind a fold takes more room than it saves.
        return self.accounts if len(self.accounts) <= _SHOWN_AT_ONCE + 1 else self.accounts[:_SHOWN_AT_ONCE]

    @property
    def rest(self) -> tuple[str, ...]:
        return self.accounts[len(self.first) :]


@dataclass(frozen=True)
class AccountOffer:
    """`learned_at`: when the site of `connection` said what it takes, None if it was never asked with success.

    `sole` is what to propose: the only account there is, or "".
    """

    connection: Connection | None = None
    learned_at: datetime | None = None
    groups: tuple[Group, ...] = ()
    is_named: bool = False
    sole: str = ""

    def proposed_for(self, account: str, *, is_left_over: bool = False) -> str:
        """What is to stand in a field where `account` stands: the only one there is, where none does.

        `is_left_over`: it was chosen for another connection, and gives way if this one does not have it.
        """
        is_known = any(account in group.accounts for group in self.groups)
        gives_way = not account or (is_left_over and not is_known)
        return self.sole if self.sole and gives_way else account

    def in_place_of(self, account: str) -> str:
        """What a form says once another has taken the place of `account`."""
        return f"Replaces {account}, which is not available here." if account else ""

    def left_of(self, account: str) -> str:
        """ "1,204 core-h left (24 %)" of its budget, "" where the site did not say."""
        budgets = self.connection.facts.get("budgets", []) if self.connection else []
        for budget in budgets:
            if account and budget["account"] == account:
                share = "" if budget["percent"] is None else f" ({budget['percent']} %)"
                return f"{number(budget['remaining'])} {budget['unit']}".strip() + f" left{share}"
        return ""


def offer_accounts(
    *, user: User, connection: Connection | None, queue: str = "", used_besides: Iterable[str] = ()
) -> AccountOffer:
    """For `user`'s own `connection`; `queue` is the one that the job asks for, "" while that is not known.

    `used_besides` are accounts that an app above this one knows to be used with the site.
    """
    if connection is None or connection.site is None or connection.owner_id != user.pk:
        return AccountOffer()
    named = _named(connection, queue)
    known = set(chain.from_iterable(group.accounts for group in named))
    used = _used(user, connection.site, used_besides)
    # A queue that names no accounts takes any. What no queue takes is not offered for having been used once.
    queues, queues_with_accounts = connection.queue_limits.keys(), accounts_by_queue(connection).keys()
    some_queue_takes_any = not queues or queues != queues_with_accounts
    used = tuple(account for account in used if account not in known) if some_queue_takes_any else ()
    groups = (*named, Group("Used before", used)) if used else named
    leading = groups[0].accounts if groups else ()
    return AccountOffer(
        connection=connection,
        learned_at=learned_at(connection),
        groups=groups,
        is_named=bool(named),
        sole=leading[0] if len(leading) == 1 else "",
    )


def _named(connection: Connection, queue: str) -> tuple[Group, ...]:
    """First the accounts that the queue takes, then those that only other queues take."""
    site, by_queue, named = connection.provider, accounts_by_queue(connection), named_accounts(connection)
    if queue not in by_queue:
        return (Group(f"Accounts at {site}", named),) if named else ()
    all_taken = dict.fromkeys(chain.from_iterable(by_queue.values()))
    others = tuple(account for account in all_taken if account not in by_queue[queue])
    taken = Group(f"For the queue {queue}", by_queue[queue])
    return (taken, Group("For other queues only", others)) if others else (taken,)


def _used(user: User, site: Site, besides: Iterable[str]) -> tuple[str, ...]:
    """Latest first. A run that ended before its job began may have been refused for its account."""
    there = Q(connection__site=site) | Q(connection=None, site_name=site.name)
    runs = Run.objects.visible_to(user).filter(there, created_by=user).without_refused()
    accounts = runs.order_by("-pk").values_list("compute_budget_account", flat=True)[:_RUNS_LOOKED_AT]
    return tuple(dict.fromkeys((*accounts, *besides)))
