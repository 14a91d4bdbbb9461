"""Expressions of other tools that are not standard cron, and what they mean in standard cron.

They are refused, with the standard expression as an offer: what is stored has to mean the same in every tool.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NICKNAMES = {
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
    "@MONTHLY": "0 0 1 * *",
    "@WEEKLY": "0 0 * * 0",
    "@DAILY": "0 0 * * *",
    "@MIDNIGHT": "0 0 * * *",
    "@HOURLY": "0 * * * *",
}
_EVERY = re.compile(r"@EVERY\s+([0-9]{1,4})([MH])(?:0S)?")
# By field: stands in for a value that the tool would choose (H in Jenkins). Any will do but 0, which everybody takes.
_CHOSEN = ("17", "3", "2", "2", "2")


def nickname(text: str) -> str:
    """The five fields for "@DAILY", "@EVERY 5M" and the like; "" if there are none."""
    every = _EVERY.fullmatch(text)
    if not every:
        return _NICKNAMES.get(text, "")
    number, unit = int(every[1]), every[2]
    # Steps start again with each hour or day, so a step has to divide it to mean "every".
    if number == 0 or (60 if unit == "M" else 24) % number:
        return ""
    if unit == "M":
        return _every(number, 60, "{} * * * *", "0 * * * *")
    return _every(number, 24, "0 {} * * *", "0 0 * * *")


def _every(number: int, whole: int, stepped: str, once: str) -> str:
    if number == whole:
        return once
    return stepped.format("*" if number == 1 else f"*/{number}")


def without_extra_fields(fields: Sequence[str]) -> list[str]:
    """The five of six or seven fields that are standard, if the others (seconds 0, year *) say nothing."""
    if len(fields) == 7 and fields[0] == "0" and fields[6] == "*":
        return list(fields[1:6])
    if len(fields) == 6 and fields[0] == "0":
        return list(fields[1:])
    return []


def plain(fields: Sequence[str]) -> list[str]:
    """? becomes *, and the H and R of tools that choose a value become one: H/15 -> */15, H -> 17."""
    return [_plain(text, chosen) for text, chosen in zip(fields, _CHOSEN, strict=False)]


def _plain(text: str, chosen: str) -> str:
    if text == "?":
        return "*"
    if text in ("H", "R"):
        return chosen
    return re.sub(r"^[HR]/", "*/", text)
