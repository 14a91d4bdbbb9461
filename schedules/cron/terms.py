"""One field's text to its set of numbers, or a sentence about what is wrong in it."""

from __future__ import annotations

import re
from typing import NoReturn

from schedules.cron.errors import CronError
from schedules.cron.fields import HOUR, MINUTE, MONTH, WEEKDAY, Field, bits

_PLAIN = re.compile(r"[0-9*,/-]+")
# Non-standard terms of other tools: pattern, what it means there, and what to write instead.
_EXTENSIONS = (
    (re.compile(r"\?"), "? (no value, as in Quartz)", "Write * instead."),
    (re.compile(r"(?<![A-Z])[HR](?![A-Z])|~"), "a time that the tool chooses (H, R or ~)", "Choose a number."),
    (re.compile(r"#"), "# (the n-th weekday of the month)", "Write the weekday alone, for every week."),
    (
        re.compile(r"^(?:L(?:-\d+)?|LW|\d*L|[A-Z]{3}L)$"),
        "L (the last day)",
        "Write 1 for the first day of the month, or 28 for one that every month has; or the weekday alone.",
    ),
    (re.compile(r"^\d+W$"), "W (the nearest weekday)", "Write the day's number alone."),
)


def parse_field(text: str, field: Field) -> int:
    """The set of numbers that `text`, in capitals, stands for: 5 · 1,2 · 1-5 · 1-10/2 · * · */5 · MON-FRI."""
    _refuse_extensions(text, field)
    terms = text.split(",")
    if "" in terms:
        raise _error(field, text, "has nothing on one side of a comma. Remove the comma, or add the value.")
    if len(terms) > 1:
        _check_stars(terms, field)
    mask = 0
    for term in terms:
        mask |= _term(term, field)
    return mask


def _refuse_extensions(text: str, field: Field) -> None:
    if _PLAIN.fullmatch(text):
        return
    for term in text.split(","):
        for pattern, meaning, remedy in _EXTENSIONS:
            if pattern.search(term):
                raise _error(field, term, f"uses {meaning}, which standard cron does not have. {remedy}")


def _check_stars(terms: list[str], field: Field) -> None:
    """Refuse a * that is not alone or first.

    Whether a field begins with * decides what happens when clocks change, so a * further on would be ambiguous.
    """
    if "*" in terms:
        complaint = "lists other values besides *, which already means every value. Write * alone."
        raise _error(field, ",".join(terms), complaint, instead="*")
    stars = [term for term in terms if term.startswith("*")]
    if stars and stars != terms[:1]:
        ordered = ",".join([*stars, *(term for term in terms if term not in stars)])
        if len(stars) > 1:
            complaint = f"has {stars[-1]} after other values. Write the numbers themselves."
            raise _error(field, ",".join(terms), complaint)
        complaint = f"has {stars[-1]} after other values. Write {ordered}."
        raise _error(field, ",".join(terms), complaint, instead=ordered)


def _term(term: str, field: Field) -> int:
    span, slash, step = term.partition("/")
    if not slash:
        return _single_or_range(span, field)
    low, high = _stepped(span, term, field)
    return _set(range(low, high + 1, _step(step, low, high, term, field)), field)


def _single_or_range(text: str, field: Field) -> int:
    if text == "*":
        return field.full
    if "-" not in text.strip("-"):
        return _set([_number(text, text, field)], field)
    low, high = _range(text, text, field)
    return _set(range(low, high + 1), field)


def _set(numbers: list[int] | range, field: Field) -> int:
    mask = bits(numbers)
    if mask & ~field.full:  # the 7 of the day of week is its 0
        mask = mask & field.full | 1
    return mask


def _stepped(span: str, term: str, field: Field) -> tuple[int, int]:
    if span == "*":
        return field.low, field.high
    if "-" in span.strip("-"):
        return _range(span, term, field)
    start = _number(span, term, field)
    remedy = f"Write {start}-{field.high}{term[len(span) :]} or {start}."
    raise _error(field, term, f"steps from a single value, which tools read differently. {remedy}")


def _range(text: str, term: str, field: Field) -> tuple[int, int]:
    first, _, last = text.partition("-")
    low, high = _number(first, term, field), _number(last, term, field)
    if low > high:
        _refuse_wrapped(low, high, term, field)
    return low, high


def _refuse_wrapped(low: int, high: int, term: str, field: Field) -> NoReturn:
    if "/" in term:
        raise _error(field, term, "is a range that runs backwards. List the values instead.")
    if field is WEEKDAY and high == 0:
        instead = f"{low}-7"
    else:
        end = f"{low}-{field.high}" if low < field.high else f"{low}"
        start = f"{field.low}-{high}" if high > field.low else f"{high}"
        instead = f"{end},{start}"
    raise _error(field, term, f"is a range that runs backwards. Write {instead}.", instead=instead)


def _step(text: str, low: int, high: int, term: str, field: Field) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise _error(field, term, "has no number after the /. Write one, such as */5.")
    step = int(text)
    if step == 0:
        raise _error(field, term, "has a step of 0. Write a step of 1 or more.")
    if step > max(high - low, 1):
        complaint = f"has a step that is larger than its range, so it means {low} only. Write {low}."
        raise _error(field, term, complaint, instead=str(low))
    return step


def _number(text: str, term: str, field: Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    if not re.fullmatch(r"[0-9]+", text):
        _refuse_word(text, term, field)
    number = int(text)
    if not field.low <= number <= field.largest:
        hint = {(MINUTE, 60): "0 for the full hour, or ", (HOUR, 24): "0 for midnight, or "}.get((field, number), "")
        raise _error(field, term, f"is out of range. Write {hint}a number from {field.numbers}.")
    return number


def _refuse_word(text: str, term: str, field: Field) -> NoReturn:
    for other in (MONTH, WEEKDAY):
        short = text[:3]
        if short in other.names and text.isalpha():
            if other is not field:
                raise _error(field, term, f"belongs in the {other.name} field. This field takes {_accepted(field)}.")
            raise _error(field, term, f"is not a name that cron knows. Write {short}.", instead=short)
    raise _error(field, term, f"is not understood. This field takes {_accepted(field)}.")


def _accepted(field: Field) -> str:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return f"numbers {field.numbers}{names}, lists (1,2), ranges (1-5), steps (*/5) and *"


def _error(field: Field, term: str, rest: str, *, instead: str = "") -> CronError:
    return CronError(f'In the {field.name} field, "{term}" {rest}', field=field.name, term=term, instead=instead)
