"""Turns a site's refusal of a job into one sentence: what was asked for, and what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connections.unicore.refusals import Refusal
from runs.backend_config import BackendConfig, QueueLimits, check_against_queues, duration_words, memory_words
from runs.mlproject.wording import listed, shortened

# How many queues or accounts a sentence names; it counts the others.
_MOST_NAMED = 8
_UNITS = {"MemoryPerNode": memory_words, "Runtime": duration_words}


def sentence(
    refusal: Refusal, *, site: str, queue: str, account: str, config: BackendConfig | None, limits: QueueLimits
) -> str:
    """Explain `refusal`. `limits` is what the site allows as far as we know; it may be empty, or out of date."""
    if not refusal.is_offered:
        return (
            f"{site} offers no {refusal.resource} in the queue {refusal.queue or queue}. Remove it from Resources "
            "in the Compute Backend config, or choose another queue."
        )
    if refusal.resource == "Project":
        return _account(refusal.asked or account, site, queue, limits)
    if refusal.resource == "Queue":
        return _with_allowed(f"{site} has no queue {_named(refusal.asked)}", "it has", limits, refusal.asked)
    return _amount(refusal, site, queue, config, limits)


def _account(asked: str, site: str, queue: str, limits: QueueLimits) -> str:
    allowed = {name: _accounts(offered) for name, offered in limits.items()}
    mine = allowed.get(queue, ())
    if any(asked in others for name, others in allowed.items() if name != queue):
        not_in_queue = f"{site} does not allow the compute budget account {_named(asked)} in the queue {queue}"
        return _with_allowed(not_in_queue, "in that queue it allows", mine, asked)
    return _with_allowed(f"{site} does not know the compute budget account {_named(asked)}", "it allows", mine, asked)


def _accounts(offered: Any) -> Sequence[str]:
    listed_ones = offered.get("Project") if isinstance(offered, dict) else None
    return [str(name) for name in listed_ones] if isinstance(listed_ones, list) else []


def _with_allowed(sentence: str, verb: str, allowed: Sequence[str] | QueueLimits, asked: str) -> str:
    """`sentence` with what is allowed. If that includes what was refused, it is out of date, and is left out."""
    names = [shortened(str(name)) for name in allowed]
    if not names or asked in allowed:
        return f"{sentence}."
    more = len(names) - _MOST_NAMED
    shown = [*names[:_MOST_NAMED], f"{more} more"] if more > 0 else names
    return f"{sentence}; {verb} {listed(shown, 'and')}."


def _amount(refusal: Refusal, site: str, queue: str, config: BackendConfig | None, limits: QueueLimits) -> str:
    problems = check_against_queues(config, limits) if config else []
    known = next((problem for problem in problems if problem.key == f"Resources.{refusal.resource}"), None)
    if known:
        return f"{site} refused the job: {known.message}"
    return f"{site} refused the job: {refusal.resource} {_quantity(refusal)} is out of range in the queue {queue}."


def _quantity(refusal: Refusal) -> str:
    words = _UNITS.get(refusal.resource)
    if words and refusal.asked.isdecimal() and len(refusal.asked) < 20:
        return words(int(refusal.asked))
    return _named(refusal.asked)


def _named(asked: str) -> str:
    return shortened(asked)
