"""Cron expressions as people type them: strict, and with a sentence for everything that is refused."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from schedules.cron import dialects
from schedules.cron.days import ever
from schedules.cron.errors import CronError
from schedules.cron.expression import Cron
from schedules.cron.fields import DAY, FIELDS
from schedules.cron.terms import parse_field

LONGEST_EXPRESSION = 200
_FIVE = "Write five fields: minute, hour, day of month, month, day of week, such as 30 2 * * *."


@lru_cache(maxsize=4096)
def parse(expression: str) -> Cron:
    """Parse standard five-field cron. Raises CronError for anything else, and for what would never fire."""
    text = _checked(expression)
    if text.startswith("@"):
        raise _nickname(text)
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise _wrong_number(fields)
    try:
        minutes, hours, days, months, weekdays = map(parse_field, fields, FIELDS)
    except CronError as error:
        raise _with_offer(_mended(error, fields), dialects.plain(fields), unlike=fields) from None
    cron = Cron(
        " ".join(fields),
        minutes,
        hours,
        days,
        months,
        weekdays,
        # As Debian's cron has it: what counts is the star in front, not whether every value is meant.
        wild=fields[0].startswith("*") or fields[1].startswith("*"),
        either=not fields[2].startswith("*") and not fields[4].startswith("*"),
    )
    if not ever(cron):
        raise _never(fields)
    return cron


def _checked(expression: str) -> str:
    """The expression in capitals, stripped. Raises CronError if it is empty, too long or has a strange character."""
    text = expression.strip(" \t\r\n")
    if not text:
        raise CronError(f"The cron expression is empty. {_FIVE}")
    if len(text) > LONGEST_EXPRESSION:
        raise CronError(
            f"The cron expression has {len(text)} characters, but at most {LONGEST_EXPRESSION} are allowed. Shorten it."
        )
    odd = next((character for character in text if not " " <= character <= "~" and character != "\t"), None)
    if odd is not None:
        shown = odd if odd.isprintable() and not odd.isspace() else f"U+{ord(odd):04X}"
        remedy = "Write digits 0-9, letters A-Z, spaces and * , - / only."
        raise CronError(f'The cron expression has the character "{shown}" in it. {remedy}')
    return text.upper()


def _nickname(text: str) -> CronError:
    offer = dialects.nickname(text)
    if not offer:
        return CronError(f'"{text.lower()}" is not standard cron, and standard cron has no equivalent. {_FIVE}')
    return CronError(f'"{text.lower()}" is not standard cron. Write {offer} instead.', offer=offer)


def _wrong_number(fields: Sequence[str]) -> CronError:
    if "=" in fields[0]:
        return CronError(f'The cron expression begins with "{fields[0]}". Choose the time zone in its own field.')
    if len(fields) < len(FIELDS):
        count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
        return CronError(f"The cron expression has {count} instead of five. {_FIVE}")
    error = CronError(
        f"The cron expression has {len(fields)} fields. Standard cron has five; tools that take seconds or years "
        "put them in different places."
    )
    offered = _with_offer(error, dialects.plain(dialects.without_extra_fields(fields)), unlike=fields)
    return offered if offered.offer else CronError(f"{error.message} {_FIVE}")


def _mended(error: CronError, fields: Sequence[str]) -> CronError:
    """The error with a whole expression as its offer, if it knows what to write in its field."""
    if not error.instead:
        return error
    place = next(place for place, field in enumerate(FIELDS) if field.name == error.field)
    terms = [error.instead if term == error.term else term for term in fields[place].split(",")]
    mended = error.instead if error.term == fields[place] else ",".join(terms)
    offer = " ".join([*fields[:place], mended, *fields[place + 1 :]])
    try:
        parse(offer)
    except CronError:
        return error
    return CronError(error.message, field=error.field, offer=offer)


def _with_offer(error: CronError, fields: Sequence[str], *, unlike: Sequence[str]) -> CronError:
    """The error with `fields` as its offer, if they differ from what was typed and can be parsed."""
    offer = " ".join(fields)
    if error.offer or not fields or list(fields) == list(unlike):
        return error
    try:
        parse(offer)
    except CronError:
        return error
    return CronError(f"{error.message} The whole expression would then be {offer}.", field=error.field, offer=offer)


def _never(fields: Sequence[str]) -> CronError:
    day, month = fields[2], fields[3]
    return CronError(
        f'The schedule would never fire: no month in "{month}" has a day in "{day}". '
        "Choose a day that one of the months has.",
        field=DAY.name,
    )
