"""The slots of a schedule, latest first, a page at a time by their instants: these are unique, and in the index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schedules.models import Slot
from schedules.querysets import SlotQuerySet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class SlotPage:
    rows: list[Slot]
    newer: str | None
    older: str | None


def slot_page(slots: SlotQuerySet, *, cursor: str, size: int) -> SlotPage:
    """`cursor`: "" for the latest, "-<moment>" before it, "+<moment>" after it. What is none is taken for ""."""
    direction, moment = cursor[:1], _moment(cursor[1:])
    if direction == "+" and moment:
        found = list(slots.filter(due_at__gt=moment).order_by("due_at")[: size + 1])
        if found:
            shown = found[:size][::-1]
            return SlotPage(shown, _cursor("+", shown[0]) if len(found) > size else None, _cursor("-", shown[-1]))
    is_older = direction == "-" and moment is not None
    found = list((slots.filter(due_at__lt=moment) if is_older else slots).order_by("-due_at")[: size + 1])
    shown = found[:size]
    newer = _cursor("+", shown[0]) if is_older and shown else None
    return SlotPage(shown, newer, _cursor("-", shown[-1]) if len(found) > size else None)


def _cursor(direction: str, slot: Slot) -> str:
    return f"{direction}{(slot.due_at - _EPOCH) // _MICROSECOND}"


def _moment(text: str) -> datetime | None:
    try:
        return _EPOCH + int(text) * _MICROSECOND if text.isdecimal() else None
    except OverflowError:
        return None
