"""Reads the values that a filter compares with: numbers, durations, days and times, states, yes or no."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from runs.states import STATE_GROUPS, RunState
from runs.table.tokens import Token

_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?", re.IGNORECASE | re.ASCII)
_DURATION = re.compile(
    r"(?:(?P<days>\d{1,5})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,7})m)?(?:(?P<seconds>\d{1,9}(?:\.\d+)?)s?)?",
    re.IGNORECASE | re.ASCII,
)
_MOST_DAYS = 36_500
_DAY, _MINUTE, _SECOND = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1)


def number_in(token: Token) -> float | None:
    """The number that a value is; None for a text, also for one in quotation marks."""
    if token.is_quoted or not _NUMBER.fullmatch(token.text):
        return None
    return float(token.text)


def number(token: Token, what: str) -> float:
    found = number_in(token)
    if found is None:
        if token.text.lower() == "nan":
            raise token.wrong(f"Nothing is equal to NaN. Write: {what} is nan.")
        raise token.wrong(f"{what} is a number, so a number should stand here, like 0.9, -3 or 1e-4.")
    return found


def duration(token: Token) -> timedelta:
    found = _DURATION.fullmatch(token.text) if not token.is_quoted else None
    if not found or not any(found.groups()):
        raise token.wrong("Here a duration should stand, like 90s, 10m, 1h30m or 2d.")
    parts = {unit: float(amount) for unit, amount in found.groupdict().items() if amount}
    length = timedelta(**parts)
    if length > timedelta(days=_MOST_DAYS):
        raise token.wrong("That is longer than a hundred years. Here a duration should stand, like 1h30m or 2d.")
    return length


def period(token: Token) -> tuple[datetime, datetime]:
    """The day, minute or second that a value names, from its first moment to the first one after it."""
    text = token.value
    try:
        moment = parse_datetime(text) if not parse_date(text) else None
        day = parse_date(text)
        if day:
            begin = timezone.make_aware(datetime(day.year, day.month, day.day))  # noqa: DTZ001  # made aware here
            after = day + _DAY
            return begin, timezone.make_aware(datetime(after.year, after.month, after.day))  # noqa: DTZ001
        if moment:
            aware = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
            length = _SECOND if re.search(r"\d:\d\d:\d", text) else _MINUTE
            # In UTC, so that a database can hold it.
            return aware.astimezone(UTC), (aware + length).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise token.wrong('Here a day or a time should stand, like 2026-11-30 or "2026-11-30 14:05".')


def yes_or_no(token: Token) -> bool:
    word = token.value.strip().lower()
    if word not in ("yes", "no"):
        raise token.wrong("Here yes or no should stand: a run has your star, or it has not.")
    return word == "yes"


def states(token: Token) -> tuple[RunState, ...]:
    """The states that a value names: one, or all that are active."""
    word = token.value.strip().upper()
    if word in RunState.values:
        return (RunState(word),)
    if word == "ACTIVE":
        return STATE_GROUPS["active"]
    known = ", ".join(["active", *(state.value.lower() for state in RunState)])
    raise token.wrong(f"There is no state “{token.value}”. The states are {known}.")
