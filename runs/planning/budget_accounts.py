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

# How many of a member's newest runs are searched for accounts that they use.
_RUNS_LOOKED_AT = 200
# How many accounts of a group are shown before the fold.
_SHOWN_AT_ONCE = 8


@dataclass(frozen=True)
class Group:
    """Accounts under one label. In a long list, those after the `first` are folded away."""

    label: str
    accounts: tuple[str, ...]

    @property
    def first(self) -> tuple[str, ...]:
        # A fold for a single account would take more room than it saves.
        return self.accounts if len(self.accounts) <= _SHOWN_AT_ONCE + 1 else self.accounts[:_SHOWN_AT_ONCE]

    @property
    def rest(self) -> tuple[str, ...]:
        return self.accounts[len(self.first) :]


@dataclass(frozen=True)
class AccountOffer:
    """The accounts that a form offers for `connection`.

    `learned_at`: when its site last said which accounts it allows; None if it never has. `is_named`: it named some.
    `sole`: the only account there is, which the form proposes, or "".
    """

    connection: Connection | None = None
    learned_at: datetime | None = None
    groups: tuple[Group, ...] = ()
    is_named: bool = False
    sole: str = ""

    def proposed_for(self, account: str, *, is_left_over: bool = False) -> str:
        """The account for a field that has `account`: the only one there is if the field is empty, otherwise `account`.

        `is_left_over`: `account` was chosen for another connection, so it is replaced if this one does not offer it.
        """
        is_known = any(account in group.accounts for group in self.groups)
        gives_way = not account or (is_left_over and not is_known)
        return self.sole if self.sole and gives_way else account

    def in_place_of(self, account: str) -> str:
        """What a form says when another account has replaced `account`."""
        return f"Replaces {account}, which is not available here." if account else ""

    def left_of(self, account: str) -> str:
        """How much of the account's budget is left ("1,204 core-h left (24 %)"); "" if the site did not say."""
        budgets = self.connection.facts.get("budgets", []) if self.connection else []
        for budget in budgets:
            if account and budget["account"] == account:
                share = "" if budget["percent"] is None else f" ({budget['percent']} %)"
                return f"{number(budget['remaining'])} {budget['unit']}".strip() + f" left{share}"
        return ""


def offer_accounts(
    *, user: User, connection: Connection | None, queue: str = "", used_besides: Iterable[str] = ()
) -> AccountOffer:
    """What to offer `user` for their own `connection`. `queue` is the job's queue, or "" while it is not known.

    `used_besides`: more accounts that are used with the site, such as those of schedules.
    """
    if connection is None or connection.site is None or connection.owner_id != user.pk:
        return AccountOffer()
    named = _named(connection, queue)
    known = set(chain.from_iterable(group.accounts for group in named))
    used = _used(user, connection.site, used_besides)
    # A queue that names no accounts takes any. Without such a queue, accounts that were used before are not offered.
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
    """Accounts that the user's runs at the site used, latest first.

    Runs that ended before their job began are left out: the site may have refused their account.
    """
    at_site = Q(connection__site=site) | Q(connection=None, site_name=site.name)
    runs = Run.objects.visible_to(user).filter(at_site, created_by=user).without_refused()
    accounts = runs.newest_first().values_list("compute_budget_account", flat=True)[:_RUNS_LOOKED_AT]
    return tuple(dict.fromkeys((*accounts, *besides)))
