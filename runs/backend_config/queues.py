"""Compares a config with what the site says its queues allow, before anything is submitted.

The site checks a job against the same table of queues that it publishes, and refuses what is outside of it: "Resource
request <Nodes=12> is out of range". It neither lowers a number nor tries another queue. So if the table has not changed
since the last successful test of the connection, the site is certain to refuse

- a queue that is not in the table, which has the queues that this login may use;
- nodes, CPUs, GPUs, memory or run time outside the queue's range, if it has one that Mantik can read;
- an account that is not in the queue's list, if it has one. Without a list any account is passed on.

What the table does not mention is left to the site, which may know more than it lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connections.logins.budget_accounts import accounts_of
from runs.backend_config.schema import BackendConfig, Resources
from runs.backend_config.units import duration_words, memory_words
from runs.mlproject.problem import Problem
from runs.mlproject.wording import any_of, closest, listed, shown

# Queue name -> resource name -> a list of allowed values, or a range as text, as the site sends it: "1-4", or "1-4:1"
# with the site's default after the colon, which does not matter here.
QueueLimits = Mapping[str, Mapping[str, Any]]

_RANGE = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*-\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(?::.*)?")

# How many accounts or queues a sentence offers; it counts the others. A site may have hundreds of accounts.
_MOST_NAMED = 8

# The key of problems with the account, which is not in the file.
ACCOUNT = "compute_budget_account"


@dataclass(frozen=True)
class _Asked:
    """One number that the config asks for, and how to write it in a sentence."""

    name: str
    value: int
    say: Callable[[int], str] = str


def check_against_queues(
    config: BackendConfig, limits: QueueLimits, *, compute_budget_account: str | None = None, site: str = "The site"
) -> list[Problem]:
    """A problem for everything that the site would refuse. None if everything fits, or if the site names no queues.

    Its key is the one in the config, or ACCOUNT. `site` is the site's name at the beginning of a sentence.
    """
    # The site has sent the limits, so they may have any shape. Sorted, because PostgreSQL does not keep their order.
    limits = {name: queue if isinstance(queue, Mapping) else {} for name, queue in sorted(limits.items())}
    if not limits:
        return []
    queue = config.resources.queue
    if queue not in limits:
        return [_unknown_queue(queue, limits, site)]
    problems = [
        _out_of_range(asked, queue, bounds, _fitting(asked, limits))
        for asked, bounds in _bounded(config.resources, limits[queue])
        if not bounds[0] <= asked.value <= bounds[1]
    ]
    return problems + _account(compute_budget_account, queue, limits, site)


def _unknown_queue(queue: str, limits: QueueLimits, site: str) -> Problem:
    guess = closest(queue, limits)
    hint = f"Did you mean {guess}?" if guess else "Change Resources.Queue."
    noun = "queue" if len(limits) == 1 else "queues"
    message = f"{site} lets you use the {noun} {listed(limits, 'and')}, not {shown(queue)}. {hint}"
    return Problem("Resources.Queue", message)


def _asked(resources: Resources) -> list[_Asked]:
    asked = (
        ("Nodes", resources.nodes, str),
        ("Runtime", resources.runtime_seconds, duration_words),
        ("TotalCPUs", resources.total_cpus, str),
        ("CPUsPerNode", resources.cpus_per_node, str),
        ("GPUsPerNode", resources.gpus_per_node or None, str),
        ("MemoryPerNode", resources.memory_bytes, memory_words),
    )
    return [_Asked(name, value, say) for name, value, say in asked if value is not None]


def _bounded(resources: Resources, queue: Mapping[str, Any]) -> list[tuple[_Asked, tuple[int, int]]]:
    pairs = [(asked, _bounds(queue.get(asked.name))) for asked in _asked(resources)]
    return [(asked, bounds) for asked, bounds in pairs if bounds is not None]


def _bounds(limit: object) -> tuple[int, int] | None:
    """The range; None if the site gives none that Mantik understands, and decides itself."""
    match = _RANGE.fullmatch(limit) if isinstance(limit, str) else None
    if match is None:
        return None
    try:
        return int(float(match[1])), int(float(match[2]))
    except (ValueError, OverflowError):
        return None


def _fitting(asked: _Asked, limits: QueueLimits) -> list[str]:
    """The queues whose range has this number."""
    ranges = {name: _bounds(queue.get(asked.name)) for name, queue in limits.items()}
    return [name for name, bounds in ranges.items() if bounds and bounds[0] <= asked.value <= bounds[1]]


def _out_of_range(asked: _Asked, queue: str, bounds: tuple[int, int], fitting: Sequence[str]) -> Problem:
    low, high = (asked.say(bound) for bound in bounds)
    takes = f"takes {low}" if low == high else f"takes {low} to {high}"
    other = f", or choose another queue: {any_of(fitting, _MOST_NAMED)}." if fitting else ", or choose another queue."
    message = (
        f"{asked.name} is {asked.say(asked.value)}, and the queue {queue} {takes}. Change Resources.{asked.name}{other}"
    )
    return Problem(f"Resources.{asked.name}", message)


def _account(account: str | None, queue: str, limits: QueueLimits, site: str) -> list[Problem]:
    allowed = {name: accounts_of(of_queue) for name, of_queue in limits.items()}
    if account is None or not allowed[queue] or account in allowed[queue]:
        return []
    fitting = [name for name, accounts in allowed.items() if not accounts or account in accounts]
    other = f" For {shown(account)} choose another queue: {any_of(fitting, _MOST_NAMED)}." if fitting else ""
    takes = any_of(allowed[queue], _MOST_NAMED)
    message = f"{site}'s queue {queue} takes {takes}, not {shown(account)}.{other}"
    return [Problem(ACCOUNT, message)]
