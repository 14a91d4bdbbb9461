"""Reads from the log what a job says about the node it ran on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

FACTS_MARK = "[mantik] env "
_MAX_TEXT = 500
_MAX_COUNT = 10**9
_MAX_ITEMS = 64


def node_facts(log: str) -> dict[str, Any] | None:
    """The facts about node and Python that the job script printed; None if the log has none (yet).

    Keys, each only if it is known: hostname, os, platform, python_version and python_executable (texts), cpu_cores
    and memory_gb (whole numbers), gpus (a list of texts). Users' code may write such a line, too, so any other key is
    dropped, and so is a value that a database or a page could not show.
    """
    for line in log.split("\n"):
        if line.startswith(FACTS_MARK):
            return _parsed(line.removeprefix(FACTS_MARK))
    return None


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    read = {name: check(facts.get(name)) for name, check in _FACTS.items()}
    return {name: value for name, value in read.items() if value is not None} or None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.isprintable() and 0 < len(value) <= _MAX_TEXT else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT else None


def _texts(value: object) -> list[str] | None:
    found = [_text(item) for item in value[:_MAX_ITEMS]] if isinstance(value, list) else []
    return [text for text in found if text] or None


_FACTS: Mapping[str, Callable[[object], Any]] = {
    "hostname": _text,
    "os": _text,
    "platform": _text,
    "python_version": _text,
    "python_executable": _text,
    "cpu_cores": _count,
    "memory_gb": _count,
    "gpus": _texts,
}
