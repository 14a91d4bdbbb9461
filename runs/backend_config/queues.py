"""Compares a config with what the site says its queues take, before anything is submitted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.backend_config.schema import BackendConfig, Resources
from runs.backend_config.units import duration_words, memory_words
from runs.mlproject.problem import Problem
from runs.mlproject.wording import closest, listed, shown

# Queue name -> resource name -> a range as text ("1-4") or a list of allowed values, as the site sends it.
QueueLimits = Mapping[str, Mapping[str, Any]]

_RANGE = re.compile(r"\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*-\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(?::.*)?")


@dataclass(frozen=True)
class _Asked:
    """One number that the config asks for, and how to say it."""

    name: str
    value: int
    say: Callable[[int], str] = str


def check_against_queues(
    config: BackendConfig, limits: QueueLimits, *, compute_budget_account: str | None = None
) -> list[Problem]:
    """Sentences for everything the site would refuse. Empty if it fits, or if the site names no queues."""
    # Sent by the site, so nothing about its shape is sure.
    limits = {name: queue if isinstance(queue, Mapping) else {} for name, queue in limits.items()}
    if not limits:
        return []
    queue = config.resources.queue
    if queue not in limits:
        return [_unknown_queue(queue, limits)]
    problems = [
        _out_of_range(asked, queue, bounds, _fitting(asked, limits))
        for asked, bounds in _bounded(config.resources, limits[queue])
        if not bounds[0] <= asked.value <= bounds[1]
    ]
    return problems + _account(compute_budget_account, queue, limits[queue])


def _unknown_queue(queue: str, limits: QueueLimits) -> Problem:
    guess = closest(queue, limits)
    hint = f"Did you mean {guess}?" if guess else f"Choose {listed(limits)}."
    return Problem("Resources.Queue", f"Queue is {shown(queue)}, and the site has no such queue. {hint}")


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
    """None if the site gives no range that we understand; then the site itself decides."""
    match = _RANGE.fullmatch(limit) if isinstance(limit, str) else None
    if match is None:
        return None
    try:
        return int(float(match[1])), int(float(match[2]))
    except (ValueError, OverflowError):
        return None


def _fitting(asked: _Asked, limits: QueueLimits) -> list[str]:
    """The queues that say they take this number."""
    ranges = {name: _bounds(queue.get(asked.name)) for name, queue in limits.items()}
    return [name for name, bounds in ranges.items() if bounds and bounds[0] <= asked.value <= bounds[1]]


def _out_of_range(asked: _Asked, queue: str, bounds: tuple[int, int], fitting: Sequence[str]) -> Problem:
    low, high = (asked.say(bound) for bound in bounds)
    takes = f"takes {low}" if low == high else f"takes {low} to {high}"
    other = f", or choose another queue: {listed(fitting)}." if fitting else ", or choose another queue."
    message = (
        f"{asked.name} is {asked.say(asked.value)}, and the queue {queue} {takes}. Change Resources.{asked.name}{other}"
    )
    return Problem(f"Resources.{asked.name}", message)


def _account(account: str | None, queue: str, limits: Mapping[str, Any]) -> list[Problem]:
    allowed = limits.get("Project")
    if account is None or not isinstance(allowed, list) or not allowed or account in allowed:
        return []
    message = (
        f"The compute budget account is {shown(account)}, "
        f"and the queue {queue} takes {listed(map(str, allowed))}. Change the account, or choose another queue."
    )
    return [Problem("compute_budget_account", message)]
